"""A script on a cluster of v1's, which is this machine: with a folder of a datastore, and a secret."""

from __future__ import annotations

import importlib.util
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import keyring
import pytest

from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.engines import targets_database
from aml_widgets.tracking.compute import ComputeTarget
from aml_widgets.tracking.compute_v1 import AmlCompute
from aml_widgets.tracking.datastore import Datastore
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.keyvault import Keyvault
from aml_widgets.tracking.workspace import Workspace

LONGEST_WAIT_SECONDS = 120.0

KEY_RING = """
import os
from pathlib import Path
from keyring.backend import KeyringBackend

class FolderKeyring(KeyringBackend):
    priority = 1
    folder = Path({folder!r})

    def get_password(self, service, username):
        file = self.folder / f"{{service}}-{{username}}".encode().hex()
        return file.read_text() if file.exists() else None

    def set_password(self, service, username, password):
        (self.folder / f"{{service}}-{{username}}".encode().hex()).write_text(password)
"""

SCRIPT = """
import sys
from pathlib import Path
from aml_widgets import Run
from aml_widgets.tracking.keyvault import Keyvault

read, write = map(Path, sys.argv[1:])
run = Run.get_context()
run.log("rows", len((read / "train.csv").read_text().splitlines()))
run.log("secret_length", len(Keyvault(run.experiment.workspace).get_secret("api-key")))
(write / "result.txt").write_text("done")
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of its own, that no process works in when the test has ended."""
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))

    yield

    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while targets_database.read(
        lambda connection: connection.execute("select 1 from target where keeper is not null").fetchone()
    ):
        assert time.monotonic() < deadline, "the dispatcher did not leave in time"
        time.sleep(0.05)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_text(textwrap.dedent(SCRIPT))
    (tmp_path / "ring").mkdir()
    (folder / "folder_ring.py").write_text(KEY_RING.format(folder=str(tmp_path / "ring")))
    return folder


@pytest.fixture
def ring(source: Path) -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(_load(source / "folder_ring.py").FolderKeyring())

    yield

    keyring.set_keyring(before)


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_script_of_v1s_runs_on_its_cluster(home: None, tmp_path: Path, source: Path, ring: None) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    with pytest.warns(UserWarning, match="on this machine"):
        cluster = ComputeTarget.create(
            workspace, "cpu-cluster", AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=1)
        )
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train.csv").write_text("1\n2\n3\n")
    data = Datastore.get_default(workspace).upload(tmp_path / "data", "data", show_progress=False)
    results = Datastore.get_default(workspace).path("results").as_upload()
    Keyvault(workspace).set_secret("api-key", "hunter2")

    config = ScriptRunConfig(str(source), "train.py", arguments=[data.as_mount(), results], compute_target=cluster)
    config.run_config.environment_variables = {"PYTHON_KEYRING_BACKEND": "folder_ring.FolderKeyring"}
    run = Experiment(workspace, "clusters").submit(config)
    run.wait_for_completion()

    assert run.get_details()["target"] == "cpu-cluster"
    assert run.get_metrics() == {"rows": 3, "secret_length": 7}
    assert (results.local_path / "result.txt").read_text() == "done"
    assert not [
        file
        for folder in ("workspace", "home")
        for file in (tmp_path / folder).rglob("*")
        if file.is_file() and b"hunter2" in file.read_bytes()
    ]
