"""Which folders and tracking servers were opened as workspaces on this machine, apart from folders in the home, which lists itself."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from aml_widgets.core.errors import StoreError, message_of
from aml_widgets.store import uri
from aml_widgets.store.addresses import one_spelling

logger = logging.getLogger("aml_widgets")

_FOLDER_NAME = ".opened"
_SERVERS_NAME = ".opened_servers"
_MAX_REMEMBERED = 1_000

_noted: set[tuple[Path, Path | str]] = set()
"""What this process has seen to: homes, and folders or addresses."""


def note_opened(folder: Path) -> None:
    """Remember a folder that was opened as a workspace, so that the run browser can list it.

    What goes wrong is logged, never raised: whoever opens a workspace did not ask for this. A folder that a process has
    seen to costs nothing the second time.

    Parameters
    ----------
    folder : Path
        Absolute. One that is in the home under a workspace's name is not remembered, for the home lists it.
    """
    try:
        home = uri.get_home()
        if (home, folder) in _noted:
            return
        _noted.add((home, folder))
        if not (folder.parent == home and uri.is_workspace_name(folder.name)) and is_workspace(folder):
            _remember(home / _FOLDER_NAME, folder)
    except (OSError, StoreError) as error:
        logger.debug("That the workspace %s was opened is not remembered: %s", folder, message_of(error))


def note_opened_server(address: str) -> None:
    """Remember a tracking server that was opened as a workspace, so that the run browser can list it.

    What goes wrong is logged, never raised, as by `note_opened`.

    Parameters
    ----------
    address : str
        Its tracking URI, without user and password.
    """
    try:
        home = uri.get_home()
        address = one_spelling(address)
        if (home, address) in _noted or _is_relative(address):
            return
        _noted.add((home, address))
        entry = home / _SERVERS_NAME / uri.workspace_key(address)
        if _read_text(entry) != address:
            entry.parent.mkdir(parents=True, exist_ok=True)
            _write(entry, os.fsencode(address))
    except (OSError, StoreError) as error:
        logger.debug("That the workspace %s was opened is not remembered: %s", address, message_of(error))


def list_opened_servers() -> list[str]:
    """List the addresses of tracking servers that were opened as workspaces; whether they are there is not asked."""
    found = (_read_text(entry) for entry in _list_entries(uri.get_home() / _SERVERS_NAME))
    return sorted({one_spelling(address) for address in found if uri.is_tracking_uri(address)})


def list_opened() -> list[Path]:
    """List the folders outside the home that were opened as workspaces, by their paths.

    They are not looked at, because one on a network drive that is gone may hang: `is_workspace` does that.

    Returns
    -------
    list of Path
        Absolute, whether or not they are workspaces still. What is remembered and cannot be read is left out.
    """
    found = (_read(entry) for entry in _list_entries(uri.get_home() / _FOLDER_NAME))
    return sorted({folder for folder in found if folder is not None})


def is_workspace(folder: Path) -> bool:
    """Say whether a folder is a workspace now, as far as can be seen without opening it."""
    from aml_widgets.store.sqlite.store import DATABASE_NAME

    try:
        return (folder / DATABASE_NAME).is_file()
    except OSError:  # in a folder that may not be looked into
        return False


def _is_relative(address: str) -> bool:
    """Whether an address is of a file in whatever folder the process is in."""
    return address.startswith("sqlite:") and not address.startswith("sqlite:////")


def _remember(entries: Path, folder: Path) -> None:
    entry = entries / uri.workspace_key(folder)
    if _read(entry) == folder:
        return
    entries.mkdir(parents=True, exist_ok=True)
    _forget_gone(entries)
    _write(entry, os.fsencode(folder))


def _write(entry: Path, content: bytes) -> None:
    written = entry.with_name(f"{entry.name}.{os.getpid()}")
    written.write_bytes(content)
    written.replace(entry)  # whole or not at all: others may be listing


def _forget_gone(entries: Path) -> None:
    """Make room where there are very many; as long as there are few, a folder may come back with its disk."""
    known = _list_entries(entries)
    if len(known) >= _MAX_REMEMBERED:
        for entry in known:
            folder = _read(entry)
            if folder is None or not is_workspace(folder):
                entry.unlink(missing_ok=True)


def _list_entries(entries: Path) -> list[Path]:
    try:
        return sorted(entry for entry in entries.iterdir() if not entry.suffix)  # with a suffix it is being written
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            logger.warning("Which workspaces were opened on this machine cannot be read: %s", error)
        return []


def _read(entry: Path) -> Path | None:
    text = _read_text(entry)
    return Path(text) if text and "\0" not in text else None


def _read_text(entry: Path) -> str | None:
    try:
        return os.fsdecode(entry.read_bytes())
    except OSError:
        return None
