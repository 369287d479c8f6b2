"""Runs are imported and exported from a shell."""

from __future__ import annotations

import json
from pathlib import Path

from aml_widgets import Workspace
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing import finished_run, running_run
from aml_widgets.testing.copies import facts_of

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
    assert (code, reply["copied"], reply["known"], reply["failed"]) == (0, 2, 0, {})
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
