"""Which store a location means, and where workspaces without a location of their own are."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TypeGuard

from aml_widgets.core.errors import StoreUnavailable, UserError
from aml_widgets.store.addresses import check_address as check_address  # noqa: PLC0414 - what is above takes it from here
from aml_widgets.store.addresses import hide_secrets, hide_secrets_of_half, is_half_address, one_spelling
from aml_widgets.store.plugin_uri import PLUGIN_SCHEME, parse_plugin_uri
from aml_widgets.store.protocol import RunStore

_SQLITE_SCHEME = "sqlite:///"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")  # two characters and more: "C:/runs" is a folder
_TRACKING = re.compile(r"https?://.*|databricks://.+|databricks", re.IGNORECASE)
_MLFLOW_FILE = re.compile(r"sqlite:///.*\.(db|sqlite|sqlite3)", re.IGNORECASE)
_HALF_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:/(?!/)")
"""A scheme and one slash, as in ``uc:/x``."""
_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{2,32}")


def open_store(location: str | os.PathLike[str], *, create: bool = True) -> RunStore:
    """Open the store at a location.

    Parameters
    ----------
    location : str or path
        A folder, also as ``sqlite:///folder``; or a tracking URI of MLflow's (`is_tracking_uri`).
    create : bool, optional
        Make a new store where there is none. A tracking server is there or is not.

    Returns
    -------
    RunStore
        Ready to be used, from any thread.

    Raises
    ------
    WorkspaceNotFound
        If there is no store, and `create` is False.
    StoreUnavailable
        For a tracking server where the package mlflow is missing.
    StoreError
        If it cannot be opened.
    """
    if is_tracking_uri(location):
        from aml_widgets.store.mlflow.store import MlflowStore

        return MlflowStore(check_address(location), get_home())
    from aml_widgets.store.sqlite.store import SqliteRunStore

    return SqliteRunStore.open(to_folder(location), create=create)


def is_tracking_uri(location: object) -> TypeGuard[str]:
    """Say whether a location is MLflow's to open: a server, or a database of MLflow's own.

    ``sqlite:///folder`` is a folder of ours; ``sqlite:///mlflow.db``, which names a file, is MLflow's.
    """
    if not isinstance(location, str):
        return False
    address = location.strip()
    return _TRACKING.fullmatch(address) is not None or _MLFLOW_FILE.fullmatch(address) is not None


def find_tracking_uri() -> str | None:
    """Give what ``MLFLOW_TRACKING_URI`` names, where that is MLflow's to open, or a workspace as MLflow names it."""
    location = os.environ.get("MLFLOW_TRACKING_URI", "")
    return location if is_tracking_uri(location) or location.startswith(f"{PLUGIN_SCHEME}:/") else None


def to_folder(location: str | os.PathLike[str]) -> Path:
    """Give the folder that a location names, absolute.

    Raises
    ------
    UserError
        If it is no location.
    StoreUnavailable
        For a tracking server, which has no folder, and for any other place that is none.
    """
    text = os.fspath(location) if isinstance(location, (str, os.PathLike)) else None
    if not isinstance(text, str) or not text.strip() or not is_path(text):
        raise UserError(
            f"The location of a workspace must be a folder, got {location!r}. Give a path such as './runs'.",
            value=location,
        )
    text = _strip_address(text)
    if text.startswith(_SQLITE_SCHEME):
        text = text[len(_SQLITE_SCHEME) :]
        if not text:
            raise UserError(
                f"{_SQLITE_SCHEME!r} names no folder and no file. Write it behind the three slashes, as in sqlite:///runs or "
                "sqlite:///mlflow.db; the folder that the process is in is '.'.",
                value=_SQLITE_SCHEME,
            )
    elif text.startswith(f"{PLUGIN_SCHEME}:/"):
        return parse_plugin_uri(text).folder
    elif is_half_address(text) and not _exists(text):
        shown = hide_secrets_of_half(text)
        raise UserError(
            f"{shown!r} could be the address of a tracking server, which begins with http:// or https://. Write it so, or "
            f"{_as_folder(text, shown)} for a folder of that name.",
            value=shown,
        )
    elif _SCHEME.match(text):
        what = "a tracking server" if is_tracking_uri(text) else "a location of a kind"
        raise StoreUnavailable(
            f"{hide_secrets(text)!r} names {what} that aml_widgets does not support here. "
            "Give a folder instead, such as './runs': it needs no server.",
            value=hide_secrets(text),
        )
    elif _HALF_SCHEME.match(text) and not _exists(text):
        shown = hide_secrets_of_half(text)
        raise UserError(
            f"{shown!r} begins as an address does, but as none that a workspace has: the path of a folder, sqlite:/// with a folder or a "
            "database's file, or http:// or https:// with a tracking server. Write one of these, or "
            f"{_as_folder(text, shown)} for a folder of that name.",
            value=shown,
        )
    try:
        return _absolute(text)
    except RuntimeError as error:
        raise UserError(
            f"The location {location!r} is in the home of a user whom this machine does not know. Name the folder without '~'.",
            value=location,
        ) from error


def is_path(text: str) -> bool:
    """Say whether a file system could have such a path: without NUL, and without half of a surrogate pair."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def is_workspace_name(name: str) -> bool:
    """Say whether a workspace in the home may be named so."""
    return _NAME.fullmatch(name) is not None


def workspace_key(location: str | os.PathLike[str]) -> str:
    """Give the name that a workspace has in URLs: short, of letters that need no quoting, and telling nothing of the path.

    Parameters
    ----------
    location : str or path
        The workspace's folder, made absolute as `to_folder` does, or the address of its tracking server.

    Returns
    -------
    str
        16 hexadecimal digits, the beginning of the SHA-256 of the absolute path or of the address in its one spelling.
    """
    place = one_spelling(location) if is_tracking_uri(location) else to_folder(location)
    return hashlib.sha256(os.fsencode(place)).hexdigest()[:16]


def get_home() -> Path:
    """Give the folder of named workspaces: ``AML_WIDGETS_HOME``, else in the platform's folder for user data."""
    home = os.environ.get("AML_WIDGETS_HOME")
    if home:
        try:
            return _absolute(home)
        except RuntimeError as error:
            raise StoreUnavailable(
                f"AML_WIDGETS_HOME is {home!r}, in the home of a user whom this machine does not know. Name the folder without '~'.",
                value=home,
            ) from error
    try:
        import platformdirs
    except ImportError as error:  # in the interpreter of a script that was submitted
        raise StoreUnavailable(
            "Where named workspaces are is found out with the package platformdirs, which this Python does not have. Set "
            "AML_WIDGETS_HOME to their folder, or name the workspace by its location: Workspace.open('./runs').",
            value="platformdirs",
        ) from error

    return Path(platformdirs.user_data_dir("aml_widgets", appauthor=False))


def _strip_address(text: str) -> str:
    """Take the blanks around an address away. Names of folders may begin and end with them."""
    address = text.strip()
    is_address = _SCHEME.match(address) or _HALF_SCHEME.match(address) or is_half_address(address)
    return address if is_address else text


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - exists() of a Path raises for a name that is too long


def _as_folder(text: str, shown: str) -> str:
    """Say how to write a folder of such a name, which is not repeated where something of it is not shown."""
    return f"./{shown}" if shown == text else "begin with ./"


def _absolute(path: str) -> Path:
    """Make a path absolute. Raises RuntimeError for the home of a user that there is not."""
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links away
