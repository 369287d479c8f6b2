"""Runs side by side in the main area, in a real browser."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Locator, Page, expect

from aml_widgets.core.status import RunStatus
from tests.e2e.lab import LabServer
from tests.e2e.seeded_panels import HOSTILE, add_compared
from tests.e2e.seeded_runs import SeededWorkspace, add_run
from tests.e2e.sidebar import Sidebar

if TYPE_CHECKING:
    from aml_widgets.core.records import RunRecord

OpenSidebar = Callable[..., Sidebar]


class Comparison:
    """A comparison that is open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.body = page.locator(".jp-AmlCompare:not(.lm-mod-hidden)")

    @property
    def charts(self) -> Locator:
        """The charts that are drawn."""
        return self.body.locator(".jp-AmlCompare-card .jp-AmlChart")

    def chart(self, name: str) -> Locator:
        """Give the chart of a metric."""
        return self.body.get_by_role("region", name=name, exact=True).locator(".jp-AmlChart")

    def row(self, name: str, aspect: str = "") -> Locator:
        """Give the cells of a row of the table."""
        rows = self.body.locator(f'.jp-AmlCompare-table tr[data-name="{name}"]')
        return rows.filter(has=self.page.get_by_role("rowheader", name=f"{name} {aspect}".strip())).locator("td")

    def names(self) -> list[str]:
        """Give the names of the rows that are shown."""
        rows = self.body.locator(".jp-AmlCompare-table tbody tr[data-name]")
        found: list[str] = rows.evaluate_all("rows => rows.map(row => row.dataset.name)")
        return found


def open_comparison(sidebar: Sidebar, workspace: SeededWorkspace, runs: list[RunRecord]) -> Comparison:
    sidebar.execute("aml-widgets:compare-runs", {"workspace": workspace.key, "runIds": [run.run_id for run in runs]})
    comparison = Comparison(sidebar.page)
    expect(comparison.body.get_by_role("heading", level=2)).to_have_text(f"Comparing {len(runs)} runs")
    return comparison


def saved_rows(comparison: Comparison) -> list[list[str]]:
    """Save the table, and read what was saved."""
    with comparison.page.expect_download() as download:
        comparison.body.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename == "comparison.csv"
    text = Path(download.value.path()).read_bytes().decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_runs_are_laid_over_each_other(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = add_compared(own_workspace.store, 3)
    sidebar = open_sidebar()
    comparison = open_comparison(sidebar, own_workspace, runs)
    expect(comparison.charts).to_have_count(2)
    expect(comparison.chart("loss")).to_have_attribute("aria-label", re.compile("^Chart of loss for 3 lines; latest "))
    sidebar.screenshot("compare_light")

    comparison.body.get_by_role("button", name="Lines of compared 1").click()
    expect(comparison.body.get_by_role("button", name="Lines of compared 1")).to_have_attribute("aria-pressed", "false")
    expect(comparison.body.locator('[aria-label*="loss for 2 lines"]')).to_be_visible()
    comparison.body.get_by_role("button", name="Show all lines").click()
    expect(comparison.body.locator('[aria-label*="loss for 3 lines"]')).to_be_visible()

    together = comparison.body.get_by_role("combobox", name="Add a metric to the common chart")
    together.select_option(label="loss")
    together.select_option(label="val/accuracy")
    expect(comparison.body.locator('[aria-label*="loss, val/accuracy for 6 lines"]')).to_be_visible()
    comparison.body.get_by_role("combobox", name="X axis").select_option(label="val/accuracy")
    expect(comparison.chart("loss")).to_be_visible()
    sidebar.set_theme("Dark")
    sidebar.screenshot("compare_dark")


def test_table_tells_what_differs(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = add_compared(own_workspace.store, 2)
    comparison = open_comparison(open_sidebar(), own_workspace, runs)
    assert {"rate", "same", "loss", "seed"} <= set(comparison.names())
    expect(comparison.row("seed")).to_have_text(["0", "1"])
    comparison.body.get_by_role("checkbox", name="Only differences").check()
    expect(comparison.body.locator('tr[data-name="same"]')).to_have_count(0)
    comparison.body.get_by_role("checkbox", name="highest").uncheck()
    comparison.body.get_by_role("combobox", name="Baseline").select_option(label="compared 0")
    expect(comparison.row("loss", "lowest").nth(1)).to_contain_text("+0.1 (+191 %)")
    expect(comparison.row("loss", "highest")).to_have_count(0)
    comparison.body.get_by_role("searchbox").fill("seed")
    expect(comparison.body.locator('tr[data-name="loss"]')).to_have_count(0)


def test_all_values_are_saved_as_csv(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = add_compared(own_workspace.store, 2)
    comparison = open_comparison(open_sidebar(), own_workspace, runs)
    comparison.body.get_by_role("checkbox", name="highest").uncheck()
    rows = saved_rows(comparison)
    assert rows[0] == ["group", "name", "value", *(run.run_id for run in runs)]
    assert rows[1] == ["run", "Name", "", "compared 0", "compared 1"]
    assert ["tags", "rate", "", "0", "1"] in rows
    assert ["metrics", "loss", "high", "1", "1.1"] in rows  # shown or not


def test_csv_holds_hostile_names_as_text(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    formula = '=HYPERLINK("http://x","click")'
    runs = [add_run(store, name, tags={formula: "@SUM(A1)", "rate": "-0.1"}, end=None) for name in (formula, 'a,b\n"c')]
    for run in runs:
        store.log_columns(run.run_id, "+cmd", {None: [math.nan, -math.inf]})
        store.log_metrics(run.run_id, {"note": "-1+1|calc"})
    rows = saved_rows(open_comparison(open_sidebar(), own_workspace, runs))
    assert rows[1] == ["run", "Name", "", f"'{formula}", 'a,b\n"c']
    assert ["tags", f"'{formula}", "", "'@SUM(A1)", "'@SUM(A1)"] in rows
    assert ["tags", "rate", "", "-0.1", "-0.1"] in rows
    assert ["metrics", "'+cmd", "last", "-Infinity", "-Infinity"] in rows
    assert ["metrics", "note", "", "'-1+1|calc", "'-1+1|calc"] in rows


def test_pictures_are_side_by_side(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = add_compared(own_workspace.store, 2)
    sidebar = open_sidebar()
    comparison = open_comparison(sidebar, own_workspace, runs)
    pictures = comparison.body.locator(".jp-AmlCompare-pictures img")
    expect(pictures).to_have_count(2)
    pictures.first.scroll_into_view_if_needed()
    comparison.page.wait_for_function("picture => picture.naturalWidth === 32", arg=pictures.first.element_handle())
    newest = pictures.first.get_attribute("src")
    comparison.body.get_by_role("slider", name="Step of sample").fill("0")
    expect(pictures.first).not_to_have_attribute("src", newest or "")
    comparison.page.wait_for_function("picture => picture.naturalWidth === 32", arg=pictures.first.element_handle())
    sidebar.screenshot("compare_pictures")


def test_lines_grow_while_a_run_goes_on(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    runs = add_compared(store, 2, going_on=1)
    comparison = open_comparison(open_sidebar(), own_workspace, runs)
    expect(comparison.row("seed")).to_have_text(["0", "1"])
    expect(comparison.row("loss", "last").first).to_have_text("0.0523397")
    store.log_columns(runs[0].run_id, "loss", {None: [0.5, 7.25]})
    expect(comparison.row("loss", "last").first).to_have_text("7.25")
    expect(comparison.body.locator('[aria-label*="compared 0 7.25"]')).to_be_visible()
    store.set_status(runs[0].run_id, RunStatus.COMPLETED)
    expect(comparison.row("Status").first).to_have_text("Completed")


def test_link_shows_the_comparison_as_it_was(
    browser_lab: LabServer, open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    runs = add_compared(own_workspace.store, 2)
    first = open_comparison(open_sidebar(), own_workspace, runs)
    first.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.body.get_by_role("checkbox", name="Only differences").check()
    first.body.get_by_role("checkbox", name="Log y").check()
    first.body.get_by_role("button", name="Lines of compared 1").click()
    first.page.get_by_role("button", name="Copy link").click()
    link = first.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{browser_lab.url}lab?aml-compare=")

    second = Sidebar(first.page.context.new_page())
    second.page.goto(f"{link}&token={browser_lab.token}")
    second.wait_until_started()
    shown = Comparison(second.page)
    expect(shown.body.get_by_role("heading", level=2)).to_have_text("Comparing 2 runs")
    expect(shown.body.get_by_role("checkbox", name="Only differences")).to_be_checked()
    expect(shown.body.get_by_role("checkbox", name="Log y")).to_be_checked()
    expect(shown.body.get_by_role("button", name="Lines of compared 1")).to_have_attribute("aria-pressed", "false")
    expect(second.page).not_to_have_url(re.compile("aml-compare"))


def test_comparison_comes_back_with_the_layout(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = add_compared(own_workspace.store, 2)
    sidebar = open_sidebar()
    comparison = open_comparison(sidebar, own_workspace, runs)
    comparison.body.get_by_role("checkbox", name="Log x").check()
    sidebar.wait_until_saved("data => JSON.stringify(data).includes('isLogX')")
    sidebar.reload()
    expect(comparison.body.get_by_role("heading", level=2)).to_have_text("Comparing 2 runs")
    expect(comparison.body.get_by_role("checkbox", name="Log x")).to_be_checked()


def test_50_runs_are_compared(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = add_compared(own_workspace.store, 50, points=500)
    sidebar = open_sidebar()
    comparison = open_comparison(sidebar, own_workspace, runs)
    expect(comparison.body.locator('[aria-label*="loss for 50 lines"]')).to_be_visible()
    colors = comparison.body.locator(".jp-AmlCompare-legend .jp-AmlCompare-swatch").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert len(colors) == len(set(colors)) == 50
    expect(comparison.row("seed")).to_have_count(50)
    sidebar.screenshot("compare_50")


def test_runs_that_are_gone_are_named(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "here")
    sidebar = open_sidebar()
    sidebar.execute("aml-widgets:compare-runs", {"workspace": own_workspace.key, "runIds": [run.run_id, "gone_1_2"]})
    body = Comparison(sidebar.page).body
    expect(body).to_contain_text("Not there any more: gone_1_2")
    expect(body).to_contain_text("Choose at least two runs")


def test_run_that_is_deleted_meanwhile_is_named(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    runs = add_compared(store, 3, going_on=1)
    comparison = open_comparison(open_sidebar(), own_workspace, runs)
    expect(comparison.body.locator('[aria-label*="loss for 3 lines"]')).to_be_visible()
    store.trash_run(runs[1].run_id)
    store.purge_run(runs[1].run_id)
    expect(comparison.body).to_contain_text(f"Not there any more: {runs[1].run_id}")
    expect(comparison.body.locator('[aria-label*="loss for 2 lines"]')).to_be_visible()
    expect(comparison.row("seed")).to_have_text(["0", "2"])


def test_more_than_50_runs_are_told(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = [add_run(own_workspace.store, f"one of many {place}") for place in range(53)]
    sidebar = open_sidebar()
    sidebar.execute(
        "aml-widgets:compare-runs", {"workspace": own_workspace.key, "runIds": [run.run_id for run in runs]}
    )
    body = Comparison(sidebar.page).body
    expect(body.get_by_role("heading", level=2)).to_have_text("Comparing 50 runs")
    expect(body).to_contain_text("No more than 50 runs are compared at once: the last 3 are left out.")


def test_runs_without_a_metric_in_common(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    runs = [add_run(store, "the same name", losses=(), end=None) for _ in range(3)]
    store.log_columns(runs[0].run_id, "alpha", {None: [1.0, 2.0]})
    store.log_columns(runs[1].run_id, "beta", {None: [3.0, 4.0]})
    comparison = open_comparison(open_sidebar(), own_workspace, runs)
    expect(comparison.body.locator('[aria-label*="alpha for 1 line"]')).to_be_visible()
    expect(comparison.body.locator('[aria-label*="beta for 1 line"]')).to_be_visible()
    expect(comparison.row("alpha", "last")).to_have_text(["2", "\N{EN DASH}", "\N{EN DASH}"])
    # Runs of one name are told apart.
    names = comparison.body.get_by_role("button", name="Lines of the same name #")
    expect(names).to_have_count(3)
    comparison.body.get_by_role("combobox", name="X axis").select_option(label="beta")
    expect(comparison.chart("alpha")).to_be_visible()


def test_workspace_that_is_not_there_is_told(open_sidebar: OpenSidebar) -> None:
    sidebar = open_sidebar()
    sidebar.execute("aml-widgets:compare-runs", {"workspace": "0" * 16, "runIds": ["a", "b"]})
    problem = Comparison(sidebar.page).body.get_by_role("alert")
    expect(problem).to_contain_text("The runs cannot be read")
    expect(problem.get_by_role("button", name="Try again")).to_be_visible()


def test_hostile_names_are_only_text(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    runs = [add_run(store, HOSTILE, tags={HOSTILE: HOSTILE}, end=None) for _ in range(2)]
    for run in runs:
        store.log_columns(run.run_id, HOSTILE, {None: [1.0, 2.0]})
    sidebar = open_sidebar()
    comparison = open_comparison(sidebar, own_workspace, runs)
    expect(comparison.charts).to_have_count(2)
    expect(comparison.body).to_contain_text("<img src=x onerror")
    assert sidebar.page.evaluate("window.pwned") is None
    sidebar.screenshot("compare_hostile")


@pytest.mark.parametrize("width", [360, 480, 900])
def test_comparison_fits_a_narrow_page(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace, width: int) -> None:
    runs = add_compared(own_workspace.store, 4)
    sidebar = open_sidebar()
    comparison = open_comparison(sidebar, own_workspace, runs)
    sidebar.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    sidebar.page.set_viewport_size({"width": width, "height": 900})
    widths = comparison.body.evaluate("body => [body.scrollWidth, body.clientWidth]")
    assert widths[0] <= widths[1]
    sidebar.screenshot(f"compare_{width}")
