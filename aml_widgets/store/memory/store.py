"""The in-memory store's face."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.records import NewPoint
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.memory.changes import MemoryChanges
from aml_widgets.store.memory.experiments import MemoryExperiments
from aml_widgets.store.memory.models import MemoryModelRows
from aml_widgets.store.memory.points import MemoryPoints
from aml_widgets.store.memory.runs import MemoryRuns
from aml_widgets.store.memory.trash import MemoryTrash
from aml_widgets.store.model_files import ModelFolder
from aml_widgets.store.models import FolderModelStore


class MemoryRunStore(MemoryExperiments, MemoryRuns, MemoryTrash, MemoryPoints, MemoryChanges):
    """Keeps runs in memory, and their files in a folder.

    One lock makes it safe from any thread. Other processes cannot see it.

    Parameters
    ----------
    artifact_root : Path, optional
        Where to keep files. Without it, a temporary folder that goes when the store is garbage collected.
    """

    def __init__(self, artifact_root: Path | None = None) -> None:
        if artifact_root is None:
            artifact_root = Path(tempfile.mkdtemp(prefix="aml_widgets-"))
            weakref.finalize(self, _remove_folder, artifact_root, os.getpid())
        super().__init__(FolderArtifactStore(artifact_root))
        self._models = FolderModelStore(ModelFolder(artifact_root / ".models", self._artifacts), MemoryModelRows())
        self._info = {
            "name": "memory",
            "workspace_id": clock.new_id(),
            "created_at": datetime.fromtimestamp(clock.now(), tz=timezone.utc).isoformat(),
        }

    @property
    def artifacts(self) -> FolderArtifactStore:
        """Where the files of the runs are."""
        return self._artifacts

    @property
    def models(self) -> FolderModelStore:
        """Where registered models are, in a folder that is in no run's way, as the snapshots are."""
        return self._models

    @property
    def own_paths(self) -> Sequence[Path]:
        """The folder of files, models and snapshots."""
        return [self._artifacts.root]

    @property
    def is_server(self) -> bool:
        """No: it is in this process."""
        return False

    @property
    def outgoing(self) -> None:
        """Nothing waits here."""
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to let go of while the runs are to be kept."""

    def log_new_points(self, run_id: str, points: Sequence[NewPoint]) -> None:
        """Append those points that the run has not yet, also to a run that has ended."""
        with self._lock:
            self.log_points(run_id, self._run(run_id).metrics.pick_new(points), even_if_ended=True)

    # -- the workspace itself

    def get_info(self) -> Mapping[str, str]:
        """Facts of the workspace: at least ``name``, ``workspace_id``, ``created_at`` (ISO 8601)."""
        with self._lock:
            return dict(self._info)

    def set_info(self, facts: Mapping[str, str]) -> None:
        """Set facts of the workspace, keeping the others."""
        with self._lock:
            self._info.update(facts)


def _remove_folder(folder: Path, owner_pid: int) -> None:
    if os.getpid() == owner_pid:  # a forked child ends too, and the folder is its parent's
        shutil.rmtree(folder, ignore_errors=True)


if TYPE_CHECKING:
    from aml_widgets.store.repeats import RepeatSkippingStore

    _proof: type[RepeatSkippingStore] = MemoryRunStore
