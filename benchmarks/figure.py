"""One figure: ours, its baseline, the ratio, and the limit it must keep."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table. `ours` and `baseline` are in `unit`; what must be kept is ``ratio <= limit``."""

    name: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    limit: float
    against: str

    @property
    def is_kept(self) -> bool:
        """Whether the figure is within its limit."""
        return self.ratio <= self.limit

    def to_json(self) -> dict[str, object]:
        """Give the figure for a file."""
        return {**asdict(self), "is_kept": self.is_kept}


def compare(name: str, against: str, limit: float, pairs: list[tuple[float, float]], *, unit: str = "s") -> Figure:
    """Make a figure of several pairs (ours, baseline), each measured one right after the other.

    The ratio is the median of the pairs' ratios: what disturbs a machine for a moment disturbs both sides of a pair, or one pair only.
    """
    ratios = [ours / baseline for ours, baseline in pairs]
    return Figure(
        name=name,
        ours=statistics.median(ours for ours, _ in pairs),
        baseline=statistics.median(baseline for _, baseline in pairs),
        unit=unit,
        ratio=statistics.median(ratios),
        limit=limit,
        against=against,
    )


def timed(work: Callable[[], object]) -> float:
    """Give the seconds that some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def best_of(times: int, work: Callable[[], object]) -> float:
    """Give the shortest of several timings, in seconds: for work of microseconds, the one that nothing disturbed."""
    return min(timed(work) for _ in range(times))
