"""A lock between processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.core.file_lock import FileLock

HOLD = """
import sys
from pathlib import Path
from aml_widgets.core.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")

    assert one.acquire()
    assert not one.acquire()
    assert not other.acquire(wait_seconds=0.05)
    one.release()
    one.release()
    assert other.acquire()
    other.release()


@pytest.mark.parametrize("repetition", range(3))
def test_a_holder_that_is_killed_lets_go(tmp_path: Path, repetition: int) -> None:
    lock = FileLock(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert not lock.acquire()
        process.kill()
        process.wait()

    assert lock.acquire(wait_seconds=10)
    lock.release()


def test_a_file_that_its_holder_deleted_locks_nothing(tmp_path: Path) -> None:
    one, other = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert one.acquire()
    (tmp_path / "lock").unlink()

    assert other.acquire()
    one.release()
    other.release()


def test_a_folder_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "gone" / "lock").acquire()
