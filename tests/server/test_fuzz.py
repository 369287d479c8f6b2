"""Whatever is asked within the words of the schema, or a little beyond them: no failure, and replies as it has them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from aml_widgets.server.schema import ROOT, read_schema
from aml_widgets.store.uri import workspace_key
from aml_widgets.testing import seeded
from aml_widgets.testing.seeded_children import run_with_children
from aml_widgets.testing.seeded_files import run_with_every_fact, run_with_hostile_files
from aml_widgets.tracking.workspace import Workspace
from tests.server.server_process import jupyter_server

# What the schema cannot say: how a search, a cursor or a name must be. Such requests are refused with 400.
UNSAID = "positive_data_acceptance"
MIN_REQUESTS_EACH = 30
"""So many requests to each operation on average, or nothing much was tried."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def workspace(home: Path) -> Workspace:
    workspace = Workspace.open(home / "team")
    for make in (
        seeded.every_kind_run,
        seeded.hostile_run,
        seeded.nan_run,
        seeded.run_with_logs,
        run_with_every_fact,
        run_with_hostile_files,
    ):
        make(workspace.store)
    run_with_children(workspace.store, 3)
    return workspace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[tuple[str, str]]:
    with jupyter_server(tmp_path_factory.mktemp("server"), home) as started:
        yield started


def with_things_that_exist(workspace: Workspace) -> dict[str, Any]:
    """Give the schema with ids that exist, so that not every request ends with a 404."""
    from aml_widgets.core.records import RunQuery

    schema = deepcopy(read_schema())
    runs = workspace.store.list_runs(RunQuery(include_children=True)).runs
    experiments = workspace.store.list_experiments()
    known = {
        "workspace": [workspace_key(workspace.location)],
        "run_id": [run.run_id for run in runs],
        "experiment_id": [one.experiment_id for one in experiments],
        "path": ["logs/user_log.txt", "outputs/model.bin", "roc_1.png", "train.py", "azureml-logs/70_driver_log.txt"],
        "name": ["float", "table", "mixed list", "loss", "big int"],
    }
    for methods in schema["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in known:
                    existing = {"type": "string", "enum": known[parameter["name"]]}
                    # One that does not exist is refused in a path; in a query it is only a name that nothing has.
                    is_in_path = parameter["in"] == "path"
                    parameter["schema"] = existing if is_in_path else {"anyOf": [existing, {"type": "string"}]}
    return schema


@pytest.mark.parametrize("what_exists", [True, False])
def test_no_request_makes_the_server_fail(
    server: tuple[str, str], workspace: Workspace, tmp_path: Path, what_exists: bool
) -> None:
    url, token = server
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(with_things_that_exist(workspace) if what_exists else read_schema()))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(file)),
        *("--url", f"{url}{ROOT}", "--header", f"Authorization: token {token}"),
        *("--exclude-checks", UNSAID, "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "30" if what_exists else "6", "--seed", "1", "--no-color", "--continue-on-failure"),
        *("--suppress-health-check", "all", "--warnings", "off"),
    ]

    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)

    output = found.stdout[-20_000:] + found.stderr[-5_000:]
    assert found.returncode == 0, output
    n_operations = sum(map(len, read_schema()["paths"].values()))
    assert number_in(r"^ *Tested: (\d+)$", output) == n_operations, output
    assert number_in(r"^ *(\d+) generated", output) >= MIN_REQUESTS_EACH * n_operations, output


def number_in(pattern: str, output: str) -> int:
    found = re.search(pattern, output, re.MULTILINE)
    return int(found[1]) if found else 0
