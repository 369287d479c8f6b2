"""The files of a run, and the zip of its sources, copied to another store."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath

from aml_widgets.core import clock
from aml_widgets.core.errors import ArtifactNotFound
from aml_widgets.core.records import SNAPSHOT_ID, RunRecord
from aml_widgets.store.artifacts import to_store_error
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_waiting import Teller


def copy_snapshot(source: RunStore, target: RunStore, record: RunRecord) -> None:
    """Copy the zip of the sources, where both stores keep such."""
    snapshot_id = record.properties.get(SNAPSHOT_ID, "")
    if source.snapshots is None or target.snapshots is None or not (snapshot_id.isascii() and snapshot_id.isalnum()):
        return
    zipped, wanted = source.snapshots / f"{snapshot_id}.zip", target.snapshots / f"{snapshot_id}.zip"
    if zipped.is_file() and not wanted.exists():
        part = wanted.with_suffix(f".{clock.new_id()}")
        try:
            wanted.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copyfile(zipped, part)
                part.replace(wanted)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise to_store_error(error, f"Snapshot {snapshot_id!r}", str(wanted)) from error


def copy_files(source: RunStore, run_id: str, target: RunStore, copy_id: str, teller: Teller) -> None:
    """Copy those files that are not there.

    Parameters
    ----------
    source, target : RunStore
        Where the run is, and its copy.
    run_id, copy_id : str
        Their ids.
    teller : Teller
        Told after each file how many are there.
    """
    there = {one.path: one for one in target.list_artifacts(copy_id)}
    with tempfile.TemporaryDirectory(prefix="aml_widgets-") as folder:
        for count, artifact in enumerate(source.list_artifacts(run_id), start=1):
            known = there.get(artifact.path)
            if known is None or known.size_bytes != artifact.size_bytes:
                file = Path(folder) / PurePosixPath(artifact.path).name
                try:
                    source.artifacts.copy_to(run_id, artifact.path, file)
                except ArtifactNotFound:
                    if not artifact.is_log:
                        raise
                    continue  # a log that never came: nothing was printed, or the machine that kept it is gone
                size_bytes = target.artifacts.put(copy_id, artifact.path, file)
                target.record_artifact(copy_id, replace(artifact, size_bytes=size_bytes))
                file.unlink()
            elif known != artifact:  # interrupted before it was made known
                target.record_artifact(copy_id, artifact)
            teller.tell(files=count)
