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
from aml_widgets.tracking.workspace import Workspace
from tests.e2e.conftest import OpenSidebar
from tests.e2e.lab import LabServer, NotebookPage, take_screenshot
from tests.e2e.sidebar import Sidebar
from tests.mlflow_store.postgres import running_postgres
from tests.mlflow_store.tracking_server import TrackingServer, running_server

HOSTILE = "<img src=x onerror=window.pwned=1> <b>bold</b>"
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


def test_runs_of_plain_mlflow_are_seen_whatever_they_are(
    team_server: TrackingServer, browser_lab: LabServer, open_sidebar: OpenSidebar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(browser_lab.home))
    Workspace.open(team_server.uri).store.close()  # from then on it is listed on this machine
    client = MlflowClient(team_server.uri)
    experiment_id = client.create_experiment("plain")
    made = {name: client.create_run(experiment_id, run_name=name).info.run_id for name in ("empty", "failed", HOSTILE)}
    for step in range(30):
        client.log_metric(made["failed"], "loss", 1 / (step + 1), step=step)
    client.log_text(made["failed"], "what went wrong", "notes.txt")
    client.set_terminated(made["failed"], "FAILED")
    client.log_metric(made[HOSTILE], "loss", 0.5)
    client.set_tag(made[HOSTILE], "owner", HOSTILE)
    sidebar = open_sidebar()
    sidebar.show()
    sidebar.choose_workspace(workspace_key(team_server.uri))
    sidebar.choose_scope("All runs")
    run_page = sidebar.page.locator(".jp-AmlRunPage:visible")

    for theme in ("Light", "Dark"):
        sidebar.set_theme(theme)
        for name, said in (("empty", "no metrics"), ("failed", "Failed"), (HOSTILE, HOSTILE)):
            sidebar.open_run(name)
            expect(run_page).to_contain_text(said, ignore_case=True)
            place = list(made).index(name)
            take_screenshot(sidebar.page, f"scaling-plain-{('empty', 'failed', 'hostile')[place]}-{theme.lower()}")
    assert sidebar.page.evaluate("window.pwned") is None
    assert sidebar.page.locator(".jp-AmlRunPage img[src=x], .jp-AmlRunBrowser img[src=x]").count() == 0
