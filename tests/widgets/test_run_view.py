"""The widget follows its run, says what it cannot know, and leaves nothing behind."""

from __future__ import annotations

import ctypes
import gc
import re
import threading
import weakref
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import bqplot
import ipywidgets
import psutil
import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import StoreUnavailable, UserError
from aml_widgets.core.records import ArtifactRecord, MetricKind, NewRun, RunChanges, RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.widgets import run_view, static_output
from aml_widgets.widgets.run_details import RunDetails
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.static_output import STATIC_SECONDS
from aml_widgets.widgets.watcher import Watcher
from tests.widgets.building import running

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


class FlakyStore(MemoryRunStore):
    """A store that can be told not to answer, and that counts signs of life."""

    reason: str | None = None
    touch_count = 0

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        if self.reason is not None:
            raise StoreUnavailable(self.reason)
        return super().changes_since(run_id, cursor, max_buckets=max_buckets, max_new_points=max_new_points)

    def touch(self, run_id: str) -> None:
        self.touch_count += 1
        super().touch(run_id)


@pytest.fixture
def store() -> FlakyStore:
    return FlakyStore()


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    """No test leaves a model behind that another one counts."""
    yield
    ipywidgets.Widget.close_all()


def models() -> int:
    return len(ipywidgets.widgets.widget._instances)


def watched(store: FlakyStore, run_id: str) -> RunView:
    """A view that is refreshed by hand."""
    view = RunView(store, run_id, watcher=Watcher())
    view.widget  # noqa: B018 - makes the widget
    view.refresh()
    return view


def html_of(view: RunView) -> str:
    """All HTML that the view shows, without its style sheet."""
    found: list[str] = []

    def collect(widget: ipywidgets.Widget) -> None:
        if isinstance(widget, ipywidgets.HTML) and not widget.value.startswith("<style>"):
            found.append(widget.value)
        for child in getattr(widget, "children", ()):
            collect(child)

    collect(view.widget)
    return "\n".join(found)


def all_of(view: RunView, kind: type[ipywidgets.Widget]) -> list[ipywidgets.Widget]:
    found: list[ipywidgets.Widget] = []

    def collect(widget: ipywidgets.Widget) -> None:
        if isinstance(widget, kind):
            found.append(widget)
        for child in getattr(widget, "children", ()):
            collect(child)

    collect(view.widget)
    return found


def line_of(view: RunView, place: int = 0) -> bqplot.Lines:
    return all_of(view, bqplot.Figure)[place].marks[0]


def write_log(store: FlakyStore, run_id: str, content: str, path: str = "logs/user_log.txt") -> None:
    with store.artifacts.append_path(run_id, path).open("a") as log:
        log.write(content)
    store.record_artifact(run_id, ArtifactRecord(path=path, size_bytes=0, written_at=0.0, is_log=True))


def test_new_points_change_the_marks_and_nothing_is_built_anew(store: FlakyStore) -> None:
    run_id = running(store)
    store.log_columns(run_id, "loss", {None: array("d", [3.0, 2.0])})
    store.log_columns(run_id, "accuracy", {None: array("d", [0.1, 0.2])})
    view = watched(store, run_id)
    n_models, loss, accuracy = models(), line_of(view, 0), line_of(view, 1)
    drawn = accuracy.y

    store.log_metric(run_id, "loss", 1.0)
    view.refresh()

    assert line_of(view, 0) is loss
    assert loss.y.tolist() == [3.0, 2.0, 1.0]
    assert accuracy.y is drawn
    assert models() == n_models


def test_a_refresh_without_news_touches_only_the_times(store: FlakyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = running(store)
    store.log_columns(run_id, "loss", {None: array("d", [3.0, 2.0])})
    store.log_metric(run_id, "alpha", 0.3)
    write_log(store, run_id, "hello")
    view = watched(store, run_id)
    sent: list[tuple[str, str]] = []
    send = ipywidgets.Widget.send_state

    def note(self: ipywidgets.Widget, key: object = None) -> None:
        names = [key] if isinstance(key, str) else sorted(key or ())  # type: ignore[call-overload]  # a set of names
        sent.extend((type(self).__name__, name) for name in names)
        send(self, key)

    monkeypatch.setattr(ipywidgets.Widget, "send_state", note)

    view.refresh()

    assert set(sent) <= {("HTML", "value")}
    assert len(sent) <= 1


def test_the_status_is_a_word_and_a_failed_run_says_why(store: FlakyStore) -> None:
    run_id = running(store, "my run")
    view = watched(store, run_id)
    assert "Running" in html_of(view)

    error = RunError(code="UserError", message="it broke", traceback="Traceback of it")
    store.set_status(run_id, RunStatus.FAILED, error=error)

    assert view.refresh() is False
    html = html_of(view)
    for text in ("Failed", "my run", "UserError", "it broke", "Traceback of it", "Ended"):
        assert text in html
    assert "aml-ticking" not in html


def test_a_run_that_ends_is_read_once_more(store: FlakyStore) -> None:
    run_id = running(store)
    view = watched(store, run_id)
    write_log(store, run_id, "the last line\n")
    store.set_status(run_id, RunStatus.COMPLETED)

    goes_on = view.refresh()

    assert goes_on is False
    assert "the last line" in html_of(view)


def test_an_empty_run_is_shown_kindly(store: FlakyStore) -> None:
    run_id = running(store)
    view = watched(store, run_id)
    assert "No metrics yet." in html_of(view)
    assert "has written no log yet" in html_of(view)
    assert "Prints are kept for runs used in a <code>with</code> block." in html_of(view)

    store.set_status(run_id, RunStatus.COMPLETED)
    view.refresh()

    assert "This run has logged no metrics." in html_of(view)
    assert "This run has written no log." in html_of(view)


def test_a_silent_store_is_said_with_its_reason_and_old_data_stays(
    store: FlakyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000_000.0)
    run_id = running(store)
    store.log_columns(run_id, "loss", {None: array("d", [3.0, 2.0])})
    view = watched(store, run_id)
    monkeypatch.setattr(clock, "now", lambda: 1_000_100.0)

    store.reason = "the disk <b>went</b> away"
    goes_on = view.refresh()
    monkeypatch.setattr(clock, "now", lambda: 1_000_200.0)
    view.refresh()

    assert goes_on is True
    assert view.state.silence is not None
    assert view.state.silence.since == 1_000_100.0
    assert "The store cannot be reached" in html_of(view)
    assert "the disk &lt;b&gt;went&lt;/b&gt; away" in html_of(view)
    assert "aml-ticking" not in html_of(view)
    assert line_of(view).y.tolist() == [3.0, 2.0]

    store.reason = None
    view.refresh()
    assert "cannot be reached" not in html_of(view)


def test_a_store_that_is_silent_from_the_start_is_tried_again(store: FlakyStore) -> None:
    run_id = running(store)
    store.reason = "not yet"
    view = watched(store, run_id)
    assert "not yet" in html_of(view)

    store.reason = None
    view.refresh()

    assert "Running" in html_of(view)


def test_an_unknown_run_is_said(store: FlakyStore) -> None:
    view = watched(store, "no-such-run")

    assert "no-such-run" in html_of(view)
    assert view.state.silence is not None


def test_a_cursor_of_another_store_begins_anew(store: FlakyStore) -> None:
    run_id = running(store)
    view = watched(store, run_id)
    other = FlakyStore()
    experiment = other.open_experiment("tests")
    other.create_run(NewRun(experiment_id=experiment.experiment_id, run_id=run_id, display_name="replaced"))

    view._store = other
    view.refresh()
    view.refresh()

    assert "replaced" in html_of(view)


def test_a_panel_that_fails_is_said_in_the_view(store: FlakyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    view = watched(store, running(store))
    assert view._parts is not None

    def fail(_state: object) -> None:
        raise RuntimeError("cannot <draw>")

    monkeypatch.setattr(view._parts.panels[0], "update", fail)

    with pytest.raises(RuntimeError, match="cannot <draw>"):
        view.refresh()

    assert "RuntimeError: cannot &lt;draw&gt;" in html_of(view)


def test_a_run_of_this_process_is_kept_alive_and_others_are_not(store: FlakyStore) -> None:
    experiment = store.open_experiment("tests")
    own = store.create_run(NewRun(experiment_id=experiment.experiment_id, writer=this_process()))
    store.set_status(own.run_id, RunStatus.RUNNING)
    view = watched(store, own.run_id)
    assert store.touch_count == 1

    watched(store, running(store))
    assert store.touch_count == 1

    store.set_status(own.run_id, RunStatus.COMPLETED)
    view.refresh()
    assert store.touch_count == 1


def test_values_logged_once_are_tiles_and_text_a_table(store: FlakyStore) -> None:
    run_id = running(store)
    store.log_metrics(run_id, {"alpha": 0.25, "count": 10**30, "model": "ridge", "flag": True, "nothing": None})
    store.log_columns(run_id, "empty", {None: []})
    store.log_columns(run_id, "row", {"x": [1], "who": ["me"]}, kind=MetricKind.ROW)
    store.log_columns(run_id, "picture", {None: ["plots/p.png"]}, kind=MetricKind.IMAGE)

    html = html_of(watched(store, run_id))

    for text in ("0.25", "ridge", "True", "None", "empty", "plots/p.png", str(10**30)[:23]):
        assert text in html


def test_nothing_from_a_run_is_markup(store: FlakyStore) -> None:
    experiment = store.open_experiment(HOSTILE)
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id, display_name=HOSTILE, description=HOSTILE))
    run_id = run.run_id
    store.log_metrics(run_id, {HOSTILE: 1.5, "text": HOSTILE})
    store.log_columns(run_id, "line " + HOSTILE, {None: array("d", [1.0, 2.0])})
    columns: Mapping[str | None, Sequence[int]] = {"a" + HOSTILE: [1, 2], "b" + HOSTILE: [1, 2], HOSTILE: [1, 2]}
    store.log_columns(run_id, "rows " + HOSTILE, columns, kind=MetricKind.ROW)
    store.log_columns(run_id, "one " + HOSTILE, {HOSTILE: [HOSTILE]}, kind=MetricKind.ROW)
    store.log_columns(run_id, "image " + HOSTILE, {None: [HOSTILE]}, kind=MetricKind.IMAGE)
    write_log(store, run_id, HOSTILE, "logs/<b>.txt")
    error = RunError(code=HOSTILE, message=HOSTILE, traceback=HOSTILE, error_type=HOSTILE)
    store.set_status(run_id, RunStatus.FAILED, error=error)

    html = html_of(watched(store, run_id))

    assert "<img" not in html
    assert html.count("&lt;img") > 10


def test_close_frees_every_model_and_may_be_called_twice(store: FlakyStore) -> None:
    run_id = running(store)
    store.log_columns(run_id, "loss", {None: array("d", [3.0, 2.0])})
    write_log(store, run_id, "hello\n")
    before = models()
    view = watched(store, run_id)
    assert models() > before

    view.close()
    view.close()

    assert models() == before
    assert view.refresh() is False


def test_a_closed_view_can_be_shown_again(store: FlakyStore) -> None:
    run_id = running(store)
    view = watched(store, run_id)
    view.close()
    store.log_columns(run_id, "loss", {None: array("d", [3.0, 2.0])})

    view.widget  # noqa: B018 - makes the widget
    view.refresh()

    assert line_of(view).y.tolist() == [3.0, 2.0]


def test_the_page_holds_the_view_and_its_closing_lets_go_of_it(store: FlakyStore) -> None:
    watcher = Watcher()
    view = RunView(store, running(store), watcher=watcher)
    root = view.widget
    reference = weakref.ref(view)

    del view
    gc.collect()
    assert reference() is not None

    reference().close()  # type: ignore[union-attr]  # the line above
    del root
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize(
    ("n_turns", "n_cycles", "most_objects", "most_bytes"),
    [(3, 80, 42, 1_680_000), pytest.param(1, 950, 500, 20_000_000, marks=pytest.mark.long)],
    ids=["hundreds", "a thousand"],
)
def test_shows_and_closes_leave_nothing_behind(
    store: FlakyStore, n_turns: int, n_cycles: int, most_objects: int, most_bytes: int
) -> None:
    run_id = running(store)
    for name in ("loss", "accuracy"):
        store.log_columns(run_id, name, {None: array("d", [3.0, 2.0])})
    write_log(store, run_id, "hello\n")
    watcher = Watcher()

    def cycle() -> None:
        view = RunView(store, run_id, watcher=watcher)
        view.widget  # noqa: B018 - makes the widget
        watcher.add(view)
        view.refresh()
        view.close()

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    def resident_bytes() -> int:
        """Without what was freed and is kept for the next one, which depends on all that this process did before."""
        if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
            libc.malloc_trim(0)
        return int(psutil.Process().memory_info().rss)

    for _ in range(50):
        cycle()
    n_models, n_threads = models(), threading.active_count()
    growth: list[tuple[int, int]] = []
    for _ in range(n_turns):  # what other threads of this process do meanwhile is seen in one turn, a leak in all
        n_objects, n_bytes = objects(), resident_bytes()
        for _ in range(n_cycles):
            cycle()
        growth.append((objects() - n_objects, resident_bytes() - n_bytes))

    assert models() == n_models
    assert threading.active_count() <= n_threads + 1  # the watcher's own, which may be about to end
    assert len(watcher) == 0
    assert min(n for n, _ in growth) < most_objects
    assert min(n for _, n in growth) < most_bytes


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), "10", True])
def test_an_interval_that_is_none_is_refused(store: FlakyStore, seconds: float) -> None:
    view = RunView(store, "r", watcher=Watcher())

    with pytest.raises(UserError, match="refresh_seconds"):
        view.refresh_seconds = seconds


def test_without_a_kernel_the_view_is_printed(store: FlakyStore, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = running(store, "in a terminal")
    store.log_metric(run_id, "alpha", 0.25)

    RunView(store, run_id, watcher=Watcher()).show()

    printed = capsys.readouterr().out
    assert "in a terminal: Running" in printed
    assert "alpha: 0.25" in printed


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("abc", "got 'abc', a str. Use RunDetails(ws.get_run('abc'))."),
        (None, "got None, a NoneType. Use RunDetails(run), where run is what"),
    ],
)
def test_what_is_no_run_is_refused(value: object, told: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"RunDetails shows a Run, {told}")):
        RunDetails(value)  # type: ignore[arg-type]  # what is tested


class Outputs:
    """What was put into the notebook, and a clock to turn."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0
        self.shown: list[dict[str, str]] = []

    def display(self, bundle: dict[str, str], *, display_id: str | None = None, update: bool = False) -> None:
        self.shown.append({**bundle, "update": str(update), "display_id": display_id or ""})

    def taken(self) -> list[dict[str, str]]:
        shown, self.shown = self.shown, []
        return shown


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    found = Outputs()
    monkeypatch.setattr(run_view, "has_kernel", lambda: True)
    monkeypatch.setattr(run_view, "display", found.display)
    monkeypatch.setattr(static_output, "display", found.display)
    monkeypatch.setattr(clock, "now", lambda: found.seconds)
    return found


class StillWatcher(Watcher):
    """A watcher that leaves refreshing to the test."""

    def add(self, view: object) -> None:
        pass


def shown(store: FlakyStore, run_id: str) -> RunView:
    view = RunView(store, run_id, watcher=StillWatcher())
    view.show()
    return view


def test_the_static_view_lies_before_the_live_one_and_is_filled_after_it(store: FlakyStore, outputs: Outputs) -> None:
    shown(store, running(store, "my run"))

    empty, live, static = outputs.taken()
    assert "my run" not in empty["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in live
    assert live["text/plain"] == ""
    assert "my run" in static["text/html"]
    assert (static["update"], static["display_id"]) == ("True", empty["display_id"])


def test_the_static_view_of_a_run_that_goes_on_is_renewed_now_and_then(store: FlakyStore, outputs: Outputs) -> None:
    run_id = running(store)
    view = shown(store, run_id)
    outputs.taken()

    outputs.seconds += 1
    store.log_metric(run_id, "first", 1.0)
    view.refresh()
    (static,) = outputs.taken()
    assert "first" in static["text/plain"]

    outputs.seconds += STATIC_SECONDS - 1
    store.log_metric(run_id, "second", 1.0)
    view.refresh()
    assert outputs.taken() == []

    outputs.seconds += 1
    view.refresh()
    (static,) = outputs.taken()
    assert "second" in static["text/plain"]

    for _ in range(3):
        outputs.seconds += 10 * STATIC_SECONDS
        store.touch(run_id)
        view.refresh()
    assert outputs.taken() == []

    store.log_metric(run_id, "third", 1.0)
    view.refresh()
    store.set_status(run_id, RunStatus.COMPLETED)
    view.refresh()
    third, end = outputs.taken()
    assert "third" in third["text/plain"]
    assert "Completed" in end["text/plain"]


def test_the_static_view_says_at_once_that_a_run_does_not_respond(
    store: FlakyStore, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = running(store)
    view = shown(store, run_id)
    outputs.taken()
    read = store.changes_since

    def read_as_silent(run_id: str, cursor: str | None = None) -> RunChanges:
        changes = read(run_id, cursor)
        return replace(changes, run=replace(store.get_run(run_id), status=RunStatus.NOT_RESPONDING))

    monkeypatch.setattr(store, "changes_since", read_as_silent)
    view.refresh()
    view.refresh()

    (static,) = outputs.taken()
    assert "NotResponding" in static["text/plain"]
    assert "aml-clock" not in html_of(view)


def test_the_end_of_a_run_does_not_wait_for_a_view_that_is_being_drawn(store: FlakyStore, outputs: Outputs) -> None:
    run_id = running(store)
    view = RunView(store, run_id, watcher=Watcher())
    view.show()
    store.set_status(run_id, RunStatus.COMPLETED)
    kept = threading.Event()

    def end() -> None:
        view.keep_end()
        kept.set()

    with view._lock:
        thread = threading.Thread(target=end)
        thread.start()
        assert kept.wait(20)
    thread.join()

    assert "Completed" in outputs.taken()[-1]["text/html"]
    view.close()


def test_a_run_that_the_store_does_not_know_is_said(store: FlakyStore) -> None:
    view = watched(store, "nobody")

    assert "The store does not have this run." in html_of(view)
    assert "cannot be reached" not in html_of(view)


def test_cancelling_is_done_by_the_next_refresh_and_a_failure_is_said(store: FlakyStore) -> None:
    run_id = running(store)
    asked: list[str] = []

    def cancel() -> None:
        asked.append(run_id)
        raise StoreUnavailable("the <b>disk</b> is away")

    view = RunView(store, run_id, watcher=Watcher(), cancel=cancel)
    view.widget  # noqa: B018 - makes the widget
    view.cancel()
    view.refresh()

    assert asked == [run_id]
    assert "could not be cancelled: the &lt;b&gt;disk" in html_of(view)
    view.refresh()
    assert asked == [run_id]


def test_a_submitted_run_is_looked_after_while_it_is_watched(
    store: FlakyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_after: list[str] = []
    monkeypatch.setattr(run_view, "look_after", lambda store, run: looked_after.append(run.run_id))
    experiment = store.open_experiment("ridge")
    submitted = store.create_run(NewRun(experiment_id=experiment.experiment_id, run_type="azureml.scriptrun"))

    for run_id in (running(store), submitted.run_id):
        view = RunView(store, run_id, watcher=Watcher())
        view.widget  # noqa: B018 - makes the widget
        view.refresh()

    assert looked_after == [submitted.run_id]
