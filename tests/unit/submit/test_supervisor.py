"""How submitted scripts end, each with a real supervisor on a real store."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import RunFolder
from aml_widgets.submit.supervision import outcomes
from aml_widgets.submit.supervision.notes import Notes
from tests.unit.submit.scripts import Workshop, is_gone, open_workshop, until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and sessions")


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(tmp_path) as workshop:
        yield workshop


def test_a_script_runs_in_a_copy_and_what_it_writes_is_in_the_run(workshop: Workshop) -> None:
    script = """
        import os, sys
        import mylib
        print(mylib.NAME, sys.argv, os.listdir("outputs"), flush=True)
        print("warned", file=sys.stderr)
        os.makedirs("outputs/deep")
        open("outputs/deep/model.pkl", "wb").write(b"weights")
        os.mkdir("logs")
        open("logs/epochs.txt", "w").write("1\\n2\\n")
        open("logs/.hidden", "w").write("no")
        open("other.txt", "w").write("lost")
    """

    record = workshop.run(script, "--alpha", "0.5", files={"mylib.py": "NAME = 'ridge'"})

    run_id = record.run_id
    assert (record.status, record.error) == (RunStatus.COMPLETED, None)
    assert record.started_at is not None
    assert workshop.log(run_id) == "ridge ['train.py', '--alpha', '0.5'] []\nwarned\n"
    assert workshop.read(run_id, "outputs/deep/model.pkl") == b"weights"
    assert workshop.read(run_id, "logs/epochs.txt") == b"1\n2\n"
    node = os.uname().nodename
    assert workshop.names(run_id) == [
        f"azureml-logs/65_job_prep-{node}.txt",
        "azureml-logs/70_driver_log.txt",
        f"azureml-logs/75_job_post-{node}.txt",
        "azureml-logs/process_info.json",
        "azureml-logs/process_status.json",
        "logs/azureml/job_prep_azureml.log",
        "logs/azureml/job_release_azureml.log",
        "logs/epochs.txt",
        "outputs/deep/model.pkl",
    ]
    status = json.loads(workshop.read(run_id, "azureml-logs/process_status.json"))
    assert status == {node: {"0": {"state": "Ended", "exit_code": 0}}}


@pytest.mark.parametrize(
    ("script", "status", "message", "kind"),
    [
        ("import sys; sys.exit(0)", "Completed", None, None),
        ("import sys; sys.exit(3)", "Failed", "User program failed with SystemExit: 3", "SystemExit"),
        ("import os; os._exit(4)", "Failed", "The script ended with exit code 4.", None),
        ("1 / 0", "Failed", "User program failed with ZeroDivisionError: division by zero", "ZeroDivisionError"),
        ("import os; os.kill(os.getpid(), 11)", "Failed", "killed by signal 11 (SIGSEGV). What it had", None),
        ("import os; os.kill(os.getpid(), 9)", "Failed", "killed by signal 9 (SIGKILL)", None),
        ("import os; os.kill(os.getpid(), 15)", "Failed", "killed by signal 15 (SIGTERM)", None),
    ],
)
def test_each_end_is_told_as_it_was(
    workshop: Workshop, script: str, status: str, message: str | None, kind: str | None
) -> None:
    run_ids = [workshop.submit(f"open('outputs/kept.txt', 'w').write('x')\n{script}") for _ in range(2)]

    for record in map(workshop.wait, run_ids):
        assert record.status == status, record
        if message is None:
            assert record.error is None
        else:
            assert record.error is not None
            assert message in record.error.message
            assert record.error.error_type == kind
            assert (record.error.traceback is not None) == (kind is not None and kind != "SystemExit")
            assert "driver.py" not in (record.error.traceback or "")
        assert workshop.read(record.run_id, "outputs/kept.txt") == b"x"


def test_a_script_that_cannot_be_compiled_says_where(workshop: Workshop) -> None:
    record = workshop.run("x = = 1")

    assert record.error is not None
    assert record.error.message == "User program failed with SyntaxError: invalid syntax (train.py, line 1)"
    assert record.error.traceback == workshop.log(record.run_id)


def test_out_of_memory_inside_python_is_an_exception_like_others(workshop: Workshop) -> None:
    record = workshop.run("""
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
        block = bytearray(2**30)
    """)

    assert record.error is not None
    assert (record.status, record.error.error_type) == (RunStatus.FAILED, "MemoryError")


def test_a_disk_that_is_full_for_the_script_is_its_exception(workshop: Workshop) -> None:
    record = workshop.run("""
        import resource, signal
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, 2**16))
        print("begun")
        with open("outputs/large.bin", "wb", buffering=0) as file:
            while file.write(bytes(2**14)) == 2**14: pass
            file.write(b"x")
    """)

    assert record.error is not None
    assert "File too large" in record.error.message
    assert len(workshop.read(record.run_id, "outputs/large.bin")) == 2**16
    assert workshop.log(record.run_id).startswith("begun\n")


def test_statuses_come_in_order_and_the_supervisor_is_the_writer(workshop: Workshop) -> None:
    run_id = workshop.submit("import time\nprint('ready')\ntime.sleep(0.5)\nopen('outputs/a', 'w').close()")
    seen = [workshop.store.get_run(run_id).status]
    supervisor = workshop.supervisor(run_id)

    while not seen[-1].is_terminal:
        status = workshop.store.get_run(run_id).status
        if status is not seen[-1]:
            seen.append(status)

    order = [RunStatus.PREPARING, RunStatus.RUNNING, RunStatus.FINALIZING, RunStatus.COMPLETED]
    assert seen == [status for status in order if status in seen]
    assert RunStatus.RUNNING in seen
    writer = workshop.wait(run_id).writer
    assert writer is not None
    assert writer.pid == supervisor.pid


def test_the_supervisor_is_no_child_of_the_submitter_and_leaves_nothing(workshop: Workshop) -> None:
    run_id = workshop.submit("import time\nprint('ready', flush=True)\ntime.sleep(600)", grace_seconds=5)
    script, supervisor = workshop.script(run_id), workshop.supervisor(run_id)

    assert supervisor.pid not in [child.pid for child in psutil.Process().children(recursive=True)]
    assert os.getsid(supervisor.pid) != os.getsid(0)
    assert os.getsid(script.pid) == script.pid
    workshop.store.set_status(run_id, RunStatus.CANCEL_REQUESTED)
    workshop.wait(run_id)
    until(lambda: is_gone(script) and is_gone(supervisor))


def test_environment_variables(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_SUBMITTER", "kernel")
    names = (
        "FROM_SUBMITTER OWN PYTHONUNBUFFERED AZUREML_OUTPUT_DIRECTORY AZUREML_LOGDIRECTORY_PATH AZUREML_RUN_ID "
        "AML_WIDGETS_HOME"
    )
    record = workshop.run(
        f"import os, json\nprint(json.dumps({{name: os.environ.get(name) for name in {names.split()!r}}}))",
        variables={"OWN": "ä"},
    )

    assert json.loads(workshop.log(record.run_id)) == {
        "FROM_SUBMITTER": "kernel",
        "OWN": "ä",
        "PYTHONUNBUFFERED": "1",
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
        "AZUREML_LOGDIRECTORY_PATH": "azureml-logs",
        "AZUREML_RUN_ID": record.run_id,
        "AML_WIDGETS_HOME": os.environ["AML_WIDGETS_HOME"],
    }


def test_a_command_is_run_by_the_shell_with_the_python_of_the_submitter(workshop: Workshop) -> None:
    record = workshop.run(
        command="echo $OWN | tr a-z A-Z && python -c 'import sys; print(sys.prefix)'", variables={"OWN": "x"}
    )

    assert (record.status, workshop.log(record.run_id)) == (RunStatus.COMPLETED, f"X\n{sys.prefix}\n")


def test_a_command_that_fails_gives_its_exit_code(workshop: Workshop) -> None:
    record = workshop.run(command="sh -c 'kill -9 $$'; exit $?")

    assert record.error is not None
    assert (
        "exit code 137, which a shell gives for a program that was ended by signal 9 (SIGKILL)" in record.error.message
    )


@pytest.mark.parametrize("repetition", range(2))
def test_no_byte_of_a_log_at_full_speed_is_lost(workshop: Workshop, repetition: int) -> None:
    record = workshop.run("""
        import hashlib, os
        digest = hashlib.sha256()
        for i in range(50):
            block = b"%07d\\n" % i * 2**17
            digest.update(block)
            data = memoryview(block)
            while data:
                data = data[os.write(1, data):]
        open("outputs/digest", "w").write(digest.hexdigest())
        os.kill(os.getpid(), 9)
    """)

    data = workshop.read(record.run_id, "azureml-logs/70_driver_log.txt")
    assert len(data) == 50 * 2**20
    assert hashlib.sha256(data).hexdigest().encode() == workshop.read(record.run_id, "outputs/digest")


@pytest.mark.parametrize("repetition", range(3))
def test_processes_that_outlive_the_script_are_ended(workshop: Workshop, repetition: int) -> None:
    record = workshop.run(
        """
        import subprocess, sys
        code = "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
        for own in (False, True):
            child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=own)
            child.stdout.readline()
            print(child.pid)
    """,
        grace_seconds=0.2,
    )

    assert record.status is RunStatus.COMPLETED
    pids = [int(line) for line in workshop.log(record.run_id).split()]
    assert len(pids) == 2
    assert all(not psutil.pid_exists(pid) or is_gone(psutil.Process(pid)) for pid in pids)
    assert "The script left 2 processes behind, which have been ended." in workshop.notes(record.run_id)


def test_a_supervisor_that_a_script_starts_is_not_ended_with_it(workshop: Workshop) -> None:
    child = workshop.prepare(
        "import time\nprint('ready', flush=True)\ntime.sleep(0.5)\nopen('outputs/a', 'w').write('child')"
    )

    parent = workshop.run(
        f"from aml_widgets.submit.engines.local_engine import launch_supervisor\nlaunch_supervisor({child.run_id!r})"
    )

    assert parent.status is RunStatus.COMPLETED, workshop.log(parent.run_id)
    assert workshop.wait(child.run_id).status is RunStatus.COMPLETED
    assert workshop.read(child.run_id, "outputs/a") == b"child"


def test_a_script_may_close_its_streams_move_away_and_delete_its_outputs(workshop: Workshop) -> None:
    record = workshop.run("""
        import os, shutil, sys, time
        print("first", flush=True)
        os.makedirs("logs")
        open("logs/a.txt", "w").write("kept\\n")
        work = os.getcwd()
        os.chdir("/")
        shutil.rmtree(f"{work}/outputs")
        os.close(1); os.close(2)
        time.sleep(0.3)
        os.makedirs(f"{work}/outputs")
        open(f"{work}/outputs/late.txt", "w").write("late")
    """)

    assert record.status is RunStatus.COMPLETED, workshop.log(record.run_id)
    assert workshop.log(record.run_id) == "first\n"
    assert workshop.names(record.run_id, "outputs/") == ["outputs/late.txt"]
    assert workshop.read(record.run_id, "logs/a.txt") == b"kept\n"


def test_outputs_and_logs_come_while_the_script_runs(workshop: Workshop) -> None:
    run_id = workshop.submit("""
        import os, time
        os.makedirs("logs")
        open("logs/a.txt", "w").write("1\\n")
        open("outputs/checkpoint", "w").write("epoch 1")
        print("ready", flush=True)
        while not os.path.exists("go"): time.sleep(0.02)
        open("logs/a.txt", "a").write("2\\n")
        open("outputs/checkpoint", "w").write("epoch 2")
    """)

    until(lambda: workshop.log(run_id, "logs/a.txt") == "1\n")
    until(lambda: workshop.log(run_id, "outputs/checkpoint") == "epoch 1")
    assert workshop.store.get_run(run_id).status is RunStatus.RUNNING
    (RunFolder.of(run_id).working_folder / "go").touch()
    assert workshop.wait(run_id).status is RunStatus.COMPLETED
    assert (workshop.log(run_id, "logs/a.txt"), workshop.log(run_id, "outputs/checkpoint")) == ("1\n2\n", "epoch 2")


def test_what_came_with_the_sources_is_no_result_unless_it_was_changed(workshop: Workshop) -> None:
    old = dict.fromkeys(("outputs/a.txt", "outputs/b.txt", "outputs/c.txt", "logs/d.txt", "logs/e.txt"), "old")
    record = workshop.run(
        """
        open("outputs/b.txt", "w").write("new")
        open("outputs/c.txt", "w").write("old")
        open("logs/e.txt", "a").write(" and more")
        """,
        files=old,
    )

    run_id = record.run_id
    assert workshop.names(run_id, "outputs/") == ["outputs/b.txt", "outputs/c.txt"]
    assert workshop.read(run_id, "outputs/b.txt") == b"new"
    assert [name for name in workshop.names(run_id, "logs/") if "azureml" not in name] == ["logs/e.txt"]
    assert workshop.read(run_id, "logs/e.txt") == b"old and more"


@pytest.mark.parametrize("repetition", range(2))
def test_a_script_that_runs_too_long_is_ended(workshop: Workshop, repetition: int) -> None:
    record = workshop.run(
        "import time\nopen('outputs/a', 'w').write('kept')\ntime.sleep(600)", max_run_seconds=0.6, grace_seconds=5
    )

    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.RUN_DURATION_EXCEEDED)
    assert "0.6 s" in record.error.message
    assert workshop.read(record.run_id, "outputs/a") == b"kept"


def test_an_interpreter_that_is_missing_is_told(workshop: Workshop) -> None:
    from dataclasses import replace

    submission = workshop.prepare("print('never')")
    environment = {"python": {"userManagedDependencies": True, "interpreterPath": "/nowhere/python"}}
    RunFolder.of(submission.run_id).write(replace(submission, environment=environment))
    workshop.engine.start(workshop.store, submission)

    record = workshop.wait(submission.run_id)

    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.PREPARATION_FAILED)
    assert "/nowhere/python" in record.error.message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no limit for one argument")
def test_an_argument_that_is_too_long_is_told(workshop: Workshop) -> None:
    submission = workshop.prepare("print('never')", "--data", "x" * 2**18)
    workshop.engine.start(workshop.store, submission)

    record = workshop.wait(submission.run_id)

    assert record.error is not None
    assert (record.status, record.error.code) == (RunStatus.FAILED, outcomes.PREPARATION_FAILED)
    assert record.error.message.startswith("arguments[1], behind '--data', has 262,144 bytes")


def test_sources_that_are_gone_are_told(workshop: Workshop) -> None:
    submission = workshop.prepare("print('never')")
    (workshop.store.snapshots / f"{submission.snapshot_id}.zip").unlink()
    workshop.engine.start(workshop.store, submission)

    record = workshop.wait(submission.run_id)

    assert record.error is not None
    assert "There is no snapshot" in record.error.message


def test_the_memory_of_the_machine_is_named_where_it_ran_out(tmp_path: Path) -> None:
    hinted = outcomes.describe_exit(-signal.SIGKILL, tmp_path / "none", ran_out_of_memory=True)
    unknown = outcomes.describe_exit(-signal.SIGKILL, tmp_path / "none")

    assert hinted.error is not None
    assert unknown.error is not None
    assert "because memory ran out: most likely this one" in hinted.error.message
    assert "killed by signal 9 (SIGKILL), perhaps because memory ran out" in unknown.error.message
    assert outcomes.count_out_of_memory() >= 0


@pytest.mark.parametrize(
    ("message", "is_hinted"),
    [
        ("No module named 'azureml'", True),
        ("No module named 'azureml.core'", True),
        ("No module named 'azureml_x'", False),
    ],
)
def test_a_script_that_misses_v1s_names_is_told_how_to_have_them(tmp_path: Path, message: str, is_hinted: bool) -> None:
    word = {"type": "ModuleNotFoundError", "message": message, "traceback": "Traceback ..."}
    (tmp_path / "error.json").write_text(json.dumps(word), encoding="utf-8")

    outcome = outcomes.describe_exit(1, tmp_path / "error.json")

    assert outcome.error is not None
    assert outcome.error.message.startswith(f"User program failed with ModuleNotFoundError: {message}")
    assert ("%load_ext aml_widgets.azureml" in outcome.error.message) is is_hinted


def test_a_full_disk_is_named_where_nobody_could_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not outcomes.is_disk_full(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))

    is_disk_full = outcomes.is_disk_full(tmp_path)
    outcome = outcomes.describe_exit(1, tmp_path / "none", is_disk_full=is_disk_full)

    assert outcome.error is not None
    assert outcome.error.message.startswith("The script ended with exit code 1, and its disk is full, which is most")


def test_what_the_supervisors_own_log_has_no_room_for_does_not_end_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullFile(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    submission = workshop.prepare("")
    monkeypatch.setattr("sys.stdout", FullFile())

    Notes(workshop.store, submission.run_id).tell("It goes on.")

    assert "It goes on." in workshop.notes(submission.run_id)


def test_a_supervisor_starts_without_what_only_faces_need() -> None:
    import subprocess

    heavy = ["numpy", "pandas", "ipywidgets", "bqplot", "matplotlib", "asyncio"]
    code = (
        f"import sys, aml_widgets.submit.supervision.supervisor as s; print([n for n in {heavy!r} if n in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "[]\n"
