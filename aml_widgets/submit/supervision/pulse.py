"""A thread of the supervisor that shows that it lives, and hears when the run is to be cancelled."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.supervision.notes import Notes

LISTEN_SECONDS = 0.3
HEARTBEAT_SECONDS = 10.0


class Pulse(threading.Thread):
    """Listens until it is stopped. A store that does not answer is asked again.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    cancel_file : Path
        A file whose being there asks for the end as the status ``CancelRequested`` does, which another status may overwrite.
    wake : threading.Event
        Set when there is something to do.
    notes : Notes
        Gets what goes wrong.
    """

    def __init__(self, store: RunStore, run_id: str, *, cancel_file: Path, wake: threading.Event, notes: Notes) -> None:
        super().__init__(name="aml_widgets-pulse", daemon=True)
        self._store = store
        self._run_id = run_id
        self._cancel_file = cancel_file
        self._wake = wake
        self._notes = notes
        self._stopped = threading.Event()
        self._has_trouble = False
        self.is_cancel_requested = False

    def run(self) -> None:
        """Beat and listen."""
        next_beat = time.monotonic()
        while True:
            try:
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + HEARTBEAT_SECONDS
                    self._store.touch(self._run_id)
                self.listen()
                self._has_trouble = False
            except AmlWidgetsError as error:
                if not self._has_trouble:
                    self._notes.detail(f"The store does not answer; it is asked again: {message_of(error)}")
                self._has_trouble = True
            except Exception:  # noqa: BLE001 - the edge of a thread: without it nobody could cancel the run
                if not self._has_trouble:
                    self._notes.fault("Listening for a request to cancel went wrong, and is tried again.")
                self._has_trouble = True
            if self._stopped.wait(LISTEN_SECONDS):
                return

    def listen(self) -> bool:
        """Look whether the run is to be cancelled."""
        if not self.is_cancel_requested:
            status = None if self._cancel_file.exists() else self._store.get_run(self._run_id).status
            # Whoever ended the run otherwise, a script does not go on whose run takes nothing more.
            if status is None or status is RunStatus.CANCEL_REQUESTED or status.is_terminal:
                self.is_cancel_requested = True
                self._wake.set()
        return self.is_cancel_requested

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self.join()
