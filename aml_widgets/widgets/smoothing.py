"""A debiased exponential mean that respects uneven steps, and carries on with new points."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from aml_widgets.widgets.buckets import AT, EMPTY, SEQ, STEP, VALUE, Buckets, FloatArray, append

MAX_SMOOTHING = 0.9999
UNIT_POINTS = 1_000
MAX_DETAIL = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMean:
    """How far a mean has come. It is never changed in place; `extend` gives the next one.

    A point that lies `n` units of steps back weighs ``smoothing ** n`` as much as the newest one, and the mean is divided by
    the sum of the weights, so that it does not start at zero. Only the distance of steps counts: one that goes back is as
    far as one that goes on. A step that is repeated counts as one unit.

    Attributes
    ----------
    smoothing : float
        From 0, each point by itself, to `MAX_SMOOTHING`.
    unit : float
        The distance of steps that counts as one.
    weight : float
        The sum of the weights of all points so far, that of the newest being 1.
    mean : float
        Their mean.
    last_step : float
        The step of the newest finite point, NaN before there is one.
    """

    smoothing: float
    unit: float
    weight: float = 0.0
    mean: float = 0.0
    last_step: float = math.nan

    def extend(self, points: FloatArray) -> tuple[RunningMean, FloatArray]:
        """Take in points that follow; give how far the mean has come, and the points with the mean as their value.

        NaN and infinities stay what they are, and the mean passes over them.
        """
        smoothed = points.copy()
        is_finite = np.isfinite(points[:, VALUE])
        is_all = bool(is_finite.all())
        steps, values = (points if is_all else points[is_finite])[:, [STEP, VALUE]].T
        if not len(steps):
            return self, smoothed
        distances = np.abs(np.diff(steps, prepend=self.last_step)) / self.unit
        distances[~(distances > 0)] = 1.0  # of repeated steps, and of the first point, before which there is no weight
        fading = np.power(self.smoothing, distances)
        weights = _recur(fading, np.ones(len(steps)), self.weight)
        # The mean itself is carried on, not the sum behind it: that of large numbers would be beyond floats.
        with np.errstate(over="ignore", invalid="ignore"):
            means = _recur(1 - 1 / weights, values / weights, self.mean)
        # A mean lies among its numbers; at the end of floats, rounding takes it beyond.
        means = np.where(np.isfinite(means), means, values)
        known = values if self.weight == 0 else np.append(values, self.mean)
        means = np.clip(means, known.min(), known.max())
        smoothed[is_finite, VALUE] = means
        return (
            replace(self, weight=float(weights[-1]), mean=float(means[-1]), last_step=float(steps[-1])),
            smoothed,
        )


def clamp(smoothing: float) -> float:
    """Give the smoothing that is meant: what lies beyond 0 and `MAX_SMOOTHING` is set to that."""
    return min(max(smoothing, 0.0), MAX_SMOOTHING)


def start_mean(smoothing: float, first_points: FloatArray) -> RunningMean:
    """Begin a mean. The unit is the median distance of the first steps, so that later points do not change what is drawn.

    Parameters
    ----------
    smoothing : float
        See `clamp`.
    first_points : ndarray of float64, shape (n_points, 4)
        The first points of the series; `UNIT_POINTS` of them count.
    """
    distances = np.abs(np.diff(first_points[:UNIT_POINTS, STEP]))
    distances = distances[distances > 0]
    unit = float(np.median(distances)) if len(distances) else 1.0
    return RunningMean(smoothing=clamp(smoothing), unit=unit)


class Span(NamedTuple):
    """A stretch of a series that is kept in detail: between two steps, or between two times, both in seconds since the epoch."""

    first_step: float = math.inf
    last_step: float = -math.inf
    first_at: float = math.inf
    last_at: float = -math.inf

    def part_of(self, points: FloatArray) -> FloatArray:
        """Give the points that lie in it."""
        steps, times = points[:, STEP], points[:, AT]
        inside = (steps >= self.first_step) & (steps <= self.last_step)
        return points[inside | ((times >= self.first_at) & (times <= self.last_at))]


NOWHERE = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothedSeries:
    """A smoothed series as it is kept between draws: bounded, and carried on with the new points alone.

    Attributes
    ----------
    origin : object
        That of the series.
    last_seq : float
        Up to where the series is smoothed.
    overview : Buckets
        All of it.
    detail : Buckets
        What lies in `span`, which was zoomed to.
    """

    origin: object
    mean: RunningMean
    last_seq: float = -1.0
    overview: Buckets = EMPTY
    detail: Buckets = EMPTY
    span: Span = NOWHERE

    def extend(self, points: FloatArray) -> SmoothedSeries:
        """Take in points that follow."""
        if not len(points):
            return self
        mean, smoothed = self.mean.extend(points)
        return replace(
            self,
            mean=mean,
            last_seq=float(points[-1, SEQ]),
            overview=append(self.overview, smoothed),
            detail=append(self.detail, self.span.part_of(smoothed), max_buckets=MAX_DETAIL),
        )


def _recur(factors: FloatArray, terms: FloatArray, start: float) -> FloatArray:
    """Compute ``x[i] = factors[i] * x[i - 1] + terms[i]``, where `start` comes before the first.

    The numbers are cut into as many stretches as each is long. All stretches go on side by side, and in the end each takes
    in what the one before it came to: two loops of the square root of the length.
    """
    length = max(1, math.isqrt(len(terms)))
    n_stretches = -(-len(terms) // length)
    faded, found = np.ones((n_stretches * length,)), np.zeros((n_stretches * length,))
    faded[: len(terms)], found[: len(terms)] = factors, terms
    faded = np.ascontiguousarray(faded.reshape(n_stretches, length).T)
    found = np.ascontiguousarray(found.reshape(n_stretches, length).T)
    for place in range(1, length):
        found[place] += faded[place] * found[place - 1]
        faded[place] *= faded[place - 1]
    carried = np.empty(n_stretches)
    for stretch, (factor, term) in enumerate(zip(faded[-1].tolist(), found[-1].tolist(), strict=True)):
        carried[stretch] = start
        start = factor * start + term
    found += faded * carried
    recurred: FloatArray = found.T.ravel()[: len(terms)]
    return recurred
