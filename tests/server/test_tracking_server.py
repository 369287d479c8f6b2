"""A workspace that is an MLflow tracking server, in the run browser's API: of a real server, which comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from aml_widgets.store.mlflow import changes, history_pages
from aml_widgets.store.uri import workspace_key
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace
from tests.mlflow_store.tracking_server import TrackingServer, running_server
from tests.server.conftest import Api


@pytest.fixture(scope="module")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    with running_server(tmp_path_factory.mktemp("tracking_server")) as server:
        yield server


@pytest.fixture(autouse=True)
def few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")


async def list_workspaces(api: Api) -> dict[str, Any]:
    return {one["location"]: one for one in (await api.get("/workspaces"))["workspaces"]}


async def test_a_server_that_was_opened_on_this_machine_is_shown_with_its_runs(
    api: Api, home: Path, tracking_server: TrackingServer
) -> None:
    workspace = Workspace.open(tracking_server.uri)
    run = Experiment(workspace, "ours").start_logging(display_name="ours", snapshot_directory=None, outputs=False)
    run.log("loss", 0.5)
    run.flush()
    client = MlflowClient(tracking_server.uri)
    theirs = client.create_run("0", run_name="theirs").info.run_id
    client.log_metric(theirs, "loss", 0.25, step=3)
    client.log_param(theirs, "depth", 3)
    client.log_text(theirs, "hello", "notes.txt")

    shown = (await list_workspaces(api))[tracking_server.uri]
    at = f"/workspaces/{workspace_key(tracking_server.uri)}"
    assert (shown["key"], shown["source"], shown["error"]) == (workspace_key(tracking_server.uri), "opened", None)
    listed = await api.post(f"{at}/runs/list", {"query": {"metrics": ["loss"]}})
    assert {one["display_name"] for one in listed["runs"]} == {"ours", "theirs"}

    reply = await api.get(f"{at}/runs/{theirs}")
    assert reply["folder"] is None
    assert tracking_server.uri in reply["code"]
    changes = await api.get(f"{at}/runs/{theirs}/changes")
    assert [one["name"] for one in changes["metrics"]] == ["loss"]
    assert (await api.send("GET", f"{at}/runs/{theirs}/files/notes.txt")).body == b"hello"

    run.log("loss", 0.25)
    run.flush()
    first = await api.get(f"{at}/runs/{run.id}/changes")
    run.log("loss", 0.125)
    run.flush()
    news = await api.get(f"{at}/runs/{run.id}/changes", cursor=first["cursor"])
    assert [one["name"] for one in news["metrics"]] == ["loss"]
    changed = await api.patch(f"{at}/runs/{theirs}", {"display_name": "renamed"})
    assert changed["run"]["display_name"] == "renamed"
    assert client.get_run(theirs).info.run_name == "renamed"
    run.complete()
    workspace.store.close()


async def test_a_server_that_is_away_says_so_and_is_shown_when_it_is_back(
    api: Api, home: Path, tracking_server: TrackingServer
) -> None:
    Workspace.open(tracking_server.uri).store.close()
    at = f"/workspaces/{workspace_key(tracking_server.uri)}"
    assert (await list_workspaces(api))[tracking_server.uri]["error"] is None

    tracking_server.stop()
    code, name, message = await api.refuse("POST", f"{at}/runs/list", {"query": {}})
    assert (code, name) == (503, "StoreUnavailable")
    assert tracking_server.uri in message
    tracking_server.start()

    assert (await api.post(f"{at}/runs/list", {"query": {}}))["runs"] is not None
    assert (await list_workspaces(api))[tracking_server.uri]["error"] is None


async def test_a_long_history_of_plain_mlflow_comes_with_several_answers(
    api: Api, home: Path, tracking_server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", 4_000)
    workspace = Workspace.open(tracking_server.uri)
    client = MlflowClient(tracking_server.uri)
    run_id = client.create_run("0").info.run_id
    for key, count in (("loss", 30_000), ("short", 100)):
        tracking_server.insert_history(run_id, key, range(count))
    client.set_terminated(run_id)
    at = f"/workspaces/{workspace_key(tracking_server.uri)}/runs/{run_id}/changes"

    counts: dict[str, int] = {}
    told: list[bool] = []
    cursor: dict[str, str] = {}
    while not told or told[-1]:
        reply = await api.get(at, **cursor)
        for news in reply["metrics"]:
            known = 0 if news["is_opening"] else counts[news["name"]]
            new = news["summary"]["count"] if news["is_opening"] else len(news["points"]["values"])
            counts[news["name"]] = known + new
        told.append(reply["has_more"])
        cursor = {"cursor": reply["cursor"]}

    assert counts == {"loss": 30_000, "short": 100}
    assert len(told) > 2
    idle = await api.get(at, **cursor)
    assert (idle["metrics"], idle["has_more"]) == ([], False)
    workspace.store.close()
