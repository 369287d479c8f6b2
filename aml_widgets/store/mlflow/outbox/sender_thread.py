"""A thread that does one thing again and again: soon after it was woken, and later and later while it does not work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

from aml_widgets.core.errors import AmlWidgetsError, StoreUnavailable, message_of
from aml_widgets.core.jitter import draw_factor

FIRST_PAUSE_SECONDS = 1.0
"""How long to wait after a failure; twice as long after each further one."""

LONGEST_PAUSE_SECONDS = 60.0

IDLE_SECONDS = 30.0
"""A thread that had nothing to do for so long ends; the next wake starts another."""

_log = logging.getLogger(__name__)


class SenderThread:
    """Calls `work` in a thread of its own, which is a daemon: what is not done when the process ends is on disk.

    Parameters
    ----------
    name : str
        The thread's name.
    work : callable
        Does what there is to do, and says whether there is more. What it raises is kept as `trouble`, and it is called again later.
    pace_seconds : float
        Between two calls, so that more is done in each.

    Attributes
    ----------
    trouble : AmlWidgetsError or None
        What the last call raised.
    """

    def __init__(self, name: str, work: Callable[[], bool], pace_seconds: float) -> None:
        self._name = name
        self._work = work
        self._pace_seconds = pace_seconds
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._has_news = False
        self._is_urgent = False
        self._is_closing = False
        self._began_at: float | None = None
        self._calls = 0
        self.trouble: AmlWidgetsError | None = None

    @property
    def busy_seconds(self) -> float:
        """For how long nothing was heard of the call that goes on; 0 between two."""
        began_at = self._began_at
        return 0.0 if began_at is None else monotonic() - began_at

    @property
    def is_closing(self) -> bool:
        """Whether the call that goes on is to come to its end soon."""
        return self._is_closing

    def beat(self) -> None:
        """Say, from within a call, that something was done."""
        self._began_at = monotonic()

    def wake(self, *, is_urgent: bool = False) -> bool:
        """Say that there is something to do: soon, or at once, even after a failure. False where no thread can be had for it."""
        with self._changed:
            self._has_news = True
            self._is_urgent = self._is_urgent or is_urgent
            self._is_closing = False  # one that is closing goes on
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                try:
                    self._thread.start()
                except RuntimeError as error:  # too many threads, or Python is about to end
                    self._thread = None
                    self.trouble = StoreUnavailable(
                        f"What waits for the tracking server is not sent now, because no thread can be started: {error}. It is kept "
                        "on this machine, and sent later.",
                        value=str(error),
                    )
                    return False
            self._changed.notify_all()
            return True

    def wait(self, seconds: float) -> bool:
        """Wait until a call that begins from now on has come to its end, or so long; say whether one has."""
        end = monotonic() + seconds
        with self._changed:
            wanted = self._calls + (1 if self._began_at is None else 2)
            while self._calls < wanted and (left := end - monotonic()) > 0:
                self._changed.wait(left)
            return self._calls >= wanted

    def close(self, wait_seconds: float) -> bool:
        """End the thread after the call that goes on, for which is waited so long; say whether it has ended."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(wait_seconds)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while self._wait_for_work(failures):
            with self._changed:
                self._began_at = monotonic()
            is_more = True
            try:
                is_more = self._work()
                failures, self.trouble = 0, None
            except AmlWidgetsError as error:
                if self.trouble is None:
                    _log.warning("%s", message_of(error))
                failures, self.trouble = failures + 1, error
            except Exception as error:  # noqa: BLE001 - whoever waits has to hear of it
                _log.exception("What waits for the tracking server could not be sent.")
                told = StoreUnavailable(
                    f"What waits for the tracking server could not be sent: {error!r}", value=repr(error)
                )
                failures, self.trouble = failures + 1, told
            with self._changed:
                self._began_at = None
                self._calls += 1
                self._has_news = self._has_news or is_more
                self._changed.notify_all()

    def _wait_for_work(self, failures: int) -> bool:
        """Wait until it is time for the next call; False where the thread is to end."""
        pause_seconds = self._pace_seconds
        if failures:
            longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
            pause_seconds = longest * draw_factor(0.5, 1.0)  # not all ask at once a server that is back
        begin = monotonic()
        with self._changed:
            while not self._is_closing:
                waited = monotonic() - begin
                if self._is_urgent or (self._has_news and waited >= pause_seconds):
                    self._has_news = self._is_urgent = False
                    return True
                if not self._has_news and waited >= IDLE_SECONDS:
                    break
                left = (pause_seconds if self._has_news else IDLE_SECONDS) - waited
                self._changed.wait(max(0.001, left))
            self._thread = None
            return False
