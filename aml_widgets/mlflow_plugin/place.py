"""The workspace behind a URI, and what of it the parts of the tracking store have in common."""

from __future__ import annotations

import os
from dataclasses import dataclass

from aml_widgets.store.plugin_uri import parse_plugin_uri, to_files_uri, to_plugin_uri
from aml_widgets.store.repeats import RepeatSkippingStore
from aml_widgets.store.sqlite.store import SqliteRunStore

_SERVED_ROOT = "_MLFLOW_SERVER_FILE_STORE"
_SERVED_FILES = "_MLFLOW_SERVER_ARTIFACT_DESTINATION"
_PROXY = "mlflow-artifacts:"


@dataclass(frozen=True)
class Place:
    """An open workspace.

    Attributes
    ----------
    store : RepeatSkippingStore
        Keeps its runs.
    uri : str
        Names it.
    files_uri : str
        Names its files: clients of a tracking server that serves them get another URI than others.
    is_served : bool
        Whether this process is a tracking server: then the processes that write runs are others, which nobody knows.
    """

    store: RepeatSkippingStore
    uri: str
    files_uri: str
    is_served: bool

    def run_files_uri(self) -> str:
        """Give the URI below which each run has its files, where its experiment names no other."""
        return to_files_uri(self.files_uri, "runs") if self.files_uri == self.uri else f"{self.files_uri}/runs"


def open_place(store_uri: str, artifact_uri: str | None) -> Place:
    """Open the workspace that a URI names, which must be there.

    `artifact_uri` is what a tracking server was told of where files are to go. It counts where the server passes files on to this very
    workspace.
    """
    folder = parse_plugin_uri(store_uri).folder
    uri = to_plugin_uri(folder)
    is_served = _SERVED_ROOT in os.environ
    files_uri = uri
    if artifact_uri is not None and artifact_uri.startswith(_PROXY):
        destination = os.environ.get(_SERVED_FILES, "")
        if destination.startswith(uri.partition("//")[0]) and parse_plugin_uri(destination).folder == folder:
            files_uri = artifact_uri.rstrip("/")
    return Place(SqliteRunStore.open(folder, create=False), uri, files_uri, is_served)
