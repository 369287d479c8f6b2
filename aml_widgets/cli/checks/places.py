"""Where runs are kept: the home, and the workspace that is meant. Run as a process of its own, for a disk may not answer."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from aml_widgets.cli.checks import asking, databases, disks, outboxes, tracking_servers
from aml_widgets.cli.checks.findings import Finding, Level, to_reply
from aml_widgets.core.errors import AmlWidgetsError, WorkspaceNotFound
from aml_widgets.store import registry, uri
from aml_widgets.store.addresses import check_address
from aml_widgets.store.file_systems import find_mount
from aml_widgets.tracking import workspace_config
from aml_widgets.tracking.workspace_names import DEFAULT_NAME

AREA = "workspace"


def check(location: str | None, program: str, *, seconds: float) -> Iterator[Finding]:
    """Look at the home and at the workspace.

    Parameters
    ----------
    location : str or None
        What ``--workspace`` says.
    program : str
        How a user calls this program.
    seconds : float
        How long each look may take that can take long.
    """
    try:
        home = uri.get_home()
    except AmlWidgetsError as error:
        yield Finding(area=AREA, check="home", level=Level.PROBLEM, text=error.message, command=disks.advise_home())
        return
    yield _check_home(home)
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            place, why = _find_place(location, home)
    except AmlWidgetsError as error:
        yield Finding(area=AREA, check="place", level=Level.PROBLEM, text=error.message)
        return
    for warning in told:
        yield Finding(area=AREA, check="place", level=Level.WARNING, text=str(warning.message))
    if isinstance(place, Path):
        # A workspace that is named by its place stays there, whatever the home is.
        move = disks.advise_home() if location is None and place.parent == home else None
        yield from _check_folder(place, why, location, program, move, seconds)
    else:
        yield Finding(area=AREA, check="place", level=Level.OK, text=f"{place}, {why}")
        yield from tracking_servers.check(place, seconds=seconds)
    yield from outboxes.check(home, program)


def _check_home(home: Path) -> Finding:
    there = disks.find_existing(home)
    mount = find_mount(there)
    trouble = None
    if not there.is_dir():
        trouble = f"{there} is a file, and the home of workspaces, {home}, is a folder"
    elif mount is not None and disks.is_no_disk(mount):
        trouble = f"{there} is no place for files ({mount.kind} at {mount.point}), and the home of workspaces is {home}"
    elif not os.access(there, os.W_OK | os.X_OK):
        trouble = f"{there} may not be written by this user, and the home of workspaces is {home}"
    if trouble is not None:
        text = f"{trouble}. Name another by the environment variable AML_WIDGETS_HOME"
        return Finding(area=AREA, check="home", level=Level.PROBLEM, text=text, command=disks.advise_home())
    if there != home:
        text = f"{home} is not there yet, and is made when it is first needed"
        return Finding(area=AREA, check="home", level=Level.INFO, text=text)
    return Finding(area=AREA, check="home", level=Level.OK, text=str(home))


def _check_folder(
    place: Path, why: str, location: str | None, program: str, move: str | None, seconds: float
) -> Iterator[Finding]:
    doctor = f"{program} doctor" if location is None else f"{program} doctor --workspace {shlex.quote(location)}"
    if registry.is_workspace(place):
        yield Finding(area=AREA, check="place", level=Level.OK, text=f"{place}, {why}")
        yield from disks.check(AREA, place, move=move)
        yield from databases.check(place, doctor, seconds=seconds)
        return
    text = f"{place}, {why}: no workspace yet, it is made when it is first used"
    yield Finding(area=AREA, check="place", level=Level.INFO, text=text)
    yield from disks.check(AREA, place, move=move)


def _find_place(location: str | None, home: Path) -> tuple[Path | str, str]:
    """Give the folder or the address that is meant, and what says so. Nothing is opened or made."""
    if location is not None:
        return _find_named(location, home), "which --workspace names"
    config = workspace_config.find(None, None)
    if config is not None:
        why = "which a config.json names"
        if config.location is not None:
            return _to_place(config.location), why
        return home / config.workspace_name, why
    address = uri.find_tracking_uri()
    if address is not None:
        return _to_place(address), "which MLFLOW_TRACKING_URI names"
    return home / DEFAULT_NAME, "the default one"


def _find_named(location: str, home: Path) -> Path | str:
    place = _to_place(location)
    if isinstance(place, str) or registry.is_workspace(place):
        return place
    if uri.is_workspace_name(location) and registry.is_workspace(home / location):
        return home / location
    raise WorkspaceNotFound(
        f"There is no workspace {location!r}, neither in a folder {str(place)!r} nor by that name in the home of workspaces, "
        f"{str(home)!r}. Check it; a workspace in that folder is made by Workspace.open({location!r}).",
        value=location,
    )


def _to_place(location: str) -> Path | str:
    return check_address(location) if uri.is_tracking_uri(location) else uri.to_folder(location)


if __name__ == "__main__":
    _location, _program, _seconds, _folder = sys.argv[1:5]
    os.chdir(_folder)
    asking.answer([to_reply(one) for one in check(_location or None, _program, seconds=float(_seconds))])
