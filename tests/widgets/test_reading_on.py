"""A store that needs several looks for what it has already: the view goes on at once, and says so meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import ipywidgets
import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import NewPoint, RunChanges
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.widgets.fallback import fallback_html, fallback_text
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.watcher import Watched, Watcher
from tests.widgets.building import running
from tests.widgets.test_run_view import Outputs, html_of, outputs

__all__ = ["outputs"]

PART = 1_000


class PartStore(MemoryRunStore):
    """A store that has so many parts of a history left, and reads one with each look."""

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, int] = {}
        self.looks: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.reason: str | None = None

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        self.looks.append(run_id)
        assert self.may_answer.wait(60)
        if self.reason is not None:
            raise StoreUnavailable(self.reason)
        if self.left.get(run_id):
            self.left[run_id] -= 1
            self.log_points(run_id, [NewPoint("loss", 0.5) for _ in range(PART)], even_if_ended=True)
        changes = super().changes_since(run_id, cursor, max_buckets=max_buckets, max_new_points=max_new_points)
        return replace(changes, has_more=self.left.get(run_id, 0) > 0)


class AskedWatcher(Watcher):
    """A watcher that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def hasten(self, view: Watched, seconds: float) -> None:
        self.asked.append(seconds)
        super().hasten(view, seconds)


@pytest.fixture
def store() -> PartStore:
    return PartStore()


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()


def ended(store: PartStore, parts: int) -> str:
    run_id = running(store)
    store.set_status(run_id, RunStatus.COMPLETED)
    store.left[run_id] = parts
    return run_id


def wait_for_end(watcher: Watcher) -> None:
    thread = watcher._thread
    if thread is not None:
        thread.join(60)
    assert not watcher.is_running


def test_a_view_reads_on_at_once_to_the_end_of_a_run_that_has_ended(store: PartStore) -> None:
    run_id = ended(store, parts=6)
    watcher = Watcher()
    view = RunView(store, run_id, refresh_seconds=3_600, watcher=watcher)

    assert view.widget is not None
    watcher.add(view)
    wait_for_end(watcher)

    assert store.left[run_id] == 0
    assert (view.state.point_count, view.state.has_more) == (6 * PART, False)
    assert "so far" not in html_of(view)


def test_other_views_get_their_turn_between_two_looks(store: PartStore) -> None:
    run_ids = [ended(store, parts=5), ended(store, parts=5)]
    watcher = Watcher()
    views = [RunView(store, run_id, refresh_seconds=3_600, watcher=watcher) for run_id in run_ids]
    for view in views:
        assert view.widget is not None
    store.looks.clear()
    store.may_answer.clear()

    for view in views:
        watcher.add(view)
    store.may_answer.set()
    wait_for_end(watcher)

    assert store.looks[:6] == run_ids * 3
    assert [view.state.point_count for view in views] == [5 * PART] * 2


def test_a_view_says_how_much_was_read_and_reads_no_more_while_it_is_paused(store: PartStore) -> None:
    run_id = ended(store, parts=4)
    view = RunView(store, run_id, watcher=Watcher())
    assert view.widget is not None
    assert view.refresh()
    assert "Reading" in html_of(view)
    assert "2,000 points so far" in html_of(view)

    view.pause()
    view._is_asked_for = False
    assert view.refresh(), "there is more, for later"
    assert store.left[run_id] == 2
    assert "Reading" not in html_of(view)
    assert "2,000 points so far" in html_of(view)


def test_a_store_that_is_silent_meanwhile_is_asked_at_the_interval(store: PartStore) -> None:
    run_id = ended(store, parts=4)
    watcher = AskedWatcher()
    view = RunView(store, run_id, refresh_seconds=3_600, watcher=watcher)
    assert view.widget is not None
    store.reason = "gone"

    assert view.refresh()

    assert (view.state.has_more, view.state.point_count) == (True, PART)
    assert watcher.asked == []
    store.reason = None
    assert view.refresh()
    assert watcher.asked == [0.0]


def test_the_static_view_says_that_it_is_not_all_and_is_renewed_when_it_is(store: PartStore, outputs: Outputs) -> None:
    run_id = ended(store, parts=3)
    watcher = Watcher()
    view = RunView(store, run_id, refresh_seconds=3_600, watcher=watcher)

    view.show()
    wait_for_end(watcher)

    texts = [one["text/plain"] for one in outputs.taken() if "loss" in one["text/plain"]]
    assert "Still being read: 1,000 points so far." in texts[0]
    assert "Still being read" not in texts[-1]
    assert "3,000 points" in texts[-1]


def test_static_texts_say_it(store: PartStore) -> None:
    run_id = ended(store, parts=3)
    view = RunView(store, run_id, watcher=Watcher())
    assert view.widget is not None

    for text in (fallback_text(view.state), fallback_html(view.state)):
        assert "Still being read: 1,000 points so far." in text


def test_a_plain_prompt_which_prints_once_prints_all(store: PartStore, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = ended(store, parts=3)

    RunView(store, run_id, watcher=Watcher()).show()

    printed = capsys.readouterr().out
    assert "loss: 0.5 (3,000 points)" in printed
    assert "Still being read" not in printed
