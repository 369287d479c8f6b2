"""Long histories of plain MLflow in lists of runs: a list waits for none of them, and draws each when it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from aml_widgets.store.mlflow import history_pages
from aml_widgets.store.uri import workspace_key
from aml_widgets.tracking.workspace import Workspace
from tests.mlflow_store.tracking_server import TrackingServer, running_server
from tests.server.conftest import Api

PAGE = 1_000
PAGES = 6


@pytest.fixture(scope="module")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    with running_server(tmp_path_factory.mktemp("tracking_server")) as server:
        yield server


async def test_a_sparkline_is_drawn_when_the_history_is_there_and_no_poll_reads_it_whole(
    api: Api, home: Path, tracking_server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", PAGE)
    Workspace.open(tracking_server.uri).store.close()
    client = MlflowClient(tracking_server.uri)
    run_id = client.create_run("0", run_name="goes on").info.run_id
    tracking_server.insert_history(run_id, "loss", range(PAGE * PAGES - PAGES))
    at = f"/workspaces/{workspace_key(tracking_server.uri)}/runs"
    query = {"metrics": ["loss"]}
    cursor = (await api.post(f"{at}/list", {"query": query}))["cursor"]

    answers: list[dict[str, Any]] = []
    while not answers or not answers[-1]["sparklines"]:
        asked = {"query": query, "cursor": cursor, "sparkline_metric": "loss", "sparkline_run_ids": [run_id]}
        answers.append(await api.post(f"{at}/poll", asked))
        cursor = answers[-1]["cursor"]
        assert len(answers) <= PAGES + 1

    assert len(answers) > PAGES // 2, "each poll read a little of it"
    assert answers[-1]["sparklines"][run_id]["count"] == PAGE * PAGES - PAGES
    rows = [one["run"] for answer in answers for one in answer["changed"] if one["run"]["run_id"] == run_id]
    assert rows[-1]["metrics"]["loss"]["count"] == PAGE * PAGES - PAGES
