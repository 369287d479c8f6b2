"""The end of runs that no supervisor ever carried out."""

from __future__ import annotations

import contextlib
import shutil

from aml_widgets.core import clock
from aml_widgets.core.errors import RunIsTerminal
from aml_widgets.core.records import RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import RunFolder, is_from_here

FOLDER_IS_GONE = "RunFolderGone"
NEVER_SUBMITTED = "SubmitterEnded"
ABANDONED_SECONDS = 60.0
"""How long a run may take from being made to being handed over."""


def end_as_canceled(store: RunStore, run_id: str) -> None:
    """End a run as ``Canceled`` and remove its folder; one that has ended stays as it ended."""
    _end(store, run_id, RunStatus.CANCELED, None)


def end_as_failed(store: RunStore, run_id: str, code: str, message: str, *, ended_at: float | None = None) -> None:
    """End a run as ``Failed``, now or when it was last seen, and remove its folder; one that has ended stays as it ended."""
    _end(store, run_id, RunStatus.FAILED, RunError(code=code, message=message), ended_at)


def end_if_abandoned(store: RunStore, record: RunRecord) -> None:
    """End a run that its submitter made and never handed over, once it is sure that nobody is about to."""
    if is_from_here(record) and clock.now() - record.created_at > ABANDONED_SECONDS:
        end_as_failed(
            store,
            record.run_id,
            NEVER_SUBMITTED,
            f"The run was never started: the process that submitted it ended before it was handed over to {record.target!r}. "
            "Submit it again.",
        )


def end_if_unclaimed(store: RunStore, record: RunRecord) -> None:
    """Cancel a run that nobody has taken over, and that nobody can: what was to be run was never written down."""
    if is_from_here(record) and record.writer is None:
        end_as_canceled(store, record.run_id)


def end_if_lost(store: RunStore, record: RunRecord) -> None:
    """End a run whose supervisor is gone, and its folder too: nobody can find out any more how its script ended."""
    if is_from_here(record) and record.status is RunStatus.NOT_RESPONDING:
        end_as_failed(
            store,
            record.run_id,
            FOLDER_IS_GONE,
            f"The supervisor of this run is gone, and so is its folder {str(RunFolder.of(record.run_id).path)!r}. What it had saved until "
            "then is kept. Submit it again.",
            ended_at=record.last_seen_at,
        )


def end_copy(store: RunStore, record: RunRecord) -> None:
    """Cancel a run in a copy of its workspace; the one that is carried out is the other workspace's, and is left alone."""
    with contextlib.suppress(RunIsTerminal):
        store.set_status(record.run_id, RunStatus.CANCELED)


def _end(
    store: RunStore, run_id: str, status: RunStatus, error: RunError | None, ended_at: float | None = None
) -> None:
    with contextlib.suppress(RunIsTerminal):
        store.set_status(run_id, status, error=error, ended_at=ended_at)
    shutil.rmtree(RunFolder.of(run_id).path, ignore_errors=True)  # nothing ran there: it holds no work of the user's
