"""Where submitted runs work: the seam between a submission and what runs it."""

from __future__ import annotations

from typing import Protocol

from aml_widgets.core.records import RunRecord
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import Submission


class Engine(Protocol):
    """Runs submissions. An engine keeps nothing in memory that another process would need."""

    def start(self, store: RunStore, submission: Submission) -> None:
        """Take over a run that is there and is ``Preparing``; return at once. The run outlives this process.

        Raises an AmlWidgetsError where it cannot be taken over; then nothing of it runs.
        """
        ...

    def cancel(self, store: RunStore, record: RunRecord) -> None:
        """See to it that a run whose status is ``CancelRequested`` ends; return at once."""
        ...

    def look_after(self, store: RunStore, record: RunRecord) -> None:
        """Do what nobody else does for a run that has not ended, or whose processes vanished: start a queue again whose
        keeper is gone, save what a dead run wrote, end its processes. Cheap where there is nothing to do.
        """
        ...
