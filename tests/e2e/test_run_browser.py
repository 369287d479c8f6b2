"""The run browser in JupyterLab's sidebar, in a real browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import Page, Request, Response, expect

from aml_widgets.core.errors import RunNotFound
from aml_widgets.core.records import NewRun, RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.uri import workspace_key
from aml_widgets.tracking.provenance import NOTEBOOK_PATH
from tests.e2e.growing_run import GrowingRun
from tests.e2e.seeded_runs import add_run, open_workspace, seed_few

if TYPE_CHECKING:
    from tests.e2e.lab import LabServer
    from tests.e2e.seeded_runs import SeededWorkspace
    from tests.e2e.sidebar import Sidebar

OpenSidebar = Callable[..., "Sidebar"]
FEW = ["sweep", "forest one", "empty", "ridge canceled", "ridge failed", "ridge two", "ridge one"]


@contextmanager
def requests_of(page: Page) -> Iterator[list[str]]:
    """Collect what the page asks of the server extension, without the clock that JupyterLab adds."""
    found: list[str] = []

    def note(request: Request) -> None:
        if "/aml-widgets/api/" in request.url:
            found.append(request.url.partition("/aml-widgets/api/")[2].partition("?")[0])

    page.on("request", note)
    try:
        yield found
    finally:
        page.remove_listener("request", note)


def menu(sidebar: Sidebar, name: str) -> None:
    """Choose from the context menu of the first chosen line."""
    sidebar.page.locator(".jp-AmlRunBrowser-row.jp-mod-selected").first.click(button="right")
    sidebar.page.locator(".lm-Menu-item", has_text=re.compile(f"^{re.escape(name)}")).first.click()


def accept(page: Page, label: str) -> None:
    """Press a button of the dialog in front, and wait until it is gone."""
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_have_count(0)


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


@pytest.mark.parametrize("width", [220, 400])
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_it_fits_a_narrow_and_a_wide_sidebar_in_both_themes(
    open_sidebar: OpenSidebar, few_runs: SeededWorkspace, width: int, theme: str
) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.resize(width)
    sidebar.set_theme("Dark" if theme == "Dark" else "Light")

    expect(sidebar.row("ridge two").locator(".jp-AmlRunBrowser-sparkline")).to_be_visible()
    # Nothing sticks out sideways.
    assert sidebar.panel.evaluate("(panel) => panel.scrollWidth <= panel.clientWidth")
    assert sidebar.grid.evaluate("(grid) => grid.scrollWidth <= grid.clientWidth")
    sidebar.screenshot(f"sidebar-{width}-{theme.lower()}", of=sidebar.panel)


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
    names = {run.display_name for run in hostile_runs.store.list_runs(RunQuery()).runs}

    expect(sidebar.runs).to_have_count(len(names))
    assert set(sidebar.names()) == names
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


# -- what is done with runs


def test_the_keyboard_moves_chooses_and_searches(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    selected = sidebar.panel.locator(".jp-mod-selected .jp-AmlRunBrowser-name")
    sidebar.grid.focus()

    sidebar.page.keyboard.press("ArrowDown")
    sidebar.page.keyboard.press("ArrowDown")
    expect(selected).to_have_text(["forest one"])
    active = sidebar.grid.get_attribute("aria-activedescendant")
    expect(sidebar.page.locator(f"#{active}")).to_contain_text("forest one")

    sidebar.page.keyboard.press("Shift+ArrowDown")
    expect(selected).to_have_text(["forest one", "empty"])
    sidebar.page.keyboard.press("Control+a")
    expect(sidebar.foot).to_contain_text("7 selected")
    sidebar.page.keyboard.press("Escape")
    expect(selected).to_have_count(0)
    sidebar.page.keyboard.press("/")
    expect(sidebar.search_box).to_be_focused()


def test_the_keyboard_opens_the_context_menu_at_the_line(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.row("ridge two").click()

    sidebar.page.keyboard.press("Shift+F10")

    menu_box = sidebar.page.locator(".lm-Menu").bounding_box()
    row_box = sidebar.row("ridge two").bounding_box()
    assert menu_box is not None
    assert row_box is not None
    assert abs(menu_box["y"] - (row_box["y"] + row_box["height"])) < 30
    expect(sidebar.page.locator(".lm-Menu-item", has_text="Copy Run ID")).to_be_visible()
    sidebar.screenshot("sidebar-menu")
    sidebar.page.keyboard.press("Escape")


def test_a_run_is_renamed_with_f2(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "before")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("before").click()

    sidebar.page.keyboard.press("F2")
    sidebar.page.locator(".jp-Dialog input").fill("after")
    accept(sidebar.page, "Rename")

    expect(sidebar.row("after")).to_be_visible()
    assert own_workspace.store.get_run(run.run_id).display_name == "after"


def test_runs_are_tagged_together(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    runs = [add_run(own_workspace.store, name, tags={"old": "1"}) for name in ("one", "two")]
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()
    sidebar.row("two").click(modifiers=["Control"])

    menu(sidebar, "Edit Tags")
    dialog = sidebar.page.locator(".jp-Dialog")
    dialog.get_by_role("button", name="Remove the tag old").click()
    dialog.get_by_label("Tag", exact=True).fill("stage")
    dialog.get_by_label("Value").fill("prod")
    sidebar.screenshot("sidebar-tags", of=dialog)
    accept(sidebar.page, "Save")

    sidebar.search("tag:stage=prod")
    expect(sidebar.runs).to_have_count(2)
    assert [dict(own_workspace.store.get_run(run.run_id).tags) for run in runs] == [{"stage": "prod"}] * 2


def test_deleting_asks_and_can_be_undone(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    for name in ("stays", "goes"):
        add_run(own_workspace.store, name)
    sidebar = open_sidebar(own_workspace)
    sidebar.row("goes").click()

    sidebar.page.keyboard.press("Delete")
    accept(sidebar.page, "No")
    expect(sidebar.runs).to_have_count(2)

    sidebar.grid.focus()
    sidebar.page.keyboard.press("Delete")
    sidebar.screenshot("sidebar-delete", of=sidebar.page.locator(".jp-Dialog-content"))
    accept(sidebar.page, "Delete")
    expect(sidebar.runs).to_have_count(1)

    sidebar.page.get_by_role("button", name="Undo").click()
    expect(sidebar.runs).to_have_count(2)
    assert sidebar.names() == ["goes", "stays"]


def test_what_is_deleted_lies_in_the_trash_until_it_is_deleted_for_good(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    run = add_run(own_workspace.store, "goes")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("goes").click()
    sidebar.page.keyboard.press("Delete")
    accept(sidebar.page, "Delete")
    expect(sidebar.panel).to_contain_text("No runs yet.")
    sidebar.panel.get_by_role("button", name="Filters").click()

    sidebar.panel.get_by_role("combobox", name="Show").select_option("trash")
    sidebar.row("goes").click()
    sidebar.page.keyboard.press("Delete")
    accept(sidebar.page, "Delete for good")

    expect(sidebar.panel).to_contain_text("The trash is empty.")
    with pytest.raises(RunNotFound):
        own_workspace.store.get_run(run.run_id)


def test_archived_runs_are_listed_on_demand(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    menu(sidebar, "Archive")
    expect(sidebar.panel).to_contain_text("No runs yet.")

    sidebar.panel.get_by_role("button", name="Filters").click()
    sidebar.panel.get_by_role("combobox", name="Show").select_option("archived")
    sidebar.row("one").click()
    menu(sidebar, "Take out of the Archive")
    expect(sidebar.panel).to_contain_text("No run is archived.")


def test_the_id_is_copied(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.row("ridge one").click()
    run_id = next(run.run_id for run in few_runs.store.list_runs(RunQuery()).runs if run.display_name == "ridge one")

    menu(sidebar, "Copy Run ID")
    sidebar.search_box.focus()
    sidebar.page.keyboard.press("Control+v")

    expect(sidebar.search_box).to_have_value(run_id)


def test_logs_are_saved_as_a_zip(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    with sidebar.page.expect_download() as saved:
        menu(sidebar, "Download Logs")

    assert saved.value.suggested_filename.endswith(".zip")
    assert run.run_id in saved.value.url


def test_a_folder_that_the_file_browser_cannot_show_is_copied(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    menu(sidebar, "Open Folder")

    expect(sidebar.page.locator(".jp-toastContainer")).to_contain_text("Its path is copied")


@pytest.mark.parametrize("how", ["double click", "Enter", "menu"])
def test_a_run_page_is_opened(open_sidebar: OpenSidebar, few_runs: SeededWorkspace, how: str) -> None:
    sidebar = open_sidebar(few_runs)
    row = sidebar.row("ridge two")
    row.click()

    if how == "double click":
        row.dblclick()
    elif how == "Enter":
        sidebar.page.keyboard.press("Enter")
    else:
        menu(sidebar, "Open Run Page")

    expect(sidebar.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")).to_contain_text("ridge two")
    sidebar.screenshot("sidebar-run-page")


def test_selected_runs_are_compared(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.row("ridge two").click()
    sidebar.row("ridge one").click(modifiers=["Control"])

    menu(sidebar, "Compare Selected Runs")

    expect(sidebar.page.locator(".jp-AmlCompare").first).to_be_visible()


# -- notebooks


def test_runs_of_the_notebook_in_front_and_a_cell_that_shows_one(
    open_sidebar: OpenSidebar, browser_lab: LabServer, own_workspace: SeededWorkspace
) -> None:
    path = browser_lab.write_notebook(["1 + 1", "2 + 2"])
    store = own_workspace.store
    experiment = store.open_experiment("notebooks")
    real = str(browser_lab.root / path)
    mine = store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id,
            display_name="of the notebook",
            status=RunStatus.RUNNING,
            properties={NOTEBOOK_PATH: real},
        )
    )
    add_run(store, "of nobody")
    sidebar = open_sidebar(own_workspace)
    sidebar.choose_scope("Notebook")
    expect(sidebar.panel).to_contain_text("No notebook is in front.")

    sidebar.execute("docmanager:open", {"path": path})
    expect(sidebar.runs).to_have_count(1)
    assert sidebar.names() == ["of the notebook"]

    sidebar.row("of the notebook").click()
    menu(sidebar, "Insert Cell with RunDetails")
    sidebar.execute("docmanager:save")
    cells = nbformat.read(browser_lab.root / path, as_version=4).cells
    assert [cell.source.splitlines()[-1] for cell in cells] == [
        "1 + 1",
        f"RunDetails(Workspace.open({json.dumps(str(own_workspace.folder))}).get_run({json.dumps(mine.run_id)})).show()",
        "2 + 2",
    ]


# -- what is live


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

    with requests_of(page) as asked:
        with page.expect_response(re.compile("/runs/poll")), page.expect_response(re.compile("/runs/poll")):
            pass
        assert set(asked) == {f"workspaces/{few_runs.key}/runs/poll"}

    sidebar.hide()
    with requests_of(page) as asked:
        # Longer than the interval of five seconds: time is what it is about.
        page.wait_for_timeout(7_000)
        assert asked == []
        with page.expect_response(re.compile("/runs/poll")):
            page.evaluate("() => { window.jupyterapp.shell.expandLeft(); }")


def test_a_lost_server_is_told_and_comes_back(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    expect(sidebar.runs).to_have_count(len(FEW))
    sidebar.page.route("**/aml-widgets/api/**", lambda route: route.abort())

    sidebar.panel.get_by_role("button", name="Ask again now").click()
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_be_visible()
    expect(sidebar.runs).to_have_count(len(FEW))
    sidebar.screenshot("sidebar-lost", of=sidebar.panel)

    sidebar.page.unroute("**/aml-widgets/api/**")
    sidebar.panel.get_by_role("button", name="Try again now").click()
    expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_have_count(0)


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
