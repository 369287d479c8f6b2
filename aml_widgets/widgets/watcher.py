"""One thread per kernel that keeps all widgets on show up to date."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol

from aml_widgets.core.errors import message_of
from aml_widgets.core.jitter import draw_factor

logger = logging.getLogger("aml_widgets.widgets")

RETRY_SECONDS = 5.0
MAX_RETRY_SECONDS = 300.0


class Watched(Protocol):
    """A view that wants to be refreshed. It is held weakly."""

    @property
    def run_id(self) -> str:
        """The run it shows."""
        ...

    @property
    def refresh_seconds(self) -> float:
        """How long after one refresh the next one is due."""
        ...

    @property
    def jitter(self) -> float:
        """By what share of that the pause may be longer, at random: for a store that many look at, who then spread their looks."""
        ...

    def refresh(self) -> bool:
        """Ask the store what is new and show it; say whether more can come."""
        ...

    def keep_end(self) -> None:
        """Keep what is to be seen of the run if it has ended: this process may be gone soon."""
        ...


class Watcher:
    """Refreshes views, each at its own interval, in one daemon thread that lives while there is something to watch.

    Safe from any thread. A view is dropped when its `refresh` says that no more can come, and when nobody else holds
    it. A view that raises is logged and stays; the others go on.

    Parameters
    ----------
    monotonic : callable, optional
        Gives the seconds of a clock that is never set back; tests turn their own.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.forget()

    def forget(self) -> None:
        """Begin anew, with no view, no thread and a lock that nobody holds: for a forked child, which has no thread."""
        self._changed = threading.Condition()
        self._due: dict[weakref.ref[Watched], float] = {}
        self._failures: dict[weakref.ref[Watched], tuple[str, int]] = {}
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the thread is there."""
        with self._changed:
            return self._thread is not None

    def __len__(self) -> int:
        with self._changed:
            return sum(view() is not None for view in self._due)

    def add(self, view: Watched) -> None:
        """Refresh a view now and then from now on; adding it again makes it due now."""
        with self._changed:
            self._due[weakref.ref(view)] = self._monotonic()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="aml-widgets-watcher", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def remove(self, view: Watched) -> None:
        """Refresh a view no more. A refresh that is under way is not waited for."""
        with self._changed:
            self._due.pop(weakref.ref(view), None)
            self._failures.pop(weakref.ref(view), None)
            self._changed.notify_all()

    def wake(self, run_id: str | None = None) -> None:
        """Refresh the views of a run, or all views, at once. Returns without waiting."""
        with self._changed:
            now = self._monotonic()
            for reference in self._due:
                view = reference()
                if view is not None and run_id in (None, view.run_id):
                    self._due[reference] = now
            self._changed.notify_all()

    def views_of(self, run_id: str | None = None) -> list[Watched]:
        """Give the views of a run, or all views, that are watched."""
        with self._changed:
            views = [reference() for reference in self._due]
        return [view for view in views if view is not None and run_id in (None, view.run_id)]

    def hasten(self, view: Watched, seconds: float) -> None:
        """Refresh a view in so many seconds at the latest, if it is watched. Returns without waiting."""
        with self._changed:
            reference = weakref.ref(view)
            due = self._monotonic() + seconds
            if self._due.get(reference, due) > due:
                self._due[reference] = due
                self._changed.notify_all()

    def reschedule(self, view: Watched) -> None:
        """Count a view's interval, which was changed, from now."""
        with self._changed:
            reference = weakref.ref(view)
            if reference in self._due:
                self._due[reference] = self._monotonic() + _draw_pause(view)
                self._changed.notify_all()

    def _watch(self) -> None:
        changed = self._changed
        while True:
            with changed:
                view = self._wait_for_view()
                if view is None:
                    self._thread = None
                    return
                due = self._due[weakref.ref(view)]
            self._refresh(view, due)
            # Or the view would be held while the thread waits for the next one.
            del view

    def _wait_for_view(self) -> Watched | None:
        """Wait until a view is due and give it; None when nothing is left to watch. The caller holds the lock."""
        while True:
            for reference in [reference for reference in self._due if reference() is None]:
                del self._due[reference]
                self._failures.pop(reference, None)
            if not self._due:
                return None
            reference = min(self._due, key=self._due.__getitem__)
            wait_seconds = self._due[reference] - self._monotonic()
            if wait_seconds <= 0:
                view = reference()
                if view is not None:
                    # What wakes it during the refresh makes it due again, and so is not lost.
                    self._due[reference] = self._monotonic() + _draw_pause(view)
                    return view
            else:
                self._changed.wait(wait_seconds)

    def _refresh(self, view: Watched, due: float) -> None:
        try:
            goes_on = view.refresh()
        except Exception as error:  # noqa: BLE001 - the edge of the thread: whatever a view raises, the others go on
            self._put_off(view, error)
            return
        with self._changed:
            self._failures.pop(weakref.ref(view), None)
        if not goes_on:
            with self._changed:
                # One that was added again in the meantime has more to come than it knew.
                if self._due.get(weakref.ref(view)) == due:
                    del self._due[weakref.ref(view)]

    def _put_off(self, view: Watched, error: Exception) -> None:
        """Try a view that failed again, later each time, and tell of the same failure once."""
        told = f"{type(error).__name__}: {message_of(error)}"
        with self._changed:
            reference = weakref.ref(view)
            before, count = self._failures.get(reference, ("", 0))
            self._failures[reference] = (told, count + 1)
            if reference in self._due:
                wait_seconds = max(view.refresh_seconds, RETRY_SECONDS) * 2 ** min(count, 10)
                self._due[reference] = self._monotonic() + min(wait_seconds, MAX_RETRY_SECONDS)
        if told != before:
            logger.error("The view of run %s could not be refreshed; it is tried again.", view.run_id, exc_info=error)


watcher = Watcher()
"""The watcher of this kernel."""

# A forked child has none of the parent's threads, and shows nothing; its lock may have been held at the fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=watcher.forget)


def _draw_pause(view: Watched) -> float:
    return view.refresh_seconds * draw_factor(1.0, 1.0 + view.jitter)
