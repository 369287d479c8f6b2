"""Runs are cancelled from a shell."""

from __future__ import annotations

import json

from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing import finished_run, running_run

from .conftest import Call


def test_runs_are_cancelled(call: Call, store: RunStore) -> None:
    runs = [running_run(store) for _ in range(2)]

    code, output, errors = call("cancel", runs[0].run_id, "@latest", runs[1].run_id)

    assert (code, errors) == (0, "")
    assert output == "".join(f"{run.run_id}  Canceled\n" for run in runs)
    assert [store.get_run(run.run_id).status for run in runs] == [RunStatus.CANCELED] * 2


def test_a_run_that_was_cancelled_stays_so(call: Call, store: RunStore) -> None:
    run = running_run(store)
    call("cancel", run.run_id)

    assert call("cancel", run.run_id) == (0, f"{run.run_id}  Canceled\n", "")


def test_one_that_has_ended_is_an_error_and_the_others_are_cancelled(call: Call, store: RunStore) -> None:
    finished, running = finished_run(store), running_run(store)

    code, output, errors = call("cancel", finished.run_id, running.run_id)

    assert (code, output) == (2, f"{running.run_id}  Canceled\n")
    assert f"{finished.run_id} has ended as Completed" in errors
    assert store.get_run(finished.run_id).status == RunStatus.COMPLETED


def test_nothing_is_cancelled_where_one_is_not_there(call: Call, store: RunStore) -> None:
    run = running_run(store)

    code, output, errors = call("cancel", run.run_id, "mistyped")

    assert (code, output) == (2, "")
    assert "'mistyped'" in errors
    assert store.get_run(run.run_id).status == RunStatus.RUNNING


def test_programs_are_told_of_each(call: Call, store: RunStore) -> None:
    finished, running = finished_run(store), running_run(store)

    code, output, _ = call("cancel", finished.run_id, running.run_id, "--json")

    one, other = json.loads(output)
    assert code == 2
    assert (one["run_id"], one["status"]) == (finished.run_id, "Completed")
    assert "has ended" in one["error"]
    assert other == {"run_id": running.run_id, "status": "Canceled", "error": None}
