"""Records of ours as MLflow's entities."""

from __future__ import annotations

import json
from functools import lru_cache

from mlflow.entities import LifecycleStage, Metric, Param, RunData, RunInfo, RunTag
from mlflow.utils.mlflow_tags import (
    MLFLOW_GIT_BRANCH,
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_REPO_URL,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NAME,
    MLFLOW_RUN_NOTE,
    MLFLOW_SOURCE_NAME,
    MLFLOW_SOURCE_TYPE,
    MLFLOW_USER,
)
from mlflow.utils.uri import append_to_uri_path

from aml_widgets.core.records import SCRIPT_RUN_TYPE, RunRecord
from aml_widgets.mlflow_plugin import statuses
from aml_widgets.store.plugin_uri import PLUGIN_SCHEME
from aml_widgets.submit.submission import RUN_DEFINITION
from aml_widgets.tracking.provenance import USER

ARTIFACTS = "artifacts"
"""The folder of a run's files, below the run's id."""

USER_ID = MLFLOW_USER
"""The property that keeps whom MLflow says a run is of."""

_SOURCES = (MLFLOW_GIT_COMMIT, MLFLOW_GIT_BRANCH, MLFLOW_GIT_REPO_URL)

FIELD_TAGS = frozenset({MLFLOW_RUN_NAME, MLFLOW_RUN_NOTE})
"""Tags of MLflow's that are fields of our records."""


def below(uri: str, *parts: str) -> str:
    """Give the URI of a path below another, which may be of a kind that only MLflow knows."""
    if uri.startswith(PLUGIN_SCHEME):  # where MLflow would drop slashes
        return "/".join((uri.rstrip("/"), *parts))
    return str(append_to_uri_path(uri, *parts))


def to_milliseconds(at: float) -> int:
    """Give a time as MLflow does."""
    return round(at * 1_000)


def to_seconds(milliseconds: float) -> float:
    """Give a time of MLflow's as we do."""
    return milliseconds / 1_000


def to_tags(record: RunRecord) -> dict[str, str]:
    """Give the tags that MLflow sees: those of the run, and those that stand for fields of the record."""
    tags = {key: "" if value is None else value for key, value in record.tags.items()}
    if record.display_name is not None:
        tags[MLFLOW_RUN_NAME] = record.display_name
    if record.description:
        tags[MLFLOW_RUN_NOTE] = record.description
    if record.parent_run_id is not None:
        tags.setdefault(MLFLOW_PARENT_RUN_ID, record.parent_run_id)
    if record.run_type == SCRIPT_RUN_TYPE:
        tags.setdefault(MLFLOW_SOURCE_TYPE, "JOB")
        tags.setdefault(MLFLOW_SOURCE_NAME, _find_script(record.properties.get(RUN_DEFINITION, "{}")))
    for key in _SOURCES:
        if key in record.properties:
            tags.setdefault(key, record.properties[key])
    return tags


@lru_cache(maxsize=256)
def _find_script(definition: str) -> str:
    """Give the script that a run definition names, or its command."""
    known = json.loads(definition)
    return str(known.get("script") or known.get("command") or "")


def to_run_info(record: RunRecord, experiment_location: str, *, is_deleted: bool) -> RunInfo:
    """Make MLflow's description of a run.

    Parameters
    ----------
    record : RunRecord
        The run.
    experiment_location : str
        The URI below which the runs of its experiment have their files.
    is_deleted : bool
        Whether MLflow takes it for deleted: it is in the trash, or its experiment is archived.
    """
    started_at = record.created_at if record.started_at is None else record.started_at
    user = record.properties.get(USER_ID) or record.tags.get(MLFLOW_USER) or record.properties.get(USER)
    return RunInfo(
        run_id=record.run_id,
        experiment_id=record.experiment_id,
        user_id=user or "",
        status=statuses.to_mlflow(record.status),
        start_time=to_milliseconds(started_at),
        end_time=None if record.ended_at is None else to_milliseconds(record.ended_at),
        lifecycle_stage=LifecycleStage.DELETED if is_deleted else LifecycleStage.ACTIVE,
        artifact_uri=below(experiment_location, record.run_id, ARTIFACTS),
        run_name=record.run_id if record.display_name is None else record.display_name,
    )


def to_run_data(record: RunRecord, metrics: list[Metric]) -> RunData:
    """Put what was logged to a run together."""
    return RunData(
        metrics=metrics,
        params=[Param(key, value) for key, value in record.params.items()],
        tags=[RunTag(key, value) for key, value in to_tags(record).items()],
    )
