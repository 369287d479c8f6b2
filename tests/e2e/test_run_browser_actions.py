"""What is done with the runs of the run browser, in a real browser: by context menu, keyboard and command palette."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import Page, expect

from aml_widgets.core.errors import RunNotFound
from aml_widgets.core.records import RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking.workspace import Workspace
from tests.e2e.growing_run import GrowingRun
from tests.e2e.seeded_runs import SeededWorkspace, add_run

if TYPE_CHECKING:
    from tests.e2e.lab import LabServer
    from tests.e2e.sidebar import Sidebar

OpenSidebar = Callable[..., "Sidebar"]


def accept(page: Page, label: str) -> None:
    """Press a button of the dialog in front, and wait until it is gone."""
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(dialog).to_have_count(0)


def clipboard_of(sidebar: Sidebar) -> str:
    """Give what was copied, as it is pasted. Line ends become blanks."""
    sidebar.search_box.fill("")
    sidebar.search_box.focus()
    sidebar.page.keyboard.press("Control+v")
    expect(sidebar.search_box).not_to_have_value("")
    return sidebar.search_box.input_value()


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

    sidebar.choose_from_menu("Edit Tags")
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

    sidebar.choose_from_menu("Archive")
    expect(sidebar.panel).to_contain_text("No runs yet.")

    sidebar.panel.get_by_role("button", name="Filters").click()
    sidebar.panel.get_by_role("combobox", name="Show").select_option("archived")
    sidebar.row("one").click()
    sidebar.choose_from_menu("Take out of the Archive")
    expect(sidebar.panel).to_contain_text("No run is archived.")


def test_the_id_is_copied(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.row("ridge one").click()
    run_id = next(run.run_id for run in few_runs.store.list_runs(RunQuery()).runs if run.display_name == "ridge one")

    sidebar.choose_from_menu("Copy Run ID")

    assert clipboard_of(sidebar) == run_id


def test_logs_are_saved_as_a_zip(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    with sidebar.page.expect_download() as saved:
        sidebar.choose_from_menu("Download Logs")

    assert saved.value.suggested_filename.endswith(".zip")
    assert run.run_id in saved.value.url


def test_a_folder_that_the_file_browser_cannot_show_is_copied(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    sidebar.choose_from_menu("Open Folder")

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
        sidebar.choose_from_menu("Open Run Page")

    expect(sidebar.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current")).to_contain_text("ridge two")
    sidebar.screenshot("sidebar-run-page")


def test_selected_runs_are_compared(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.row("ridge two").click()
    sidebar.row("ridge one").click(modifiers=["Control"])

    sidebar.choose_from_menu("Compare Selected Runs")

    expect(sidebar.page.locator(".jp-AmlCompare").first).to_be_visible()


# -- cancelling


def test_a_run_that_goes_on_is_cancelled(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "goes on", end=None)
    add_run(own_workspace.store, "ended")
    sidebar = open_sidebar(own_workspace)

    sidebar.row("ended").click(button="right")
    expect(sidebar.menu_item("Copy Run ID")).to_be_visible()
    expect(sidebar.menu_item("Cancel Run")).to_have_count(0)
    sidebar.close_menu()

    sidebar.row("goes on").click()
    sidebar.page.keyboard.press("x")
    expect(sidebar.page.locator(".jp-Dialog")).to_contain_text("goes on")
    sidebar.screenshot("sidebar-cancel")
    accept(sidebar.page, "Cancel the run")

    expect(sidebar.row("goes on").get_by_role("img", name=re.compile("Cancel"))).to_be_visible()
    assert own_workspace.store.get_run(run.run_id).status in {RunStatus.CANCEL_REQUESTED, RunStatus.CANCELED}


def test_a_run_that_goes_on_is_not_deleted(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    with GrowingRun(own_workspace.folder):
        add_run(own_workspace.store, "ended")
        sidebar = open_sidebar(own_workspace)
        sidebar.row("growing").click(button="right")
        expect(sidebar.menu_item("Copy Run ID")).to_be_visible()
        expect(sidebar.menu_item("Delete")).to_have_count(0)
        sidebar.close_menu()

        sidebar.grid.focus()
        sidebar.page.keyboard.press("Control+a")
        sidebar.page.keyboard.press("Delete")
        expect(sidebar.page.locator(".jp-Dialog")).to_contain_text("1 run that goes on stays")
        accept(sidebar.page, "Delete")

        expect(sidebar.runs).to_have_count(1)
        assert sidebar.names() == ["growing"]


# -- archiving


def test_archiving_can_be_undone(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    sidebar.page.keyboard.press("e")
    expect(sidebar.panel).to_contain_text("No runs yet.")
    assert own_workspace.store.get_run(run.run_id).archived_at is not None

    sidebar.page.get_by_role("button", name="Undo").click()
    expect(sidebar.row("one")).to_be_visible()
    assert own_workspace.store.get_run(run.run_id).archived_at is None


def test_an_experiment_is_archived_and_brought_back(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    for name in ("kept", "aside"):
        add_run(own_workspace.store, f"run of {name}", experiment=name)
    sidebar = open_sidebar(own_workspace)
    sidebar.choose_scope("Experiments")
    sidebar.row("aside").click()

    sidebar.choose_from_menu("Archive Experiment", row=sidebar.row("aside"))
    expect(sidebar.row("aside")).to_have_count(0)

    sidebar.panel.get_by_role("button", name="Filters").click()
    sidebar.panel.get_by_role("checkbox", name="Archived experiments, too").check()
    expect(sidebar.row("aside")).to_contain_text("archived")
    sidebar.row("aside").click()
    sidebar.choose_from_menu("Take Experiment out of the Archive", row=sidebar.row("aside"))
    expect(sidebar.row("aside")).not_to_contain_text("archived")
    experiments = {one.name: one.archived_at for one in own_workspace.store.list_experiments()}
    assert experiments == {"kept": None, "aside": None}


# -- the command palette


def test_the_command_palette_has_what_the_menu_has(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click(button="right")
    offered = sidebar.page.locator('.lm-Menu-item[data-command^="aml-widgets:"]:not(.lm-mod-hidden)')
    expect(offered.first).to_be_visible()
    menu = offered.locator(".lm-Menu-itemLabel").all_inner_texts()
    sidebar.close_menu()

    sidebar.row("one").click()  # the palette folds when the keyboard goes elsewhere, as it does when a menu is closed
    sidebar.execute("apputils:activate-command-palette")
    palette = sidebar.page.locator("#modal-command-palette")
    palette.locator("input").fill("Run Browser")
    labels = palette.locator('.lm-CommandPalette-item[data-command^="aml-widgets:"] .lm-CommandPalette-itemLabel')
    expect(labels.first).to_be_visible()
    assert set(menu) <= set(labels.all_inner_texts())
    sidebar.screenshot("sidebar-palette")

    palette.locator("input").fill("Archive")
    palette.locator('[data-command="aml-widgets:archive-runs"]').click()
    expect(sidebar.panel).to_contain_text("No runs yet.")
    assert own_workspace.store.get_run(run.run_id).archived_at is not None


# -- notebooks


def test_a_cell_with_the_run_is_put_into_the_notebook_in_front_and_runs(
    open_sidebar: OpenSidebar, browser_lab: LabServer, own_workspace: SeededWorkspace
) -> None:
    path = browser_lab.write_notebook(["1 + 1", "2 + 2"])
    run = add_run(own_workspace.store, "shown in a cell")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("shown in a cell").click(button="right")
    expect(sidebar.menu_item("Copy Run ID")).to_be_visible()
    expect(sidebar.menu_item("Insert Cell with RunDetails")).to_have_count(0)
    sidebar.close_menu()
    sidebar.execute("docmanager:open", {"path": path})
    # A notebook takes the keyboard when it is there, and runs nothing before its kernel is.
    sidebar.page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    sidebar.row("shown in a cell").click()

    sidebar.page.keyboard.press("i")

    cell = sidebar.page.locator(".jp-Notebook .jp-Cell").nth(1)
    expect(cell).to_contain_text(run.run_id)
    sidebar.execute("docmanager:save")
    cells = nbformat.read(browser_lab.root / path, as_version=4).cells
    shown = f"Workspace.open({json.dumps(str(own_workspace.folder))}).get_run({json.dumps(run.run_id)})"
    assert [cell.source.splitlines()[-1] for cell in cells] == ["1 + 1", f"RunDetails({shown}).show()", "2 + 2"]

    sidebar.execute("notebook:run-cell")
    expect(cell.locator(".jp-Cell-outputArea")).to_contain_text("shown in a cell")


def test_the_code_that_is_copied_gives_the_run(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = add_run(own_workspace.store, "one")
    sidebar = open_sidebar(own_workspace)
    sidebar.row("one").click()

    with sidebar.page.expect_response(re.compile(run.run_id)):
        sidebar.page.keyboard.press("y")

    # In a text box the lines of what is pasted are one line.
    assert run.run_id in clipboard_of(sidebar)
    assert "Workspace" in sidebar.search_box.input_value()


def test_the_folder_of_a_run_is_shown_in_the_file_browser(
    open_sidebar: OpenSidebar, browser_lab: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(browser_lab.home))
    folder = browser_lab.root / "a b%20c"
    store = Workspace.open(folder).store
    run = add_run(store, "one")
    store.artifacts.put(run.run_id, "outputs/model.txt", io.BytesIO(b"x"))
    sidebar = open_sidebar(SeededWorkspace(name=folder.name, folder=folder, store=store))
    sidebar.row("one").click()

    sidebar.page.keyboard.press("o")

    files = sidebar.page.locator("#filebrowser")
    expect(files).to_be_visible()
    expect(files.locator(".jp-BreadCrumbs")).to_contain_text(run.run_id)
    expect(files.locator(".jp-DirListing-item", has_text="outputs")).to_be_visible()
    sidebar.screenshot("sidebar-folder")


# -- hostile names


def test_hostile_names_in_questions_and_notifications_are_mere_texts(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    name = "<img src=x onerror=alert(1)> **bold** [link](javascript:alert(1))"
    add_run(own_workspace.store, name, tags={"<b>tag</b>": "<i>value</i>"})
    sidebar = open_sidebar(own_workspace)
    sidebar.row(name).click()
    sidebar.page.keyboard.press("t")
    dialog = sidebar.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("<b>tag</b>")
    expect(dialog.locator("img, b, i")).to_have_count(0)
    accept(sidebar.page, "Cancel")

    sidebar.grid.focus()
    sidebar.page.keyboard.press("Delete")
    expect(dialog).to_contain_text(name[:50])
    expect(dialog.locator("img, strong, a")).to_have_count(0)
    accept(sidebar.page, "No")

    sidebar.choose_scope("Experiments")
    sidebar.row("first").click()
    sidebar.choose_from_menu("Archive Experiment", row=sidebar.row("first"))
    expect(sidebar.page.locator(".jp-toastContainer")).to_contain_text("first is archived")


def test_the_open_page_of_a_run_shows_what_is_done_in_the_list(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    add_run(own_workspace.store, "before")
    sidebar = open_sidebar(own_workspace)
    sidebar.open_run("before")
    run_page = sidebar.page.locator(".jp-AmlRunPage")
    expect(run_page.get_by_role("heading", level=1)).to_have_text("before")
    expect(run_page.get_by_role("button", name="Pause")).to_have_count(0)  # it has ended: nothing is asked any more

    sidebar.row("before").click()
    sidebar.page.keyboard.press("F2")
    sidebar.page.locator(".jp-Dialog input").fill("after")
    accept(sidebar.page, "Rename")
    expect(run_page.get_by_role("heading", level=1)).to_have_text("after")

    sidebar.row("after").click()
    sidebar.page.keyboard.press("t")
    expect(sidebar.page.get_by_role("textbox", name="Tag", exact=True)).to_be_focused()
    sidebar.page.keyboard.type("stage")
    accept(sidebar.page, "Save")
    expect(run_page).to_contain_text("stage")
