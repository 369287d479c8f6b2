"""Takes lines of runs at once, and brings them to the server when it can be had."""

from __future__ import annotations

import atexit
import logging
import math
import os
import threading
import uuid
import weakref
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
    message_of,
)
from aml_widgets.store.artifacts import to_store_error
from aml_widgets.store.mlflow.connection import Missing
from aml_widgets.store.mlflow.entities import ServerRun
from aml_widgets.store.mlflow.outbox.end_teller import EndTeller
from aml_widgets.store.mlflow.outbox.line_queue import LineQueue, find_writers
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd
from aml_widgets.store.mlflow.outbox.sender_thread import SenderThread
from aml_widgets.store.mlflow.outbox.turns import Turns, Waiting
from aml_widgets.store.mlflow.sending import ValueSender

PACE_SECONDS = 1.0
"""Between two rounds of requests, so that each brings many lines."""

MAX_SENT_BYTES = 1 << 19
"""So long are the lines that are sent together, at most. Many a proxy takes no more than 1 MiB at once."""

DEFAULT_MAX_BYTES = 1 << 30
"""So much may wait for a server, in all runs of this process together; `MAX_BYTES_VARIABLE` names another figure."""

MAX_BYTES_VARIABLE = "AML_WIDGETS_OUTBOX_BYTES"

SILENT_SECONDS = 30.0
"""Whoever waits to read hears that the server does not answer when a request has taken so long."""

CLOSE_SECONDS = 5.0
"""Whoever closes the store waits so long for what can still be sent."""

LOOK_SECONDS = 60.0
"""How often is looked for what other processes left behind."""

_log = logging.getLogger(__name__)


class Outbox:
    """Lines on their way to one server, from any thread of this process, and what processes that are gone left behind.

    Runs are served in turn, so that neither the many lines of one nor what the server has against it keep another one back. When
    Python ends, what waits is sent for a moment.

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
        _live.add(self)

    def forget_parent(self) -> None:
        """Start with nothing in a process that was forked off: what it inherits belongs to the one it came from."""
        inherited = self._list_queues()
        self._begin()
        for _, queue in inherited:
            queue.abandon()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[str, LineQueue] = {}
        self._left: list[tuple[str, LineQueue]] = []
        self._refused: dict[str, AmlWidgetsError] = {}
        self._turns = Turns(self._send_some)
        self._ends = EndTeller(self.where, self._tell_end, self._remove_folder)
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
        with self._lock:
            self._raise_if_refused(run_id)
            self._check_room()
            queue = self._queues.get(run_id)
            if queue is None:
                queue = self._queues[run_id] = self._open_queue(run_id)
            queue.put(lines)
        self._thread.wake()

    def keep_end(self, run_id: str, end: RunEnd) -> None:
        """Take note of how a run ended, to tell the server when it is back. Raises StoreError."""
        self._ends.keep(run_id, end)
        self._thread.wake()

    def _list_queues(self) -> list[tuple[str, LineQueue]]:
        return [*self._queues.items(), *self._left]

    def _open_queue(self, run_id: str) -> LineQueue:
        while True:
            queue = LineQueue(self.where(run_id), uuid.uuid4().hex[:12])
            if queue.open():
                return queue

    def go_on(self, run_id: str, writer_id: str, first_line: int) -> bool:
        """Let what is appended to a run follow the lines of a writer, all of which are sent; False where another process has that one.

        Parameters
        ----------
        run_id, writer_id : str
            Whose lines they are.
        first_line : int
            The number of the next one.
        """
        with self._lock:
            own = self._queues.get(run_id)
            if own is None:
                adopted = [one for one in self._left if one[0] == run_id and one[1].writer_id == writer_id]
                for one in adopted:
                    self._left.remove(one)
                own = adopted[0][1] if adopted else LineQueue(self.where(run_id), writer_id, first_line)
                if not adopted and not own.open():
                    return False
                self._queues[run_id] = own
            return own.writer_id == writer_id

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
        """Send the lines of a run now. Raises StoreError where that does not work at once; what the server refused keeps nobody."""
        self._wait(run_id, None)

    def wait(self, run_id: str, seconds: float) -> int:
        """Wait until the lines of a run that were taken are on the server, and give how many are not.

        Parameters
        ----------
        run_id : str
            The run.
        seconds : float
            How long, also while the server does not answer.

        Raises
        ------
        PointsLost
            If the server refuses lines of this run.
        """
        left = self._wait(run_id, seconds)
        with self._lock:
            self._raise_if_refused(run_id)
        return left

    def _wait(self, run_id: str, seconds: float | None) -> int:
        """Wait so long; without `seconds`, as long as the server answers, and raise StoreError where it does not."""
        with self._lock:
            queues = [queue for one_id, queue in self._list_queues() if one_id == run_id]
            self._turns.try_again(run_id)
        targets = [(queue, queue.line_count) for queue in queues]
        begin, has_tried = monotonic(), False
        while left := sum(max(0, count - queue.first_line) for queue, count in targets):
            thread = self._thread
            if seconds is None:
                self._raise_if_stuck(run_id, left, targets, has_tried=has_tried)
            rest_seconds = 1.0 if seconds is None else min(1.0, seconds - (monotonic() - begin))
            if rest_seconds <= 0:
                return left
            can_try = thread.wake(is_urgent=not has_tried)
            has_tried = thread.wait(rest_seconds) or has_tried or not can_try
        return 0

    def _raise_if_stuck(
        self, run_id: str, left: int, targets: Sequence[tuple[LineQueue, int]], *, has_tried: bool
    ) -> None:
        """Raise StoreError if it is of no use to wait for lines of a run."""
        error = self._turns.trouble_of(run_id) or self._thread.trouble
        if has_tried and error is not None:
            raise error
        if self._thread.busy_seconds > SILENT_SECONDS:
            raise StoreUnavailable(
                f"The tracking server has not answered for {self._thread.busy_seconds:.0f} s, and {left} line(s) of run {run_id} wait "
                f"for it in {str(self._folder)!r}. Try again when it is back.",
                value=run_id,
            )
        if not any(queue.is_open for queue, _ in targets):
            raise StoreUnavailable(
                f"The store was closed while {left} line(s) of run {run_id} waited for the tracking server. They are kept in "
                f"{str(self._folder)!r}, and sent by whoever uses the server next.",
                value=run_id,
            )

    def let_go(self, run_id: str) -> None:
        """Delete the files of a run that has ended, where all that was in them is sent."""
        with self._lock:
            queue = self._queues.get(run_id)
            if queue is not None and not queue.waiting:
                del self._queues[run_id]
                queue.close(is_done=True)
        self._remove_folder(run_id)

    def close(self) -> None:
        """Send what waits, for a moment, and let go of files and threads. What is still there then, another process sends.

        Where a request is still on its way after that moment, the files stay with this process until it ends: two must not send the
        same lines.
        """
        with self._lock:
            is_needed = any(queue.waiting for queue in self._queues.values())
        if is_needed:
            self._thread.wake(is_urgent=True)
            self._thread.wait(CLOSE_SECONDS)
        if not self._thread.close(CLOSE_SECONDS):
            return
        with self._lock:
            left = sum(queue.waiting for queue in self._queues.values())
            if left:
                _log.warning(
                    "%d call(s) of log did not reach the tracking server. They are kept in %s, and sent by the next process here that "
                    "uses it.",
                    left,
                    self._folder,
                )
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
        if monotonic() < self._looked_at + LOOK_SECONDS:
            return
        self._looked_at = monotonic()
        if self._folder.is_dir() and self._adopt():
            self._thread.wake()

    def adopt(self, run_id: str) -> None:
        """Start to send what processes that are gone left behind of one run, whenever it was looked for before. Raises StoreError."""
        folder = self.where(run_id)
        try:
            if folder.is_dir():
                self._adopt_run(folder)
                self._thread.wake()
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(folder)) from error

    def _adopt(self) -> bool:
        """Take over what belongs to nobody; say whether there is anything."""
        try:
            folders = sorted(folder for folder in self._folder.iterdir() if folder.is_dir())
        except OSError as error:
            raise to_store_error(error, "What waits for the tracking server", str(self._folder)) from error
        for folder in folders:
            try:
                self._adopt_run(folder)
            except (OSError, StoreError) as error:  # of one run: the others are seen to
                _log.warning("What waits in %s for the tracking server cannot be sent: %s", folder, message_of(error))
        with self._lock:
            return bool(self._left) or self._ends.is_waiting

    def _adopt_run(self, folder: Path) -> None:
        with self._lock:
            own = {queue.writer_id for run_id, queue in self._list_queues() if run_id == folder.name}
        is_others = False
        for writer_id in find_writers(folder):
            if writer_id not in own:
                queue = LineQueue(folder, writer_id)
                if not queue.open():
                    is_others = True
                elif queue.waiting:
                    with self._lock:
                        self._left.append((folder.name, queue))
                else:
                    queue.close(is_done=True)
        if not is_others:  # whoever still holds lines of the run tells its end, after them
            self._ends.adopt(folder.name)
        self._remove_folder(folder.name)

    def _work(self) -> bool:
        """Send what waits, and raise what is wrong where nothing could be sent; say whether there is more."""
        with self._lock:
            queues = self._list_queues()
        self._turns.send(queues, self._thread)
        with self._lock:
            done = [(run_id, queue) for run_id, queue in self._left if not queue.waiting]
            for one in done:  # with the lock: whoever goes on with the run finds it here, or free
                self._left.remove(one)
                one[1].close(is_done=True)
        for run_id, _ in done:
            self._remove_folder(run_id)
        with self._lock:
            busy = {run_id for run_id, queue in self._queues.items() if queue.waiting}
            busy |= {run_id for run_id, _ in self._left}
        self._ends.tell_due(busy)
        with self._lock:
            has_lines = bool(self._left) or any(queue.waiting for queue in self._queues.values())
        return has_lines or self._ends.is_waiting

    def _send_some(self, one: Waiting) -> None:
        """Send the next lines of a queue. What the server refuses is set aside, and told to whoever logs or waits."""
        queue = one.queue
        try:
            lines = queue.peek(MAX_SENT_BYTES)[: one.last_line - queue.first_line]
            self._sender.send(one.run_id, queue.writer_id, queue.first_line, lines)
        except (UserError, Missing, StoreCorrupt) as error:
            with self._lock:  # nobody logs to it meanwhile
                aside = queue.set_aside()
                refused = PointsLost(
                    f"The tracking server does not take what was logged to run {one.run_id}: {message_of(error)} It is kept in "
                    f"{str(aside)!r}.",
                    value=one.run_id,
                )
                self._refused[one.run_id] = refused
            _log.warning("%s", refused)
            return
        queue.advance(lines)

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


_live: weakref.WeakSet[Outbox] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for outbox in [*_live]:
        outbox.close()
