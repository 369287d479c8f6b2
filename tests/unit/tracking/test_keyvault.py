"""Secrets: in the key ring and nowhere else, by names that the workspace knows."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError

from aml_widgets.core.errors import InvalidName, NotFound, StoreUnavailable, UserError
from aml_widgets.tracking.keyvault import Keyvault
from aml_widgets.tracking.workspace import Workspace

SECRET = "hunter2-λ🚀"


class FolderKeyring(keyring.backend.KeyringBackend):
    """A key ring that is a folder, so that other processes have it, too."""

    priority = 1

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self._folder = folder
        self.is_locked = False

    def _file(self, service: str, username: str) -> Path:
        if self.is_locked:
            raise KeyringLocked("somebody must unlock it")
        return self._folder / f"{service}-{username}".encode().hex()

    def get_password(self, service: str, username: str) -> str | None:
        file = self._file(service, username)
        return file.read_text("utf-8") if file.exists() else None

    def set_password(self, service: str, username: str, password: str) -> None:
        self._file(service, username).write_text(password, "utf-8")

    def delete_password(self, service: str, username: str) -> None:
        if not self._file(service, username).exists():
            raise PasswordDeleteError("there is none")
        self._file(service, username).unlink()


class OneFileKeyring(keyring.backend.KeyringBackend):
    """A key ring that is a file, which it writes anew each time, and not at once."""

    priority = 1

    def __init__(self, file: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self._file = file
        self._file.write_text("{}")

    def get_password(self, service: str, username: str) -> str | None:
        value: str | None = json.loads(self._file.read_text()).get(f"{service}/{username}")
        return value

    def set_password(self, service: str, username: str, password: str) -> None:
        known = json.loads(self._file.read_text())
        time.sleep(0.05)  # in which another writer reads as well
        (self._file.parent / username).write_text(json.dumps({**known, f"{service}/{username}": password}))
        (self._file.parent / username).replace(self._file)


@pytest.fixture(autouse=True)
def ring(tmp_path: Path) -> Iterator[FolderKeyring]:
    folder = tmp_path / "ring"
    folder.mkdir()
    before = keyring.get_keyring()
    made = FolderKeyring(folder)
    keyring.set_keyring(made)

    yield made

    keyring.set_keyring(before)


@pytest.fixture
def vault(workspace: Workspace) -> Keyvault:
    return Keyvault(workspace)


def test_writers_of_a_key_ring_that_is_a_file_do_not_undo_each_other(vault: Keyvault, tmp_path: Path) -> None:
    keyring.set_keyring(OneFileKeyring(tmp_path / "ring.json"))
    names = [f"key-{number}" for number in range(6)]

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: vault.set_secret(name, f"of {name}"), names))

    assert vault.get_secrets(names) == {name: f"of {name}" for name in names}


def test_a_secret_is_kept_and_read_from_anywhere(vault: Keyvault, workspace: Workspace) -> None:
    vault.set_secret("api-key", SECRET)

    assert vault.get_secret("api-key") == SECRET
    assert Keyvault(workspace).get_secret("api-key") == SECRET
    assert vault.list_secrets() == [{"name": "api-key"}]


def test_another_value_replaces_the_first(vault: Keyvault) -> None:
    vault.set_secret(name="api-key", value="one")
    vault.set_secret(name="api-key", value="two")

    assert vault.get_secret(name="api-key") == "two"
    assert vault.list_secrets() == [{"name": "api-key"}]


def test_names_are_compared_without_case_and_shown_as_they_were_set(vault: Keyvault) -> None:
    vault.set_secret("ApiKey", SECRET)

    assert vault.get_secret("APIKEY") == SECRET
    assert vault.list_secrets() == [{"name": "ApiKey"}]
    vault.delete_secret("apikey")
    assert vault.list_secrets() == []


def test_many_at_once(vault: Keyvault) -> None:
    vault.set_secrets({"b": "2", "a": "1"})

    assert vault.list_secrets() == [{"name": "a"}, {"name": "b"}]
    assert vault.get_secrets(["a", "c", "b"]) == {"a": "1", "c": None, "b": "2"}
    vault.delete_secrets(["a", "b"])
    assert vault.get_secrets(secrets=["a", "b"]) == {"a": None, "b": None}


def test_nothing_is_kept_if_one_of_many_is_wrong(vault: Keyvault) -> None:
    with pytest.raises(InvalidName, match="'not_valid'"):
        vault.set_secrets({"fine": "1", "not_valid": "2"})

    assert vault.list_secrets() == []
    assert vault.get_secrets(["fine"]) == {"fine": None}


def test_one_that_is_not_there_is_named_with_those_that_are(vault: Keyvault) -> None:
    vault.set_secret("there", SECRET)

    with pytest.raises(NotFound, match="no secret 'missing' in workspace .*; there are: 'there'.*set_secret"):
        vault.get_secret("missing")
    with pytest.raises(NotFound, match="'missing'"):
        vault.delete_secret("missing")
    with pytest.raises(NotFound, match="'missing'"):
        vault.get_secret_content_type("missing")


def test_a_secret_of_another_user_is_known_by_name_only(vault: Keyvault, tmp_path: Path) -> None:
    vault.set_secret("shared", SECRET)
    (tmp_path / "ring of another").mkdir()
    keyring.set_keyring(FolderKeyring(tmp_path / "ring of another"))

    assert vault.list_secrets() == [{"name": "shared"}]
    with pytest.raises(NotFound, match="does not have it: values stay where they were set"):
        vault.get_secret("shared")
    vault.delete_secret("shared")
    assert vault.list_secrets() == []


def test_workspaces_do_not_share_them(vault: Keyvault, tmp_path: Path) -> None:
    vault.set_secret("api-key", "of the first")
    other = Keyvault(Workspace.open(tmp_path / "other"))

    assert other.get_secrets(["api-key"]) == {"api-key": None}
    other.set_secret("api-key", "of the second")
    assert vault.get_secret("api-key") == "of the first"


@pytest.mark.parametrize("name", ["", "under_score", "a" * 128, "sp ace", "ä", None, 1, "a\n"])
def test_names_have_a_rule(vault: Keyvault, name: object) -> None:
    with pytest.raises(InvalidName, match="1 to 127 ASCII letters, digits and '-'"):
        vault.set_secret(name, SECRET)  # type: ignore[arg-type]
    with pytest.raises(InvalidName):
        vault.get_secret(name)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [b"hunter2", ["hunter2"], None])
def test_a_value_that_is_no_text_is_refused_and_not_shown(vault: Keyvault, value: object) -> None:
    with pytest.raises(UserError, match="must be a text") as caught:
        vault.set_secret("api-key", value)  # type: ignore[arg-type]

    assert "hunter2" not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


def test_a_list_is_a_list_and_a_dict_a_dict(vault: Keyvault) -> None:
    with pytest.raises(UserError, match="as a list"):
        vault.get_secrets("api-key")
    with pytest.raises(UserError, match="as a dict") as caught:
        vault.set_secrets([("api-key", SECRET)])  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)


def test_a_content_type_is_given_back(vault: Keyvault) -> None:
    class ContentType(str, Enum):
        password = "application/vnd.ms-password"

    vault.set_secret("plain", SECRET)
    vault.set_secret("named", SECRET, content_type=ContentType.password)

    assert vault.get_secret_content_type("plain") == "application/NotProvided"
    assert vault.get_secret_content_type("named") == "application/vnd.ms-password"


def test_no_value_is_in_the_workspace_or_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    workspace = Workspace.open(tmp_path / "on disk")
    vault = Keyvault(workspace)
    vault.set_secret("api-key", "hunter2-plain")
    vault.get_secret("api-key")
    with pytest.raises(NotFound) as caught:
        vault.get_secret("other")
    workspace.store.close()

    printed = capfd.readouterr()
    assert "hunter2" not in f"{caught.value}{vault!r}{printed.out}{printed.err}{caplog.text}"
    files = [file for file in (tmp_path / "on disk").rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"hunter2" in file.read_bytes()]


def test_without_a_key_ring_the_way_out_is_told(vault: Keyvault) -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())

    with pytest.raises(StoreUnavailable, match="no key ring on this machine.*environment variable"):
        vault.set_secret("api-key", SECRET)
    with pytest.raises(StoreUnavailable, match="no key ring"):
        vault.get_secret("api-key")
    assert vault.list_secrets() == []


def test_a_key_ring_that_is_switched_off_loses_no_secret_without_a_word(vault: Keyvault) -> None:
    keyring.set_keyring(keyring.backends.null.Keyring())

    with pytest.raises(StoreUnavailable, match="did not keep secret 'api-key'") as caught:
        vault.set_secret("api-key", SECRET)

    assert SECRET not in str(caught.value)
    assert vault.list_secrets() == []


def test_a_locked_key_ring_says_so(vault: Keyvault, ring: FolderKeyring) -> None:
    vault.set_secret("api-key", SECRET)
    ring.is_locked = True

    for ask in (vault.get_secret, vault.delete_secret):
        with pytest.raises(StoreUnavailable, match="is locked.*Unlock"):
            ask("api-key")
    assert vault.list_secrets() == [{"name": "api-key"}]


class BrokenKeyring(FolderKeyring):
    """A key ring that raises what it likes, with a secret in its text."""

    error: Exception

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise type(self.error)(*self.error.args, f"could not write {password!r}")


@pytest.mark.parametrize("error", [EOFError(), OSError(5), KeyringError("x"), RuntimeError(), ValueError("bad")])
def test_whatever_a_key_ring_raises_is_told_without_the_secret(
    vault: Keyvault, tmp_path: Path, error: Exception
) -> None:
    broken = BrokenKeyring(tmp_path / "ring")
    broken.error = error
    keyring.set_keyring(broken)

    with pytest.raises(StoreUnavailable, match=f"no secret could be kept: {type(error).__name__}.*Unlock") as caught:
        vault.set_secret("api-key", SECRET)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(StoreUnavailable, match=f"no secret could be read: {type(error).__name__}"):
        vault.get_secret("api-key")
    assert vault.list_secrets() == []


def test_a_failed_change_leaves_what_was_there(vault: Keyvault, ring: FolderKeyring) -> None:
    vault.set_secret("api-key", SECRET, content_type="text/plain")
    ring.is_locked = True

    with pytest.raises(StoreUnavailable, match="is locked"):
        vault.set_secret("API-KEY", "another", content_type="text/other")

    ring.is_locked = False
    assert vault.list_secrets() == [{"name": "api-key"}]
    assert (vault.get_secret("api-key"), vault.get_secret_content_type("api-key")) == (SECRET, "text/plain")


def test_one_of_many_that_fails_leaves_those_before_it(
    vault: Keyvault, ring: FolderKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = ring.set_password

    def keep_some(service: str, username: str, password: str) -> None:
        if username == "b":
            raise EOFError
        keep(service, username, password)

    monkeypatch.setattr(ring, "set_password", keep_some)

    with pytest.raises(StoreUnavailable):
        vault.set_secrets({"a": "1", "b": "2", "c": "3"})

    assert vault.list_secrets() == [{"name": "a"}]
    assert vault.get_secrets(["a", "b", "c"]) == {"a": "1", "b": None, "c": None}


def test_a_process_that_is_killed_leaves_no_secret_without_a_name(tmp_path: Path, ring: FolderKeyring) -> None:
    workspace = Workspace.open(tmp_path / "on disk")
    program = (
        "import os, sys, keyring; from keyring.backend import KeyringBackend\n"
        "from aml_widgets.tracking.workspace import Workspace\n"
        "class Ring(KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, username): return None\n"
        "    def set_password(self, service, username, password):\n"
        "        open(sys.argv[2], 'w').write(password)\n"
        "        os._exit(3)\n"
        "keyring.set_keyring(Ring())\n"
        "Workspace.open(sys.argv[1]).get_default_keyvault().set_secret('api-key', 'hunter2')\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, workspace.location, tmp_path / "kept"], check=False)

    assert killed.returncode == 3
    assert Keyvault(workspace).list_secrets() == [{"name": "api-key"}]
    Keyvault(workspace).delete_secret("api-key")
    assert Keyvault(workspace).list_secrets() == []


def test_without_the_library_the_extra_is_named(vault: Keyvault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(StoreUnavailable, match=r"pip install 'aml-widgets\[keyvault\]'"):
        vault.get_secret("api-key")


def test_the_library_is_loaded_when_a_secret_is_asked_for_and_not_before() -> None:
    program = (
        "import sys, aml_widgets.tracking.keyvault as made; from aml_widgets.tracking.workspace import Workspace; "
        "made.Keyvault(Workspace.from_config()).list_secrets(); print('keyring' in sys.modules)"
    )
    asked = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert asked.stdout.split() == ["False"]


def test_it_is_a_workspaces() -> None:
    with pytest.raises(UserError, match="A key vault is a workspace's"):
        Keyvault("workspace")  # type: ignore[arg-type]
