"""The URI by which MLflow names a workspace of this program, and files in it: ``aml-widgets:///folder``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from aml_widgets.core.errors import UserError

PLUGIN_SCHEME = "aml-widgets"
"""The scheme, and the name of the entry points by which MLflow finds what answers to it."""

_FILES = "-"
"""The segment behind which a URI says what in the workspace is meant. A folder of that name is written ``%2D``."""

_URI = re.compile(rf"{PLUGIN_SCHEME}:/(?://)?([^/].*)", re.DOTALL)
"""MLflow drops two of the slashes when it appends a path."""


class PluginPlace(NamedTuple):
    """What a URI names: a workspace's folder and, for files, the path behind it, empty for all of them."""

    folder: Path
    path: str


def to_plugin_uri(folder: str | os.PathLike[str]) -> str:
    """Give the URI of the workspace in a folder."""
    parts = Path(os.path.abspath(Path(folder))).as_posix().split("/")  # noqa: PTH100 - resolve() would follow links away
    drive, *names = parts  # the drive is empty where there are none
    return f"{PLUGIN_SCHEME}:///" + "/".join((drive, *map(_quote, names))).lstrip("/")


def to_files_uri(uri: str, path: str) -> str:
    """Give the URI of files in a workspace; MLflow puts paths below it as they are, so they are not quoted."""
    return f"{uri.rstrip('/')}/{_FILES}/{path}"


def parse_plugin_uri(uri: str) -> PluginPlace:
    """Say what a URI names. Raises UserError for another kind of URI, or one that names a host."""
    found = _URI.fullmatch(uri)
    if found is None:
        raise UserError(
            f"{uri!r} is not the URI of a workspace, which is {PLUGIN_SCHEME}:/// and the path of its folder. "
            "Workspace.get_mlflow_tracking_uri() gives it.",
            value=uri,
        )
    folder, _, path = f"{found[1].rstrip('/')}/".partition(f"/{_FILES}/")
    local = unquote(folder).rstrip("/")
    is_of_windows = folder[1:2] == ":"  # the colon of a drive; that of a folder's name is quoted
    return PluginPlace(Path(local if is_of_windows else f"/{local}"), path.rstrip("/"))


def _quote(part: str) -> str:
    return "%2D" if part == _FILES else quote(part, safe="")
