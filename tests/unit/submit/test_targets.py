"""Named targets, and the file that keeps them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    InvalidName,
    NotAStore,
    StoreCorrupt,
    StoreError,
    StoreIsNewer,
    StoreReadOnly,
    TargetInUse,
    TargetNotFound,
    UserError,
)
from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.submit.engines import queue, targets, targets_database


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("AML_WIDGETS_HOME", str(home))
    return home


def test_a_target_is_made_changed_read_and_deleted() -> None:
    made = targets.set_target("four", 4)

    assert (made.name, made.max_concurrent_runs) == ("four", 4)
    assert targets.set_target("four", 2).created_at == made.created_at
    assert targets.get_target("four").max_concurrent_runs == 2
    assert targets.update_target("four", 8).max_concurrent_runs == 8
    targets.delete_target("four")
    assert targets.list_targets() == []


def test_targets_are_listed_by_name() -> None:
    for name in ("b", "C", "a"):
        targets.set_target(name, 1)

    assert [target.name for target in targets.list_targets()] == ["C", "a", "b"]


def test_another_process_sees_them() -> None:
    targets.set_target("four", 4)
    program = "from aml_widgets.submit.engines import targets; print(targets.get_target('four').max_concurrent_runs)"

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert said == "4\n"


@pytest.mark.parametrize(
    "ask", [targets.get_target, targets.delete_target, lambda name: targets.update_target(name, 1)]
)
def test_an_unknown_one_names_the_known_ones(ask: object) -> None:
    targets.set_target("four", 4)

    with pytest.raises(TargetNotFound, match="no compute target 'five'.*'local', 'four'.*LocalTarget.create") as caught:
        ask("five")  # type: ignore[operator]

    assert caught.value.value == "five"


@pytest.mark.parametrize("name", ["", "-a", "a b", "a/b", "..", "ä", "a" * 65, None, 4])
def test_names_have_a_rule(name: object) -> None:
    with pytest.raises(InvalidName, match="must be 1 to 64 ASCII letters"):
        targets.set_target(name, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["local", "Local"])
def test_local_cannot_be_made(name: str) -> None:
    with pytest.raises(InvalidName, match="always there"):
        targets.set_target(name, 1)


@pytest.mark.parametrize("count", [0, -1, 1.0, "4", None, True, 10_001])
def test_the_number_of_runs_is_an_integer_from_1(count: object) -> None:
    with pytest.raises(UserError, match="must be an integer from 1 to 10,000"):
        targets.set_target("four", count)  # type: ignore[arg-type]

    assert targets.list_targets() == []


def test_a_target_with_runs_is_not_deleted() -> None:
    targets.set_target("four", 4)
    queue.enter("four", "a", "/tmp/runs", lambda target: this_process())

    with pytest.raises(TargetInUse, match=r"'four' has 1 run waiting or running.*list_by_compute"):
        targets.delete_target("four")

    queue.take_out("a")
    targets.delete_target("four")


def test_a_run_that_has_ended_keeps_no_target(tmp_path: Path) -> None:
    """Its place is freed a moment later, when its supervisor has left."""
    targets.set_target("four", 4)
    with closing(SqliteRunStore.open(tmp_path / "runs")) as store:
        experiment_id = store.open_experiment("ridge").experiment_id
        run_ids = [store.create_run(NewRun(experiment_id=experiment_id)).run_id for _ in range(2)]
        for run_id in run_ids:
            queue.enter("four", run_id, str(tmp_path / "runs"), lambda target: this_process())
        store.set_status(run_ids[0], RunStatus.COMPLETED)
        with pytest.raises(TargetInUse, match="'four' has 1 run waiting or running"):
            targets.delete_target("four")
        assert len(queue.list_entries("four")) == 2
        store.set_status(run_ids[1], RunStatus.FAILED)

    targets.delete_target("four")

    assert targets.list_targets() == []
    assert queue.find_entry(run_ids[0]) is None


def test_reading_makes_nothing(home: Path) -> None:
    assert targets.list_targets() == []
    assert queue.find_entry("a") is None

    assert not home.exists()


def test_a_home_that_cannot_be_written_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", "/sys/aml_widgets_home")  # no disk of ours: nobody may make folders there
    if not os.path.isdir("/sys"):  # noqa: PTH112
        pytest.skip("no such file system here")

    assert targets.list_targets() == []
    with pytest.raises(StoreReadOnly, match="/sys/aml_widgets_home.*AML_WIDGETS_HOME"):
        targets.set_target("four", 4)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="may write everywhere")
def test_a_read_only_home_can_be_read(home: Path) -> None:
    targets.set_target("four", 4)
    targets_database.get_path().chmod(0o400)
    home.chmod(0o500)
    try:
        assert targets.get_target("four").max_concurrent_runs == 4
        with pytest.raises(StoreReadOnly):
            targets.set_target("four", 5)
    finally:
        home.chmod(0o700)


def test_a_home_that_is_a_file_says_so(home: Path) -> None:
    home.write_text("notes")

    with pytest.raises(StoreError, match="Compute targets cannot be kept in"):
        targets.set_target("four", 4)


def test_the_database_of_another_program_is_left_alone(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(targets_database.get_path()) as other:
        other.execute("create table mine (x)")
    other.close()

    with pytest.raises(NotAStore, match="of another program"):
        targets.set_target("four", 4)


def test_a_newer_schema_is_left_alone() -> None:
    targets.set_target("four", 4)
    with sqlite3.connect(targets_database.get_path()) as newer:
        newer.execute(f"pragma user_version = {targets_database.VERSION + 1}")
    newer.close()

    for ask in (targets.list_targets, lambda: targets.set_target("five", 5)):
        with pytest.raises(StoreIsNewer, match="Upgrade aml-widgets"):
            ask()


def test_a_damaged_file_says_so() -> None:
    targets.set_target("four", 4)
    path = targets_database.get_path()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)

    with pytest.raises(StoreCorrupt, match="is damaged"):
        targets.list_targets()


def test_two_processes_that_make_the_file_at_once_make_one() -> None:
    program = "import sys; from aml_widgets.submit.engines import targets; sys.stdin.readline(); targets.set_target(sys.argv[1], 4)"
    processes = [
        subprocess.Popen([sys.executable, "-c", program, f"target_{number}"], stdin=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    for process in processes:
        process.communicate("go\n")

    assert [process.returncode for process in processes] == [0] * 4
    assert len(targets.list_targets()) == 4
