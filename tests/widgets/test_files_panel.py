"""The files panel without a browser: what it sends, what it keeps, what it downloads."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterable
from typing import cast

import pytest

from aml_widgets.core.records import RunRecord
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_files as seeds
from aml_widgets.testing.seeded import append_log, empty_run
from aml_widgets.widgets.page import Handler, Page
from aml_widgets.widgets.panels import file_browser
from aml_widgets.widgets.panels.files import FilesPanel
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.settings import SettingsHolder
from aml_widgets.widgets.view_state import ViewState, advance


class FakePage:
    """Hears what a test says, and keeps what is sent."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.sent: list[tuple[str, str, bytes]] = []

    def on(self, verb: str, handler: Handler) -> None:
        self.handlers[verb] = handler

    def send_file(self, name: str, media_type: str, chunks: Iterable[bytes]) -> None:
        self.sent.append((name, media_type, b"".join(chunks)))


class Shown:
    """A panel of one run, as a view has it."""

    def __init__(self, store: MemoryRunStore, run: RunRecord, settings: SettingsHolder | None = None) -> None:
        self.store, self.run, self.page = store, run, FakePage()
        host = Host(
            store=store,
            run_id=run.run_id,
            lock=threading.RLock(),
            page=cast("Page", self.page),
            settings=settings or SettingsHolder(),
            open_run=lambda _: None,
        )
        self.panel = FilesPanel(host)
        self.state = ViewState(run_id=run.run_id)
        self.refresh()

    def refresh(self) -> None:
        changes = self.store.changes_since(self.run.run_id, self.state.cursor)
        self.state = advance(self.state, changes, heard_at=2e9)
        self.panel.update(self.state)

    def do(self, verb: str, argument: str = "", value: str = "") -> None:
        self.page.handlers[verb](argument, value)

    @property
    def html(self) -> str:
        return _html(self.panel.widget)


def _html(widget: object) -> str:
    if getattr(getattr(widget, "layout", None), "display", None) == "none":
        return ""
    children = getattr(widget, "children", ())
    return str(getattr(widget, "value", "")) + "".join(_html(child) for child in children)


@pytest.fixture
def store() -> MemoryRunStore:
    return MemoryRunStore()


def test_a_run_without_files_says_so(store: MemoryRunStore) -> None:
    assert "This run has no files yet." in Shown(store, empty_run(store)).html


def test_a_growing_log_sends_its_own_folder_only(store: MemoryRunStore) -> None:
    shown = Shown(store, seeds.run_with_previews(store))
    sent: list[str] = []
    for section in shown.panel._browser._section_box.children:
        section.observe(lambda change: sent.append(change["new"]), names="value")

    shown.refresh()
    assert sent == []
    append_log(store, shown.run, "logs/user_log.txt", "more\n" * 1_000)
    shown.refresh()

    assert len(sent) == 1
    assert "5.0 kB" in sent[0]
    assert "model.json" not in sent[0]


def test_what_was_chosen_is_kept_for_the_next_view(store: MemoryRunStore) -> None:
    settings, run = SettingsHolder(), seeds.run_with_previews(store)
    first = Shown(store, run, settings)
    first.do("file-folder", "outputs/plots")
    first.do("file-sort", value="largest")
    first.do("file-open", "outputs/model.json")

    second = Shown(store, run, settings)

    assert "small.png" not in second.html
    assert "&quot;alpha&quot;: 0.10" in second.html
    second.do("file-close")
    assert "&quot;alpha&quot;" not in second.html


def test_a_folder_that_grows_does_not_close(store: MemoryRunStore) -> None:
    shown = Shown(store, seeds.run_with_previews(store))
    for place in range(60):
        seeds.add_file(store, shown.run, f"outputs/more {place}.txt", b"")
    shown.refresh()

    assert "more 59.txt" in shown.html
    assert "more 58.txt" not in Shown(store, shown.run).html  # seen so for the first time, it is closed


def test_thousands_of_files_are_paged_and_found(store: MemoryRunStore) -> None:
    shown = Shown(store, seeds.run_with_many_files(store, 1_000))
    shown.do("file-folder", "outputs")
    shown.do("file-folder", "outputs/checkpoints")

    assert "and 900 more" in shown.html
    assert len(shown.html) < 150_000
    shown.do("file-rows", "outputs/checkpoints")
    assert "and 400 more" in shown.html
    shown.do("file-filter", value="epoch 997")
    assert shown.html.count("<li>") == 1
    shown.do("file-filter", value="no such")
    assert "No file has that in its path." in shown.html


def test_no_name_becomes_markup(store: MemoryRunStore) -> None:
    shown = Shown(store, seeds.run_with_hostile_files(store))
    for path in shown.state.artifacts:
        shown.do("file-open", path.replace("\r", "\n"))
        assert "<img" not in shown.html
        assert "<script" not in shown.html
        assert "is not there any more" not in shown.html


def test_a_file_a_folder_and_all_are_downloaded(store: MemoryRunStore) -> None:
    shown = Shown(store, seeds.run_with_previews(store))
    shown.do("file-open", "outputs/model.bin")

    shown.do("file-download", "outputs/model.bin")
    shown.do("file-zip", "outputs/plots")
    shown.do("file-zip")
    shown.do("file-download", "outputs/empty.txt")

    assert shown.page.sent[0] == ("model.bin", "application/octet-stream", bytes(range(256)) * 40)
    assert shown.page.sent[1][:2] == (f"{shown.run.run_id}-plots.zip", "application/zip")
    with zipfile.ZipFile(io.BytesIO(shown.page.sent[2][2])) as archive:
        assert set(archive.namelist()) == set(shown.state.artifacts)
        assert archive.read("outputs/empty.txt") == b""
    assert shown.page.sent[3][2] == b""


def test_what_is_gone_or_too_large_is_said_in_place(store: MemoryRunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown(store, seeds.run_with_previews(store))
    shown.do("file-open", "outputs/model.bin")
    (store.artifacts.root / shown.run.run_id / "outputs/model.bin").unlink()

    shown.do("file-download", "outputs/model.bin")
    assert "This file is not there any more." in shown.html
    monkeypatch.setattr(file_browser, "MAX_DOWNLOAD_BYTES", 10)
    shown.do("file-zip")
    assert "that can be downloaded here. The files are in" in shown.html
    assert shown.page.sent == []


def test_more_of_a_long_text_is_shown_on_demand_up_to_a_limit(store: MemoryRunStore) -> None:
    shown = Shown(store, seeds.run_with_previews(store))
    seeds.add_file(store, shown.run, "huge.txt", b"line \xe2\x82\xac\n" * 200_000)
    shown.refresh()
    shown.do("file-open", "huge.txt")
    assert "65.5 kB of 1.8 MB are shown." in shown.html

    for _ in range(20):
        shown.do("file-more")

    assert "Download it to see the rest." in shown.html
    assert "aml-broken" not in shown.html
