"""MLflow's words for where a run is in its life, and ours."""

from __future__ import annotations

from aml_widgets.core.status import RunStatus

_TO_MLFLOW = {
    RunStatus.NOT_STARTED: "SCHEDULED",
    RunStatus.STARTING: "SCHEDULED",
    RunStatus.PROVISIONING: "SCHEDULED",
    RunStatus.PREPARING: "SCHEDULED",
    RunStatus.QUEUED: "SCHEDULED",
    RunStatus.RUNNING: "RUNNING",
    RunStatus.FINALIZING: "RUNNING",
    RunStatus.CANCEL_REQUESTED: "RUNNING",
    RunStatus.NOT_RESPONDING: "RUNNING",
    RunStatus.COMPLETED: "FINISHED",
    RunStatus.FAILED: "FAILED",
    RunStatus.CANCELED: "KILLED",
}

_TO_OURS = {
    "SCHEDULED": RunStatus.QUEUED,
    "RUNNING": RunStatus.RUNNING,
    "FINISHED": RunStatus.COMPLETED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.CANCELED,
}


def to_mlflow(status: RunStatus) -> str:
    """Give MLflow's word."""
    return _TO_MLFLOW[status]


def to_ours(status: str) -> RunStatus:
    """Give our word."""
    return _TO_OURS[status]
