from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aml_widgets.core.errors import ConfigError, EnvironmentExists, EnvironmentNotFound, InvalidName, UserError
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.tracking.workspace import Workspace


@dataclass
class Place:
    """A workspace, as far as environments need one."""

    store: RunStore


@pytest.fixture(params=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(MemoryRunStore() if request.param == "memory" else SqliteRunStore.open(tmp_path / "runs", create=True))


def with_package(name: str, package: str, version: str | None = None) -> Environment:
    environment = Environment(name, version=version)
    environment.python.conda_dependencies.add_pip_package(package)
    return environment


def test_what_is_registered_is_got_back(place: Place) -> None:
    original = with_package("mine", "numpy")
    original.environment_variables["Größe"] = "5\n"

    registered = original.register(place)

    assert registered.version == "1"
    assert original.version is None
    assert Environment.get(place, "mine") == registered
    assert registered.clone("mine") == original


def test_versions_count_up_and_the_same_content_keeps_its_version(place: Place) -> None:
    versions = [with_package("mine", package).register(place).version for package in ("a", "b", "b", "a")]

    assert versions == ["1", "2", "2", "3"]
    assert Environment.get(place, "mine", "1") != Environment.get(place, "mine", version="2")
    assert Environment.get(place, "mine").version == "3"


def test_the_tenth_version_is_newer_than_the_ninth(place: Place) -> None:
    for count in range(10):
        with_package("mine", f"package-{count}").register(place)

    assert Environment.get(place, "mine").version == "10"


def test_a_version_of_ones_own_does_not_change(place: Place) -> None:
    with_package("mine", "a", "2024.1").register(place)
    with_package("mine", "a", "2024.1").register(place)

    with pytest.raises(EnvironmentExists, match="env.version = None"):
        with_package("mine", "b", "2024.1").register(place)
    assert Environment.get(place, "mine", "2024.1").python.conda_dependencies.pip_packages == ["a"]


def test_the_newest_of_each_name_is_listed(place: Place) -> None:
    for name, package in (("b", "x"), ("a", "x"), ("a", "y")):
        with_package(name, package).register(place)

    assert {name: one.version for name, one in Environment.list(place).items()} == {"a": "2", "b": "1"}


def test_a_workspace_knows_its_environments_also_when_it_is_opened_again(tmp_path: Path) -> None:
    registered = with_package("mine", "x").register(Workspace.open(tmp_path / "runs"))

    assert Workspace.open(tmp_path / "runs").environments == {"mine": registered}


def test_names_that_begin_alike_are_apart(place: Place) -> None:
    with_package("a", "x").register(place)
    with_package("a.b", "y").register(place)

    assert Environment.get(place, "a").python.conda_dependencies.pip_packages == ["x"]
    assert sorted(Environment.list(place)) == ["a", "a.b"]


def test_a_label_means_a_version_until_it_is_given_to_another(place: Place) -> None:
    for package in "abc":
        with_package("mine", package).register(place)

    Environment.label(place, "mine", "1", ["stable", "old"])
    Environment.label(place, "mine", "2", ["stable"])

    assert Environment.get(place, "mine", label="stable").version == "2"
    assert Environment.get(place, "mine", label="old").version == "1"
    assert Environment.get(place, "mine", label="latest").version == "3"
    with pytest.raises(EnvironmentNotFound, match="no label 'new'"):
        Environment.get(place, "mine", label="new")
    with pytest.raises(InvalidName, match="newest"):
        Environment.label(place, "mine", "1", ["latest"])
    with pytest.raises(UserError, match="not both"):
        Environment.get(place, "mine", "1", "stable")


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("other", None, "There is no environment 'other' in this workspace. It has mine"),
        ("AzureML-sklearn", None, "Curated environments"),
        ("mine", "7", "no version '7' in this workspace. Its versions are 1"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(place: Place, name: str, version: str | None, message: str) -> None:
    with_package("mine", "a").register(place)

    with pytest.raises(EnvironmentNotFound, match=message):
        Environment.get(place, name, version)


@pytest.mark.parametrize("name", ["my env", "a:b", "ä", "-a", "a" * 256, "a/b"])
def test_a_name_that_could_not_be_told_apart_is_not_registered(place: Place, name: str) -> None:
    with pytest.raises(InvalidName, match="letters, digits"):
        Environment(name).register(place)
    assert Environment.list(place) == {}


def test_what_is_no_workspace_is_named() -> None:
    with pytest.raises(UserError, match="must be a Workspace"):
        Environment("mine").register("my workspace")  # type: ignore[arg-type]  # the fault


REGISTER = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.submit.configuration.environment import Environment

folder, who = Path(sys.argv[1]), sys.argv[2]
place = SimpleNamespace(store=SqliteRunStore.open(folder))
(folder / f"ready-{who}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
for count in range(20):
    environment = Environment("shared")
    environment.python.conda_dependencies.add_pip_package(f"package-{who}-{count}")
    environment.register(place)
"""


def test_processes_that_register_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    place = Place(SqliteRunStore.open(folder, create=True))

    processes = [subprocess.Popen([sys.executable, "-c", REGISTER, str(folder), str(one)]) for one in range(3)]
    deadline = time.monotonic() + 60
    while len(list(folder.glob("ready-*"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    (folder / "go").touch()
    exit_codes = [process.wait(timeout=120) for process in processes]

    assert exit_codes == [0, 0, 0]
    kept = [Environment.get(place, "shared", str(version)) for version in range(1, 61)]
    assert len({one.python.conda_dependencies.pip_packages[0] for one in kept}) == 60


def test_a_wheel_is_kept_as_it_was(tmp_path: Path) -> None:
    wheel = tmp_path / "own-1.0-py3-none-any.whl"
    wheel.write_bytes(b"first")
    first = Environment.add_private_pip_wheel(None, wheel)
    wheel.write_bytes(b"second")

    second = Environment.add_private_pip_wheel(None, wheel, exist_ok=True)

    assert first != second
    assert Path(first.removeprefix("file://")).read_bytes() == b"first"
    assert Path(second.removeprefix("file://")).name == wheel.name
    assert Environment.add_private_pip_wheel(None, wheel) == second


@pytest.mark.parametrize("make", [lambda folder: folder / "missing.whl", lambda folder: folder / "own.zip"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    with pytest.raises(ConfigError, match="heel"):
        Environment.add_private_pip_wheel(None, make(tmp_path))
