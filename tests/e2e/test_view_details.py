"""The details of a run in a real notebook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_files as seeds
from aml_widgets.testing.seeded import empty_run
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
    """Put a source into a cell and run it; give the view in its output, at its details."""
    notebook.run_source(source, cell)
    assert notebook.errors() == []
    view = notebook.output(cell).locator(".aml-run")
    if view.count():
        view.get_by_role("tab", name="Details").click()
    return view


def group(view: Locator, title: str) -> Locator:
    """Give the group of a title."""
    return view.locator(".aml-details-fold", has=view.page.locator("summary", has_text=re.compile(f"^{title}")))


def test_all_that_is_known_of_a_run_can_be_read(notebook: NotebookPage) -> None:
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.page.set_viewport_size({"width": 1280, "height": 2600})
    view = run(notebook, 1, "view = show(run := seeds.run_with_every_fact(store))")

    expect(group(view, "Error")).to_contain_text("ValueError: the loss is not a number")
    expect(group(view, "Git").locator("tr", has_text="Uncommitted changes")).to_contain_text("yes")
    expect(group(view, "Git")).not_to_contain_text("mlflow.source")
    expect(group(view, "Command").locator("tr", has_text="--alpha").last).to_contain_text("0.1")
    expect(group(view, "Tags").locator("tr", has_text="baseline")).to_contain_text("no value")
    expect(group(view, "Packages").locator("table")).to_be_hidden()
    view.page.locator("body").evaluate("() => document.fonts.ready")
    notebook.screenshot("details", of=view)
    settings = group(view, "Properties").locator("tr", has_text="settings")
    settings.locator("summary").click()
    expect(settings.locator(".aml-value-box")).to_contain_text('"name": "adam",')
    settings.get_by_role("button", name="Copy settings").click()
    expect(settings.locator("[data-aml-copied]")).to_have_count(1)
    copied = notebook.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith('{"layers": [64, 64]')

    # What changes is shown, and nothing that was opened closes.
    view.locator(".aml-details").evaluate("(details) => { details.dataset.mark = 'the same'; }")
    group(view, "Packages").locator("summary").click()
    run(notebook, 2, "store.update_run(run.run_id, tags={'new tag': 'new value'})\nview.refresh()")
    expect(group(view, "Tags")).to_contain_text("new value")
    expect(group(view, "Packages").locator("table")).to_be_visible()
    expect(settings.locator(".aml-value-box")).to_be_visible()

    view.get_by_role("button", name="Browse the files").click()
    expect(view.locator(".aml-snapshot .aml-file")).to_have_count(3)
    view.locator(".aml-snapshot .aml-file", has_text="model.py").click()
    expect(view.locator(".aml-snapshot .aml-preview")).to_contain_text("class Model:")
    notebook.screenshot("details-snapshot", of=view)

    field = view.get_by_role("searchbox", name="Filter the details")
    field.fill("fold 1")
    field.press("Enter")
    expect(view.locator(".aml-details-group tr:visible", has_text="fold")).to_have_count(3)
    expect(group(view, "Git")).to_have_count(0)
    notebook.screenshot("details-filtered", of=view)
    field.fill("")
    field.press("Enter")
    expect(group(view, "Git")).to_have_count(1)

    notebook.set_theme("Dark")
    notebook.screenshot("details-dark", of=view)
    notebook.page.set_viewport_size({"width": 520, "height": 3200})
    notebook.hide_sidebar()
    notebook.wait_until_fits(view)
    notebook.screenshot("details-narrow", of=view)

    bare = run(notebook, 3, "other = show(empty_run(store))")
    expect(group(bare, "Tags")).to_contain_text("This run has no tags.")
    expect(bare.locator(".aml-snapshot")).to_contain_text("This run has no snapshot")
    notebook.screenshot("details-bare", of=bare)


def test_no_text_of_a_run_is_markup(notebook: NotebookPage) -> None:
    notebook.page.set_viewport_size({"width": 1280, "height": 2600})
    view = run(notebook, 1, "view = show(run := seeds.run_with_hostile_files(store))")
    expect(group(view, "Git")).to_contain_text("<img src=x onerror=")
    view.locator(".aml-details").evaluate(
        "(all) => all.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    expect(group(view, "Properties").locator(".aml-value-box")).to_contain_text("<img src=x")
    notebook.screenshot("details-hostile", of=view)

    assert view.locator(".aml-details img, .aml-details script").count() == 0
    assert notebook.page.evaluate("() => window.pwned") is None
