"""The browser tests' own tools do what the other tests rely on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import CHROMIUM_VARIABLE, BrowserMissing, LabServer, find_chromium


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
