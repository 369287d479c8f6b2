"""Experiments in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aml_widgets.core import clock
from aml_widgets.core.errors import Conflict, ExperimentInUse
from aml_widgets.core.records import ExperimentRecord, Tags, ViewType
from aml_widgets.store.memory.state import MemoryState, merge_tags


class MemoryExperiments(MemoryState):
    """The part of the store that keeps experiments."""

    def open_experiment(self, name: str) -> ExperimentRecord:
        """Get the active experiment of that name, or create it."""
        with self._lock:
            found = self._find_active(name)
            if found is None:
                found = ExperimentRecord(experiment_id=clock.new_id(), name=name, created_at=clock.now())
                self._experiments[found.experiment_id] = found
            return found

    def list_experiments(self, view_type: ViewType = ViewType.ACTIVE_ONLY) -> list[ExperimentRecord]:
        """List experiments by name."""
        with self._lock:
            shown = [
                experiment
                for experiment in self._experiments.values()
                if view_type == ViewType.ALL
                or (experiment.archived_at is not None) == (view_type == ViewType.ARCHIVED_ONLY)
            ]
        return sorted(shown, key=lambda experiment: (experiment.name, experiment.created_at))

    def set_archived(self, experiment_id: str, is_archived: bool) -> ExperimentRecord:
        """Archive or reactivate. Raises Conflict when another active experiment has the name."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            if is_archived == (experiment.archived_at is not None):
                return experiment
            if not is_archived and self._find_active(experiment.name) is not None:
                raise Conflict(
                    f"Experiment {experiment.name!r} cannot be reactivated: another active one has its name. "
                    "Archive that one first.",
                    value=experiment_id,
                )
            experiment = replace(experiment, archived_at=clock.now() if is_archived else None)
            self._experiments[experiment_id] = experiment
            return experiment

    def rename_experiment(self, experiment_id: str, name: str) -> ExperimentRecord:
        """Give an experiment another name. Raises Conflict when another active experiment has it."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            if experiment.name == name:
                return experiment
            if experiment.archived_at is None and self._find_active(name) is not None:
                raise Conflict(
                    f"Experiment {experiment.name!r} cannot be renamed to {name!r}: another active one has that name. "
                    "Choose another.",
                    value=name,
                )
            experiment = replace(experiment, name=name)
            self._experiments[experiment_id] = experiment
            for run in self._runs.values():
                if run.record.experiment_id == experiment_id:
                    self._change(run, replace(run.record, experiment_name=name))
            return experiment

    def tag_experiment(self, experiment_id: str, tags: Tags, *, remove: Iterable[str] = ()) -> ExperimentRecord:
        """Set some tags of an experiment and remove others."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            experiment = replace(experiment, tags=merge_tags(experiment.tags, tags, remove))
            self._experiments[experiment_id] = experiment
            return experiment

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment without runs. Raises ExperimentInUse."""
        with self._lock:
            experiment = self.get_experiment(experiment_id)
            count = sum(run.record.experiment_id == experiment_id for run in self._runs.values())
            if count:
                raise ExperimentInUse(
                    f"Experiment {experiment.name!r} has {count} run(s), and only an empty one can be deleted. "
                    "Archive it instead.",
                    value=experiment_id,
                )
            del self._experiments[experiment_id]
            self._extras.forget_experiment(experiment_id)

    def _find_active(self, name: str) -> ExperimentRecord | None:
        for experiment in self._experiments.values():
            if experiment.name == name and experiment.archived_at is None:
                return experiment
        return None
