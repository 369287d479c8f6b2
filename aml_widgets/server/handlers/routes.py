"""Which handler answers which path. A test sees that these are the paths of the schema."""

from __future__ import annotations

import re

from aml_widgets.server.handlers import files, runs, workspaces
from aml_widgets.server.handlers.base import ApiHandler, UnknownHandler
from aml_widgets.server.schema import ROOT

HANDLERS: tuple[type[ApiHandler], ...] = (  # the first that fits answers: words before ids
    workspaces.ServerHandler,
    workspaces.WorkspacesHandler,
    workspaces.ExperimentsHandler,
    workspaces.ExperimentHandler,
    workspaces.MetricsHandler,
    workspaces.EnvelopesHandler,
    workspaces.CompareHandler,
    runs.ListHandler,
    runs.PollHandler,
    runs.ActionsHandler,
    runs.RunHandler,
    runs.ChangesHandler,
    runs.RowsHandler,
    runs.DetailsHandler,
    files.LogHandler,
    files.ZipHandler,
    files.SnapshotHandler,
    files.SnapshotFileHandler,
    files.FileHandler,
)


def routes() -> list[tuple[str, type[ApiHandler]]]:
    """Give patterns of paths below the server's base URL, and their handlers."""
    known = [(ROOT + _to_pattern(handler.path), handler) for handler in HANDLERS]
    return [*known, (f"{ROOT}(?:/.*)?", UnknownHandler)]


def _to_pattern(path: str) -> str:
    # The path of a file goes on over slashes; every other part is one segment, in which a quoted slash is a letter as any.
    return re.sub(r"\{(\w+)\}", lambda found: "(.+)" if found[1] == "path" else "([^/]+)", path)
