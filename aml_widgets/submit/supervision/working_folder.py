"""The folder that a script runs in: a copy of its sources, and beside them what it expects to be there."""

from __future__ import annotations

import os
import shutil
import stat
import time
import zipfile
import zlib
from pathlib import Path

from aml_widgets.core.errors import SnapshotError
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.collecting import OUTPUTS, remember_brought


def prepare_working_folder(store: RunStore, submission: Submission, folder: RunFolder) -> int:
    """Unpack the sources of a run, and make its ``outputs``; give how many files the sources are.

    Raises
    ------
    SnapshotNotFound
        If the sources are gone.
    SnapshotError
        If they are damaged.
    OSError
        If they cannot be written.
    """
    archive = find_snapshot(store.snapshots, submission.snapshot_id)
    target = folder.working_folder
    if target.exists():  # begun before, and never run in
        shutil.rmtree(target)
    target.mkdir(parents=True)
    count = _unpack(archive, target)
    outputs = target / OUTPUTS
    if not outputs.exists():  # a file of that name is the user's; then there is nothing to collect
        outputs.mkdir()
    remember_brought(submission, folder)
    return count


def _unpack(archive: Path, target: Path) -> int:
    now = time.time()
    try:
        with zipfile.ZipFile(archive) as reader:
            members = [member for member in reader.infolist() if not member.is_dir()]
            for member in members:
                file = reader.extract(member, target)  # which takes '..' and leading slashes away
                mode = (member.external_attr >> 16) & 0o777
                if mode & stat.S_IXUSR:
                    Path(file).chmod(Path(file).stat().st_mode | 0o111)
                os.utime(file, (now, now))
    # Which of them `zipfile` raises depends on the bytes that are damaged: RuntimeError where a file seems to be encrypted, or packed in
    # a way that it does not know; ValueError where names are no UTF-8 or places lie before the beginning.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise SnapshotError(
            f"The snapshot {archive.name} is damaged ({error}). Submit the script again.", value=archive
        ) from error
    return len(members)
