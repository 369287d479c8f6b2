from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from aml_widgets.core.errors import SnapshotError, SnapshotNotFound, StoreError
from aml_widgets.submit.snapshot import Limits, SnapshotTooLarge, find_snapshot, take_snapshot


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
    from aml_widgets.submit import snapshot as module

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
