"""MLflow in a submitted script: it resumes the script's run, whose status is the supervisor's."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets import Experiment, ScriptRunConfig, Workspace

SCRIPT = """
import os
import mlflow

with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_param("alpha", 1)
    mlflow.log_text("text", "a.txt")
assert run.info.run_id == os.environ["AZUREML_RUN_ID"]
mlflow.end_run("FAILED")
print("status", mlflow.get_run(run.info.run_id).info.status)
{rest}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


@pytest.mark.parametrize(
    ("rest", "status", "theirs"), [("", "Completed", "FINISHED"), ("raise SystemExit(3)", "Failed", "FAILED")]
)
def test_mlflow_resumes_the_run_and_leaves_its_end_to_the_supervisor(
    workspace: Workspace, client: MlflowClient, source: Path, rest: str, status: str, theirs: str
) -> None:
    (source / "train.py").write_text(SCRIPT.format(rest=rest))

    run = Experiment(workspace, "ridge").submit(ScriptRunConfig(str(source), "train.py"))
    run.wait_for_completion(raise_on_error=False)

    assert run.get_status() == status
    assert "status RUNNING" in workspace.store.artifacts.read(run.id, "azureml-logs/70_driver_log.txt").decode()
    known = client.get_run(run.id)
    assert known.info.status == theirs
    assert (known.data.metrics, known.data.params) == ({"loss": 0.5}, {"alpha": "1"})
    assert known.data.tags["mlflow.source.type"] == "JOB"
    assert known.data.tags["mlflow.source.name"] == "train.py"
    assert "a.txt" in run.get_file_names()


def test_a_script_that_is_told_to_log_elsewhere_does(workspace: Workspace, uri: str, source: Path) -> None:
    (source / "train.py").write_text(
        "import os\nprint({name: text for name, text in os.environ.items() if name.startswith('MLFLOW_')})\n"
    )
    config = ScriptRunConfig(str(source), "train.py")
    config.run_config.environment_variables = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}

    run = Experiment(workspace, "ridge").submit(config)
    run.wait_for_completion(raise_on_error=False)

    log = workspace.store.artifacts.read(run.id, "azureml-logs/70_driver_log.txt").decode()
    assert "http://127.0.0.1:1" in log
    assert "MLFLOW_RUN_ID" not in log
