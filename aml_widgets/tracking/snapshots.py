"""Snapshots for runs of a workspace: taken when asked for, or skipped with a reason when a run starts by itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core.errors import SnapshotError, StoreError, StoreUnavailable, message_of
from aml_widgets.store.uri import get_home
from aml_widgets.tracking.context import (
    SNAPSHOT_MAX_FILES_VARIABLE,
    SNAPSHOT_MAX_MB_VARIABLE,
    get_snapshot_max_bytes,
    get_snapshot_max_files,
)
from aml_widgets.tracking.provenance import SNAPSHOT_ID, SNAPSHOT_SKIPPED
from aml_widgets.tracking.warn import logger, warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

OWN_ENTRIES_OF_HOME = (
    ".runs",
    ".environments",
    ".environments.lock",
    ".importable",
    ".targets",
    ".targets.db",
    ".targets.db-wal",
    ".targets.db-shm",
    ".targets.db-journal",
    ".wheels",
)
"""What is kept in the folder of named workspaces beside them; what runs are started with may hold secrets."""

_NAMED_LINKS = 5

_told: set[tuple[str, str]] = set()


def snapshot_for_workspace(
    workspace: Workspace, source: Path, *, ways_out: Sequence[str] | None = None, warns_of_links: bool = True
) -> str:
    """Take a snapshot into a workspace; return its id. `ways_out` say what to do about sources that are too large.

    A warning names the links that are not copied, unless `warns_of_links` is False.

    Raises
    ------
    SnapshotError
        If the source cannot be copied, or the workspace keeps no snapshots.
    StoreUnavailable
        If the workspace is gone.
    """
    from aml_widgets.submit.snapshot import take_snapshot
    from aml_widgets.submit.source_files import WAYS_OUT, Limits
    from aml_widgets.submit.store_place import refuse_if_gone

    target = workspace.store.snapshots
    if target is None:
        raise SnapshotError(f"Workspace {workspace.name!r} keeps no snapshots. Use upload_folder.", value=source)
    refuse_if_gone(workspace.store)
    limits = Limits(
        max_files=get_snapshot_max_files(),
        max_bytes=get_snapshot_max_bytes(),
        files_variable=SNAPSHOT_MAX_FILES_VARIABLE,
        bytes_variable=SNAPSHOT_MAX_MB_VARIABLE,
    )
    return take_snapshot(
        source,
        target,
        limits=limits,
        left_out=[*workspace.store.own_paths, *_list_own_of_home()],
        ways_out=ways_out or WAYS_OUT,
        tell_links=(lambda links: _warn_of_links(source, links)) if warns_of_links else None,
    )


def start_snapshot(workspace: Workspace, source: str | os.PathLike[str] | None) -> dict[str, str]:
    """Take the snapshot that a starting run has, or say why there is none; as properties of the run.

    Raises
    ------
    SnapshotError
        Only for a folder that was named and is not there.
    """
    if source is None or (workspace.store.snapshots is None and Path(source) == Path()):
        return {}  # of the current folder, which nobody named, none is missed where none can be kept
    folder = Path(source)
    if not folder.exists() and folder != Path():
        raise SnapshotError(
            f"The snapshot_directory {str(folder)!r} does not exist. Give a folder that does, or None for no snapshot.",
            value=source,
        )
    try:
        return {SNAPSHOT_ID: snapshot_for_workspace(workspace, folder, warns_of_links=False)}
    except (SnapshotError, StoreError) as error:
        _tell_once(_to_key(folder), error)
        return {SNAPSHOT_SKIPPED: message_of(error)}


def _list_own_of_home() -> list[Path]:
    try:
        home = get_home()
    except StoreUnavailable:  # in an interpreter without platformdirs, which was told no home: nothing is kept in one
        return []
    return [home / name for name in OWN_ENTRIES_OF_HOME]


def _warn_of_links(source: Path, links: Sequence[str]) -> None:
    key = (_to_key(source), ", ".join(links))
    if key in _told:
        return
    _told.add(key)
    shown = ", ".join(repr(link) for link in links[:_NAMED_LINKS])
    more = f" and {len(links) - _NAMED_LINKS} more" if len(links) > _NAMED_LINKS else ""
    what = "1 link is" if len(links) == 1 else f"{len(links)} links are"
    warn_softly(
        f"{what} not copied from {str(source)!r}: {shown}{more}. Put the files themselves there if they are needed, or name the "
        "links in .amlignore."
    )


def _to_key(folder: Path) -> str:
    try:
        return os.path.abspath(folder)  # noqa: PTH100
    except OSError:  # the current folder was deleted
        return str(folder)


def _tell_once(folder: str, error: Exception) -> None:
    key = (folder, type(error).__name__)
    if key in _told:
        logger.debug("No snapshot again: %s", message_of(error))
        return
    _told.add(key)
    warn_softly(f"The run starts without a snapshot of its folder. {message_of(error)}")
