"""What a submitted run asks of the engine that carries it out: to be cancelled, and to be looked after while somebody looks at it."""

from __future__ import annotations

import threading
import time

from aml_widgets.core.errors import AmlWidgetsError, NotFound, RunIsTerminal, message_of
from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines.finding import find_engine
from aml_widgets.tracking.signals import status_changed
from aml_widgets.tracking.warn import logger

LOOK_AFTER_SECONDS = 5.0
"""How long after one look after a run the next one follows at the earliest."""
LOOK_AFTER_LOST_SECONDS = 1.0
"""The same for a run whose process is gone."""

_MAX_KNOWN_RUNS = 1_000

_looked_at: dict[str, float] = {}
_troubles: dict[str, str] = {}
_lock = threading.Lock()


def cancel_run(store: RunStore, run_id: str) -> RunRecord:
    """Ask for a submitted run to be ended; return at once. A run that was cancelled stays so.

    Raises
    ------
    RunIsTerminal
        If the run has completed or failed.
    """
    record = store.get_run(run_id)
    if record.status == RunStatus.CANCELED:
        return record
    if record.status.is_terminal:
        raise RunIsTerminal(
            f"Run {run_id} has ended as {record.status} and cannot be cancelled any more.", value=run_id
        )
    record = store.set_status(run_id, RunStatus.CANCEL_REQUESTED)
    status_changed.emit(run_id, store)
    try:
        find_engine(record.target).cancel(store, record)
    except NotFound as error:
        # A target that was removed meanwhile, or is another machine's. Whatever carries out the run reads its status.
        logger.debug("The engine of run %s cannot be asked to cancel it: %s", run_id, message_of(error))
    return store.get_run(run_id)


def look_after(store: RunStore, record: RunRecord) -> None:
    """Let the engine do what nobody else does for a submitted run, unless that was done a moment ago.

    A run that has ended may have files that its supervisor could not save any more. What goes wrong here must not keep the
    caller from seeing the run, so it is logged and not raised.
    """
    if not _is_due(record):
        return
    try:
        find_engine(record.target).look_after(store, record)
    except NotFound as error:
        logger.debug("Run %s is not looked after: %s", record.run_id, message_of(error))
    except (AmlWidgetsError, OSError, ImportError) as error:  # a script's interpreter may lack what this needs
        _tell_trouble(record.run_id, message_of(error))
    else:
        _troubles.pop(record.run_id, None)


def _tell_trouble(run_id: str, text: str) -> None:
    """Warn of what goes wrong, once as long as it is the same: a full disk is met anew each second."""
    if _troubles.get(run_id) == text:
        return
    if len(_troubles) >= _MAX_KNOWN_RUNS:
        _troubles.clear()
    _troubles[run_id] = text
    logger.warning("Run %s could not be looked after: %s", run_id, text)


def _is_due(record: RunRecord) -> bool:
    is_lost = record.status == RunStatus.NOT_RESPONDING
    pause_seconds = LOOK_AFTER_LOST_SECONDS if is_lost else LOOK_AFTER_SECONDS
    now = time.monotonic()
    with _lock:
        if now - _looked_at.get(record.run_id, float("-inf")) < pause_seconds:
            return False
        if len(_looked_at) >= _MAX_KNOWN_RUNS:
            _looked_at.clear()
        _looked_at[record.run_id] = now
    return True
