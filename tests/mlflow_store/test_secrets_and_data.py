"""Secrets and datastores of a workspace on a tracking server: names on the server, values and files on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest

from aml_widgets.tracking import datastore
from aml_widgets.tracking.keyvault import Keyvault
from aml_widgets.tracking.workspace import Workspace
from tests.mlflow_store.tracking_server import TrackingServer


class MemoryKeyring(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self._kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._kept[service, username]


@pytest.fixture(autouse=True)
def ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring())

    yield

    keyring.set_keyring(before)


@pytest.fixture
def workspace(server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    return Workspace.open(server.uri)


def test_secrets_are_kept_here_and_their_names_there(workspace: Workspace, server: TrackingServer) -> None:
    Keyvault(workspace).set_secrets({"api-key": "hunter2", "other": "hunter3"})
    Keyvault(workspace).delete_secret("other")

    again = Keyvault(Workspace.open(server.uri))

    assert again.get_secrets(["api-key", "other"]) == {"api-key": "hunter2", "other": None}
    assert again.list_secrets() == [{"name": "api-key"}]
    assert "hunter" not in str(workspace.store.get_info())


def test_files_of_a_datastore_are_on_this_machine(workspace: Workspace, server: TrackingServer, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")

    put = datastore.get_default(workspace).upload_files(
        [str(tmp_path / "a.csv")], target_path="data", show_progress=False
    )
    datastore.set_default(workspace, "workspacefilestore")

    assert put.local_path.is_relative_to(tmp_path / "home")
    assert (put.local_path / "a.csv").read_text() == "1"
    assert datastore.get_default(Workspace.open(server.uri)).name == "workspacefilestore"
