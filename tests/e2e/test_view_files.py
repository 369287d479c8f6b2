"""The files of a run in a real notebook: the tree, previews, names that try to be more than text, downloads."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys, io
sys.path.insert(0, {str(REPOSITORY)!r})
from aml_widgets.core import clock
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_files as seeds
from aml_widgets.testing.seeded import append_log, empty_run
from aml_widgets.widgets.run_view import RunView
store = MemoryRunStore()
def show(run):
    view = RunView(store, run.run_id, refresh_seconds=0.5)
    view.show()
    return view
"""


@pytest.fixture(scope="module")
def shared(open_shared_notebook: OpenNotebook) -> NotebookPage:
    """The notebook of all tests: the setup has run, the cells 1 to 3 are theirs."""
    opened = open_shared_notebook([SETUP, "pass", "pass", "pass", "pass"])
    opened.run_cell(0)
    assert opened.errors() == []
    return opened


@pytest.fixture
def notebook(shared: NotebookPage) -> Iterator[NotebookPage]:
    """The notebook, with cells that the test fills."""
    with shared.fresh() as notebook:
        yield notebook


def run(notebook: NotebookPage, cell: int, source: str) -> Locator:
    """Put a source into a cell and run it; give the view in its output, at its files."""
    notebook.run_source(source, cell)
    assert notebook.errors() == []
    view = notebook.output(cell).locator(".aml-run")
    if view.count():
        view.get_by_role("tab", name=re.compile("^Files")).click()
    return view


def row(view: Locator, path: str) -> Locator:
    """Give the button of a file or folder."""
    return view.locator(f'.aml-row > .aml-row-main[data-aml-with="{path}"]')


def test_each_kind_of_file_is_shown_as_what_it_is(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(run := seeds.run_with_previews(store))")
    preview = view.locator(".aml-preview")
    expect(row(view, "outputs")).to_have_attribute("aria-expanded", "true")
    notebook.screenshot("files-tree", of=view)

    row(view, "outputs/notes.txt").click()
    expect(preview).to_contain_text("plain text")
    expect(preview.locator(".aml-broken").first).to_have_text("\\xff\\xfe")
    notebook.screenshot("files-text", of=view)

    row(view, "outputs/long.txt").click()
    expect(preview.locator(".aml-preview-block")).to_have_count(1)
    preview.get_by_role("button", name="Show more").click()
    expect(preview.locator(".aml-preview-block")).to_have_count(2)

    row(view, "outputs/model.json").click()
    expect(preview).to_contain_text('"alpha": 0.10,')  # as the file spells it
    notebook.screenshot("files-json", of=view)
    preview.get_by_role("button", name="As text").click()
    expect(preview).to_contain_text('{"name": "ridge", "alpha": 0.10')
    row(view, "outputs/broken.json").click()
    expect(preview).to_contain_text("No valid JSON: Expecting value in line 2")

    row(view, "outputs/tables/rows.csv").click()
    expect(preview.locator("tbody tr")).to_have_count(100)
    expect(preview.locator("tbody td").nth(2)).to_have_text('name, of "0"')
    notebook.screenshot("files-table", of=view)
    row(view, "outputs/tables/wide.csv").click()
    expect(preview).to_contain_text("80 columns, the first 60 are shown")
    notebook.screenshot("files-wide", of=view)

    for name in ("small.png", "large.png", "photo.jpg"):
        row(view, f"outputs/plots/{name}").click()
        expect(preview.locator("img")).to_have_attribute("alt", f"outputs/plots/{name}")
        assert preview.locator("img").evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") > 0
    notebook.screenshot("files-picture", of=view)
    row(view, "outputs/plots/drawing.svg").click()
    expect(preview).to_contain_text("<svg xmlns=")
    expect(preview.locator(".aml-preview-blocks svg")).to_have_count(0)

    row(view, "outputs/model.bin").click()
    expect(preview).to_contain_text("000010  10 11 12")
    notebook.screenshot("files-bytes", of=view)
    row(view, "outputs/empty.txt").click()
    expect(preview).to_contain_text("This file is empty.")

    # A log that grows is seen to, and a file that is gone is said so in place.
    row(view, "logs/user_log.txt").click()
    run(notebook, 2, "append_log(store, run, 'logs/user_log.txt', 'epoch 3\\n' * 500)")
    expect(row(view, "logs/user_log.txt")).to_contain_text("4.0 kB")
    expect(preview).to_contain_text("epoch 3")
    run(notebook, 3, "(store.artifacts.root / run.run_id / 'outputs' / 'notes.txt').unlink()")
    row(view, "outputs/notes.txt").click()
    expect(preview).to_contain_text("This file is not there any more.")
    notebook.screenshot("files-vanished", of=view)
    row(view, "outputs/model.json").click()
    notebook.set_theme("Dark")
    notebook.screenshot("files-dark", of=view)
    notebook.page.set_viewport_size({"width": 520, "height": 1400})
    notebook.hide_sidebar()
    notebook.wait_until_fits(view)
    notebook.screenshot("files-narrow", of=view)


@pytest.mark.long
def test_thousands_of_files_stay_usable(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(run := seeds.run_with_many_files(store))")

    expect(view.locator(".aml-files-total")).to_contain_text("3,031 files")
    assert view.locator(".aml-row").count() < 60
    row(view, "outputs").click()
    row(view, "outputs/checkpoints").click()
    expect(view.get_by_role("button", name="and 2,900 more")).to_be_visible()
    notebook.screenshot("files-many", of=view)
    view.get_by_role("button", name="and 2,900 more").click()
    expect(view.get_by_role("button", name="and 2,400 more")).to_be_visible()

    field = view.get_by_role("searchbox", name="Filter the files")
    field.fill("2999 EPOCH")
    field.press("Enter")
    expect(row(view, "outputs/checkpoints/epoch 2999.bin")).to_be_visible()
    expect(view.locator(".aml-row:visible")).to_have_count(1)
    notebook.screenshot("files-filtered", of=view)
    field.fill("")
    field.press("Enter")
    row(view, "outputs/checkpoints").click()
    expect(row(view, "outputs/checkpoints")).to_have_attribute("aria-expanded", "false")
    run(notebook, 2, "seeds.add_file(store, run, 'outputs/new.txt', b'new')")
    expect(view.locator(".aml-files-newest")).to_contain_text("new.txt")
    expect(row(view, "outputs/checkpoints")).to_have_attribute("aria-expanded", "false")

    empty = run(notebook, 3, "other = show(empty_run(store))")
    expect(empty.locator(".aml-files")).to_contain_text("This run has no files yet.")
    notebook.screenshot("files-empty", of=empty)


def test_names_and_contents_are_never_markup(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(run := seeds.run_with_hostile_files(store))")
    names = view.locator(".aml-file")
    expect(names).to_have_count(9)
    preview = view.locator(".aml-preview")

    for place in range(names.count()):
        names.nth(place).click()
        expect(names.nth(place)).to_have_attribute("aria-current", "true")
        expect(preview).to_contain_text("window.pwned")
        expect(preview).not_to_contain_text("is not there any more")
    notebook.screenshot("files-hostile", of=view)

    assert view.locator(".aml-files img, .aml-files script").count() == 0
    assert notebook.page.evaluate("() => window.pwned") is None


def test_files_are_downloaded_and_paths_copied(notebook: NotebookPage, tmp_path: Path) -> None:
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    view = run(notebook, 1, "view = show(run := seeds.run_with_previews(store))")
    row(view, "outputs/model.json").click()
    preview = view.locator(".aml-preview")

    preview.get_by_role("button", name="Copy path").click()
    expect(preview.locator("[data-aml-copied]")).to_have_count(1)
    assert notebook.page.evaluate("() => navigator.clipboard.readText()") == "outputs/model.json"

    with notebook.page.expect_download() as downloading:
        preview.get_by_role("button", name="Download", exact=True).click()
    assert downloading.value.suggested_filename == "model.json"
    downloading.value.save_as(tmp_path / "model.json")
    assert (tmp_path / "model.json").read_bytes().startswith(b'{"name": "ridge"')

    with notebook.page.expect_download() as downloading:
        view.get_by_role("button", name="Download the folder plots as a zip").click()
    downloading.value.save_as(tmp_path / "plots.zip")
    with zipfile.ZipFile(tmp_path / "plots.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 4

    with notebook.page.expect_download() as downloading:
        view.get_by_role("button", name="Download all").click()
    downloading.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 15
