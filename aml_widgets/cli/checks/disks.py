"""What a folder lies on: the kind of file system, what that means for runs, and how much room is left."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.core.text import size_text
from aml_widgets.store.file_systems import Mount, find_mount

LEAST_FREE_BYTES = 10**9
LEAST_FREE_SHARE = 0.05
_NO_DISKS = frozenset(
    {
        *(
            "autofs",
            "binfmt_misc",
            "bpf",
            "cgroup",
            "cgroup2",
            "configfs",
            "debugfs",
            "devpts",
            "efivarfs",
            "fusectl",
            "mqueue",
        ),
        *("nsfs", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs"),
    }
)


def find_existing(folder: Path) -> Path:
    """Give the folder, or the nearest one above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def advise_home() -> str | None:
    """Give the command that names a home of workspaces where runs are safe, None where no folder is known to be better."""
    try:
        folder = find_existing(Path.home() / "runs")
    except RuntimeError:  # nobody knows where this user is at home
        return None
    mount = find_mount(folder)
    is_safe = mount is None or not (mount.is_network or mount.is_memory or is_no_disk(mount) or "ro" in mount.options)
    is_writable = folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
    return "export AML_WIDGETS_HOME=~/runs" if is_safe and is_writable and not _is_temporary(folder) else None


def is_no_disk(mount: Mount | None) -> bool:
    """Say whether it is the system's own view of itself, in which nobody can make a file, whatever the permissions say."""
    return mount is not None and mount.kind in _NO_DISKS


def check(area: str, folder: Path, *, move: str | None = None) -> Iterator[Finding]:
    """Look at the file system of a folder, which need not be there yet.

    Parameters
    ----------
    area : str
        Of the findings.
    folder : Path
        Where runs are to be kept.
    move : str, optional
        The command that has them kept on a better disk, where there is one.
    """
    place = find_existing(folder)
    mount = find_mount(place)
    yield _check_kind(area, folder, mount, move)
    if is_no_disk(mount):
        return  # it has no room to speak of
    usage = shutil.disk_usage(place)
    share = usage.free / usage.total if usage.total else 1.0
    is_little = usage.free < LEAST_FREE_BYTES or share < LEAST_FREE_SHARE
    free = f"{size_text(usage.free)} of {size_text(usage.total)} free"
    yield Finding(
        area=area,
        check="room",
        level=Level.WARNING if is_little else Level.OK,
        text=f"{free} for {folder}: what is logged is refused once the disk is full. See what is large"
        if is_little
        else free,
        command=f"du -xh --max-depth=2 {shlex.quote(str(place))} | sort -h | tail" if is_little else None,
    )


def _check_kind(area: str, folder: Path, mount: Mount | None, move: str | None) -> Finding:
    def tell(level: Level, text: str, command: str | None = None) -> Finding:
        return Finding(area=area, check="file system", level=level, text=text, command=command)

    if mount is None:
        return tell(Level.INFO, f"of what kind it is, is not known on {platform.system()}")
    what = f"{mount.kind} at {mount.point}"
    if is_no_disk(mount):
        return tell(
            Level.PROBLEM, f"{what} is no disk but a view of the system: nothing can be logged to {folder}", move
        )
    if "ro" in mount.options:
        return tell(Level.PROBLEM, f"{what} is mounted read-only: nothing can be logged to {folder}", move)
    if mount.is_network and _is_windows_drive(mount):
        return tell(
            Level.WARNING,
            f"{what} is a Windows drive seen from WSL: slow, and without the locks that databases need. Keep runs in Linux's own files",
            move,
        )
    if mount.is_network:
        return tell(
            Level.WARNING,
            f"{what} is a network file system: a rollback journal is used there, so each logged value is slower, and whether runs on "
            "other hosts still go on is not known. Keep workspaces on a local disk, or use a tracking server",
            move,
        )
    if mount.is_memory:
        return tell(Level.WARNING, f"{what} is memory: runs in {folder} are gone after a restart", move)
    if _is_temporary(folder):
        return tell(Level.WARNING, f"{folder} is a temporary folder: the system deletes what lies there", move)
    if mount.kind == "overlay":
        return tell(
            Level.INFO,
            f"{what} is a container's own: runs go with the container, unless the folder is a volume of its own",
        )
    return tell(Level.OK, f"{what}, local")


def _is_windows_drive(mount: Mount) -> bool:
    is_wsl = "microsoft" in platform.release().lower()
    return is_wsl and mount.kind in ("9p", "drvfs", "v9fs")


def _is_temporary(folder: Path) -> bool:
    place = os.path.realpath(folder)
    roots = {os.path.realpath(root) for root in ("/tmp", "/var/tmp", tempfile.gettempdir())}  # noqa: S108 - to warn of it
    return os.name == "posix" and any(place == root or place.startswith(root + os.sep) for root in roots)
