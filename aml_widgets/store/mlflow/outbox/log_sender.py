"""Brings logs that are being written on this machine to the server, every few seconds, as far as they have grown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from aml_widgets.core.errors import AmlWidgetsError, RunNotFound, message_of
from aml_widgets.store.mlflow.outbox.sender_thread import SenderThread

LOG_SECONDS = 10.0
"""Between two looks at what has grown."""

_log = logging.getLogger(__name__)


class LogSender:
    """Sends the logs of this process that grow, from a thread of its own.

    Parameters
    ----------
    find_place : callable
        Gives the artifact URI of a run. Raises RunNotFound.
    send : callable
        ``send(run_id, place, path, file, sent_bytes)`` brings what is new to the server, and gives how much is there then. It must
        not wait for whoever calls `stop`.
    """

    def __init__(self, find_place: Callable[[str], str], send: Callable[[str, str, str, Path, int], int]) -> None:
        self._find_place = find_place
        self._send = send
        self.begin()

    def begin(self) -> None:
        """Start with nothing, as a process does that was forked off: the logs are its parent's."""
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._logs: dict[tuple[str, str], Path] = {}
        self._sent: dict[tuple[str, str], int] = {}
        self._thread = SenderThread("aml_widgets log sender", self._work, LOG_SECONDS)

    def follow(self, run_id: str, path: str, file: Path) -> None:
        """Send a log from now on."""
        with self._lock:
            self._logs[run_id, path] = file
        self._thread.wake()

    def stop(self, run_id: str) -> None:
        """Send the logs of a run no more; once this returns, none of them is on its way."""
        with self._lock:
            for key in [key for key in self._logs if key[0] == run_id]:
                del self._logs[key]
                self._sent.pop(key, None)
        with self._sending:
            return

    def close(self) -> None:
        """End the thread; a log that is followed later starts another."""
        self._thread.close(0.0)

    def _work(self) -> bool:
        with self._lock:
            logs = dict(self._logs)
        trouble: AmlWidgetsError | None = None
        for key, file in logs.items():
            try:
                self._send_new(key, file)
            except RunNotFound as error:
                _log.warning("Log %r of run %s is sent no more: %s", key[1], key[0], message_of(error))
                self._forget(key)
            except AmlWidgetsError as error:
                trouble = error
        if trouble is not None:
            raise trouble
        with self._lock:
            return bool(self._logs)

    def _send_new(self, key: tuple[str, str], file: Path) -> None:
        try:
            if file.stat().st_size <= self._sent.get(key, 0):
                return
        except OSError:
            return  # nothing was written yet
        run_id, path = key
        place = self._find_place(run_id)  # may wait for whoever ends the run, so it comes before the lock
        with self._sending:
            if key in self._logs:
                sent_bytes = self._send(run_id, place, path, file, self._sent.get(key, 0))
                with self._lock:
                    if key in self._logs:
                        self._sent[key] = sent_bytes

    def _forget(self, key: tuple[str, str]) -> None:
        with self._lock:
            self._logs.pop(key, None)
            self._sent.pop(key, None)
