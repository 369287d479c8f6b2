"""The quickstart as a user meets it: run in the browser, watched while it trains, and found again after a reload."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01-quickstart.ipynb"
PLACES = {cell["id"]: place for place, cell in enumerate(nbformat.read(QUICKSTART, as_version=4).cells)}

START = """
from aml_widgets import Experiment, RunDetails, Workspace
ws = Workspace.from_config()
run = Experiment(ws, "watched").start_logging(outputs=False, snapshot_directory=None)
for value in (3, 1, 2):
    run.log("from_thread", value)
    run.log("from_process", value)
RunDetails(run, refresh_seconds=1).show()
"""

# The writers begin when the cell sleeps, and stop when the next one runs, or with the kernel.
SLEEP = """
import subprocess, sys, threading, time
has_to_stop = threading.Event()
def log_on():
    while not has_to_stop.wait(0.5):
        run.log("from_thread", time.time() % 7)
thread = threading.Thread(target=log_on, daemon=True)
thread.start()
program = '''
import select, sys, time
from aml_widgets import Workspace
run = Workspace.from_config().get_run(sys.argv[1])
while not select.select([sys.stdin], [], [], 0.5)[0]:
    run.log("from_process", time.time() % 5)
'''
process = subprocess.Popen([sys.executable, "-c", program, run.id], stdin=subprocess.PIPE)
time.sleep(30)
"""

END = """
has_to_stop.set()
thread.join()
process.stdin.close()
print("the other process ended with", process.wait())
run.complete()
"""

THREADS = "print('threads:', sorted(thread.name for thread in threading.enumerate()))"


def widget_of(notebook: NotebookPage, cell: int) -> Locator:
    """The widget that a cell shows."""
    return notebook.output(cell).locator(".aml-run")


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


def test_the_quickstart_shows_its_curves_while_it_trains_and_completes(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(QUICKSTART)
    widget = widget_of(notebook, PLACES["start-run"])

    notebook.run_all(wait=False)

    expect(widget.locator(".aml-status")).to_contain_text("Running")
    expect(widget.locator(".aml-card")).to_have_count(2)
    first = wait_for_points(widget, "mse", 1)
    wait_for_points(widget, "mse", first)
    assert notebook.is_running(PLACES["start-run"])
    widget.scroll_into_view_if_needed()
    notebook.screenshot("quickstart-running-light")

    notebook.wait_for_idle()

    assert notebook.errors() == []
    expect(widget.locator(".aml-status")).to_contain_text("Completed")
    assert n_points(widget, "mse") == n_points(widget, "alpha") == 19
    for label in ("best_alpha", "best_mse"):
        expect(widget).to_contain_text(label)
    again = widget_of(notebook, PLACES["show-again"])
    expect(again.locator(".aml-status")).to_contain_text("Completed")
    expect(again.locator("path.line")).to_have_count(2)
    widget.scroll_into_view_if_needed()
    notebook.screenshot("quickstart-completed-light")
    notebook.set_theme("Dark")
    widget.scroll_into_view_if_needed()
    notebook.screenshot("quickstart-completed-dark")


@pytest.mark.long
def test_lines_grow_while_a_cell_sleeps_and_nothing_polls_after_the_end(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([START, SLEEP, END, THREADS])
    notebook.run_cell(0)
    widget = widget_of(notebook, 0)

    notebook.run_cell(1, wait=False)
    for metric in ("from_thread", "from_process"):
        grown = wait_for_points(widget, metric, 3)
        wait_for_points(widget, metric, grown)

    assert notebook.is_running(1)
    expect(widget.locator(".aml-status")).to_contain_text("Running")
    notebook.screenshot("quickstart-sleeping-cell")
    notebook.wait_for_idle()

    notebook.run_cell(2)

    expect(notebook.output(2)).to_contain_text("the other process ended with 0")
    expect(widget.locator(".aml-status")).to_contain_text("Completed")
    notebook.watch_comm_messages()
    notebook.page.wait_for_timeout(4_000)  # four times the interval at which it looked for news
    assert notebook.unasked_messages() == []
    notebook.run_cell(3)
    expect(notebook.output(3)).to_contain_text("threads:")
    assert "aml-widgets" not in notebook.output_text(3)
    assert notebook.errors() == []


@pytest.mark.parametrize("has_new_kernel", [False, True], ids=["same kernel", "new kernel"])
def test_the_widget_comes_back_in_a_reloaded_notebook(open_notebook: OpenNotebook, has_new_kernel: bool) -> None:
    log = """
from aml_widgets import Experiment, RunDetails, Workspace
with Experiment(Workspace.from_config(), "reloaded").start_logging(outputs=False, snapshot_directory=None) as run:
    for value in range(5):
        run.log("loss", 1 / (value + 1))
"""
    show = """
from aml_widgets import Experiment, RunDetails, Workspace
RunDetails(next(Experiment(Workspace.from_config(), "reloaded").get_runs())).show()
"""
    notebook = open_notebook([log, show])
    notebook.run_all()
    widget = widget_of(notebook, 1)
    expect(widget.locator("path.line")).to_have_count(1)
    notebook.save()

    notebook.reload()
    if has_new_kernel:
        notebook.restart_kernel()
    notebook.screenshot(f"reloaded-{'new' if has_new_kernel else 'same'}-kernel-before-running")
    expect(notebook.output(1).get_by_text("The kernel that showed this is gone.")).to_be_hidden()  # the run has ended
    notebook.run_cell(1)

    assert notebook.errors() == []
    expect(widget.locator(".aml-status")).to_contain_text("Completed")
    expect(widget.locator("path.line")).to_have_count(1)
    assert n_points(widget, "loss") == 5


def test_a_run_knows_the_notebook_and_the_cell_that_made_it(open_notebook: OpenNotebook) -> None:
    start = """
from aml_widgets import Experiment, Workspace
run = Experiment(Workspace.from_config(), "made-by").start_logging(outputs=False, snapshot_directory=None)
"""
    tell = """
run.complete()
print(run.get_properties()["aml_widgets.notebook_path"], "|", run.get_properties()["aml_widgets.cell_id"])
"""
    notebook = open_notebook(["print('another cell')", start, tell])

    notebook.run_all()

    path, cell_id = notebook.output_text(2).strip().split(" | ")
    assert Path(path).name == Path(notebook.path).name
    assert cell_id == nbformat.read(path, as_version=4).cells[1]["id"]
