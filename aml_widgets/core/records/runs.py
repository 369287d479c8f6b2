"""Experiments and runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Union

from aml_widgets.core.status import RunStatus

SCRIPT_RUN_TYPE = "azureml.scriptrun"
"""The type of runs that were submitted; a supervisor writes them."""


SNAPSHOT_ID = "ContentSnapshotId"
"""The property that names the source snapshot of a run; several runs may have the same."""


Tags = Mapping[str, Union[str, None]]


class ViewType(str, Enum):
    """Which experiments to list, by their archived state."""

    ACTIVE_ONLY = "ActiveOnly"
    ARCHIVED_ONLY = "ArchivedOnly"
    ALL = "All"

    __str__ = str.__str__


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """A named set of runs."""

    experiment_id: str
    name: str
    created_at: float
    archived_at: float | None = None
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterProcess:
    """The process that owns a run: enough to tell, later and elsewhere, whether it still lives.

    `namespace` says in which world `pid` means something (boot of the machine and PID namespace of the container).
    """

    host: str
    namespace: str
    pid: int
    process_started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run failed."""

    code: str
    message: str
    traceback: str | None = None
    error_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What is known of a run when it is created. Without `run_id` the store gives one."""

    experiment_id: str
    run_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    run_type: str | None = None
    status: RunStatus = RunStatus.NOT_STARTED
    parent_run_id: str | None = None
    target: str = "local"
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    writer: WriterProcess | None = None
    created_at: float | None = None  # when that was, where it was not now
    started_at: float | None = None  # the same


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One trial, as it stands now."""

    run_id: str
    number: int  # increasing in its experiment, from 1; 0 for a run that has none, as those of plain MLflow
    experiment_id: str
    experiment_name: str
    status: RunStatus
    created_at: float
    display_name: str | None = None
    description: str | None = None
    run_type: str | None = None
    parent_run_id: str | None = None
    root_run_id: str = ""
    target: str = "local"
    started_at: float | None = None
    ended_at: float | None = None
    last_seen_at: float | None = None  # the last sign of life of whoever writes the run
    error: RunError | None = None
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    writer: WriterProcess | None = None
    archived_at: float | None = None
    trashed_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRecord:
    """One file of a run. A log stream is an artifact that may still grow."""

    path: str
    size_bytes: int
    written_at: float
    is_log: bool = False
