"""Points that are logged a second time, by a program that got no answer to the first and sent all of it again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, Union

from aml_widgets.core.records import MetricValue, NewPoint
from aml_widgets.store.protocol import RunStore

NEWEST_COMPARED = 15_000
"""A point is compared with at least so many of the newest of its metric: the cost of logging one does not grow with its history."""

Identity = tuple[int, float, Union[float, int, str, bytes, None]]
"""Step, time and value of a point: those of equal identity are one point, sent twice."""

NAN = b"nan"
"""What stands in an identity for NaN, which is not equal to itself."""


class RepeatSkippingStore(RunStore, Protocol):
    """A store that finds out which points it has been given before."""

    def log_new_points(self, run_id: str, points: Sequence[NewPoint]) -> None:
        """Append those points that the run has not yet, in one transaction, also to a run that has ended: as `log_points` does.

        A point is there already when one of the newest of its metric, or of those before it in `points`, has its step, time and value. NaN is
        NaN there, and 1 is 1.0. Beyond the `NEWEST_COMPARED` newest it may be kept again. So is one that comes without a step or a time,
        which are its own.
        """
        ...


def identity_of(step: int, logged_at: float, value: MetricValue) -> Identity:
    """Give what two points have in common that are one, sent twice."""
    if value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return (step, logged_at, NAN)
    if isinstance(value, bool):  # which Python takes for a number
        return (step, logged_at, str(value).encode())
    return (step, logged_at, value)


class Candidates:
    """Points that are to be logged, each once, and which of them turn out to be there.

    Parameters
    ----------
    points : iterable of NewPoint
        In the order of writing.
    """

    def __init__(self, points: Iterable[NewPoint]) -> None:
        self._points: dict[object, NewPoint] = {}
        self.by_name: dict[str, set[Identity]] = {}
        for point in points:
            name, value, step, logged_at = point
            if step is None or logged_at is None:
                self._points[object()] = point
                continue
            identity = identity_of(step, logged_at, value)
            if (name, identity) not in self._points:
                self._points[name, identity] = point
                self.by_name.setdefault(name, set()).add(identity)

    def drop(self, name: str, known: Iterable[Identity]) -> None:
        """Leave out the points of a metric that are known."""
        for identity in known:
            self._points.pop((name, identity), None)

    def rest(self) -> list[NewPoint]:
        """Give the points that are new, in the order of writing."""
        return list(self._points.values())
