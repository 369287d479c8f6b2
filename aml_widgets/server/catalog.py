"""Which workspaces the server shows: those in the home, those opened on this machine, those named in its settings."""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from aml_widgets.core.errors import AmlWidgetsError, StoreUnavailable, WorkspaceNotFound
from aml_widgets.server.workers import Workers
from aml_widgets.store import registry, uri
from aml_widgets.store.sqlite.store import DATABASE_NAME
from aml_widgets.tracking.workspace import Workspace

logger = logging.getLogger("aml_widgets.server")

HOME, OPENED, SETTING = "home", "opened", "setting"

_LIST_SECONDS = 5.0
"""How long a workspace may take when all of them are listed: one that hangs must not hide the others."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a workspace is, or may be; `problem` says why it cannot be one."""

    key: str
    location: str
    origin: str
    problem: str | None = None


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
        try:
            if error is None:
                name = await self.ask(
                    lambda workspace: workspace.name, timeout_seconds=min(_LIST_SECONDS, self._timeout_seconds)
                )
        except WorkspaceNotFound as missing:
            if place.origin != SETTING:
                return None
            error = missing.message
        except AmlWidgetsError as failed:
            error = failed.message
        return Shown(key=place.key, name=name, location=place.location, source=place.origin, error=error)

    def close(self) -> None:
        """End its threads, and close its store."""
        self._workers.close(self._let_go)

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
    locations : iterable of str
        Folders named in the settings.
    patterns : iterable of str
        Show only workspaces whose name or folder fits one of these; all of them where there is none.
    timeout_seconds : float
        How long a workspace may take to answer.
    """

    def __init__(self, *, locations: Iterable[str], patterns: Iterable[str], timeout_seconds: float) -> None:
        self._locations = tuple(locations)
        self._patterns = tuple(patterns)
        self._timeout_seconds = timeout_seconds
        self._workers = Workers("The list of workspaces", max_threads=1)
        self._sources: dict[str, Source] = {}
        self._told: set[str] = set()

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
        self._workers.close()
        for source in self._sources.values():
            source.close()
        self._sources.clear()

    async def _scan(self) -> None:
        places = await self._workers.run(self._find_places, timeout_seconds=self._timeout_seconds)
        for key in set(self._sources) - set(places):
            self._sources.pop(key).close()
        for key, place in places.items():
            known = self._sources.get(key)
            if known is None:
                self._sources[key] = Source(place, self._timeout_seconds)
            else:
                known.place = place

    def _find_places(self) -> dict[str, Place]:
        found = [self._place_of(location) for location in self._locations]
        found += [self._place_in(folder, HOME) for folder in self._list_home()]
        found += [self._place_in(folder, OPENED) for folder in registry.list_opened()]
        places: dict[str, Place] = {}
        for place in found:
            if self._is_shown(place):
                places.setdefault(place.key, place)
        return places

    def _place_of(self, location: str) -> Place:
        try:
            return self._place_in(uri.to_folder(location), SETTING)
        except AmlWidgetsError as error:
            key = hashlib.sha256(location.encode("utf-8", "surrogatepass")).hexdigest()[:16]
            return Place(key=key, location=location, origin=SETTING, problem=error.message)

    @staticmethod
    def _place_in(folder: Path, origin: str) -> Place:
        return Place(key=uri.workspace_key(folder), location=str(folder), origin=origin)

    def _list_home(self) -> Sequence[Path]:
        try:
            home = uri.get_home()
            return sorted(
                folder
                for folder in home.iterdir()
                if uri.is_workspace_name(folder.name) and (folder / DATABASE_NAME).is_file()
            )
        except FileNotFoundError:
            return []
        except (OSError, AmlWidgetsError) as error:
            if str(error) not in self._told:  # once, for pages ask again and again
                self._told.add(str(error))
                logger.warning("The workspaces in the home cannot be listed: %s", error)
            return []

    def _is_shown(self, place: Place) -> bool:
        names = (Path(place.location).name, place.location)
        return not self._patterns or any(
            fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self._patterns
        )
