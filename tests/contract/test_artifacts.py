from __future__ import annotations

import errno
import io
import os
import threading
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    ArtifactExists,
    ArtifactNotFound,
    InvalidArtifact,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from aml_widgets.store.artifacts import COPY_CHUNK_BYTES, FolderArtifactStore
from tests.contract.artifact_files import names_in, put

# -- putting and reading


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)), b"long" * COPY_CHUNK_BYTES])
def test_what_was_put_can_be_read(files: FolderArtifactStore, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)

    assert files.put("run1", "from/stream", io.BytesIO(content)) == len(content)
    assert files.put("run1", "from/file", source) == len(content)

    for path in ("from/stream", "from/file"):
        assert files.size("run1", path) == len(content)
        assert files.read("run1", path) == content
    assert names_in(files.root) == ["run1/from/file", "run1/from/stream"]


def test_a_part_can_be_read(files: FolderArtifactStore) -> None:
    put(files, "a", b"0123456789")

    assert files.read("run1", "a", start=3) == b"3456789"
    assert files.read("run1", "a", start=3, max_bytes=2) == b"34"
    assert files.read("run1", "a", start=-3) == b"789"
    assert files.read("run1", "a", start=-3, max_bytes=2) == b"78"
    assert files.read("run1", "a", start=-100) == b"0123456789"
    assert files.read("run1", "a", start=100) == b""
    assert files.read("run1", "a", max_bytes=0) == b""


def test_the_same_file_again_is_accepted(files: FolderArtifactStore) -> None:
    put(files, "outputs/model", b"same")

    assert put(files, "./outputs//model", b"same") == 4
    assert names_in(files.root) == ["run1/outputs/model"]


@pytest.mark.parametrize("other", [b"", b"sam", b"samE", b"same!"])
def test_another_content_is_refused_and_the_first_stays(files: FolderArtifactStore, other: bytes) -> None:
    put(files, "a", b"same")

    with pytest.raises(ArtifactExists, match="'a'") as caught:
        put(files, "a", other)

    assert caught.value.value == "a"
    assert files.read("run1", "a") == b"same"
    assert names_in(files.root) == ["run1/a"]


def test_runs_do_not_share_files(files: FolderArtifactStore) -> None:
    files.put("run1", "a", io.BytesIO(b"1"))
    files.put("run2", "a", io.BytesIO(b"2"))

    assert (files.read("run1", "a"), files.read("run2", "a")) == (b"1", b"2")


def test_a_file_is_no_folder_and_a_folder_no_file(files: FolderArtifactStore) -> None:
    put(files, "a/b")

    with pytest.raises(ArtifactExists):
        put(files, "a")
    with pytest.raises(ArtifactExists):
        put(files, "a/b/c")
    assert files.size("run1", "a") is None
    assert files.size("run1", "a/b/c") is None
    assert names_in(files.root) == ["run1/a/b"]


def test_what_is_not_there_is_not_found(files: FolderArtifactStore, tmp_path: Path) -> None:
    assert files.size("run1", "a") is None
    with pytest.raises(ArtifactNotFound, match="'a'"):
        files.read("run1", "a")
    with pytest.raises(ArtifactNotFound, match="'a'"):
        files.copy_to("run1", "a", tmp_path / "target")
    assert not (tmp_path / "target").exists()
    assert not files.root.exists()


def test_a_copy_is_stored_never_a_link(files: FolderArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"first")
    link = tmp_path / "link"
    link.symlink_to(source)
    files.put("run1", "file", source)
    files.put("run1", "link", link)

    source.write_bytes(b"second")

    assert (files.read("run1", "file"), files.read("run1", "link")) == (b"first", b"first")
    assert not (files.root / "run1" / "link").is_symlink()


def test_a_file_that_is_being_written_is_taken_as_it_is(files: FolderArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with open(source, "wb") as writer:
        writer.write(b"flushed")
        writer.flush()
        writer.write(b" and not")

        assert files.put("run1", "a", source) == 7

    assert files.read("run1", "a") == b"flushed"


def test_a_file_that_never_stops_growing_has_an_end(
    files: FolderArtifactStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"at the start")
    measure = os.fstat

    def measure_and_grow(descriptor: int) -> os.stat_result:
        status = measure(descriptor)
        with open(source, "ab") as writer:
            writer.write(b" and more")
        return status

    monkeypatch.setattr(os, "fstat", measure_and_grow)

    assert files.put("run1", "a", source) == 12
    monkeypatch.undo()
    assert files.read("run1", "a") == b"at the start"


def test_many_writers_of_one_name_agree_on_one_content(files: FolderArtifactStore) -> None:
    outcomes: list[str] = []

    def write(content: bytes) -> None:
        try:
            put(files, "a/b", content)
            outcomes.append("stored")
        except ArtifactExists:
            outcomes.append("refused")

    threads = [threading.Thread(target=write, args=(bytes([i % 2]) * 100_000,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["refused"] * 8 + ["stored"] * 8
    assert files.read("run1", "a/b") in (b"\0" * 100_000, b"\1" * 100_000)
    assert names_in(files.root) == ["run1/a/b"]


@pytest.mark.parametrize("code", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_hard_links_does_too(
    files: FolderArtifactStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)

    assert put(files, "a", b"first") == 5
    assert put(files, "a", b"first") == 5
    with pytest.raises(ArtifactExists):
        put(files, "a", b"other")
    assert files.read("run1", "a") == b"first"
    assert names_in(files.root) == ["run1/a"]


# -- sources that cannot be stored


def test_a_source_that_is_no_file_is_refused(files: FolderArtifactStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    closed = io.BytesIO(b"x")
    closed.close()
    sources: dict[str, object] = {
        "does not exist": tmp_path / "nowhere",
        "is a folder": tmp_path,
        "no plain file": tmp_path / "pipe",
        "binary mode": io.StringIO("text"),
        "a str": "text",
        "a bytes": b"bytes",
        "closed file": closed,
    }

    for reason, source in sources.items():
        with pytest.raises(InvalidArtifact, match=reason):
            files.put("run1", "a", source)  # type: ignore[arg-type]  # what a user may give all the same

    assert names_in(files.root) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_source_that_may_not_be_read_is_refused(files: FolderArtifactStore, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    source.chmod(0)

    with pytest.raises(InvalidArtifact, match="cannot be read"):
        files.put("run1", "a", source)


# -- a disk that does not do its work


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EROFS, StoreReadOnly),
        (errno.EACCES, StoreReadOnly),
        (errno.EIO, StoreUnavailable),
        (errno.ESTALE, StoreUnavailable),
    ],
)
def test_what_the_disk_says_becomes_the_stores_error(
    files: FolderArtifactStore,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    error: type[Exception],
) -> None:
    put(files, "there")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code), "somewhere")

    monkeypatch.setattr("aml_widgets.store.artifacts._publish", fail)

    with pytest.raises(error, match="'new'") as caught:
        put(files, "new")

    assert isinstance(caught.value.__cause__, OSError)
    assert names_in(files.root) == ["run1/there"]


def test_a_full_disk_is_said_to_be_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    files = FolderArtifactStore(tmp_path)
    monkeypatch.setattr("aml_widgets.store.artifacts.open", lambda path, mode: open("/dev/full", "wb"), raising=False)  # noqa: SIM115 - the store closes it

    with pytest.raises(StoreFull, match="room"):
        put(files, "a", b"x" * 10_000_000)

    monkeypatch.undo()
    assert names_in(tmp_path) == []


# -- logs


def test_a_log_grows_behind_its_path(files: FolderArtifactStore) -> None:
    path = files.append_path("run1", "logs/user_log.txt")
    assert files.size("run1", "logs/user_log.txt") is None

    for line in (b"one\n", b"two\n"):
        with open(path, "ab") as log:
            log.write(line)

    assert files.size("run1", "logs/user_log.txt") == 8
    assert files.read("run1", "logs/user_log.txt", start=4) == b"two\n"
    assert files.append_path("run1", "./logs/user_log.txt") == path


# -- copying out


def test_a_file_is_copied_out_and_replaces_what_is_there(files: FolderArtifactStore, tmp_path: Path) -> None:
    put(files, "a", b"content")
    target = tmp_path / "new" / "folder" / "target"

    files.copy_to("run1", "a", target)
    target.write_bytes(b"something longer than that")
    files.copy_to("run1", "a", target)

    assert target.read_bytes() == b"content"
    assert names_in(tmp_path / "new") == ["folder/target"]


def test_copying_onto_itself_keeps_the_file(files: FolderArtifactStore) -> None:
    put(files, "a", b"content")

    files.copy_to("run1", "a", files.root / "run1" / "a")

    assert files.read("run1", "a") == b"content"


def test_copying_follows_a_link_at_the_target(files: FolderArtifactStore, tmp_path: Path) -> None:
    put(files, "a", b"content")
    (tmp_path / "link").symlink_to("real")

    files.copy_to("run1", "a", tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"content"


def test_a_folder_is_no_target(files: FolderArtifactStore, tmp_path: Path) -> None:
    put(files, "a")

    with pytest.raises(InvalidArtifact, match="folder"):
        files.copy_to("run1", "a", tmp_path)
