"""The page of a run in a real browser: its head, its charts, its links."""

from __future__ import annotations

import os
import re
import signal

import pytest
from playwright.sync_api import Page, expect

from aml_widgets.core.records import RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.uri import workspace_key
from tests.e2e.conftest import OpenNotebook, OpenRun
from tests.e2e.growing_run import GrowingRun
from tests.e2e.lab import WAIT_MS, LabServer, take_screenshot
from tests.e2e.run_page import card, is_painted
from tests.e2e.seeded_runs import SeededWorkspace, add_run
from tests.e2e.sidebar import Sidebar

START = """import os
from aml_widgets import Experiment, Workspace
run = Experiment(Workspace.open("runs"), "kernel").start_logging(display_name="of a kernel", snapshot_directory=None)
run.log_metrics({"loss": 0.5}, step=0)
run.log_metrics({"loss": 0.25}, step=1)
print(run.id, os.getpid())"""


@pytest.mark.long
def test_a_run_of_another_process_appears_grows_and_ends(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    with GrowingRun(own_workspace.folder) as growing:
        run_page = open_run(own_workspace, growing.run_id)
        expect(run_page.get_by_text("No metrics yet.")).to_be_visible()
        expect(run_page.locator(".jp-AmlRunPage-status")).to_contain_text("Running")

        growing.log(5)
        chart = card(run_page, "loss").locator(".jp-AmlChart")
        expect(chart).to_be_visible()
        expect(run_page.locator(".jp-AmlRunPage-fact", has_text="Last heard")).to_contain_text("s ago")
        growing.log(10)
        expect(run_page.locator(".jp-AmlRunPage-fact", has_text="Step")).to_contain_text("14")
        assert is_painted(chart)

        growing.complete()
        expect(run_page.locator(".jp-AmlRunPage-status")).to_contain_text("Completed")
        expect(run_page.get_by_role("button", name="Pause")).to_have_count(0)


def test_a_paused_page_waits_until_it_may_go_on(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    with GrowingRun(own_workspace.folder) as growing:
        growing.log(3)
        run_page = open_run(own_workspace, growing.run_id)
        step = run_page.locator(".jp-AmlRunPage-fact", has_text="Step")
        expect(step).to_contain_text("2")
        run_page.get_by_role("button", name="Pause").click()
        growing.log(5)
        expect(run_page.locator(".jp-AmlRunPage-fact", has_text="Paused")).to_contain_text("as of")
        expect(step).to_contain_text("2")
        run_page.get_by_role("button", name="Refresh").click()
        expect(step).to_contain_text("7")
        growing.log(5)
        run_page.get_by_role("button", name="Go on").click()
        expect(step).to_contain_text("12")


def test_a_lost_server_is_told_and_comes_back(own_workspace: SeededWorkspace, open_run: OpenRun, page: Page) -> None:
    with GrowingRun(own_workspace.folder) as growing:
        growing.log(3)
        run_page = open_run(own_workspace, growing.run_id)
        expect(card(run_page, "loss")).to_be_visible()
        page.route(re.compile("aml-widgets/api"), lambda route: route.abort())
        alert = run_page.get_by_role("alert")
        expect(alert).to_contain_text("cannot tell about this run now")
        expect(alert).to_contain_text("What is shown is from")
        expect(card(run_page, "loss")).to_be_visible()
        page.unroute(re.compile("aml-widgets/api"))
        run_page.get_by_role("button", name="Refresh").click()
        expect(alert).to_have_count(0)


def test_a_failed_run_shows_its_error_and_an_empty_one_says_so(
    own_workspace: SeededWorkspace, open_run: OpenRun
) -> None:
    failed = add_run(own_workspace.store, "failed", end=RunStatus.FAILED, losses=())
    run_page = open_run(own_workspace, failed.run_id)
    expect(run_page.get_by_role("group", name="Error")).to_contain_text("the loss is not a number")
    expect(run_page.get_by_text("This run has logged no metrics.")).to_be_visible()


def test_a_run_that_is_not_there_is_told(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run_page = open_run(own_workspace, "nobody")
    expect(run_page.get_by_role("alert")).to_contain_text("The store does not have this run.")


def test_name_tags_and_description_are_changed_in_the_head(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "before", tags={"old": "tag"})
    run_page = open_run(own_workspace, run.run_id)
    run_page.get_by_role("button", name="Edit: Name").click()
    run_page.get_by_role("textbox", name="Name").fill("after <b>")
    run_page.get_by_role("textbox", name="Name").press("Enter")
    expect(run_page.get_by_role("heading", name="after <b>")).to_be_visible()

    run_page.get_by_role("button", name="+ tag").click()
    run_page.get_by_role("textbox", name="Key of the tag").fill("team")
    run_page.get_by_role("textbox", name="Value of the tag").fill("vision")
    run_page.get_by_role("textbox", name="Value of the tag").press("Enter")
    expect(run_page.get_by_role("group", name="Tags")).to_contain_text("team: vision")
    run_page.get_by_role("button", name="Remove the tag old").click()
    expect(run_page.get_by_role("group", name="Tags")).not_to_contain_text("old: tag")

    run_page.get_by_role("button", name="Edit: Description").click()
    run_page.get_by_role("textbox", name="Description").fill("two\nlines")
    run_page.get_by_role("button", name="Save", exact=True).click()
    expect(run_page.get_by_text("two\nlines")).to_be_visible()

    kept = own_workspace.store.get_run(run.run_id)
    assert (kept.display_name, kept.tags, kept.description) == ("after <b>", {"team": "vision"}, "two\nlines")


def test_sixty_metrics_are_found_by_name_folded_and_pinned(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "sixty", losses=(), end=None)
    for place in range(60):
        name = f"{('train', 'val')[place % 2]}/metric-{place}"
        own_workspace.store.log_columns(run.run_id, name, {None: [1.0, place / 7]})
    own_workspace.store.set_status(run.run_id, RunStatus.COMPLETED)
    run_page = open_run(own_workspace, run.run_id)
    expect(run_page.locator("section[data-metric]")).to_have_count(60)
    assert run_page.locator(".jp-AmlChart").count() < 60  # only what is in sight is drawn

    run_page.get_by_role("button", name="train 30").click()
    expect(run_page.locator("section[data-metric]")).to_have_count(30)
    field = run_page.get_by_role("searchbox", name="Filter charts by name")
    field.fill("metric-1$")
    expect(run_page.get_by_text("No chart has “metric-1$” in its name.")).to_be_visible()
    run_page.get_by_label("Regex").check()
    expect(run_page.locator("section[data-metric]")).to_have_count(1)
    field.fill("(")
    expect(run_page.get_by_role("alert")).to_contain_text("This is no regular expression")
    field.fill("")
    card(run_page, "val/metric-3").get_by_role("button", name="Pin to the top").click()
    expect(run_page.locator("section[data-metric]").first).to_have_attribute("data-metric", "val/metric-3")


def test_a_link_carries_how_the_run_is_looked_at(
    own_workspace: SeededWorkspace, open_run: OpenRun, browser_lab: LabServer, page: Page
) -> None:
    run = add_run(own_workspace.store, "linked", losses=[1.0, 0.5, -0.25])
    run_page = open_run(
        own_workspace, run.run_id, **{"aml-x": "relative", "aml-log": "y", "aml-smoothing": "0.9", "aml-columns": "2"}
    )
    expect(run_page.get_by_label("X axis")).to_have_value("relative")
    expect(run_page.get_by_label("Log y")).to_be_checked()
    expect(run_page.get_by_label("Columns")).to_have_value("2")
    expect(run_page.locator("output", has_text="0.9")).to_be_visible()
    expect(card(run_page, "loss")).to_contain_text("1 point has no place on the axes")
    expect(page).not_to_have_url(re.compile("aml-"))  # loaded again, the page shows what the layout remembers

    page.evaluate("navigator.clipboard && (navigator.clipboard.writeText = text => { window.copied = text; })")
    page.evaluate("document.addEventListener('copy', () => { window.copied = String(document.getSelection()); })")
    run_page.get_by_label("Log x").check()
    run_page.get_by_role("button", name="Copy").click()
    run_page.get_by_role("button", name="Copy link").click()
    expect(run_page.get_by_text("Link copied")).to_be_visible()

    Sidebar(page).wait_until_saved("data => JSON.stringify(data).includes('isLogX')")
    page.reload()
    restored = page.locator(".jp-AmlRunPage:visible")
    expect(restored.get_by_label("Log x")).to_be_checked(timeout=WAIT_MS)
    expect(restored.get_by_label("X axis")).to_have_value("relative")


def test_notebook_7_shows_the_page_as_a_tab_of_its_tree(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "in the tree")
    run_page = open_run(own_workspace, run.run_id, app="tree")
    expect(run_page.get_by_role("heading", name="in the tree")).to_be_visible()
    expect(card(run_page, "loss").locator(".jp-AmlChart")).to_be_visible()


def test_hostile_names_stay_texts(hostile_runs: SeededWorkspace, open_run: OpenRun, page: Page) -> None:
    for run in hostile_runs.store.list_runs(RunQuery()).runs[:3]:
        run_page = open_run(hostile_runs, run.run_id)
        expect(run_page.get_by_role("group", name="Error")).to_be_visible()
        expect(run_page.locator("section[data-metric]").first).to_be_visible()
        assert run_page.locator("script, iframe, .jp-AmlRunPage-header img").count() == 0
    take_screenshot(page, "run-page-hostile")


def test_the_page_is_used_by_keyboard_and_read_in_dark_and_narrow(
    own_workspace: SeededWorkspace, open_run: OpenRun, page: Page
) -> None:
    run = add_run(own_workspace.store, "keys", losses=[place / 10 for place in range(50)])
    run_page = open_run(own_workspace, run.run_id)
    first = run_page.get_by_role("tab", name="Metrics")
    first.focus()
    first.press("ArrowRight")
    expect(run_page.get_by_role("tab", name="Logs")).to_have_attribute("aria-selected", "true")
    run_page.get_by_role("tab", name="Logs").press("Home")
    expect(first).to_have_attribute("aria-selected", "true")

    chart = run_page.get_by_role("img", name=re.compile("Chart of loss"))
    chart.press("+")
    everything = card(run_page, "loss").get_by_role("button", name="Show all of loss again")
    expect(everything).to_be_visible()
    chart.press("0")
    expect(everything).to_have_count(0)

    sidebar = Sidebar(page)
    light = chart.evaluate("chart => chart.querySelector('canvas').toDataURL()")
    try:
        sidebar.set_theme("Dark")
        page.wait_for_function(
            "before => document.querySelector('.jp-AmlChart canvas').toDataURL() !== before", arg=light, timeout=WAIT_MS
        )
        take_screenshot(page, "run-page-dark")
        page.set_viewport_size({"width": 700, "height": 900})
        expect(chart).to_be_visible()
        assert run_page.evaluate("one => one.scrollWidth <= one.clientWidth")
        take_screenshot(page, "run-page-narrow")
    finally:
        sidebar.set_theme("Light")


@pytest.mark.long
def test_a_busy_kernel_and_a_dead_one_make_no_difference(
    lab: LabServer, open_notebook: OpenNotebook, page: Page
) -> None:
    notebook = open_notebook([START, "while True:\n    pass"])
    notebook.run_cell(0)
    run_id, pid = notebook.output_text(0).split()
    notebook.run_cell(1, wait=False)
    folder = lab.root / notebook.path.split("/")[0] / "runs"
    arguments: dict[str, object] = {"workspace": workspace_key(folder), "runId": run_id}
    Sidebar(page).execute("aml-widgets:open-run", arguments)
    run_page = page.locator(".jp-AmlRunPage:visible")
    step = run_page.locator(".jp-AmlRunPage-fact", has_text="Step")
    expect(step).to_contain_text("1")
    assert notebook.is_running(1)

    SqliteRunStore.open(folder).log_metrics(run_id, {"loss": 0.125}, 7)
    expect(step).to_contain_text("7")
    assert is_painted(card(run_page, "loss").locator(".jp-AmlChart"))
    run_page.get_by_role("tab", name="Details").click()
    expect(run_page.get_by_role("tabpanel")).to_contain_text(run_id)
    run_page.get_by_role("tab", name="Metrics").click()

    os.kill(int(pid), signal.SIGKILL)
    expect(run_page.locator(".jp-AmlRunPage-status")).to_contain_text("Not responding")
    expect(run_page.get_by_text("The process that wrote this run is gone")).to_be_visible()
    expect(card(run_page, "loss")).to_contain_text("0.125")
