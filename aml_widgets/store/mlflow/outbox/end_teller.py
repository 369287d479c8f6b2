"""Tells the server how runs ended that could not be told before, when all that was logged to them is there."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from time import monotonic

from aml_widgets.core.errors import AmlWidgetsError, StoreError, message_of
from aml_widgets.store.mlflow.outbox import run_ends
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd

END_SECONDS = 10.0
"""How long to wait before a server that could not be told the end of a run is told again."""

_log = logging.getLogger(__name__)


class EndTeller:
    """The ends of runs that wait, from any thread of this process.

    Parameters
    ----------
    where : callable
        Gives the folder of what waits for a run.
    tell : callable
        Tells the server how a run ended, in a thread of its own. Raises StoreError where it does not work now.
    on_told : callable
        Called with the id of a run that is done with.
    """

    def __init__(
        self, where: Callable[[str], Path], tell: Callable[[str, RunEnd], None], on_told: Callable[[str], None]
    ) -> None:
        self._where = where
        self._tell = tell
        self._on_told = on_told
        self._lock = threading.Lock()
        self._due_at: dict[str, float] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether there is anything to tell."""
        with self._lock:
            return bool(self._due_at)

    def keep(self, run_id: str, end: RunEnd) -> None:
        """Take note of how a run ended, to tell it later. Raises StoreError."""
        run_ends.keep(self._where(run_id), end)
        with self._lock:
            self._due_at[run_id] = monotonic() + END_SECONDS

    def adopt(self, run_id: str) -> None:
        """Take over an end that a process which is gone has kept, if there is one."""
        with self._lock:
            if run_id not in self._due_at and run_ends.find(self._where(run_id)) is not None:
                self._due_at[run_id] = monotonic()

    def tell_due(self, busy: Collection[str]) -> None:
        """Tell what is due, but of runs that have lines to send. Not in this thread: others wait for it meanwhile."""
        now = monotonic()
        with self._lock:
            due = [run_id for run_id, at in self._due_at.items() if at <= now and run_id not in busy]
            for run_id in due:
                self._due_at[run_id] = now + END_SECONDS
        for run_id in due:
            try:
                threading.Thread(target=self._tell_one, args=(run_id,), name="aml_widgets run end", daemon=True).start()
            except RuntimeError as error:  # too many threads, or Python is about to end
                _log.info("The end of run %s is told later: %s", run_id, error)

    def _tell_one(self, run_id: str) -> None:
        end = run_ends.find(self._where(run_id))
        if end is not None:
            try:
                self._tell(run_id, end)
            except StoreError as error:
                _log.info("The end of run %s is told later: %s", run_id, message_of(error))
                return
            except AmlWidgetsError as error:
                _log.warning("How run %s ended could not be told to the tracking server: %s", run_id, message_of(error))
        run_ends.remove(self._where(run_id))
        with self._lock:
            self._due_at.pop(run_id, None)
        self._on_told(run_id)
