"""An MLflow run and our record of it, in both directions.

What MLflow has a field for is kept there: experiment, start, end, status, name, note, parent, tags and params. Everything else is in a
document in tags (`documents`), and with it the exact form of what a server would refuse, cut or round. Where the field was changed by
another program since, the field counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from aml_widgets.core.records import ExperimentRecord, RunError, RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import documents, names
from aml_widgets.store.mlflow.heads_tag import Head

if TYPE_CHECKING:
    from mlflow.entities import Run

TO_MLFLOW: Mapping[RunStatus, str] = {
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

FROM_MLFLOW: Mapping[str, RunStatus] = {
    "SCHEDULED": RunStatus.QUEUED,
    "RUNNING": RunStatus.RUNNING,
    "FINISHED": RunStatus.COMPLETED,
    "FAILED": RunStatus.FAILED,
    "KILLED": RunStatus.CANCELED,
}

LatestPoint = tuple[int, int, float]
"""Step, milliseconds, value: what MLflow compares to find the latest point of a metric."""


@dataclass(frozen=True, slots=True)
class ServerRun:
    """What a server says of a run."""

    run_id: str
    experiment_id: str
    name: str
    status: str
    start_ms: int
    end_ms: int | None
    is_deleted: bool
    artifact_uri: str
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    latest: Mapping[str, LatestPoint] = field(default_factory=dict)

    @property
    def heads(self) -> dict[str, Head]:
        """What was logged through this package, by the writers that did it."""
        return {
            key.removeprefix(names.VALUES): Head.decode(text)
            for key, text in sorted(self.tags.items())
            if key.startswith(names.VALUES)
        }

    @property
    def point_count(self) -> int:
        """How many lines with points were logged through this package."""
        return sum(head.point_count for head in self.heads.values())

    @property
    def is_ours(self) -> bool:
        """Whether this package logs to the run, as far as can be told."""
        return any(key.startswith(names.VALUES) or documents.is_of(names.STATE, key) for key in self.tags)

    @property
    def was_made_here(self) -> bool:
        """Whether this package made the run: only then it has a number."""
        return self.tags.get(names.NUMBER, "").strip("0") != ""

    @property
    def is_purged(self) -> bool:
        """Whether the run was deleted for good, which leaves a deleted run on the server until its ``mlflow gc``."""
        return names.PURGED in self.tags


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the server is to say of a run."""

    name: str
    status: str
    end_ms: int | None
    is_deleted: bool
    tags: Mapping[str, str]
    params: Mapping[str, str]


def read_run(run: Run) -> ServerRun:
    """Take what is needed from MLflow's entity."""
    info, data = run.info, run.data
    return ServerRun(
        run_id=info.run_id,
        experiment_id=info.experiment_id,
        name=info.run_name or "",
        status=str(info.status),
        start_ms=info.start_time or 0,
        end_ms=info.end_time or None,
        is_deleted=info.lifecycle_stage == "deleted",
        artifact_uri=info.artifact_uri or "",
        tags=dict(data.tags),
        params=dict(data.params),
        latest={one.key: to_latest(one.step, one.timestamp, one.value) for one in data._metric_objs},  # noqa: SLF001 - steps and times are only here
    )


def to_latest(step: int, timestamp_ms: int, value: float) -> LatestPoint:
    """Give what can be compared of a point. A server keeps NaN as zero beside a mark."""
    return (step, timestamp_ms, 0.0 if math.isnan(value) else value)


def to_record(server: ServerRun, experiment: ExperimentRecord) -> RunRecord:
    """Give our record of a run. With its experiment MLflow deletes a run as well: it is in no trash of ours then."""
    state: dict[str, Any] = documents.decode(names.STATE, server.tags)
    status = _read_status(state, server.status)
    created_at = _as_sent(state.get("created"), server.start_ms) or 0.0
    is_plain = not state
    parent_id = server.tags.get(names.PARENT) or None
    seen_at = max(
        [created_at, float(state.get("seen", 0.0)), _to_float(server.tags.get(names.SEEN))]
        + [head.written_at for head in server.heads.values()]
    )
    ended_at = _as_sent(state.get("ended"), server.end_ms) if status.is_terminal else None
    return RunRecord(
        run_id=server.run_id,
        number=int(state.get("number", 0)),
        experiment_id=server.experiment_id,
        experiment_name=experiment.name,
        status=status,
        created_at=created_at,
        display_name=_given_text(state.get("name"), server.name),
        description=_given_text(state.get("note"), server.tags.get(names.NOTE, "")),
        run_type=state.get("type"),
        parent_run_id=parent_id,
        root_run_id=state.get("root") or parent_id or server.run_id,
        target=state.get("target", "local"),
        started_at=created_at if is_plain and status is not RunStatus.QUEUED else state.get("started"),
        ended_at=ended_at if ended_at is not None or not status.is_terminal else created_at,
        last_seen_at=max(seen_at, ended_at or 0.0),
        error=RunError(**state["error"]) if state.get("error") and status is RunStatus.FAILED else None,
        tags=_read_tags(server.tags, state),
        properties=_read_properties(server.tags, state),
        params=_read_params(server.params, state),
        writer=WriterProcess(**state["writer"]) if state.get("writer") else None,
        archived_at=state.get("archived"),
        trashed_at=_read_trashed(state, server, experiment, created_at),
    )


def to_server(record: RunRecord, server: ServerRun | None) -> Wanted:
    """Give what a server is to say of a record; `server` is what it says now, None for a run that it does not have yet."""
    known = {} if server is None else server.tags
    shown_name = names.to_shown(record.display_name or "", names.MAX_NAME_CHARS)
    name = shown_name or (f"run {record.number}" if record.number else record.run_id)
    note = names.to_shown(record.description or "", names.MAX_TAG_VALUE_CHARS)
    plain_tags = {key: value for key, value in record.tags.items() if value is not None and _is_plain(key, value)}
    own = {key: value for key, value in record.properties.items() if known.get(key) != value or not _is_mlflows(key)}
    plain_properties = {
        key: value for key, value in own.items() if _is_plain(names.PROPERTY + key, value, is_ours=True)
    }
    plain_params = {key: value for key, value in record.params.items() if names.is_key(key) and _is_param_value(value)}
    end_ms = None if record.ended_at is None else to_ms(record.ended_at)
    is_deleted = record.trashed_at is not None
    state = {
        "status": record.status.value,
        "created": {"given": record.created_at, "sent": to_ms(record.created_at)},
        "started": record.started_at,
        "ended": None if record.ended_at is None else {"given": record.ended_at, "sent": end_ms},
        "seen": record.last_seen_at,
        "number": record.number,
        "name": {"given": record.display_name, "sent": name},
        "note": {"given": record.description, "sent": note} if record.description != (note or None) else None,
        "type": record.run_type,
        "target": record.target,
        "root": None if record.parent_run_id is None else record.root_run_id,
        "error": None if record.error is None else asdict(record.error),
        "writer": None if record.writer is None else asdict(record.writer),
        "archived": record.archived_at,
        "trashed": record.trashed_at,
        "tags": {key: value for key, value in record.tags.items() if key not in plain_tags and not _is_mlflows(key)}
        or None,
        "properties": {key: value for key, value in own.items() if key not in plain_properties} or None,
        "params": {key: value for key, value in record.params.items() if key not in plain_params} or None,
        "param_order": list(record.params) if len(record.params) > 1 else None,
    }
    tags = {
        **plain_tags,
        **{names.PROPERTY + key: value for key, value in plain_properties.items()},
        **documents.encode(names.STATE, {key: value for key, value in state.items() if value is not None}),
        names.NUMBER: f"{record.number:09d}",
    }
    if note:
        tags[names.NOTE] = note
    if record.parent_run_id is not None:
        tags[names.PARENT] = record.parent_run_id
        tags[names.ROOT] = record.root_run_id
    if record.run_type is not None and names.is_text(record.run_type, names.MAX_TAG_VALUE_CHARS):
        tags[names.RUN_TYPE] = record.run_type
    long_params = {
        key: names.to_shown(value, names.MAX_PARAM_VALUE_CHARS)
        for key, value in record.params.items()
        if key not in plain_params and names.is_key(key) and value
    }
    return Wanted(
        name=name,
        status=TO_MLFLOW[record.status],
        end_ms=end_ms,
        is_deleted=is_deleted,
        tags=tags,
        params={**plain_params, **long_params},
    )


def is_ours_to_remove(key: str) -> bool:
    """Say whether a tag that is there, and not wanted, is to be removed: those of signs of life, of values and MLflow's own are not."""
    if key in (names.SEEN, names.PURGED) or key.startswith(names.VALUES):
        return False
    return key == names.NOTE or not key.startswith(names.MLFLOW_PREFIX)


def to_ms(at: float) -> int:
    """Give MLflow's milliseconds."""
    return round(at * 1_000)


def _read_status(state: Mapping[str, Any], mlflow_status: str) -> RunStatus:
    shown = FROM_MLFLOW.get(mlflow_status, RunStatus.RUNNING)
    try:
        status = RunStatus(state.get("status", ""))
    except ValueError:
        return shown
    return status if TO_MLFLOW[status] == mlflow_status else shown


def _read_trashed(
    state: Mapping[str, Any], server: ServerRun, experiment: ExperimentRecord, created_at: float
) -> float | None:
    trashed_at = state.get("trashed")
    if not server.is_deleted or (experiment.archived_at is not None and trashed_at is None):
        return None
    if trashed_at is not None:
        return float(trashed_at)
    return created_at if server.end_ms is None else server.end_ms / 1_000


def _read_tags(tags: Mapping[str, str], state: Mapping[str, Any]) -> dict[str, str | None]:
    shown: dict[str, str | None] = {
        key: value for key, value in tags.items() if not key.startswith((names.PREFIX, names.MLFLOW_PREFIX))
    }
    return {**shown, **state.get("tags", {})}


def _read_properties(tags: Mapping[str, str], state: Mapping[str, Any]) -> dict[str, str]:
    ours = {key.removeprefix(names.PROPERTY): value for key, value in tags.items() if key.startswith(names.PROPERTY)}
    mlflows = {key: value for key, value in tags.items() if _is_mlflows(key) and key not in _FIELDS}
    return {**mlflows, **ours, **state.get("properties", {})}


def _read_params(params: Mapping[str, str], state: Mapping[str, Any]) -> dict[str, str]:
    known = {**params, **state.get("params", {})}
    first = [key for key in state.get("param_order", ()) if key in known]
    return {key: known[key] for key in dict.fromkeys([*first, *known])}


_FIELDS = frozenset({names.RUN_NAME, names.NOTE, names.PARENT, "mlflow.log-model.history", "mlflow.user"})


def _is_mlflows(key: str) -> bool:
    return key.startswith(names.MLFLOW_PREFIX)


def _is_plain(key: str, value: str, *, is_ours: bool = False) -> bool:
    return (
        names.is_key(key)
        and names.is_text(value, names.MAX_TAG_VALUE_CHARS)
        and (is_ours or not key.startswith((names.PREFIX, names.MLFLOW_PREFIX)))
    )


def _is_param_value(value: str) -> bool:
    return names.is_text(value, names.MAX_PARAM_VALUE_CHARS)


def _given_text(pair: Any, shown: str) -> str | None:
    """Give the exact text where the server still shows what was sent for it, else what it shows."""
    if isinstance(pair, dict) and pair.get("sent", "") == shown:
        given = pair.get("given")
        return given if given is None or isinstance(given, str) else str(given)
    return shown or None


def _as_sent(pair: Any, milliseconds: int | None) -> float | None:
    """Give the exact time where the server still has what was sent for it, else the server's."""
    if isinstance(pair, dict) and pair.get("sent") == milliseconds:
        return float(pair["given"])
    return None if milliseconds is None else milliseconds / 1_000


def _to_float(text: str | None) -> float:
    try:
        return float(text or 0.0)
    except ValueError:
        return 0.0
