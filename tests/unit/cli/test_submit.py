"""Scripts are submitted from a shell, as runs that outlive it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from aml_widgets.cli.submit import find_sources
from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import RunQuery, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace

from .conftest import Call, Start

DEADLINE_SECONDS = 60

SCRIPT = """\
import sys
from pathlib import Path
from aml_widgets import Run

run = Run.get_context()
run.log("alpha", float(sys.argv[1]) if len(sys.argv) > 1 else 0)
print("given", sys.argv[1:], flush=True)
if "--fail" in sys.argv:
    raise ValueError("no good")
if "--wait" in sys.argv:
    import time
    time.sleep(300)
"""


@pytest.fixture(autouse=True)
def script(project: Path) -> Path:
    file = project / "train.py"
    file.write_text(SCRIPT)
    return file


@pytest.fixture(autouse=True)
def ended_in_the_end(workspace: Workspace) -> Iterator[None]:
    """No run, and none of its processes, is left."""
    yield

    deadline = time.monotonic() + DEADLINE_SECONDS
    for record in workspace.store.list_runs(RunQuery()).runs:
        run = Run.get(workspace, record.run_id)
        while not RunStatus(run.get_status()).is_terminal:
            with contextlib.suppress(AmlWidgetsError):
                run.cancel()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        while _processes_of(record.run_id):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def _processes_of(run_id: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and run_id in process.cmdline():
                found.append(process)
    return found


def wait_for(store: RunStore, run_id: str, statuses: set[RunStatus]) -> RunRecord:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (record := store.get_run(run_id)).status not in statuses:
        assert time.monotonic() < deadline
        assert not record.status.is_terminal
        time.sleep(0.05)
    return record


def read_until(stream: IO[bytes], wanted: bytes) -> bytes:
    content = b""
    while wanted not in content:
        line = stream.readline()
        assert line, f"it ended with {content!r}"
        content += line
    return content


def test_a_run_is_submitted_followed_shown_and_listed(call: Call, store: RunStore, workspace: Workspace) -> None:
    options = ["--experiment", "ridge", "--name", "größe", "--tag", "a=b=c", "--tag", "best"]

    code, output, errors = call("submit", *options, "train.py", "0.25")

    run_id = output.strip()
    assert (code, output) == (0, f"{run_id}\n")
    assert f"logs --workspace {workspace.location} -f {run_id}" in errors
    assert call("logs", "-f", run_id)[:2] == (0, "given ['0.25']\n")
    record = store.get_run(run_id)
    assert (record.experiment_name, record.display_name, record.tags) == ("ridge", "größe", {"a": "b=c", "best": None})
    shown = call("show", "@latest").output
    assert all(text in shown for text in ("train.py 0.25", "alpha", "azureml-logs/70_driver_log.txt"))
    assert run_id in call("runs", "--status", "Completed").output


def test_what_stands_after_the_script_is_the_scripts_and_another_python_runs_it(call: Call, project: Path) -> None:
    link = project / "bin" / "python"
    link.parent.mkdir()
    link.symlink_to(sys.executable)
    (project / "which.py").write_text("import sys; print(sys.executable, sys.argv[1:])")
    given = ["--", "--json", "--name", "x y", "--", "-n", "--workspace", "", "größe", "--fol", "-0.5"]

    code, output, errors = call(
        "submit", "--experiment", "ridge", "--follow", "--python", "bin/python", "which.py", *given
    )

    assert (code, output) == (0, f"{link} {given}\n")
    assert "has ended as Completed" in errors


def test_waiting_is_quiet_and_a_folder_becomes_a_workspace(call: Call, project: Path) -> None:
    options = ["--workspace", "./new", "--experiment", "ridge", "--wait"]
    assert call("submit", *options, "nope.py").code == 2
    assert not (project / "new").exists()

    code, output, errors = call("submit", *options, "train.py")

    assert code == 0
    assert len(output.split()) == 1
    assert f"run {output.strip()} has ended as Completed" in errors
    assert output.strip() in call("runs", "--workspace", "new").output


def test_runs_wait_for_a_target_and_are_cancelled_there(call: Call, store: RunStore) -> None:
    call("targets", "gpu", "--max-runs", "1")
    options = ["--experiment", "ridge", "--target", "gpu", "train.py", "0", "--wait"]
    first, second = (call("submit", *options).output.strip() for _ in range(2))
    wait_for(store, first, {RunStatus.RUNNING})

    assert call("targets", "gpu").output.splitlines()[1].split() == ["gpu", "1", "1", "1"]
    assert second in call("runs", "--status", "queued").output
    assert call("cancel", second)[:2] == (0, f"{second}  Canceled\n")
    assert call("targets", "gpu").output.splitlines()[1].split() == ["gpu", "1", "1", "0"]
    assert call("cancel", first).code == 0
    assert call("logs", "-f", first).code == 1
    assert store.get_run(first).status == RunStatus.CANCELED


def test_a_list_clears_up_after_a_killed_supervisor_and_is_a_list_alone(call: Call, store: RunStore) -> None:
    run_id = call("submit", "--experiment", "ridge", "train.py", "0", "--wait").output.strip()
    writer = wait_for(store, run_id, {RunStatus.RUNNING}).writer
    assert writer is not None
    supervisor = psutil.Process(writer.pid)
    supervisor.kill()
    psutil.wait_procs([supervisor], timeout=DEADLINE_SECONDS)

    deadline = time.monotonic() + DEADLINE_SECONDS
    while (reply := json.loads(call("runs", "--json").output)[0])["status"] != "Failed":
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert reply["error"]["message"]
    assert call("runs").output.splitlines()[1].split()[:2] == [run_id, "Failed"]


def test_a_followed_run_that_fails_ends_with_one(call: Call) -> None:
    code, output, errors = call("submit", "--experiment", "ridge", "--follow", "train.py", "0", "--fail")

    assert code == 1
    assert "given ['0', '--fail']" in output
    assert "ValueError: no good" in output
    assert "has ended as Failed: User program failed with ValueError: no good\n" in errors


def test_a_very_long_error_is_shortened_where_it_is_told_and_shown_whole(call: Call, project: Path) -> None:
    (project / "train.py").write_text("raise ValueError('a' * 50_000 + ' the end')")

    code, _, errors = call("submit", "--experiment", "ridge", "--wait", "train.py")

    assert code == 1
    assert "ValueError: aaaa" in errors
    assert "show --workspace" in errors
    assert len(errors) < 2_000
    assert "a" * 50_000 + " the end" in call("show", "@latest").output


def test_programs_are_given_the_run_its_log_and_the_run(call: Call) -> None:
    code, output, _ = call("--json", "submit", "--experiment", "ridge", "--follow", "train.py", "0")

    first, *lines, last = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    assert (first["experiment_name"], last["status"]) == ("ridge", "Completed")
    assert first["run_id"] == last["run_id"]
    assert "given ['0']" in [line["text"] for line in lines]


def test_links_that_are_not_copied_are_told_once(start: Start, project: Path) -> None:
    (project / "data").symlink_to(project.parent)

    process = start("submit", "--experiment", "ridge", "--wait", "train.py")
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 0
    assert errors.decode().count("1 link is not copied") == 1
    assert "warning: 1 link is not copied" in errors.decode()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to one process")
def test_ctrl_c_ends_the_waiting_and_not_the_run(start: Start, call: Call, store: RunStore) -> None:
    process = start("submit", "--experiment", "ridge", "--follow", "train.py", "0", "--wait")
    assert process.stdout is not None
    read_until(process.stdout, b"given")

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)

    (record,) = store.list_runs(RunQuery()).runs
    assert process.returncode == 130
    assert f"run {record.run_id} goes on" in errors.decode()
    assert record.status == RunStatus.RUNNING
    assert call("cancel", "@latest").code == 0
    wait_for(store, record.run_id, {RunStatus.CANCELED})


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nope.py"], "nope.py"),
        (["--source", "nope", "train.py"], "nope"),
        (["--python", "./nope", "train.py"], "nope' does not exist. Give --python a Python that is there"),
        (["--python", "nope", "train.py"], "There is no interpreter 'nope' on PATH. Give --python"),
        (["--requirements", "nope.txt", "train.py"], "nope.txt"),
        (["--target", "nope", "train.py"], "there are: 'local'. Name one of them, or make it with `"),
        (["--target", "nope", "train.py"], " targets nope --max-runs 4`."),
        (["--experiment", "bad name", "train.py"], "bad name"),
        (["--name", "\udcff", "train.py"], "udcff"),
        (["--tag", "\udcff=1", "train.py"], "udcff"),
        (["--target", "\udcff", "train.py"], "udcff"),
    ],
)
def test_what_is_wrong_is_said_before_there_is_a_run(
    call: Call, store: RunStore, arguments: list[str], reason: str
) -> None:
    code, output, errors = call("submit", "--experiment", "ridge", *arguments)

    assert (code, output) == (2, "")
    assert "error: " in errors
    assert reason in errors
    assert store.list_runs(RunQuery()).runs == ()


@pytest.mark.parametrize(
    "arguments", [["--tag", "=x"], ["--follow", "--wait"], ["--python", "x", "--requirements", "y"]]
)
def test_wrong_usage_ends_with_two(call: Call, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        call("submit", "--experiment", "ridge", *arguments, "train.py")

    assert end.value.code == 2


@pytest.mark.parametrize(
    ("script", "source", "expected"),
    [
        ("train.py", None, (".", "train.py")),
        ("src/train.py", None, (".", "src/train.py")),
        ("../other/train.py", None, ("../other", "train.py")),
        ("train.py", "src", ("src", "train.py")),
        ("src/train.py", "src", ("src", "train.py")),
        ("src/nope.py", "src", ("src", "nope.py")),
        ("nope.py", "src", ("src", "nope.py")),
        ("../other/train.py", "src", ("src", "../other/train.py")),
    ],
)
def test_sources_are_found(project: Path, script: str, source: str | None, expected: tuple[str, str]) -> None:
    for folder in (project / "src", project.parent / "other"):
        folder.mkdir()
        (folder / "train.py").touch()

    folder, path = find_sources(script, source)

    assert (folder.resolve(), path) == (Path(expected[0]).resolve(), expected[1])
