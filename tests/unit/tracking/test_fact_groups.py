"""What is known of a run beside its numbers: its arguments, and what a comparison calls its parameters."""

from __future__ import annotations

import json

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.submit.submission import RUN_DEFINITION, RUN_TYPE
from aml_widgets.tracking import provenance
from aml_widgets.tracking.fact_groups import find_parameters, groups_of, script_arguments


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("python train.py --a 1 -v in.csv", [("Script", "train.py"), ("--a", "1"), ("-v", "in.csv")]),
        ("python -m ipykernel_launcher -f kernel.json", []),
        ("python 'unclosed", []),
        ("python x.py data --dry", [("Script", "x.py"), ("Argument", "data"), ("--dry", "")]),
    ],
)
def test_arguments_are_read_from_the_command_line(line: str, pairs: list[tuple[str, str]]) -> None:
    assert script_arguments(line) == pairs


def run_of(properties: dict[str, str], run_type: str | None = None) -> RunRecord:
    store = MemoryRunStore()
    experiment_id = store.open_experiment("ridge").experiment_id
    return store.create_run(NewRun(experiment_id=experiment_id, run_type=run_type, properties=properties))


def test_parameters_are_the_arguments_of_what_was_submitted() -> None:
    definition = {"script": "train.py", "arguments": ["--alpha", 0.1, "--dry", "data.csv", "--beta=2", "more.csv"]}

    run = run_of({RUN_DEFINITION: json.dumps(definition)}, RUN_TYPE)

    assert find_parameters(run) == {"alpha": "0.1", "dry": "data.csv", "beta": "2", "Argument 1": "more.csv"}


def test_what_was_logged_goes_before_arguments_and_is_a_group_of_its_own() -> None:
    store = MemoryRunStore()
    experiment_id = store.open_experiment("ridge").experiment_id
    run = store.create_run(
        NewRun(
            experiment_id=experiment_id,
            properties={provenance.COMMAND_LINE: "python train.py --alpha 0.1 --beta 2"},
            params={"n10": "a", "n9": "b", "alpha": "0.5"},
        )
    )

    assert find_parameters(run) == {"n10": "a", "n9": "b", "alpha": "0.5", "beta": "2"}
    group = next(one for one in groups_of(run) if one.key == "parameters")
    assert [(fact.label, fact.text) for fact in group.facts] == [("alpha", "0.5"), ("n9", "b"), ("n10", "a")]
    assert "parameters" not in {one.key for one in groups_of(run_of({}))}


@pytest.mark.parametrize("command", ["python train.py --alpha 0.1", ["python", "train.py", "--alpha", "0.1"]])
def test_parameters_are_read_from_a_command_too(command: object) -> None:
    run = run_of({RUN_DEFINITION: json.dumps({"command": command})}, RUN_TYPE)

    assert find_parameters(run) == {"alpha": "0.1"}


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ("python train.py --a 1 --a 2 -v", {"a": "1 2", "v": ""}),
        ("python train.py x y", {"Argument 1": "x", "Argument 2": "y"}),
        ("python -m ipykernel_launcher -f kernel.json", {}),
        ("python 'unclosed", {}),
        ("", {}),
    ],
)
def test_parameters_of_another_run_are_those_of_its_command_line(line: str, parameters: dict[str, str]) -> None:
    assert find_parameters(run_of({provenance.COMMAND_LINE: line})) == parameters


@pytest.mark.parametrize("text", ["", "{", "[]", '{"arguments": 5}', '{"command": {"a": 1}}'])
def test_a_definition_of_somebody_else_has_no_parameters(text: str) -> None:
    assert find_parameters(run_of({RUN_DEFINITION: text}, RUN_TYPE)) == {}
