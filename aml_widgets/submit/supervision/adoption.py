"""Keeping hold of what a script starts, on Linux: a process whose parent has ended becomes a child of the script's supervisor.

So it is found as one of its descendants, also where it has left its session and cleared its environment. Elsewhere, and when the
supervisor is gone, such a process has no parent that would tell whose it is.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from aml_widgets.submit.supervision.detached import is_detached

if TYPE_CHECKING:
    import psutil

_PR_SET_CHILD_SUBREAPER = 36

_adopter_pid: int | None = None  # a fork does not adopt


def begin_to_adopt() -> bool:
    """Let this process get all orphans among its descendants from now on, which it then has to `reap`; say whether it does.

    Only for a process whose children are a script's alone, and when it has started all of its own that may leave orphans.
    """
    global _adopter_pid  # noqa: PLW0603 - the system keeps it by process, too
    if not sys.platform.startswith("linux"):
        return False
    try:
        import ctypes

        if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            return False
    except (ImportError, OSError, AttributeError):  # a Python without ctypes, or a C library without prctl
        return False
    _adopter_pid = os.getpid()
    return True


def find_descendants(processes: Iterable[psutil.Process]) -> set[int]:
    """Give the numbers of those processes that descend from this one, where it adopts orphans; none where it does not.

    What a script submits is not followed: supervisors and dispatchers that a script has started come here, too, and live on.
    """
    import psutil

    if _adopter_pid != os.getpid():
        return set()
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    for process in processes:
        try:
            children[process.ppid()].append(process)
        except (psutil.Error, OSError):  # gone meanwhile
            continue
    found: set[int] = set()
    parents = [_adopter_pid]
    while parents:
        for child in children.pop(parents.pop(), ()):
            if not _is_apart(child):
                found.add(child.pid)
                parents.append(child.pid)
    return found


def reap(script_pid: int) -> None:
    """Let the dead among what was adopted go; how the script itself ended is left to whoever started it."""
    if sys.platform != "linux" or _adopter_pid != os.getpid():
        return
    while True:
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if dead is None or dead.si_pid == script_pid:
                return  # those behind it are asked after the next time
            os.waitpid(dead.si_pid, os.WNOHANG)
        except ChildProcessError:
            return


def _is_apart(process: psutil.Process) -> bool:
    import psutil

    try:
        return is_detached(process)
    except (psutil.Error, OSError):  # gone meanwhile; its children, if it has some, have come here
        return False
