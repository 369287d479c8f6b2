"""How one call of the program was made: which workspace, for whom it writes, and what is said beside the output."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aml_widgets.cli.visible import visible

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

EXIT_FINE = 0
EXIT_RUN_FAILED = 1
EXIT_PROBLEM = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What every command is given.

    Attributes
    ----------
    program : str
        How the program was called.
    workspace_location : str or None
        What ``--workspace`` says.
    is_json : bool
        Whether a program reads the output.
    """

    program: str
    workspace_location: str | None
    is_json: bool

    def open_workspace(self, *, create: bool = False) -> Workspace:
        """Open the workspace that was named, or the one that `Workspace.from_config` finds.

        A folder that has a workspace goes before a name; with a separator (``./team``) the text is a folder for certain. Only
        such a folder is made into a workspace, where `create` is set: a mistyped name makes nothing.

        Raises
        ------
        AmlWidgetsError
            If there is none, or it cannot be opened.
        """
        from aml_widgets.core.errors import InvalidName, WorkspaceNotFound
        from aml_widgets.tracking.workspace import Workspace

        location = self.workspace_location
        if location is None:
            return Workspace.from_config()
        if _is_folder_for_certain(location):
            return Workspace.open(location, create=create)
        try:
            return Workspace.open(location, create=False)
        except WorkspaceNotFound:
            pass
        try:
            return Workspace.get(location)
        except (WorkspaceNotFound, InvalidName) as error:
            raise WorkspaceNotFound(
                f"There is no workspace {location!r}, neither in a folder here nor by that name in the home of workspaces. Check it, or "
                f"write ./{location} for a folder: `submit` makes a workspace there.",
                value=location,
            ) from error

    def command(self, *words: str) -> str:
        """Give a command line that the user can type, for the same workspace."""
        place = [] if self.workspace_location is None else ["--workspace", self.workspace_location]
        return f"{self.program} {shlex.join([*words[:1], *place, *words[1:]])}"

    def say(self, text: str) -> None:
        """Say something beside the output; text from a run that stands in it is only text."""
        print(f"{self.program}: {visible(text)}", file=sys.stderr)  # noqa: T201 - a program prints

    def say_error(self, message: str) -> None:
        """Say what went wrong."""
        self.say(f"error: {message}")


def _is_folder_for_certain(location: str) -> bool:
    separators = {"/", os.sep, os.altsep} - {None}
    return location in (".", "..") or location.startswith("~") or any(one in location for one in separators if one)
