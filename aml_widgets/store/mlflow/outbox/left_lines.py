"""The lines of one run that any process on this machine left or still sends, as whoever goes on with the run has to know them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic

from aml_widgets.core.file_lock import FileLock
from aml_widgets.store.artifacts import to_store_error
from aml_widgets.store.mlflow.heads_tag import Head
from aml_widgets.store.mlflow.outbox.line_queue import count_lines
from aml_widgets.store.mlflow.outbox.outbox import Outbox

LOOK_SECONDS = 0.5
"""How often is looked what another process has sent."""

TAKE_SECONDS = 10.0
"""How long to wait for a process that has sent all lines to let go of them."""

_PAUSE_SECONDS = 0.05


class LeftLines:
    """What waits for a server on this machine, whichever process has it.

    Lines are numbered, and the server says how many of a writer it has, so nobody who holds them need be asked.

    Parameters
    ----------
    folder : Path
        The local folder of what is on its way to the server.
    outbox : Outbox
        What sends lines in this process.
    read_heads : callable
        Asks the server for the heads of a run, by the ids of their writers. Raises StoreError.
    """

    def __init__(self, folder: Path, outbox: Outbox, read_heads: Callable[[str], Mapping[str, Head]]) -> None:
        self._folder = folder
        self._outbox = outbox
        self._read_heads = read_heads

    @property
    def place_id(self) -> str:
        """What is in a file beside the lines, made the first time: it stays and goes with them."""
        file, lock = self._folder / "place.id", FileLock(self._folder / "place.lock")
        try:
            if not file.is_file():
                self._folder.mkdir(parents=True, exist_ok=True)
                lock.acquire(TAKE_SECONDS)
                if not file.is_file():
                    part = file.with_suffix(".part")
                    part.write_text(uuid.uuid4().hex, encoding="ascii")
                    part.replace(file)
            return file.read_text(encoding="ascii")
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        finally:
            lock.release()

    def wait(self, run_id: str, seconds: float) -> int:
        """Wait until all lines of a run are on the server, or so long; give how many are not. Raises PointsLost, StoreError."""
        end = monotonic() + seconds
        while True:
            self._outbox.adopt(run_id)
            left = self._outbox.wait(run_id, max(0.0, end - monotonic())) or self._count(run_id)
            rest_seconds = end - monotonic()
            if not left or rest_seconds <= 0:
                return left
            time.sleep(min(LOOK_SECONDS, rest_seconds))

    def go_on(self, run_id: str) -> bool:
        """Let what this process logs to a run follow the lines of the one writer that it has; False where there are several, or it lives.

        All of its lines are on the server.
        """
        heads = self._read_heads(run_id)
        if len(heads) > 1:
            return False
        end = monotonic() + TAKE_SECONDS
        for writer_id, head in heads.items():
            while not self._outbox.go_on(run_id, writer_id, head.count):
                if monotonic() >= end:
                    return False
                time.sleep(_PAUSE_SECONDS)
        return True

    def _count(self, run_id: str) -> int:
        """Count the lines of a run in the files here that the server does not have."""
        counts = count_lines(self._outbox.where(run_id))
        if not counts:
            return 0
        heads = self._read_heads(run_id)
        return sum(max(0, count - heads.get(writer_id, Head()).count) for writer_id, count in counts.items())
