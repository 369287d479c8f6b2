"""A submission that no Python of its environment could carry out is refused where it is made."""

from __future__ import annotations

from pathlib import Path

from tests.azureml.programs import tell, write

PROGRAM = """
import aml_widgets.azureml
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.conda_dependencies import CondaDependencies

experiment = Experiment(Workspace.open("runs"), "ridge")
environment = Environment("of years ago")
environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["azureml-defaults"], python_version="3.6.2")
try:
    experiment.submit(ScriptRunConfig("source", "train.py", environment=environment))
except Exception as error:
    print(type(error).__name__, "asks for python=3.6.2" in error.message, "3.10 or newer" in error.message)
print(list(experiment.get_runs()))
"""


def test_a_pinned_python_that_is_too_old_is_refused_before_there_is_a_run(tmp_path: Path) -> None:
    write(tmp_path / "source", {"train.py": "from azureml.core import Run"})

    told = tell(f"import warnings\nwarnings.simplefilter('ignore')\n{PROGRAM}", tmp_path)

    assert told == ["RunEnvironmentError True True", "[]"]
