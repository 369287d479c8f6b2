"""The browser tests' own tools do what the other tests rely on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from aml_widgets.core.status import RunStatus
from tests.e2e.conftest import BASE_URL, OpenNotebook, OpenSidebar
from tests.e2e.growing_run import GrowingRun
from tests.e2e.lab import CHROMIUM_VARIABLE, BrowserMissing, LabServer, find_chromium
from tests.e2e.seeded_runs import SeededWorkspace

pytestmark = pytest.mark.long


def test_cells_run_one_by_one_and_all_together(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["x = 20", "print('the answer is', x + 22)", "1 / 0"])

    notebook.run_next()
    notebook.run_next()

    expect(notebook.output(1)).to_contain_text("the answer is 42")
    assert notebook.errors() == []

    notebook.run_all()

    assert notebook.errors() == ["ZeroDivisionError: division by zero"]


def test_a_widget_shows_in_both_themes_and_its_messages_are_seen(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import ipywidgets as w\nlabel = w.Label('first')\nlabel", "label.value = 'second'"])
    notebook.run_cell(0)
    expect(notebook.output(0)).to_contain_text("first")
    notebook.watch_comm_messages()

    notebook.run_cell(1)

    expect(notebook.output(0)).to_contain_text("second")
    assert [message["type"] for message in notebook.comm_messages] == ["comm_msg"]
    notebook.screenshot("fixtures-light")
    notebook.set_theme("Dark")
    notebook.screenshot("fixtures-dark")


def test_a_reloaded_notebook_keeps_its_kernel(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["x = 1", "print('x is', x)"])
    notebook.run_cell(0)
    notebook.save()

    notebook.reload()
    notebook.run_cell(1)

    expect(notebook.output(1)).to_contain_text("x is 1")


def test_kernels_keep_their_runs_below_the_isolated_home(lab: LabServer, open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["import os\nprint(os.environ['AML_WIDGETS_HOME'])"])

    notebook.run_all()

    expect(notebook.output(0)).to_contain_text(str(lab.home))


def test_without_a_browser_the_message_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CHROMIUM_VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BrowserMissing, match=CHROMIUM_VARIABLE):
        find_chromium()


def test_a_browser_that_is_named_but_absent_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHROMIUM_VARIABLE, "/no/such/browser")

    with pytest.raises(BrowserMissing, match="/no/such/browser"):
        find_chromium()


def test_the_sidebar_is_searched_resized_and_loaded_anew(open_sidebar: OpenSidebar, few_runs: SeededWorkspace) -> None:
    sidebar = open_sidebar(few_runs)
    sidebar.choose_scope("All runs")
    names = ["sweep", "forest one", "empty", "ridge canceled", "ridge failed", "ridge two", "ridge one"]
    assert sidebar.names() == names

    sidebar.search("tag:owner")

    assert sidebar.names() == ["forest one", "ridge one"]

    sidebar.search("")
    sidebar.resize(700)
    sidebar.wait_until_saved("(data) => data['layout-restorer:data'].relativeSizes[0] > 0.4")
    sidebar.reload()
    sidebar.show()
    sidebar.wait_until_read()

    assert sidebar.page.url.split("?")[0].partition(BASE_URL)[2].startswith("lab/workspaces/")
    assert sidebar.panel.bounding_box()["width"] > 600  # type: ignore[index]  # it is on the page
    assert sidebar.names() == names


def test_a_growing_run_is_logged_by_another_process(own_workspace: SeededWorkspace) -> None:
    with GrowingRun(own_workspace.folder) as run:
        run.log(3)
        run.print("hello Zürich")
        run.tag("owner", "ada of London")
        summaries = {summary.key.name: summary.count for summary in own_workspace.store.summarize_metrics(run.run_id)}
        log = own_workspace.store.artifacts.append_path(run.run_id, "logs/user_log.txt").read_text(encoding="utf-8")
        run.complete()

    record = own_workspace.store.get_run(run.run_id)
    assert summaries == {"loss": 3, "accuracy": 3}
    assert log == "hello Zürich\n"
    assert record.tags == {"owner": "ada of London"}
    assert record.status is RunStatus.COMPLETED
