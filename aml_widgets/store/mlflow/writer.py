"""How lines of exact values leave the process."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from aml_widgets.store.mlflow.entities import ServerRun
from aml_widgets.store.mlflow.sending import ValueSender


class Writer(Protocol):
    """Takes lines of runs in their order. Safe from any thread."""

    def append(self, run_id: str, lines: Sequence[str]) -> None:
        """Take lines; once it returns, they survive a crash of the process."""
        ...

    def flush(self, run_id: str) -> None:
        """Wait until all lines of a run are on the server. Raises StoreUnavailable where they do not get there."""
        ...

    def know(self, server: ServerRun) -> None:
        """Take note of what was heard of a run, to ask less."""
        ...

    def close(self) -> None:
        """Let go of files and threads."""
        ...


class DirectWriter:
    """Sends each call at once, and returns when the server has it.

    Parameters
    ----------
    sender : ValueSender
        What brings lines to the server.
    """

    def __init__(self, sender: ValueSender) -> None:
        self._sender = sender
        self._writer_id = uuid.uuid4().hex[:12]
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._counts: dict[str, int] = defaultdict(int)

    def append(self, run_id: str, lines: Sequence[str]) -> None:
        """Send lines."""
        with self._lock:
            lock = self._locks[run_id]
        with lock:
            self._sender.send(run_id, self._writer_id, self._counts[run_id], lines)
            self._counts[run_id] += len(lines)

    def flush(self, run_id: str) -> None:
        """Do nothing: all is sent."""

    def know(self, server: ServerRun) -> None:
        """Take note of where the files of a run are."""
        self._sender.know(server)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


if TYPE_CHECKING:
    _proof: type[Writer] = DirectWriter
