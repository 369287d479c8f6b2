"""A writer that keeps lines until somebody reads, as an outbox does that never has to wait for its server."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence

from aml_widgets.store.mlflow.entities import ServerRun
from aml_widgets.store.mlflow.sending import ValueSender


class GatheringWriter:
    """Sends what was gathered when it is flushed: thousands of calls become one request."""

    def __init__(self, sender: ValueSender) -> None:
        self._sender = sender
        self._writer_id = uuid.uuid4().hex[:12]
        self._lock = threading.RLock()
        self._lines: dict[str, list[str]] = defaultdict(list)
        self._counts: dict[str, int] = defaultdict(int)

    def append(self, run_id: str, lines: Sequence[str]) -> None:
        with self._lock:
            self._lines[run_id] += lines

    def flush(self, run_id: str) -> None:
        with self._lock:
            lines = self._lines.pop(run_id, [])
            if lines:
                self._sender.send(run_id, self._writer_id, self._counts[run_id], lines)
                self._counts[run_id] += len(lines)

    def know(self, server: ServerRun) -> None:
        self._sender.know(server)

    def close(self) -> None:
        for run_id in [*self._lines]:
            self.flush(run_id)
