"""Where workspaces are: those in the home, those opened on this machine, those named in the server's settings.

A workspace is a folder, or an MLflow tracking server. Servers are not asked whether they are there: whoever looks at one hears it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aml_widgets.core.errors import AmlWidgetsError, StoreUnavailable, message_of
from aml_widgets.server.workers import Workers
from aml_widgets.store import registry, uri
from aml_widgets.store.addresses import check_address, hide_secrets

logger = logging.getLogger("aml_widgets.server")

HOME, OPENED, SETTING = "home", "opened", "setting"

_LOOK_SECONDS = 2.0
"""How long the folders may take to be looked at, all together: one that hangs must not hide the others."""

_LOOKERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a workspace is, or may be; `problem` says why it cannot be one."""

    key: str
    location: str
    origin: str
    problem: str | None = None


class Places:
    """Finds out where workspaces are. Its methods are for the event loop; all that touches a disk is done in threads.

    One call of `find` at a time. A folder that does not answer counts as a workspace: whoever asks it hears why it cannot be read.

    Parameters
    ----------
    locations : iterable of str
        Folders and addresses of tracking servers named in the settings.
    patterns : iterable of str
        Only workspaces whose name or folder fits one of these; all of them where there is none.
    timeout_seconds : float
        How long anything may take.
    """

    def __init__(self, *, locations: Iterable[str], patterns: Iterable[str], timeout_seconds: float) -> None:
        self._locations = tuple(locations)
        self._patterns = tuple(patterns)
        self._look_seconds = min(_LOOK_SECONDS, timeout_seconds)
        self._workers = Workers("The list of workspaces", max_threads=_LOOKERS)
        self._folders: Mapping[Path, str] = {}  # as they were found last, and where
        self._servers: Sequence[str] = ()
        self._looked_at: set[Path] = set()  # right now, in some thread; when `find` begins, those that hang
        self._is_listing = False
        self._told: set[str] = set()

    async def find(self) -> dict[str, Place]:
        """Give the places there are now by their keys, those named in the settings first."""
        places: dict[str, Place] = {}
        for place in map(_place_of, self._locations):
            if self._is_shown(place.location):
                places.setdefault(place.key, place)
        await self._list_folders()
        folders = {folder: origin for folder, origin in self._folders.items() if self._is_shown(str(folder))}
        for address in filter(self._is_shown, self._servers):
            place = Place(key=uri.workspace_key(address), location=address, origin=OPENED)
            places.setdefault(place.key, place)
        gone = await self._find_gone(folders)
        for folder, origin in folders.items():
            if folder not in gone:
                place = _place_in(folder, origin)
                places.setdefault(place.key, place)
        return places

    def close(self) -> None:
        """End the threads. May be called twice."""
        self._workers.close()

    async def _list_folders(self) -> None:
        if self._is_listing:  # since the last time: the home itself hangs
            return
        try:
            found = await self._workers.run(self._read_opened, timeout_seconds=self._look_seconds)
            self._folders, self._servers = found
        except StoreUnavailable as error:
            self._tell_once(message_of(error))

    def _read_opened(self) -> tuple[Mapping[Path, str], Sequence[str]]:
        self._is_listing = True
        try:
            opened = dict.fromkeys(registry.list_opened(), OPENED)
            return {**opened, **dict.fromkeys(self._list_home(), HOME)}, registry.list_opened_servers()
        finally:
            self._is_listing = False

    def _list_home(self) -> Sequence[Path]:
        try:
            return sorted(folder for folder in uri.get_home().iterdir() if uri.is_workspace_name(folder.name))
        except FileNotFoundError:
            return []
        except (OSError, AmlWidgetsError) as error:
            self._tell_once(message_of(error))
            return []

    async def _find_gone(self, folders: Iterable[Path]) -> set[Path]:
        gone: set[Path] = set()
        asked = [folder for folder in folders if folder not in self._looked_at]
        try:
            await self._workers.run(lambda: self._look_at(asked, gone), timeout_seconds=self._look_seconds)
        except StoreUnavailable as error:
            self._tell_once(message_of(error))
        return set(gone)

    def _look_at(self, folders: Iterable[Path], gone: set[Path]) -> None:
        for folder in folders:
            self._looked_at.add(folder)
            try:
                if not registry.is_workspace(folder):
                    gone.add(folder)
            finally:
                self._looked_at.discard(folder)

    def _is_shown(self, location: str) -> bool:
        return not self._patterns or any(
            fnmatch.fnmatchcase(name, pattern) for name in _names_of(location) for pattern in self._patterns
        )

    def _tell_once(self, problem: str) -> None:
        if problem not in self._told:  # pages ask again and again
            self._told.add(problem)
            logger.warning("Some workspaces cannot be listed: %s", problem)


def _names_of(location: str) -> Iterator[str]:
    yield Path(location).name
    yield location


def _place_of(location: str) -> Place:
    try:
        if uri.is_tracking_uri(location):
            key = uri.workspace_key(location)
            return Place(key=key, location=check_address(location), origin=SETTING)
        return _place_in(uri.to_folder(location), SETTING)
    except AmlWidgetsError as error:
        key = hashlib.sha256(location.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return Place(key=key, location=hide_secrets(location), origin=SETTING, problem=error.message)


def _place_in(folder: Path, origin: str) -> Place:
    return Place(key=uri.workspace_key(folder), location=str(folder), origin=origin)
