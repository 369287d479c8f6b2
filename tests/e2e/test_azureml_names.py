"""A notebook of Azure ML's SDK v1 in JupyterLab, as its user meets it: one new cell, and the widget that was blank is live."""

from __future__ import annotations

from pathlib import Path

import nbformat
from playwright.sync_api import expect

from tests.e2e.conftest import OpenNotebook

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06-azureml-v1-notebooks.ipynb"
PLACES = {cell["id"]: place for place, cell in enumerate(nbformat.read(NOTEBOOK, as_version=4).cells)}


def test_the_widget_of_a_v1_notebook_shows_its_run(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(NOTEBOOK)

    notebook.run_all()

    assert notebook.errors() == []
    widget = notebook.output(PLACES["log"]).locator(".aml-run")
    expect(widget.locator(".aml-status")).to_contain_text("Completed")
    widget.scroll_into_view_if_needed()
    for metric in ("layer widths", "loss", "schedule", "recall"):
        card = widget.locator(".aml-card").filter(has_text=metric).first
        card.scroll_into_view_if_needed()
        expect(card.locator("path.line").first).to_be_visible()
    expect(notebook.output(PLACES["cloud"])).to_contain_text("Dataset.get_by_name asked Azure ML's cloud")
    notebook.screenshot("azureml-v1-notebook", of=widget)
    notebook.output(PLACES["log-file"]).scroll_into_view_if_needed()
    notebook.screenshot("azureml-v1-run")
