"""From lines of exact values to the server: pieces among the run's files, the newest lines in a tag, and plain metrics beside them.

Sending is repeatable. The tag says how many lines of a writer are there; a piece that it does not count is written anew. The metrics come
after it, so that whoever reads both knows them for copies; a metric that the server has already changes nothing. So a batch that may have
arrived is simply sent again.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.errors import StoreCorrupt, StoreUnavailable, UserError, message_of
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.entities import ServerRun, read_run
from aml_widgets.store.mlflow.exact_values import decode_line, encode_piece
from aml_widgets.store.mlflow.heads_tag import Head, piece_path
from aml_widgets.store.mlflow.plain_points import PlainPoint, to_plain_points

if TYPE_CHECKING:
    from mlflow.entities import Metric, RunTag

MAX_METRICS = 1_000
"""More are not taken in one request."""

_log = logging.getLogger(__name__)


class ValueSender:
    """Sends the lines of writers to their runs, from any thread.

    Parameters
    ----------
    connection : Connection
        The server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._heads: dict[tuple[str, str], Head] = {}
        self._places: dict[str, str] = {}

    def know(self, server: ServerRun) -> None:
        """Remember where the files of a run are, to ask less."""
        with self._lock:
            self._places[server.run_id] = server.artifact_uri

    def forget(self) -> None:
        """Forget what is known of the server, which is asked anew then."""
        with self._lock:
            self._heads.clear()
            self._places.clear()

    def forget_parent(self) -> None:
        """Start anew in a process that was forked off."""
        self._lock = threading.Lock()
        self.forget()

    def send(self, run_id: str, writer_id: str, first_line: int, lines: Sequence[str]) -> None:
        """Bring lines of a writer to the server; those that are there are left out. One thread a writer at a time.

        Parameters
        ----------
        run_id, writer_id : str
            Whose lines they are.
        first_line : int
            The number of the first of them in all the writer's lines, from 0.
        lines : sequence of str
            As `exact_values` makes them.
        """
        head = self._find_head(run_id, writer_id)
        if first_line > head.count:
            raise StoreCorrupt(
                f"Run {run_id} has {head.count} line(s) of writer {writer_id} on the tracking server, and the next one here is "
                f"number {first_line}. Were tags {names.VALUES}… of the run deleted? What is between them is lost.",
                value=first_line,
            )
        # Before anything is sent: what is no line is not.
        points = [point for line in lines for point in to_plain_points(decode_line(line))]
        new = list(lines[head.count - first_line :])
        if new:
            key = (run_id, writer_id)
            with self._lock:
                self._heads.pop(key, None)  # until it is known that all arrived
            grown = head.grow(new, clock.now())
            if not grown.fits():
                self._upload(run_id, piece_path(writer_id, head.pieces), encode_piece(grown.tail))
                grown = grown.close_piece()
            self._log_tag(run_id, names.VALUES + writer_id, grown)
            with self._lock:
                self._heads[key] = grown
        for start in range(0, len(points), MAX_METRICS):
            self._log_copies(run_id, points[start : start + MAX_METRICS])

    def _find_head(self, run_id: str, writer_id: str) -> Head:
        with self._lock:
            head = self._heads.get((run_id, writer_id))
        if head is not None:
            return head
        with self._connection.errors(f"Run {run_id} is looked up"):
            server = read_run(self._connection.client.get_run(run_id))
        self.know(server)
        return server.heads.get(writer_id, Head())

    def _log_tag(self, run_id: str, tag: str, head: Head) -> None:
        from mlflow.entities import RunTag

        tags = [RunTag(tag, head.encode())]
        try:
            with self._connection.errors(f"Points of run {run_id} are sent"):
                self._connection.client.log_batch(run_id, tags=tags)
        except UserError:
            if not self._log_to_deleted(run_id, [], tags):
                raise

    def _log_copies(self, run_id: str, points: Sequence[PlainPoint]) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(one.key, one.value, one.timestamp_ms, one.step) for one in points]
        try:
            with self._connection.errors(f"Points of run {run_id} are sent"):
                self._connection.client.log_batch(run_id, metrics=metrics)
        except UserError as error:
            if not self._log_to_deleted(run_id, metrics, []):
                _log.warning(
                    "%d point(s) of run %s are not among MLflow's metrics, because the tracking server refuses them; they are kept "
                    "among its exact values: %s",
                    len(metrics),
                    run_id,
                    message_of(error),
                )

    def _log_to_deleted(self, run_id: str, metrics: list[Metric], tags: list[RunTag]) -> bool:
        """Send to a run in the trash, which a server takes only when it is brought back for that; say whether it is one."""
        client = self._connection.client
        with self._connection.errors(f"Points of run {run_id} are sent"):
            server = read_run(client.get_run(run_id))
            if not server.is_deleted or server.is_purged:
                return False
            client.restore_run(run_id)
            try:
                client.log_batch(run_id, metrics=metrics, tags=tags)
            finally:
                client.delete_run(run_id)
        return True

    def _upload(self, run_id: str, path: str, content: bytes) -> None:
        with self._lock:
            place = self._places.get(run_id)
        if place is None:
            with self._connection.errors(f"Run {run_id} is looked up"):
                server = read_run(self._connection.client.get_run(run_id))
            self.know(server)
            place = server.artifact_uri
        try:
            upload(self._connection, place, path, content)
        except (Missing, UserError) as error:
            # Not the server's word on the run: a proxy that takes no files so long, or one behind which it is away. Later it may be taken.
            raise StoreUnavailable(
                f"Values of run {run_id} cannot be kept among its files now: {error.message}", value=path
            ) from error


def upload(connection: Connection, artifact_uri: str, path: str, content: bytes) -> None:
    """Write a file among a run's artifacts, over one that is there."""
    target = PurePosixPath(path)
    with tempfile.TemporaryDirectory(prefix="aml_widgets-") as folder:
        file = Path(folder) / target.name
        file.write_bytes(content)
        with connection.errors(f"File {path!r} is uploaded"):
            above = str(target.parent)
            connection.files_of(artifact_uri).log_artifact(str(file), None if above == "." else above)


def download(connection: Connection, artifact_uri: str, path: str) -> bytes:
    """Read a file among a run's artifacts. Raises Missing."""
    with tempfile.TemporaryDirectory(prefix="aml_widgets-") as folder:
        file = Path(folder) / "content"
        with connection.errors(f"File {path!r} is downloaded"):
            connection.files_of(artifact_uri)._download_file(path, str(file))  # noqa: SLF001 - the public way lists folders first
        return file.read_bytes()
