"""Whose lines are sent next: every run gets its turn, and what is wrong with one keeps no other back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from time import monotonic
from typing import NamedTuple

from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.core.jitter import draw_factor
from aml_widgets.store.mlflow.outbox.line_queue import LineQueue
from aml_widgets.store.mlflow.outbox.sender_thread import SenderThread

RUN_PAUSE_SECONDS = 60.0
"""A run whose lines the server did not take, while it took others, is tried again after so long, or when somebody waits for it."""

MAX_ATTEMPTS = 2
"""A server that takes nothing of so many runs, one after the other, is left in peace for a while."""

_log = logging.getLogger(__name__)


class Waiting(NamedTuple):
    """A queue, and up to which of its lines is sent."""

    run_id: str
    queue: LineQueue
    last_line: int


class _Trouble(NamedTuple):
    """Why the lines of one run are not sent, and until when it is not tried again."""

    error: AmlWidgetsError
    until: float


class Turns:
    """Sends what waits, some lines of each run at a time.

    Parameters
    ----------
    send_some : callable
        Sends the next lines of a queue. Raises AmlWidgetsError where that does not work now.
    """

    def __init__(self, send_some: Callable[[Waiting], None]) -> None:
        self._send_some = send_some
        self._troubles: dict[str, _Trouble] = {}
        self._failed: frozenset[str] = frozenset()  # in the last call

    def trouble_of(self, run_id: str) -> AmlWidgetsError | None:
        """Give why the lines of a run are not sent, while those of others are."""
        trouble = self._troubles.get(run_id)
        return None if trouble is None else trouble.error

    def try_again(self, run_id: str) -> None:
        """Let the next call try a run whatever was wrong before."""
        self._troubles.pop(run_id, None)

    def send(self, queues: Iterable[tuple[str, LineQueue]], thread: SenderThread) -> None:
        """Send the lines that wait now, until all are sent or the thread is to end.

        Parameters
        ----------
        queues : iterable of tuple
            Runs and their queues.
        thread : SenderThread
            The one that this is called in.

        Raises
        ------
        AmlWidgetsError
            The first trouble there was, if nothing could be sent.
        """
        now = monotonic()
        waiting = [Waiting(run_id, queue, queue.line_count) for run_id, queue in queues if queue.waiting]
        waiting = [one for one in waiting if self._is_due(one.run_id, now)]
        # Last of all those that did not work before: where the server is away, a few attempts have to tell.
        waiting.sort(key=lambda one: one.run_id in self._failed or one.run_id in self._troubles)
        is_any_sent = not waiting
        troubles: dict[str, AmlWidgetsError] = {}
        while waiting and not thread.is_closing and (is_any_sent or len(troubles) < MAX_ATTEMPTS):
            following = []
            for one in waiting:
                try:
                    self._send_some(one)
                except AmlWidgetsError as error:
                    troubles[one.run_id] = error
                    if not is_any_sent and len(troubles) >= MAX_ATTEMPTS:
                        break
                    continue
                thread.beat()
                is_any_sent = True
                self._troubles.pop(one.run_id, None)
                if one.queue.first_line < one.last_line:
                    following.append(one)
            waiting = following
        self._failed = frozenset(troubles)
        if troubles and not is_any_sent:
            raise next(iter(troubles.values()))
        for run_id, trouble in troubles.items():
            self._put_off(run_id, trouble)

    def _is_due(self, run_id: str, now: float) -> bool:
        trouble = self._troubles.get(run_id)
        return trouble is None or trouble.until <= now

    def _put_off(self, run_id: str, error: AmlWidgetsError) -> None:
        if run_id not in self._troubles:
            _log.warning("%s", message_of(error))
        pause_seconds = RUN_PAUSE_SECONDS * draw_factor(0.5, 1.0)  # not all ask at once
        self._troubles[run_id] = _Trouble(error, monotonic() + pause_seconds)
