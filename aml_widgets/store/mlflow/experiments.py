"""Experiments on a server. What MLflow calls deleted is archived here; deleted for good, an experiment keeps a mark and is not shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict, ExperimentInUse, StoreError, StoreUnavailable
from aml_widgets.core.records import ExperimentRecord, Tags, ViewType
from aml_widgets.store.memory.experiments import MemoryExperiments
from aml_widgets.store.memory.state import merge_tags
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.experiment_entities import is_hidden, read_state, to_experiment, to_tags
from aml_widgets.store.mlflow.patience import patiently
from aml_widgets.store.mlflow.server_state import ServerState

if TYPE_CHECKING:
    from mlflow.entities import Experiment

DEFAULT_ID = "0"
"""The experiment that every server has from the start; it is listed when there are runs in it."""


class ServerExperiments(ServerState, MemoryExperiments):
    """The part of the store that keeps experiments."""

    def get_experiment(self, experiment_id: str) -> ExperimentRecord:
        """Read an experiment, archived or not."""
        with self._lock:
            if self._depth == 0:
                self._experiments.pop(experiment_id, None)
            return self._find_experiment(experiment_id)

    def list_experiments(self, view_type: ViewType = ViewType.ACTIVE_ONLY) -> list[ExperimentRecord]:
        """List experiments by name."""
        with self._lock:
            self._pull_experiments()
            found = super().list_experiments(view_type)
            if any(one.experiment_id == DEFAULT_ID for one in found) and not self._has_runs(DEFAULT_ID):
                return [one for one in found if one.experiment_id != DEFAULT_ID]
            return found

    def open_experiment(self, name: str) -> ExperimentRecord:
        """Get the active experiment of that name, or create it. An archived one of that name makes room."""
        with self._lock, patiently():
            found = self._find_by_name(name)
            if found is not None and found.lifecycle_stage == "deleted":
                self._rename_archived(found)
                found = None
            if found is None:
                try:
                    with self._connection.errors(f"Experiment {name!r} is created"):
                        experiment_id = self._connection.client.create_experiment(name)
                except StoreUnavailable:
                    raise
                except StoreError:
                    found = self._find_by_name(name)  # another process was quicker
                    if found is None:
                        raise
                    experiment_id = found.experiment_id
            else:
                experiment_id = found.experiment_id
                self._experiments[experiment_id] = to_experiment(found)
            return self._find_experiment(experiment_id)

    def set_archived(self, experiment_id: str, is_archived: bool) -> ExperimentRecord:
        """Archive or reactivate. Raises Conflict when another active experiment has the name."""
        with self._lock:
            record = self.get_experiment(experiment_id)
            if is_archived == (record.archived_at is not None):
                return record
            experiment = self._get(experiment_id)
            state = read_state(experiment)
            client = self._connection.client
            if is_archived:
                self._write(experiment, {**state, "archived": clock.now()}, record.tags)
                with self._connection.errors(f"Experiment {record.name!r} is archived"):
                    client.delete_experiment(experiment_id)
            else:
                other = self._find_by_name(record.name)
                if other is not None and other.experiment_id != experiment_id and other.lifecycle_stage == "active":
                    raise Conflict(
                        f"Experiment {record.name!r} cannot be reactivated: another active one has its name. "
                        "Archive that one first.",
                        value=experiment_id,
                    )
                with self._connection.errors(f"Experiment {record.name!r} is reactivated"):
                    client.restore_experiment(experiment_id)
                if other is not None and other.experiment_id != experiment_id:
                    self._rename_archived(other)
                if experiment.name != record.name:
                    with self._connection.errors(f"Experiment {record.name!r} is renamed"):
                        client.rename_experiment(experiment_id, record.name)
                left = {key: value for key, value in state.items() if key not in ("archived", "name")}
                self._write(experiment, left, record.tags)
            self._looked_at = None  # MLflow deletes and restores an experiment's runs with it
            return self.get_experiment(experiment_id)

    def rename_experiment(self, experiment_id: str, name: str) -> ExperimentRecord:
        """Give an experiment another name. Raises Conflict when another active experiment has it."""
        with self._lock:
            record = self.get_experiment(experiment_id)
            if record.name == name:
                return record
            other = self._find_by_name(name)
            if other is not None and other.lifecycle_stage == "active" and record.archived_at is None:
                raise Conflict(
                    f"Experiment {record.name!r} cannot be renamed to {name!r}: another active one has that name. "
                    "Choose another.",
                    value=name,
                )
            experiment = self._get(experiment_id)
            with self._active(experiment):
                if other is None or other.lifecycle_stage == "deleted":
                    if other is not None:
                        self._rename_archived(other)
                    with self._connection.errors(f"Experiment {record.name!r} is renamed"):
                        self._connection.client.rename_experiment(experiment_id, name)
                    state = {key: value for key, value in read_state(experiment).items() if key != "name"}
                else:  # of an archived one, under the name of an active one
                    state = {**read_state(experiment), "name": name}
                self._write(experiment, state, record.tags)
            renamed = self.get_experiment(experiment_id)
            self._rename_runs()
            return renamed

    def tag_experiment(self, experiment_id: str, tags: Tags, *, remove: Iterable[str] = ()) -> ExperimentRecord:
        """Add and change tags, and remove those named; the others stay."""
        with self._lock:
            record = self.get_experiment(experiment_id)
            experiment = self._get(experiment_id)
            with self._active(experiment):
                self._write(experiment, read_state(experiment), merge_tags(record.tags, tags, remove))
            return self.get_experiment(experiment_id)

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment without runs. Raises ExperimentInUse."""
        with self._lock:
            record = self.get_experiment(experiment_id)
            if self._has_runs(experiment_id):
                raise ExperimentInUse(
                    f"Experiment {record.name!r} has runs, and only an empty one can be deleted. Archive it instead.",
                    value=experiment_id,
                )
            experiment = self._get(experiment_id)
            with self._connection.errors(f"Experiment {record.name!r} is deleted"):
                if experiment.lifecycle_stage == "deleted":
                    self._connection.client.restore_experiment(experiment_id)
                self._connection.client.set_experiment_tag(experiment_id, names.PURGED, "true")
                self._connection.client.delete_experiment(experiment_id)
            self._experiments.pop(experiment_id, None)

    def _has_runs(self, experiment_id: str) -> bool:
        return any(not server.is_purged for server in self._search([experiment_id], ""))

    def _get(self, experiment_id: str) -> Experiment:
        with self._connection.errors(f"Experiment {experiment_id} is asked for"):
            return self._connection.client.get_experiment(experiment_id)

    def _find_by_name(self, name: str) -> Experiment | None:
        """Find the experiment that has a name on the server, deleted or not."""
        with self._connection.errors(f"Experiment {name!r} is asked for"):
            return self._connection.client.get_experiment_by_name(name)

    def _rename_archived(self, experiment: Experiment) -> None:
        """Make room for another of the name, which MLflow gives away only once, archived or not."""
        record = to_experiment(experiment)
        with self._active(experiment):
            if not is_hidden(experiment):
                self._write(experiment, {**read_state(experiment), "name": record.name}, record.tags)
            with self._connection.errors(f"Experiment {record.name!r} is renamed"):
                self._connection.client.rename_experiment(
                    experiment.experiment_id,
                    f"{record.name[: names.MAX_NAME_CHARS]} (archived {experiment.experiment_id})",
                )
        self._experiments.pop(experiment.experiment_id, None)

    @contextmanager
    def _active(self, experiment: Experiment) -> Iterator[None]:
        """Bring a deleted experiment back for a change, which MLflow refuses otherwise."""
        if experiment.lifecycle_stage != "deleted":
            yield
            return
        what = f"Experiment {experiment.name!r} is changed"
        with self._connection.errors(what):
            self._connection.client.restore_experiment(experiment.experiment_id)
        try:
            yield
        finally:
            with self._connection.errors(what):
                self._connection.client.delete_experiment(experiment.experiment_id)

    def _write(self, experiment: Experiment, state: Mapping[str, Any], tags: Tags) -> None:
        """Make the tags of an experiment those that are wanted."""
        from mlflow.entities import ExperimentTag

        wanted = to_tags(state, tags)
        with self._connection.errors(f"Experiment {experiment.name!r} is changed"):
            for key, value in wanted.items():
                if experiment.tags.get(key) != value:
                    self._connection.tracking.set_experiment_tag(experiment.experiment_id, ExperimentTag(key, value))
            for key in experiment.tags:
                if key not in wanted and key != names.PURGED and not key.startswith(names.MLFLOW_PREFIX):
                    self._connection.tracking.delete_experiment_tag(experiment.experiment_id, key)
