"""An MLflow experiment and our record of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_widgets.core.records import ExperimentRecord, Tags
from aml_widgets.store.mlflow import documents, names

if TYPE_CHECKING:
    from mlflow.entities import Experiment


def to_experiment(experiment: Experiment) -> ExperimentRecord:
    """Give our record of an experiment. One that is deleted on the server is archived."""
    state = read_state(experiment)
    is_deleted = experiment.lifecycle_stage == "deleted"
    archived_at = state.get("archived") or (experiment.last_update_time or experiment.creation_time or 0) / 1_000
    shown: dict[str, str | None] = {
        key: value for key, value in experiment.tags.items() if not key.startswith((names.PREFIX, names.MLFLOW_PREFIX))
    }
    return ExperimentRecord(
        experiment_id=experiment.experiment_id,
        name=state.get("name") or experiment.name,
        created_at=(experiment.creation_time or 0) / 1_000,
        archived_at=float(archived_at) if is_deleted else None,
        tags={**shown, **state.get("tags", {})},
    )


def read_state(experiment: Experiment) -> dict[str, Any]:
    """Give what MLflow has no field for."""
    return documents.decode(names.STATE, experiment.tags)


def to_tags(state: Mapping[str, Any], tags: Tags) -> dict[str, str]:
    """Give the tags of an experiment: those that a server takes as they are, and the document with the others."""
    plain = {
        key: value
        for key, value in tags.items()
        if value is not None
        and names.is_key(key)
        and names.is_text(value, names.MAX_TAG_VALUE_CHARS)
        and not key.startswith((names.PREFIX, names.MLFLOW_PREFIX))
    }
    others = {key: value for key, value in tags.items() if key not in plain}
    facts = {**state, "tags": others or None}
    return {**plain, **documents.encode(names.STATE, {key: one for key, one in facts.items() if one is not None})}


def is_hidden(experiment: Experiment) -> bool:
    """Say whether an experiment was deleted by us for good, which MLflow cannot do."""
    return experiment.lifecycle_stage == "deleted" and names.PURGED in experiment.tags
