"""What surrounds this process: its environment, the kernel's cell, and the run that it belongs to.

What the environment says of runs and workspaces is read here, in `store.uri` and in `portal` alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from aml_widgets.core import clock
from aml_widgets.core.errors import ConfigError, ContextNotFound
from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.store.uri import get_home
from aml_widgets.tracking import values

if TYPE_CHECKING:
    from aml_widgets.core.records import MetricKind
    from aml_widgets.store.memory import MemoryRunStore
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.submitted_run import SubmittedRun

SNAPSHOT_MAX_FILES = 2_000
SNAPSHOT_MAX_MB = 300.0
SNAPSHOT_NO_FILE_LIMIT_VARIABLE = "AML_SNAPSHOT_NO_FILE_LIMIT"
SNAPSHOT_MAX_FILES_VARIABLE = "AML_WIDGETS_SNAPSHOT_MAX_FILES"
SNAPSHOT_MAX_MB_VARIABLE = "AML_WIDGETS_SNAPSHOT_MAX_MB"

RUN_ID_VARIABLE = "AZUREML_RUN_ID"
WORKSPACE_VARIABLE = "AML_WIDGETS_WORKSPACE"
"""Names the location of the workspace that the submitted run of this process is in."""

_FALSE_WORDS = {"", "0", "false", "no"}


def get_notebook_path() -> str | None:
    """Give the path of the notebook that this kernel was started for, None in a script."""
    return os.environ.get("JPY_SESSION_NAME") or None


def find_cell_id() -> str | None:
    """Give the id of the notebook's cell that is running, None where no cell runs or the front end does not say."""
    ipython = sys.modules.get("IPython")  # not loaded: no kernel
    shell = ipython.get_ipython() if ipython is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return None
    metadata = (kernel.get_parent() or {}).get("metadata") or {}
    cell_id = metadata.get("cellId")
    return cell_id if isinstance(cell_id, str) and cell_id else None


def get_git_overrides() -> Mapping[str, str]:
    """Give what ``AZUREML_GIT_*`` variables say, by the property that each stands for."""
    names = ("repository_uri", "branch", "commit", "dirty", "build_id", "build_uri")
    given = ((name, os.environ.get(f"AZUREML_GIT_{name.upper()}")) for name in names)
    return {f"azureml.git.{name}": text for name, text in given if text}


def get_snapshot_max_files() -> int | None:
    """Give how many files a snapshot may have; None where ``AML_SNAPSHOT_NO_FILE_LIMIT`` lifts the limit."""
    if os.environ.get(SNAPSHOT_NO_FILE_LIMIT_VARIABLE, "").lower() not in _FALSE_WORDS:
        return None
    return int(_read_limit(SNAPSHOT_MAX_FILES_VARIABLE, SNAPSHOT_MAX_FILES))


def get_snapshot_max_bytes() -> int:
    """Give how many bytes the files of a snapshot may have together."""
    return int(_read_limit(SNAPSHOT_MAX_MB_VARIABLE, SNAPSHOT_MAX_MB) * 1024**2)


def _read_limit(variable: str, default: float) -> float:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        limit = float(text)
    except ValueError:
        limit = -1.0
    if not 0 <= limit < float("inf"):
        raise ConfigError(
            f"The environment variable {variable} must be a number from 0, got {text!r}. Unset it for {default:,.0f}.",
            value=text,
        )
    return limit


def describe_run(experiment: Experiment, record: RunRecord) -> dict[str, str]:
    """Give the environment variables that tell a submitted script which run it is, named as in v1."""
    workspace = experiment.workspace
    return {
        RUN_ID_VARIABLE: record.run_id,
        WORKSPACE_VARIABLE: workspace.location,
        "AML_WIDGETS_HOME": str(get_home()),  # told, so that it is the same one in an interpreter without platformdirs
        "AZUREML_ARM_SUBSCRIPTION": workspace.subscription_id,
        "AZUREML_ARM_RESOURCEGROUP": workspace.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_ARM_PROJECT_NAME": experiment.name,
        "AZUREML_EXPERIMENT_ID": experiment.id,
        "AZUREML_WORKSPACE_ID": workspace.workspace_id,
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
        "AZUREML_LOGDIRECTORY_PATH": "azureml-logs",
        "AZUREML_FRAMEWORK": "Python",
        "AZUREML_COMMUNICATOR": "None",
        "AZUREML_TARGET_TYPE": record.target,
    }


def describe_run_to_mlflow(experiment: Experiment, record: RunRecord) -> dict[str, str]:
    """Give the environment variables by which MLflow, in a submitted script, resumes the script's own run."""
    return {
        "MLFLOW_TRACKING_URI": experiment.workspace.get_mlflow_tracking_uri(),
        "MLFLOW_EXPERIMENT_ID": experiment.id,
        "MLFLOW_RUN_ID": record.run_id,
    }


def get_context(*, allow_offline: bool) -> SubmittedRun | OfflineRun:
    """Give the run that this process belongs to, an offline one where it belongs to none.

    Raises
    ------
    ContextNotFound
        If there is none and `allow_offline` is False.
    RunNotFound
        If the one that the environment names is gone.
    StoreError
        If the workspace of the submitted run cannot be opened.
    """
    run_id, location = os.environ.get(RUN_ID_VARIABLE), os.environ.get(WORKSPACE_VARIABLE)
    if run_id and location:
        from aml_widgets.tracking.submitted_run import open_submitted_run

        subscription_id = os.environ.get("AZUREML_ARM_SUBSCRIPTION")
        return open_submitted_run(location, run_id, subscription_id, os.environ.get("AZUREML_ARM_RESOURCEGROUP"))
    if not allow_offline:
        raise ContextNotFound
    return OfflineRun()


class OfflineExperiment:
    """Stands in for the experiment of an offline run: it has a name, and nothing that a workspace would know."""

    name = "offline"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"This experiment is that of an offline run: the process was not started by a submission, so there is no {name!r}. "
            "Use workspace = Workspace.from_config() and Experiment(workspace, 'name') to have one."
        )

    def __repr__(self) -> str:
        return f"OfflineExperiment(Name: {self.name})"


class _OfflineRun:
    """Stands in for a run where a script is tried out alone: it prints what would be logged and keeps it in memory.

    Parameters
    ----------
    run_id : str, optional
        A new one is made if it is left out.
    """

    def __init__(self, run_id: str | None = None) -> None:
        self._run_id = run_id or f"OfflineRun_{clock.new_id()}"
        self._memory: MemoryRunStore | None = None
        self._memory_run_id = ""

    @property
    def id(self) -> str:
        """Id of this offline run; no workspace knows it."""
        return self._run_id

    @property
    def experiment(self) -> OfflineExperiment:
        """An experiment in name only: no workspace knows it."""
        return OfflineExperiment()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse(name)

    def __repr__(self) -> str:
        return f"OfflineRun(Id: {self._run_id})"

    def __enter__(self) -> _OfflineRun:
        _say(f"[START] Run {self._run_id} context")
        return self

    def __exit__(self, *exc_info: object) -> None:
        _say(f"[STOP] Run {self._run_id} context")

    # -- metrics

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Print one value and keep it for `get_metrics`."""
        name = values.check_name(name)
        values.check_description(description, name, has_step=True)
        checked = values.to_value(value, name)
        checked_step = values.check_step(step, name)
        _say_metric("scalar", name, value)
        self._store().log_metric(self._memory_run_id, name, checked, checked_step)

    def log_metrics(self, values: Mapping[str, object], step: int | None = None) -> None:
        """Print several values and keep them for `get_metrics`."""
        for name, value in values.items():
            self.log(name, value, step=step)

    def log_list(self, name: str, value: object, description: str = "") -> None:
        """Print a list of values and keep it for `get_metrics`."""
        name = values.check_name(name)
        values.check_description(description, name)
        column = values.to_column(value, name)
        _say_metric("list", name, value if isinstance(value, (list, tuple)) else list(column))
        self._keep(name, {None: column})

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Print one row and keep it for `get_metrics`."""
        from aml_widgets.tracking import tables

        name = values.check_name(name)
        values.check_description(description, name)
        columns = tables.to_row(name, kwargs)
        _say_metric("row", name, kwargs)
        self._keep_table(name, columns)

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Print a table and keep it for `get_metrics`."""
        from aml_widgets.tracking import tables

        name = values.check_name(name)
        values.check_description(description, name)
        columns = tables.to_table(name, value)
        _say_metric("table", name, value)
        self._keep_table(name, columns)

    def log_image(self, name: str, path: object = None, plot: object = None, description: str = "") -> None:
        """Print which picture would be logged."""
        values.check_description(description, name)
        _say_metric("image", name, path if path is not None else plot)

    def log_confusion_matrix(self, name: str, value: object, description: str = "") -> None:
        """Print a confusion matrix."""
        values.check_description(description, name)
        _say_metric("confusion_matrix", name, value)

    def log_accuracy_table(self, name: str, value: object, description: str = "") -> None:
        """Print an accuracy table."""
        values.check_description(description, name)
        _say_metric("accuracy_table", name, value)

    def log_residuals(self, name: str, value: object, description: str = "") -> None:
        """Print residuals."""
        values.check_description(description, name)
        _say_metric("residual", name, value)

    def log_predictions(self, name: str, value: object, description: str = "") -> None:
        """Print predictions."""
        values.check_description(description, name)
        _say_metric("predictions", name, value)

    def get_metrics(
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None, populate: bool = False
    ) -> dict[str, object]:
        """Give what was logged, in the shapes that a real run gives. An offline child gives its own."""
        del recursive, run_type, populate
        from aml_widgets.tracking.metric_shapes import read_metrics

        return read_metrics(self._store(), self._memory_run_id, name)

    # -- what only prints

    def tag(self, key: str, value: object = None) -> None:
        """Print a tag."""
        _say(f"Attempted to add tag {key} with value {value}")

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Print tags."""
        _say(f"Attempted to set tags {tags}")

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Print properties."""
        _say(f"Attempted to add properties {properties}")

    def upload_file(self, name: str, path_or_stream: object, datastore_name: str | None = None) -> None:
        """Print which file would be uploaded."""
        del datastore_name
        _say(f"Attempted to track file {name} at {path_or_stream}")

    def upload_folder(self, name: str, path: object, datastore_name: str | None = None) -> None:
        """Print which folder would be uploaded."""
        del datastore_name
        _say(f"Attempted to track folder {name} at {path}")

    def upload_files(
        self,
        names: object,
        paths: object,
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> None:
        """Print which files would be uploaded."""
        del return_artifacts, datastore_name
        _say(f"Attempted to track files {names} at {paths} with timeout {timeout_seconds}s")

    def flush(self, timeout_seconds: float = 300) -> None:
        """Print that a flush was asked for."""
        del timeout_seconds
        _say(f"Attempted to flush run with id {self._run_id}")

    def complete(self, _set_status: bool = True) -> None:
        """Do nothing: an offline run has no status."""

    def cancel(self) -> None:
        """Do nothing: an offline run has no status."""

    def fail(self, error_details: object = None, error_code: object = None, _set_status: bool = True) -> None:
        """Print why the run failed."""
        _say(f"Run failed with error code {error_code}:\n{error_details}")

    def child_run(self, name: str | None = None, run_id: str | None = None, outputs: object = None) -> _OfflineRun:
        """Give an offline child."""
        del outputs
        return _OfflineRun(run_id or f"{self._run_id}.{name if name is not None else clock.new_id()}")

    # -- inside

    def _keep(self, name: str, columns: Mapping[str | None, object], *, kind: MetricKind | None = None) -> None:
        from aml_widgets.core.records import MetricKind

        self._store().log_columns(
            self._memory_run_id,
            name,
            columns,  # type: ignore[arg-type]  # checked by the caller
            kind=kind or MetricKind.SCALAR,
        )

    def _keep_table(self, name: str, columns: Mapping[str | None, object]) -> None:
        from aml_widgets.core.records import MetricKind

        self._keep(name, columns, kind=MetricKind.ROW)

    def _store(self) -> MemoryRunStore:
        if self._memory is None:
            from aml_widgets.store.memory import MemoryRunStore

            memory = MemoryRunStore()
            experiment = memory.open_experiment("offline")
            self._memory_run_id = memory.create_run(NewRun(experiment_id=experiment.experiment_id)).run_id
            self._memory = memory
        return self._memory

    def _refuse(self, name: str) -> NoReturn:
        raise AttributeError(
            f"This run is offline: the process was not started by a submission, so there is no {name!r}. "
            "Start a run with run = Experiment(Workspace.from_config(), 'name').start_logging() to have it."
        )


OfflineRun = _OfflineRun
"""The class has v1's name: scripts ask for ``type(run).__name__ == "_OfflineRun"`` to know whether they are tried out alone."""


def _say_metric(kind: str, name: object, value: object) -> None:
    _say(f"Attempted to log {kind} metric {name}:\n{value}")


def _say(text: str) -> None:
    print(text)  # noqa: T201 - what an offline run does is to print; v1's users rely on it
