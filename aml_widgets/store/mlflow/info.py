"""Facts of a workspace on a server: in tags of the experiment that every server has from the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aml_widgets.core.errors import StoreError
from aml_widgets.store.mlflow import documents
from aml_widgets.store.mlflow.connection import Connection, Missing

if TYPE_CHECKING:
    from mlflow.entities import Experiment

_EXPERIMENT_ID = "0"
_INFO = "aml.info"


def name_of(uri: str) -> str:
    """Give the name of a workspace that nobody named: its server's host, or the name of the database's file."""
    parts = urlsplit(uri)
    if parts.netloc:
        return "-".join(filter(None, [parts.netloc.rpartition("@")[2], *parts.path.split("/")]))
    return parts.path.rpartition("/")[2] or uri


def read_info(connection: Connection) -> dict[str, str]:
    """Give the facts that were set; none where the server has no such experiment."""
    experiment = _find(connection)
    if experiment is None:
        return {}
    return {key: str(value) for key, value in documents.decode(_INFO, experiment.tags).items()}


def write_info(connection: Connection, facts: Mapping[str, str]) -> None:
    """Set facts, keeping the others. Raises StoreError where the server has no place for them."""
    experiment = _find(connection)
    if experiment is None:
        raise StoreError(
            f"The tracking server {connection.shown_uri} has no experiment of the id {_EXPERIMENT_ID!r}, where facts of a workspace "
            "are kept. Keep them with an experiment of yours, as tags.",
            value=connection.shown_uri,
        )
    with connection.errors("Facts of the workspace are set"):
        for key, value in documents.encode(_INFO, {**documents.decode(_INFO, experiment.tags), **facts}).items():
            connection.client.set_experiment_tag(_EXPERIMENT_ID, key, value)


def _find(connection: Connection) -> Experiment | None:
    try:
        with connection.errors("Facts of the workspace are read"):
            return connection.client.get_experiment(_EXPERIMENT_ID)
    except Missing:
        return None
