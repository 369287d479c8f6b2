"""Reads what the children of a run logged, some at a time, so that a thousand of them hold up nothing."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import Bucket, RunRecord
from aml_widgets.widgets.children import ChildNumbers, numbers_of
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.series import FloatArray

logger = logging.getLogger("aml_widgets.widgets")

MAX_READ = 200
"""How many children are read at a time at most."""
MAX_READ_SECONDS = 0.2
PAUSE_SECONDS = 0.02
MAX_BUCKETS = 200

Curve = tuple[FloatArray, FloatArray]
"""Steps and values of a line."""


class ChildReader:
    """Reads children in the watcher's thread, without the view's lock, and tells the panel of what it found.

    What an ended child logged is read once. It is watched only while there is something to read.

    Parameters
    ----------
    host : Host
        The view.
    on_read : callable
        Called with the view's lock held after each part that was read; its argument says whether all is read.
    """

    def __init__(self, host: Host, on_read: Callable[[bool], None]) -> None:
        self._host = host
        self._on_read = on_read
        self._waiting: dict[str, RunRecord] = {}
        self._wanted_curves: dict[str, int] = {}
        self._curve_counts: dict[str, int] = {}
        self._final: set[str] = set()
        self.numbers: dict[str, dict[str, ChildNumbers]] = {}
        self.metric = ""
        self.curves: dict[str, Curve] = {}
        self.problem: str | None = None

    @property
    def run_id(self) -> str:
        """The parent of those that are read."""
        return self._host.run_id

    @property
    def jitter(self) -> float:
        """None: it is looked at once, or only here."""
        return 0.0

    @property
    def refresh_seconds(self) -> float:
        """How long it pauses between two parts."""
        return PAUSE_SECONDS

    @property
    def is_reading(self) -> bool:
        """Whether children wait to be read for the first time or again."""
        return bool(self._waiting)

    def is_known(self, child: RunRecord) -> bool:
        """Whether all that this child ever logged has been read."""
        return child.run_id in self._final

    def want(self, children: Iterable[RunRecord]) -> None:
        """Read these children; those that wait already keep their turn."""
        for child in children:
            self._waiting[child.run_id] = child
        if self._waiting:
            self._host.watcher.add(self)

    def want_curves(self, metric: str, counts: Mapping[str, int]) -> None:
        """Read the lines of these children, unless they are known with as many points. Others are forgotten.

        Parameters
        ----------
        metric : str
            The name of the metric.
        counts : mapping
            How many points each child has, by its id.
        """
        if metric != self.metric:
            self.metric = metric
            self.curves.clear()
            self._curve_counts.clear()
        for child_id in [child_id for child_id in self.curves if child_id not in counts]:
            del self.curves[child_id], self._curve_counts[child_id]
        self._wanted_curves = {
            child_id: count for child_id, count in counts.items() if self._curve_counts.get(child_id) != count
        }
        if self._wanted_curves:
            self._host.watcher.add(self)

    def refresh(self) -> bool:
        """Read a part of what is wanted; say whether more waits."""
        with self._host.lock:
            children = list(self._waiting.values())[:MAX_READ]
            metric, lines = self.metric, dict(self._wanted_curves)
        if not children and not lines:
            return False
        until = time.monotonic() + MAX_READ_SECONDS
        numbers: dict[str, dict[str, ChildNumbers]] = {}
        curves: dict[str, Curve] = {}
        problem = None
        try:
            for child in children:
                summaries = self._host.store.summarize_metrics(child.run_id, is_look=True)
                numbers[child.run_id] = numbers_of(summaries)
                if time.monotonic() > until:
                    break
            for child_id in lines if len(numbers) == len(children) else ():
                buckets = self._host.store.read_envelope(child_id, metric, max_buckets=MAX_BUCKETS)
                curves[child_id] = curve_of(buckets)
                if time.monotonic() > until:
                    break
        except AmlWidgetsError as error:  # said on the page, and tried again at the view's next refresh
            problem = error.message
        with self._host.lock:
            self._take_in(children, numbers)
            if metric == self.metric:
                self._take_in_curves(lines, curves)
            self.problem = problem
            if problem is not None:
                self._waiting.clear()
                self._wanted_curves.clear()
            self._on_read(not self._waiting and not self._wanted_curves)
            return bool(self._waiting or self._wanted_curves)

    def _take_in(self, children: Iterable[RunRecord], numbers: dict[str, dict[str, ChildNumbers]]) -> None:
        self.numbers.update(numbers)
        for child in children:
            if child.run_id not in numbers:
                continue
            if child.status.is_terminal:
                self._final.add(child.run_id)
            if self._waiting.get(child.run_id) is child:  # else it has changed since, and is read again
                del self._waiting[child.run_id]

    def _take_in_curves(self, wanted: Mapping[str, int], curves: Mapping[str, Curve]) -> None:
        for child_id, curve in curves.items():
            self.curves[child_id] = curve
            self._curve_counts[child_id] = wanted[child_id]
            if self._wanted_curves.get(child_id) == wanted[child_id]:
                del self._wanted_curves[child_id]

    def keep_end(self) -> None:
        """Do nothing: what is to be kept of the run is the view's business."""

    def forget(self, children: AbstractSet[str]) -> None:
        """Keep only what is known of these children: the others are no more, because the store was replaced."""
        for child_id in {*self.numbers, *self._waiting} - children:
            self.numbers.pop(child_id, None)
            self._waiting.pop(child_id, None)
        self._final &= children
        self.want_curves("", {})


def curve_of(buckets: Sequence[Bucket]) -> Curve:
    """Give the line to draw through buckets: the lowest and the highest number of each, NaN where there is none."""
    steps: list[float] = []
    values: list[float] = []
    for bucket in buckets:
        if bucket.count == 1:
            steps.append(bucket.first_step)
            values.append(_finite(bucket.first))
            continue
        rises = not bucket.first > bucket.last
        ends = (bucket.low, bucket.high) if rises else (bucket.high, bucket.low)
        steps += [bucket.first_step, bucket.last_step]
        values += [_finite(end) for end in ends]
    if buckets and buckets[-1].count > 1:
        steps.append(buckets[-1].last_step)
        values.append(_finite(buckets[-1].last))
    return np.array(steps, dtype=np.float64), np.array(values, dtype=np.float64)


def _finite(value: float) -> float:
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan
