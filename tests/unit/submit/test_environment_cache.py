from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import EnvironmentBuildStopped
from aml_widgets.submit.environments import environment_cache
from aml_widgets.testing.support import wait_until

KEY = environment_cache.make_key(["tiny"])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path))
    return tmp_path


def go_on() -> bool:
    return False


def build(key: str = KEY, name: str = "tiny") -> tuple[Path, Path]:
    """Make an attempt with an interpreter that is a link, as in a virtual environment."""
    attempt = environment_cache.new_attempt(key)
    interpreter = attempt / "environment" / "python"
    interpreter.parent.mkdir()
    interpreter.symlink_to(sys.executable)
    environment_cache.mark_complete(attempt, interpreter, {"name": name})
    return attempt, interpreter


def test_the_key_depends_on_contents_alone() -> None:
    assert environment_cache.make_key([1, ("a", "b"), {"x": 1, "y": 2}]) == environment_cache.make_key(
        [1, ["a", "b"], {"y": 2, "x": 1}]
    )
    assert environment_cache.make_key(["a"]) != environment_cache.make_key(["b"])


def test_only_what_is_complete_is_found() -> None:
    assert environment_cache.find_built(KEY) is None
    attempt = environment_cache.new_attempt(KEY)
    (attempt / "python").symlink_to(sys.executable)
    assert environment_cache.find_built(KEY) is None

    environment_cache.mark_complete(attempt, attempt / "python", {"name": "tiny"})

    assert environment_cache.find_built(KEY) == attempt / "python"


def test_what_an_attempt_left_is_removed_by_the_next() -> None:
    left = environment_cache.new_attempt(KEY)
    (left / "half").write_text("x")

    attempt = environment_cache.new_attempt(KEY)

    assert attempt != left
    assert list(attempt.parent.iterdir()) == [attempt]


def test_a_discarded_attempt_leaves_nothing() -> None:
    attempt = environment_cache.new_attempt(KEY)
    (attempt / "half").write_text("x")

    environment_cache.discard(attempt)

    assert not attempt.parent.exists()


def test_an_environment_whose_python_was_removed_is_not_found() -> None:
    _, interpreter = build()
    interpreter.unlink()
    interpreter.symlink_to("/nowhere/python")

    assert environment_cache.find_built(KEY) is None
    assert environment_cache.list_environments() == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"interpreter": 1}', "\xff"])
def test_a_damaged_marker_counts_as_none(content: str) -> None:
    attempt, _ = build()
    (attempt.parent / "complete.json").write_text(content, encoding="latin-1")

    assert environment_cache.find_built(KEY) is None


def test_environments_are_listed_with_size_and_last_use_the_longest_unused_first() -> None:
    build(environment_cache.make_key("new"), "new")
    attempt, interpreter = build()
    (attempt / "data").write_bytes(b"x" * 1000)
    os.utime(attempt.parent / "complete.json", (1_000_000_000, 1_000_000_000))

    first, second = environment_cache.list_environments()

    assert (first.name, first.folder, first.interpreter) == ("tiny", attempt.parent, interpreter)
    assert first.last_used_at == 1_000_000_000
    assert first.built_at > 1_700_000_000
    assert 1000 < first.size_bytes < 2000
    assert second.name == "new"

    environment_cache.find_built(KEY)

    assert environment_cache.list_environments()[-1].name == "tiny"


HOLDER = """
import sys
from aml_widgets.submit.environments import environment_cache
with environment_cache.locked(sys.argv[1], on_wait=lambda: print("waits", flush=True), stop=lambda: False):
    print("holds", flush=True)
    input()
"""


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it is killed or its input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, KEY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_one_process_at_a_time_and_the_other_says_that_it_waits(holder: subprocess.Popen[str]) -> None:
    told: list[str] = []
    got_it = threading.Event()

    def wait_for_it() -> None:
        with environment_cache.locked(KEY, on_wait=lambda: told.append("waits"), stop=go_on):
            got_it.set()

    waiter = threading.Thread(target=wait_for_it)
    waiter.start()
    wait_until(lambda: told == ["waits"])
    assert not got_it.is_set()

    holder.kill()  # the lock of the dead is free
    waiter.join(30.0)

    assert got_it.is_set()
    assert told == ["waits"]


def test_other_environments_are_not_waited_for(holder: subprocess.Popen[str]) -> None:
    with environment_cache.locked("other", on_wait=lambda: pytest.fail("waited"), stop=go_on):
        assert holder.poll() is None


def test_waiting_can_be_stopped(holder: subprocess.Popen[str]) -> None:
    told: list[str] = []

    with (
        pytest.raises(EnvironmentBuildStopped),
        environment_cache.locked(KEY, on_wait=lambda: told.append("waits"), stop=lambda: bool(told)),
    ):
        pytest.fail("got the lock")

    assert holder.poll() is None


def test_an_environment_is_removed_whole_and_others_stay() -> None:
    attempt, _ = build()
    _, other = build(environment_cache.make_key("other"), "other")

    assert environment_cache.remove(KEY, is_used=go_on)

    assert not attempt.parent.exists()
    assert [one.interpreter for one in environment_cache.list_environments()] == [other]
    assert environment_cache.remove(KEY, is_used=go_on)  # it is gone


def test_while_it_is_asked_whether_an_environment_is_used_nobody_finds_it() -> None:
    build()
    found: list[Path | None] = []

    def look() -> bool:
        found.append(environment_cache.find_built(KEY))
        return False

    assert environment_cache.remove(KEY, is_used=look)
    assert found == [None]


def test_an_environment_in_use_is_put_back_as_it_was() -> None:
    attempt, interpreter = build()
    os.utime(attempt.parent / "complete.json", (1_000_000_000, 1_000_000_000))
    before = environment_cache.list_environments()

    assert not environment_cache.remove(KEY, is_used=lambda: True)

    assert environment_cache.list_environments() == before
    assert environment_cache.find_built(KEY) == interpreter


def test_an_environment_stays_where_it_cannot_be_known_whether_it_is_used() -> None:
    _, interpreter = build()

    def look() -> bool:
        raise OSError("no answer")

    with pytest.raises(OSError, match="no answer"):
        environment_cache.remove(KEY, is_used=look)
    assert environment_cache.find_built(KEY) == interpreter


def test_an_environment_that_another_process_works_on_is_not_removed(holder: subprocess.Popen[str]) -> None:
    _, interpreter = build()

    assert not environment_cache.remove(KEY, is_used=go_on)

    assert holder.poll() is None
    assert environment_cache.find_built(KEY) == interpreter
