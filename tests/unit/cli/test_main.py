"""The program starts light, finds its workspace, and ends with the exit code it promises."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from aml_widgets.cli.main import main
from aml_widgets.core.records import NewRun
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.engines.targets import set_ray_target
from aml_widgets.testing import finished_run
from aml_widgets.tracking.workspace import Workspace

from .conftest import Call, Start

COMMANDS = ("submit", "runs", "show", "logs", "cancel", "targets", "environments")


@pytest.mark.parametrize("arguments", [["--help"], ["submit", "--help"], ["runs", "--help"], ["show", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom aml_widgets.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print('loaded', *{name.partition('.')[0] for name in sys.modules})"
    )

    output = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    ).stdout

    loaded = set(output.rpartition("loaded")[2].split())
    assert {"rich", "numpy", "sqlite3", "psutil", "platformdirs", "ipywidgets"} & loaded == set()
    assert "usage:" in output


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])

    assert end.value.code == 0
    assert f"{command} " in capsys.readouterr().out


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])

    assert end.value.code == 0
    assert re.fullmatch(r"aml_widgets \d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["show"],
        ["runs", "-n", "-1"],
        ["runs", "-n", "many"],
        ["runs", "--al"],
        ["submit", "train.py"],
        ["cancel"],
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)

    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage:")


def test_options_may_stand_before_and_after_the_command(
    workspace: Workspace, store: RunStore, capsys: pytest.CaptureFixture[str]
) -> None:
    finished_run(store)

    for arguments in (
        ["--workspace", workspace.location, "--json", "runs"],
        ["runs", "--workspace", workspace.location, "--json"],
        ["--json", "runs", "--workspace", workspace.location],
    ):
        assert main(arguments) == 0
        assert '"run_id"' in capsys.readouterr().out


def test_a_workspace_is_a_folder_a_name_or_the_default_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {
        "team": Workspace.create("team"),
        "./here": Workspace.open("here"),
        "here": Workspace.open("here"),
        None: Workspace.from_config(),
    }
    for workspace in places.values():
        experiment_id = workspace.store.open_experiment("ridge").experiment_id
        workspace.store.create_run(NewRun(experiment_id=experiment_id, display_name=workspace.name))

    for text, workspace in places.items():
        assert main([*([] if text is None else ["--workspace", text]), "runs"]) == 0
        assert f"  {workspace.name}  " in capsys.readouterr().out


@pytest.mark.parametrize("command", [["runs"], ["show", "x"], ["logs", "x"], ["cancel", "x"]])
@pytest.mark.parametrize("text", ["nowhere", "./nowhere", "x" * 60, "\x1b[31m"])
def test_a_workspace_that_is_not_there_is_an_error_and_is_not_made(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, command: list[str]
) -> None:
    code = main(["--workspace", text, *command])

    output, errors = capsys.readouterr()
    assert (code, output) == (2, "")
    assert "error: There is no workspace" in errors
    assert "\x1b" not in errors
    assert list(project.iterdir()) == []


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 2000])
def test_a_store_that_cannot_be_opened_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    folder = tmp_path / "broken"
    Workspace.open(folder).store.close()
    (database,) = folder.glob("*.db")
    for file in folder.glob("*.db*"):
        file.unlink()
    database.write_bytes(content)

    code = main(["--workspace", str(folder), "runs"])

    output, errors = capsys.readouterr()
    assert (code, output) == (2, "")
    assert "error: " in errors
    assert "Traceback" not in errors


def test_a_file_as_workspace_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")

    assert main(["--workspace", str(tmp_path / "file"), "runs"]) == 2
    assert "error: " in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error(start: Start, store: RunStore) -> None:
    experiment = store.open_experiment("ridge")
    for _ in range(1000):
        store.create_run(NewRun(experiment_id=experiment.experiment_id))
    for arguments in (["runs", "--all"], ["runs", "--all", "--json"]):
        process = start(*arguments)
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()

        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "arguments", [["runs"], ["runs", "--json"], ["show", "@latest"], ["logs", "@latest", "outputs/model.json"]]
)
def test_an_output_without_room_is_an_error(start: Start, store: RunStore, arguments: list[str]) -> None:
    finished_run(store)
    with open("/dev/full", "wb") as full:
        process = start(*arguments, stdout=full)
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert b"error: No space left on device" in errors
    assert b"Traceback" not in errors


def test_any_encoding_can_be_written(start: Start, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = store.open_experiment("ridge")
    store.create_run(NewRun(experiment_id=experiment.experiment_id, display_name="größe 模型"))
    monkeypatch.setenv("PYTHONIOENCODING", "ascii:strict")
    process = start("runs")

    output, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, b"")
    assert b"gr\\xf6\\xdfe \\u6a21\\u578b" in output


def test_warnings_are_told_in_words(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "config.json").write_text("{ not JSON")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code = main(["runs"])

    errors = capsys.readouterr().err
    assert code == 0
    assert ": warning: Config file" in errors
    assert "warn_user" not in errors
    assert ".py:" not in errors


def test_the_module_runs_the_program(start: Start) -> None:
    process = start("runs")

    output, errors = process.communicate(timeout=60)

    assert (process.returncode, output) == (0, b"")
    assert b"python -m aml_widgets submit" in errors


def test_targets_are_made_listed_changed_and_deleted(call: Call) -> None:
    assert call("targets").output.split() == [
        "TARGET",
        "AT",
        "A",
        "TIME",
        "RUNNING",
        "WAITING",
        "local",
        "no",
        "limit",
        "0",
    ]

    assert call("targets", "gpu", "--max-runs", "2").output.splitlines()[1].split() == ["gpu", "2", "0", "0"]
    assert call("targets", "gpu", "--max-runs", "3").output.splitlines()[1].split() == ["gpu", "3", "0", "0"]
    assert [line.split()[0] for line in call("targets").output.splitlines()] == ["TARGET", "local", "gpu"]
    assert [(one["name"], one["kind"], one["address"]) for one in json.loads(call("targets", "--json").output)] == [
        ("local", "Local", None),
        ("gpu", "Local", None),
    ]
    assert call("targets", "gpu", "--delete").code == 0
    assert call("targets", "gpu").code == 2


def test_a_ray_cluster_is_listed_with_its_address(call: Call) -> None:
    set_ray_target("cluster", "http://127.0.0.1:8265")

    lines = call("targets").output.splitlines()

    assert [line.split()[-1] for line in lines] == ["CLUSTER", "0", "http://127.0.0.1:8265"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["none"], " targets none --max-runs 4`"),
        (["--max-runs", "3"], "Which target is meant?"),
        (["gpu", "--max-runs", "0"], "--max-runs must be 1 or more, got 0"),
        (["local", "--delete"], "cannot be deleted"),
        (["none", "--delete"], " targets none --max-runs 4`"),
        (["a b", "--max-runs", "1"], "'a b' is not valid"),
    ],
)
def test_a_wrong_target_is_an_error(call: Call, arguments: list[str], reason: str) -> None:
    code, output, errors = call("targets", *arguments)

    assert (code, output) == (2, "")
    assert "error: " in errors
    assert reason in errors
