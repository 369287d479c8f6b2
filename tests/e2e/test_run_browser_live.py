"""What the run browser shows of runs while they go on, in a real browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Page, Response, expect

from tests.e2e.conftest import BASE_URL
from tests.e2e.growing_run import GrowingRun
from tests.e2e.lab import start_lab
from tests.e2e.seeded_runs import add_run, open_workspace
from tests.e2e.sidebar import Sidebar

if TYPE_CHECKING:
    from tests.e2e.lab import LabServer
    from tests.e2e.seeded_runs import SeededWorkspace

OpenSidebar = Callable[..., Sidebar]


# -- runs of another process


def test_a_run_of_another_process_appears_grows_and_ends(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    add_run(own_workspace.store, "earlier")
    sidebar = open_sidebar(own_workspace)
    expect(sidebar.runs).to_have_count(1)

    with GrowingRun(own_workspace.folder) as run:
        expect(sidebar.row("growing")).to_be_visible()
        expect(sidebar.row("growing").get_by_role("img", name="Running")).to_be_visible()
        assert sidebar.names() == ["growing", "earlier"]
        run.log(1)
        expect(sidebar.row("growing").locator(".jp-AmlRunBrowser-value")).to_have_text("1")
        run.log(20)
        expect(sidebar.row("growing").locator(".jp-AmlRunBrowser-value")).to_have_text("0.367879")
        expect(sidebar.row("growing").locator(".jp-AmlRunBrowser-sparkline path")).to_have_attribute(
            "d", re.compile("L.*L.*L")
        )
        run.complete()
        expect(sidebar.row("growing").get_by_role("img", name="Completed")).to_be_visible()
    expect(sidebar.page.locator(".jp-toastContainer")).to_contain_text("growing: Completed")
    sidebar.screenshot("sidebar-ended")


def test_a_run_that_fails_while_nobody_looks_is_told_where_that_is_set(
    open_sidebar: OpenSidebar, browser_lab: LabServer, own_workspace: SeededWorkspace
) -> None:
    settings: dict[str, object] = {"watchWhileHidden": True, "refreshSeconds": 1}
    with browser_lab.setting("aml-widgets/run-browser", settings), GrowingRun(own_workspace.folder) as run:
        sidebar = open_sidebar(own_workspace)
        expect(sidebar.row("growing")).to_be_visible()
        sidebar.hide()

        run.fail("no more data")

        expect(sidebar.page.locator(".jp-toastContainer")).to_contain_text("growing: Failed")
        sidebar.page.locator(".jp-toastContainer").get_by_role("button", name="Open").click()
        expect(sidebar.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")).to_contain_text("growing")


def test_what_is_set_in_the_settings_editor_holds_at_once(
    open_sidebar: OpenSidebar, browser_lab: LabServer, own_workspace: SeededWorkspace
) -> None:
    with browser_lab.setting("aml-widgets/run-browser", {"refreshSeconds": 1}):
        sidebar = open_sidebar(own_workspace)
        sidebar.execute("settingeditor:open", {"query": "Run Browser"})
        editor = sidebar.page.locator(".jp-SettingsPanel")
        tells = editor.get_by_role("checkbox", name="Tell when a run ends")
        expect(tells).to_be_checked()
        expect(editor).to_contain_text("Seconds between two looks")
        sidebar.screenshot("sidebar-settings")
        told = sidebar.page.locator(".jp-toastContainer")

        with sidebar.page.expect_response(_is_saved_setting):
            tells.uncheck()
        _grow_and_end(sidebar, own_workspace, "unheard")
        with sidebar.page.expect_response(_is_saved_setting):
            tells.check()
        _grow_and_end(sidebar, own_workspace, "heard of")

        expect(told).to_contain_text("heard of: Completed")
        expect(told).not_to_contain_text("unheard")


def _is_saved_setting(response: Response) -> bool:
    return "/lab/api/settings/aml-widgets" in response.url and response.request.method == "PUT"


def _grow_and_end(sidebar: Sidebar, workspace: SeededWorkspace, name: str) -> None:
    with GrowingRun(workspace.folder, name) as run:
        expect(sidebar.row(name).get_by_role("img", name="Running")).to_be_visible()
        run.complete()
        expect(sidebar.row(name).get_by_role("img", name="Completed")).to_be_visible()


def test_nothing_moves_under_the_pointer(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    for place in range(3):
        add_run(own_workspace.store, f"run {place}")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("run 1").hover()
    before = sidebar.row("run 1").bounding_box()

    add_run(own_workspace.store, "newest")
    expect(sidebar.foot).to_contain_text("Show 1 change")
    assert sidebar.row("run 1").bounding_box() == before

    sidebar.search_box.hover()
    expect(sidebar.row("newest")).to_be_visible()
    assert sidebar.names()[0] == "newest"


def test_what_is_read_stays_in_sight_when_runs_come_above_it(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    for place in range(80):
        add_run(own_workspace.store, f"run {place}", losses=())
    sidebar = open_sidebar(own_workspace)
    sidebar.grid.evaluate("(grid) => { grid.scrollTop = 600; }")
    expect(sidebar.row("run 55")).to_be_visible()
    sidebar.search_box.hover()
    before = sidebar.row("run 55").bounding_box()

    add_run(own_workspace.store, "newest", losses=())

    expect(sidebar.foot).to_contain_text("81 runs")
    assert sidebar.row("run 55").bounding_box() == before


def test_it_asks_once_an_interval_and_never_while_hidden(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    expect(sidebar.row("ridge two").locator(".jp-AmlRunBrowser-sparkline")).to_be_visible()
    page = sidebar.page

    with sidebar.requests() as asked:
        with page.expect_response(re.compile("/runs/poll")), page.expect_response(re.compile("/runs/poll")):
            pass
        assert set(asked) <= {f"workspaces/{few_runs.key}/runs/poll", "workspaces"}

    sidebar.hide()
    with sidebar.requests() as asked:
        # Longer than the interval of five seconds: time is what it is about.
        page.wait_for_timeout(7_000)
        assert asked == []
        with page.expect_response(re.compile("/runs/poll")):
            page.evaluate("() => { window.jupyterapp.shell.expandLeft(); }")


def test_an_empty_home_says_so_until_the_first_run_is_logged(page: Page, tmp_path: Path) -> None:
    server = start_lab(tmp_path / "lab", base_url=BASE_URL, options=["--RunBrowserApp.min_interval_seconds=0.2"])
    try:
        sidebar = Sidebar(page)
        page.goto(server.fresh_url())
        sidebar.wait_until_started()
        sidebar.show()
        expect(sidebar.panel).to_contain_text("There is no workspace yet.")
        sidebar.screenshot("sidebar-no-workspace", of=sidebar.panel)

        with GrowingRun(server.home / "first"):
            expect(sidebar.row("growing")).to_be_visible()
        expect(sidebar.panel.get_by_role("combobox", name="Workspace")).to_be_visible()
    finally:
        server.stop()


def test_a_workspace_that_is_new_is_offered_by_itself(
    open_sidebar: OpenSidebar, browser_lab: LabServer, few_runs: SeededWorkspace
) -> None:
    sidebar = open_sidebar(few_runs)
    new = open_workspace(browser_lab, f"new-{uuid.uuid4().hex[:8]}")
    option = sidebar.panel.locator(f'option[value="{new.key}"]')

    with sidebar.page.expect_response(re.compile("/aml-widgets/api/workspaces(\\?|$)")):
        sidebar.pass_time(seconds=61)

    expect(option).to_be_attached()
    expect(sidebar.panel.get_by_role("combobox", name="Workspace")).to_have_value(few_runs.key)


def test_a_lost_server_is_told_and_comes_back(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    expect(sidebar.runs).to_have_count(7)
    sidebar.page.route("**/aml-widgets/api/**", lambda route: route.abort())

    sidebar.panel.get_by_role("button", name="Ask again now").click()
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_be_visible()
    expect(sidebar.runs).to_have_count(7)
    sidebar.screenshot("sidebar-lost", of=sidebar.panel)

    with sidebar.page.expect_request("**/aml-widgets/api/workspaces*"):
        sidebar.panel.get_by_role("button", name="Try again now").click()
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_be_visible()

    sidebar.page.unroute("**/aml-widgets/api/**")
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_have_count(0)
