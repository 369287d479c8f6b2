"""The workspaces that the server shows, each of which is asked in threads of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aml_widgets.core.errors import AmlWidgetsError, StoreUnavailable, WorkspaceNotFound
from aml_widgets.server.places import SETTING, Place, Places
from aml_widgets.server.workers import Workers
from aml_widgets.tracking.workspace import Workspace

_LIST_SECONDS = 5.0
"""How long a workspace may take when all of them are listed: one that hangs must not hide the others."""

_T = TypeVar("_T")

logger = logging.getLogger("aml_widgets.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A workspace as a list shows it; `error` says why it cannot be read now."""

    key: str
    name: str
    location: str
    source: str
    error: str | None


class Source:
    """One workspace: opened when it is first asked, and asked in threads of its own."""

    def __init__(self, place: Place, timeout_seconds: float) -> None:
        self.place = place
        self._timeout_seconds = timeout_seconds
        self._workers = Workers(f"The workspace in {place.location!r}")
        self._lock = threading.Lock()
        self._workspace: Workspace | None = None
        self._told: set[str] = set()

    async def ask(self, function: Callable[[Workspace], _T], *, timeout_seconds: float | None = None) -> _T:
        """Call a function with the workspace, off the event loop.

        Raises
        ------
        StoreUnavailable
            If it takes too long.
        AmlWidgetsError
            What the function raises, and what opening the workspace does.
        """
        wanted = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        return await self._workers.run(lambda: function(self._open()), timeout_seconds=wanted)

    async def describe(self) -> Shown | None:
        """Say what a list shows of it; None for a folder that turned out to be no workspace and was not asked for."""
        place = self.place
        name, error = Path(place.location).name or place.location, place.problem
        seconds = min(_LIST_SECONDS, self._timeout_seconds)
        try:
            if error is None and self._workers.is_stuck(seconds):
                error = f"The workspace in {place.location!r} has not answered for a while. See to its disk."
            if error is None:
                name = await self.ask(lambda workspace: workspace.name, timeout_seconds=seconds)
        except WorkspaceNotFound as missing:
            if place.origin != SETTING:
                return None
            error = missing.message
        except AmlWidgetsError as failed:
            error = failed.message
        except Exception as failed:  # noqa: BLE001 - whatever is wrong with this workspace, the others are listed
            self._tell_once(failed)
            error = f"The workspace in {place.location!r} cannot be read: {type(failed).__name__}. The server's log has the reason."
        return Shown(key=place.key, name=name, location=place.location, source=place.origin, error=error)

    def close(self) -> None:
        """End its threads, and close its store."""
        self._workers.close(self._let_go)

    def _tell_once(self, failed: Exception) -> None:
        if repr(failed) not in self._told:  # pages list the workspaces again and again
            self._told.add(repr(failed))
            logger.error("The workspace in %r cannot be read.", self.place.location, exc_info=failed)

    def _let_go(self) -> None:
        with self._lock:
            workspace, self._workspace = self._workspace, None
        if workspace is not None:
            workspace.store.close()

    def _open(self) -> Workspace:
        if self.place.problem is not None:
            raise StoreUnavailable(self.place.problem, value=self.place.location)
        with self._lock:
            if self._workspace is None:
                self._workspace = Workspace.open(self.place.location, create=False)
            return self._workspace


class Catalog:
    """The workspaces of a server. Its methods are for the event loop; all that touches a disk is done in threads.

    Parameters
    ----------
    places : Places
        Finds out where workspaces are.
    timeout_seconds : float
        How long a workspace may take to answer.
    """

    def __init__(self, places: Places, *, timeout_seconds: float) -> None:
        self._places = places
        self._timeout_seconds = timeout_seconds
        self._sources: dict[str, Source] = {}
        self._scanning = asyncio.Lock()  # what was found earlier must not undo what was found later

    async def list(self) -> list[Shown]:
        """List the workspaces there are now, those named in the settings first, then by name."""
        await self._scan()
        described = await asyncio.gather(*(source.describe() for source in list(self._sources.values())))
        shown = [one for one in described if one is not None]
        return sorted(shown, key=lambda one: (one.source != SETTING, one.name.casefold(), one.location))

    async def get(self, key: str) -> Source:
        """Find a workspace by its key.

        Raises
        ------
        WorkspaceNotFound
            If the server shows none of that key.
        """
        if key not in self._sources:
            await self._scan()
        source = self._sources.get(key)
        if source is None:
            raise WorkspaceNotFound(
                f"This server shows no workspace {key!r}. Choose one of those it lists, open the workspace's folder once in a "
                "notebook, or name it in the setting RunBrowserApp.locations.",
                value=key,
            )
        return source

    def close(self) -> None:
        """Let go of all workspaces. May be called twice."""
        self._places.close()
        for source in self._sources.values():
            source.close()
        self._sources.clear()

    async def _scan(self) -> None:
        async with self._scanning:
            places = await self._places.find()
            for key in set(self._sources) - set(places):
                self._sources.pop(key).close()
            for key, place in places.items():
                known = self._sources.get(key)
                if known is None:
                    self._sources[key] = Source(place, self._timeout_seconds)
                else:
                    known.place = place
