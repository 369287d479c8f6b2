"""On what kind of file system a folder lies."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "9p",
    "afs",
    "lustre",
    "gpfs",
    "ceph",
    "fuse.sshfs",
    "glusterfs",
    "beegfs",
)
_MEMORY = ("tmpfs", "ramfs")
_OCTAL = re.compile(r"\\([0-7]{3})")  # how a blank stands in a list of mounts


class Mount(NamedTuple):
    """A file system, and where it is mounted."""

    point: str
    kind: str
    options: frozenset[str]

    @property
    def is_network(self) -> bool:
        """Whether it is of a kind that several hosts share."""
        return self.kind.startswith(_NETWORK)

    @property
    def is_memory(self) -> bool:
        """Whether what it holds is gone after a restart of the machine."""
        return self.kind in _MEMORY


def find_mount(folder: Path) -> Mount | None:
    """Give the file system that a folder lies on.

    Parameters
    ----------
    folder : Path
        It need not be there: what is above it counts then.

    Returns
    -------
    Mount or None
        None where that is not known: elsewhere than on Linux, and without ``/proc``.
    """
    if not sys.platform.startswith("linux"):
        return None
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split() for line in file]
    except OSError:
        return None
    place = os.path.realpath(folder)
    best: Mount | None = None
    for row in rows:
        point = _OCTAL.sub(lambda found: chr(int(found[1], 8)), row[1])
        is_inside = place == point or place.startswith(point.rstrip("/") + "/")
        if is_inside and (best is None or len(point) >= len(best.point)):
            best = Mount(point, row[2], frozenset(row[3].split(",")))
    return best
