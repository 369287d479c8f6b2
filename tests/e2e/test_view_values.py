"""Tiles, tables, documents and pictures of the live view in a real notebook."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing.seeded_documents import *
from aml_widgets.widgets.run_view import RunView
store = MemoryRunStore()
def show(run):
    view = RunView(store, run.run_id, refresh_seconds=0.5)
    view.show()
    return view"""


def open_view(open_notebook: OpenNotebook, source: str, later: str = "pass") -> tuple[NotebookPage, Locator]:
    """Open a notebook whose second cell shows a run; its third one is not run yet."""
    notebook = open_notebook([SETUP, source, later])
    notebook.page.set_viewport_size({"width": 1280, "height": 2600})  # cards draw themselves when they are seen
    notebook.run_cell(0)
    notebook.run_cell(1)
    assert notebook.errors() == []
    return notebook, notebook.output(1).locator(".aml-run")


def card_of(view: Locator, metric: str) -> Locator:
    """Give the card of a metric."""
    return view.locator(".aml-card", has=view.page.locator(f'.aml-name[title="{metric}"]'))


def picture(notebook: NotebookPage, view: Locator, name: str) -> None:
    """Take the view in light, dark and narrow."""
    notebook.screenshot(f"{name}-light", of=view)
    notebook.set_theme("Dark")
    notebook.screenshot(f"{name}-dark", of=view)
    notebook.set_theme("Light")


def test_every_card_shows_what_was_logged(open_notebook: OpenNotebook) -> None:
    notebook, view = open_view(open_notebook, "run = run_with_documents(store); view = show(run)")

    expect(view.locator(".aml-tile", has_text="best accuracy").locator(".aml-number")).to_have_text("0.937128")
    expect(view.locator(".aml-tile .aml-number", has_text="1.18e21")).to_have_attribute("title", str(2**70))
    expect(view.locator(".aml-values .aml-table")).to_contain_text("Ridge(alpha=0.3)")
    expect(card_of(view, "validation matrix").locator(".aml-matrix td.aml-hit")).to_have_count(4)
    expect(card_of(view, "accuracy").locator("path.line").first).to_be_visible()
    expect(card_of(view, "accuracy").locator(".aml-legend").first).to_contain_text("AUC 0.")
    expect(card_of(view, "residuals")).to_contain_text("residuals in 20 bins")
    expect(card_of(view, "predictions")).to_contain_text("10 bins of the true value")
    expect(card_of(view, "samples").locator("img")).to_have_attribute("alt", "Picture samples, number 12")
    expect(card_of(view, "transparent").locator("img")).to_be_visible()
    expect(card_of(view, "best models")).to_contain_text("rows 1\N{EN DASH}20 of 57")
    notebook.page.wait_for_timeout(500)
    picture(notebook, view, "cards")
    notebook.page.set_viewport_size({"width": 520, "height": 4600})
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.page.wait_for_timeout(800)
    notebook.screenshot("cards-narrow", of=view)
    widths = view.evaluate("(view) => [view.scrollWidth, view.clientWidth]")
    assert widths[0] <= widths[1] < 450


def test_cards_do_what_their_controls_say(open_notebook: OpenNotebook) -> None:
    later = """log_picture(store, run, "samples", "samples_12.png", tiny_png(90, 60))
store.log_columns(run.run_id, "phase", {None: ["phase 45: done"]})"""
    notebook, view = open_view(open_notebook, "run = run_with_documents(store); view = show(run)", later)
    page = notebook.page
    matrix, phases, samples = (card_of(view, name) for name in ("validation matrix", "phase", "samples"))

    matrix.locator("select").select_option("both")
    expect(matrix.locator("td.aml-hit small").first).to_contain_text("%")
    matrix.locator("td.aml-hit").first.hover()
    expect(matrix.locator("td.aml-hit").first).to_have_attribute("title", re.compile("^true cat, predicted cat: "))

    expect(phases).to_contain_text("rows 41\N{EN DASH}45 of 45")  # the newest page of what is logged again and again
    phases.get_by_role("button", name="First rows").click()
    expect(phases).to_contain_text("rows 1\N{EN DASH}20 of 45")
    expect(phases).to_contain_text("phase 0: warming up")

    with page.expect_download() as saved:
        phases.get_by_role("button", name="CSV").click()
    assert saved.value.suggested_filename == "phase.csv"
    lines = Path(saved.value.path()).read_text(encoding="utf-8").splitlines()
    assert (len(lines), lines[0]) == (46, 'seq,step,time,"value"')
    assert lines[1].endswith(',"phase 0: warming up"')

    samples.locator("input[type=range]").fill("3")
    expect(samples.locator("img")).to_have_attribute("alt", "Picture samples, number 3")
    expect(samples).to_contain_text("step 2")
    samples.locator("button.aml-picture").click()
    expect(view.locator("dialog.aml-large img")).to_be_visible()
    notebook.screenshot("picture-large")
    page.keyboard.press("Escape")
    expect(view.locator("dialog")).to_have_count(0)

    accuracy = card_of(view, "accuracy")
    accuracy.locator("select").first.select_option("roc")
    expect(accuracy.locator(".aml-curve:visible")).to_have_count(1)
    accuracy.locator("select").last.select_option("averages")
    expect(accuracy.locator(".aml-curve:visible .aml-key")).to_have_count(2)

    notebook.run_cell(2)
    samples.scroll_into_view_if_needed()  # a card out of sight waits until it is seen
    expect(samples.locator(".aml-card-bar")).to_contain_text("3 of 13")
    expect(samples.locator("img")).to_have_attribute("alt", "Picture samples, number 3")
    assert samples.locator("input[type=range]").input_value() == "3"
    phases.scroll_into_view_if_needed()
    expect(phases).to_contain_text("rows 1\N{EN DASH}20 of 46")
    phases.get_by_role("button", name="Last rows").click()
    expect(phases).to_contain_text("phase 45: done")
    assert notebook.errors() == []


def test_large_and_broken_documents_say_so_in_place(open_notebook: OpenNotebook) -> None:
    notebook, view = open_view(open_notebook, "run = run_with_large_documents(store); view = show(run)")

    expect(view.locator(".aml-values-fold summary")).to_have_text("and 60 more")
    expect(card_of(view, "hundred classes").locator(".aml-matrix tbody tr")).to_have_count(100)
    expect(card_of(view, "broken")).to_contain_text("This document cannot be shown. The file is no JSON")
    expect(card_of(view, "gone")).to_contain_text("not there")
    expect(card_of(view, "no picture")).to_contain_text("PNG, JPEG, GIF and WebP are shown")
    expect(card_of(view, "empty rows")).to_contain_text("No row was logged.")
    wide = card_of(view, "fifty columns").locator(".aml-scroll")
    assert wide.evaluate("(box) => box.scrollWidth > 2 * box.clientWidth")
    assert view.evaluate("(view) => view.scrollWidth <= view.clientWidth")
    notebook.page.wait_for_timeout(500)
    picture(notebook, view, "large")
    view.locator(".aml-values-fold summary").click()
    expect(view.locator(".aml-tile:visible")).to_have_count(100)


def test_hostile_texts_stay_text(open_notebook: OpenNotebook) -> None:
    notebook, view = open_view(open_notebook, "run = run_with_hostile_documents(store); view = show(run)")

    expect(view.locator(".aml-matrix")).to_be_visible()
    expect(view.locator(".aml-rows-table").first).to_be_visible()
    expect(view.locator(".aml-trouble")).to_have_count(2)
    notebook.page.wait_for_timeout(500)
    assert notebook.page.evaluate("() => window.pwned") is None
    assert view.locator("img[onerror], script, .aml-run svg[onload]").count() == 0
    assert view.evaluate("(view) => view.scrollWidth <= view.clientWidth")
    picture(notebook, view, "hostile")
