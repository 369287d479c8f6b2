"""The user's side of compute targets."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

import aml_widgets
from aml_widgets.core.errors import TargetNotFound, UserError
from aml_widgets.tracking.compute import ComputeTarget, LocalTarget
from aml_widgets.tracking.workspace import Workspace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))


@pytest.fixture
def other(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "workspace")


def test_a_target_is_made_once_and_opened_anywhere(other: Workspace) -> None:
    made = LocalTarget.create("four", max_concurrent_runs=4)

    opened = ComputeTarget(other, "four")

    assert isinstance(opened, LocalTarget)
    assert opened == made
    assert hash(opened) == hash(made)
    assert (opened.name, opened.type, opened.max_concurrent_runs) == ("four", "Local", 4)
    assert opened.workspace is other


def test_a_notebook_may_make_it_again_with_another_number() -> None:
    made = LocalTarget.create("four")
    assert made.max_concurrent_runs == 4

    LocalTarget.create("four", max_concurrent_runs=2)
    assert made.max_concurrent_runs == 2

    made.update(max_concurrent_runs=6)
    assert LocalTarget(None, "four").max_concurrent_runs == 6


def test_an_unknown_one_raises(other: Workspace) -> None:
    with pytest.raises(TargetNotFound, match="'cpu-cluster'"):
        ComputeTarget(other, "cpu-cluster")


def test_the_workspace_is_one() -> None:
    LocalTarget.create("four")

    with pytest.raises(UserError, match="A compute target is asked for in a workspace"):
        ComputeTarget("four", "four")  # type: ignore[arg-type]


def test_they_are_listed_and_deleted(other: Workspace) -> None:
    for name in ("b", "a"):
        LocalTarget.create(name)

    assert [target.name for target in ComputeTarget.list(other)] == ["a", "b"]
    ComputeTarget(other, "a").delete()
    assert [target.name for target in ComputeTarget.list()] == ["b"]


def test_it_says_what_it_is_and_can_be_copied() -> None:
    made = LocalTarget.create("four")

    assert repr(made) == "LocalTarget(name='four')"
    assert copy.deepcopy(made) == made
    assert pickle.loads(pickle.dumps(made)) == made


def test_it_is_a_public_name() -> None:
    assert aml_widgets.ComputeTarget is ComputeTarget
    assert aml_widgets.LocalTarget is LocalTarget
