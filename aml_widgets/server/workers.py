"""A few threads for what may be slow or never answer. The event loop waits for them without standing still."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from aml_widgets.core.errors import StoreUnavailable

MAX_THREADS = 4
MAX_WAITING = 100
IDLE_SECONDS = 30.0
"""How long a thread waits for something to do before it ends: a server may show hundreds of workspaces."""

_T = TypeVar("_T")
_Task = tuple["Future[Any]", Callable[[], Any]]


class Workers:
    """Threads of one workspace: where it is slow or hangs, only what is asked of it waits.

    They are daemons, because a thread that hangs in a dead network drive cannot be ended, and the server must.

    Parameters
    ----------
    what : str
        Whom they ask, for messages; the subject of a sentence.
    max_threads, max_waiting : int, optional
        How many questions are asked at once, and how many may wait for their turn.
    idle_seconds : float, optional
        How long a thread that has nothing to do stays.
    """

    def __init__(
        self,
        what: str,
        *,
        max_threads: int = MAX_THREADS,
        max_waiting: int = MAX_WAITING,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._what = what
        self._max_threads = max_threads
        self._max_waiting = max_waiting
        self._idle_seconds = idle_seconds
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread_count = 0
        self._open_count = 0  # of tasks that wait or are being done
        self._began_at: dict[int, float] = {}  # by thread: when what it does now began
        self._is_closed = False

    async def run(self, function: Callable[[], _T], *, timeout_seconds: float) -> _T:
        """Call a function in a thread and give what it returns, or raise what it raises.

        Raises
        ------
        StoreUnavailable
            If it took too long, its turn included, or too much is waiting already. What has begun is done all the same.
        """
        future = self._submit(function)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout_seconds)
        except asyncio.TimeoutError as error:
            raise StoreUnavailable(
                f"{self._what} did not answer within {timeout_seconds:g} seconds. Try again later, or see to its disk or server.",
                value=self._what,
            ) from error

    def is_stuck(self, seconds: float) -> bool:
        """Say whether every thread there may be has done one thing for longer than that: nothing else has its turn."""
        with self._lock:
            since = time.monotonic() - seconds
            return len(self._began_at) >= self._max_threads and max(self._began_at.values()) < since

    def close(self, last: Callable[[], object] | None = None) -> None:
        """End the threads as soon as they have done what they are doing; drop what waits. `last` is called before that."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            count = self._thread_count
        self._drop_waiting()
        if last is not None:
            self._tasks.put((Future(), last))
            if not count:
                self._start_thread()
        for _ in range(max(1, count)):
            self._tasks.put(None)

    def _drop_waiting(self) -> None:
        with suppress(queue.Empty):
            while True:
                task = self._tasks.get_nowait()
                if task is not None and task[0].set_running_or_notify_cancel():
                    task[0].set_exception(self._refusal())

    def _submit(self, function: Callable[[], _T]) -> Future[_T]:
        future: Future[_T] = Future()
        with self._lock:
            if self._is_closed or self._tasks.qsize() >= self._max_waiting:
                raise self._refusal()
            self._tasks.put((future, function))
            self._open_count += 1
            if self._thread_count < min(self._open_count, self._max_threads):
                self._thread_count += 1
                self._start_thread()
        return future

    def _start_thread(self) -> None:
        threading.Thread(target=self._work, name="aml-widgets-server", daemon=True).start()

    def _refusal(self) -> StoreUnavailable:
        why = "it is being closed" if self._is_closed else f"{self._max_waiting} questions wait for it already"
        return StoreUnavailable(f"{self._what} is not asked now: {why}. Try again later.", value=self._what)

    def _work(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=self._idle_seconds)
            except queue.Empty:
                if self._may_end():
                    return
                continue
            if task is None:
                return
            with self._lock:
                self._began_at[threading.get_ident()] = time.monotonic()
            _carry_out(*task)
            del task  # it holds what was asked and what came of it
            with self._lock:
                self._open_count -= 1
                del self._began_at[threading.get_ident()]

    def _may_end(self) -> bool:
        with self._lock:
            if self._open_count >= self._thread_count:  # something was put there just now, and this thread counted on
                return False
            self._thread_count -= 1
            return True


def _carry_out(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return  # nobody waits for it any more
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - whoever waits raises it
        future.set_exception(error)
    else:
        future.set_result(result)
