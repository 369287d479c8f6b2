"""Brings logs that are being written on this machine to the server, every few seconds, as far as they have grown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.store.mlflow.outbox.sender_thread import SenderThread

LOG_SECONDS = 10.0
"""Between two looks at what has grown."""


class LogSender:
    """Sends the logs of this process that grow, from a thread of its own.

    Parameters
    ----------
    send : callable
        ``send(run_id, path, file, sent_bytes)`` brings what is new to the server, and gives how much is there then.
    """

    def __init__(self, send: Callable[[str, str, Path, int], int]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._logs: dict[tuple[str, str], Path] = {}
        self._sent: dict[tuple[str, str], int] = {}
        self._thread = SenderThread("aml_widgets log sender", self._work, LOG_SECONDS)

    def follow(self, run_id: str, path: str, file: Path) -> None:
        """Send a log from now on."""
        with self._lock:
            self._logs[run_id, path] = file
        self._thread.wake()

    def stop(self, run_id: str) -> None:
        """Send the logs of a run no more."""
        with self._lock:
            for key in [key for key in self._logs if key[0] == run_id]:
                del self._logs[key]
                self._sent.pop(key, None)

    def close(self) -> None:
        """End the thread; a log that is followed later starts another."""
        self._thread.close(0.0)

    def _work(self) -> bool:
        with self._lock:
            logs = dict(self._logs)
        trouble: StoreUnavailable | None = None
        for key, file in logs.items():
            try:
                is_new = file.stat().st_size > self._sent.get(key, 0)
            except OSError:
                continue  # nothing was written yet
            if is_new:
                try:
                    self._sent[key] = self._send(*key, file, self._sent.get(key, 0))
                except StoreUnavailable as error:
                    trouble = error
        if trouble is not None:
            raise trouble
        return bool(logs)
