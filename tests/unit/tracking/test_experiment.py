from __future__ import annotations

from collections.abc import Callable

import pytest

from aml_widgets.core.errors import Conflict, ExperimentInUse, InvalidName, UserError
from aml_widgets.core.records import ViewType
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace


@pytest.mark.parametrize("name", ["a", "1-b_c", "x" * 255, "aü"])
def test_an_experiment_is_created_once(workspace: Workspace, name: str) -> None:
    experiment = Experiment(workspace, name)

    assert Experiment(workspace, name) == experiment
    assert Experiment(workspace, name).id == experiment.id
    assert list(workspace.experiments) == [name]


@pytest.mark.parametrize("name", ["", "-a", "a b", "x" * 256, "a\n", None, 3, "a/b", "<b>"])
def test_another_name_is_refused(workspace: Workspace, name: object) -> None:
    with pytest.raises(InvalidName, match="1 to 255 characters"):
        Experiment(workspace, name)  # type: ignore[arg-type]


def test_an_archived_experiment_frees_its_name(workspace: Workspace, experiment: Experiment) -> None:
    experiment.archive()
    successor = Experiment(workspace, "ridge")

    assert experiment.archived_time is not None
    assert successor != experiment
    assert workspace.experiments == {"ridge": successor}
    with pytest.raises(Conflict):
        experiment.reactivate()
    with pytest.raises(UserError, match="renamed"):
        experiment.reactivate(new_name="other")
    successor.archive()
    experiment.reactivate()
    assert workspace.experiments == {"ridge": experiment}


def test_experiments_are_listed_by_view_name_and_tags(workspace: Workspace) -> None:
    a, b = Experiment(workspace, "a"), Experiment(workspace, "b")
    a.set_tags({"k": "1", "gone": None})
    a.tag("other")
    a.remove_tags(["gone"])
    b.archive()

    assert a.tags == {"k": "1", "other": None}
    assert Experiment.list(workspace) == [a]
    assert Experiment.list(workspace, view_type="All") == [a, b]
    assert Experiment.list(workspace, view_type=ViewType.ARCHIVED_ONLY) == [b]
    assert Experiment.list(workspace, experiment_name="b", view_type="All") == [b]
    assert Experiment.list(workspace, tags="k") == Experiment.list(workspace, tags={"k": "1"}) == [a]
    assert Experiment.list(workspace, tags={"k": "2"}) == []
    with pytest.raises(UserError, match="ActiveOnly, ArchivedOnly, All"):
        Experiment.list(workspace, view_type="Active")


def test_only_an_experiment_without_runs_is_deleted(workspace: Workspace, experiment: Experiment) -> None:
    empty = Experiment(workspace, "empty")
    experiment.start_logging(snapshot_directory=None)

    Experiment.delete(workspace, empty.id)

    assert list(workspace.experiments) == ["ridge"]
    with pytest.raises(ExperimentInUse):
        Experiment.delete(workspace, experiment.id)


def test_runs_are_given_newest_first_and_filtered(experiment: Experiment) -> None:
    first, second = (experiment.start_logging(snapshot_directory=None, tags={"n": str(n)}) for n in range(2))
    first.complete()

    assert list(experiment.get_runs()) == [second, first]
    assert list(experiment.get_runs(status="Completed")) == [first]
    assert list(experiment.get_runs(tags={"n": "1"}, properties="aml_widgets.pid")) == [second]
    assert list(experiment.get_runs(type="azureml.scriptrun")) == []
    assert [run.number for run in experiment.get_runs()] == [2, 1]


def test_a_run_source_counts_as_a_type(experiment: Experiment) -> None:
    run = experiment.start_logging(snapshot_directory=None)
    run.add_properties({"azureml.runsource": "automl"})

    assert list(experiment.get_runs(type="automl")) == [run]


def test_an_experiment_shows_itself(experiment: Experiment) -> None:
    workspace = experiment.workspace

    assert str(experiment) == f"Experiment(Name: ridge,\nWorkspace: {workspace.name})"
    assert "<td>ridge</td>" in experiment._repr_html_()
    assert workspace.location in experiment._repr_html_()
    assert experiment.get_portal_url().startswith("file://")
    experiment.refresh()
    assert len({experiment, Experiment(workspace, "ridge")}) == 1


@pytest.mark.parametrize("workspace", [None, "ridge", Workspace])
@pytest.mark.parametrize("call", [Experiment, Experiment.list, Experiment.delete])
def test_what_is_no_workspace_is_named(call: Callable[[object, str], object], workspace: object) -> None:
    with pytest.raises(UserError, match=r"is in a workspace, got .*from_config"):
        call(workspace, "ridge")


@pytest.mark.parametrize("experiment_id", ["\ud800", 5])
def test_what_can_be_no_id_of_an_experiment_is_refused(workspace: Workspace, experiment_id: object) -> None:
    with pytest.raises(InvalidName, match="Id of an experiment"):
        Experiment.delete(workspace, experiment_id)  # type: ignore[arg-type]  # the fault
