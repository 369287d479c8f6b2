"""A small program stands in for conda: what is tested is that it is asked, and that its answer is understood."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from aml_widgets.core.errors import ConfigError
from aml_widgets.submit.configuration.environment import Environment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the program that stands in for conda is a shell script")


def write_conda(folder: Path, answer: str, exit_code: int = 0) -> None:
    program = folder / "conda"
    (folder / "answer").write_text(answer)
    program.write_text(
        f'#!/bin/sh\n[ "$*" = "env list --json" ] || exit 9\ncat {folder}/answer\necho broken >&2\nexit {exit_code}\n'
    )
    program.chmod(0o755)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CONDA_EXE", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return tmp_path


def test_the_script_runs_in_that_environment_as_it_is(folder: Path) -> None:
    python = folder / "conda3" / "envs" / "science" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    write_conda(folder, json.dumps({"envs": [str(folder / "conda3"), str(folder / "conda3/envs/science")]}))

    environment = Environment.from_existing_conda_environment("mine", "science").resolve()

    assert environment.python.user_managed_dependencies is True
    assert environment.python.interpreter_path == str(python)
    assert environment.python.base_conda_environment == "science"
    with pytest.raises(ConfigError, match="knows base, science"):
        Environment.from_existing_conda_environment("mine", "sience")
    with pytest.raises(ConfigError, match="has no Python"):
        Environment.from_existing_conda_environment("mine", "base")


@pytest.mark.parametrize(
    ("answer", "exit_code", "reason"), [("no json", 0, "no list"), ("{}", 0, "no list"), ("", 3, "broken")]
)
def test_a_conda_that_fails_is_quoted(folder: Path, answer: str, exit_code: int, reason: str) -> None:
    write_conda(folder, answer, exit_code)

    with pytest.raises(ConfigError, match=reason):
        Environment.from_existing_conda_environment("mine", "science")


def test_without_conda_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CONDA_EXE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ConfigError, match="interpreter_path"):
        Environment.from_existing_conda_environment("mine", "science")
