"""The face of the store that is an MLflow tracking server."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aml_widgets.store.mlflow.changes import ServerChanges
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.experiments import ServerExperiments
from aml_widgets.store.mlflow.files import server_key
from aml_widgets.store.mlflow.heads_tag import Head
from aml_widgets.store.mlflow.info import name_of, read_info, write_info
from aml_widgets.store.mlflow.lacking import LackingExtraStore, LackingModelStore
from aml_widgets.store.mlflow.outbox.left_lines import LeftLines
from aml_widgets.store.mlflow.points import ServerPoints
from aml_widgets.store.mlflow.runs import ServerRuns

if TYPE_CHECKING:
    from aml_widgets.store.extras import ExtraStore
    from aml_widgets.store.mlflow.files import MlflowArtifactStore
    from aml_widgets.store.protocol import ModelStore


class MlflowStore(ServerExperiments, ServerRuns, ServerPoints, ServerChanges):
    """Keeps runs on an MLflow tracking server: each of ours is one of MLflow's, of the same id, and each of MLflow's is one of ours.

    Parameters
    ----------
    uri : str
        A tracking URI of MLflow's.
    home : Path
        The local folder below which what is on its way to a server is kept.
    """

    def __init__(self, uri: str, home: Path) -> None:
        local = Path(home) / ".tracking" / server_key(uri)
        super().__init__(Connection(uri), local)
        self._local = local
        self._left_lines = LeftLines(local, self._outbox, self._read_heads)
        _live.add(self)

    @property
    def uri(self) -> str:
        """The tracking URI, without a password."""
        return self._connection.shown_uri

    @property
    def artifacts(self) -> MlflowArtifactStore:
        """Where the files of the runs are."""
        return self._files

    @property
    def models(self) -> ModelStore:
        """Nothing is kept here: what is called says where models are."""
        return cast("ModelStore", LackingModelStore())

    @property
    def extras(self) -> ExtraStore:  # type: ignore[override]  # what the in-memory store keeps is not there
        """Nothing is kept here: what is called says where that is."""
        return cast("ExtraStore", LackingExtraStore())

    @property
    def snapshots(self) -> None:  # type: ignore[override]  # as above
        """Source snapshots are copies on one machine, and a server has none."""
        return None

    @property
    def own_paths(self) -> Sequence[Path]:
        """The local folder of what is on its way."""
        return [self._local]

    @property
    def is_server(self) -> bool:
        """Yes."""
        return True

    @property
    def outgoing(self) -> LeftLines:
        """What waits on this machine for the server, whichever process logged it."""
        return self._left_lines

    def close(self) -> None:
        """Send what is on its way, and let go of connections. May be called twice; a later call opens them again."""
        with self._log_lock:
            self._heads.clear()
        self._files.close()
        self._outbox.close()
        self._sender.forget()
        self._connection.close()

    def forget_parent(self) -> None:
        """Start anew in a process that was forked off, whose threads and queues are its parent's, and whose locks nobody lets go of."""
        self._lock = threading.RLock()
        self._log_lock = threading.RLock()
        self._depth, self._reader_count, self._is_pulling = 0, 0, False
        self._forget_unsound_values()  # of a thread that was reading just then
        self._connection.forget_parent()
        self._sender.forget_parent()
        self._files.forget_parent()
        self._outbox.forget_parent()

    def _read_heads(self, run_id: str) -> Mapping[str, Head]:
        with self._reading(run_id):
            return self._servers[run_id].heads

    def get_info(self) -> Mapping[str, str]:
        """Facts of the workspace: at least ``name``, ``workspace_id``, ``created_at`` (ISO 8601)."""
        with self._lock:
            self._pull_experiments()
            oldest = min((one.created_at for one in self._experiments.values()), default=0.0)
            facts = {
                "name": name_of(self._connection.uri),
                "workspace_id": server_key(self._connection.uri),
                "created_at": datetime.fromtimestamp(oldest, tz=timezone.utc).isoformat(),
            }
            return {**facts, **read_info(self._connection)}

    def set_info(self, facts: Mapping[str, str]) -> None:
        """Set facts of the workspace, keeping the others."""
        with self._lock:
            write_info(self._connection, facts)


if TYPE_CHECKING:
    from aml_widgets.store.protocol import RunStore

    _proof: type[RunStore] = MlflowStore


_live: weakref.WeakSet[MlflowStore] = weakref.WeakSet()


def _forget_parents() -> None:
    for store in [*_live]:
        store.forget_parent()


if hasattr(os, "register_at_fork"):  # absent on Windows, which cannot fork
    os.register_at_fork(after_in_child=_forget_parents)
