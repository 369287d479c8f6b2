"""Paths of runs' files: any name is only a name, and none leads out of the run's folder."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    ArtifactExists,
    ArtifactNotFound,
    InvalidArtifact,
    InvalidName,
)
from aml_widgets.store.artifacts import FolderArtifactStore, normalize_artifact_path
from tests.contract.artifact_files import names_in, put

HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>.txt",
    "; rm -rf ~",
    "$(touch pwned)",
    "a\nb\tc",
    "-rf",
    "~",
    "...",
    "..a",
    "a..",
    "größe 🚀.csv",
    "e\u0301",
    "\u202etxt.exe",
    "%2e%2e%2fetc",
    "C:",
    "nul",
    ".hidden",
    " blank ",
    "x" * 255,
    "🚀" * 63,
    "outputs/" + "deep/" * 50 + "file",
)

BAD_PATHS = (
    "",
    ".",
    "./",
    "/",
    "/etc/passwd",
    "..",
    "../a",
    "a/..",
    "a/../b",
    "./../a",
    "a/",
    "a/.",
    "nul\0inside",
    "..\\a",
    "a\\b",
    "C:\\a",
    "\ud800",
    "x" * 256,
    "🚀" * 64,
    "a/" + "x" * 256 + "/b",
)


@pytest.mark.parametrize("path", HOSTILE_NAMES, ids=lambda path: ascii(path)[:40])
def test_odd_names_are_only_names(files: FolderArtifactStore, tmp_path: Path, path: str) -> None:
    before = names_in(tmp_path)

    put(files, path, path.encode())

    assert files.read("run1", path) == path.encode()
    assert names_in(tmp_path) == sorted([*before, f"runs/run1/{path}"])


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: ascii(path)[:40])
def test_a_path_that_could_leave_the_run_is_refused(files: FolderArtifactStore, tmp_path: Path, path: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: put(files, path),
        lambda: files.append_path("run1", path),
        lambda: files.size("run1", path),
        lambda: files.read("run1", path),
        lambda: files.copy_to("run1", path, tmp_path / "target"),
    ]

    for call in calls:
        with pytest.raises(InvalidArtifact) as caught:
            call()
        assert caught.value.value == path
        assert len(str(caught.value)) < 500
        str(caught.value).encode()  # prints anywhere

    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    ("path", "normal"), [("./a", "a"), ("././a", "a"), ("a//b", "a/b"), ("a/./b", "a/b"), (".a", ".a"), ("a b", "a b")]
)
def test_a_path_has_one_spelling(path: str, normal: str) -> None:
    assert normalize_artifact_path(path) == normal


def test_a_path_longer_than_the_file_system_takes_is_refused(files: FolderArtifactStore) -> None:
    with pytest.raises(InvalidArtifact, match="longer"):
        put(files, "deep/" * 2_000 + "file")


@pytest.mark.parametrize("run_id", ["", ".", "..", "a/b", "/", "a\\b", "a\0", "-a", "run1\n"], ids=ascii)
def test_a_run_id_that_could_leave_the_root_is_refused(files: FolderArtifactStore, tmp_path: Path, run_id: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: files.put(run_id, "a", io.BytesIO(b"x")),
        lambda: files.append_path(run_id, "a"),
        lambda: files.size(run_id, "a"),
        lambda: files.read(run_id, "a"),
        lambda: files.copy_to(run_id, "a", tmp_path / "target"),
    ]

    for call in calls:
        with pytest.raises(InvalidName):
            call()

    assert names_in(tmp_path) == []


def test_no_link_leads_out_of_the_run(files: FolderArtifactStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "folder").mkdir()
    put(files, "inside", b"inside")
    folder = files.root / "run1"
    (folder / "file").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to(tmp_path / "folder" / "new")
    (folder / "good").symlink_to("inside")

    for path in ("file", "folder/secret", "loop", "dangling"):
        assert files.size("run1", path) is None
        with pytest.raises(ArtifactNotFound):
            files.read("run1", path)
        with pytest.raises(ArtifactNotFound):
            files.copy_to("run1", path, tmp_path / "target")
    for path in ("folder/new", "folder/folder/new"):
        with pytest.raises(InvalidArtifact):
            put(files, path)
        with pytest.raises(InvalidArtifact):
            files.append_path("run1", path)
    for path in ("file", "dangling", "loop"):
        with pytest.raises(ArtifactExists):
            put(files, path, b"secret")
        with pytest.raises(ArtifactExists):
            files.append_path("run1", path)
    assert files.read("run1", "good") == b"inside"
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert names_in(tmp_path / "folder") == []


def test_the_root_and_the_runs_folder_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "disk" / "big").mkdir(parents=True)
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "run1").symlink_to("big")
    files = FolderArtifactStore(tmp_path / "runs")

    put(files, "a/b", b"content")

    assert files.read("run1", "a/b") == b"content"
    assert (tmp_path / "disk" / "big" / "a" / "b").read_bytes() == b"content"
