"""What is new of a run on a server, of all its runs, and the files of a run."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ArtifactRecord, RunChanges, RunListChanges
from aml_widgets.store.memory import listing
from aml_widgets.store.memory.changes import MemoryChanges
from aml_widgets.store.memory.cursors import Cursor, bad_cursor
from aml_widgets.store.memory.points import check_max_buckets
from aml_widgets.store.memory.run_metrics import RunMetrics
from aml_widgets.store.memory.state import StoredRun
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.care import Care
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.entities import ServerRun
from aml_widgets.store.mlflow.exact_values import File, encode_line
from aml_widgets.store.mlflow.server_state import ServerState
from aml_widgets.store.protocol import MAX_BUCKETS

FILES_SECONDS = 60.0
"""How often the files of a run that goes on are listed, for those that other programs logged."""

LOOK_SECONDS = 1.0
"""So long a look reads what other programs logged, at least a page of up to 25,000 points; then others who ask get their turn."""

_OPENING = "o"

_TOKEN = re.compile(r"[0-9a-f]{32}")


class _Known(NamedTuple):
    """What a reader knows who has a cursor; of whoever has none, or one of another process, nothing.

    While it is still being opened, because that takes several looks, a series that begins is told as on opening: the reader may have
    one of that name from before.
    """

    inner: str | None = None
    generation: int | None = None
    is_opening: bool = False


class _Listed(NamedTuple):
    """When the files of a run were listed, and what was known of it then."""

    at: float
    facts: object


class ServerChanges(ServerState, MemoryChanges):
    """The part of the store that tells what changed.

    A cursor is the in-memory store's, with a mark of whose memory that is: to one of another process, or from before all of a
    metric was read anew, the answer is the whole again, as on opening.

    Parameters
    ----------
    connection : Connection
        The server.
    local : Path
        A folder on this machine for what is on its way.
    """

    def __init__(self, connection: Connection, local: Path) -> None:
        super().__init__(connection, local)
        self._token = uuid.uuid4().hex
        self._listed: dict[str, _Listed] = {}

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        """Give everything that changed for a run since a cursor, and the next cursor, from one moment."""
        check_max_buckets(max_buckets)
        with self._reading(run_id, values=True, seconds=LOOK_SECONDS, care=Care.VIEW):
            known = _Known() if cursor is None else self._to_known(cursor, run_id)
            self._pull_children(run_id)
            self._pull_files(run_id)
            values, metrics = self._values[run_id], self._runs[run_id].metrics
            changes = super().changes_since(run_id, known.inner, max_buckets=max_buckets, max_new_points=max_new_points)
            news = changes.metrics
            if known.inner is not None and known.generation != values.generation:
                news = tuple(metrics.opening_news(max_buckets))
            elif known.is_opening:
                begun = {
                    one.key for one in news if not one.is_opening and len(one.points) == len(metrics.find(one.key))
                }
                opened = {one.key: one for one in metrics.opening_news(max_buckets, begun)}
                news = tuple(opened.get(one.key, one) for one in news)
            is_opening = values.has_more and (known.is_opening or known.generation != values.generation)
            mark = f"{values.generation}{_OPENING if is_opening else ''}"
            return replace(
                changes, cursor=f"{changes.cursor}.{mark}.{self._token}", metrics=news, has_more=values.has_more
            )

    def _to_known(self, cursor: str, run_id: str) -> _Known:
        """Read a cursor; of one of another process nothing is known. Raises UserError."""
        inner, _, rest = cursor.partition(".")
        mark, _, token = rest.partition(".")
        generation = mark.removesuffix(_OPENING)
        if not _TOKEN.fullmatch(token) or not (generation.isascii() and generation.isdecimal()):
            raise bad_cursor(cursor, run_id)
        Cursor.decode(inner, run_id)
        return _Known(inner, int(generation), mark != generation) if token == self._token else _Known()

    def run_list_changes(self, cursor: str | None = None) -> RunListChanges:
        """Give what changed among the runs since a cursor, and the next cursor, from one moment."""
        inner, token = (None, self._token) if cursor is None else _decode_list_cursor(cursor)
        with self._lock:
            self._pull_list()
            runs = {run_id: self._marked(run_id, run) for run_id, run in self._runs.items()}
            for run in self._runs.values():
                self._show(run)  # may settle runs, so the version is read afterwards
            purged = {run_id: gone.version for run_id, gone in self._purged.items()}
            if token != self._token:
                inner = json.dumps([self._version + 1, {}])  # of another process: nothing can be said but "list again"
            shown = {run_id: self._show(run) for run_id, run in self._runs.items()}
            runs = {run_id: self._marked(run_id, run) for run_id, run in self._runs.items()}
            changes = listing.find_changes(runs, purged, inner, self._version, lambda run: shown[run.record.run_id])
            self._push_settled()
            return replace(changes, cursor=json.dumps([*json.loads(changes.cursor), self._token]))

    def _marked(self, run_id: str, run: StoredRun) -> StoredRun:
        """Give a run whose number of points is how often new ones were heard of: points themselves are not read for lists."""
        return StoredRun(record=run.record, version=run.version, metrics=_Moves(self._moves.get(run_id, 0)))

    # -- files

    def record_artifact(self, run_id: str, artifact: ArtifactRecord) -> None:
        """Make a file known that `artifacts` holds; recorded again, the record is replaced."""
        with self._reading(run_id):
            self._outbox.append(run_id, [encode_line(File(artifact))])

    def list_artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """List the run's files by path; logs with their size now."""
        with self._lock:
            if self._depth:
                return super().list_artifacts(run_id)
            with self._reading(run_id, values=True, metrics=()):
                self._pull_files(run_id, is_asked_for=True)
                return super().list_artifacts(run_id)

    def _with_size_now(self, run_id: str, artifact: ArtifactRecord) -> ArtifactRecord:
        size_bytes = self._files.spooled_size(run_id, artifact.path) if artifact.is_log else None
        return artifact if size_bytes is None else replace(artifact, size_bytes=size_bytes)

    def _pull_files(self, run_id: str, *, is_asked_for: bool = False) -> None:
        """Hear of files that other programs logged, when something else changed, or some time has passed."""
        run, server = self._runs[run_id], self._servers[run_id]
        listed = self._listed.get(run_id)
        facts = _facts_of(server)
        if listed is not None and not is_asked_for and listed.facts == facts:
            is_over = server.end_ms is not None
            if is_over or monotonic() < listed.at + FILES_SECONDS:
                return
        own = (self._values.get(run_id) or self._parts[run_id]).metrics.files
        for path, size_bytes in self._files.list_all(run_id):
            if path not in own or own[path].is_log:  # a log was made known when it began
                new = ArtifactRecord(path=path, size_bytes=size_bytes, written_at=run.record.created_at)
                artifact = (
                    new if path not in own else replace(own[path], size_bytes=max(size_bytes, own[path].size_bytes))
                )
                known = run.artifacts.get(path)
                if known is None or known[1] != artifact:
                    run.artifacts[path] = (self._next_version(), artifact)
        self._listed[run_id] = _Listed(monotonic(), facts)


class _Moves(RunMetrics):
    """Stands for the metrics of a run where only a number is asked for that changes with them."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._seq = count


def _facts_of(server: ServerRun) -> object:
    """Give what changes when another program is at work on a run; that we log to it all the time is no such sign."""
    tags = {key: value for key, value in server.tags.items() if key != names.SEEN and not key.startswith(names.VALUES)}
    latest: Mapping[str, object] = {} if server.heads else server.latest
    return (server.status, server.end_ms, tags, latest)


def _decode_list_cursor(cursor: str) -> tuple[str, str]:
    try:
        version, marks, token = json.loads(cursor)
        if isinstance(token, str) and _TOKEN.fullmatch(token):
            return json.dumps([version, marks]), token
    except (ValueError, TypeError, RecursionError):
        pass  # said below, as for any other text that is no cursor
    raise UserError(
        f"{str(cursor)[:80]!r} is no cursor of a list of runs. Ask without a cursor to start anew.", value=cursor
    )
