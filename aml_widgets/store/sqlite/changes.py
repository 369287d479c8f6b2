"""What changed for one run since a cursor."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple, TypeVar, Union

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ArtifactRecord, RunChanges
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.liveness import Judgement
from aml_widgets.store.sqlite import files, reading, runs
from aml_widgets.store.sqlite.tail_rows import ShapeReader

MAX_NOTE_LENGTH = 1_000
"""How many characters of a cursor may name logs, and how many children: pages send it in an address, and proxies cut long ones."""

_Value = TypeVar("_Value")
_Note = Union[Mapping[str, _Value], str]
"""What a reader was told last of each of some things; of very many, only what tells whether one of them is otherwise now."""


class _Cursor(NamedTuple):
    """What a reader has been told of a run."""

    seq: int
    revision: int
    status: str
    log_sizes: _Note[int]
    silent: _Note[str]
    """Children that were shown other than they are stored, and as what."""


def read_changes(
    connection: sqlite3.Connection,
    run_id: str,
    cursor: str | None,
    max_buckets: int,
    max_new_points: int | None,
    *,
    artifacts: FolderArtifactStore,
    shapes: ShapeReader,
) -> tuple[RunChanges, dict[str, Judgement]]:
    """Give what changed for a run, and what is found out about lost ones."""
    row = runs.read_row(connection, run_id)
    run, changed_at, sealed_seq = row[0], row[20], row[21]
    told = _Cursor(0, -1, "", {}, {}) if cursor is None else _decode(cursor, run, run_id)
    record, judgement = runs.judged(connection, row)
    (now_revision,) = connection.execute("select value from revision").fetchone()
    children, silent, lost = runs.read_children(connection, run, told.revision)
    if judgement is not None:
        lost[run_id] = judgement
    changed_children = [
        child.record
        for child in children
        if child.revision > told.revision
        or _is_otherwise(told.silent, silent, child.record.run_id, child.record.status.value, child.stored_status)
    ]
    if cursor is None and record.trashed_at is None:
        changed_children = [child for child in changed_children if child.trashed_at is None]
    if cursor is None:
        seq, news = reading.opening_news(connection, run, sealed_seq, shapes, max_buckets)
    else:
        seq, news = reading.news_since(connection, run, sealed_seq, told.seq, shapes, max_buckets, max_new_points)
    known = files.read_artifacts(connection, run, told.revision)
    now = [files.with_size_now(artifacts, run_id, artifact) for artifact in known]
    sizes = {artifact.path: artifact.size_bytes for artifact in now if artifact.is_log}
    changes = RunChanges(
        cursor=_encode(run, _Cursor(seq, now_revision, record.status.value, sizes, silent)),
        run=record if changed_at > told.revision or record.status.value != told.status else None,
        metrics=tuple(news),
        artifacts=tuple(one for one in now if not one.is_log or _has_grown(told.log_sizes, sizes, one)),
        children=tuple(changed_children),
    )
    return changes, lost


def _has_grown(told: _Note[int], sizes: Mapping[str, int], log: ArtifactRecord) -> bool:
    return _is_otherwise(told, sizes, log.path, log.size_bytes, None)


def _is_otherwise(
    told: _Note[_Value], now: Mapping[str, _Value], name: str, value: _Value, default: _Value | None
) -> bool:
    """Say whether a thing is otherwise than what was told; of very many, whether any of them is."""
    return told != _digest(now) if isinstance(told, str) else told.get(name, default) != value


def _encode(run: int, cursor: _Cursor) -> str:
    shortened = cursor._replace(log_sizes=_shorten(cursor.log_sizes), silent=_shorten(cursor.silent))
    return json.dumps([run, *shortened], separators=(",", ":"))


def _shorten(note: _Note[_Value]) -> _Note[_Value]:
    return note if isinstance(note, str) or len(json.dumps(note)) <= MAX_NOTE_LENGTH else _digest(note)


def _digest(note: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(note, sort_keys=True).encode()).hexdigest()[:32]


def _decode(text: str, run: int, run_id: str) -> _Cursor:
    try:
        owner, *told = json.loads(text)
        cursor = _Cursor(*told)
        numbers_fit = type(cursor.seq) is int and type(cursor.revision) is int
        if (
            (owner == run and len(told) == len(_Cursor._fields) and numbers_fit)
            and abs(cursor.seq) + abs(cursor.revision) < 2**62
            and isinstance(cursor.log_sizes, (dict, str))
            and isinstance(cursor.silent, (dict, str))
        ):
            return cursor._replace(status=str(cursor.status))
    except (ValueError, TypeError, RecursionError):
        pass  # said below, as for any other text that is no cursor
    raise UserError(
        f"{text[:80]!r} is not a cursor of run {run_id}. Use the one that changes_since gave for this run, or none.",
        value=text,
    )
