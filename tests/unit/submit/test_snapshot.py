from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from aml_widgets.core.errors import SnapshotError, SnapshotNotFound, StoreError
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.submit import snapshot as module
from aml_widgets.submit.snapshot import find_snapshot, list_files, take_snapshot
from aml_widgets.submit.snapshot_reading import read_member, read_member_pieces
from aml_widgets.submit.source_files import Limits, SnapshotTooLarge, Source
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.working_folder import prepare_working_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for path in (
        "train.py",
        "deep/model.py",
        "data/a.csv",
        ".git/config",
        "__pycache__/x.pyc",
        ".ipynb_checkpoints/n.ipynb",
    ):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return folder


def names(target: Path, snapshot_id: str) -> list[str]:
    return zipfile.ZipFile(find_snapshot(target, snapshot_id)).namelist()


def test_a_folder_becomes_a_zip_without_caches(source: Path, tmp_path: Path) -> None:
    snapshot_id = take_snapshot(source, tmp_path / "target")

    assert names(tmp_path / "target", snapshot_id) == ["data/a.csv", "deep/model.py", "train.py"]
    with zipfile.ZipFile(find_snapshot(tmp_path / "target", snapshot_id)) as archive:
        assert archive.read("deep/model.py") == b"deep/model.py"
    assert [file.name for file in (tmp_path / "target").iterdir()] == [f"{snapshot_id}.zip"]


def test_a_file_becomes_a_zip(source: Path, tmp_path: Path) -> None:
    assert names(tmp_path, take_snapshot(source / "train.py", tmp_path)) == ["train.py"]


def test_equal_sources_are_kept_once_and_are_equal_byte_by_byte(source: Path, tmp_path: Path) -> None:
    first = take_snapshot(source, tmp_path / "a")
    os.utime(source / "train.py", (1, 1))
    again = take_snapshot(source, tmp_path / "a")
    other = take_snapshot(source, tmp_path / "b")
    (source / "train.py").write_text("changed")
    changed = take_snapshot(source, tmp_path / "a")

    assert first == again == other != changed
    assert find_snapshot(tmp_path / "a", first).read_bytes() == find_snapshot(tmp_path / "b", first).read_bytes()
    assert len(list((tmp_path / "a").iterdir())) == 2


def test_amlignore_wins_over_gitignore(source: Path, tmp_path: Path) -> None:
    (source / ".gitignore").write_text("*.py\n")
    with_git = names(tmp_path, take_snapshot(source, tmp_path))
    (source / ".amlignore").write_text("data/\n/.*ignore\n!.gitignore\n")
    with_aml = names(tmp_path, take_snapshot(source, tmp_path))

    assert with_git == [".gitignore", "data/a.csv"]
    assert with_aml == [".gitignore", "deep/model.py", "train.py"]


def test_only_the_roots_ignore_file_counts(source: Path, tmp_path: Path) -> None:
    (source / "deep" / ".gitignore").write_text("*\n")

    assert "deep/model.py" in names(tmp_path, take_snapshot(source, tmp_path))


def test_links_are_not_followed(source: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("x")
    (source / "folder").symlink_to(tmp_path / "secret")
    (source / "file").symlink_to(tmp_path / "secret" / "key")
    (source / "loop").symlink_to(source)

    assert names(tmp_path, take_snapshot(source, tmp_path)) == ["data/a.csv", "deep/model.py", "train.py"]


def test_folders_can_be_left_out(source: Path) -> None:
    target = source / "runs" / "snapshots"

    snapshot_id = take_snapshot(source, target, left_out=[source / "data"])

    assert names(target, snapshot_id) == ["deep/model.py", "train.py"]
    assert take_snapshot(source, target, left_out=[source / "data"]) == snapshot_id


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_files=2), "more than 2 files"),
        (Limits(max_bytes=10), "MB"),
        (Limits(max_entries=3), "more than 3 entries"),
        (Limits(max_walk_seconds=-1), "looked through"),
    ],
)
def test_a_folder_over_a_limit_is_refused(source: Path, tmp_path: Path, limits: Limits, message: str) -> None:
    with pytest.raises(SnapshotTooLarge, match=rf"{message}.*amlignore"):
        take_snapshot(source, tmp_path / "target", limits=limits)

    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(
    ("limits", "ways"),
    [
        (Limits(max_files=2, files_variable="FILES", bytes_variable="BYTES"), "with the environment variable FILES."),
        (Limits(max_bytes=10, files_variable="FILES", bytes_variable="BYTES"), "with the environment variable BYTES."),
        (
            Limits(max_entries=3, files_variable="FILES", bytes_variable="BYTES"),
            ".amlignore, or choose another folder.",
        ),
    ],
)
def test_what_raises_a_limit_is_named_for_the_one_that_is_passed(
    source: Path, tmp_path: Path, limits: Limits, ways: str
) -> None:
    with pytest.raises(SnapshotTooLarge) as raised:
        take_snapshot(source, tmp_path, limits=limits, ways_out=("choose another folder",))

    assert raised.value.message.endswith(ways)
    assert not ("FILES" in raised.value.message and "BYTES" in raised.value.message)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know names in Unicode only")
def test_a_name_that_is_not_utf8_is_refused_before_anything_is_copied(source: Path, tmp_path: Path) -> None:
    for name in ("caf\udce9.txt", "caf\udce8.txt"):
        (source / name).write_text(ascii(name))

    with pytest.raises(SnapshotError, match=r"'caf\\xe[89].txt', 'caf\\xe[89].txt' is not UTF-8.*Rename.*\.amlignore"):
        take_snapshot(source, tmp_path / "target")

    assert not (tmp_path / "target").exists()
    (source / ".amlignore").write_bytes(b"/.amlignore\n/caf\xe9.txt\ncaf?.txt\n")
    assert names(tmp_path, take_snapshot(source, tmp_path)) == ["data/a.csv", "deep/model.py", "train.py"]
    (source / ".amlignore").write_bytes(b"/.amlignore\n/caf\xe9.txt\n")
    with pytest.raises(SnapshotError, match=r"The name of 'caf\\xe8.txt' is not UTF-8"):
        take_snapshot(source, tmp_path)


def test_looking_stops_at_the_limit(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(100):
        (source / f"folder{number}").mkdir()
    opened: list[object] = []
    real = os.scandir

    def count(path: Path) -> object:
        opened.append(path)
        return real(path)

    monkeypatch.setattr(os, "scandir", count)

    with pytest.raises(SnapshotTooLarge):
        take_snapshot(source, tmp_path / "target", limits=Limits(max_entries=50))

    assert len(opened) < 50


def test_limits_can_be_lifted(source: Path, tmp_path: Path) -> None:
    assert take_snapshot(source, tmp_path, limits=Limits(max_files=None, max_bytes=None))


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="cannot be copied"):
        take_snapshot(tmp_path / "absent", tmp_path)
    with pytest.raises(SnapshotError, match="neither"):
        take_snapshot(Path(os.devnull), tmp_path)


def test_a_target_that_cannot_be_written_is_the_stores_trouble(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError):
        take_snapshot(source, tmp_path / "file" / "target")


def test_a_file_that_changes_while_it_is_copied_is_known_by_what_was_copied(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._identify
    seen: list[str] = []

    def change(hashed: object) -> str:
        seen.append(real(hashed))  # type: ignore[arg-type]
        (source / "train.py").write_text("chang.py")
        return seen[-1]

    monkeypatch.setattr(module, "_identify", change)
    snapshot_id = take_snapshot(source, tmp_path / "target")

    assert snapshot_id == seen[1] != seen[0]
    assert zipfile.ZipFile(tmp_path / "target" / f"{snapshot_id}.zip").read("train.py") == b"chang.py"


@pytest.mark.parametrize("snapshot_id", ["absent", "../x", "", "a/b", "ä"])
def test_an_unknown_snapshot_is_told(tmp_path: Path, snapshot_id: str) -> None:
    with pytest.raises(SnapshotNotFound):
        find_snapshot(tmp_path, snapshot_id)


@pytest.mark.parametrize("line", ["!", "\\", "[z-a]"])
def test_a_line_that_is_no_rule_is_passed_over(source: Path, tmp_path: Path, line: str) -> None:
    (source / ".gitignore").write_text(f"{line}\ndata/\n")

    snapshot_id = take_snapshot(source, tmp_path / "target")

    assert names(tmp_path / "target", snapshot_id) == [".gitignore", "deep/model.py", "train.py"]


def test_files_that_are_left_out_are_named_by_path(source: Path, tmp_path: Path) -> None:
    (source / "link").symlink_to(source)

    snapshot_id = take_snapshot(source, tmp_path / "target", left_out=[source / "link/data/a.csv", source / "deep"])

    assert names(tmp_path / "target", snapshot_id) == ["train.py"]


def break_name(whole: bytes) -> bytes:
    return whole.replace("tä.py".encode(), b"t\xff\xa4.py", 1)  # in front of the file, not in the directory at the end


def break_packing(whole: bytes) -> bytes:
    place = whole.index(b"PK\x01\x02") + 10
    return whole[:place] + b"\x63" + whole[place + 1 :]


def mark_as_encrypted(whole: bytes) -> bytes:
    place = whole.index(b"PK\x01\x02") + 8
    return whole[:place] + bytes([whole[place] | 1]) + whole[place + 1 :]


def break_content(whole: bytes) -> bytes:
    place = whole.index(b".py") + 3
    return whole[:place] + b"\xff" * 8 + whole[place + 8 :]


@pytest.mark.parametrize(
    "damage", [break_name, break_packing, mark_as_encrypted, break_content, lambda whole: whole[:-30], lambda _: b""]
)
def test_sources_that_are_damaged_are_told_when_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    store = SqliteRunStore.open(tmp_path / "workspace")
    source = tmp_path / "one"
    source.mkdir()
    (source / "tä.py").write_text("print('here')\n" * 50)
    snapshot_id = take_snapshot(source, store.snapshots)
    archive = find_snapshot(store.snapshots, snapshot_id)
    whole = archive.read_bytes()
    submission = Submission(run_id="damaged", store_location=str(store.folder), snapshot_id=snapshot_id)
    folder = RunFolder.of("damaged")
    assert prepare_working_folder(store, submission, folder) == 1
    assert (folder.working_folder / "tä.py").is_file()
    archive.write_bytes(damage(whole))
    assert archive.read_bytes() != whole

    with pytest.raises(SnapshotError, match=r"is damaged \(.*\)\. Submit the script again"):
        prepare_working_folder(store, submission, folder)
    store.close()


@pytest.mark.parametrize(
    "damage", [break_name, break_packing, mark_as_encrypted, break_content, lambda whole: whole[:-30], lambda _: b""]
)
def test_a_damaged_snapshot_is_told_when_it_is_read(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    source = tmp_path / "tä.py"
    source.write_text("print('here')\n" * 50)
    archive = find_snapshot(tmp_path, take_snapshot(source, tmp_path))
    assert read_member(archive, "tä.py") == source.read_bytes()
    archive.write_bytes(damage(archive.read_bytes()))

    with pytest.raises(SnapshotError, match=r"is damaged \(.*\)\. Take it again"):
        read_member(archive, "tä.py")
    with pytest.raises(SnapshotError, match="is damaged"):
        list(read_member_pieces(archive, "tä.py"))


@pytest.mark.parametrize("damage", [lambda whole: b"", lambda whole: whole[:-30], lambda whole: b"\0" * len(whole)])
def test_a_damaged_snapshot_is_told_and_written_anew(
    source: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    snapshot_id = take_snapshot(source, tmp_path)
    archive = find_snapshot(tmp_path, snapshot_id)
    whole = archive.read_bytes()
    archive.write_bytes(damage(whole))

    with pytest.raises(SnapshotError, match=r"is damaged \(.*\)\. Take it again"):
        list_files(archive)
    assert take_snapshot(source, tmp_path) == snapshot_id
    assert archive.read_bytes() == whole
    assert list_files(archive) == {"data/a.csv", "deep/model.py", "train.py"}


def test_a_zip_of_something_else_is_written_anew(source: Path, tmp_path: Path) -> None:
    snapshot_id = take_snapshot(source, tmp_path)
    archive = find_snapshot(tmp_path, snapshot_id)
    whole = archive.read_bytes()
    with zipfile.ZipFile(archive, "w") as other:
        other.writestr("train.py", "")

    assert take_snapshot(source, tmp_path) == snapshot_id
    assert archive.read_bytes() == whole


def test_a_snapshot_that_cannot_be_read_is_the_stores_trouble(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        list_files(tmp_path / "absent.zip")


def test_a_snapshot_that_is_whole_is_not_written_again(source: Path, tmp_path: Path) -> None:
    archive = find_snapshot(tmp_path, take_snapshot(source, tmp_path))
    before = archive.stat()
    take_snapshot(source, tmp_path)

    assert (archive.stat().st_ino, archive.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def change_while_read(monkeypatch: pytest.MonkeyPatch, change: Callable[[int], None], name: str) -> None:
    """Have `change(n)` happen after the first part of the file was read for the n-th time."""
    real = module._read
    times = 0

    def read(one: Source) -> Iterator[bytes]:
        nonlocal times
        for number, chunk in enumerate(real(one)):
            if one.path == name and number == 0:
                change(times)
                times += 1
            yield chunk

    monkeypatch.setattr(module, "_CHUNK_BYTES", 1000)
    monkeypatch.setattr(module, "_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    monkeypatch.setattr(module, "_read", read)


def test_a_log_that_grows_while_it_is_read_is_taken_as_it_was(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = source / "train.log"
    log.write_bytes(b"a" * 5000)

    def grow(times: int) -> None:
        with log.open("ab") as writer:
            writer.write(b"b" * 10_000)

    change_while_read(monkeypatch, grow, "train.log")
    snapshot_id = take_snapshot(source, tmp_path / "target")

    with zipfile.ZipFile(find_snapshot(tmp_path / "target", snapshot_id)) as archive:
        assert archive.read("train.log") == b"a" * 5000 + b"b" * 10_000  # as long as when it was opened to be copied
    assert log.stat().st_size == 25_000


@pytest.mark.parametrize("after", [b"b" * 5000, b"b" * 3500, b""])
@pytest.mark.parametrize("when", [0, 1])  # while it is hashed, while it is copied
def test_a_file_that_is_rewritten_while_it_is_read_is_read_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bytes, when: int
) -> None:
    file = source / "weights.bin"
    file.write_bytes(b"a" * 5000)
    os.utime(file, (1, 1))

    def rewrite(times: int) -> None:
        if times == when:
            file.write_bytes(after)

    change_while_read(monkeypatch, rewrite, "weights.bin")
    snapshot_id = take_snapshot(source, tmp_path / "target")

    with zipfile.ZipFile(find_snapshot(tmp_path / "target", snapshot_id)) as archive:
        assert archive.read("weights.bin") == after
    assert [kept.name for kept in (tmp_path / "target").iterdir()] == [f"{snapshot_id}.zip"]


def test_a_file_that_is_rewritten_all_the_time_is_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = source / "weights.bin"
    file.write_bytes(b"a" * 5000)

    def rewrite(times: int) -> None:
        file.write_bytes(b"b" * 5000)
        os.utime(file, (times + 1, times + 1))

    change_while_read(monkeypatch, rewrite, "weights.bin")

    with pytest.raises(SnapshotError, match=r"weights.bin' was rewritten each time .*amlignore"):
        take_snapshot(source, tmp_path / "target")


def test_links_that_are_not_copied_are_told(source: Path, tmp_path: Path) -> None:
    told: list[Sequence[str]] = []
    take_snapshot(source, tmp_path / "target", tell_links=told.append)
    (source / ".amlignore").write_text("ignored\n")
    for name in ("link", "data/link", "ignored", ".git/link"):
        (source / name).symlink_to(source / "train.py")
    take_snapshot(source, tmp_path / "target", tell_links=told.append)

    assert told == [["data/link", "link"]]


def test_a_current_folder_that_was_deleted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    with pytest.raises(SnapshotError, match="cannot be"):
        take_snapshot(Path(), tmp_path / "target")
