"""Takes lines of runs at once, and brings them to the server when it can be had."""

from __future__ import annotations

import logging
import math
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from aml_widgets.core.errors import (
    AmlWidgetsError,
    PointsLost,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreUnavailable,
    UserError,
)
from aml_widgets.store.artifacts import to_store_error
from aml_widgets.store.mlflow.connection import Missing
from aml_widgets.store.mlflow.entities import ServerRun
from aml_widgets.store.mlflow.outbox import run_ends
from aml_widgets.store.mlflow.outbox.line_queue import LineQueue, find_writers
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd
from aml_widgets.store.mlflow.outbox.sender_thread import SenderThread
from aml_widgets.store.mlflow.sending import ValueSender

PACE_SECONDS = 1.0
"""Between two rounds of requests, so that each brings many lines."""

MAX_SENT_BYTES = 1 << 20
"""So long are the lines that are sent together, at most."""

DEFAULT_MAX_BYTES = 1 << 30
"""So much may wait for a server, in all runs of this process together; `MAX_BYTES_VARIABLE` names another figure."""

MAX_BYTES_VARIABLE = "AML_WIDGETS_OUTBOX_BYTES"

SILENT_SECONDS = 30.0
"""Whoever waits to read hears that the server does not answer when a request has taken so long."""

CLOSE_SECONDS = 5.0
"""Whoever closes the store waits so long for what can still be sent."""

LOOK_SECONDS = 60.0
"""How often is looked for what other processes left behind."""

END_SECONDS = 10.0
"""How long to wait before a server that could not be told the end of a run is told again."""

_log = logging.getLogger(__name__)


class Outbox:
    """Lines on their way to one server, from any thread of this process, and what processes that are gone left behind.

    Parameters
    ----------
    folder : Path
        Where the lines are, in a folder for each run.
    sender : ValueSender
        What brings lines to the server.
    tell_end : callable
        Tells the server how a run ended that could not be told before, called when all lines of the run are there, in a thread of its
        own. Raises StoreError where it does not work now.
    """

    def __init__(self, folder: Path, sender: ValueSender, tell_end: Callable[[str, RunEnd], None]) -> None:
        self._folder = folder
        self._sender = sender
        self._tell_end = tell_end
        self._begin()

    def _begin(self) -> None:
        """Start with nothing, as a process does: what one that was forked off inherits belongs to the one it came from."""
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._queues: dict[str, LineQueue] = {}
        self._left: list[tuple[str, LineQueue]] = []
        self._refused: dict[str, AmlWidgetsError] = {}
        self._ends: dict[str, float] = {}  # when the server may be told next
        self._looked_at = -math.inf
        self._thread = SenderThread("aml_widgets sender", self._work, PACE_SECONDS)

    def where(self, run_id: str) -> Path:
        """Give the folder of what waits for a run."""
        return self._folder / run_id

    # -- in

    def append(self, run_id: str, lines: Sequence[str]) -> None:
        """Take lines; once it returns, they survive a crash of the process.

        Raises
        ------
        StoreFull
            If too much waits already, or there is no room on the disk.
        PointsLost
            If the server refused earlier lines of the run.
        StoreError
            If the folder cannot be used.
        """
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            self._raise_if_refused(run_id)
            self._check_room()
            queue = self._queues.get(run_id)
            if queue is None:
                queue = LineQueue(self.where(run_id), uuid.uuid4().hex[:12])
                queue.open()
                self._queues[run_id] = queue
            queue.put(lines)
        self._thread.wake()

    def keep_end(self, run_id: str, end: RunEnd) -> None:
        """Take note of how a run ended, to tell the server when it is back. Raises StoreError."""
        run_ends.keep(self.where(run_id), end)
        with self._lock:
            self._ends[run_id] = monotonic() + END_SECONDS
        self._thread.wake()

    def know(self, server: ServerRun) -> None:
        """Take note of where the files of a run are."""
        self._sender.know(server)

    def _check_room(self) -> None:
        waiting_bytes = sum(queue.waiting_bytes for queue in self._queues.values())
        if waiting_bytes >= (limit := _find_max_bytes()):
            raise StoreFull(
                f"{waiting_bytes:,} bytes of values wait in {str(self._folder)!r} for the tracking server, and at most {limit:,} "
                f"may. They are sent when it is back; {MAX_BYTES_VARIABLE} names another limit.",
                value=waiting_bytes,
            )

    # -- waiting

    def flush(self, run_id: str) -> None:
        """Send the lines of a run now. Raises StoreError where that does not work at once."""
        self.wait(run_id, None)

    def wait(self, run_id: str, seconds: float | None) -> int:
        """Wait until the lines of a run that were taken are on the server, and give how many are not.

        Parameters
        ----------
        run_id : str
            The run.
        seconds : float or None
            How long, also while the server does not answer; None: as long as it does.

        Raises
        ------
        PointsLost
            If the server refuses lines of this run.
        StoreError
            Without `seconds`, if the server does not answer.
        """
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            self._raise_if_refused(run_id)
            queues = [queue for queue in (self._queues.get(run_id),) if queue is not None]
            queues += [queue for left_id, queue in self._left if left_id == run_id]
        targets = [(queue, queue.line_count) for queue in queues]
        begin, has_tried = monotonic(), False
        while left := sum(max(0, count - queue.first_line) for queue, count in targets):
            thread = self._thread
            if seconds is None and has_tried and thread.trouble is not None:
                raise thread.trouble
            if seconds is None and thread.busy_seconds > SILENT_SECONDS:
                raise StoreUnavailable(
                    f"The tracking server has not answered for {thread.busy_seconds:.0f} s, and {left} line(s) of run {run_id} wait "
                    f"for it in {str(self._folder)!r}. Try again when it is back.",
                    value=run_id,
                )
            rest_seconds = 1.0 if seconds is None else min(1.0, seconds - (monotonic() - begin))
            if rest_seconds <= 0:
                return left
            thread.wake(is_urgent=not has_tried)
            has_tried = thread.wait(rest_seconds) or has_tried
        self._raise_if_refused(run_id)
        return 0

    def let_go(self, run_id: str) -> None:
        """Delete the files of a run that has ended, where all that was in them is sent."""
        with self._lock:
            queue = self._queues.get(run_id)
            if queue is not None and not queue.waiting:
                del self._queues[run_id]
                queue.close(is_done=True)
        self._remove_folder(run_id)

    def close(self) -> None:
        """Send what waits, for a moment, and let go of files and threads. What is still there then, another process sends."""
        if self._pid != os.getpid():
            return
        with self._lock:
            is_needed = any(queue.waiting for queue in self._queues.values())
        if is_needed:
            self._thread.wake(is_urgent=True)
            self._thread.wait(CLOSE_SECONDS)
        self._thread.close(CLOSE_SECONDS)
        with self._lock:
            for run_id, queue in self._queues.items():
                queue.close(is_done=not queue.waiting)
                self._remove_folder(run_id)
            for _, queue in self._left:
                queue.close(is_done=False)
            self._queues.clear()
            self._left.clear()
            self._looked_at = -math.inf

    # -- out

    def look_for_left(self) -> None:
        """Start to send what processes that are gone left behind, if there is anything and it was not looked for lately."""
        if self._pid != os.getpid():
            self._begin()
        if monotonic() < self._looked_at + LOOK_SECONDS:
            return
        self._looked_at = monotonic()
        if self._folder.is_dir() and self._adopt():
            self._thread.wake()

    def _adopt(self) -> bool:
        """Take over what belongs to nobody; say whether there is anything."""
        try:
            folders = sorted(folder for folder in self._folder.iterdir() if folder.is_dir())
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        with self._lock:
            own = {queue.writer_id for queue in self._queues.values()} | {queue.writer_id for _, queue in self._left}
            for folder in folders:
                for writer_id in find_writers(folder):
                    queue = LineQueue(folder, writer_id)
                    if writer_id not in own and queue.open():
                        self._left.append((folder.name, queue))
                if folder.name not in self._ends and run_ends.find(folder) is not None:
                    self._ends[folder.name] = monotonic()
                self._remove_folder(folder.name)
            return bool(self._left or self._ends)

    def _work(self) -> bool:
        """Send what waits; say whether there is more."""
        with self._lock:
            queues = [(run_id, queue) for run_id, queue in self._queues.items() if queue.waiting]
            left = [*self._left]
        for run_id, queue in queues:
            self._send(run_id, queue)
        for run_id, queue in left:
            self._send(run_id, queue)
            with self._lock:
                self._left.remove((run_id, queue))
            queue.close(is_done=True)
            self._remove_folder(run_id)
        self._tell_ends()
        with self._lock:
            return bool(self._ends) or any(queue.waiting for queue in self._queues.values())

    def _send(self, run_id: str, queue: LineQueue) -> None:
        """Send the lines that a queue has now. What the server refuses is set aside, and told to whoever logs or waits."""
        count = queue.line_count
        while queue.first_line < count:
            lines = queue.peek(MAX_SENT_BYTES)
            try:
                self._sender.send(run_id, queue.writer_id, queue.first_line, lines)
            except (UserError, Missing, StoreCorrupt) as error:
                refused = PointsLost(
                    f"The tracking server does not take what was logged to run {run_id}: {error} It is kept in "
                    f"{str(queue.set_aside())!r}.",
                    value=run_id,
                )
                _log.warning("%s", refused)
                self._refused[run_id] = refused
                return
            queue.advance(lines)

    def _tell_ends(self) -> None:
        """Tell the server how runs ended whose lines are all there. Not in this thread: others wait for it meanwhile."""
        now = monotonic()
        with self._lock:
            waiting = {run_id for run_id, queue in self._queues.items() if queue.waiting}
            waiting |= {run_id for run_id, _ in self._left}
            due = [run_id for run_id, at in self._ends.items() if at <= now and run_id not in waiting]
            for run_id in due:
                self._ends[run_id] = now + END_SECONDS
        for run_id in due:
            threading.Thread(target=self._tell_one, args=(run_id,), name="aml_widgets run end", daemon=True).start()

    def _tell_one(self, run_id: str) -> None:
        end = run_ends.find(self.where(run_id))
        if end is not None:
            try:
                self._tell_end(run_id, end)
            except StoreError as error:
                _log.info("The end of run %s is told later: %s", run_id, error)
                return
            except AmlWidgetsError as error:
                _log.warning("How run %s ended could not be told to the tracking server: %s", run_id, error)
        run_ends.remove(self.where(run_id))
        with self._lock:
            self._ends.pop(run_id, None)
        self._remove_folder(run_id)

    def _remove_folder(self, run_id: str) -> None:
        try:
            self.where(run_id).rmdir()
        except OSError:
            return  # there is something in it, or it is gone

    def _raise_if_refused(self, run_id: str) -> None:
        refused = self._refused.get(run_id)
        if refused is not None:
            raise refused


def _find_max_bytes() -> int:
    text = os.environ.get(MAX_BYTES_VARIABLE, "")
    return int(text) if text.isdecimal() and text.isascii() else DEFAULT_MAX_BYTES
