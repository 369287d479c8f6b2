"""Environments that were built for scripts are listed and removed from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core import clock
from aml_widgets.submit.environments import environment_cache, interpreters
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.testing.support import wait_until

from .conftest import Call, Start

ENVIRONMENT = {"name": "needed", "python": {"condaDependencies": {"dependencies": [{"pip": ["tiny==1"]}]}}}


def build(name: str, key: str | None = None) -> Path:
    """Make an environment whose Python is a link, as in a virtual one; give that."""
    attempt = environment_cache.new_attempt(key or environment_cache.make_key(name))
    interpreter = attempt / "environment" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    interpreter.symlink_to(sys.executable)
    (attempt / "library.so").write_bytes(b"x" * 2_000_000)
    environment_cache.mark_complete(attempt, interpreter, {"name": name})
    return interpreter


def key_of(interpreter: Path) -> str:
    return interpreter.parts[-5]


def names() -> list[str]:
    return sorted(one.name for one in environment_cache.list_environments())


@pytest.fixture
def worker() -> Iterator[Path]:
    """The Python of an environment in which a process runs."""
    interpreter = build("busy")
    with subprocess.Popen([interpreter, "-c", "print(1, flush=True); input()"], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield interpreter
        process.kill()


def test_environments_are_listed(call: Call, worker: Path) -> None:
    free = build("tiny")

    code, output, errors = call("environments")

    assert (code, errors) == (0, "")
    heading, *lines = output.splitlines()
    assert heading.split() == ["ENVIRONMENT", "NAME", "SIZE", "LAST", "USED", "INTERPRETER"]
    busy_line, free_line = sorted(lines, key=lambda line: "tiny" in line)
    assert busy_line.split() == [key_of(worker)[:12], "busy", "2.0", "MB", "in", "use", str(worker)]
    assert free_line.startswith(f"{key_of(free)[:12]}")
    assert "in use" not in free_line
    assert call("environments", "list").output == output


def test_programs_are_told_all_of_them(call: Call, worker: Path) -> None:
    free = build("tiny")

    found = {one["name"]: one for one in json.loads(call("environments", "--json").output)}

    assert set(found) == {"busy", "tiny"}
    assert (found["busy"]["is_in_use"], found["tiny"]["is_in_use"]) == (True, False)
    assert (found["busy"]["interpreter"], found["tiny"]["key"]) == (str(worker), key_of(free))
    assert 2_000_000 < found["tiny"]["size_bytes"] < 2_010_000
    assert found["tiny"]["last_used_at"] >= found["tiny"]["built_at"] - 1


def test_there_may_be_none(call: Call) -> None:
    assert call("environments", "--json").output == "[\n]\n"
    assert call("environments", "remove", "--all").output == "0 environments (0 B) removed\n"


@pytest.mark.parametrize("by_name", [True, False])
def test_one_is_removed_and_the_others_stay(call: Call, by_name: bool) -> None:
    gone = build("tiny")
    build("other")

    code, output, _ = call("environments", "remove", "tiny" if by_name else key_of(gone)[:12], "--yes")

    assert (code, output) == (0, "1 environment (2.0 MB) removed\n")
    assert names() == ["other"]
    assert not gone.parents[3].exists()


def test_what_is_in_use_is_never_removed(call: Call, worker: Path) -> None:
    build("tiny")

    code, output, errors = call("environments", "remove", "--all", "--yes")

    assert (code, output) == (0, "1 environment (2.0 MB) removed\n")
    assert "busy is in use, and stays" in errors
    assert names() == ["busy"]
    assert call("environments", "remove", "busy", "--yes").code == 2
    assert worker.exists()


def test_what_a_run_needs_that_waits_is_in_use(call: Call) -> None:
    key = interpreters.find_key(ENVIRONMENT)
    assert key is not None
    build("needed", key)
    folder = RunFolder.of("waiting")
    folder.write(Submission(run_id="waiting", store_location="", snapshot_id="", environment=ENVIRONMENT))

    assert call("environments", "remove", "--all", "--yes").output == "0 environments (0 B) removed\n"
    assert names() == ["needed"]

    folder.submission_file.unlink()  # it has ended
    assert call("environments", "remove", "--all", "--yes").code == 0
    assert names() == []


def test_those_that_were_long_not_used_are_removed(call: Call) -> None:
    old = build("old")
    build("new")
    long_ago = clock.now() - 31 * 86_400
    os.utime(old.parents[3] / "complete.json", (long_ago, long_ago))

    assert [one["name"] for one in json.loads(call("environments", "--unused-days", "30", "--json").output)] == ["old"]
    code, output, _ = call("environments", "remove", "--unused-days", "30", "--yes", "--json")

    assert code == 0
    (reply,) = json.loads(output)
    assert (reply["name"], reply["is_removed"], reply["is_in_use"]) == ("old", True, False)
    assert names() == ["new"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["remove"], "Which environments are meant?"),
        (["remove", "mistyped", "--yes"], "'mistyped'. `environments list` shows them"),
        (["remove", "", "--yes"], "''. `environments list` shows them"),
        (["remove", "tiny", "--all", "--yes"], "name none beside it"),
        (["remove", "--all"], "1 environment (2.0 MB) would be removed. Nobody can be asked here: say --yes."),
        (["remove", "--all", "--json"], "say --yes"),
    ],
)
def test_nothing_is_removed_where_it_is_not_clear(call: Call, arguments: list[str], message: str) -> None:
    build("tiny")

    code, output, errors = call("environments", *arguments)

    assert (code, output) == (2, "")
    assert message in errors
    assert names() == ["tiny"]


def test_the_beginning_of_several_keys_is_none(call: Call) -> None:
    for key in ("ab1", "ab2"):
        build("tiny", key)

    code, _, errors = call("environments", "remove", "ab", "--yes")

    assert code == 2
    assert "'ab' is the beginning of 2 keys" in errors
    assert names() == ["tiny", "tiny"]


@pytest.mark.parametrize(("answer", "left"), [("y\n", []), ("\n", ["tiny"]), ("no\n", ["tiny"])])
def test_the_user_is_asked(start: Start, answer: str, left: list[str]) -> None:
    pty = pytest.importorskip("pty")
    build("tiny")
    leader, follower = pty.openpty()
    process = start("environments", "remove", "tiny", stdin=follower)
    os.close(follower)
    assert process.stdout is not None
    shown = b""

    def is_asked() -> bool:
        nonlocal shown
        assert process.stdout is not None
        shown += process.stdout.read(1)
        return shown.endswith(b"[y/N] ")

    wait_until(is_asked)
    assert b"Remove 1 environment (2.0 MB)?" in shown
    assert names() == ["tiny"]

    os.write(leader, answer.encode())

    process.communicate()
    os.close(leader)
    assert process.returncode == (2 if left else 0)
    assert names() == left
