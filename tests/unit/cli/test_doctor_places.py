"""What the doctor says of where runs lie: whether files can be made there, and advice that helps, or none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from aml_widgets.cli.checks import disks, places
from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.store.file_systems import Mount
from aml_widgets.tracking.workspace import Workspace

from .conftest import Examine
from .doctor_report import only

pytestmark = pytest.mark.usefixtures("jupyter")

ADVICE = "export AML_WIDGETS_HOME=~/runs"
DISK = Mount("/", "ext4", frozenset({"rw"}))
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has these file systems")


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own folder, on a disk that is like any other."""
    folder = tmp_path / "ada"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    monkeypatch.setattr(disks, "_is_temporary", lambda _: False)
    monkeypatch.setattr(disks, "find_mount", lambda _: DISK)
    return folder


@linux_only
@pytest.mark.parametrize("folder", ["/proc/nope", "/sys/nope/below"])
def test_a_home_that_can_never_be_made_is_a_problem(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", folder)

    document = examine()

    home = only(document, "workspace", "home")
    assert (home["level"], document["code"]) == ("problem", 1)
    assert f"the home of workspaces is {folder}" in home["text"]
    assert "AML_WIDGETS_HOME" in home["text"]
    assert only(document, "workspace", "file system")["level"] == "problem"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="a user who may write anywhere")
def test_a_home_below_a_folder_that_may_not_be_written_is_a_problem(
    examine: Examine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "closed" / "home"))

    assert "may not be written" in only(examine(), "workspace", "home")["text"]


# -- advice


@pytest.mark.usefixtures("user_home")
def test_a_better_place_is_advised_where_there_is_one() -> None:
    assert disks.advise_home() == ADVICE


@pytest.mark.usefixtures("user_home")
@pytest.mark.parametrize(
    "mount",
    [
        Mount("/", "ext4", frozenset({"ro"})),
        Mount("/", "nfs4", frozenset({"rw"})),
        Mount("/", "tmpfs", frozenset({"rw"})),
        Mount("/", "proc", frozenset({"rw"})),
    ],
)
def test_what_is_no_better_is_not_advised(monkeypatch: pytest.MonkeyPatch, mount: Mount) -> None:
    monkeypatch.setattr(disks, "find_mount", lambda _: mount)

    assert disks.advise_home() is None


def test_a_users_folder_that_is_temporary_is_not_advised(user_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "_is_temporary", lambda folder: Path(folder).is_relative_to(user_home))

    assert disks.advise_home() is None


def test_a_users_folder_that_is_a_file_is_not_advised(user_home: Path) -> None:
    (user_home / "runs").write_text("")

    assert disks.advise_home() is None


def file_system_of(location: str | None) -> Finding:
    found = {one.check: one for one in places.check(location, "aml-widgets", seconds=10)}
    return found["file system"]


def test_the_advice_is_given_where_it_moves_the_workspace(
    user_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is named by its place stays there, whatever the home is."""
    Workspace.open(tmp_path / "elsewhere").store.close()
    memory = Mount("/", "tmpfs", frozenset({"rw"}))
    monkeypatch.setattr(disks, "find_mount", lambda folder: DISK if Path(folder).is_relative_to(user_home) else memory)

    default, named = file_system_of(None), file_system_of(str(tmp_path / "elsewhere"))

    assert (default.level, default.command) == (Level.WARNING, ADVICE)
    assert (named.level, named.command) == (Level.WARNING, None)


def test_a_workspace_that_a_config_file_places_is_not_moved_by_another_home(
    project: Path, user_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(tmp_path / "elsewhere")
    workspace.write_config(path=str(project))
    workspace.store.close()
    memory = Mount("/", "tmpfs", frozenset({"rw"}))
    monkeypatch.setattr(disks, "find_mount", lambda folder: DISK if Path(folder).is_relative_to(user_home) else memory)

    named = file_system_of(None)

    assert (named.level, named.command) == (Level.WARNING, None)
