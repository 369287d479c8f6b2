"""A run is found by its id, the beginning of one, or as the newest."""

from __future__ import annotations

import pytest

from aml_widgets.cli.find import find_run
from aml_widgets.core.errors import InvalidName, RunNotFound, UserError
from aml_widgets.core.records import NewRun
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.workspace import Workspace


def make(store: RunStore, run_id: str, parent_run_id: str | None = None) -> None:
    experiment = store.open_experiment("ridge")
    store.create_run(NewRun(experiment_id=experiment.experiment_id, run_id=run_id, parent_run_id=parent_run_id))


@pytest.fixture(autouse=True)
def runs(store: RunStore) -> None:
    for run_id in ("alpha", "alpha_1", "alpha_2", "beta_1"):
        make(store, run_id)
    make(store, "child_of_beta", parent_run_id="beta_1")


@pytest.mark.parametrize(
    ("text", "run_id"),
    [("alpha", "alpha"), ("alpha_1", "alpha_1"), ("b", "beta_1"), ("child", "child_of_beta"), ("@latest", "beta_1")],
)
def test_it_is_found(workspace: Workspace, text: str, run_id: str) -> None:
    assert find_run(workspace, text).run_id == run_id


def test_several_are_named_the_newest_first(workspace: Workspace, store: RunStore) -> None:
    for number in range(9):
        make(store, f"alpha_x{number}")

    with pytest.raises(UserError, match=r"12 runs .* 'al': alpha_x8, alpha_x7, .* and 7 more"):
        find_run(workspace, "al")


@pytest.mark.parametrize("text", ["gamma", "ALPHA", "a/../b", "\x1b[31m", "x" * 300, "%", "*"])
def test_none_says_where_it_was_looked_for(workspace: Workspace, text: str) -> None:
    with pytest.raises(RunNotFound, match="runs"):
        find_run(workspace, text)


@pytest.mark.parametrize(("text", "error"), [("", InvalidName), ("\udc80", InvalidName), ("@oldest", UserError)])
def test_what_cannot_be_an_id_is_refused(workspace: Workspace, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        find_run(workspace, text)
