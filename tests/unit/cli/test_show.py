"""One run, for people and for programs."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import RUN_DEFINITION, RUN_TYPE
from aml_widgets.testing import every_kind_run, failed_run, finished_run, hostile_run, nan_run, run_with_logs
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace

from .conftest import Call, OnTerminal


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_a_run_is_shown_with_metrics_tags_and_files(call: Call, store: RunStore) -> None:
    run = finished_run(store)

    code, output, errors = call("show", run.run_id)

    words = [line.split() for line in output.splitlines()]
    assert (code, errors) == (0, "")
    assert ["Run", run.run_id] in words
    assert ["Status", "Completed"] in words
    assert ["Experiment", "seeded,", "run", "1"] in words
    assert ["loss", "0.05", "19", "0.05", "1", "20"] in words
    assert ["model", "ridge"] in words
    assert ["baseline"] in words
    assert ["14", "B", "outputs/model.json"] in words


def test_a_failed_run_says_why(call: Call, store: RunStore) -> None:
    run = failed_run(store)

    output = call("show", "@latest").output

    assert run.error is not None
    assert run.error.message in output
    assert run.error.traceback is not None
    assert run.error.traceback in output


def test_children_are_counted(call: Call, workspace: Workspace) -> None:
    run = Experiment(workspace, "sweep").start_logging(snapshot_directory=None, outputs=False)
    for number in range(3):
        child = run.child_run(f"child {number}")
        if number:
            child.complete()

    assert "3 (2 Completed, 1 Running)" in call("show", run.id).output
    assert json.loads(call("show", run.id, "--json").output)["children"] == {"Completed": 2, "Running": 1}


@pytest.mark.parametrize("is_terminal", [False, True])
def test_text_of_a_run_cannot_act(call: Call, on_terminal: OnTerminal, store: RunStore, is_terminal: bool) -> None:
    run = hostile_run(store)

    output = on_terminal(100, "show", run.run_id, NO_COLOR="1") if is_terminal else call("show", run.run_id).output

    own = re.sub(r"\x1b\[[012]m", "", output) if is_terminal else output  # bold, dim and neither
    acting = {character for character in own if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert acting == {"\n"}
    assert "\\x1b[31m" in output
    assert "[link](javascript:alert(1)) **bold** $x^2$" in output


@pytest.mark.parametrize("make", [every_kind_run, finished_run, hostile_run, nan_run, run_with_logs, failed_run])
def test_programs_are_given_valid_json_for_every_value(call: Call, store: RunStore, make: object) -> None:
    run: RunRecord = make(store)  # type: ignore[operator]

    code, output, errors = call("show", run.run_id, "--json")

    reply = json.loads(output, parse_constant=refuse)
    summaries = store.summarize_metrics(run.run_id)
    assert (code, errors) == (0, "")
    assert [(one["name"], one["column"], one["count"]) for one in reply["metrics"]] == [
        (*summary.key, summary.count) for summary in summaries
    ]
    assert [one["path"] for one in reply["artifacts"]] == [one.path for one in store.list_artifacts(run.run_id)]


def test_numbers_keep_their_kind_in_json(call: Call, store: RunStore) -> None:
    run = every_kind_run(store)
    store_big = store.create_run(NewRun(experiment_id=run.experiment_id))
    store.log_metric(store_big.run_id, "huge", 10**5000)

    metrics = {one["name"]: one for one in json.loads(call("show", run.run_id, "--json").output)["metrics"]}
    (huge,) = json.loads(call("show", store_big.run_id, "--json").output)["metrics"]

    assert metrics["big int"]["last"] == 2**100
    assert metrics["nan"]["last"] == "NaN"
    assert metrics["infinity"]["last"] == "Infinity"
    assert metrics["true"]["last"] is True
    assert metrics["none"]["last"] is None
    assert int(huge["last"], 16) == 10**5000


def test_a_submitted_run_says_what_it_carries_out(call: Call, store: RunStore) -> None:
    definition = json.dumps({"script": "train.py", "arguments": ["--name", "two words\x1b"]})
    experiment = store.open_experiment("ridge")
    run = store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id,
            run_type=RUN_TYPE,
            status=RunStatus.COMPLETED,
            properties={RUN_DEFINITION: definition},
        )
    )

    assert "train.py --name 'two words\\x1b'" in call("show", run.run_id).output


@pytest.mark.parametrize("definition", ["{", "[]", '{"script": 3, "arguments": {}}', "[" * 100_000])
def test_a_definition_that_is_none_is_passed_over(call: Call, store: RunStore, definition: str) -> None:
    experiment = store.open_experiment("ridge")
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id, properties={RUN_DEFINITION: definition}))

    code, output, errors = call("show", run.run_id)

    assert (code, errors) == (0, "")
    assert "Script" not in output


def test_a_terminal_is_shown_the_first_hundred_metrics_and_a_pipe_all(
    call: Call, on_terminal: OnTerminal, store: RunStore
) -> None:
    experiment = store.open_experiment("wide")
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id))
    store.log_metrics(run.run_id, {f"metric {number}": 1.0 for number in range(120)})

    assert call("show", run.run_id).output.count("metric ") == 120
    output = on_terminal(100, "show", run.run_id)
    assert output.count("metric ") == 100
    assert "and 20 more metrics" in output


def test_a_run_that_is_not_there_is_an_error(call: Call) -> None:
    code, output, errors = call("show", "nothing")

    assert (code, output) == (2, "")
    assert "'nothing'" in errors
    assert "Traceback" not in errors
