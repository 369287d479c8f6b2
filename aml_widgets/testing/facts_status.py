"""Facts about where a run is in its life, and what becomes of one whose process is gone."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    RunIsTerminal,
)
from aml_widgets.core.records import RunError, RunQuery
from aml_widgets.core.status import TERMINAL_STATUSES, RunStatus
from aml_widgets.store.liveness import PROCESS_ENDED, SETTLE_AFTER_SECONDS, this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import describe_process, gone_process, new_run, wait_until


class StatusFacts:
    """What holds for the status of a run."""

    # -- status

    def test_start_and_end_follow_the_status(self, store: RunStore) -> None:
        run = new_run(store, RunStatus.NOT_STARTED)
        prepared = store.set_status(run.run_id, RunStatus.PREPARING)
        running = store.set_status(run.run_id, RunStatus.RUNNING)
        finalizing = store.set_status(run.run_id, RunStatus.FINALIZING)

        ended = store.set_status(run.run_id, RunStatus.COMPLETED)

        assert prepared.started_at is None
        assert running.started_at is not None
        assert running.started_at >= run.created_at
        assert finalizing.started_at == running.started_at
        assert (finalizing.ended_at, ended.started_at) == (None, running.started_at)
        assert ended.ended_at is not None
        assert ended.ended_at >= running.started_at
        assert store.get_run(run.run_id) == ended

    def test_a_run_that_was_found_lost_ended_with_its_last_sign_of_life(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = new_run(store)
        monkeypatch.setattr(clock, "now", lambda: run.created_at + 3_600.0)

        ended = store.set_status(run.run_id, RunStatus.FAILED, ended_at=run.created_at + 60.0)

        assert (ended.started_at, ended.ended_at) == (run.started_at, run.created_at + 60.0)
        assert store.get_run(run.run_id) == ended

    def test_no_run_ends_before_it_started_or_in_the_future(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run, other, unstarted = new_run(store), new_run(store), new_run(store, RunStatus.PREPARING)
        now = unstarted.created_at + 3_600.0
        monkeypatch.setattr(clock, "now", lambda: now)

        assert store.set_status(run.run_id, RunStatus.FAILED, ended_at=1.0).ended_at == run.started_at
        assert store.set_status(other.run_id, RunStatus.CANCELED, ended_at=now + 60.0).ended_at == now
        never = store.set_status(unstarted.run_id, RunStatus.FAILED, ended_at=1.0)
        assert (never.started_at, never.ended_at) == (unstarted.created_at, unstarted.created_at)

    def test_only_a_last_status_has_an_end(self, store: RunStore) -> None:
        run = new_run(store)

        assert store.set_status(run.run_id, RunStatus.FINALIZING, ended_at=run.created_at).ended_at is None

    def test_a_run_that_goes_on_again_keeps_its_start(self, store: RunStore) -> None:
        run = new_run(store)
        store.set_status(run.run_id, RunStatus.NOT_RESPONDING)

        again = store.set_status(run.run_id, RunStatus.RUNNING)

        assert (again.status, again.started_at) == (RunStatus.RUNNING, run.started_at)

    @pytest.mark.parametrize("status", RunStatus)
    def test_every_status_is_kept(self, store: RunStore, status: RunStatus) -> None:
        run = new_run(store, RunStatus.STARTING)

        store.set_status(run.run_id, status)

        assert store.get_run(run.run_id).status is status
        assert (store.get_run(run.run_id).ended_at is not None) == status.is_terminal

    @pytest.mark.parametrize("status", sorted(TERMINAL_STATUSES))
    def test_a_run_that_ended_stays_as_it_ended(self, store: RunStore, status: RunStatus) -> None:
        run = new_run(store)
        ended = store.set_status(run.run_id, status)

        assert store.set_status(run.run_id, status) == ended  # the same again is no change
        for other in set(RunStatus) - {status}:
            with pytest.raises(RunIsTerminal, match=run.run_id):
                store.set_status(run.run_id, other)
        assert store.get_run(run.run_id) == ended

    @pytest.mark.parametrize("status", sorted(TERMINAL_STATUSES))
    def test_a_run_that_ended_takes_no_points(self, store: RunStore, status: RunStatus) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 0.5)
        store.log_metrics(run.run_id, {"loss": 0.25, "other": 1.0})
        store.set_status(run.run_id, status)

        with pytest.raises(RunIsTerminal, match=run.run_id):
            store.log_metric(run.run_id, "loss", 0.1)
        with pytest.raises(RunIsTerminal, match=run.run_id):
            store.log_metrics(run.run_id, {"loss": 0.1, "other": 1.0})
        with pytest.raises(RunIsTerminal, match=run.run_id):
            store.log_columns(run.run_id, "new", {None: [0.1]})
        assert list(store.read_history(run.run_id, "loss").values) == [0.5, 0.25]

    def test_a_failure_tells_why(self, store: RunStore) -> None:
        run = new_run(store)
        error = RunError(code="UserError", message="boom", traceback="Traceback …", error_type="ValueError")

        failed = store.set_status(run.run_id, RunStatus.FAILED, error=error)

        assert failed.error == error
        assert store.get_run(run.run_id).error == error

    def test_a_failure_without_a_reason_is_given_one_and_keeps_it(self, store: RunStore) -> None:
        run = new_run(store)
        ended = store.set_status(run.run_id, RunStatus.FAILED)
        cursor = store.changes_since(run.run_id).cursor
        first, second = (RunError(code="UserError", message=message) for message in ("boom", "another"))

        store.set_status(run.run_id, RunStatus.FAILED)
        told = store.set_status(run.run_id, RunStatus.FAILED, error=first)
        store.set_status(run.run_id, RunStatus.FAILED, error=second)

        assert told.error == first
        assert store.get_run(run.run_id) == replace(ended, error=first)
        news = store.changes_since(run.run_id, cursor)
        assert news.run is not None
        assert news.run.error == first

    # -- the process that writes

    def test_a_run_of_this_process_is_alive(self, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
        run = new_run(store, writer=this_process())
        monkeypatch.setattr(clock, "now", lambda: run.created_at + 10**6)

        assert store.get_run(run.run_id).status is RunStatus.RUNNING

    def test_a_run_whose_process_has_gone_does_not_respond(self, store: RunStore) -> None:
        run = new_run(store, writer=gone_process())

        assert store.get_run(run.run_id).status is RunStatus.NOT_RESPONDING
        assert store.changes_since(run.run_id).run == store.get_run(run.run_id)

    def test_a_run_whose_process_has_gone_long_ago_is_settled(
        self, store: RunStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = gone_process()
        run = new_run(store, writer=writer)
        cursor = store.changes_since(run.run_id).cursor
        monkeypatch.setattr(clock, "now", lambda: run.created_at + SETTLE_AFTER_SECONDS + 1)

        found = store.get_run(run.run_id)

        assert found.status is RunStatus.FAILED
        assert found.ended_at == run.last_seen_at
        assert found.error is not None
        assert found.error.code == PROCESS_ENDED
        assert str(writer.pid) in found.error.message
        assert store.changes_since(run.run_id, cursor).run == found
        with pytest.raises(RunIsTerminal):
            store.log_metric(run.run_id, "loss", 0.5)

    def test_a_child_whose_process_goes_is_told(self, store: RunStore) -> None:
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
            parent = new_run(store, writer=this_process())
            child = new_run(store, parent_run_id=parent.run_id, writer=describe_process(process.pid))
            first = store.changes_since(parent.run_id)
            process.kill()
        wait_until(lambda: store.get_run(child.run_id).status is RunStatus.NOT_RESPONDING)

        second = store.changes_since(parent.run_id, first.cursor)
        third = store.changes_since(parent.run_id, second.cursor)

        assert [one.status for one in first.children] == [RunStatus.RUNNING]
        assert (second.run, [one.status for one in second.children]) == (None, [RunStatus.NOT_RESPONDING])
        assert third.children == ()

    def test_a_list_shows_who_has_gone(self, store: RunStore) -> None:
        gone = new_run(store, writer=gone_process())
        alive = new_run(store, writer=this_process())

        silent = store.list_runs(RunQuery(statuses=frozenset({RunStatus.NOT_RESPONDING}))).runs
        running = store.list_runs(RunQuery(statuses=frozenset({RunStatus.RUNNING}))).runs

        assert [run.run_id for run in silent] == [gone.run_id]
        assert [run.run_id for run in running] == [alive.run_id]
