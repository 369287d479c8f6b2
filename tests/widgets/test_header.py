"""The head of a view says what the run is, how fresh that is, and hears what the user asks of the view."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import ipywidgets
import pytest

from aml_widgets.core import clock
from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.watcher import Watcher
from tests.widgets.building import running

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    ipywidgets.Widget.close_all()


@pytest.fixture
def store() -> MemoryRunStore:
    return MemoryRunStore()


def watched(store: MemoryRunStore, run_id: str, **how: object) -> RunView:
    """A view that is refreshed by hand."""
    view = RunView(store, run_id, watcher=Watcher(), **how)  # type: ignore[arg-type]  # what the test gives
    view.widget  # noqa: B018 - makes the widget
    view.refresh()
    return view


def header_of(view: RunView) -> str:
    assert view._parts is not None
    found: list[str] = []

    def collect(widget: ipywidgets.Widget) -> None:
        if isinstance(widget, ipywidgets.HTML):
            found.append(widget.value)
        for child in getattr(widget, "children", ()):
            collect(child)

    collect(view._parts.header.widget)
    return "\n".join(found)


def ask(view: RunView, verb: str, value: str = "") -> None:
    """Do what the page does when a control is used."""
    assert view._parts is not None
    view._parts.header._host.page.widget._handle_custom_msg({"n": 1, "do": verb, "with": "", "value": value}, [])


def test_it_tells_number_name_tags_host_step_and_last_values(store: MemoryRunStore) -> None:
    experiment = store.open_experiment("diabetes")
    writer = this_process()
    run_id = store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id, display_name="ridge", tags={"best": None, "k": "3"}, writer=writer
        )
    ).run_id
    store.set_status(run_id, RunStatus.RUNNING)
    for step in range(3):
        store.log_metrics(run_id, {"loss": 0.5 - step / 10, "accuracy": 0.25 + step}, step * 100)

    header = header_of(watched(store, run_id))

    for text in ("ridge", "diabetes", "Run <b>1</b>", run_id, writer.host, "best", "k: 3"):
        assert text in header
    assert re.search(r"Step</span>.*?200<", header)
    assert re.search(r"loss</span>.*?0.3<", header)
    assert re.search(r"accuracy</span>.*?2.25<", header)


def test_text_of_a_run_is_escaped_in_it(store: MemoryRunStore) -> None:
    experiment = store.open_experiment(HOSTILE)
    run_id = store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id, display_name=HOSTILE, tags={HOSTILE: HOSTILE}, description=HOSTILE
        )
    ).run_id
    store.log_metrics(run_id, {HOSTILE: 1.0})
    store.log_metrics(run_id, {HOSTILE: 2.0})

    header = header_of(watched(store, run_id, cancel=lambda: None, page_url='http://x/"onclick=alert(1)'))

    assert "<img" not in header
    assert '"onclick' not in header


def test_a_change_of_status_is_spoken_and_what_was_there_before_is_not(store: MemoryRunStore) -> None:
    run_id = running(store, "ridge")
    view = watched(store, run_id)
    assert view._parts is not None
    spoken = view._parts.header._spoken
    assert 'aria-live="polite"></div>' in spoken.value

    store.set_status(run_id, RunStatus.COMPLETED)
    view.refresh()

    assert "ridge: Completed</div>" in spoken.value


def test_a_long_history_is_spoken_of_when_it_goes_on_and_when_it_is_there(store: MemoryRunStore) -> None:
    run_id = running(store, "ridge")
    store.log_columns(run_id, "loss", {None: [1.0, 0.5]})
    view = watched(store, run_id)
    assert view._parts is not None
    header, told = view._parts.header, view.state

    def hear(*, has_more: bool) -> object:
        header.update(replace(told, has_more=has_more))
        return header._spoken.value

    assert "ridge: its history is long and still being read</div>" in str(hear(has_more=True))
    header._spoken.value = "nothing since"
    assert hear(has_more=True) == "nothing since", "once is enough"
    assert "ridge: its whole history is read, 2 points</div>" in str(hear(has_more=False))


def test_a_paused_view_reads_nothing_until_it_is_asked_or_goes_on(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = running(store)
    view = watched(store, run_id)

    ask(view, "pause")
    store.log_metric(run_id, "loss", 1.0)

    assert view.refresh()
    assert "loss" not in view.state.metrics
    assert "Paused" in header_of(view)
    assert "ago" not in header_of(view)

    ask(view, "refresh")
    view.refresh()

    assert "loss" in view.state.metrics
    assert "Paused" in header_of(view)

    monkeypatch.setattr(clock, "now", lambda: 2e9)
    ask(view, "pause")
    store.log_metric(run_id, "accuracy", 1.0)
    view.refresh()

    assert "accuracy" in view.state.metrics
    assert "Paused" not in header_of(view)


def test_a_paused_view_still_says_that_this_process_lives(
    store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = store.open_experiment("tests")
    run_id = store.create_run(NewRun(experiment_id=experiment.experiment_id, writer=this_process())).run_id
    store.set_status(run_id, RunStatus.RUNNING)
    view = watched(store, run_id)
    ask(view, "pause")
    touched: list[str] = []
    monkeypatch.setattr(store, "touch", touched.append)

    view.refresh()

    assert touched == [run_id]


def test_the_interval_is_chosen_in_the_header(store: MemoryRunStore) -> None:
    view = watched(store, running(store), refresh_seconds=7)
    assert '<option value="7" selected>every 7 s</option>' in header_of(view)

    ask(view, "interval", "30")

    assert view.refresh_seconds == 30
    assert '<option value="30" selected>every 30 s</option>' in header_of(view)


def test_a_run_that_has_ended_offers_one_more_look_only(store: MemoryRunStore) -> None:
    run_id = running(store)
    store.set_status(run_id, RunStatus.COMPLETED)
    view = watched(store, run_id)

    header = header_of(view)

    assert 'data-aml-do="refresh"' in header
    assert 'data-aml-do="pause"' not in header
    assert 'data-aml-do="interval"' not in header


def test_only_a_run_that_can_be_cancelled_offers_it_and_asks_before(store: MemoryRunStore) -> None:
    asked: list[str] = []
    run_id = running(store, "ridge")
    assert "Cancel run" not in header_of(watched(store, run_id))
    view = watched(store, run_id, cancel=lambda: asked.append("cancel"))
    assert 'data-aml-confirm="Cancel ridge? What it has logged stays."' in header_of(view)

    ask(view, "cancel")
    view.refresh()

    assert asked == ["cancel"]
    store.set_status(run_id, RunStatus.CANCELED)
    view.refresh()
    assert "Cancel run" not in header_of(view)


def test_a_page_of_the_run_is_linked(store: MemoryRunStore) -> None:
    run_id = running(store)

    assert 'href="http://localhost/run?a=1&amp;b=2"' in header_of(
        watched(store, run_id, page_url="http://localhost/run?a=1&b=2")
    )
    assert "href" not in header_of(watched(store, run_id))
