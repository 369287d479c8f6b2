"""One thread watches all views, wakes when it should, and ends when nothing is left."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from aml_widgets.widgets.watcher import Watcher

PATIENCE_SECONDS = 20.0


class Clock:
    """A clock that stands until it is turned."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.watcher: Watcher | None = None

    def __call__(self) -> float:
        return self.seconds

    def turn(self, seconds: float) -> None:
        assert self.watcher is not None
        with self.watcher._changed:
            self.seconds += seconds
            self.watcher._changed.notify_all()


class View:
    """A view that counts its refreshes."""

    def __init__(self, run_id: str = "r", *, refresh_seconds: float = 10.0) -> None:
        self.run_id = run_id
        self.refresh_seconds = refresh_seconds
        self.jitter = 0.0
        self.goes_on = True
        self.error: Exception | None = None
        self.threads: list[threading.Thread] = []
        self._refreshed = threading.Condition()

    def keep_end(self) -> None:
        """Nothing of it is kept."""

    @property
    def refresh_count(self) -> int:
        return len(self.threads)

    def refresh(self) -> bool:
        with self._refreshed:
            self.threads.append(threading.current_thread())
            self._refreshed.notify_all()
        if self.error is not None:
            raise self.error
        return self.goes_on

    def wait_for_refreshes(self, count: int) -> None:
        with self._refreshed:
            assert self._refreshed.wait_for(lambda: len(self.threads) >= count, PATIENCE_SECONDS)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watcher(clock: Clock) -> Iterator[Watcher]:
    made = Watcher(monotonic=clock)
    clock.watcher = made
    yield made
    with made._changed:
        made._due.clear()
        made._changed.notify_all()
    wait_until(lambda: not made.is_running)


def wait_until(is_true: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.005)):
        if is_true():
            return
        waiting.wait(0.005)
    raise AssertionError("It did not come true.")


def test_a_view_is_refreshed_at_once_and_then_at_its_interval(watcher: Watcher, clock: Clock) -> None:
    view = View(refresh_seconds=10.0)
    watcher.add(view)
    view.wait_for_refreshes(1)

    clock.turn(9.9)
    clock.turn(0.2)

    view.wait_for_refreshes(2)
    assert view.refresh_count == 2


def test_all_views_share_one_daemon_thread(watcher: Watcher) -> None:
    views = [View(f"r{place}") for place in range(5)]

    for view in views:
        watcher.add(view)

    for view in views:
        view.wait_for_refreshes(1)
    threads = {thread for view in views for thread in view.threads}
    assert len(threads) == 1
    assert threads.pop().daemon


def test_each_view_has_its_own_interval(watcher: Watcher, clock: Clock) -> None:
    slow, fast = View(refresh_seconds=100.0), View(refresh_seconds=1.0)
    for view in (slow, fast):
        watcher.add(view)
        view.wait_for_refreshes(1)

    for count in range(2, 6):
        clock.turn(1.0)
        fast.wait_for_refreshes(count)

    assert slow.refresh_count == 1


def test_looks_at_a_server_are_spread(watcher: Watcher, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aml_widgets.widgets.watcher.draw_factor", lambda low, high: (low + high) / 2)
    view, other = View(refresh_seconds=10.0), View(refresh_seconds=10.0)
    view.jitter = 0.5
    for one in (view, other):
        watcher.add(one)
        one.wait_for_refreshes(1)

    clock.turn(12.4)
    other.wait_for_refreshes(2)
    assert view.refresh_count == 1
    clock.turn(0.2)

    view.wait_for_refreshes(2)


def test_a_wake_refreshes_the_views_of_that_run_at_once(watcher: Watcher) -> None:
    meant, other = View("meant"), View("other")
    for view in (meant, other):
        watcher.add(view)
        view.wait_for_refreshes(1)

    watcher.wake("meant")

    meant.wait_for_refreshes(2)
    assert other.refresh_count == 1


def test_a_shorter_interval_counts_from_now(watcher: Watcher, clock: Clock) -> None:
    view = View(refresh_seconds=1_000.0)
    watcher.add(view)
    view.wait_for_refreshes(1)

    view.refresh_seconds = 1.0
    watcher.reschedule(view)
    clock.turn(1.0)

    view.wait_for_refreshes(2)


def test_the_thread_ends_with_the_last_view_and_comes_back_with_the_next(watcher: Watcher) -> None:
    ended = View()
    ended.goes_on = False
    watcher.add(ended)
    wait_until(lambda: not watcher.is_running)
    assert ended.refresh_count == 1

    view = View()
    watcher.add(view)

    view.wait_for_refreshes(1)
    assert watcher.is_running
    watcher.remove(view)
    wait_until(lambda: not watcher.is_running)


def test_a_view_that_raises_is_logged_and_tried_again_and_the_others_go_on(
    watcher: Watcher, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = View("broken"), View("whole")
    broken.error = RuntimeError("it broke")
    with caplog.at_level(logging.ERROR, "aml_widgets.widgets"):
        for view in (broken, whole):
            watcher.add(view)
            view.wait_for_refreshes(1)

        clock.turn(10.0)

        broken.wait_for_refreshes(2)
        whole.wait_for_refreshes(2)
        clock.turn(10.0)
        whole.wait_for_refreshes(3)
        assert broken.refresh_count == 2  # it is tried again later each time
        clock.turn(10.0)
        broken.wait_for_refreshes(3)
    assert "broken" in caplog.text
    assert len([record for record in caplog.records if "it broke" in str(record.exc_info)]) == 1


def test_a_view_that_nobody_holds_is_forgotten(watcher: Watcher, clock: Clock) -> None:
    view = View()
    watcher.add(view)
    view.wait_for_refreshes(1)
    assert len(watcher) == 1

    del view
    wait_until(lambda: gc.collect() >= 0 and len(watcher) == 0)

    clock.turn(10.0)
    wait_until(lambda: not watcher.is_running)


def test_a_view_that_was_removed_is_not_refreshed(watcher: Watcher, clock: Clock) -> None:
    removed, kept = View("removed"), View("kept")
    for view in (removed, kept):
        watcher.add(view)
        view.wait_for_refreshes(1)

    watcher.remove(removed)
    watcher.remove(removed)
    clock.turn(10.0)

    kept.wait_for_refreshes(2)
    assert removed.refresh_count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested here
def test_a_forked_child_has_a_watcher_that_works() -> None:
    from aml_widgets.widgets.watcher import watcher as of_kernel

    view = View()
    of_kernel.add(view)
    view.wait_for_refreshes(1)
    child = os.fork()
    if child == 0:
        own = View()
        own.goes_on = False
        is_empty = len(of_kernel) == 0 and not of_kernel.is_running
        of_kernel.add(own)
        own.wait_for_refreshes(1)
        os._exit(0 if is_empty else 1)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(of_kernel) == 1
    of_kernel.remove(view)
    wait_until(lambda: not of_kernel.is_running)
