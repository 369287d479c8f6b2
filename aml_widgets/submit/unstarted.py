"""The end of runs that no supervisor ever carried out."""

from __future__ import annotations

import contextlib
import shutil

from aml_widgets.core.errors import RunIsTerminal
from aml_widgets.core.records import RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import RunFolder


def end_as_canceled(store: RunStore, run_id: str) -> None:
    """End a run as ``Canceled`` and remove its folder; one that has ended stays as it ended."""
    _end(store, run_id, RunStatus.CANCELED, None)


def end_as_failed(store: RunStore, run_id: str, code: str, message: str) -> None:
    """End a run as ``Failed`` and remove its folder; one that has ended stays as it ended."""
    _end(store, run_id, RunStatus.FAILED, RunError(code=code, message=message))


def _end(store: RunStore, run_id: str, status: RunStatus, error: RunError | None) -> None:
    with contextlib.suppress(RunIsTerminal):
        store.set_status(run_id, status, error=error)
    shutil.rmtree(RunFolder.of(run_id).path, ignore_errors=True)  # nothing ran there: it holds no work of the user's
