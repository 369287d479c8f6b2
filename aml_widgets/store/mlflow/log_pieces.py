"""Logs that grow, on a server whose files cannot: the beginning under the log's own name, what follows in pieces.

::

    logs/train.txt                             the first MiB; the whole log once the run has ended
    aml_widgets/logs/logs/train.txt/000001     the second MiB, and so on

Only the piece that is not full yet is written again, so what is sent grows with what is new. Programs that do not know of pieces see the
beginning of a long log until the run ends.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.sending import download, upload

if TYPE_CHECKING:
    from mlflow.entities import FileInfo

PIECE_BYTES = 1 << 20

_FOLDER = f"{names.FOLDER}/logs"


class LogPieces:
    """Reads and writes the pieces of logs, given the place of a run's files.

    Parameters
    ----------
    connection : Connection
        The server.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def send(self, place: str, path: str, file: Path, sent_bytes: int) -> int:
        """Bring what is new of a log to the server, and give how much of it is there now.

        Parameters
        ----------
        place : str
            The artifact URI of the run.
        path : str
            What the log is called there.
        file : Path
            The log as it is here.
        sent_bytes : int
            How much of it is there already.
        """
        with open(file, "rb") as reader:
            size_bytes = os.fstat(reader.fileno()).st_size
            while sent_bytes < size_bytes:
                number = sent_bytes // PIECE_BYTES
                reader.seek(number * PIECE_BYTES)
                content = reader.read(min(PIECE_BYTES, size_bytes - number * PIECE_BYTES))
                upload(self._connection, place, path if number == 0 else _piece_path(path, number), content)
                sent_bytes = number * PIECE_BYTES + len(content)
        return sent_bytes

    def join(self, place: str, path: str, file: Path) -> None:
        """Bring a log that has ended to the server as one file, and remove its pieces where that is possible."""
        repository = self._connection.files_of(place)
        folder = str(PurePosixPath(path).parent)
        with self._connection.errors(f"Log {path!r} is uploaded"):
            repository.log_artifact(str(file), None if folder == "." else folder)
        if file.stat().st_size > PIECE_BYTES:
            with self._connection.errors(f"The pieces of log {path!r} are removed"):
                try:
                    repository.delete_artifacts(f"{_FOLDER}/{path}")
                except NotImplementedError:
                    return  # they stay, and nobody reads them: the file is longer than a beginning

    def more_bytes(self, place: str, path: str) -> int:
        """Give how long a log is whose own file is as long as a piece, beyond that."""
        return sum(int(one.file_size or 0) for one in self._list(place, path))

    def read(self, place: str, path: str, start: int, end: int) -> bytes:
        """Read bytes of a log behind its beginning. Raises Missing where a piece is not there."""
        content = b""
        for number in range(max(1, start // PIECE_BYTES), -(-end // PIECE_BYTES)):
            content += download(self._connection, place, _piece_path(path, number))
        first = max(1, start // PIECE_BYTES) * PIECE_BYTES
        return content[max(0, start - first) : end - first]

    def _list(self, place: str, path: str) -> list[FileInfo]:
        with self._connection.errors(f"The pieces of log {path!r} are listed"):
            try:
                return [
                    one
                    for one in self._connection.files_of(place).list_artifacts(f"{_FOLDER}/{path}")
                    if not one.is_dir
                ]
            except NotADirectoryError:
                return []


def _piece_path(path: str, number: int) -> str:
    return f"{_FOLDER}/{path}/{number:06d}"
