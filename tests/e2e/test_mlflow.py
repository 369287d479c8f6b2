"""What MLflow's client logs is seen live in the notebook that logs it."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import expect

from tests.e2e.conftest import OpenNotebook

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04-mlflow.ipynb"
CELLS = nbformat.read(NOTEBOOK, as_version=4).cells
PLACES = {cell["id"]: place for place, cell in enumerate(CELLS)}

SLOWLY = """
import time
for step in range(20):
    mlflow.log_metric("watched", step ** 0.5, step=step)
    time.sleep(0.25)
"""


def test_runs_of_mlflow_and_its_autologging_are_seen_live(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(NOTEBOOK)
    notebook.page.set_viewport_size({"width": 1280, "height": 2000})  # charts are drawn when they are in sight
    for name in ("setup", "start"):
        notebook.run_cell(PLACES[name])
    live = notebook.output(PLACES["start"]).locator(".aml-run")
    expect(live.locator(".aml-status")).to_contain_text("Running")

    notebook.run_source(SLOWLY, PLACES["train"], wait=False)
    expect(live.locator("path.line")).to_have_count(1)
    assert notebook.is_running(PLACES["train"])
    notebook.wait_for_idle()
    notebook.run_source(CELLS[PLACES["train"]].source, PLACES["train"])
    expect(live.locator(".aml-status")).to_contain_text("Completed")
    expect(live.locator("path.line")).to_have_count(2)
    notebook.screenshot("mlflow-curves", of=live)
    live.get_by_role("tab", name="Details").click()
    expect(live.locator(".aml-details")).to_contain_text("n_estimators")
    notebook.screenshot("mlflow-parameters", of=live)

    notebook.run_cell(PLACES["read"])
    notebook.run_cell(PLACES["autolog"])
    ridge = notebook.output(PLACES["autolog"]).locator(".aml-run")
    expect(ridge.locator(".aml-status")).to_contain_text("Completed")
    expect(ridge).to_contain_text("training_mean_squared_error")
    notebook.screenshot("mlflow-autologged", of=ridge)
    assert notebook.errors() == []
