"""Rows of runs' files, and the records they stand for."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from aml_widgets.core.records import ArtifactRecord
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.sqlite.revision import bump
from aml_widgets.store.sqlite.runs import row_id


def record_artifact(connection: sqlite3.Connection, run_id: str, artifact: ArtifactRecord) -> None:
    """Write a file's record, or replace it."""
    connection.execute(
        "insert or replace into artifact (run, path, size_bytes, written_at, is_log, revision) values (?, ?, ?, ?, ?, ?)",
        (
            row_id(connection, run_id),
            artifact.path,
            artifact.size_bytes,
            artifact.written_at,
            artifact.is_log,
            bump(connection),
        ),
    )


def read_artifacts(connection: sqlite3.Connection, run: int, after_revision: int) -> list[ArtifactRecord]:
    """Read the files of a run that were recorded after a revision, and all of its logs."""
    if after_revision < 0:
        rows = connection.execute(
            "select path, size_bytes, written_at, is_log from artifact where run = ? order by path", (run,)
        ).fetchall()
    else:
        rows = connection.execute(
            "select path, size_bytes, written_at, is_log from artifact where run = ? and revision > ? "
            "union select path, size_bytes, written_at, is_log from artifact where run = ? and is_log = 1 order by path",
            (run, after_revision, run),
        ).fetchall()
    return [
        ArtifactRecord(path=path, size_bytes=size_bytes, written_at=written_at, is_log=bool(is_log))
        for path, size_bytes, written_at, is_log in rows
    ]


def with_size_now(artifacts: FolderArtifactStore, run_id: str, artifact: ArtifactRecord) -> ArtifactRecord:
    """Give the record of a log with the size that it has grown to; that of another file as it is."""
    if not artifact.is_log:
        return artifact
    return replace(artifact, size_bytes=artifacts.size(run_id, artifact.path) or 0)
