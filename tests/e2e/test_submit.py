"""Submitted scripts as a user meets them: watched from the notebook that submitted them, and from a kernel that did not."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from aml_widgets import Run
from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import SCREENSHOTS_VARIABLE, LabServer, NotebookPage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TRAIN_ON_LOCAL = NOTEBOOKS / "03-train-on-local.ipynb"
PLACES = {cell["id"]: place for place, cell in enumerate(nbformat.read(TRAIN_ON_LOCAL, as_version=4).cells)}

# The script logs and prints on until it finds that the file `end` is there, or its test was given up.
SUBMIT = '''
import pathlib
pathlib.Path("source").mkdir(exist_ok=True)
pathlib.Path("source/train.py").write_text("""
import pathlib, sys, time
from aml_widgets import Run
run, end, given_up = Run.get_context(), pathlib.Path(sys.argv[1]), time.monotonic() + 180
step = 0
while not end.exists():
    run.log("loss", 1 / (step + 1))
    print(f"step {step}", flush=True)
    step += 1
    time.sleep(0.1)
    if time.monotonic() > given_up:
        sys.exit("nobody ended the test")
print("it may end")
""")
from aml_widgets import Experiment, RunDetails, ScriptRunConfig, Workspace
ws = Workspace.from_config()
run = Experiment(ws, "submitted").submit(
    ScriptRunConfig("source", "train.py", arguments=[pathlib.Path("end").absolute()]), tags={"kind": "long"}
)
RunDetails(run, refresh_seconds=1).show()
'''

SHOW_AGAIN = """
from aml_widgets import RunDetails, Workspace
run = Workspace.from_config().get_run({run_id!r})
RunDetails(run, refresh_seconds=1).show()
"""

SUBMIT_WHAT_FAILS = '''
import pathlib
pathlib.Path("failing").mkdir(exist_ok=True)
pathlib.Path("failing/train.py").write_text("""
from aml_widgets import Run


def divide(loss, count):
    return loss / count


print("the last words")
Run.get_context().log("loss", 0.5)
divide(1.0, 0)
""")
from aml_widgets import Experiment, RunDetails, ScriptRunConfig, Workspace
failing = Experiment(Workspace.from_config(), "submitted").submit(ScriptRunConfig("failing", "train.py"))
RunDetails(failing, refresh_seconds=1).show()
'''


@pytest.fixture(autouse=True)
def _nothing_left(lab: LabServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the runs that a test which failed has left: they need neither its kernel nor the server."""
    monkeypatch.setenv("AML_WIDGETS_HOME", str(lab.home))
    yield
    for run in Run.list_by_compute("local"):
        run.cancel()
        run.wait_for_completion(raise_on_error=False)


def widget_of(notebook: NotebookPage, cell: int) -> Locator:
    """The view that a cell shows."""
    return notebook.output(cell).locator(".aml-run")


def status_of(widget: Locator) -> Locator:
    """The word in a view's head that says where the run is."""
    return widget.locator(".aml-header .aml-status")


def open_tab(widget: Locator, name: str) -> None:
    """Go to one of the tabs of a view; their names may end in a count."""
    widget.get_by_role("tab", name=re.compile(f"^{name}")).click()


def n_points(widget: Locator, metric: str) -> int:
    """How many points the line of a metric has on the screen."""
    path = widget.locator(".aml-card").filter(has_text=metric).locator("path.line").first.get_attribute("d") or ""
    return path.count("L") + path.startswith("M")


def wait_for_points(widget: Locator, metric: str, more_than: int) -> int:
    """Wait until the line of a metric has more points; give how many. Only what is in sight is drawn."""
    widget.locator(".aml-card").filter(has_text=metric).scroll_into_view_if_needed()
    for _ in range(300):
        if (found := n_points(widget, metric)) > more_than:
            return found
        widget.page.wait_for_timeout(100)
    return pytest.fail(f"The line of {metric} stayed at {more_than} points for 30 s.")


def take_pictures(notebook: NotebookPage, name: str, widget: Locator) -> None:
    """Take a picture of a view in the light and in the dark theme, where pictures are asked for."""
    if SCREENSHOTS_VARIABLE not in os.environ:
        return
    for theme in ("Light", "Dark"):
        notebook.set_theme(theme)
        widget.scroll_into_view_if_needed()
        notebook.screenshot(f"{name}-{theme.lower()}", of=widget)
    notebook.set_theme("Light")


def test_the_notebook_trains_in_another_process_and_finds_the_best_model(
    open_notebook: OpenNotebook, lab: LabServer, tmp_path: Path
) -> None:
    slower = tmp_path / TRAIN_ON_LOCAL.name  # so that there is time to look into its tabs on a busy machine
    slower.write_text(TRAIN_ON_LOCAL.read_text(encoding="utf-8").replace("0.4]", "0.8]"), encoding="utf-8")
    notebook = open_notebook(slower)
    shutil.copytree(NOTEBOOKS / "train-on-local", lab.root / Path(notebook.path).with_name("train-on-local"))
    widget, waiting = widget_of(notebook, PLACES["submit"]), PLACES["wait"]

    notebook.run_all(wait=False)

    expect(status_of(widget)).to_have_text(re.compile("Preparing|Running"))
    expect(status_of(widget)).to_contain_text("Running")
    widget.scroll_into_view_if_needed()
    for metric in ("alpha", "mse"):
        wait_for_points(widget, metric, 1)
    wait_for_points(widget, "mse", n_points(widget, "mse"))
    assert notebook.is_running(waiting)
    widget.scroll_into_view_if_needed()
    notebook.screenshot("submit-running-page")
    notebook.screenshot("submit-running", of=widget)
    open_tab(widget, "Logs")
    log = widget.locator(".aml-log")
    expect(log).to_contain_text("patients to train on")
    n_printed = log.inner_text().count("mean squared error")
    expect(log).to_contain_text(f"alpha {0.05 * (n_printed + 2):.2f}: mean squared error")
    assert notebook.is_running(waiting)  # it grew while the run was running
    notebook.screenshot("submit-log-growing", of=widget)

    notebook.wait_for_idle()

    assert notebook.errors() == []
    expect(status_of(widget)).to_contain_text("Completed")
    take_pictures(notebook, "submit-logs", widget)
    open_tab(widget, "Files")
    models = widget.locator('.aml-row > .aml-row-main[data-aml-with^="outputs/ridge_"]')
    expect(models).to_have_count(20)
    take_pictures(notebook, "submit-files", widget)
    open_tab(widget, "Details")
    take_pictures(notebook, "submit-details", widget)
    open_tab(widget, "Metrics")
    assert [wait_for_points(widget, metric, 19) for metric in ("alpha", "mse")] == [20, 20]
    take_pictures(notebook, "submit-completed", widget)
    expect(notebook.output(PLACES["best"])).to_contain_text("of 20, with a mean squared error of")
    expect(notebook.output(PLACES["register"])).to_contain_text("diabetes-ridge version 1 of run train-on-local_")
    notebook.output(PLACES["wait"]).scroll_into_view_if_needed()
    notebook.screenshot("submit-output-page")


def test_a_run_outlives_the_kernel_and_is_shown_live_by_its_id(open_notebook: OpenNotebook, lab: LabServer) -> None:
    notebook = open_notebook([SUBMIT, "print(run.id)", "pass", "print(run.get_status())"])
    notebook.run_cell(0)
    notebook.run_cell(1)
    wait_for_points(widget_of(notebook, 0), "loss", 1)
    run_id = notebook.output_text(1).strip()

    notebook.restart_kernel()
    notebook.run_source(SHOW_AGAIN.format(run_id=run_id), 2)

    widget = widget_of(notebook, 2)
    expect(status_of(widget)).to_contain_text("Running")
    shown = wait_for_points(widget, "loss", 1)
    wait_for_points(widget, "loss", shown)
    take_pictures(notebook, "submit-after-restart", widget)
    (lab.root / Path(notebook.path).with_name("end")).touch()
    expect(status_of(widget)).to_contain_text("Completed")
    open_tab(widget, "Logs")
    expect(widget.locator(".aml-log")).to_contain_text("it may end")
    notebook.run_cell(3)
    expect(notebook.output(3)).to_contain_text("Completed")
    assert notebook.errors() == []


def test_a_run_is_cancelled_from_its_view_once_the_question_is_answered(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SUBMIT, "print(run.get_status())"])
    notebook.run_cell(0)
    widget = widget_of(notebook, 0)
    wait_for_points(widget, "loss", 1)
    question, cancel = widget.get_by_role("alertdialog"), widget.get_by_role("button", name="Cancel run")

    cancel.click()
    expect(question).to_contain_text("What it has logged stays.")
    take_pictures(notebook, "submit-question", widget)
    question.get_by_role("button", name="No").click()
    expect(question).to_have_count(0)
    wait_for_points(widget, "loss", n_points(widget, "loss"))
    expect(status_of(widget)).to_contain_text("Running")
    cancel.click()
    question.get_by_role("button", name="Yes").click()

    expect(status_of(widget)).to_contain_text("Canceled")
    expect(cancel).to_have_count(0)
    take_pictures(notebook, "submit-cancelled", widget)
    notebook.run_cell(1)
    expect(notebook.output(1)).to_contain_text("Canceled")
    assert notebook.errors() == []


def test_a_script_that_fails_says_why_on_top(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SUBMIT_WHAT_FAILS])
    notebook.run_cell(0)
    widget = widget_of(notebook, 0)

    expect(status_of(widget)).to_contain_text("Failed")
    error = widget.locator(".aml-error").first
    expect(error).to_contain_text("ZeroDivisionError: float division by zero")
    error.locator("summary").first.click()
    expect(error).to_contain_text("in divide")
    expect(error).to_contain_text("return loss / count")
    assert "driver.py" not in error.inner_text()
    take_pictures(notebook, "submit-failed", widget)
    open_tab(widget, "Logs")
    expect(widget.locator(".aml-log")).to_contain_text("the last words")
    take_pictures(notebook, "submit-failed-log", widget)
    assert notebook.errors() == []
