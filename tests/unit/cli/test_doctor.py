"""The doctor finds what is wrong, names the command that mends it, and changes nothing."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from aml_widgets.cli import doctor
from aml_widgets.cli.checks import databases, disks
from aml_widgets.cli.checks.findings import Finding, Level, worst_of
from aml_widgets.cli.main import main
from aml_widgets.core.records import NewRun, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.store import registry
from aml_widgets.store.file_systems import Mount, find_mount
from aml_widgets.store.liveness import this_process
from aml_widgets.store.mlflow.files import server_key
from aml_widgets.store.mlflow.outbox.line_queue import LineQueue
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing import finished_run
from aml_widgets.tracking.workspace import Workspace

from .conftest import Call, Examine
from .doctor_report import found, only

pytestmark = pytest.mark.usefixtures("jupyter")


def tree_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything below a folder, with its size and when it was changed."""
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


# -- all is well


def test_where_all_is_well_it_says_so_and_changes_nothing(
    examine: Examine, workspace: Workspace, store: RunStore, tmp_path: Path
) -> None:
    finished_run(store)
    store.close()
    before = tree_of(tmp_path)

    document = examine("--workspace", workspace.location)

    problems = [one for one in document["checks"] if one["level"] == "problem"]
    assert (problems, document["code"]) == ([], 0)
    assert document["level"] in ("ok", "warning")
    assert document["versions"]["sqlite"] == sqlite3.sqlite_version
    assert document["versions"]["ipywidgets"]
    assert only(document, "workspace", "database")["level"] == "ok"
    assert only(document, "workspace", "runs")["text"].startswith("1 run, 0 of them not ended")
    assert only(document, "environments", "kernel python3")["level"] == "ok"
    assert only(document, "jupyter", "server extension")["level"] == "ok"
    assert only(document, "jupyter", "front end")["level"] == "ok"
    assert only(document, "jupyter", "widgets")["level"] == "ok"
    assert tree_of(tmp_path) == before


def test_a_workspace_that_is_in_use_is_read_as_it_is_now(
    examine: Examine, workspace: Workspace, store: RunStore
) -> None:
    finished_run(store)
    assert Path(workspace.location, "runs.db-wal").exists()

    document = examine("--workspace", workspace.location)

    assert "whole, with a write-ahead log" in only(document, "workspace", "database")["text"]
    assert only(document, "workspace", "runs")["text"].startswith("1 run,")


def test_the_table_tells_the_same_and_what_is_to_be_done(
    call: Call, workspace: Workspace, store: RunStore, jupyter: Path
) -> None:
    finished_run(store)
    disable_front_end(jupyter)

    outcome = call("doctor")

    assert outcome.code == 1
    assert "STATE" in outcome.output
    assert workspace.location in outcome.output
    _, _, advice = outcome.output.partition("problem: jupyter, front end")
    assert "labextensions enable aml-widgets" in advice
    assert "1 problem" in outcome.output


def test_a_home_that_is_missing_is_not_made(examine: Examine, project: Path, tmp_path: Path) -> None:
    before = tree_of(tmp_path)

    document = examine()

    assert document["code"] == 0
    assert only(document, "workspace", "home")["level"] == "info"
    assert "no workspace yet" in only(document, "workspace", "place")["text"]
    assert tree_of(tmp_path) == before
    assert not (tmp_path / "home").exists()


def test_a_home_that_is_a_file_is_a_problem(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    document = examine()

    assert document["code"] == 1
    assert "is a file" in only(document, "workspace", "home")["text"]


def test_a_workspace_that_is_named_and_not_there_is_a_problem(examine: Examine, project: Path) -> None:
    document = examine("--workspace", "./nowhere")

    assert document["code"] == 1
    assert "There is no workspace './nowhere'" in only(document, "workspace", "place")["text"]
    assert list(project.iterdir()) == []


def test_a_config_file_names_the_workspace(examine: Examine, project: Path, tmp_path: Path) -> None:
    Workspace.create("team").store.close()
    (project / "config.json").write_text('{"workspace_name": "team"}')

    text = only(examine(), "workspace", "place")["text"]

    assert text == f"{tmp_path / 'home' / 'team'}, which a config.json names"


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "1e9"])
def test_wrong_seconds_are_an_error(call: Call, seconds: str) -> None:
    outcome = call("doctor", "--seconds", seconds)

    assert outcome.code == 2
    assert "--seconds must be more than 0" in outcome.errors


def test_a_disk_that_does_not_answer_is_given_up(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_PLACES_SECONDS", 0.0)  # no process can begin in so short a time

    document = examine("--seconds", "0.001")

    problem = only(document, "workspace", "place")
    assert (problem["level"], document["code"]) == ("problem", 1)
    assert "did not answer within" in problem["text"]
    assert only(document, "tools", "git")["text"]  # and goes on


# -- the database


def make_workspace(folder: Path, *, runs: int = 1) -> Path:
    workspace = Workspace.open(folder)
    for _ in range(runs):
        finished_run(workspace.store)
    workspace.store.close()
    return folder / "runs.db"


def test_a_damaged_database_is_a_problem_with_the_way_to_save_what_is_left(examine: Examine, tmp_path: Path) -> None:
    database = make_workspace(tmp_path / "damaged", runs=20)
    content = bytearray(database.read_bytes())
    content[len(content) // 4 : len(content) // 2] = b"\xa5" * (len(content) // 2 - len(content) // 4)
    database.write_bytes(content)

    document = examine("--workspace", str(database.parent))

    (problem,) = [one for one in found(document, "workspace", "database") if one["level"] == "problem"]
    assert document["code"] == 1
    assert f"{database} is damaged" in problem["text"]
    assert problem["command"].startswith(f"sqlite3 {database} .recover | sqlite3 ")
    assert database.read_bytes() == content


def test_what_is_no_database_is_a_problem(examine: Examine, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "runs.db").write_bytes(b"no database" * 500)

    document = examine("--workspace", str(folder))

    assert document["code"] == 1
    assert "is not an SQLite database" in only(document, "workspace", "database")["text"]


def test_a_newer_schema_is_a_problem(examine: Examine, tmp_path: Path) -> None:
    database = make_workspace(tmp_path / "newer")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma user_version = 99")

    document = examine("--workspace", str(database.parent))

    problem = only(document, "workspace", "database")
    assert document["code"] == 1
    assert "schema version 99" in problem["text"]
    assert problem["command"] == f"{sys.executable} -m pip install -U aml-widgets"


def test_an_older_schema_is_told_and_stays(examine: Examine, tmp_path: Path) -> None:
    database = make_workspace(tmp_path / "older")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma user_version = 1")

    document = examine("--workspace", str(database.parent))

    assert "version 1; it becomes" in only(document, "workspace", "schema")["text"]
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma user_version").fetchone() == (1,)


def test_runs_whose_processes_are_gone_are_a_warning_and_stay_as_they_are(
    examine: Examine, workspace: Workspace, store: RunStore
) -> None:
    experiment = store.open_experiment("ridge")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pid = process.pid
    me = this_process()
    gone = WriterProcess(host=me.host, namespace=me.namespace, pid=pid, process_started_at=1.0)
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id, writer=gone))
    store.set_status(run.run_id, RunStatus.RUNNING)
    store.close()

    lost = only(examine("--workspace", workspace.location), "workspace", "runs")

    assert lost["level"] == "warning"
    assert run.run_id in lost["text"]
    assert lost["command"].endswith("runs --status NotResponding")
    with closing(sqlite3.connect(Path(workspace.location, "runs.db"))) as connection:
        assert connection.execute("select status from run").fetchall() == [("Running",)]


def test_a_look_that_takes_too_long_is_cut_short(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "large.db")) as connection:
        connection.execute("create table t (a integer primary key, b text)")
        connection.execute(
            "insert into t (b) with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select i from n"
        )
        connection.commit()

        assert databases._quick_check(connection, -1.0) == (False, [])
        assert databases._quick_check(connection, 600.0) == (True, [])


# -- where it lies


@pytest.mark.parametrize(
    ("mount", "level", "words"),
    [
        (Mount("/mnt", "nfs4", frozenset({"rw"})), Level.WARNING, "network file system"),
        (Mount("/mnt", "fuse.sshfs", frozenset({"rw"})), Level.WARNING, "network file system"),
        (Mount("/dev/shm", "tmpfs", frozenset({"rw"})), Level.WARNING, "gone after a restart"),
        (Mount("/mnt", "ext4", frozenset({"ro"})), Level.PROBLEM, "read-only"),
        (Mount("/", "overlay", frozenset({"rw"})), Level.INFO, "container"),
        (Mount("/", "ext4", frozenset({"rw"})), Level.OK, "local"),
        (None, Level.INFO, "not known"),
    ],
)
def test_the_file_system_is_told_with_what_it_means(
    monkeypatch: pytest.MonkeyPatch, mount: Mount | None, level: Level, words: str
) -> None:
    monkeypatch.setattr(disks, "find_mount", lambda _: mount)

    kind = next(disks.check("workspace", Path.home()))

    assert kind.level is level
    assert words in kind.text


def test_a_temporary_folder_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(disks, "find_mount", lambda _: Mount("/", "ext4", frozenset()))

    assert next(disks.check("workspace", tmp_path / "runs")).level is Level.WARNING


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no memory file system here")
def test_mounts_are_found_for_folders_that_are_not_there() -> None:
    mount = find_mount(Path("/dev/shm/nothing/here"))

    assert mount is not None
    assert (mount.point, mount.is_memory, mount.is_network) == ("/dev/shm", True, False)


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disks, "LEAST_FREE_BYTES", 1 << 62)

    *_, room = disks.check("workspace", tmp_path)

    assert room.level is Level.WARNING
    assert room.command is not None
    assert room.command.startswith("du ")


def test_levels_are_ordered_and_information_is_no_fault() -> None:
    def of(*levels: Level) -> list[Finding]:
        return [Finding(area="a", check="c", level=level, text="t") for level in levels]

    assert worst_of(of(Level.OK, Level.INFO)) is Level.OK
    assert worst_of(of(Level.WARNING, Level.OK)) is Level.WARNING
    assert worst_of(of(Level.PROBLEM, Level.WARNING)) is Level.PROBLEM


# -- tracking servers


def test_a_server_that_does_not_answer_is_a_problem(examine: Examine, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

    document = examine("--workspace", address, "--seconds", "2")

    problem = only(document, "workspace", "tracking server")
    assert document["code"] == 1
    assert "does not answer" in problem["text"]
    assert problem["command"] == f"curl -i {address}/version"
    assert not (tmp_path / "home").exists()


def test_a_password_in_an_address_is_refused_and_not_told(capfd: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--workspace", "http://ada:hunter2@mlflow.example"])

    output, errors = capfd.readouterr()
    assert code == 1
    assert "must hold no user and password" in output
    assert "hunter2" not in output + errors


def test_what_waits_for_a_server_is_told(examine: Examine, tmp_path: Path) -> None:
    address = "http://mlflow.example:5000"
    registry.note_opened_server(address)
    folder = tmp_path / "home" / ".tracking" / server_key(address) / "outbox" / "run-1"
    folder.mkdir(parents=True)
    queue = LineQueue(folder, "writer")
    assert queue.open()
    queue.put(['{"loss": 0.3}'])
    queue.close(is_done=False)

    assert only(examine(), "workspace", "outbox")["level"] == "info"

    for file in folder.glob("*.jsonl"):
        os.utime(file, (1.0e9, 1.0e9))
    outbox = only(examine(), "workspace", "outbox")

    assert outbox["level"] == "warning"
    assert f"of 1 run wait for {address}" in outbox["text"]
    assert outbox["command"].endswith(f"--workspace {address} runs")


def test_lines_that_a_server_refused_are_told(examine: Examine, tmp_path: Path) -> None:
    folder = tmp_path / "home" / ".tracking" / "0123456789abcdef" / "outbox" / "run-1"
    folder.mkdir(parents=True)
    (folder / "writer.refused").write_text("{}\n")

    outbox = only(examine(), "workspace", "outbox")

    assert outbox["level"] == "warning"
    assert outbox["command"] == f"head {folder / 'writer.refused'}"


# -- JupyterLab's configuration


def disable_front_end(jupyter: Path) -> None:
    file = jupyter / "config" / "labconfig" / "page_config.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"disabledExtensions": {"aml-widgets": true}}')


def test_a_disabled_front_end_is_enabled_by_the_command(examine: Examine, jupyter: Path) -> None:
    pytest.importorskip("jupyterlab")
    disable_front_end(jupyter)

    document = examine()
    problem = only(document, "jupyter", "front end")

    assert (problem["level"], document["code"]) == ("problem", 1)
    subprocess.run(problem["command"], shell=True, check=True, capture_output=True)
    document = examine()
    assert (only(document, "jupyter", "front end")["level"], document["code"]) == ("ok", 0)


def test_a_disabled_server_extension_is_enabled_by_the_command(examine: Examine, jupyter: Path) -> None:
    pytest.importorskip("jupyter_server")
    file = jupyter / "config" / "jupyter_server_config.d" / "aml_widgets.server.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"ServerApp": {"jpserver_extensions": {"aml_widgets.server": false}}}')

    document = examine()
    problem = only(document, "jupyter", "server extension")

    assert (problem["level"], document["code"]) == ("problem", 1)
    assert str(file) in problem["text"]
    subprocess.run(problem["command"], shell=True, check=True, capture_output=True)
    document = examine()
    assert (only(document, "jupyter", "server extension")["level"], document["code"]) == ("ok", 0)


def test_where_no_command_would_help_the_file_is_named(examine: Examine, jupyter: Path) -> None:
    pytest.importorskip("jupyter_server")
    file = jupyter / "config" / "jupyter_server_config.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"ServerApp": {"jpserver_extensions": {"aml_widgets.server": false}}}')

    problem = only(examine(), "jupyter", "server extension")

    assert problem["level"] == "problem"
    assert problem["command"] is None
    assert f"disabled by {file}" in problem["text"]


def test_widgets_that_are_disabled_are_a_problem(examine: Examine, jupyter: Path) -> None:
    pytest.importorskip("jupyterlab")
    disable_front_end(jupyter)
    file = jupyter / "config" / "labconfig" / "page_config.json"
    file.write_text('{"disabledExtensions": ["@jupyter-widgets/jupyterlab-manager"]}')

    problem = only(examine(), "jupyter", "widgets")

    assert "no live widget" in problem["text"]
    assert problem["command"].endswith("enable @jupyter-widgets/jupyterlab-manager --level=user")
