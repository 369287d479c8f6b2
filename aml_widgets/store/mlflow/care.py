"""When a history is looked at though nothing tells of anything new in it.

What came late and is not the latest point, and what another program logged under a name of ours, is found no other way. It is a request
for each metric.
"""

from __future__ import annotations

from enum import Enum
from time import monotonic
from typing import NamedTuple

from aml_widgets.store.mlflow.entities import LatestPoint, ServerRun

CHECK_SECONDS = 60.0
"""How often a history of a running run is compared with what is known, for points that came late and are not the latest."""

CHECKS_A_SECOND = 10
"""Not more often than this in all: of a run with more metrics, each is compared less often."""

ASKED_CHECK_SECONDS = 5.0
"""The same where somebody asks for a history itself."""


class Care(Enum):
    """Who looks, and so what is done to find such points."""

    LIST = "what is shown beside many others: no search under names of ours"
    VIEW = "what looks again soon: a search under one of our names a look, and under each when the run has ended"
    ASKED = "somebody wants the points: a search under each name, unless that was done a moment ago"


class Reading(NamedTuple):
    """What the server said of a run when a page of a history was read last, and when that was.

    Attributes
    ----------
    latest : tuple
        The latest point of that history.
    run_end : tuple
        The run's status in MLflow's words, and when it ended, in milliseconds since the epoch or None.
    at : float
        Seconds of the monotonic clock.
    """

    latest: LatestPoint
    run_end: tuple[str, int | None]
    at: float

    @staticmethod
    def now(key: str, server: ServerRun) -> Reading:
        """Give that of a history that was just read."""
        return Reading(server.latest[key], (server.status, server.end_ms), monotonic())

    def is_of_another_end(self, server: ServerRun) -> bool:
        """Say whether the run has ended since, or was gone on with."""
        return self.run_end != (server.status, server.end_ms)


def is_to_be_compared(read: Reading | None, server: ServerRun, care: Care) -> bool:
    """Say whether it is time to look for late points in a history that was read before: also once when the run has ended."""
    if read is None:
        return False
    if read.is_of_another_end(server):
        return True
    if care is Care.ASKED:
        return monotonic() > read.at + ASKED_CHECK_SECONDS
    pause_seconds = max(CHECK_SECONDS, len(server.latest) / CHECKS_A_SECOND)
    return server.end_ms is None and monotonic() > read.at + pause_seconds
