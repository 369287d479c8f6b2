"""Who keeps a target, when that is in doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aml_widgets.core import clock
from aml_widgets.core.records import WriterProcess
from aml_widgets.store import liveness
from aml_widgets.submit.engines import queue, targets, targets_database
from aml_widgets.submit.engines.dispatcher import Dispatcher
from aml_widgets.submit.engines.queue import EntryState, Keeper, KeeperReplaced

from .small_runs import TARGET, SmallLauncher, read_story

ELSEWHERE = WriterProcess(host="elsewhere", namespace="boot/pid/other", pid=1, process_started_at=1.0)


@pytest.fixture(autouse=True)
def target(folder: Path) -> None:
    targets.set_target(TARGET, 2)


def set_keeper(keeper: WriterProcess, seen_at: float) -> None:
    targets_database.write(
        lambda connection: connection.execute(
            "update target set keeper = ?, keeper_seen_at = ?", (queue._to_json(keeper), seen_at)
        )
    )


def enter(run_id: str) -> list[str]:
    """Enter a run; say for which targets a keeper was started."""
    started: list[str] = []

    def start(target: str) -> WriterProcess:
        started.append(target)
        return liveness.this_process()

    queue.enter(TARGET, run_id, "/tmp/runs", start)
    return started


def test_a_keeper_is_started_once() -> None:
    assert enter("a") == [TARGET]
    assert enter("b") == []
    assert enter("a") == []  # it is there already
    assert [entry.run_id for entry in queue.list_entries(TARGET)] == ["a", "b"]


def test_a_keeper_on_another_machine_counts_while_it_gives_signs_of_life() -> None:
    set_keeper(ELSEWHERE, clock.now())
    assert enter("a") == []
    assert not Keeper(TARGET).take_over()

    set_keeper(ELSEWHERE, clock.now() - queue.SILENT_SECONDS - 1)

    assert enter("b") == [TARGET]


def test_a_keeper_of_an_earlier_boot_is_gone() -> None:
    me = liveness.this_process()
    if not liveness._machine(me):
        pytest.skip("this machine has no id that would outlast a reboot")
    boot, _, rest = me.namespace.partition("/")
    set_keeper(replace(me, namespace=f"{boot}-earlier/{rest}"), clock.now())

    assert enter("a") == [TARGET]


def test_a_keeper_whose_number_another_process_has_now_is_gone() -> None:
    import os

    me = liveness.this_process()
    set_keeper(replace(me, pid=os.getppid(), process_started_at=1.0), 2.0)

    assert enter("a") == [TARGET]


def test_one_that_was_replaced_changes_nothing_any_more(folder: Path) -> None:
    keeper = Keeper(TARGET)
    assert keeper.take_over()
    enter("a")
    enter("b")
    assert keeper.claim_next() is not None
    set_keeper(ELSEWHERE, clock.now())

    for work in (
        keeper.claim_next,
        keeper.look,
        keeper.leave,
        keeper.touch,
        lambda: keeper.remove("a"),
        lambda: keeper.put_back("a"),
        lambda: keeper.set_running("a", ELSEWHERE),
    ):
        with pytest.raises(KeeperReplaced):
            work()
    Dispatcher(TARGET, launcher=SmallLauncher(folder)).run()  # leaves at once

    assert [entry.state for entry in queue.list_entries(TARGET)] == [EntryState.STARTING, EntryState.WAITING]
    assert read_story(folder, "launch") == []


def test_a_run_is_claimed_or_taken_out_never_both() -> None:
    keeper = Keeper(TARGET)
    keeper.take_over()
    enter("a")
    enter("b")

    claimed = keeper.claim_next()

    assert claimed is not None
    assert claimed.run_id == "a"
    assert not queue.take_out("a")
    assert queue.take_out("b")
    assert not queue.take_out("b")
    assert keeper.claim_next() is None


def test_what_is_put_back_keeps_its_turn() -> None:
    keeper = Keeper(TARGET)
    keeper.take_over()
    for name in ("a", "b"):
        enter(name)
    keeper.claim_next()

    keeper.put_back("a")

    claimed = keeper.claim_next()
    assert claimed is not None
    assert claimed.run_id == "a"


def test_a_keeper_does_not_leave_before_the_last_entry() -> None:
    keeper = Keeper(TARGET)
    keeper.take_over()
    enter("a")
    assert not keeper.leave()

    queue.take_out("a")

    assert keeper.leave()
    assert enter("b") == [TARGET]
