"""Cards of tables, documents and pictures, told of states and asked as the page asks."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterable, Iterator, Sequence

import ipywidgets
import pytest
from PIL import Image

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import MetricHistory, MetricKey, MetricKind, MetricValue
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_documents
from aml_widgets.testing.seeded import tiny_png
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.pages_of_rows import ROWS_PER_PAGE
from aml_widgets.widgets.panels.cards import Card, make_card
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.picture_files import MAX_EDGE, WrongPicture, show_picture, show_small, sniff_media_type
from aml_widgets.widgets.settings import SettingsHolder
from aml_widgets.widgets.view_state import MetricState, ViewState, advance, card_kind
from aml_widgets.widgets.watcher import Watched, Watcher
from tests.widgets.building import running


class CountingStore(MemoryRunStore):
    """A store that counts how often histories are read, and may be told not to answer."""

    read_count = 0
    reason: str | None = None

    def read_histories(self, run_id: str, names: Iterable[str]) -> dict[MetricKey, MetricHistory]:
        self.read_count += 1
        if self.reason:
            raise StoreUnavailable(self.reason)
        return dict(super().read_histories(run_id, list(names)))


class IdleWatcher(Watcher):
    """A watcher without a thread: the test does its work."""

    waits: Watched | None = None

    def add(self, view: Watched) -> None:
        self.waits = view

    def work(self) -> bool:
        assert self.waits is not None
        return self.waits.refresh()


class Desk:
    """One run, its view's host, and what was sent to be saved."""

    def __init__(self) -> None:
        self.store = CountingStore()
        self.run_id = running(self.store)
        self.watcher = IdleWatcher()
        lock = threading.RLock()
        self.page = Page(lock)
        self.sent: list[tuple[str, str, bytes]] = []
        self.page.send_file = self._keep  # type: ignore[method-assign]  # the browser is not there
        self.host = Host(
            store=self.store,
            run_id=self.run_id,
            lock=lock,
            page=self.page,
            settings=SettingsHolder(),
            open_run=lambda _: None,
            watcher=self.watcher,
        )
        self.state = ViewState(run_id=self.run_id)

    def look(self, name: str) -> tuple[MetricState, ViewState]:
        """Ask the store what is new; give a metric as the view now holds it."""
        self.state = advance(self.state, self.store.changes_since(self.run_id, self.state.cursor))
        return self.state.metrics[name], self.state

    def card(self, name: str) -> Card:
        """Make the card of a metric and draw it."""
        metric, state = self.look(name)
        card = make_card(card_kind(metric), self.host, "c1")
        card.draw(metric, state)
        return card

    def ask(self, action: str, value: str = "") -> None:
        """Use a control of the card."""
        self.page._handlers["card-c1"](action, value)

    def _keep(self, name: str, media_type: str, chunks: Iterable[bytes], *, total_bytes: int | None = None) -> None:
        self.sent.append((name, media_type, b"".join(chunks)))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def html_of(card: Card) -> str:
    """Give all HTML of a card that is shown."""
    return "".join(_values(card.widget))


def _values(widget: ipywidgets.Widget) -> Iterator[str]:
    if isinstance(widget, ipywidgets.HTML):
        yield widget.value
    for child in getattr(widget, "children", ()):
        yield from _values(child)


def put(desk: Desk, path: str, content: bytes) -> None:
    desk.store.artifacts.put(desk.run_id, path, io.BytesIO(content))


def log_rows(desk: Desk, n_rows: int, first: int = 0) -> None:
    rows = range(first, first + n_rows)
    columns: dict[str | None, Sequence[MetricValue]] = {
        "text": [f"row {row}" for row in rows],
        "n": [float(row) for row in rows],
    }
    desk.store.log_columns(desk.run_id, "table", columns, kind=MetricKind.ROW)


def test_a_table_is_shown_in_the_order_of_logging_a_page_at_a_time(desk: Desk) -> None:
    log_rows(desk, 45)

    card = desk.card("table")

    assert "row 0<" in html_of(card)
    assert "row 20<" not in html_of(card)
    assert "rows 1\N{EN DASH}20 of 45" in html_of(card)
    desk.ask("last")
    assert "row 44<" in html_of(card)
    assert "rows 41\N{EN DASH}45 of 45" in html_of(card)
    desk.ask("previous")
    desk.ask("previous")
    desk.ask("previous")
    assert "rows 1\N{EN DASH}20 of 45" in html_of(card)
    assert desk.store.read_count == 0  # the view holds the newest five hundred values


def test_a_long_table_is_read_once_and_grows_by_what_the_view_is_told(desk: Desk) -> None:
    log_rows(desk, 3_000)
    card = desk.card("table")
    assert "row 0<" in html_of(card)
    assert desk.store.read_count == 1

    desk.ask("last")
    assert "row 2999<" in html_of(card)
    reads = desk.store.read_count
    log_rows(desk, 30, first=3_000)
    card.draw(*desk.look("table"))

    assert "of 3,030" in html_of(card)
    desk.ask("last")
    assert "row 3029<" in html_of(card)
    assert "rows 3,021\N{EN DASH}3,030 of 3,030" in html_of(card)
    assert desk.store.read_count == reads


def test_a_very_long_table_is_read_in_the_watchers_thread_and_says_so(desk: Desk) -> None:
    log_rows(desk, 20_000)

    card = desk.card("table")

    assert "Reading many rows" in html_of(card)
    assert "row 0<" not in html_of(card)
    assert desk.watcher.work() is False
    assert "row 0<" in html_of(card)
    desk.ask("last")
    assert "row 0<" in html_of(card)  # until the others are read
    assert "Reading many rows" in html_of(card)
    desk.watcher.work()
    assert "row 19999<" in html_of(card)
    assert "Reading" not in html_of(card)
    reads = desk.store.read_count
    desk.ask("previous")
    assert "rows 19,961" in html_of(card)
    assert desk.store.read_count == reads

    desk.ask("first")
    assert "Reading many rows" in html_of(card)
    desk.store.reason = "The disk is gone."
    desk.watcher.work()
    assert "These rows cannot be read now" in html_of(card)
    desk.store.reason = None
    card.draw(*desk.look("table"))
    desk.watcher.work()
    assert "row 0<" in html_of(card)
    card.close()


def test_the_newest_of_many_texts_are_shown_without_reading(desk: Desk) -> None:
    desk.store.log_columns(desk.run_id, "phase", {None: [f"phase {place}" for place in range(40_000)]})

    card = desk.card("phase")

    assert "phase 39999<" in html_of(card)
    assert "of 40,000" in html_of(card)
    assert desk.store.read_count == 0


def test_a_card_has_as_many_places_as_what_lies_on_it_needs(desk: Desk) -> None:
    log_rows(desk, 3)
    desk.store.log_columns(desk.run_id, "wide", {f"column {n}": [n, "x"] for n in range(20)}, kind=MetricKind.ROW)
    desk.store.log_columns(desk.run_id, "texts", {None: ["a rather long text", "and another one"]})

    narrow, double, wide = desk.card("table"), desk.card("texts"), desk.card("wide")

    assert not {"aml-card-double", "aml-card-wide"} & set(narrow.widget._dom_classes)
    assert "aml-card-double" in double.widget._dom_classes
    assert "aml-card-wide" in wide.widget._dom_classes
    assert (narrow.takes_row, double.takes_row, wide.takes_row) == (False, False, True)


def test_what_is_logged_again_and_again_shows_the_newest_page_and_follows_it(desk: Desk) -> None:
    desk.store.log_columns(desk.run_id, "phase", {None: [f"phase {place}" for place in range(20)]})
    card = desk.card("phase")
    assert "phase 0<" in html_of(card)

    desk.store.log_metric(desk.run_id, "phase", "the newest")
    card.draw(*desk.look("phase"))

    assert "the newest" in html_of(card)
    assert "phase 0<" not in html_of(card)
    assert "rows 21\N{EN DASH}21 of 21" in html_of(card)


def test_who_went_to_another_page_is_left_there(desk: Desk) -> None:
    desk.store.log_columns(desk.run_id, "phase", {None: [f"phase {place}" for place in range(50)]})
    card = desk.card("phase")
    desk.ask("first")

    desk.store.log_metric(desk.run_id, "phase", "the newest")
    card.draw(*desk.look("phase"))

    assert "phase 0<" in html_of(card)


def test_a_row_without_a_value_shows_a_dash(desk: Desk) -> None:
    desk.store.log_columns(desk.run_id, "table", {"a": ["x"], "b": ["y"]}, kind=MetricKind.ROW)
    desk.store.log_columns(desk.run_id, "table", {"b": ["z"]}, kind=MetricKind.ROW)

    assert html_of(desk.card("table")).count("not logged in this row") == 1


def test_a_table_is_saved_whole_as_csv(desk: Desk) -> None:
    log_rows(desk, ROWS_PER_PAGE * 3)
    desk.card("table")

    desk.ask("csv")

    name, media_type, content = desk.sent[0]
    assert (name, media_type) == ("table.csv", "text/csv; charset=utf-8")
    lines = content.decode().splitlines()
    assert lines[0] == 'seq,step,time,"text","n"'
    assert re.fullmatch(r'1,0,20[^,]+Z,"row 0",0\.0', lines[1])
    assert len(lines) == 1 + ROWS_PER_PAGE * 3


def test_a_text_is_saved_as_it_is_and_told_from_what_reads_alike(desk: Desk) -> None:
    values: list[MetricValue] = ["True", True, None, 10**1500, 'a,"b']
    for value in values:
        desk.store.log_metric(desk.run_id, "phase", value)
    desk.card("phase")

    desk.ask("csv")

    lines = desk.sent[0][2].decode().splitlines()
    assert lines[0] == 'seq,step,time,"value"'
    assert [one.split(",", 3)[3][:12] for one in lines[1:]] == ['"True"', "True", "", "1" + "0" * 11, '"a,""b"']


def test_a_store_that_does_not_answer_is_said_in_place(desk: Desk) -> None:
    log_rows(desk, 600)
    metric, state = desk.look("table")
    desk.store.reason = "The disk is <full>."

    card = make_card("table", desk.host, "c1")
    card.draw(metric, state)

    assert "These rows cannot be read now" in html_of(card)
    assert "The disk is &lt;full&gt;." in html_of(card)


def test_the_newest_document_is_shown_and_earlier_ones_are_a_click_away(desk: Desk) -> None:
    for size in (2, 3):
        put(desk, f"m{size}.json", b'{"data": {"matrix": %s}}' % str([[size] * size] * size).encode())
        desk.store.log_columns(desk.run_id, "matrix", {None: [f"m{size}.json"]}, kind=MetricKind.CONFUSION_MATRIX)

    card = desk.card("matrix")

    assert html_of(card).count('class="aml-hit"') == 3
    desk.ask("previous")
    assert html_of(card).count('class="aml-hit"') == 2
    assert "1 of 2" in html_of(card)
    desk.ask("matrix", "rates")
    assert "50.0%" in html_of(card)
    desk.ask("file")
    assert desk.sent[0][:2] == ("m2.json", "application/json")


def test_a_document_that_comes_later_is_shown_when_it_is_there(desk: Desk) -> None:
    desk.store.log_columns(desk.run_id, "residuals", {None: ["late.json"]}, kind=MetricKind.RESIDUALS)
    card = desk.card("residuals")
    assert "This document cannot be shown" in html_of(card)

    put(desk, "late.json", b'{"bin_edges": [0, 1], "bin_counts": [4]}')
    desk.store.log_columns(desk.run_id, "residuals", {None: ["late.json"]}, kind=MetricKind.RESIDUALS)
    card.draw(*desk.look("residuals"))

    assert "4 residuals in 1 bin" in html_of(card)
    card.close()
    card.close()


def test_every_seeded_card_is_drawn_and_nothing_of_it_becomes_markup(desk: Desk) -> None:
    run = seeded_documents.run_with_hostile_documents(desk.store)
    host = Host(
        store=desk.store,
        run_id=run.run_id,
        lock=desk.host.lock,
        page=desk.page,
        settings=SettingsHolder(),
        open_run=lambda _: None,
    )
    state = advance(ViewState(run_id=run.run_id), desk.store.changes_since(run.run_id))

    kinds = set()
    for metric in state.metrics.values():
        kind = card_kind(metric)
        if kind in ("table", "document", "image"):
            kinds.add(kind)
            card = make_card(kind, host, "c1")
            card.draw(metric, state)
            assert "<img src=x" not in html_of(card)
            assert "<script" not in html_of(card)
            card.close()
    assert kinds == {"table", "document", "image"}


def test_a_kind_without_a_card_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="table, document and image"):
        make_card("sound", desk.host, "c1")


def test_pictures_have_a_slider_that_goes_to_any_of_them(desk: Desk) -> None:
    for place in range(3):
        put(desk, f"p{place}.png", tiny_png(8 + place))
        desk.store.log_metric(desk.run_id, "seed", place)
        desk.store.log_columns(desk.run_id, "picture", {None: [f"p{place}.png"]}, kind=MetricKind.IMAGE)

    card = desk.card("picture")

    assert 'width="10"' in html_of(card)
    assert "3 of 3" in html_of(card)
    desk.ask("slide", "1")
    assert 'width="8"' in html_of(card)
    assert "step 0" in html_of(card)
    desk.ask("file")
    assert desk.sent[0] == ("p0.png", "image/png", tiny_png(8))
    put(desk, "p3.png", tiny_png(11))
    desk.store.log_columns(desk.run_id, "picture", {None: ["p3.png"]}, kind=MetricKind.IMAGE)
    card.draw(*desk.look("picture"))
    assert "1 of 4" in html_of(card)  # who went to another one is left there
    assert 'width="8"' in html_of(card)


def test_a_large_picture_is_made_smaller_and_says_so() -> None:
    noise = Image.effect_noise((2400, 2000), 90)
    buffer = io.BytesIO()
    noise.save(buffer, format="PNG")
    assert len(buffer.getvalue()) > 4_000_000

    shown = show_picture(buffer.getvalue())

    assert max(shown.width, shown.height) == MAX_EDGE
    assert "2,400" in shown.note


def test_a_picture_in_a_format_that_browsers_do_not_know_is_converted() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(buffer, format="BMP")

    shown = show_picture(buffer.getvalue())

    assert shown.source.startswith("data:image/")
    assert (shown.width, shown.height) == (20, 10)


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html></html>", b"%!PS-Adobe", b"\x89PNG\r\n\x1a\nbroken"],
)
def test_what_is_no_picture_is_not_shown(content: bytes) -> None:
    with pytest.raises(WrongPicture):
        show_picture(content)


def test_a_picture_is_known_by_its_content() -> None:
    assert sniff_media_type(tiny_png()) == "image/png"
    assert sniff_media_type(b"RIFF\0\0\0\0WEBPVP8 ") == "image/webp"
    assert sniff_media_type(b"<svg/>") is None


def test_a_picture_in_a_format_that_is_not_opened_safely_is_not_shown() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(buffer, format="TIFF")

    with pytest.raises(WrongPicture, match="no picture in a format that can be shown"):
        show_picture(buffer.getvalue())


@pytest.mark.parametrize("error", [TypeError, KeyError, MemoryError, EOFError])
def test_whatever_a_broken_picture_raises_is_trouble_with_that_picture(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("odd")

    monkeypatch.setattr(Image, "open", fail)

    with pytest.raises(WrongPicture, match="broken"):
        show_picture(tiny_png())
    with pytest.raises(WrongPicture, match="broken"):
        show_small(tiny_png(), 10_000)


def test_a_closed_card_leaves_nobody_who_answers(desk: Desk) -> None:
    put(desk, "p.png", tiny_png(8))
    desk.store.log_columns(desk.run_id, "picture", {None: ["p.png"]}, kind=MetricKind.IMAGE)
    before = set(desk.page._handlers)
    card = desk.card("picture")

    card.close()
    card.close()

    assert set(desk.page._handlers) == before


def test_a_file_that_grows_is_saved_as_long_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(desk, "p.png", tiny_png(8))
    desk.store.log_columns(desk.run_id, "picture", {None: ["p.png"]}, kind=MetricKind.IMAGE)
    desk.card("picture")
    read = desk.store.artifacts.read
    reads = []

    def read_and_grow(run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        reads.append(start)
        assert len(reads) < 10
        return read(run_id, path, start=start, max_bytes=max_bytes) or b"more"

    monkeypatch.setattr(desk.store.artifacts, "read", read_and_grow)

    desk.ask("file")

    assert desk.sent == [("p.png", "image/png", tiny_png(8))]
