"""Runs are imported and exported from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from aml_widgets import Workspace
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store import transfer as transfer_module
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing import finished_run, running_run
from aml_widgets.testing.copies import facts_of
from aml_widgets.testing.support import new_run

from .conftest import Call


def test_runs_are_exported_to_a_new_folder_and_imported_from_it(call: Call, store: RunStore, tmp_path: Path) -> None:
    run_id = finished_run(store).run_id
    going_on = running_run(store).run_id
    other = str(tmp_path / "other")

    code, output, errors = call("export", "--to", other)

    assert (code, output) == (0, f"1 run(s) copied to {other}, 0 there already.\n")
    assert "1 run(s) go on and were left out" in errors
    target = Workspace.open(other).store
    assert facts_of(target, run_id) == facts_of(store, run_id)

    imported = finished_run(target).run_id
    code, output, _ = call("import", "--from", other, "--json")

    reply = json.loads(output)
    assert (code, reply["copied"], reply["known"], reply["failed"]) == (0, 1, 1, {}), "what went does not come back"
    assert facts_of(store, imported) == facts_of(target, imported)
    assert going_on not in output
    target.close()


def test_only_some_experiments_are_copied(call: Call, store: RunStore, tmp_path: Path) -> None:
    finished_run(store)
    name = store.list_experiments()[0].name

    assert call("export", "--to", str(tmp_path / "a"), "--experiment", name)[0] == 0
    code, output, errors = call("export", "--to", str(tmp_path / "b"), "--experiment", "nobody's")

    assert (code, output) == (2, "")
    assert 'There is no experiment "nobody\'s" to copy' in errors
    assert name in errors


def test_a_source_that_is_not_there_is_told(call: Call, tmp_path: Path) -> None:
    code, output, errors = call("import", "--from", str(tmp_path / "nowhere"))

    assert (code, output) == (2, "")
    assert "nowhere" in errors
    assert not (tmp_path / "nowhere").exists()


def test_a_workspace_is_not_copied_into_itself(call: Call, store: RunStore, workspace: Workspace) -> None:
    finished_run(store)

    code, _, errors = call("export", "--to", workspace.location)

    assert code == 2
    assert "same workspace" in errors


def test_runs_that_could_not_be_copied_are_told_and_the_others_are_copied(
    call: Call, store: RunStore, tmp_path: Path
) -> None:
    finished_run(store)
    bad = new_run(store).run_id
    store.record_artifact(bad, ArtifactRecord(path="gone\x1b[31m.bin", size_bytes=3, written_at=1.0))
    store.set_status(bad, RunStatus.COMPLETED)

    code, output, errors = call("export", "--to", str(tmp_path / "other"), "--json")

    reply = json.loads(output)
    assert (code, reply["copied"], list(reply["failed"])) == (2, 1, [bad])
    assert f"run {bad} was not copied" in errors
    assert "\x1b" not in errors
    assert "\x1b" not in output


def test_interrupted_it_says_that_it_goes_on(
    call: Call, store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = finished_run(store).run_id
    other = str(tmp_path / "other")

    def interrupt(*_: object, **given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(transfer_module, "copy_files", interrupt)
        code, output, errors = call("export", "--to", other)

    assert (code, output) == (130, "")
    assert "the same command goes on" in errors
    assert call("export", "--to", other)[:2] == (0, f"1 run(s) copied to {other}, 0 there already.\n")
    target = Workspace.open(other).store
    assert facts_of(target, run_id) == facts_of(store, run_id)
    target.close()


def test_progress_is_shown_in_a_terminal_only(workspace: Workspace, store: RunStore, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    record = new_run(store, display_name="[red]bold[/red]\x1b[2J")
    for step in range(3):
        store.log_metric(record.run_id, "loss", float(step))
    store.set_status(record.run_id, RunStatus.COMPLETED)
    command = [sys.executable, "-m", "aml_widgets", "--workspace", workspace.location, "export", "--to"]

    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
        piped = [*command, str(tmp_path / "a")]
        with subprocess.Popen(piped, stdout=subprocess.PIPE, stderr=follower, env=environment) as process:
            os.close(follower)
            shown = b""
            with suppress(OSError):  # how Linux says that the other side is closed
                while chunk := terminal.read(65536):
                    shown += chunk
            assert process.stdout is not None
            output = process.stdout.read()

    assert output == f"1 run(s) copied to {tmp_path / 'a'}, 0 there already.\n".encode()
    assert b"[red]bold[/red]" in shown
    assert b"\x1b[2J" not in shown
    done = subprocess.run([*command, str(tmp_path / "b")], capture_output=True, check=True)
    assert done.stderr == b""
