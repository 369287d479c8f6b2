"""Registered models: older databases, many processes at once, and processes that are killed midway."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.core.errors import InvalidArtifact, StoreCorrupt, StoreIsNewer, StoreUnavailable
from aml_widgets.core.records import ModelFile, ModelQuery, NewModel
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite import schema
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore
from aml_widgets.testing.facts_models import contents_of, register
from aml_widgets.testing.support import wait_until

from .conftest import bring_back, start_run

REGISTERING = """
import sys
from pathlib import Path
from aml_widgets.core.records import ModelFile, NewModel
from aml_widgets.store.sqlite.store import SqliteRunStore
folder, name, source, count = sys.argv[1:]
store = SqliteRunStore.open(Path(folder))
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(count)):
    own = Path(source + str(i))
    own.write_text(own.name)
    files = [ModelFile(path="net/own", source=own)]
    print(store.models.create_model(NewModel(name=name, path="net"), files).version, own.name, flush=True)
"""

COPYING = """
import sys
from pathlib import Path
from aml_widgets.core.records import ModelFile, NewModel
from aml_widgets.store.sqlite.store import SqliteRunStore
store = SqliteRunStore.open(Path(sys.argv[1]))
store.models.create_model(NewModel(name="ridge", path="m"), [ModelFile(path="m", source=Path(sys.argv[2]))])
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", REGISTERING, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def incoming(folder: Path) -> list[Path]:
    place = folder / "models" / ".incoming"
    return sorted(place.iterdir()) if place.exists() else []


def version_of(folder: Path) -> int:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    (version,) = connection.execute("pragma user_version").fetchone()
    connection.close()
    return int(version)


# -- the schema


def test_a_database_from_before_models_is_brought_forward(folder: Path, tmp_path: Path) -> None:
    old = SqliteRunStore.open(folder)
    run = start_run(old)
    old.log_metric(run.run_id, "loss", 0.5)
    old.set_status(run.run_id, RunStatus.COMPLETED)
    old.close()
    bring_back(folder, 1)
    assert version_of(folder) == 1

    store = SqliteRunStore.open(folder)
    record = register(store, tmp_path)

    assert version_of(folder) == schema.VERSION >= 2
    assert store.models.list_models(ModelQuery()) == [record]
    assert list(store.read_history(run.run_id, "loss").values) == [0.5]
    assert store.get_run(run.run_id).status == RunStatus.COMPLETED
    store.close()


def test_a_database_of_a_newer_program_is_refused(store: SqliteRunStore, folder: Path) -> None:
    store.close()
    connection = sqlite3.connect(folder / DATABASE_NAME)
    connection.execute(f"pragma user_version = {schema.VERSION + 1}")
    connection.commit()
    connection.close()

    with pytest.raises(StoreIsNewer, match="Upgrade"):
        SqliteRunStore.open(folder)

    assert version_of(folder) == schema.VERSION + 1


# -- many at once


def test_processes_that_register_at_once_get_versions_of_their_own(
    store: SqliteRunStore, folder: Path, tmp_path: Path
) -> None:
    n_processes, count = 4, 8
    processes = [start(folder, "ridge", tmp_path / f"{i}-", count) for i in range(n_processes)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate()[0].splitlines() for process in processes]

    given = dict(line.split() for lines in printed for line in lines)
    assert [process.returncode for process in processes] == [0] * n_processes
    assert sorted(map(int, given)) == list(range(1, n_processes * count + 1))
    assert len(store.models.list_models(ModelQuery(name="ridge"))) == n_processes * count
    for version, own in given.items():
        assert contents_of(store, store.models.get_model("ridge", int(version))) == {"net/own": own.encode()}
    assert incoming(folder) == []


def test_a_process_that_is_killed_while_copying_leaves_no_model(
    store: SqliteRunStore, folder: Path, tmp_path: Path
) -> None:
    first = register(store, tmp_path)
    source = tmp_path / "large"
    with source.open("wb") as stream:
        stream.truncate(8 * 2**30)  # takes no room, and seconds to copy
    process = subprocess.Popen([sys.executable, "-c", COPYING, str(folder), str(source)])

    wait_until(lambda: any((one / "m").exists() and (one / "m").stat().st_size for one in incoming(folder)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    listed = store.models.list_models(ModelQuery())
    left = incoming(folder)
    second = register(store, tmp_path)
    still_left = incoming(folder)
    for path in (left[0], *left[0].iterdir()):
        os.utime(path, (0, 0))
    register(store, tmp_path)

    assert listed == [first]
    assert second.version == 2
    assert len(left) == 1
    assert still_left == left  # it might belong to a process that is alive
    assert incoming(folder) == []


# -- what goes wrong


def test_a_full_disk_leaves_no_model_and_no_file(store: SqliteRunStore, folder: Path, tmp_path: Path) -> None:
    register(store, tmp_path)
    large = tmp_path / "large"
    with large.open("wb") as stream:
        stream.truncate(64 * 2**20)
    limit = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8 * 2**20, 8 * 2**20))"  # as a disk that is full
    )

    process = subprocess.run(
        [sys.executable, "-c", limit + COPYING, folder, large], capture_output=True, text=True, check=False
    )

    assert "StoreFull" in process.stderr
    assert "Free some space" in process.stderr
    assert incoming(folder) == []
    assert register(store, tmp_path).version == 2


@pytest.mark.parametrize("when", ["reserving", "writing"])
def test_a_store_that_fails_leaves_no_model_and_no_file(
    store: SqliteRunStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def fail(*_: object) -> None:
        raise StoreUnavailable("The store is away.")

    with monkeypatch.context() as away:
        away.setattr(store.models._rows, "reserve_version" if when == "reserving" else "insert", fail)
        with pytest.raises(StoreUnavailable, match="away"):
            register(store, tmp_path)

    assert store.models.list_models(ModelQuery()) == []
    assert [path for path in (folder / "models").rglob("*") if path.is_file()] == []
    register(store, tmp_path)


def test_an_interrupt_after_the_record_is_written_leaves_the_model_whole(
    store: SqliteRunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = store.models._rows
    insert = rows.insert

    def insert_and_stop(*arguments: object) -> None:
        insert(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as stopping:
        stopping.setattr(rows, "insert", insert_and_stop)
        with pytest.raises(KeyboardInterrupt):
            register(store, tmp_path)

    (record,) = store.models.list_models(ModelQuery())
    assert contents_of(store, record) == {"model.pkl": b"weights"}


def test_names_that_share_a_folder_keep_their_files_apart(store: SqliteRunStore, tmp_path: Path) -> None:
    names = ("a", "a.", "con", "con_", "x" * 255, "x" * 254)

    records = [register(store, tmp_path, name, {"m": name.encode()}) for name in names]

    assert [record.version for record in records] == [1] * len(names)
    for record in records:
        assert contents_of(store, record) == {"m": record.name.encode()}
    store.models.delete_model("a", 1)
    assert contents_of(store, records[1]) == {"m": b"a."}


def test_equal_files_of_versions_share_their_bytes(store: SqliteRunStore, tmp_path: Path) -> None:
    one = register(store, tmp_path, contents={"net/same": b"1" * 5_000, "net/other": b"1", "net/gone": b""})
    two = register(store, tmp_path, contents={"net/same": b"1" * 5_000, "net/other": b"2", "net/new": b""})
    places = [store.models.local_path("ridge", record.version) for record in (one, two)]
    same = [place / "same" for place in places]

    shared = same[0].stat().st_ino == same[1].stat().st_ino
    store.models.delete_model("ridge", 1)

    assert shared
    assert contents_of(store, two) == {"net/same": b"1" * 5_000, "net/other": b"2", "net/new": b""}
    assert same[1].stat().st_mode & 0o222 == 0


def test_where_there_are_no_hard_links_equal_files_are_copies(
    store: SqliteRunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    register(store, tmp_path)
    monkeypatch.setattr(os, "link", refuse)

    record = register(store, tmp_path)

    assert contents_of(store, record) == {"model.pkl": b"weights"}
    assert store.models.local_path("ridge", 2).stat().st_nlink == 1


@pytest.mark.parametrize("damage", ["missing", "cut", "link"])
def test_a_model_that_somebody_damaged_is_not_given(store: SqliteRunStore, tmp_path: Path, damage: str) -> None:
    register(store, tmp_path)
    place = store.models.local_path("ridge", 1)
    secret = tmp_path / "secret"
    secret.write_bytes(b"1234567")
    place.unlink()
    if damage == "cut":
        place.write_bytes(b"wei")
    elif damage == "link":
        place.symlink_to(secret)

    with pytest.raises(StoreCorrupt, match="register the model anew"):
        store.models.copy_to("ridge", 1, tmp_path / "copy")

    assert not (tmp_path / "copy").exists()
    store.models.delete_model("ridge", 1)
    assert secret.read_bytes() == b"1234567"


def test_a_path_that_is_too_long_is_told(store: SqliteRunStore, folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "m"
    source.write_bytes(b"x")
    path = "m/" + "/".join("x" * 200 for _ in range(25))

    with pytest.raises(InvalidArtifact, match="longer than the file system takes"):
        store.models.create_model(NewModel(name="a", path="m"), [ModelFile(path=path, source=source)])

    assert incoming(folder) == []


def test_no_pipe_is_waited_for(store: SqliteRunStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(InvalidArtifact, match="no plain file"):
        store.models.create_model(NewModel(name="a", path="m"), [ModelFile(path="m", source=tmp_path / "pipe")])


def test_a_folder_of_models_is_the_stores_own(store: SqliteRunStore, tmp_path: Path) -> None:
    register(store, tmp_path)
    place = store.models.local_path("ridge", 1)

    assert any(place.is_relative_to(own) for own in store.own_paths)
