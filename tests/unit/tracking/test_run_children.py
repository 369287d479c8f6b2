from __future__ import annotations

import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run


def test_a_child_is_running_and_knows_its_parent(run: Run, experiment: Experiment) -> None:
    child = run.child_run(name="a", run_id="child-1")

    assert (child.id, child.status) == ("child-1", "Running")
    assert child.parent == run
    assert run.parent is None
    assert list(run.get_children()) == [child]
    assert list(experiment.get_runs()) == [run]
    assert list(experiment.get_runs(include_children=True)) == [child, run]


def test_children_are_given_newest_first_and_with_all_below(run: Run) -> None:
    first, second = run.child_run("first"), run.child_run("second")
    below = first.child_run("below")

    assert list(run.get_children()) == [second, first]
    assert set(run.get_children(recursive=True)) == {first, second, below}


def test_children_are_filtered(run: Run) -> None:
    first, second = run.create_children(tag_key="alpha", tag_values=["0.1", "0.2"])
    second.complete()
    second.add_properties({"best": "yes"})

    assert list(run.get_children(tags={"alpha": "0.1"})) == [first]
    assert list(run.get_children(tags="alpha")) == [second, first]
    assert list(run.get_children(tags="absent")) == []
    assert list(run.get_children(properties={"best": "yes"})) == [second]
    assert list(run.get_children(status="Completed")) == [second]
    assert list(run.get_children(status=["Completed", "Running"])) == [second, first]
    assert list(run.get_children(type="other")) == []
    with pytest.raises(UserError, match="no status of a run"):
        run.get_children(status="Complete")
    with pytest.raises(UserError):
        run.get_children(tags=3)


def test_many_children_come_in_pages(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aml_widgets.tracking.queries.PAGE_SIZE", 2)
    children = run.create_children(count=5)

    assert list(run.get_children()) == children[::-1]
    assert [child.get_tags() for child in children] == [{"azureml.batch_child_number": str(n)} for n in range(5)]
    assert all(child.status == "Running" for child in children)


def test_children_by_tag_values(run: Run) -> None:
    children = run.create_children(tag_key="alpha", tag_values=[0.1, "x"])

    assert [child.tags for child in children] == [{"alpha": "0.1"}, {"alpha": "x"}]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"count": 2, "tag_key": "a"},
        {"count": 2, "tag_values": ["a"]},
        {"tag_key": "a"},
        {"tag_values": ["a"]},
        {"count": 101},
        {"count": -1},
        {"count": "2"},
        {"tag_key": "a", "tag_values": ["x"] * 101},
    ],
)
def test_other_ways_to_create_children_are_refused(run: Run, arguments: dict[str, object]) -> None:
    with pytest.raises(UserError):
        run.create_children(**arguments)  # type: ignore[arg-type]

    assert list(run.get_children()) == []
