from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib.metadata import version
from pathlib import Path

import pytest

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments import importable
from aml_widgets.submit.environments.importable import importable_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)


def ask(program: str, folder: Path) -> str:
    """Ask a Python that has no packages."""
    return subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=folder.parent,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_package_is_importable_and_nothing_else_is() -> None:
    folder = importable_folder()

    assert ask("import aml_widgets; print(aml_widgets.__version__)", folder) == version("aml-widgets")
    assert ask("from aml_widgets import Experiment, Run, Workspace; print(Run.__name__)", folder) == "Run"
    assert ask("import importlib.util as u; print(u.find_spec('psutil'), u.find_spec('pytest'))", folder) == "None None"


def test_it_is_made_once(home: Path) -> None:
    assert importable_folder() == importable_folder()
    assert len(list((home / ".importable").iterdir())) == 1


def test_many_make_it_at_once(home: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(importable_folder())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert list((home / ".importable").iterdir()) == [found[0]]


@pytest.mark.usefixtures("without_links")
def test_where_no_links_are_possible_it_is_a_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One that is made anew when the package changed."""
    package = tmp_path / "aml_widgets"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("answer = 42\n")
    monkeypatch.setattr(importable, "_PACKAGE", package)

    folder = importable_folder()
    assert importable_folder() == folder
    assert [path.name for path in (folder / "aml_widgets").iterdir()] == ["__init__.py"]
    assert ask("import aml_widgets; print(aml_widgets.answer)", folder) == "42"
    (package / "__init__.py").write_text("answer = 4300\n")

    assert ask("import aml_widgets; print(aml_widgets.answer)", importable_folder()) == "4300"


def test_a_failure_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    monkeypatch.setattr("shutil.copytree", refuse)

    with pytest.raises(OSError, match="No space left"):
        importable_folder()

    assert list((home / ".importable").iterdir()) == []


def test_this_python_runs_what_this_package_starts() -> None:
    assert importable.own_interpreter() == sys.executable


def test_an_interpreter_without_packages_has_the_one_that_submitted_it_run_things(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importable, "_NEEDED", ("no_such_package",))
    monkeypatch.setenv(importable.INTERPRETER_VARIABLE, sys.executable)
    assert importable.own_interpreter() == sys.executable

    monkeypatch.setenv(importable.INTERPRETER_VARIABLE, "/nowhere/python")
    with pytest.raises(RunEnvironmentError, match=r"no_such_package.*Add them"):
        importable.own_interpreter()
