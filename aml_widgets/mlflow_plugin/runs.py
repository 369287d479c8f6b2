"""Runs: created, read, changed. MLflow's "deleted" is our trash."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from mlflow.entities import LifecycleStage, Metric, Param, Run, RunInfo, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE, MLFLOW_USER
from mlflow.utils.name_utils import _generate_random_name

from aml_widgets.core.errors import ParamExists, RunNotFound
from aml_widgets.core.records import SCRIPT_RUN_TYPE, NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.mlflow_plugin import statuses
from aml_widgets.mlflow_plugin.entities import (
    FIELD_TAGS,
    USER_ID,
    to_run_data,
    to_run_info,
    to_seconds,
    to_tags,
)
from aml_widgets.mlflow_plugin.experiments import Experiments
from aml_widgets.mlflow_plugin.inputs import Inputs
from aml_widgets.mlflow_plugin.metrics import Metrics, to_metrics, to_points
from aml_widgets.mlflow_plugin.place import Place
from aml_widgets.store.liveness import is_alive, this_process
from aml_widgets.tracking import context, provenance

_OWN_RUN = "AZUREML_RUN_ID"


class Runs:
    """The runs of a workspace, for MLflow.

    Parameters
    ----------
    place : Place
        The workspace.
    experiments : Experiments
        Its experiments.
    metrics : Metrics
        The metrics of its runs.
    inputs : Inputs
        What runs were given and made.
    """

    def __init__(self, place: Place, experiments: Experiments, metrics: Metrics, inputs: Inputs) -> None:
        self._place = place
        self._store = place.store
        self._experiments = experiments
        self._metrics = metrics
        self._inputs = inputs

    # -- read

    def get(self, run_id: str) -> Run:
        """Read a run, deleted or not."""
        record = self.find(run_id)
        latest = self._metrics.latest([run_id])[run_id]
        inputs, outputs = self._inputs.get(run_id)
        return Run(self.to_info(record), to_run_data(record, to_metrics(latest)), inputs, outputs)

    def find(self, run_id: str) -> RunRecord:
        """Read a record."""
        try:
            return self._store.get_run(run_id)
        except RunNotFound as error:
            raise MlflowException(
                f"Run with id={run_id} not found", error_code=databricks_pb2.RESOURCE_DOES_NOT_EXIST
            ) from error

    def find_active(self, run_id: str) -> RunRecord:
        """Read the record of a run that is not deleted, and neither is its experiment."""
        record = self.find(run_id)
        if self.is_deleted(record):
            raise MlflowException(
                f"The run {run_id} must be in the 'active' state. Current state is {LifecycleStage.DELETED}.",
                error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
            )
        return record

    def is_deleted(self, record: RunRecord) -> bool:
        """Say whether MLflow takes a run for deleted."""
        if record.trashed_at is not None:
            return True
        return self._store.get_experiment(record.experiment_id).archived_at is not None

    def to_info(self, record: RunRecord) -> RunInfo:
        """Make MLflow's description of a run."""
        return to_run_info(
            record, self._experiments.location_of(record.experiment_id), is_deleted=self.is_deleted(record)
        )

    # -- a run's life

    def create(
        self,
        experiment_id: object,
        user_id: str | None,
        start_time: int | None,
        tags: Sequence[RunTag],
        run_name: str | None,
    ) -> Run:
        """Create a run that goes on. Where this process is no server, it is the one that writes the run."""
        experiment = self._experiments.find_active(experiment_id)
        given = {tag.key: str(tag.value) for tag in tags}
        tagged_name = given.pop(MLFLOW_RUN_NAME, None)
        if run_name and tagged_name and run_name != tagged_name:
            raise MlflowException(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values "
                f"(run_name='{run_name}', mlflow.runName='{tagged_name}').",
                error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
            )
        parent_run_id = given.get(MLFLOW_PARENT_RUN_ID)
        if parent_run_id is not None and self._has(parent_run_id):
            del given[MLFLOW_PARENT_RUN_ID]
        else:
            parent_run_id = None
        properties = {} if self._place.is_served else _describe_this_process()
        if user_id and user_id != given.get(MLFLOW_USER):
            properties[USER_ID] = user_id
        record = self._store.create_run(
            NewRun(
                experiment_id=experiment.experiment_id,
                display_name=run_name or tagged_name or _generate_random_name(),
                description=given.pop(MLFLOW_RUN_NOTE, None),
                status=RunStatus.RUNNING,
                parent_run_id=parent_run_id,
                tags=given,
                properties=properties,
                writer=None if self._place.is_served else this_process(),
                started_at=None if start_time is None else to_seconds(start_time),
            )
        )
        inputs, outputs = self._inputs.none()
        return Run(self.to_info(record), to_run_data(record, []), inputs, outputs)

    def _has(self, run_id: str) -> bool:
        try:
            self._store.get_run(run_id)
        except RunNotFound:
            return False
        return True

    def update_info(self, run_id: str, status: str | None, end_time: int | None, run_name: str | None) -> RunInfo:
        """Change status and name. The status of the script's own run is left to whoever supervises the script."""
        record = self.find_active(run_id)
        is_own_script = record.run_type == SCRIPT_RUN_TYPE and os.environ.get(_OWN_RUN) == run_id
        if status is not None and not is_own_script:
            record = self._set_status(record, status, end_time)
        if run_name:
            record = self._store.update_run(run_id, display_name=run_name)
        return self.to_info(record)

    def _set_status(self, record: RunRecord, status: str, end_time: int | None) -> RunRecord:
        new = statuses.to_ours(status)
        if new is RunStatus.RUNNING:
            record = self._take_over(record)
        if statuses.to_mlflow(record.status) == status and record.status is not RunStatus.NOT_RESPONDING:
            return record
        ended_at = to_seconds(end_time) if end_time and new.is_terminal else None
        return self._store.set_status(record.run_id, new, ended_at=ended_at, reopens=True)

    def _take_over(self, record: RunRecord) -> RunRecord:
        """Become the process that writes a run that has none, because it ended or because its process did."""
        if self._place.is_served or record.run_type == SCRIPT_RUN_TYPE or not self._is_left(record):
            return record
        return self._store.update_run(record.run_id, writer=this_process())

    def _is_left(self, record: RunRecord) -> bool:
        if record.status.is_terminal:
            return True
        return record.writer is not None and is_alive(record.writer, record.last_seen_at or record.created_at) is False

    def delete(self, run_id: str) -> None:
        """Put a run into the trash, with those below it, also while they go on."""
        self.find(run_id)
        self._store.trash_run(run_id, even_if_active=True)

    def restore(self, run_id: str) -> None:
        """Take a run out of the trash."""
        self.find(run_id)
        self._store.restore_run(run_id)

    # -- what is logged

    def log_metrics(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Append points, also to a run that has ended, as MLflow does; those that are there are not kept twice.

        MLflow's client sends a request again that got no answer in time, and the first one may have arrived. Points are compared with
        the newest of their metric (`RepeatSkippingStore`), where MLflow's own store compares them with all of them.
        """
        if metrics:
            self._store.log_new_points(run_id, to_points(metrics))

    def log_params(self, run_id: str, params: Sequence[Param]) -> None:
        """Set parameters, all of them or none."""
        if not params:
            return
        given = {param.key: str(param.value) for param in params}
        try:
            self._store.log_params(run_id, given)
        except ParamExists as error:
            old = self._store.get_run(run_id).params[str(error.value)]
            raise MlflowException(
                f"Changing param values is not allowed. Param with key='{error.value}' was already logged with value='{old}' for run "
                f"ID='{run_id}'. Attempted logging new value '{given[str(error.value)]}'.",
                error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
            ) from error

    def set_tags(self, run_id: str, tags: Mapping[str, object]) -> None:
        """Set tags; those that stand for fields of our record change these."""
        if not tags:
            return
        texts = {key: str(value) for key, value in tags.items()}
        self._store.update_run(
            run_id,
            display_name=texts.get(MLFLOW_RUN_NAME) or None,
            description=texts.get(MLFLOW_RUN_NOTE),
            tags={key: text for key, text in texts.items() if key not in FIELD_TAGS},
        )

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag. A name that MLflow gave stays the run's name."""
        record = self.find_active(run_id)
        if key not in to_tags(record):
            raise MlflowException(
                f"No tag with name: {key} in run with id {run_id}", error_code=databricks_pb2.RESOURCE_DOES_NOT_EXIST
            )
        if key == MLFLOW_RUN_NOTE:
            self._store.update_run(run_id, description="")
        elif key in record.tags:
            self._store.update_run(run_id, remove_tags=[key])
        else:
            raise MlflowException(
                f"Tag {key} of run {run_id} says what the run is, and cannot be removed. Set it to something else, if it may change.",
                error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
            )

    def claim(self, record: RunRecord) -> None:
        """Let this process count as the writer of a run that goes on and whose own process is gone."""
        if not record.status.is_terminal:
            self._take_over(record)


def _describe_this_process() -> dict[str, str]:
    return provenance.describe_process(context.get_notebook_path(), context.find_cell_id())
