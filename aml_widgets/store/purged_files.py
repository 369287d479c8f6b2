"""What is left on disk of runs that were deleted for good."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.errors import StoreError, message_of
from aml_widgets.store.artifacts import FolderArtifactStore

SNAPSHOT_KEPT_SECONDS = 3_600.0
"""A snapshot that was taken, or asked for, so lately stays: a run that is to have it may be about to be created."""

_log = logging.getLogger(__name__)


def remove_files(artifacts: FolderArtifactStore, run_ids: Iterable[str]) -> list[str]:
    """Delete the files of runs; give the ids of those of whom nothing is left."""
    removed = []
    for run_id in run_ids:
        try:
            artifacts.remove_all(run_id)
        except StoreError as error:
            _log.warning(
                "Run %s is deleted, but not all of its files could be; they will be when the workspace is next opened: %s",
                run_id,
                message_of(error),
            )
        else:
            removed.append(run_id)
    return removed


def remove_snapshot(folder: Path, snapshot_id: str, has_it: Callable[[str], bool]) -> bool:
    """Delete a snapshot, unless a run `has_it`; say whether nothing is to be done about it later.

    Call it while no run can be created.
    """
    if not (snapshot_id.isascii() and snapshot_id.isalnum()):  # the property is free text: no path is made of it
        return True
    archive = folder / f"{snapshot_id}.zip"
    try:
        if archive.stat().st_mtime > clock.now() - SNAPSHOT_KEPT_SECONDS:
            return False
        if not has_it(snapshot_id):
            archive.unlink()
    except FileNotFoundError:
        return True
    except OSError as error:
        _log.warning("The snapshot %s, which no run has any more, could not be deleted yet: %s", archive, error)
        return False
    return True
