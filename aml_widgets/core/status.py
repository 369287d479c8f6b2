"""Where a run is in its life. The words are Azure ML's."""

from __future__ import annotations

from enum import Enum


class RunStatus(str, Enum):
    """Status of a run; the value is the word a user reads."""

    NOT_STARTED = "NotStarted"
    STARTING = "Starting"
    PROVISIONING = "Provisioning"
    PREPARING = "Preparing"
    QUEUED = "Queued"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"
    NOT_RESPONDING = "NotResponding"

    __str__ = str.__str__

    @property
    def is_terminal(self) -> bool:
        """Whether the run has ended and can change no more."""
        return self in TERMINAL_STATUSES


TERMINAL_STATUSES = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED})

POST_PROCESSING_STATUSES = frozenset({RunStatus.FINALIZING, RunStatus.CANCEL_REQUESTED})


def can_change(old: RunStatus, new: RunStatus) -> bool:
    """Say whether a run may go from one status to another.

    A run that has ended stays as it ended; until then any order is accepted, because engines skip and repeat steps.
    """
    return old == new or not old.is_terminal


def is_outdated(old: RunStatus, new: RunStatus) -> bool:
    """Say whether a new status comes too late: a run that is to be cancelled can only end, whoever has not heard of it yet."""
    return old is RunStatus.CANCEL_REQUESTED and not new.is_terminal
