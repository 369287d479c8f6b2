from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aml_widgets.core.records import SCRIPT_RUN_TYPE, RunRecord, WriterProcess
from aml_widgets.core.status import TERMINAL_STATUSES, RunStatus
from aml_widgets.store import liveness
from aml_widgets.store.liveness import (
    PROCESS_ENDED,
    RESTARTED_AFTER_SECONDS,
    SETTLE_AFTER_SECONDS,
    SETTLE_SUBMITTED_AFTER_SECONDS,
    Judgement,
    judge,
    this_process,
)
from aml_widgets.testing.support import describe_process, wait_until

AS_IT_IS = Judgement()
SILENT = Judgement(status=RunStatus.NOT_RESPONDING)
CREATED_AT = 1_700_000_000.0


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is killed, or asked to end by closing its input."""
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        yield process
        process.kill()


def record_of(writer: WriterProcess | None, *, last_seen_at: float | None = CREATED_AT) -> RunRecord:
    return RunRecord(
        run_id="run1",
        number=1,
        experiment_id="e",
        experiment_name="e",
        status=RunStatus.RUNNING,
        created_at=CREATED_AT,
        last_seen_at=last_seen_at,
        writer=writer,
    )


def is_gone(writer: WriterProcess) -> bool:
    return judge(record_of(writer), CREATED_AT) == SILENT


def test_this_process_is_described() -> None:
    me = this_process()

    assert me.pid == os.getpid()
    assert me.host
    assert me.namespace
    assert this_process() == me
    assert me == describe_process(os.getpid())


def test_a_thread_is_the_same_process() -> None:
    found: list[WriterProcess] = []
    thread = threading.Thread(target=lambda: found.append(this_process()))
    thread.start()
    thread.join()

    assert found == [this_process()]


def _tell_process(answers: multiprocessing.SimpleQueue[WriterProcess]) -> None:
    answers.put(this_process())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_is_another_process() -> None:
    me = this_process()
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[WriterProcess] = context.SimpleQueue()
    child = context.Process(target=_tell_process, args=(answers,))
    child.start()
    other = answers.get()
    child.join()

    assert other.pid == child.pid
    assert (other.host, other.namespace) == (me.host, me.namespace)
    assert other.process_started_at >= me.process_started_at
    assert this_process() == me


def test_without_a_writer_a_run_is_as_it_is() -> None:
    assert judge(record_of(None), CREATED_AT + 10**6) == AS_IT_IS


def test_a_run_that_ended_is_as_it_is() -> None:
    gone = replace(this_process(), pid=_ended_pid())

    for status in TERMINAL_STATUSES:
        assert judge(replace(record_of(gone), status=status), CREATED_AT + 10**6) == AS_IT_IS


def test_the_own_process_is_alive_however_long_it_was_silent() -> None:
    assert judge(record_of(this_process()), CREATED_AT + 10**6) == AS_IT_IS


def test_a_living_process_is_alive_however_long_it_was_silent(sleeper: subprocess.Popen[bytes]) -> None:
    assert judge(record_of(describe_process(sleeper.pid)), CREATED_AT + 10**6) == AS_IT_IS


def test_a_killed_process_does_not_respond_and_is_settled_later(sleeper: subprocess.Popen[bytes]) -> None:
    writer = describe_process(sleeper.pid)
    assert not is_gone(writer)

    sleeper.kill()
    sleeper.wait()

    wait_until(lambda: is_gone(writer))
    record = record_of(writer, last_seen_at=CREATED_AT + 5)
    assert judge(record, CREATED_AT + 5 + SETTLE_AFTER_SECONDS) == SILENT
    submitted = replace(record, run_type=SCRIPT_RUN_TYPE)
    assert judge(submitted, CREATED_AT + 5 + SETTLE_SUBMITTED_AFTER_SECONDS) == SILENT  # its engine looks after it
    assert judge(submitted, CREATED_AT + 6 + SETTLE_SUBMITTED_AFTER_SECONDS).settle_error is not None
    judgement = judge(record, CREATED_AT + 6 + SETTLE_AFTER_SECONDS)
    assert judgement.status is RunStatus.NOT_RESPONDING
    assert judgement.ended_at == CREATED_AT + 5
    assert judgement.settle_error is not None
    assert judgement.settle_error.code == PROCESS_ENDED
    for part in (str(writer.pid), writer.host, "2023-11-14 22:13:25 UTC", "new run"):
        assert part in judgement.settle_error.message


def test_a_killed_process_that_nobody_waited_for_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    writer = describe_process(sleeper.pid)

    sleeper.kill()  # a zombie from now on, until its parent, this test, asks for its exit status

    wait_until(lambda: is_gone(writer))


def test_a_process_that_is_gone_stays_gone_without_a_look(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = describe_process(sleeper.pid)
    sleeper.kill()
    sleeper.wait()
    wait_until(lambda: is_gone(writer))

    monkeypatch.setattr(liveness, "_find_start", lambda _: pytest.fail("looked again"))

    assert is_gone(writer)


def test_a_living_process_is_not_looked_at_for_every_reader(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = describe_process(sleeper.pid)
    monkeypatch.setattr(liveness, "monotonic", lambda: 1_000.0)
    assert not is_gone(writer)

    monkeypatch.setattr(liveness, "_find_start", lambda _: pytest.fail("looked again"))

    assert not is_gone(writer)


def test_a_number_that_another_process_has_now_is_not_the_writer(sleeper: subprocess.Popen[bytes]) -> None:
    started_at = describe_process(sleeper.pid).process_started_at
    writer = replace(this_process(), pid=sleeper.pid, process_started_at=started_at - 1_000)
    record = record_of(writer, last_seen_at=started_at - 500)

    assert judge(replace(record, created_at=started_at - 900), started_at - 490) == SILENT


def test_a_clock_that_was_set_does_not_end_a_process(sleeper: subprocess.Popen[bytes]) -> None:
    started_at = describe_process(sleeper.pid).process_started_at
    writer = replace(this_process(), pid=sleeper.pid, process_started_at=started_at - 3_600)

    # It was seen after the process that has the number now started: it can be no other.
    assert judge(record_of(writer, last_seen_at=started_at + 10), started_at + 10**6) == AS_IT_IS


def test_another_machine_is_left_alone() -> None:
    writer = WriterProcess(host="elsewhere", namespace="other-boot/pid:[1]", pid=1, process_started_at=0.0)

    assert judge(record_of(writer), CREATED_AT + 10**6) == AS_IT_IS


def test_another_container_of_this_machine_is_left_alone() -> None:
    me = this_process()
    boot = me.namespace.partition("/")[0]
    writer = replace(me, namespace=f"{boot}/pid:[1]", pid=_ended_pid())

    assert judge(record_of(writer), CREATED_AT + 10**6) == AS_IT_IS


def test_a_run_from_before_this_machine_was_restarted_is_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    me = replace(this_process(), namespace="boot-2/pid:[1]/machine-1")
    monkeypatch.setattr(liveness, "this_process", lambda: me)
    record = record_of(replace(me, namespace="boot-1/pid:[1]/machine-1"))

    assert judge(record, CREATED_AT + RESTARTED_AFTER_SECONDS) == AS_IT_IS
    judgement = judge(record, CREATED_AT + RESTARTED_AFTER_SECONDS + 1)
    assert judgement.status is RunStatus.NOT_RESPONDING
    assert judgement.ended_at == CREATED_AT
    assert judgement.settle_error is not None
    assert "restarted" in judgement.settle_error.message


@pytest.mark.parametrize("machine", ["machine-2", ""], ids=["another", "unknown"])
def test_another_machine_of_the_same_name_is_left_alone(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    me = replace(this_process(), namespace=f"boot-2/pid:[1]/{machine and 'machine-1'}")
    monkeypatch.setattr(liveness, "this_process", lambda: me)
    writer = replace(me, namespace=f"boot-1/pid:[1]/{machine}")

    assert judge(record_of(writer), CREATED_AT + 10**6) == AS_IT_IS


def test_the_last_sign_of_life_is_the_latest_known() -> None:
    gone = replace(this_process(), pid=_ended_pid())
    record = replace(record_of(gone, last_seen_at=None), started_at=CREATED_AT + 100)

    assert judge(record, CREATED_AT + 100 + SETTLE_AFTER_SECONDS) == SILENT
    assert judge(record, CREATED_AT + 101 + SETTLE_AFTER_SECONDS).ended_at == CREATED_AT + 100


def _ended_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
