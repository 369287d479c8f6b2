"""A lock between processes that the system lets go of when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

_PAUSE_SECONDS = 0.02


class FileLock:
    """Held by one holder at a time, of this process or another.

    Parameters
    ----------
    path : Path
        A file that stands for what is locked; made where it is missing. Its folder must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self, wait_seconds: float = 0.0) -> bool:
        """Take the lock, waiting so long for it at most; say whether it is held now.

        Raises
        ------
        OSError
            Where the file cannot be opened: FileNotFoundError if its folder is gone.
        """
        deadline = time.monotonic() + wait_seconds
        while not self._try():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def release(self) -> None:
        """Let go of the lock. May be called twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _try(self) -> bool:
        if self._file is not None:
            return False
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)  # not inherited by programs that are started
        try:
            if not _lock(file):
                os.close(file)
                return False
            if os.fstat(file).st_nlink == 0:  # whoever held it has deleted the file: it locks nothing any more
                os.close(file)
                return False
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return True


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
