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
        self._being_told: set[str] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether there is anything to tell."""
        with self._lock:
            return bool(self._due_at)

    def keep(self, run_id: str, end: RunEnd) -> None:
        """Take note of how a run ended, to tell it later. Raises StoreError."""
        with self._lock:  # an end that was told meanwhile is not forgotten together with this one
            run_ends.keep(self._where(run_id), end)
            self._due_at[run_id] = monotonic() + END_SECONDS

    def adopt(self, run_id: str) -> None:
        """Take over an end that a process which is gone has kept, if there is one."""
        with self._lock:
            if run_id not in self._due_at and run_ends.find(self._where(run_id)) is not None:
                self._due_at[run_id] = monotonic()

    def tell_due(self, busy: Collection[str]) -> None:
        """Tell what is due, but of runs that have lines to send. Not in this thread: others wait for it meanwhile.

        A run has one thread at most. It may wait for a silent server for minutes, and only then is the run due again.
        """
        now = monotonic()
        with self._lock:
            kept_back = self._being_told.union(busy)
            due = [run_id for run_id, at in self._due_at.items() if at <= now and run_id not in kept_back]
            self._being_told.update(due)
        for run_id in due:
            try:
                threading.Thread(target=self._tell_one, args=(run_id,), name="aml_widgets run end", daemon=True).start()
            except RuntimeError as error:  # too many threads, or Python is about to end
                _log.info("The end of run %s is told later: %s", run_id, error)
                self._let_go(run_id)

    def _tell_one(self, run_id: str) -> None:
        try:
            self._try_to_tell(run_id)
        except StoreError as error:
            _log.info("The end of run %s is told later: %s", run_id, message_of(error))
        except Exception:  # noqa: BLE001 - it ends with this thread, and is tried again as others are
            _log.exception("How run %s ended could not be told to the tracking server.", run_id)
        finally:
            self._let_go(run_id)

    def _try_to_tell(self, run_id: str) -> None:
        """Tell how a run ended, and forget it. Raises StoreError where that does not work now."""
        folder = self._where(run_id)
        end = run_ends.find(folder)
        if end is not None:
            try:
                self._tell(run_id, end)
            except StoreError:
                raise
            except AmlWidgetsError as error:
                _log.warning("How run %s ended could not be told to the tracking server: %s", run_id, message_of(error))
        with self._lock:
            if run_ends.find(folder) not in (end, None):
                return  # another end was kept meanwhile, and is told next
            run_ends.remove(folder)
            self._due_at.pop(run_id, None)
        self._on_told(run_id)

    def _let_go(self, run_id: str) -> None:
        """Let a run be told again, after a pause, unless it is done with."""
        with self._lock:
            self._being_told.discard(run_id)
            if run_id in self._due_at:
                self._due_at[run_id] = monotonic() + END_SECONDS
