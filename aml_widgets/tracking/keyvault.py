"""A workspace's secrets: in the key ring of the user's operating system, through the library keyring, and nowhere else.

A key ring cannot be asked for what it has, so the workspace notes the names. Values are never noted, printed or logged.
"""

from __future__ import annotations

import builtins
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, NoReturn

from aml_widgets.core.errors import InvalidName, NotFound, StoreUnavailable, UserError
from aml_widgets.core.file_lock import FileLock
from aml_widgets.store import uri
from aml_widgets.tracking.arguments import check_workspace
from aml_widgets.tracking.values import show, show_type

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from aml_widgets.tracking.workspace import Workspace

_NAME = re.compile(r"[0-9A-Za-z\-]{1,127}")
_NOTE = "secret:"
"""How the keys begin under which a workspace notes the names."""
_KEPT = "kept"
"""What was to be done with a secret, for messages: only then the value is in the hands of the key ring's program."""
_NO_CONTENT_TYPE = "application/NotProvided"
_WRITER_SECONDS = 60.0

_WAY_OUT = (
    "Unlock or set up the key ring of your desktop (Keychain, Credential Locker, Secret Service, KWallet), choose another one with "
    "PYTHON_KEYRING_BACKEND or keyring's configuration file (`python -m keyring diagnose` says where that is; the package "
    "keyrings.alt has one that is a file), or give the script an environment variable."
)


class Keyvault:
    """The secrets of a workspace, as this user of this machine has them. Needs ``pip install 'aml-widgets[keyvault]'``.

    Names are compared without regard to case.

    Parameters
    ----------
    workspace : Workspace
        Whose secrets they are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = check_workspace(workspace, "A key vault is a workspace's")

    def set_secret(self, name: str, value: str, content_type: object = None) -> None:
        """Keep a secret, also over the one of that name.

        Parameters
        ----------
        name : str
            1 to 127 ASCII letters, digits and ``-``.
        value : str
            The secret.
        content_type : str or Enum, optional
            What it is, to be given back by `get_secret_content_type`.

        Raises
        ------
        InvalidName
            For a name that the rule refuses.
        UserError
            For a value that is no text.
        StoreUnavailable
            If there is no key ring, or it is locked.
        """
        self._set({name: value}, content_type)

    def set_secrets(self, secrets_batch: Mapping[str, str]) -> None:
        """Keep secrets. All names and values are looked at before the first is kept.

        They are kept one after the other: if the key ring fails in between, those before are kept and those after are not.

        Parameters
        ----------
        secrets_batch : dict of str to str
            Values by name.

        Raises
        ------
        InvalidName, UserError, StoreUnavailable
            As of `set_secret`.
        """
        if not isinstance(secrets_batch, Mapping):
            raise UserError(f"Secrets must be given as a dict of values by name, not as {show_type(secrets_batch)}.")
        self._set(secrets_batch, None)

    def get_secret(self, name: str) -> str:
        """Read a secret.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        str
            Its value.

        Raises
        ------
        NotFound
            If there is none of that name.
        StoreUnavailable
            If there is no key ring, or it is locked.
        """
        value = self._find(name)
        if value is None:
            self._miss(name)
        return value

    def get_secrets(self, secrets: Iterable[str]) -> dict[str, str | None]:
        """Read secrets.

        Parameters
        ----------
        secrets : list of str
            Their names.

        Returns
        -------
        dict of str to str
            Values by name; None for those that are not there.

        Raises
        ------
        StoreUnavailable
            If there is no key ring, or it is locked.
        """
        return {name: self._find(name) for name in _check_names(secrets)}

    def get_secret_content_type(self, name: str) -> str:
        """Say what a secret is.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        str
            What `set_secret` was given, ``"application/NotProvided"`` otherwise.

        Raises
        ------
        NotFound
            If there is none of that name.
        """
        if self._find(name) is None:
            self._miss(name)
        note = self._read_notes().get(name.lower(), {})
        return note.get("contentType", _NO_CONTENT_TYPE)

    def list_secrets(self) -> builtins.list[dict[str, str]]:
        """List the names of the secrets that were set in this workspace, by any of its users.

        Returns
        -------
        list of dict
            Each with the key ``name``, by name. The values are not read.
        """
        return [{"name": note["name"]} for _, note in sorted(self._read_notes().items())]

    def delete_secret(self, name: str) -> None:
        """Delete a secret.

        Parameters
        ----------
        name : str
            Its name.

        Raises
        ------
        NotFound
            If there is none of that name.
        StoreUnavailable
            If there is no key ring, or it is locked.
        """
        was_noted = _check_name(name).lower() in self._read_notes()
        had_value = self._find(name) is not None
        if not was_noted and not had_value:
            self._miss(name)
        if had_value:
            with _only_writer(), _key_ring("deleted") as keyring:
                keyring.delete_password(self._service, name.lower())
        self._note({name.lower(): ""})

    def delete_secrets(self, secrets: Iterable[str]) -> None:
        """Delete secrets, one after the other.

        Parameters
        ----------
        secrets : list of str
            Their names.

        Raises
        ------
        NotFound
            At the first that is not there.
        """
        for name in _check_names(secrets):
            self.delete_secret(name)

    def __repr__(self) -> str:
        return f"Keyvault(workspace={self.workspace!r})"

    @property
    def _service(self) -> str:
        return f"aml_widgets/{self.workspace.workspace_id}"

    def _set(self, secrets: Mapping[str, str], content_type: object) -> None:
        kind = _to_content_type(content_type)
        for name, value in secrets.items():
            _check_name(name)
            if not isinstance(value, str) or not value:
                # What it is must not be shown: it may be the secret in another form, such as bytes.
                what = "an empty text" if isinstance(value, str) else f"of type {type(value).__name__}"
                raise UserError(f"The value of secret {name!r} must be a text that is not empty, and is {what}.")
        for name, value in secrets.items():
            before = self.workspace.store.get_info().get(f"{_NOTE}{name.lower()}", "")
            # The name comes first: if this process is killed in between, there is a name without a value, not a secret that nobody sees.
            self._note({name.lower(): json.dumps({"name": name, "contentType": kind})})
            try:
                self._keep(name, value)
            except StoreUnavailable:
                if not self._may_have(name, value):
                    self._note({name.lower(): before})
                raise

    def _keep(self, name: str, value: str) -> None:
        with _only_writer(), _key_ring(_KEPT) as keyring:
            keyring.set_password(self._service, name.lower(), value)
        if self._find(name) != value:  # a key ring that is switched off takes everything, and has nothing
            raise StoreUnavailable(f"The key ring of this machine did not keep secret {name!r}. {_WAY_OUT}")

    def _may_have(self, name: str, value: str) -> bool:
        """Say whether a key ring that failed has a value nevertheless."""
        try:
            return self._find(name) == value
        except StoreUnavailable:
            return False

    def _find(self, name: object) -> str | None:
        checked = _check_name(name)
        with _key_ring("read") as keyring:
            value: str | None = keyring.get_password(self._service, checked.lower())
        return value

    def _miss(self, name: str) -> NoReturn:
        note = self._read_notes().get(name.lower())
        if note is not None:
            raise NotFound(
                f"Secret {note['name']!r} was set in workspace {self.workspace.name!r}, but the key ring of this user on this machine does "
                "not have it: values stay where they were set. Set it here with set_secret, too.",
                value=name,
            )
        known = ", ".join(repr(one["name"]) for one in self.list_secrets()) or "none"
        raise NotFound(
            f"There is no secret {name!r} in workspace {self.workspace.name!r}; there are: {known}. Set it with "
            "ws.get_default_keyvault().set_secret(name, value).",
            value=name,
        )

    # The workspace's facts are kept in a folder and by a tracking server alike; they cannot be removed, so a deleted one is empty.

    def _read_notes(self) -> dict[str, dict[str, str]]:
        info = self.workspace.store.get_info()
        return {
            key.removeprefix(_NOTE): json.loads(text) for key, text in info.items() if key.startswith(_NOTE) and text
        }

    def _note(self, notes: Mapping[str, str]) -> None:
        known = self.workspace.store.get_info()
        changed = {f"{_NOTE}{name}": text for name, text in notes.items()}
        if any(known.get(key, "") != text for key, text in changed.items()):
            self.workspace.store.set_info(changed)


@contextmanager
def _only_writer() -> Iterator[None]:
    """Let one process after the other write: key rings that are files write all of it anew, over what another has written meanwhile."""
    home = uri.get_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / ".keyring.lock")
        is_held = lock.acquire(_WRITER_SECONDS)
    except OSError:  # a home that cannot be written: the key ring may be elsewhere
        yield
        return
    if not is_held:
        raise StoreUnavailable(
            f"Another process has been writing secrets for {_WRITER_SECONDS:.0f} s, perhaps because its key ring waits to be unlocked. "
            "Answer it there, and try again."
        )
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _key_ring(done: str) -> Iterator[ModuleType]:
    """Give the library, and tell its errors, and those of the programs behind it, in ours. None of them holds a value."""
    try:
        import keyring
        from keyring.errors import KeyringLocked, NoKeyringError
    except ImportError as error:
        raise StoreUnavailable(
            "Secrets are kept in the key ring of the operating system, and the package keyring, which speaks with it, is not installed. "
            "Install it with pip install 'aml-widgets[keyvault]', or give the script an environment variable."
        ) from error
    try:
        yield keyring
    except NoKeyringError as error:
        trouble = f"There is no key ring on this machine, so no secret could be {done}."
        raise StoreUnavailable(f"{trouble} {_WAY_OUT}") from _cause(error, done)
    except KeyringLocked as error:
        trouble = f"The key ring of this machine is locked: no secret could be {done}."
        raise StoreUnavailable(f"{trouble} {_WAY_OUT}") from _cause(error, done)
    except Exception as error:  # noqa: BLE001 - anybody's program may be the key ring, and it raises what it likes
        trouble = f"The key ring of this machine failed: no secret could be {done}: {_name(error, done)}."
        raise StoreUnavailable(f"{trouble} {_WAY_OUT}") from _cause(error, done)


def _name(error: Exception, done: str) -> str:
    """Say what went wrong; not in the words of a program that was given a value, for they may hold it."""
    kind, text = type(error).__name__, str(error).rstrip(". ")
    return f"{kind}: {text}" if text and done != _KEPT else kind


def _cause(error: Exception, done: str) -> Exception | None:
    return None if done == _KEPT else error


def _check_names(names: Iterable[str]) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise UserError(
            f"Names of secrets must be given as a list, got {show(names)}, {show_type(names)}.", value=names
        )
    return [_check_name(name) for name in names]


def _check_name(name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidName(
            f"The name of a secret must be 1 to 127 ASCII letters, digits and '-', got {show(name)}. An underscore may become '-'.",
            value=name,
        )
    return name


def _to_content_type(content_type: object) -> str:
    if isinstance(content_type, Enum):
        content_type = content_type.value
    if content_type is not None and not isinstance(content_type, str):
        raise UserError(
            f"The content type of a secret must be a text, got {show_type(content_type)}.", value=content_type
        )
    return content_type or _NO_CONTENT_TYPE
