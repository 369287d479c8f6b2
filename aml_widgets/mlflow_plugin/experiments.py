"""Experiments: MLflow's "deleted" is our archived."""

from __future__ import annotations

import json
from typing import Any

from mlflow.entities import Experiment, ExperimentTag, LifecycleStage, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.store.entities.paged_list import PagedList
from mlflow.utils.search_utils import SearchExperimentsUtils
from mlflow.utils.uri import resolve_uri_if_local
from mlflow.utils.validation import (
    _validate_experiment_artifact_location_length,
    _validate_experiment_name,
    _validate_experiment_tag,
)

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict
from aml_widgets.core.records import ExperimentRecord
from aml_widgets.core.records import ViewType as OurViewType
from aml_widgets.mlflow_plugin.entities import to_milliseconds
from aml_widgets.mlflow_plugin.place import Place

_KIND = "mlflow.experiment"
_DEFAULT_ID = "0"
_VIEWS = {
    ViewType.ACTIVE_ONLY: OurViewType.ACTIVE_ONLY,
    ViewType.DELETED_ONLY: OurViewType.ARCHIVED_ONLY,
    ViewType.ALL: OurViewType.ALL,
}


class Experiments:
    """The experiments of a workspace, for MLflow.

    Parameters
    ----------
    place : Place
        The workspace.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._store = place.store

    # -- read

    def find(self, experiment_id: object) -> ExperimentRecord:
        """Read a record. MLflow's default experiment, which it calls 0, is made when it is first asked for."""
        if str(experiment_id) == _DEFAULT_ID:
            return self._store.open_experiment(Experiment.DEFAULT_EXPERIMENT_NAME)
        return self._store.get_experiment(str(experiment_id))

    def find_active(self, experiment_id: object) -> ExperimentRecord:
        """Read the record of an experiment that is not deleted."""
        record = self.find(experiment_id)
        if record.archived_at is not None:
            raise MlflowException(
                f"The experiment {record.experiment_id} must be in the 'active' state. Current state is deleted.",
                error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
            )
        return record

    def find_by_name(self, name: str) -> ExperimentRecord | None:
        """Read the record of a name: of the active experiment, else of the one that was archived last."""
        records = [one for one in self._store.list_experiments(OurViewType.ALL) if one.name == name]
        return max(records, key=lambda one: (one.archived_at is None, one.archived_at or 0), default=None)

    def location_of(self, experiment_id: str) -> str:
        """Give the URI below which the runs of an experiment have their files."""
        return self._facts_of(experiment_id).get("artifact_location") or self._place.run_files_uri()

    def locations(self) -> dict[str, str]:
        """Give the URIs of all experiments that name one themselves."""
        facts = {experiment_id: json.loads(text) for experiment_id, text in self._store.extras.list(_KIND)}
        return {one: known["artifact_location"] for one, known in facts.items() if known.get("artifact_location")}

    def get(self, experiment_id: object) -> Experiment:
        """Read an experiment, deleted or not."""
        return self._to_entity(self.find(experiment_id))

    def get_by_name(self, name: str) -> Experiment | None:
        """Read the experiment of a name, None where there is none."""
        record = self.find_by_name(name)
        return None if record is None else self._to_entity(record)

    def search(
        self,
        view_type: int,
        max_results: int,
        filter_string: str | None,
        order_by: list[str] | None,
        page_token: str | None,
    ) -> PagedList[Experiment]:
        """Find experiments in MLflow's filter language."""
        records = self._store.list_experiments(_VIEWS[view_type])
        facts = dict(self._store.extras.list(_KIND))
        found = [self._to_entity(one, json.loads(facts.get(one.experiment_id, "{}"))) for one in records]
        found = SearchExperimentsUtils.filter(found, filter_string)
        found = SearchExperimentsUtils.sort(found, order_by or ["creation_time DESC", "experiment_id ASC"])
        return PagedList(*SearchExperimentsUtils.paginate(found, page_token, max_results))

    def _to_entity(self, record: ExperimentRecord, facts: dict[str, Any] | None = None) -> Experiment:
        known = self._facts_of(record.experiment_id) if facts is None else facts
        created_at = to_milliseconds(record.created_at)
        return Experiment(
            experiment_id=record.experiment_id,
            name=record.name,
            artifact_location=known.get("artifact_location") or self._place.run_files_uri(),
            lifecycle_stage=LifecycleStage.ACTIVE if record.archived_at is None else LifecycleStage.DELETED,
            tags=[ExperimentTag(key, value or "") for key, value in record.tags.items()],
            creation_time=created_at,
            last_update_time=max(
                created_at, to_milliseconds(record.archived_at or 0), known.get("last_update_time", 0)
            ),
        )

    def _facts_of(self, experiment_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._store.extras.get(_KIND, experiment_id) or "{}")
        return found

    # -- written

    def create(self, name: str, artifact_location: str | None, tags: list[ExperimentTag] | None) -> str:
        """Create an experiment. A name that is in use, also by a deleted one, is refused as MLflow does."""
        _validate_experiment_name(name)
        if artifact_location:
            artifact_location = resolve_uri_if_local(artifact_location)
            _validate_experiment_artifact_location_length(artifact_location)
        for tag in tags or []:
            _validate_experiment_tag(tag.key, tag.value)
        known = self.find_by_name(name)
        if known is not None:
            state = "active" if known.archived_at is None else "deleted"
            raise MlflowException(
                f"Experiment(name={name}) already exists, and is {state}. Use it, restore it, or choose another name.",
                error_code=databricks_pb2.RESOURCE_ALREADY_EXISTS,
            )
        record = self._store.open_experiment(name)
        if tags:
            self._store.tag_experiment(record.experiment_id, {tag.key: tag.value for tag in tags})
        if artifact_location:
            self._note(record.experiment_id, artifact_location=artifact_location)
        return record.experiment_id

    def set_deleted(self, experiment_id: str, *, is_deleted: bool) -> None:
        """Delete an experiment, or take it back. Its runs are deleted as long as it is."""
        record = self.find(experiment_id)
        if (record.archived_at is not None) == is_deleted:
            wanted = "active" if is_deleted else "deleted"
            raise MlflowException(
                f"No {wanted} experiment with ID={experiment_id} exists.",
                error_code=databricks_pb2.RESOURCE_DOES_NOT_EXIST,
            )
        self._store.set_archived(record.experiment_id, is_deleted)
        self._note(record.experiment_id)

    def rename(self, experiment_id: str, name: str) -> None:
        """Give an experiment another name."""
        _validate_experiment_name(name)
        record = self.find(experiment_id)
        if record.archived_at is not None:
            raise MlflowException("Cannot rename a non-active experiment.", error_code=databricks_pb2.INVALID_STATE)
        try:
            self._store.rename_experiment(record.experiment_id, name)
        except Conflict as error:
            raise MlflowException(error.message, error_code=databricks_pb2.RESOURCE_ALREADY_EXISTS) from error
        self._note(record.experiment_id)

    def set_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        """Set a tag."""
        _validate_experiment_tag(tag.key, tag.value)
        record = self.find_active(experiment_id)
        self._store.tag_experiment(record.experiment_id, {tag.key: tag.value})
        self._note(record.experiment_id)

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag."""
        record = self.find_active(experiment_id)
        if key not in record.tags:
            raise MlflowException(
                f"No tag with name: {key} in experiment with id {experiment_id}",
                error_code=databricks_pb2.RESOURCE_DOES_NOT_EXIST,
            )
        self._store.tag_experiment(record.experiment_id, {}, remove=[key])
        self._note(record.experiment_id)

    def _note(self, experiment_id: str, **facts: str) -> None:
        """Keep what our record has no field for, and when the experiment changed."""
        changed_at = to_milliseconds(clock.now())
        self._store.extras.update(
            _KIND,
            experiment_id,
            lambda text: json.dumps({**json.loads(text or "{}"), **facts, "last_update_time": changed_at}),
            experiment_id=experiment_id,
        )
