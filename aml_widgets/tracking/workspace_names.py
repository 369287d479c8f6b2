"""Names of workspaces, and the folders that they stand for."""

from __future__ import annotations

import os
from pathlib import Path

from aml_widgets.core.errors import InvalidName, WorkspaceNotFound
from aml_widgets.store import uri
from aml_widgets.store.addresses import check_address
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.values import show

DEFAULT_NAME = "default"
"""The workspace that is opened where nothing names one."""


def place_of(location: str | os.PathLike[str]) -> Path | str:
    """Give the folder of a workspace, or its server's address in the one spelling that it has."""
    return check_address(location) if uri.is_tracking_uri(location) else uri.to_folder(location)


def check_workspace_name(name: object) -> str:
    """Give back the name of a workspace below the home.

    Raises
    ------
    InvalidName
        Unless it is 3 to 33 letters, digits, ``-`` and ``_``, the first an ASCII letter or digit.
    """
    if not isinstance(name, str) or not uri.is_workspace_name(name):
        raise InvalidName(
            f"Workspace name {show(name)} must be 3 to 33 characters: first a letter or digit, then letters, digits, '-' and "
            "'_'. To use a folder of any name, call Workspace.open(folder).",
            value=name,
        )
    return name


def open_named(name: str, *, create: bool = False) -> RunStore:
    """Open the store of a workspace below the home.

    Raises
    ------
    WorkspaceNotFound
        If there is none of that name, and none is to be made.
    """
    folder = uri.get_home() / check_workspace_name(name)
    try:
        return uri.open_store(folder, create=create)
    except WorkspaceNotFound as error:
        raise WorkspaceNotFound(
            f"There is no workspace {name!r} in {str(folder.parent)!r}. Check the name, create it with "
            f"Workspace.create({name!r}), or open a folder elsewhere with Workspace.open(folder).",
            value=name,
        ) from error
