"""A workspace that MLflow's client works on, through the URI that the workspace gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.tracking import fluent
from mlflow.utils.thread_utils import ThreadLocalVariable

from aml_widgets import Workspace

HERE = Path(__file__).parent

_VARIABLES = (
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
    "MLFLOW_TRACKING_URI",
    "AZUREML_RUN_ID",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """MLflow warns of its own plans, and of what other packages do below it: no such warning fails a test here."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("default"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "with space %" / "-" / "größe")


@pytest.fixture
def uri(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The workspace's URI; MLflow's fluent calls go there, and what they remember is forgotten before and afterwards."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    _forget()
    uri = workspace.get_mlflow_tracking_uri()
    mlflow.set_tracking_uri(uri)
    yield uri
    while mlflow.active_run() is not None:
        mlflow.end_run()
    mlflow.set_tracking_uri("")
    _forget()


def _forget() -> None:
    """Undo what MLflow remembers of a process, in variables of its own and of the environment."""
    for name in _VARIABLES:
        os.environ.pop(name, None)
    fluent._active_experiment_id = None
    fluent._last_active_run_id = ThreadLocalVariable(lambda: None)


@pytest.fixture
def client(uri: str) -> MlflowClient:
    return MlflowClient(uri)


@pytest.fixture
def run_id(client: MlflowClient) -> str:
    """A run that MLflow's client made, and that goes on."""
    run = client.create_run(client.create_experiment("ridge"))
    return str(run.info.run_id)
