"""Static HTML and text stand by themselves, are bounded, and hold no markup of a run."""

from __future__ import annotations

import base64
import math
import re
from array import array
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from aml_widgets.core.records import MetricKind, NewRun, RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.widgets.fallback import MAX_SAVED_BYTES, fallback_html, fallback_text
from aml_widgets.widgets.pictures import MAX_LINES
from aml_widgets.widgets.view_state import ViewState, advance
from tests.widgets.building import places_in, running

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'&"
ALLOWED_TAGS = {
    "div",
    "p",
    "b",
    "br",
    "code",
    "small",
    "span",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "pre",
    "img",
}
ALLOWED_ATTRIBUTES = {"style", "src", "alt", "width", "height"}


class Inspector(HTMLParser):
    """Collects tags, attributes and sources."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.sources.extend(value or "" for name, value in attrs if name == "src")


def inspect(html: str) -> Inspector:
    inspector = Inspector()
    inspector.feed(html)
    return inspector


def state_of(store: MemoryRunStore, run_id: str) -> ViewState:
    return advance(ViewState(run_id=run_id), store.changes_since(run_id), heard_at=1_000_000.0)


def pictures(html: str) -> list[str]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    return [base64.b64decode(one).decode() for one in found]


def test_charts_are_pictures_and_values_a_table() -> None:
    store = MemoryRunStore()
    run_id = running(store, "my run")
    store.log_columns(run_id, "loss", {None: array("d", [3.0, math.nan, 2.0, 1.0])})
    store.log_metric(run_id, "model", "ridge")

    html = fallback_html(state_of(store, run_id))

    (picture,) = pictures(html)
    root = ET.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "as of 1970-01-12 " in html
    for text in ("my run", "Running", "loss", "ridge"):
        assert text in html


def test_nothing_from_a_run_is_markup_and_nothing_is_fetched() -> None:
    store = MemoryRunStore()
    experiment = store.open_experiment(HOSTILE)
    run_id = store.create_run(NewRun(experiment_id=experiment.experiment_id, display_name=HOSTILE)).run_id
    store.log_columns(run_id, HOSTILE, {None: array("d", [1.0, 2.0])})
    store.log_columns(run_id, "rows", {HOSTILE: [1, 2], "b": [1, 2], "c": [2, 2]}, kind=MetricKind.ROW)
    store.log_metric(run_id, "text", HOSTILE)
    error = RunError(code=HOSTILE, message=HOSTILE, traceback=HOSTILE)
    store.set_status(run_id, RunStatus.FAILED, error=error)

    found = inspect(fallback_html(state_of(store, run_id)))

    assert found.tags <= ALLOWED_TAGS
    assert found.attributes <= ALLOWED_ATTRIBUTES
    assert all(source.startswith("data:image/svg+xml;base64,") for source in found.sources)


def test_however_much_was_logged_the_html_is_bounded() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    for place in range(300):
        values = array("d", [math.sin(place + step / 7) for step in range(400)])
        store.log_columns(run_id, f"{'long name ' * 40}{place}", {None: values})
        store.log_metric(run_id, f"text {place}", "<>&" * 10_000)
    error = RunError(code="c" * 5_000, message="<" * 100_000, traceback="&" * 100_000)
    store.set_status(run_id, RunStatus.FAILED, error=error)

    html = fallback_html(state_of(store, run_id))

    assert len(html.encode()) <= MAX_SAVED_BYTES
    assert "more charts" in html
    assert "more metrics" in html


def test_thirty_charts_fit() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    for place in range(30):
        values = array("d", [math.sin(place + step / 7) for step in range(5_000)])
        store.log_columns(run_id, f"metric {place}", {None: values})

    html = fallback_html(state_of(store, run_id))

    assert len(pictures(html)) == 30
    assert len(html.encode()) <= MAX_SAVED_BYTES


def test_extreme_numbers_make_pictures_without_nan() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    extremes = {
        "largest": [-1.7e308, 1.7e308],
        "smallest": [5e-324, 1e-320],
        "constant": [4.0, 4.0],
        "zero": [0.0, 0.0],
        "gaps": [math.nan, math.inf],
        "near": [1e15, 1e15 + 0.125],
    }
    for name, values in extremes.items():
        store.log_columns(run_id, name, {None: array("d", values)})

    drawn = pictures(fallback_html(state_of(store, run_id)))

    assert len(drawn) == len(extremes)
    assert not [picture for picture in drawn if "nan" in picture or "inf" in picture]


def test_the_text_is_short_and_says_what_matters() -> None:
    store = MemoryRunStore()
    run_id = running(store, "my run")
    store.log_metrics(run_id, {f"metric {place}": place / 8 for place in range(100)})
    store.set_status(run_id, RunStatus.FAILED, error=RunError(code="UserError", message="it broke"))

    text = fallback_text(state_of(store, run_id))

    for part in ("my run: Failed", "UserError: it broke", "metric 1: 0.125", "and 60 more metrics", run_id):
        assert part in text


def test_a_run_that_was_never_read_is_said() -> None:
    assert "not read yet" in fallback_text(ViewState(run_id="r"))
    assert "not read yet" in fallback_html(ViewState(run_id="r"))


def test_steps_are_whole_and_axes_read_as_in_the_live_view() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    store.log_columns(run_id, "few", {None: array("d", [1.0, 2_000_000.0])})

    (picture,) = pictures(fallback_html(state_of(store, run_id)))

    labels = [element.text for element in ET.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]
    assert labels[-2:] == ["0", "1"]
    assert "1.5M" in labels


def test_one_spike_in_a_million_is_drawn() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    values = array("d", [0.0]) * 1_000_000
    values[654_321], values[321_654] = 50.0, -50.0
    store.log_columns(run_id, "noisy", {None: values})

    (picture,) = pictures(fallback_html(state_of(store, run_id)))

    heights = sorted({y for _, y in places_in(re.findall(r'd="([^"]*)" transform', picture)[0])})
    assert heights[-1] - heights[0] > 130  # of the 156 between the axis and the upper edge


def test_every_line_of_a_picture_looks_different() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    columns: dict[str | None, list[float]] = {f"c{place}": [place, place + 1.0] for place in range(30)}
    store.log_columns(run_id, "many", columns, kind=MetricKind.ROW)

    html = fallback_html(state_of(store, run_id))

    looks = re.findall(r'stroke="(#\w+)" stroke-width="16" stroke-linejoin="round"([^/]*)/>', pictures(html)[0])
    assert len(looks) == len(set(looks)) == MAX_LINES
    assert "6 more that are not drawn" in html


def test_texts_and_long_numbers_are_written_out() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    store.log_metric(run_id, "seed", 1180591620717411303424)
    store.log_columns(run_id, "classes", {None: ["ridge", "lasso"]})

    html = fallback_html(state_of(store, run_id))

    assert "1180591620717411303424" in html
    assert "ridge, lasso" in html


def test_no_number_is_shown_where_there_is_none() -> None:
    store = MemoryRunStore()
    state = state_of(store, running(store, ""))
    assert state.run is not None
    named = replace(state.run, display_name=None)
    plain = replace(named, number=0)

    for make in (fallback_text, fallback_html):
        assert "Run 1" in make(replace(state, run=named))
        assert ", run 1, id " in make(replace(state, run=named))
        shown = make(replace(state, run=plain))
        assert plain.run_id in shown
        assert "run 0" not in shown.lower()


def test_a_run_that_does_not_respond_lasted_until_its_last_sign_of_life() -> None:
    store = MemoryRunStore()
    state = state_of(store, running(store))
    assert state.run is not None
    run = replace(state.run, status=RunStatus.NOT_RESPONDING, started_at=1_000.0, last_seen_at=1_075.0)

    for shown in (fallback_text(replace(state, run=run)), fallback_html(replace(state, run=run))):
        assert "duration 0:01:15" in shown
        assert "The process that wrote this run is gone; last sign of life 1970-01-01 " in shown
