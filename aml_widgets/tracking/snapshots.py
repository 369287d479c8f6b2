"""Snapshots for runs of a workspace: taken when asked for, or skipped with a reason when a run starts by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core.errors import SnapshotError, StoreError
from aml_widgets.tracking.context import get_snapshot_max_bytes, get_snapshot_max_files
from aml_widgets.tracking.provenance import SNAPSHOT_ID, SNAPSHOT_SKIPPED
from aml_widgets.tracking.warn import logger, warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

_told: set[tuple[str, str]] = set()


def snapshot_for_workspace(workspace: Workspace, source: Path, *, way_out: str | None = None) -> str:
    """Take a snapshot into a workspace; return its id. `way_out` says what to do about sources that are too large.

    Raises
    ------
    SnapshotError
        If the source cannot be copied, or the workspace keeps no snapshots.
    """
    from aml_widgets.submit.snapshot import WAY_OUT, Limits, take_snapshot

    target = workspace.store.snapshots
    if target is None:
        raise SnapshotError(f"Workspace {workspace.name!r} keeps no snapshots. Use upload_folder.", value=source)
    limits = Limits(max_files=get_snapshot_max_files(), max_bytes=get_snapshot_max_bytes())
    left_out = workspace.store.own_paths
    return take_snapshot(source, target, limits=limits, left_out=left_out, way_out=way_out or WAY_OUT)


def start_snapshot(workspace: Workspace, source: str | os.PathLike[str] | None) -> dict[str, str]:
    """Take the snapshot that a starting run has, or say why there is none; as properties of the run.

    Raises
    ------
    SnapshotError
        Only for a folder that was named and is not there.
    """
    if source is None:
        return {}
    folder = Path(source)
    if not folder.exists() and folder != Path():
        raise SnapshotError(
            f"The snapshot_directory {str(folder)!r} does not exist. Give a folder that does, or None for no snapshot.",
            value=source,
        )
    try:
        return {SNAPSHOT_ID: snapshot_for_workspace(workspace, folder)}
    except (SnapshotError, StoreError) as error:
        _tell_once(os.path.abspath(folder) if folder.exists() else str(folder), error)  # noqa: PTH100
        return {SNAPSHOT_SKIPPED: str(error)}


def _tell_once(folder: str, error: Exception) -> None:
    key = (folder, type(error).__name__)
    if key in _told:
        logger.debug("No snapshot again: %s", error)
        return
    _told.add(key)
    warn_softly(f"The run starts without a snapshot of its folder. {error}")
