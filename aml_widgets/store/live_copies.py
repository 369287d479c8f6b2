"""Copies of files that their run may still change: they can be replaced, until somebody writes the file for good.

A file of a run is written once. But what a script leaves in its ``outputs`` folder is copied while the script runs, and a checkpoint
is rewritten again and again; and the script may upload the same file itself, which must not fail because an older state of it is
there. So such a copy bears a marker beside it, an empty file, which is taken away when the copy becomes final.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aml_widgets.core.file_lock import FileLock

_LOCK_SECONDS = 30.0  # it is held for the time of a rename


def publish_live(folder: Path, temporary: Path, target: Path, publish: Callable[[], None]) -> None:
    """Give a finished copy its name, in place of an earlier live copy; a file that is final stays.

    Parameters
    ----------
    folder : Path
        The run's folder.
    temporary : Path
        The copy.
    target : Path
        Its name.
    publish : callable
        Gives it its name where nothing has it; raises ArtifactExists for another file.
    """
    with _locked(folder):
        marker = _marker(target)
        if marker.exists() and target.is_file():
            temporary.replace(target)
            return
        if target.exists():
            publish()  # accepts the same content, and refuses another
            return
        marker.touch()
        try:
            publish()
        except BaseException:
            marker.unlink(missing_ok=True)
            raise


def replace_live(folder: Path, temporary: Path, target: Path) -> bool:
    """Put a final file in the place of a live copy; say whether there was one."""
    if not _marker(target).exists():
        return False
    with _locked(folder):
        temporary.replace(target)
        _marker(target).unlink(missing_ok=True)
    return True


def keep(folder: Path, target: Path) -> None:
    """Make what is there final."""
    if _marker(target).exists():
        with _locked(folder):
            _marker(target).unlink(missing_ok=True)


def _marker(target: Path) -> Path:
    name = hashlib.sha256(target.name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return target.with_name(f".{name}.live")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / ".live.lock")
    with contextlib.suppress(OSError):  # a file system without locks
        lock.acquire(
            _LOCK_SECONDS
        )  # whoever cannot have it goes on: a file that is not copied would be the greater harm
    try:
        yield
    finally:
        lock.release()
