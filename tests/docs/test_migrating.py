"""The Python of the guide for those who come from Azure ML runs as it stands, and copies whole runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.core.records import RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking.workspace import Workspace

GUIDE = (Path(__file__).parents[2] / "docs" / "migrating-from-azureml.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", GUIDE, flags=re.MULTILINE | re.DOTALL)

OLD_RUN = """
from pathlib import Path

from mlflow import MlflowClient

old = MlflowClient("sqlite:///old.db")
experiment_id = old.create_experiment("of old", artifact_location=Path("old-files").absolute().as_uri())
past = old.create_run(experiment_id, run_name="first")
for step in range(3):
    old.log_metric(past.info.run_id, "loss", 1.0 / (step + 1), step=step)
old.log_param(past.info.run_id, "alpha", "0.1")
old.log_text(past.info.run_id, "hello", "notes/hello.txt")
old.set_terminated(past.info.run_id, "FAILED")
print(past.info.run_id)
"""


def run_python(program: str) -> str:
    """Run a program in a process of its own, where v1's names and MLflow's warnings stay; give what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_of_the_guide_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    old_id = run_python(OLD_RUN).split()[-1]

    output = run_python("\n".join(BLOCKS))

    assert "{'loss': 0.3, 'point': {'x': 1, 'y': 2}}" in output
    assert "0.3333333333333333" in output
    assert "ridge 1" in output
    store = Workspace.from_config().store
    (copied,) = [run for run in store.list_runs(RunQuery()).runs if run.experiment_name == "of old"]
    facts = (copied.status, copied.display_name, copied.tags["copied_from"], dict(copied.params))
    assert facts == (RunStatus.FAILED, "first", old_id, {"alpha": "0.1"})
    assert list(store.read_history(copied.run_id, "loss").values) == [1.0, 0.5, 1.0 / 3]
    assert store.artifacts.read(copied.run_id, "notes/hello.txt") == b"hello"
    store.close()
