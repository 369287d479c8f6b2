"""The children of a run in a real notebook: their table and chart, and the view of one of them inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys, time
from pathlib import Path
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.e2e.seeded_views import show, status_changed, store
from aml_widgets.testing.seeded_logs import append_log
from aml_widgets.core.status import RunStatus
from aml_widgets.testing.seeded_children import *"""


@pytest.fixture(scope="module")
def shared(open_shared_notebook: OpenNotebook) -> NotebookPage:
    """The notebook of all tests: the setup has run, the cells 1 to 4 are theirs."""
    opened = open_shared_notebook([SETUP, "pass", "pass", "pass", "pass"])
    opened.run_cell(0)
    assert opened.errors() == []
    return opened


@pytest.fixture
def notebook(shared: NotebookPage) -> Iterator[NotebookPage]:
    """The notebook, with cells that the test fills."""
    with shared.fresh() as notebook:
        yield notebook


def run(notebook: NotebookPage, cell: int, source: str, *, wait: bool = True) -> Locator:
    """Put a source into a cell and run it; give the view in its output."""
    notebook.run_source(source, cell, wait=wait)
    return notebook.output(cell).locator(".aml-run").first


def show_children(notebook: NotebookPage, cell: int, seed: str, *, refresh_seconds: float = 0.5) -> Locator:
    """Show a seeded run with its children's pane open."""
    view = run(notebook, cell, f"parent = {seed}\nview = show(parent.run_id, refresh_seconds={refresh_seconds})")
    view.locator(".aml-tab", has_text="Children").first.click()
    return view


def names(view: Locator) -> list[str]:
    """Give the names in the table from top to bottom."""
    return view.locator(".aml-child-open").all_inner_texts()


def test_two_hundred_children_are_compared_sorted_filtered_and_opened(notebook: NotebookPage) -> None:
    view = show_children(notebook, 1, "run_with_children(store, 200)")

    rows = view.locator(".aml-children-table tbody tr")
    expect(rows).to_have_count(50)
    expect(view.locator(".aml-children-counts")).to_contain_text("180 completed")
    expect(view.locator(".aml-children-counts")).to_contain_text("8 failed")
    expect(view.locator(".aml-children-counts")).to_contain_text("12 running")
    expect(view.locator(".aml-child-best[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    best = [float(text) for text in view.locator(".aml-children-table td:nth-child(6)").all_inner_texts()]
    assert best == sorted(best)
    expect(view.locator(".aml-children-chart .aml-name")).to_contain_text("24 of 200")
    expect(view.locator(".aml-children-chart path.line").first).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    notebook.screenshot("children-200", of=view)
    notebook.set_theme("Dark")
    notebook.screenshot("children-200-dark", of=view)
    notebook.set_theme("Light")

    view.get_by_label("Compare by").select_option(label="accuracy")
    expect(view.locator(".aml-child-best[aria-sort]")).to_have_attribute("aria-sort", "descending")
    expect(view.get_by_label("Best value")).to_have_value("max")
    view.locator('[data-aml-key="child-sort name"]').press("Enter")
    expect(view.locator(".aml-child-name[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    assert names(view) == sorted(names(view))
    expect(view.locator('[data-aml-key="child-sort name"]')).to_be_focused()
    view.get_by_label("Pages of child runs").get_by_text("Next").click()
    expect(view.locator(".aml-children-pager")).to_contain_text("51\N{EN DASH}100 of 200")
    view.get_by_label("Filter the child runs").fill("failed lasso")
    view.get_by_label("Filter the child runs").press("Enter")
    expect(rows).to_have_count(4)
    expect(view.locator(".aml-children-note")).to_contain_text("4 of 200 match")

    name = view.locator(".aml-child-open").nth(1)
    key, text = name.get_attribute("data-aml-key"), name.inner_text()
    name.press("Enter")
    inner = view.locator(".aml-nested .aml-run")
    expect(inner.locator(".aml-title .aml-name")).to_have_text(text)
    expect(inner.locator(".aml-status").first).to_contain_text("Failed")
    expect(view.locator(".aml-crumbs")).to_contain_text("Back to 200 children")
    expect(view.locator(".aml-children-table")).to_be_hidden()
    expect(view.locator(".aml-nested-back")).to_be_focused()
    notebook.screenshot("children-nested", of=view)
    view.locator(".aml-nested-back").press("Enter")
    expect(rows).to_have_count(4)
    expect(rows.first).to_be_visible()
    expect(view.locator(f'[data-aml-key="{key}"]')).to_be_focused()
    expect(inner).to_have_count(0)


def test_a_thousand_children_stay_usable_while_a_cell_computes_and_at_any_width(
    notebook: NotebookPage, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    view = show_children(notebook, 1, "run_with_children(store, 1000, n_steps=12)")
    expect(view.locator(".aml-children-table tbody tr")).to_have_count(50)
    expect(view.locator(".aml-children-chart .aml-name")).to_contain_text("24 of 1,000")
    expect(view.locator(".aml-children-pager")).to_contain_text("1\N{EN DASH}50 of 1,000")
    notebook.page.set_viewport_size({"width": 500, "height": 1600})
    notebook.hide_sidebar()
    notebook.wait_until_fits(view)
    assert view.evaluate("(view) => view.clientWidth") < 430
    notebook.screenshot("children-1000-narrow", of=view)
    computing = f"gate = Path({str(gate)!r})\nwhile not gate.exists():\n    sum(range(100_000))"
    run(notebook, 2, computing, wait=False)
    expect(notebook.cells.nth(2)).to_contain_text("[*]")

    reaction = """([view, act]) => {
        const table = view.querySelector('.aml-children-list');
        const began = performance.now();
        const done = new Promise((resolve) => {
            const observer = new MutationObserver(() => { observer.disconnect(); resolve(performance.now() - began); });
            observer.observe(table, { childList: true, subtree: true });
        });
        if (act === 'sort') {
            view.querySelector('[data-aml-key="child-sort started"]').click();
        } else {
            const field = view.querySelector('.aml-children-filter input');
            field.value = 'lasso 0.0';
            field.dispatchEvent(new Event('input', { bubbles: true }));
            field.dispatchEvent(new Event('change', { bubbles: true }));
        }
        return done;
    }"""
    element = view.element_handle()
    for act in ("sort", "filter"):
        milliseconds = notebook.page.evaluate(reaction, [element, act])
        print(f"{act}: {milliseconds:.0f} ms")  # noqa: T201 - shown where somebody asks for it with -s
    was_running = notebook.is_running(2)
    gate.touch()
    assert was_running  # both were answered while the cell computed
    expect(view.locator(".aml-children-note")).to_contain_text("of 1,000 match")
    notebook.wait_for_idle()


def test_every_status_single_values_and_hostile_names(notebook: NotebookPage) -> None:
    view = show_children(notebook, 1, "run_with_every_status(store)")
    expect(view.locator(".aml-children-table tbody tr")).to_have_count(11)
    expect(view.locator(".aml-children-table thead th")).to_have_count(5)
    expect(view.locator(".aml-children-chart")).to_be_hidden()
    notebook.screenshot("children-statuses", of=view)

    view = show_children(notebook, 2, "run_with_single_values(store)")
    expect(view.locator(".aml-children-chart")).to_contain_text("best so far")
    expect(view.locator(".aml-children-chart path.line").first).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    notebook.page.wait_for_timeout(500)
    notebook.screenshot("children-single-values", of=view)

    view = show_children(notebook, 3, "run_with_hostile_children(store)")
    expect(view.locator(".aml-children-table tbody tr")).to_have_count(11)
    expect(view.locator(".aml-child-open", has_text="<img src=x onerror=alert(1)>")).to_have_count(1)
    assert view.locator(".aml-children img, .aml-children script, .aml-children a").count() == 0
    notebook.screenshot("children-hostile", of=view)
    view.get_by_label("Compare by").select_option(index=1)
    expect(view.locator(".aml-children-table td:nth-child(6)").first).to_have_text("-4")
    view.locator(".aml-children-table tbody tr").first.locator("td").nth(1).click()
    expect(view.locator(".aml-nested .aml-run .aml-header")).to_be_visible()
    assert view.locator(".aml-crumbs img, .aml-crumbs script").count() == 0
    notebook.screenshot("children-hostile-nested", of=view)


@pytest.mark.long
def test_views_nest_as_deep_as_runs_while_a_cell_runs(notebook: NotebookPage, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    seed = (
        "run_with_grandchildren(store)\n"
        "first = store.changes_since(parent.run_id).children[0]\n"
        "append_log(store, first.run_id, 'said by the first fold\\n')"
    )
    view = show_children(notebook, 1, seed, refresh_seconds=3_600)
    expect(view.locator(".aml-child-open")).to_have_count(3)
    run(
        notebook,
        2,
        f"gate = Path({str(gate)!r})\nwhile not gate.exists():\n    time.sleep(0.05)\n"
        "store.set_status(first.run_id, RunStatus.COMPLETED)\nstatus_changed.emit(first.run_id, store)",
        wait=False,
    )

    view.locator(".aml-child-open", has_text="fold 1").click()
    child = view.locator(".aml-nested .aml-run").first
    expect(child.locator(".aml-title .aml-name").first).to_have_text("fold 1")
    child.get_by_role("tab", name="Metrics").click()
    card = child.locator(".aml-card", has=view.page.locator('.aml-name[title="loss"]'))
    expect(card.locator("path.line").first).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    figure = card.locator("[aria-label^='loss, line chart']")
    figure.focus()
    notebook.page.keyboard.press("+")
    expect(figure).to_have_attribute("aria-label", re.compile("zoomed"))
    child.get_by_role("tab", name="Logs").click()
    with notebook.page.expect_download() as downloading:
        child.locator(".aml-logs").get_by_role("button", name="Download").click()
    assert Path(downloading.value.path()).read_text() == "said by the first fold\n"

    child.locator(".aml-tab", has_text="Children (2)").first.click()
    expect(child.get_by_role("button", name="Parent run")).to_be_visible()
    child.locator(".aml-child-open", has_text="seed 2").click()
    grandchild = child.locator(".aml-nested .aml-run")
    expect(grandchild.locator(".aml-title .aml-name")).to_have_text("seed 2")
    expect(view.locator(".aml-crumbs:visible")).to_have_count(1)
    expect(view.locator(".aml-crumbs li")).to_have_text(["search", "fold 1", "seed 2"])
    grandchild.get_by_role("tab", name="Details").click()
    grandchild.locator('.aml-details [data-aml-do="details-run"]').first.click()
    expect(view.locator(".aml-crumbs li")).to_have_text(["search", "fold 1"])
    expect(child.locator(".aml-child-open").first).to_be_visible()
    assert notebook.is_running(2)
    notebook.screenshot("children-nested-deep", of=view)
    view.locator(".aml-crumb", has_text="search").click()
    expect(view.locator(".aml-child-open")).to_have_count(3)
    expect(view.locator(".aml-child-open").first).to_be_visible()

    gate.touch()
    notebook.wait_for_idle()
    expect(view.locator(".aml-children-counts")).to_contain_text("1 completed")
    expect(view.locator(".aml-children-table .aml-status", has_text="Completed")).to_have_count(1)
    run(notebook, 3, "view.close()")
    expect(notebook.output(1).locator(".aml-run")).to_have_count(0)
