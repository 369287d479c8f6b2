"""A team's server: MLflow on PostgreSQL, eight processes that log, a widget and the sidebar that watch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.uri import workspace_key
from tests.e2e.lab import LabServer, NotebookPage, take_screenshot
from tests.e2e.sidebar import Sidebar
from tests.mlflow_store.postgres import running_postgres
from tests.mlflow_store.tracking_server import TrackingServer, running_server

N_WRITERS = 8
N_STEPS = 400

WRITER = """
import sys, time
from aml_widgets import Experiment, Workspace

run = Experiment(Workspace.open(sys.argv[1]), "team").start_logging(
    display_name=f"writer {sys.argv[2]}", snapshot_directory=None, outputs=False)
print(run.id, flush=True)
for step in range(int(sys.argv[3])):
    run.log("loss", 1 / (step + 1))
    run.log("place", int(sys.argv[2]))
    if step % 100 == 0:
        run.tag("step", str(step))
    time.sleep(0.02)
sys.stdin.readline()  # until somebody has looked
run.log("loss", -1.0)
run.complete()
"""


@pytest.fixture(scope="module")
def team_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """MLflow on PostgreSQL, which serves the artifacts, too."""
    with (
        running_postgres() as database_uri,
        running_server(tmp_path_factory.mktemp("team_server"), database_uri, workers=2) as server,
    ):
        yield server


def test_eight_writers_a_widget_and_the_sidebar_on_a_team_server(
    team_server: TrackingServer, browser_lab: LabServer, page: Page, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WRITER, team_server.uri]
    writers = [
        subprocess.Popen(
            [*command, str(place), str(N_STEPS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**browser_lab.environment, "AML_WIDGETS_HOME": str(tmp_path / f"home {place}")},
        )
        for place in range(N_WRITERS)
    ]
    try:
        run_ids = [writer.stdout.readline().strip() for writer in writers if writer.stdout is not None]
        show = (
            "from aml_widgets import RunDetails, Workspace\n"
            f"run = Workspace.open({team_server.uri!r}).get_run({run_ids[0]!r})\n"
            "details = RunDetails(run, refresh_seconds=1)\ndetails.show()"
        )
        path = browser_lab.write_notebook([show])
        page.goto(browser_lab.notebook_url(path))
        notebook = NotebookPage(page, path)
        notebook.wait_until_open()
        notebook.run_all()
        widget = notebook.output(0).locator(".aml-run")
        expect(widget.locator(".aml-status")).to_contain_text("Running")
        expect(widget.locator("path.line").first).to_be_visible()

        sidebar = Sidebar(page)
        sidebar.show()
        sidebar.choose_workspace(workspace_key(team_server.uri))
        sidebar.choose_scope("All runs")
        for place in range(N_WRITERS):
            expect(sidebar.row(f"writer {place}")).to_be_visible()
        take_screenshot(page, "scaling-while-eight-log")

        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("\n")
            writer.stdin.flush()
        expect(widget.locator(".aml-status")).to_contain_text("Completed")
        expect(sidebar.panel.get_by_role("img", name="Completed")).to_have_count(N_WRITERS)
        take_screenshot(page, "scaling-when-all-have-ended")
        assert [writer.wait(60) for writer in writers] == [0] * N_WRITERS
        assert notebook.errors() == []
        notebook.close()
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()

    store, client = MlflowStore(team_server.uri, tmp_path / "elsewhere"), MlflowClient(team_server.uri)
    for place, run_id in enumerate(run_ids):
        losses = [1 / (step + 1) for step in range(N_STEPS)] + [-1.0]
        assert list(store.read_history(run_id, "loss").values) == losses
        assert list(store.read_history(run_id, "place").values) == [place] * N_STEPS
        assert len(client.get_metric_history(run_id, "loss")) == N_STEPS + 1
        assert client.get_run(run_id).data.tags["step"] == "300"
    assert len({store.get_run(run_id).number for run_id in run_ids}) == N_WRITERS
    store.close()
