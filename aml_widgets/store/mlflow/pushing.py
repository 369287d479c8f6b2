"""From our record to the server: only what differs from what it says already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aml_widgets.core.errors import RunNotFound
from aml_widgets.core.records import RunRecord
from aml_widgets.store.mlflow import documents, names
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.entities import ServerRun, Wanted, is_ours_to_remove, to_server

MAX_ENTITIES = 100
"""More tags or params are not taken in one request."""


def send_record(connection: Connection, server: ServerRun, record: RunRecord) -> ServerRun:
    """Make the server say what a record says; give what it says then. Raises RunNotFound."""
    wanted = to_server(record, server)
    changed = {key: value for key, value in wanted.tags.items() if server.tags.get(key) != value}
    removed = [key for key in server.tags if key not in wanted.tags and is_ours_to_remove(key)]
    params = {key: value for key, value in wanted.params.items() if key not in server.params}
    is_other = (wanted.status, wanted.name) != (server.status, server.name)
    is_other = is_other or wanted.end_ms not in (None, server.end_ms)
    client, run_id = connection.client, record.run_id
    try:
        with connection.errors(f"Run {run_id} is changed"):
            is_deleted = server.is_deleted
            if is_deleted and (changed or removed or params or is_other or not wanted.is_deleted):
                client.restore_run(run_id)  # a deleted one cannot be changed
                is_deleted = False
            send_entities(connection, run_id, changed, params)
            for key in removed:
                client.delete_tag(run_id, key)
            if is_other:
                send_info(connection, run_id, wanted)
            if wanted.is_deleted and not is_deleted:
                client.delete_run(run_id)
    except Missing as error:
        raise RunNotFound(
            f"Run {run_id} is not on the tracking server any more. List the runs to see those there are.", value=run_id
        ) from error
    kept = {key: value for key, value in server.tags.items() if key not in removed}
    return replace(
        server,
        name=wanted.name,
        status=wanted.status,
        end_ms=server.end_ms if wanted.end_ms is None else wanted.end_ms,
        is_deleted=wanted.is_deleted,
        tags={**kept, **wanted.tags},
        params={**server.params, **params},
    )


def send_entities(connection: Connection, run_id: str, tags: Mapping[str, str], params: Mapping[str, str]) -> None:
    """Send tags and params, in as many requests as it takes."""
    from mlflow.entities import Param, RunTag

    entities: list[RunTag | Param] = [RunTag(key, value) for key, value in tags.items()]
    entities += [Param(key, value) for key, value in params.items()]
    entities.sort(key=lambda one: documents.is_of(names.STATE, one.key))  # last, and together
    for start in range(0, len(entities), MAX_ENTITIES):
        part = entities[start : start + MAX_ENTITIES]
        connection.client.log_batch(
            run_id,
            tags=[one for one in part if isinstance(one, RunTag)],
            params=[one for one in part if isinstance(one, Param)],
        )


def send_info(connection: Connection, run_id: str, wanted: Wanted) -> None:
    """Send status, end and name."""
    from mlflow.entities import RunStatus

    status = RunStatus.from_string(wanted.status)
    connection.tracking.update_run_info(run_id, status, wanted.end_ms, wanted.name)
