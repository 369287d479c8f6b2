"""Deleting a workspace beside other processes that write to it: nothing of theirs is lost without a word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import Conflict, StoreUnavailable, WorkspaceNotFound
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore
from aml_widgets.tracking import workspace_deletion
from aml_widgets.tracking.datastore import Datastore
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace

OTHER_PROGRAM = """
import sys
from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace
workspace = Workspace.open(sys.argv[1])
experiment = Experiment(workspace, "ridge")
print("ready", flush=True)
for line in sys.stdin:
    try:
        if line == "log\\n":
            run = experiment.start_logging(snapshot_directory=None, outputs=False)
            run.log("loss", 0.5)
            run.complete()
            print("logged", run.id, flush=True)
        elif line == "close\\n":
            workspace.store.close()
            print("closed", flush=True)
    except AmlWidgetsError as error:
        print(type(error).__name__, str(error).replace("\\n", " "), flush=True)
"""

Tell = Callable[[str], None]
Answer = Callable[[], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def mine(folder: Path) -> Workspace:
    return Workspace.open(folder)


@pytest.fixture
def other(mine: Workspace) -> Iterator[tuple[Tell, Answer]]:
    """Another process that has the workspace open: a way to tell it what to do, and one to hear of it."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROGRAM, mine.location], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def tell(what: str) -> None:
        stdin.write(f"{what}\n")
        stdin.flush()

    assert stdout.readline() == "ready\n"
    yield tell, lambda: stdout.readline().strip()

    process.communicate(timeout=60)


def after_count(monkeypatch: pytest.MonkeyPatch, number: int, do: Callable[[], None]) -> list[str]:
    """Do something when the work was counted for the nth time; give what was counted."""
    count = workspace_deletion._count_work
    counted: list[str] = []

    def count_and_do(workspace: Workspace) -> str:
        counted.append(count(workspace))
        if len(counted) == number:
            do()
        return counted[-1]

    monkeypatch.setattr(workspace_deletion, "_count_work", count_and_do)
    return counted


def test_a_run_that_another_process_ends_after_the_counting_stays(
    mine: Workspace, other: tuple[Tell, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, answer = other
    told: list[str] = []

    def let_it_log() -> None:
        tell("log")
        told.append(answer())

    after_count(monkeypatch, 1, let_it_log)

    with pytest.raises(Conflict, match="holds 1 run, and"):
        mine.delete()

    word, run_id = told[0].split()
    assert word == "logged"
    again = SqliteRunStore.open(Path(mine.location), create=False)
    assert again.get_run(run_id).status == "Completed"
    assert list(again.read_history(run_id, "loss").values) == [0.5]
    again.close()


def test_a_process_that_writes_during_the_deletion_is_told(
    mine: Workspace, folder: Path, other: tuple[Tell, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell, answer = other
    counted = after_count(monkeypatch, 2, lambda: tell("log"))  # it waits for the lock, or comes when all is over

    mine.delete()

    assert counted == ["", ""]
    assert answer().startswith("StoreUnavailable")
    assert not folder.exists()


def test_a_process_that_writes_after_the_deletion_is_told_also_where_there_is_a_new_workspace(
    mine: Workspace, folder: Path, other: tuple[Tell, Answer]
) -> None:
    tell, answer = other

    mine.delete()

    tell("log")
    assert answer().startswith("StoreUnavailable")
    assert not folder.exists()

    new = Workspace.open(folder)
    run = Experiment(new, "new").start_logging(snapshot_directory=None, outputs=False)
    run.log("loss", 0.25)
    tell("log")
    assert answer().startswith("StoreUnavailable")
    tell("close")  # SQLite removes files by their names then
    assert answer() == "closed"
    run.log("loss", 0.125)
    run.complete()

    program = (
        "import sys; from pathlib import Path; from aml_widgets.store.sqlite.store import SqliteRunStore\n"
        "store = SqliteRunStore.open(Path(sys.argv[1]), create=False)\n"
        "print(store.get_run(sys.argv[2]).status, list(store.read_history(sys.argv[2], 'loss').values))"
    )
    read = subprocess.run(
        [sys.executable, "-c", program, str(folder), run.id], check=True, capture_output=True, text=True
    )
    assert read.stdout == "Completed [0.25, 0.125]\n"


def test_whoever_has_it_open_in_this_process_is_told(mine: Workspace, folder: Path) -> None:
    another = Workspace.open(folder)
    experiment = Experiment(another, "ridge")

    mine.delete()

    for use in (mine, another):
        with pytest.raises(StoreUnavailable, match="it was deleted"):
            Experiment(use, "other")
    with pytest.raises(StoreUnavailable):
        experiment.start_logging(snapshot_directory=None)
    assert not folder.exists()


def test_one_whose_deletion_was_interrupted_is_no_workspace(mine: Workspace, folder: Path) -> None:
    another = SqliteRunStore.open(folder)
    another.get_info()
    mine.store._database.delete(lambda: None)  # type: ignore[attr-defined]  # and then the process was killed

    for create in (False, True):
        with pytest.raises(WorkspaceNotFound, match="its deletion was interrupted.*delete that file: it holds nothing"):
            Workspace.open(folder, create=create)
    for use in (another.get_info, lambda: another.open_experiment("ridge"), lambda: another.set_info({"a": "b"})):
        with pytest.raises(StoreUnavailable, match="was deleted while it was open here"):
            use()

    another.close()
    for file in folder.glob(f"{DATABASE_NAME}*"):
        file.unlink()
    assert Workspace.open(folder).experiments == {}


def test_empty_folders_of_datastores_go_with_it(mine: Workspace, folder: Path) -> None:
    Datastore(mine).as_upload()

    mine.delete()

    assert not folder.exists()


def test_files_in_datastores_stay(mine: Workspace, folder: Path) -> None:
    (Datastore(mine).as_upload().local_path / "data.csv").write_text("1")

    with pytest.raises(Conflict, match="1 file in datastores"):
        mine.delete()

    assert Workspace.open(folder, create=False) == mine
