from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.store import registry, uri
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("AML_WIDGETS_HOME", str(folder))

    return folder


def list_workspaces() -> list[Path]:
    return [folder for folder in registry.list_opened() if registry.is_workspace(folder)]


def test_a_workspace_outside_the_home_is_remembered_by_its_folder(tmp_path: Path) -> None:
    Workspace.open(tmp_path / "runs ü ' \"")
    Workspace.open(tmp_path / "another")
    Workspace.open(f"sqlite:///{tmp_path / 'another'}", create=False)

    assert list_workspaces() == [tmp_path / "another", tmp_path / "runs ü ' \""]


def test_what_another_process_opened_is_remembered_too(tmp_path: Path) -> None:
    program = "import sys; from aml_widgets import Workspace; Workspace.open(sys.argv[1])"

    subprocess.run([sys.executable, "-c", program, tmp_path / "theirs"], check=True)

    assert list_workspaces() == [tmp_path / "theirs"]


@pytest.mark.skipif(sys.platform != "linux", reason="Other systems have no such names")
def test_a_folder_whose_path_is_no_text_is_remembered(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe/runs"))

    Workspace.open(folder)

    assert list_workspaces() == [folder]


def test_the_home_lists_what_is_in_it_under_a_name_and_the_rest_is_remembered(home: Path) -> None:
    Workspace.create("team")
    Workspace.open(home / "no name")

    assert list_workspaces() == [home / "no name"]
    assert list(Workspace.list()) == ["team"]


def test_a_workspace_that_is_gone_is_not_listed_until_it_is_back(tmp_path: Path) -> None:
    Workspace.open(tmp_path / "moving")

    shutil.move(tmp_path / "moving", tmp_path / "elsewhere")

    assert list_workspaces() == []

    shutil.move(tmp_path / "elsewhere", tmp_path / "moving")

    assert list_workspaces() == [tmp_path / "moving"]


def test_a_folder_is_seen_to_once_a_process(tmp_path: Path, home: Path) -> None:
    workspace = Workspace.open(tmp_path / "runs")
    shutil.rmtree(home / ".opened")

    Workspace.open(tmp_path / "runs")

    assert workspace.location == str(tmp_path / "runs")
    assert list_workspaces() == []


def test_a_home_that_cannot_be_written_is_told_to_the_log_alone(
    tmp_path: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.write_text("a file where the folder should be")

    with caplog.at_level(logging.DEBUG, "aml_widgets"):
        workspace = Workspace.open(tmp_path / "runs")

    assert workspace.location == str(tmp_path / "runs")
    (told,) = [record for record in caplog.records if "is not remembered" in record.getMessage()]
    assert told.levelno == logging.DEBUG


def test_where_very_many_are_remembered_those_that_are_gone_are_forgotten(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_MAX_REMEMBERED", 3)
    for name in ("first", "second", "third"):
        Workspace.open(tmp_path / name)
    shutil.rmtree(tmp_path / "second")

    Workspace.open(tmp_path / "fourth")

    assert {entry.name for entry in (home / ".opened").iterdir()} == {
        uri.workspace_key(tmp_path / name) for name in ("first", "third", "fourth")
    }
    assert list_workspaces() == [tmp_path / "first", tmp_path / "fourth", tmp_path / "third"]


def test_what_is_no_entry_is_passed_over(tmp_path: Path, home: Path) -> None:
    Workspace.open(tmp_path / "runs")
    (home / ".opened" / "0000000000000000").write_bytes(b"no\0path")
    (home / ".opened" / "0000000000000001").mkdir()
    (home / ".opened" / "0000000000000002").write_text("")
    (home / ".opened" / "0000000000000003.17").write_text(str(tmp_path / "runs"))

    assert list_workspaces() == [tmp_path / "runs"]


def test_the_key_of_a_workspace_is_that_of_its_absolute_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    key = uri.workspace_key("runs")

    assert key == uri.workspace_key(tmp_path / "runs") == uri.workspace_key(f"sqlite:///{tmp_path / 'runs'}")
    assert key == hashlib.sha256(os.fsencode(tmp_path / "runs")).hexdigest()[:16]
    assert key != uri.workspace_key(tmp_path / "Runs")
