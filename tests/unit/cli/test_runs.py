"""Lists of runs, for people and for programs."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing import failed_run, finished_run, hostile_run, running_run
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace

from .conftest import Call, OnTerminal

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def ids_in(output: str) -> list[str]:
    return [line.split()[0] for line in output.splitlines()[1:]]


def make(store: RunStore, count: int, name: str = "") -> list[str]:
    experiment = store.open_experiment("ridge")
    new_run = NewRun(experiment_id=experiment.experiment_id, display_name=name, status=RunStatus.COMPLETED)
    return [store.create_run(new_run).run_id for _ in range(count)]


def test_runs_come_newest_first_with_what_tells_them_apart(call: Call, store: RunStore) -> None:
    first, second = failed_run(store), finished_run(store)

    code, output, errors = call("runs")

    heading, *lines = output.splitlines()
    assert (code, errors) == (0, "")
    assert heading.split() == ["RUN", "STATUS", "EXPERIMENT", "NO", "NAME", "CREATED", "TOOK"]
    assert [line.split()[:5] for line in lines] == [
        [second.run_id, "Completed", "seeded", "2", "finished"],
        [first.run_id, "Failed", "seeded", "1", "failed"],
    ]
    assert all(line == line.rstrip() for line in lines)


def test_an_empty_workspace_says_what_to_do(call: Call) -> None:
    code, output, errors = call("runs")

    assert (code, output) == (0, "")
    assert "no runs yet" in errors
    assert "submit" in errors
    assert "start_logging" in errors


def test_twenty_are_shown_unless_more_are_asked_for(call: Call, store: RunStore) -> None:
    newest_first = make(store, 25)[::-1]

    assert ids_in(call("runs").output) == newest_first[:20]
    assert ids_in(call("runs", "-n", "3").output) == newest_first[:3]
    assert ids_in(call("runs", "--all").output) == newest_first


@pytest.mark.parametrize("count", [0, 3])
def test_none_that_are_asked_for_are_an_empty_table(call: Call, store: RunStore, count: int) -> None:
    make(store, count)

    code, output, errors = call("runs", "-n", "0")

    assert (code, len(output.splitlines()), errors) == (0, 1, "")
    assert output.startswith("RUN ")


def test_filters_choose(call: Call, store: RunStore) -> None:
    failed, finished = failed_run(store), finished_run(store)
    (other,) = make(store, 1)

    assert ids_in(call("runs", "--experiment", "seeded").output) == [finished.run_id, failed.run_id]
    assert ids_in(call("runs", "--status", "completed").output) == [other, finished.run_id]
    assert ids_in(call("runs", "--status", "Failed", "--status", "Running").output) == [failed.run_id]
    code, output, errors = call("runs", "--status", "Queued")
    assert (code, output) == (0, "")
    assert "no such runs" in errors


def test_runs_of_an_archived_experiment_are_found(call: Call, workspace: Workspace, store: RunStore) -> None:
    (run_id,) = make(store, 1)
    Experiment(workspace, "ridge").archive()

    assert ids_in(call("runs", "--experiment", "ridge").output) == [run_id]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--status", "Done"], "Completed"),
        (["--experiment", "\x1b[31mnone"], "It has ridge"),
    ],
)
def test_a_wrong_filter_says_what_there_is(call: Call, store: RunStore, arguments: list[str], reason: str) -> None:
    make(store, 1)

    code, output, errors = call("runs", *arguments)

    assert (code, output) == (2, "")
    assert reason in errors
    assert "\x1b" not in errors


def test_children_are_listed_when_asked_for(call: Call, workspace: Workspace) -> None:
    run = Experiment(workspace, "sweep").start_logging(snapshot_directory=None, outputs=False)
    children = [run.child_run(f"child {number}").id for number in range(3)]

    assert ids_in(call("runs").output) == [run.id]
    output = call("runs", "--children").output
    assert ids_in(output) == [*children[::-1], run.id]
    assert [line.split()[-1] for line in output.splitlines()[:-1]] == ["PARENT", run.id, run.id, run.id]


def test_programs_are_given_our_fields(call: Call, store: RunStore) -> None:
    runs = [hostile_run(store), running_run(store)]

    code, output, errors = call("runs", "--json")

    replies = json.loads(output)
    assert (code, errors) == (0, "")
    assert output.isascii()
    assert [set(reply) for reply in replies] == [{field.name for field in dataclasses.fields(RunRecord)}] * 2
    assert [reply["run_id"] for reply in replies] == [run.run_id for run in reversed(runs)]
    assert replies[1]["tags"] == dict(store.get_run(runs[0].run_id).tags)


def test_programs_are_given_an_empty_list(call: Call) -> None:
    code, output, errors = call("runs", "--json")

    assert (code, json.loads(output), errors) == (0, [], "")


def test_a_pipe_is_given_whole_ids_and_no_colours(call: Call, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    run = hostile_run(store)
    (long_name,) = make(store, 1, "long name " * 30)

    output = call("runs").output

    assert ids_in(output) == [long_name, run.run_id]
    assert "long name " * 29 in output
    assert "\x1b" not in output


@pytest.mark.parametrize("columns", [30, 60, 80, 100, 200])
def test_a_terminal_of_any_width_keeps_the_ids(on_terminal: OnTerminal, store: RunStore, columns: int) -> None:
    run = hostile_run(store)
    (other,) = make(store, 1, "数字 " * 30 + "end")

    lines = ESCAPES.sub("", on_terminal(columns, "runs")).splitlines()

    assert [line.split()[:2] for line in lines[1:]] == [[other, "Completed"], [run.run_id, "Failed"]]
    assert columns < 60 or all(len(line) <= columns for line in lines)
    assert ("NAME" in lines[0].split()) == (columns > 60)


def test_colours_leave_when_they_are_not_wanted(on_terminal: OnTerminal, store: RunStore) -> None:
    failed_run(store)

    with_colours, without = on_terminal(120, "runs"), on_terminal(120, "runs", NO_COLOR="1")

    assert "\x1b[1;31mFailed" in with_colours
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", without)
    assert "Failed" in without


def test_a_terminal_says_how_long_ago_and_a_pipe_says_when(
    call: Call, on_terminal: OnTerminal, store: RunStore
) -> None:
    make(store, 1)

    assert re.search(r" s ago", on_terminal(200, "runs"))
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", call("runs").output)
