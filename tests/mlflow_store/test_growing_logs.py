"""A log that is being written is seen on other machines, and only what is new of it travels."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets.core import clock
from aml_widgets.core.errors import ArtifactNotFound, RunNotFound, StoreReadOnly
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import log_pieces, sending
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.log_pieces import PIECE_BYTES
from aml_widgets.store.mlflow.outbox import log_sender
from aml_widgets.store.mlflow.outbox.log_sender import LogSender
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from tests.mlflow_store.tracking_server import TrackingServer

LOG = "logs/train.txt"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_sender, "LOG_SECONDS", 0.1)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def write(file: Path, text: str) -> None:
    with open(file, "a", encoding="utf-8") as log:
        log.write(text)


def size_of(store: MlflowStore, run_id: str) -> int:
    return next((one.size_bytes for one in store.list_artifacts(run_id) if one.path == LOG), 0)


def test_a_log_grows_for_others_and_is_one_file_in_the_end(server: TrackingServer, tmp_path: Path) -> None:
    store, other = MlflowStore(server.uri, tmp_path / "home"), MlflowStore(server.uri, tmp_path / "elsewhere")
    run_id = new_run(store).run_id
    log = store.artifacts.append_path(run_id, LOG)
    store.record_artifact(run_id, ArtifactRecord(path=LOG, size_bytes=0, written_at=clock.now(), is_log=True))

    write(log, "first line\n")
    wait_for(lambda: size_of(other, run_id) == 11)
    assert other.artifacts.read(run_id, LOG) == b"first line\n"
    cursor = other.changes_since(run_id).cursor
    write(log, "second line\n")
    wait_for(lambda: any(one.size_bytes == 23 for one in other.changes_since(run_id, cursor).artifacts))

    for number in range(4):  # over several pieces
        write(log, f"{number} of the long lines {'.' * (PIECE_BYTES * 3 // 4)}\n")
        wait_for(lambda: size_of(other, run_id) == log.stat().st_size)
    content = log.read_bytes()
    assert len(content) > 3 * PIECE_BYTES
    assert other.artifacts.size(run_id, LOG) == len(content)
    for start, max_bytes in (
        (0, None),
        (-100, None),
        (5, 20),
        (PIECE_BYTES - 10, 20),
        (2 * PIECE_BYTES + 7, 999),
        (-9, 4),
    ):
        first = len(content) + start if start < 0 else start
        expected = content[first:] if max_bytes is None else content[first : first + max_bytes]
        assert other.artifacts.read(run_id, LOG, start=start, max_bytes=max_bytes) == expected
    other.artifacts.copy_to(run_id, LOG, tmp_path / "copy.txt")
    assert (tmp_path / "copy.txt").read_bytes() == content
    assert [one.path for one in other.list_artifacts(run_id)] == [LOG], "pieces are no files of the run"

    write(log, "last line\n")
    store.set_status(run_id, RunStatus.COMPLETED)

    content = log.read_bytes()
    assert other.artifacts.read(run_id, LOG) == content
    assert size_of(other, run_id) == len(content)
    plain = MlflowClient(server.uri)
    assert [one.file_size for one in plain.list_artifacts(run_id, "logs")] == [len(content)]
    assert plain.list_artifacts(run_id, f"aml_widgets/logs/{LOG}") == []
    store.close()
    other.close()


def test_only_what_is_new_is_sent(server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MlflowStore(server.uri, tmp_path / "home")
    run_id = new_run(store).run_id
    file = tmp_path / "log.txt"
    file.write_bytes(b"x" * (3 * PIECE_BYTES + 5))
    pieces = store._files._pieces
    place = store._find_place(run_id)
    assert pieces.send(place, LOG, file, 0) == 3 * PIECE_BYTES + 5
    sent: list[int] = []

    def upload(connection: Connection, place: str, path: str, content: bytes) -> None:
        sent.append(len(content))
        sending.upload(connection, place, path, content)

    monkeypatch.setattr(log_pieces, "upload", upload)

    write(file, "more")
    assert pieces.send(place, LOG, file, 3 * PIECE_BYTES + 5) == 3 * PIECE_BYTES + 9

    assert sent == [9], "the piece that is not full yet"
    store.close()


def test_whoever_ends_a_run_waits_for_the_log_that_is_on_its_way(tmp_path: Path) -> None:
    begun, may_end, ended, stopped = (threading.Event() for _ in range(4))
    file = tmp_path / "log.txt"
    write(file, "some text")

    def send(run_id: str, place: str, path: str, file: Path, sent_bytes: int) -> int:
        begun.set()
        assert may_end.wait(60)
        ended.set()
        return file.stat().st_size

    def stop() -> None:
        sender.stop("run")
        assert ended.is_set()
        stopped.set()

    sender = LogSender(lambda run_id: "place", send)
    sender.follow("run", LOG, file)
    assert begun.wait(60)
    stopping = threading.Thread(target=stop)
    stopping.start()
    wait_for(lambda: not sender._logs)
    assert not stopped.is_set(), "an older text of the log may still come after the last one"
    may_end.set()
    stopping.join()

    assert stopped.is_set()
    sender.close()


def test_a_log_that_is_refused_keeps_no_other_back_and_one_of_a_run_that_is_gone_is_dropped(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("gone", "refused", "good")}
    sent: list[str] = []

    def find_place(run_id: str) -> str:
        if run_id == "gone":
            raise RunNotFound("no such run")
        return "place"

    def send(run_id: str, place: str, path: str, file: Path, sent_bytes: int) -> int:
        if run_id == "refused":
            raise StoreReadOnly("no token")
        sent.append(file.read_text()[sent_bytes:])
        return file.stat().st_size

    sender = LogSender(find_place, send)
    for name, file in files.items():
        write(file, "one")
        sender.follow(name, LOG, file)
    wait_for(lambda: len(sent) == 1 and sender._thread.trouble is not None)
    write(files["good"], "two")
    wait_for(lambda: len(sent) == 2)

    assert sent == ["one", "two"]
    assert {run_id for run_id, _ in sender._logs} == {"refused", "good"}
    sender.close()


def test_a_reader_goes_on_when_a_log_becomes_one_file(
    server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = MlflowStore(server.uri, tmp_path / "home"), MlflowStore(server.uri, tmp_path / "elsewhere")
    run_id = new_run(store).run_id
    log = store.artifacts.append_path(run_id, LOG)
    write(log, "." * (2 * PIECE_BYTES + 5))
    wait_for(lambda: other.artifacts.size(run_id, LOG) == log.stat().st_size)
    content = log.read_bytes()
    assert other.artifacts.read(run_id, LOG) == content
    pieces = other._files._pieces
    read = pieces.read

    def read_too_late(place: str, path: str, start: int, end: int) -> bytes:
        if not store.get_run(run_id).status.is_terminal:
            store.set_status(run_id, RunStatus.COMPLETED)
        return read(place, path, start, end)

    monkeypatch.setattr(pieces, "read", read_too_late)

    assert other.artifacts.read(run_id, LOG, start=PIECE_BYTES + 1) == content[PIECE_BYTES + 1 :]
    other.artifacts.copy_to(run_id, LOG, tmp_path / "copy.txt")
    assert (tmp_path / "copy.txt").read_bytes() == content
    store.close()
    other.close()


def test_a_piece_that_somebody_deleted_is_told(server: TrackingServer, tmp_path: Path) -> None:
    store, other = MlflowStore(server.uri, tmp_path / "home"), MlflowStore(server.uri, tmp_path / "elsewhere")
    run_id = new_run(store).run_id
    log = store.artifacts.append_path(run_id, LOG)
    write(log, "." * (2 * PIECE_BYTES + 5))
    wait_for(lambda: other.artifacts.size(run_id, LOG) == log.stat().st_size)
    other._connection.files_of(other._find_place(run_id)).delete_artifacts(f"aml_widgets/logs/{LOG}/000001")

    with pytest.raises(ArtifactNotFound, match="A piece of log"):
        other.artifacts.read(run_id, LOG)
    store.close()
    other.close()
