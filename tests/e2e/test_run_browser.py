"""The run browser in JupyterLab's sidebar, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Response, expect

from aml_widgets.core.status import RunStatus
from aml_widgets.store.uri import workspace_key
from aml_widgets.testing.seeded import HOSTILE_TEXTS
from aml_widgets.tracking.provenance import NOTEBOOK_PATH
from tests.e2e.seeded_runs import add_run, open_workspace, seed_few
from tests.e2e.sidebar import Sidebar

if TYPE_CHECKING:
    from tests.e2e.lab import LabServer
    from tests.e2e.seeded_runs import SeededWorkspace

OpenSidebar = Callable[..., "Sidebar"]
KERNELS_ARE_QUIET = """() => [...window.jupyterapp.shell.widgets('main')]
    .filter((widget) => widget.sessionContext)
    .every(({ sessionContext }) => {
        const kernel = sessionContext.session?.kernel;
        return kernel?.status === 'idle' && kernel._futures.size === 0;
    })"""
FEW = ["sweep", "forest one", "empty", "ridge canceled", "ridge failed", "ridge two", "ridge one"]


# -- the panel


def test_it_has_an_icon_of_its_own_on_the_left(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    tab = sidebar.page.locator('.jp-SideBar.jp-mod-left [data-id="jp-AmlRunBrowser"]')

    expect(tab).to_have_attribute("title", "Run Browser")
    expect(tab.locator('svg[data-icon="aml-widgets:run-browser"]')).to_be_visible()
    expect(sidebar.panel.get_by_role("heading", name="Run Browser")).to_be_visible()
    expect(sidebar.page.get_by_role("region", name="Run Browser")).to_be_visible()

    sidebar.hide()
    sidebar.execute("aml-widgets:show-run-browser")
    expect(sidebar.grid).to_be_focused()


# -- what is listed


def test_all_runs_of_a_workspace_are_listed_newest_first(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)

    expect(sidebar.runs).to_have_count(len(FEW))
    assert sidebar.names() == FEW
    expect(sidebar.foot).to_contain_text("7 runs")


def test_a_row_says_status_name_time_and_the_course_of_the_metric(
    open_sidebar: OpenSidebar, few_runs: SeededWorkspace
) -> None:
    sidebar = open_sidebar(few_runs)
    row = sidebar.row("ridge two")

    expect(row.get_by_role("img", name="Completed")).to_be_visible()
    expect(row.locator(".jp-AmlRunBrowser-time")).to_contain_text("ago")
    expect(row.locator(".jp-AmlRunBrowser-value")).to_have_text("0.55")
    expect(row.locator(".jp-AmlRunBrowser-sparkline path")).to_have_attribute("d", re.compile(r"^M.*L.*L.*L"))
    expect(sidebar.row("ridge failed").get_by_role("img", name="Failed")).to_be_visible()


def test_experiments_open_to_their_runs(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.choose_scope("Experiments")
    expect(sidebar.rows).to_have_count(2)
    expect(sidebar.row("ridge")).to_have_attribute("aria-expanded", "false")

    sidebar.row("ridge").click()

    expect(sidebar.row("ridge")).to_have_attribute("aria-expanded", "true")
    expect(sidebar.runs).to_have_count(5)
    expect(sidebar.row("ridge one")).to_have_attribute("aria-level", "2")


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("ridge status:failed", ["ridge failed"]),
        ("tag:owner=ada", ["ridge one"]),
        ("loss < 0.5 status:completed", ["sweep", "ridge one"]),
        ("experiment:forest -one", ["sweep"]),
    ],
)
def test_the_search_knows_words_and_conditions(
    open_sidebar: OpenSidebar, few_runs: SeededWorkspace, search: str, names: list[str]
) -> None:
    sidebar = open_sidebar(few_runs)

    sidebar.search(search)

    expect(sidebar.runs).to_have_count(len(names))
    assert sidebar.names() == names


def test_a_search_that_is_not_understood_says_why(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)

    sidebar.search("loss <")

    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_contain_text("loss <")
    expect(sidebar.runs).to_have_count(len(FEW))


def test_filters_order_and_columns(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.resize(700)
    panel = sidebar.panel
    panel.get_by_role("button", name="Filters").click()
    panel.get_by_role("button", name="Failed", exact=True).click()
    panel.get_by_role("button", name="Canceled", exact=True).click()
    expect(sidebar.runs).to_have_count(2)
    assert sidebar.names() == ["ridge canceled", "ridge failed"]
    panel.get_by_role("button", name="Canceled", exact=True).click()
    panel.get_by_role("button", name="Failed", exact=True).click()

    panel.get_by_role("button", name="Order and columns").click()
    panel.get_by_role("button", name="Tags", exact=True).click()
    panel.get_by_role("combobox", name="Which of its values").select_option("high")
    panel.get_by_role("button", name="Add a column with this metric").click()
    expect(panel.get_by_role("columnheader", name="loss (highest)")).to_be_visible()
    expect(sidebar.row("ridge one")).to_contain_text("owner=ada")

    panel.get_by_role("button", name="loss (highest)", exact=True).click()
    expect(panel.get_by_role("columnheader", name="loss (highest)")).to_have_attribute("aria-sort", "descending")
    expect(sidebar.runs.first).to_contain_text("forest one")
    sidebar.screenshot("sidebar-columns")


def test_running_ones_are_on_top_on_demand(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "goes on", end=None)
    add_run(own_workspace.store, "ended")
    sidebar = open_sidebar(own_workspace)
    sidebar.search_box.hover()
    expect(sidebar.runs).to_have_count(2)
    assert sidebar.names() == ["ended", "goes on"]

    sidebar.panel.get_by_role("button", name="Filters").click()
    sidebar.panel.get_by_role("checkbox", name="Running ones on top").check()
    sidebar.wait_until_read()
    expect(sidebar.runs.first).to_contain_text("goes on")

    own_workspace.store.set_status(run.run_id, RunStatus.COMPLETED)
    expect(sidebar.row("goes on").get_by_role("img", name="Completed")).to_be_visible()
    assert sidebar.names() == ["ended", "goes on"]


def test_ten_thousand_runs_scroll_to_the_last(open_sidebar: OpenSidebar, many_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(many_runs)
    expect(sidebar.foot).to_contain_text("10,000 runs")
    expect(sidebar.row("run 9999")).to_be_visible()

    sidebar.grid.evaluate("(grid) => { grid.scrollTop = grid.scrollHeight; }")

    expect(sidebar.row("run 0")).to_be_visible()
    assert sidebar.rows.count() < 100
    expect(sidebar.row("run 0").locator(".jp-AmlRunBrowser-sparkline")).to_be_visible()


def test_hostile_texts_are_mere_texts(open_sidebar: OpenSidebar, hostile_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(hostile_runs)

    expect(sidebar.runs).to_have_count(len(HOSTILE_TEXTS))
    # What would not be seen, or would turn the text around, is written out.
    unseen = {
        "\n": "␊",
        "\t": "␉",
        "\r": "␍",
        "\0": "␀",
        "\x07": "␇",
        "\x1b": "␛",
        "\u202e": "\\u202e",
        "\u202c": "\\u202c",
    }
    assert set(sidebar.names()) == {"".join(unseen.get(one, one) for one in text) for text in HOSTILE_TEXTS}
    sidebar.screenshot("sidebar-hostile", of=sidebar.panel)


def test_where_there_are_no_runs_it_says_so(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    sidebar = open_sidebar(own_workspace)

    expect(sidebar.panel).to_contain_text("No runs yet.")


def test_a_broken_workspace_says_why_and_harms_no_other(
    open_sidebar: OpenSidebar, browser_lab: LabServer, few_runs: SeededWorkspace
) -> None:
    folder = browser_lab.home / "broken"
    folder.mkdir()
    (folder / "runs.db").write_bytes(b"no database at all" * 100)
    sidebar = open_sidebar(few_runs)

    sidebar.panel.get_by_role("combobox", name="Workspace").select_option(workspace_key(folder))
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_be_visible()
    expect(sidebar.runs).to_have_count(0)
    sidebar.screenshot("sidebar-broken", of=sidebar.panel)

    sidebar.choose_workspace(few_runs.key)
    expect(sidebar.runs).to_have_count(len(FEW))
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_have_count(0)


# -- notebooks


def test_runs_of_the_notebook_in_front_follow_the_notebook(
    open_sidebar: OpenSidebar, browser_lab: LabServer, own_workspace: SeededWorkspace
) -> None:
    paths = [browser_lab.write_notebook(["1 + 1"], name=f"{name}.ipynb") for name in ("one", "two %20")]
    for path in paths:
        properties = {NOTEBOOK_PATH: str(browser_lab.root / path)}
        add_run(own_workspace.store, f"of {path}", properties=properties)
    add_run(own_workspace.store, "of nobody")
    sidebar = open_sidebar(own_workspace)
    sidebar.choose_scope("Notebook")
    expect(sidebar.panel).to_contain_text("No notebook is in front.")

    for path in [*paths, paths[0]]:
        sidebar.execute("docmanager:open", {"path": path})
        expect(sidebar.row(f"of {path}")).to_be_visible()
        assert sidebar.names() == [f"of {path}"]

    # While nobody looks, another notebook asks for nothing.
    sidebar.hide()
    with sidebar.requests() as asked:
        sidebar.execute("docmanager:open", {"path": paths[1]})
        # Longer than a notebook may be in front before its runs are asked for.
        sidebar.page.wait_for_timeout(1_000)
        assert asked == []
        sidebar.show_again()
        expect(sidebar.row(f"of {paths[1]}")).to_be_visible()
        assert sidebar.names() == [f"of {paths[1]}"]

    # A notebook that is closed while its kernel is still being asked for something throws an error of JupyterLab's own.
    sidebar.page.wait_for_function(KERNELS_ARE_QUIET)
    # Not by a command: notebooks that their kernel has written into would ask whether to be saved.
    sidebar.page.evaluate("() => [...window.jupyterapp.shell.widgets('main')].forEach((widget) => widget.dispose())")
    expect(sidebar.panel).to_contain_text("No notebook is in front.")


# -- what is kept


def test_what_was_chosen_is_there_after_a_reload(
    open_sidebar: OpenSidebar, browser_lab: LabServer, few_runs: SeededWorkspace
) -> None:
    seed_few(open_workspace(browser_lab, "another").store)
    sidebar = open_sidebar(few_runs)
    sidebar.resize(500)
    sidebar.panel.get_by_role("button", name="Order and columns").click()
    sidebar.panel.get_by_role("button", name="Tags", exact=True).click()
    with sidebar.page.expect_response(_is_layout_with_open_experiment):
        sidebar.choose_scope("Experiments")
        sidebar.row("forest").click()
    expect(sidebar.runs).to_have_count(2)

    sidebar.reload()

    expect(sidebar.panel).to_be_visible()
    expect(sidebar.runs).to_have_count(2)
    expect(sidebar.panel.get_by_role("columnheader", name="Tags")).to_be_visible()
    expect(sidebar.panel.get_by_role("combobox", name="Workspace")).to_have_value(few_runs.key)
    expect(sidebar.panel.get_by_role("radio", name="Experiments")).to_be_checked()
    box = sidebar.panel.bounding_box()
    assert box is not None
    assert box["width"] > 400


def _is_layout_with_open_experiment(response: Response) -> bool:
    """Whether the server has saved JupyterLab's layout with what the test chose last."""
    saved = response.request.post_data or ""
    return "/lab/api/workspaces/" in response.url and response.ok and re.search(r'"open":\s*\["', saved) is not None
