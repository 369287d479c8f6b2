"""Logs are printed as they are, their ends are found, and they are followed until the run has ended."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.cli.following import LogFollower, choose_log, find_last_lines
from aml_widgets.core.records import ArtifactRecord, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing import empty_run, failed_run, finished_run, run_with_logs, running_run
from aml_widgets.testing.seeded import append_log

from .conftest import Call, Start

needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to one process")


def read_until(stream: IO[bytes], wanted: bytes) -> bytes:
    content = b""
    while wanted not in content:
        line = stream.readline()
        assert line, f"it ended with {content!r}"
        content += line
    return content


def test_a_log_is_printed_as_it_is(call: Call, store: RunStore) -> None:
    run = running_run(store)
    content = bytes(range(256)) + b"\x1b[31mred\x1b[0m\r\xff no end"
    path = store.artifacts.append_path(run.run_id, "logs/user_log.txt")
    path.write_bytes(content)

    code, output, errors = call("logs", run.run_id)

    assert (code, errors) == (0, "")
    assert output.encode("utf-8", "surrogateescape") == content


def test_of_several_logs_it_is_the_one_that_the_script_printed(call: Call, store: RunStore) -> None:
    run = run_with_logs(store)

    code, output, errors = call("logs", run.run_id)

    assert code == 0
    assert output.startswith("driver started\n")
    assert errors == "==> azureml-logs/70_driver_log.txt <==\n"


@pytest.mark.parametrize("text", ["logs/user_log.txt", "user_log.txt"])
def test_a_log_is_chosen_by_its_path_or_the_end_of_it(call: Call, store: RunStore, text: str) -> None:
    run = run_with_logs(store, n_lines=3)

    code, output, errors = call("logs", run.run_id, text, "-n", "2")

    assert (code, errors) == (0, "")
    assert output == "step 1: loss 0.5000\nstep 2: loss 0.3333\n"


def test_an_end_of_several_paths_is_refused(call: Call, store: RunStore) -> None:
    run = running_run(store)
    append_log(store, run, "logs/a/train.txt", "")
    append_log(store, run, "logs/b/train.txt", "")

    code, output, errors = call("logs", run.run_id, "train.txt")

    assert (code, output) == (2, "")
    assert "logs/a/train.txt, logs/b/train.txt" in errors


@pytest.mark.parametrize("text", ["nope.txt", "log.txt", "../../runs.db", "/etc/passwd", "\x1b[2J"])
def test_another_file_is_an_error_that_names_the_logs(call: Call, store: RunStore, text: str) -> None:
    run = running_run(store)

    code, output, errors = call("logs", run.run_id, text)

    assert (code, output) == (2, "")
    assert "Its logs are logs/user_log.txt" in errors
    assert "\x1b" not in errors


def test_a_run_without_logs_says_so(call: Call, store: RunStore) -> None:
    run = empty_run(store)

    code, output, errors = call("logs", run.run_id)

    assert (code, output) == (0, "")
    assert "has no log" in errors


def test_programs_are_given_a_line_as_an_object(call: Call, store: RunStore) -> None:
    run = running_run(store)
    append_log(store, run, "logs/user_log.txt", "größe \x1b[31m\nno end")

    code, output, _ = call("logs", run.run_id, "--json")

    assert code == 0
    assert output.isascii()
    assert [json.loads(line) for line in output.splitlines()] == [
        {"run_id": run.run_id, "path": "logs/user_log.txt", "text": text}
        for text in ("epoch 1", "epoch 2", "größe \x1b[31m", "no end")
    ]


@pytest.mark.parametrize(("make", "code"), [(finished_run, 0), (failed_run, 1)])
def test_following_a_run_that_has_ended_says_how(call: Call, store: RunStore, make: object, code: int) -> None:
    run: RunRecord = make(store)  # type: ignore[operator]

    outcome = call("logs", run.run_id, "-f")

    assert outcome.code == code
    assert f"has ended as {run.status}" in outcome.errors


@pytest.mark.parametrize(("status", "code"), [("Completed", 0), ("Failed", 1), ("Canceled", 1)])
def test_a_log_is_followed_until_the_run_has_ended(start: Start, store: RunStore, status: str, code: int) -> None:
    run = running_run(store)
    process = start("logs", "-f", run.run_id)
    assert process.stdout is not None
    printed = read_until(process.stdout, b"epoch 2\n")

    append_log(store, run, "logs/user_log.txt", "epoch 3\n")
    printed += read_until(process.stdout, b"epoch 3\n")
    append_log(store, run, "logs/user_log.txt", "epoch 4, and no more")
    store.set_status(run.run_id, RunStatus(status), error=RunError(code="x", message="why\x1b[31m"))
    rest, errors = process.communicate(timeout=60)

    assert printed + rest == b"epoch 1\nepoch 2\nepoch 3\nepoch 4, and no more"
    assert process.returncode == code
    assert f"has ended as {status}: why\\x1b[31m" in errors.decode()


def test_following_from_the_end_prints_what_is_new(start: Start, store: RunStore) -> None:
    run = running_run(store)
    process = start("logs", "-f", "-n", "0", run.run_id)
    assert process.stderr is not None
    read_until(process.stderr, b"==> logs/user_log.txt <==\n")

    append_log(store, run, "logs/user_log.txt", "epoch 3\n")
    store.set_status(run.run_id, RunStatus.COMPLETED)

    assert process.communicate(timeout=60)[0] == b"epoch 3\n"


def test_a_log_that_comes_later_is_followed(start: Start, store: RunStore) -> None:
    run = running_run(store)
    process = start("logs", "-f", run.run_id, "logs/later.txt")
    assert process.stdout is not None

    append_log(store, run, "logs/later.txt", "late\n")

    assert process.stdout.readline() == b"late\n"
    store.set_status(run.run_id, RunStatus.COMPLETED)
    assert process.wait(timeout=60) == 0


def test_followed_objects_end_with_the_run(start: Start, store: RunStore) -> None:
    run = running_run(store)
    process = start("logs", "-f", run.run_id, "--json")
    assert process.stdout is not None
    first = process.stdout.readline()

    store.set_status(run.run_id, RunStatus.COMPLETED)
    lines = [first, *process.communicate(timeout=60)[0].splitlines()]

    replies = [json.loads(line) for line in lines]
    assert [reply.get("text") for reply in replies] == ["epoch 1", "epoch 2", None]
    assert replies[-1]["status"] == "Completed"


@needs_signals
def test_ctrl_c_ends_the_following_and_not_the_run(start: Start, store: RunStore) -> None:
    run = running_run(store)
    process = start("logs", "-f", run.run_id)
    assert process.stdout is not None
    read_until(process.stdout, b"epoch 2\n")

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert f"run {run.run_id} goes on" in errors.decode()
    assert "Traceback" not in errors.decode()
    assert store.get_run(run.run_id).status == RunStatus.RUNNING


def test_a_reader_that_has_enough_is_no_error(start: Start, store: RunStore) -> None:
    run = running_run(store)
    append_log(store, run, "logs/user_log.txt", "x" * 99 + "\n" * 50_000)
    process = start("logs", run.run_id)
    assert process.stdout is not None

    assert process.stdout.readline() == b"epoch 1\n"
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""


class Collected:
    """Keeps what it is given, and from which log."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.path = ""

    def begin(self, path: str) -> None:
        self.path = path
        self.contents.setdefault(path, b"")

    def write(self, content: bytes) -> None:
        self.contents[self.path] += content

    def finish(self) -> None:
        pass


def test_a_log_is_read_to_its_end_before_a_better_one_is_taken(store: RunStore) -> None:
    run = empty_run(store)
    collected = Collected()
    follower = LogFollower(store, run.run_id, collected)
    assert not follower.advance()
    append_log(store, run, "azureml-logs/65_job_prep.txt", "prepared\n")
    assert not follower.advance()

    append_log(store, run, "azureml-logs/20_image_build_log.txt", "built a ")
    assert follower.advance()
    append_log(store, run, "azureml-logs/20_image_build_log.txt", "lot\n")
    append_log(store, run, "azureml-logs/70_driver_log.txt", "epoch 1\n")
    assert follower.advance()
    append_log(store, run, "azureml-logs/70_driver_log.txt", "epoch 2\n")
    append_log(store, run, "azureml-logs/75_job_post.txt", "done\n")
    follower.finish()

    assert collected.contents == {
        "azureml-logs/20_image_build_log.txt": b"built a lot\n",
        "azureml-logs/70_driver_log.txt": b"epoch 1\nepoch 2\n",
    }


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        ([], None),
        (["logs/train.txt"], "logs/train.txt"),
        (["logs/zebra.txt", "logs/user_log.txt"], "logs/user_log.txt"),
        (["azureml-logs/70_driver_log_10.txt", "azureml-logs/70_driver_log_2.txt"], "azureml-logs/70_driver_log_2.txt"),
        (["azureml-logs/70_driver_log.txt", "azureml-logs/75_job_post-a.txt"], "azureml-logs/70_driver_log.txt"),
        (
            ["azureml-logs/65_job_prep-a.txt", "azureml-logs/20_image_build_log.txt"],
            "azureml-logs/20_image_build_log.txt",
        ),
        (["azureml-logs/65_job_prep-a.txt"], "azureml-logs/65_job_prep-a.txt"),
    ],
)
def test_the_log_that_says_most_is_chosen(paths: list[str], chosen: str | None) -> None:
    artifacts = [ArtifactRecord(path=path, size_bytes=1, written_at=0.0, is_log=True) for path in paths]
    model = ArtifactRecord(path="outputs/99_model.pkl", size_bytes=1, written_at=0.0)

    assert choose_log([*artifacts, model]) == chosen


@given(
    lines=st.lists(st.binary(max_size=5).map(lambda line: line.replace(b"\n", b"")), max_size=30),
    count=st.integers(0, 40),
)
def test_the_last_lines_are_the_last_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], count: int
) -> None:
    artifacts = FolderArtifactStore(tmp_path_factory.getbasetemp())
    content = b"\n".join(lines)
    artifacts.append_path("run", "log.txt").write_bytes(content)

    start = find_last_lines(artifacts, "run", "log.txt", count)

    expected = [line + b"\n" for line in content.split(b"\n")]
    expected[-1] = expected[-1][:-1]
    if expected[-1] == b"":
        expected.pop()
    assert content[start:] == b"".join(expected[len(expected) - min(count, len(expected)) :])


def test_the_last_lines_of_a_large_log_are_found_from_its_end(tmp_path: Path) -> None:
    artifacts = FolderArtifactStore(tmp_path)
    content = b"".join(b"%d %s\n" % (number, b"x" * 1000) for number in range(1000))
    artifacts.append_path("run", "log.txt").write_bytes(content)

    start = find_last_lines(artifacts, "run", "log.txt", 500)

    assert content[start:].startswith(b"500 ")
