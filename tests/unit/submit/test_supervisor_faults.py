"""Runs that are cancelled, and what happens to them when their supervisor or their machine fails. All signals are real."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from aml_widgets.core import clock
from aml_widgets.core.file_lock import FileLock
from aml_widgets.core.records import RunError, RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.submit.engines import local_engine
from aml_widgets.submit.submission import REPORTED_ERROR, RunFolder
from aml_widgets.submit.supervision import outcomes, recovery, supervisor
from aml_widgets.submit.supervision.detached import OWNER_VARIABLE
from aml_widgets.submit.supervision.run_state import Outcome, Processes, write_outcome, write_processes
from tests.unit.submit.scripts import Workshop, is_gone, open_workshop, until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and sessions")

WORKING = """
import os, sys, time
os.mkdir("logs")
open("logs/a.txt", "w").write("1\\n")
open("outputs/a.txt", "w").write("kept")
print("ready", flush=True)
time.sleep(600)
"""
STUBBORN = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{WORKING}"


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(tmp_path) as workshop:
        yield workshop


def assert_all_is_kept(workshop: Workshop, run_id: str) -> None:
    assert workshop.log(run_id).startswith("ready\n")
    assert workshop.read(run_id, "outputs/a.txt") == b"kept"
    assert workshop.read(run_id, "logs/a.txt") == b"1\n"
    assert not RunFolder.of(run_id).path.exists()


def look_after(workshop: Workshop, run_id: str) -> RunRecord:
    """Look as somebody does who shows the run, until it has ended."""

    def has_ended() -> bool:
        workshop.engine.look_after(workshop.store, workshop.store.get_run(run_id))
        return workshop.store.get_run(run_id).status.is_terminal and not RunFolder.of(run_id).path.exists()

    until(has_ended, lambda: workshop.explain(run_id))
    return workshop.store.get_run(run_id)


# -- cancelled


@pytest.mark.parametrize("repetition", range(3))
@pytest.mark.parametrize("script", [WORKING, STUBBORN], ids=["polite", "ignores SIGTERM"])
def test_a_cancelled_run_ends_with_all_that_it_wrote(workshop: Workshop, script: str, repetition: int) -> None:
    run_id = workshop.submit(script, grace_seconds=5 if script is WORKING else 0.3)
    process = workshop.script(run_id)

    record = workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED)
    workshop.engine.cancel(workshop.store, record)

    record = workshop.wait(run_id)
    assert (record.status, record.error) == (RunStatus.CANCELED, None)
    assert is_gone(process)
    assert ("SIGKILL" in workshop.notes(run_id)) == (script is STUBBORN)
    assert_all_is_kept(workshop, run_id)


def test_a_script_that_hears_that_it_is_to_end_has_time_to_save_its_work(workshop: Workshop) -> None:
    run_id = workshop.submit(f"""
import signal, sys
def stop(*_):
    open("outputs/last", "w").write("saved")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
{WORKING}""")
    workshop.script(run_id)

    workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED)  # as from another machine: nothing but the status

    assert workshop.wait(run_id).status is RunStatus.CANCELED
    assert workshop.read(run_id, "outputs/last") == b"saved"


@pytest.mark.parametrize("repetition", range(2))
def test_children_are_cancelled_with_their_script(workshop: Workshop, repetition: int) -> None:
    run_id = workshop.submit(
        """
        import subprocess, sys, time
        child = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
        children = [subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE) for _ in range(2)]
        for child in children: child.stdout.readline()
        print("ready", *[child.pid for child in children], "end", flush=True)
        time.sleep(600)
        """,
        grace_seconds=0.3,
    )
    workshop.wait_for_log(run_id, "end")
    children = [psutil.Process(int(pid)) for pid in workshop.log(run_id).split()[1:-1]]

    workshop.engine.cancel(workshop.store, workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED))

    assert workshop.wait(run_id).status is RunStatus.CANCELED
    assert len(children) == 2
    assert all(map(is_gone, children))


HIDDEN = """
import os, subprocess, sys, time
code = "import os, signal, time; signal.signal(15, signal.SIG_IGN); os.write(1, b'up'); time.sleep(600)"
pids = []
for _ in range(2):
    child = subprocess.Popen([sys.executable, "-c", code], env={}, stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.read(2)
    pids.append(child.pid)
# One whose parent has ended, as of a program that makes a daemon of itself.
twice = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', sys.argv[1]], env={}, start_new_session=True).pid)"
with subprocess.Popen([sys.executable, "-c", twice, code], stdout=subprocess.PIPE, text=True) as between:
    said = between.stdout.readline()
    between.stdout.read(2)
print("ready", *pids, said.strip().removeprefix("up"), "end", flush=True)
"""


def hidden_processes(workshop: Workshop, run_id: str) -> list[psutil.Process]:
    workshop.wait_for_log(run_id, "end")
    return [psutil.Process(int(pid)) for pid in workshop.log(run_id).split()[1:-1]]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they cannot be found")
@pytest.mark.parametrize("repetition", range(2))
@pytest.mark.parametrize("is_stubborn", [False, True], ids=["polite", "ignores SIGTERM"])
def test_processes_that_left_all_that_tells_whose_they_are_are_cancelled_too(
    workshop: Workshop, is_stubborn: bool, repetition: int
) -> None:
    before = "import signal\nsignal.signal(15, signal.SIG_IGN)\n" if is_stubborn else ""
    run_id = workshop.submit(f"{before}{HIDDEN}time.sleep(600)", grace_seconds=0.5)
    children = hidden_processes(workshop, run_id)
    assert len(children) == 3
    assert [child.environ() for child in children] == [{}] * 3

    workshop.engine.cancel(workshop.store, workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED))

    assert workshop.wait(run_id).status is RunStatus.CANCELED
    assert all(map(is_gone, children))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they cannot be found")
def test_a_script_that_has_ended_leaves_no_process_however_hidden(workshop: Workshop) -> None:
    run_id = workshop.submit(f"{HIDDEN}while not os.path.exists('go'): time.sleep(0.01)", grace_seconds=0.2)
    children = hidden_processes(workshop, run_id)
    (RunFolder.of(run_id).working_folder / "go").touch()

    assert workshop.wait(run_id).status is RunStatus.COMPLETED
    assert all(map(is_gone, children))
    assert "The script left 3 processes behind, which have been ended." in workshop.notes(run_id)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a supervisor has no children but the script")
def test_what_a_supervisor_has_adopted_leaves_no_zombies(workshop: Workshop) -> None:
    run_id = workshop.submit("""
        import os, subprocess, sys, time
        command = ["sh", "-c", "(sleep 0.01; exit 3) & (sleep 0.01) & exit 0"]
        for _ in range(20): subprocess.run(command)
        print("ready", flush=True)
        while not os.path.exists("go"): time.sleep(0.01)
        sys.exit(7)
    """)
    script, supervisor = workshop.script(run_id), workshop.supervisor(run_id)

    until(lambda: supervisor.children() == [script], lambda: str(supervisor.children()))

    (RunFolder.of(run_id).working_folder / "go").touch()
    error = workshop.wait(run_id).error
    assert error is not None
    assert error.message == "User program failed with SystemExit: 7"  # how the script ended was not taken by that


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a supervisor has no children but the script")
def test_a_run_that_a_script_has_submitted_outlives_it_with_all_of_its_processes(workshop: Workshop) -> None:
    child = workshop.prepare(f"{HIDDEN}while not os.path.exists('go'): time.sleep(0.01)", grace_seconds=0.2)
    parent_id = workshop.submit(
        f"""
        import os, time
        from aml_widgets.submit.engines.local_engine import launch_supervisor
        launch_supervisor({child.run_id!r})
        print("ready", flush=True)
        while not os.path.exists("go"): time.sleep(0.01)
        """
    )
    processes = hidden_processes(workshop, child.run_id)
    supervisor = workshop.supervisor(child.run_id)
    until(lambda: supervisor.ppid() == workshop.supervisor(parent_id).pid)

    (RunFolder.of(parent_id).working_folder / "go").touch()

    assert workshop.wait(parent_id).status is RunStatus.COMPLETED
    assert not any(map(is_gone, [supervisor, *processes]))
    assert "processes behind" not in workshop.notes(parent_id)
    (RunFolder.of(child.run_id).working_folder / "go").touch()
    assert workshop.wait(child.run_id).status is RunStatus.COMPLETED
    assert all(map(is_gone, processes))


def test_a_supervisor_inside_another_program_leaves_the_children_of_that_alone(workshop: Workshop) -> None:
    submission = workshop.prepare("print('done')", grace_seconds=0.2)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={}) as own:
        supervisor.Supervisor(workshop.store, submission, RunFolder.of(submission.run_id)).run()

        assert workshop.store.get_run(submission.run_id).status is RunStatus.COMPLETED
        assert own.poll() is None
        own.kill()


def test_a_script_does_not_go_on_when_somebody_has_ended_its_run(workshop: Workshop) -> None:
    run_id = workshop.submit(STUBBORN)
    script = workshop.script(run_id)

    workshop.store.set_status(run_id, RunStatus.FAILED)

    until(lambda: is_gone(script) and not RunFolder.of(run_id).path.exists())
    assert workshop.store.get_run(run_id).status is RunStatus.FAILED
    assert_all_is_kept(workshop, run_id)


def test_a_run_that_was_cancelled_before_its_supervisor_came_never_starts(workshop: Workshop) -> None:
    submission = workshop.prepare("print('never')")
    workshop.store.set_status(submission.run_id, RunStatus.CANCEL_REQUESTED)

    workshop.engine.start(workshop.store, submission)

    assert workshop.wait(submission.run_id).status is RunStatus.CANCELED
    assert workshop.log(submission.run_id) == ""


def test_a_request_to_cancel_is_heard_though_another_status_overwrote_it(workshop: Workshop) -> None:
    run_id = workshop.submit(WORKING)
    workshop.script(run_id)

    workshop.engine.cancel(workshop.store, workshop.store.get_run(run_id))

    assert workshop.wait(run_id).status is RunStatus.CANCELED


# -- supervisor


@pytest.mark.parametrize("repetition", range(3))
@pytest.mark.parametrize("script", [WORKING, STUBBORN], ids=["polite", "ignores SIGTERM"])
def test_a_supervisor_that_is_asked_to_end_ends_the_run(workshop: Workshop, script: str, repetition: int) -> None:
    run_id = workshop.submit(script, grace_seconds=5 if script is WORKING else 0.3)
    process = workshop.script(run_id)

    workshop.supervisor(run_id).send_signal(signal.SIGTERM)

    record = workshop.wait(run_id)
    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.SUPERVISOR_ENDED)
    assert "asked to end by signal 15 (SIGTERM)" in record.error.message
    assert is_gone(process)
    assert_all_is_kept(workshop, run_id)


@pytest.mark.parametrize("repetition", range(3))
@pytest.mark.parametrize("script", [WORKING, STUBBORN], ids=["polite", "ignores SIGTERM"])
def test_a_supervisor_that_is_killed_takes_its_script_along_and_nothing_is_lost(
    workshop: Workshop, script: str, repetition: int
) -> None:
    run_id = workshop.submit(script)
    process, supervisor = workshop.script(run_id), workshop.supervisor(run_id)

    supervisor.send_signal(signal.SIGKILL)

    if sys.platform == "linux":
        until(lambda: is_gone(process))
    until(lambda: is_gone(supervisor))
    assert workshop.store.get_run(run_id).status is RunStatus.NOT_RESPONDING
    record = look_after(workshop, run_id)
    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.SUPERVISOR_ENDED)
    assert f"(process {supervisor.pid} on" in record.error.message
    assert "was killed" in record.error.message
    assert re.search(r"It was last seen at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC\.", record.error.message)
    assert_all_is_kept(workshop, run_id)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the script lives on until somebody looks")
@pytest.mark.parametrize("repetition", range(2))
def test_a_run_whose_supervisor_was_killed_ended_then_and_not_when_somebody_looked(
    workshop: Workshop, repetition: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = workshop.submit(WORKING)
    process, supervisor = workshop.script(run_id), workshop.supervisor(run_id)
    supervisor.send_signal(signal.SIGKILL)
    until(lambda: is_gone(process) and is_gone(supervisor))
    seen_at = workshop.store.get_run(run_id).last_seen_at
    gone_at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: gone_at + 3_600.0)

    record = look_after(workshop, run_id)

    assert record.status is RunStatus.FAILED
    assert record.started_at is not None
    assert record.ended_at is not None
    assert seen_at is not None
    assert max(record.started_at, seen_at) <= record.ended_at <= gone_at


def test_what_a_script_printed_last_is_a_sign_of_its_life(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = workshop.prepare("")
    run_id, folder = submission.run_id, RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, run_id, gone())
    write_processes(folder.processes_file, Processes(gone(), gone()))
    started_at = workshop.store.get_run(run_id).started_at
    assert started_at is not None
    log = workshop.store.artifacts.append_path(run_id, outcomes.DRIVER_LOG)
    os.utime(log, (started_at + 1_800.0, started_at + 1_800.0))
    monkeypatch.setattr(clock, "now", lambda: started_at + 3_600.0)

    assert look_after(workshop, run_id).ended_at == started_at + 1_800.0


def test_when_a_run_was_lost_is_known_though_who_cleared_up_was_killed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = workshop.prepare("")
    run_id, folder = submission.run_id, RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, run_id, gone())
    started_at = workshop.store.get_run(run_id).started_at
    assert started_at is not None
    write_outcome(folder, Outcome(RunStatus.COMPLETED, ended_at=started_at + 60.0))
    monkeypatch.setattr(clock, "now", lambda: started_at + 3_600.0)
    workshop.store.set_status(run_id, RunStatus.FINALIZING)

    assert look_after(workshop, run_id).ended_at == started_at + 60.0


def test_grandchildren_of_a_killed_supervisor_are_ended(workshop: Workshop) -> None:
    run_id = workshop.submit(
        """
        import subprocess, sys, time
        code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        child.stdout.readline()
        print("ready", child.pid, "end", flush=True)
        time.sleep(600)
        """
    )
    workshop.wait_for_log(run_id, "end")
    child = psutil.Process(int(workshop.log(run_id).split()[1]))
    supervisor = workshop.supervisor(run_id)
    supervisor.send_signal(signal.SIGKILL)
    until(lambda: is_gone(supervisor))

    record = look_after(workshop, run_id)

    assert record.status is RunStatus.FAILED
    assert is_gone(child)


def test_a_supervisor_that_is_killed_while_its_script_had_ended_well_leaves_a_completed_run(workshop: Workshop) -> None:
    submission = workshop.prepare("")
    folder = RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, submission.run_id, gone())
    write_outcome(folder, Outcome(RunStatus.COMPLETED))

    record = look_after(workshop, submission.run_id)

    assert (record.status, record.error) == (RunStatus.COMPLETED, None)
    assert workshop.read(submission.run_id, "outputs/a.txt") == b"kept"


@pytest.mark.parametrize("repetition", range(3))
def test_a_supervisor_that_is_killed_while_it_saves_files_loses_none(workshop: Workshop, repetition: int) -> None:
    run_id = workshop.submit("""
        import os, time
        print("ready", flush=True)
        while not os.path.exists("go"): time.sleep(0.01)
        for i in range(200):
            open(f"outputs/{i:03}.bin", "wb").write(bytes([i]) * 50_000)
    """)
    workshop.script(run_id)
    supervisor, folder = workshop.supervisor(run_id), RunFolder.of(run_id)
    (folder.working_folder / "go").touch()
    until(lambda: workshop.store.artifacts.size(run_id, f"outputs/{20 * repetition:03}.bin") is not None)

    supervisor.send_signal(signal.SIGKILL)
    until(lambda: is_gone(supervisor))

    record = look_after(workshop, run_id)
    assert (record.status, record.error) == (RunStatus.COMPLETED, None)
    names = workshop.names(run_id, "outputs/")
    assert names == [f"outputs/{i:03}.bin" for i in range(200)]
    assert all(workshop.read(run_id, name) == bytes([i]) * 50_000 for i, name in enumerate(names))


def test_a_run_that_was_to_be_cancelled_when_its_supervisor_died_is_canceled(workshop: Workshop) -> None:
    run_id = workshop.submit(STUBBORN)
    workshop.script(run_id)
    supervisor = workshop.supervisor(run_id)
    supervisor.send_signal(signal.SIGKILL)
    until(lambda: is_gone(supervisor))

    workshop.engine.cancel(workshop.store, workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED))

    # Its last threads may still be ending, and hold its lock for a moment.
    assert look_after(workshop, run_id).status is RunStatus.CANCELED
    assert_all_is_kept(workshop, run_id)


@pytest.mark.parametrize("after_seconds", [90.0, 3 * 86_400.0])
def test_how_a_script_ended_is_found_out_though_nobody_looked_for_long(
    workshop: Workshop, after_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = workshop.prepare("")
    run_id, folder = submission.run_id, RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, run_id, gone())
    workshop.store.update_run(run_id, writer=gone())
    write_outcome(folder, Outcome(RunStatus.COMPLETED))
    later = clock.now() + after_seconds
    monkeypatch.setattr(clock, "now", lambda: later)

    assert workshop.store.get_run(run_id).status is RunStatus.NOT_RESPONDING
    assert look_after(workshop, run_id).status is RunStatus.COMPLETED


def test_the_error_that_a_script_ended_with_is_found_after_its_supervisor(workshop: Workshop) -> None:
    submission = workshop.prepare("")
    folder = RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, submission.run_id, gone())
    folder.error_file.write_text('{"type": "ValueError", "message": "bad", "traceback": "Traceback"}')

    record = look_after(workshop, submission.run_id)

    assert record.error == RunError(
        code="UserError",
        message="User program failed with ValueError: bad",
        traceback="Traceback",
        error_type="ValueError",
    )


@pytest.mark.parametrize("reported", ['{"error": {"code": "NoData", "message": "no data"}}', "[1", '{"error": "no"}'])
def test_what_a_script_reported_is_found_after_its_supervisor(workshop: Workshop, reported: str) -> None:
    submission = workshop.prepare("")
    folder = RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, submission.run_id, gone())
    folder.error_file.write_text('{"type": "SystemExit", "message": "1", "traceback": null}')
    workshop.store.update_run(submission.run_id, properties={REPORTED_ERROR: reported})

    error = look_after(workshop, submission.run_id).error

    if "NoData" in reported:
        assert error == RunError(code="NoData", message="no data (The script ended with SystemExit: 1.)")
    else:
        assert error is not None
        assert error.message == "User program failed with SystemExit: 1"


def test_looking_after_a_run_that_lives_does_nothing(workshop: Workshop) -> None:
    run_id = workshop.submit(WORKING)
    process = workshop.script(run_id)

    for _ in range(20):
        workshop.engine.look_after(workshop.store, workshop.store.get_run(run_id))

    assert workshop.store.get_run(run_id).status is RunStatus.RUNNING
    assert not is_gone(process)
    workshop.engine.cancel(workshop.store, workshop.store.get_run(run_id))
    workshop.wait(run_id)


def test_a_second_supervisor_does_not_run_the_script_again(workshop: Workshop) -> None:
    run_id = workshop.submit(WORKING)
    workshop.script(run_id)
    supervisor = workshop.supervisor(run_id)
    supervisor.send_signal(signal.SIGKILL)
    until(lambda: is_gone(supervisor))

    local_engine.launch_supervisor(run_id)

    record = workshop.wait(run_id)
    assert record.status is RunStatus.FAILED
    assert workshop.log(run_id) == "ready\n"


def test_a_supervisor_that_never_came_is_waited_for_and_then_told(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = workshop.prepare("print('never')")
    folder = RunFolder.of(submission.run_id)
    folder.supervisor_log.write_text("no module named psutil")
    workshop.engine.look_after(workshop.store, workshop.store.get_run(submission.run_id))
    assert workshop.store.get_run(submission.run_id).status is RunStatus.PREPARING

    monkeypatch.setattr(recovery, "NEVER_SEEN_SECONDS", -1.0)

    record = look_after(workshop, submission.run_id)
    assert record.error is not None
    assert "never took it over. It said: no module named psutil" in record.error.message


def test_a_run_that_waits_in_a_queue_is_left_alone(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "NEVER_SEEN_SECONDS", -1.0)
    submission = workshop.prepare("", status=RunStatus.QUEUED)

    workshop.engine.look_after(workshop.store, workshop.store.get_run(submission.run_id))

    assert workshop.store.get_run(submission.run_id).status is RunStatus.QUEUED


# -- the machine


def gone() -> WriterProcess:
    return replace(this_process(), pid=2**22 + 7, process_started_at=1.0)


def leave_behind(workshop: Workshop, folder: RunFolder, run_id: str, process: WriterProcess) -> None:
    """Make what is there when a supervisor was running and is not any more."""
    (folder.working_folder / "outputs").mkdir(parents=True)
    (folder.working_folder / "outputs" / "a.txt").write_text("kept")
    (folder.working_folder / "logs").mkdir()
    (folder.working_folder / "logs" / "a.txt").write_text("1\n")
    workshop.store.artifacts.append_path(run_id, outcomes.DRIVER_LOG).write_text("ready\n")
    write_processes(folder.processes_file, Processes(process, replace(process, pid=os.getpid())))
    workshop.store.update_run(run_id, writer=process)
    workshop.store.set_status(run_id, RunStatus.RUNNING)


@pytest.mark.parametrize("repetition", range(3))
def test_after_a_restart_of_the_machine_the_run_is_ended_and_its_files_are_saved(
    workshop: Workshop, repetition: int
) -> None:
    submission = workshop.prepare("")
    namespace = f"00000000-0000-0000-0000-{repetition:012d}/{this_process().namespace.partition('/')[2]}"
    before = WriterProcess(**{**asdict(this_process()), "namespace": namespace, "pid": 1, "process_started_at": 1.0})
    leave_behind(workshop, RunFolder.of(submission.run_id), submission.run_id, before)

    record = look_after(workshop, submission.run_id)

    # The script's number was that of this very process, which lives: it is another boot's, and nothing was done to it.
    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.SUPERVISOR_ENDED)
    assert "ended when the machine was restarted, and the script with it" in record.error.message
    assert_all_is_kept(workshop, submission.run_id)


def test_files_of_a_run_that_was_ended_as_silent_meanwhile_are_saved_all_the_same(workshop: Workshop) -> None:
    submission = workshop.prepare("")
    leave_behind(workshop, RunFolder.of(submission.run_id), submission.run_id, gone())
    error = RunError(code="ProcessEnded", message="silent")
    workshop.store.set_status(submission.run_id, RunStatus.FAILED, error=error)

    record = look_after(workshop, submission.run_id)

    assert record.error == error
    assert_all_is_kept(workshop, submission.run_id)


def test_a_lost_run_is_cleared_up_once_though_two_look_at_it(workshop: Workshop) -> None:
    submission = workshop.prepare("")
    folder = RunFolder.of(submission.run_id)
    leave_behind(workshop, folder, submission.run_id, gone())
    lock = FileLock(folder.lock_file)
    assert lock.acquire()

    workshop.engine.look_after(workshop.store, workshop.store.get_run(submission.run_id))

    assert folder.submission_file.exists()
    lock.release()
    look_after(workshop, submission.run_id)


# -- the disk


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are Linux's")
@pytest.mark.parametrize("repetition", range(2))
def test_outputs_that_find_no_room_fail_the_run_and_are_saved_later(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, repetition: int
) -> None:
    run_id = workshop.submit("""
        import os, time
        print("ready", flush=True)
        while not os.path.exists("go"): time.sleep(0.02)
        open("outputs/large.bin", "wb").write(b"x" * 3 * 2**20)
        open("outputs/small.bin", "wb").write(b"y")
    """)
    workshop.script(run_id)
    # Writing beyond the limit fails as on a full disk (EFBIG for ENOSPC); the script has begun with a limit of its own.
    resource.prlimit(workshop.supervisor(run_id).pid, resource.RLIMIT_FSIZE, (2**20, 2**20))
    (RunFolder.of(run_id).working_folder / "go").touch()

    record = workshop.wait(run_id, has_folder=True)

    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.FILES_NOT_SAVED)
    assert (
        "The script ended well, but 1 file could not be saved in the workspace: 'outputs/large.bin'"
        in record.error.message
    )
    assert "found no room" in record.error.message
    assert workshop.names(run_id, "outputs/") == ["outputs/small.bin"]

    monkeypatch.setattr(local_engine, "_TRY_AGAIN_SECONDS", 0.0)
    look_after(workshop, run_id)
    assert workshop.names(run_id, "outputs/") == ["outputs/large.bin", "outputs/small.bin"]
    assert workshop.store.get_run(run_id).status is RunStatus.FAILED


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if sys.platform != "linux" or os.getuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounts a small disk")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], check=False).returncode != 0:
        pytest.skip("no right to mount")
    yield small
    subprocess.run(["umount", "-l", str(small)], check=True)


FILLING = """
import os, time
print("ready", flush=True)
while not os.path.exists("go"): time.sleep(0.02)
open("outputs/a.txt", "w").write("kept")
while True: print("x" * 100_000)
"""


def test_a_disk_without_any_room_for_the_store_ends_the_run_truthfully_once_there_is_some(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_workshop(small_disk) as workshop:
        run_id = workshop.submit(FILLING)
        script = workshop.script(run_id)
        (RunFolder.of(run_id).working_folder / "go").touch()
        until(lambda: is_gone(script) and RunFolder.of(run_id).outcome_file.exists())
        assert workshop.store.get_run(run_id).status is not RunStatus.COMPLETED
        log = workshop.store.artifacts.append_path(run_id, outcomes.DRIVER_LOG)
        assert log.read_bytes().startswith(b"ready\nxxx")
        os.truncate(log, 2**20)  # somebody makes room

        record = workshop.wait(run_id, has_folder=True)
        assert record.error is not None
        assert record.status is RunStatus.FAILED
        assert "No space left on device" in record.error.message
        monkeypatch.setattr(local_engine, "_TRY_AGAIN_SECONDS", 0.0)
        look_after(workshop, run_id)
        assert workshop.read(run_id, "outputs/a.txt") == b"kept"


@pytest.mark.parametrize("what", ["log", "output"])
def test_on_a_full_disk_with_all_on_it_the_run_ends_in_the_room_that_was_kept_for_that(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """What the supervisor itself prints finds no room, too, and what its script's driver would say."""
    monkeypatch.setenv("AML_WIDGETS_HOME", str(small_disk / "home"))
    with open_workshop(small_disk) as workshop:
        filling_file = FILLING.replace('print("x" * 100_000)', 'large.write(b"x" * 100_000)')
        filling_file = filling_file.replace("while True", 'large = open("outputs/large.bin", "wb")\nwhile True')
        run_id = workshop.submit(FILLING if what == "log" else filling_file)
        workshop.script(run_id)
        (RunFolder.of(run_id).working_folder / "go").touch()

        record = workshop.wait(run_id, has_folder=True)

        assert record.error is not None
        assert record.status is RunStatus.FAILED
        assert "its disk is full" in record.error.message or "No space left on device" in record.error.message
        assert workshop.log(run_id).startswith("ready\n")
        assert ("'outputs/large.bin'" in record.error.message) == (what == "output")


# -- ourselves


def test_a_mistake_of_ours_ends_the_run_and_is_told(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:

    submission = workshop.prepare("")
    folder = RunFolder.of(submission.run_id)

    def fail(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(supervisor, "prepare_working_folder", fail)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        supervisor.Supervisor(workshop.store, submission, folder).run()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    record = workshop.store.get_run(submission.run_id)
    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.SERVICE_ERROR)
    assert "RuntimeError: a mistake" in record.error.message
    assert "Traceback" in workshop.log(submission.run_id, "logs/azureml/job_release_azureml.log") + workshop.log(
        submission.run_id, "logs/azureml/job_prep_azureml.log"
    )


def test_processes_of_others_are_not_taken_for_the_scripts(workshop: Workshop) -> None:
    from aml_widgets.submit.supervision.script_process import find_processes

    assert OWNER_VARIABLE not in os.environ
    assert find_processes("nobody", gone()) == []
