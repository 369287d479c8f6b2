"""Files as a tree of folders. Pure values: nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.text import natural_key
from aml_widgets.widgets.text import local_moment

MAX_DEPTH = 24
"""Folders below so many are not told apart: what is left of the path is the file's name."""

SORT_NAME, SORT_NEWEST, SORT_LARGEST = "name", "newest", "largest"
SORTS = ((SORT_NAME, "name"), (SORT_NEWEST, "newest first"), (SORT_LARGEST, "largest first"))

_FIRST = ("logs", "azureml-logs", "outputs")  # what nearly every run has, and is looked for most


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserChoice:
    """What a user chose in a tree of files: folders opened (True) and closed (False), the order, the file shown."""

    folders: Mapping[str, bool] = field(default_factory=dict)
    sort: str = SORT_NAME
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A file in a folder: its record, and its name there."""

    name: str
    record: ArtifactRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder and all that is below it.

    Attributes
    ----------
    path : str
        Below the run's root, empty for the root itself.
    size_bytes, file_count : int
        Of all files below, at any depth.
    changed_at : float
        When one of them was written last, in seconds since the epoch.
    """

    path: str
    name: str
    folders: tuple[Folder, ...]
    files: tuple[FileRow, ...]
    size_bytes: int
    file_count: int
    changed_at: float

    @property
    def row_count(self) -> int:
        """How many rows the folder has when it is open."""
        return len(self.folders) + len(self.files)


@dataclass(slots=True)
class _Draft:
    path: str
    name: str
    folders: dict[str, _Draft] = field(default_factory=dict)
    files: list[FileRow] = field(default_factory=list)


def build_tree(records: Iterable[ArtifactRecord], *, sort: str = SORT_NAME) -> Folder:
    """Put files into their folders; within one, folders come before files.

    Parameters
    ----------
    records : iterable of ArtifactRecord
        In any order.
    sort : str, optional
        One of `SORTS`.
    """
    root = _Draft("", "")
    for record in records:
        *folder_names, name = record.path.split("/", MAX_DEPTH)
        folder = root
        for folder_name in folder_names:
            below = folder.folders.get(folder_name)
            if below is None:
                path = f"{folder.path}/{folder_name}" if folder.path else folder_name
                below = folder.folders[folder_name] = _Draft(path, folder_name)
            folder = below
        folder.files.append(FileRow(name=name, record=record))
    return _finish(root, sort)


def folders_in(folder: Folder) -> Iterator[Folder]:
    """Give a folder and all folders below it."""
    yield folder
    for below in folder.folders:
        yield from folders_in(below)


def find_folder(root: Folder, path: str) -> Folder | None:
    """Find a folder by its path."""
    return next((folder for folder in folders_in(root) if folder.path == path), None)


def records_in(folder: Folder) -> list[ArtifactRecord]:
    """List all files below a folder."""
    return [row.record for one in folders_in(folder) for row in one.files]


def matching(records: Iterable[ArtifactRecord], wanted: str, *, sort: str = SORT_NAME) -> list[ArtifactRecord]:
    """List the files whose path holds every word of a text, capital or not."""
    words = wanted.casefold().split()
    found = [record for record in records if all(word in record.path.casefold() for word in words)]
    return sorted(found, key=lambda record: _file_key(record.path, record, sort))


def newest_of(records: Mapping[str, ArtifactRecord]) -> ArtifactRecord | None:
    """Give the file that was written last."""
    return max(records.values(), key=lambda record: (record.written_at, record.path), default=None)


def moment_text(at: float, now: float) -> str:
    """Write a moment shortly, in local time: the time of day where it is today's, else the date too."""
    moment, today = local_moment(at), local_moment(now)
    if moment is None:
        return repr(at)
    is_today = today is not None and moment.date() == today.date()
    return f"{moment:%H:%M:%S}" if is_today else f"{moment:%Y-%m-%d %H:%M}"


def _finish(draft: _Draft, sort: str) -> Folder:
    folders = [_finish(below, sort) for below in draft.folders.values()]
    folders.sort(key=lambda folder: _folder_key(folder, sort, is_top=not draft.path))
    files = sorted(draft.files, key=lambda row: _file_key(row.name, row.record, sort))
    return Folder(
        path=draft.path,
        name=draft.name,
        folders=tuple(folders),
        files=tuple(files),
        size_bytes=sum(folder.size_bytes for folder in folders) + sum(row.record.size_bytes for row in files),
        file_count=sum(folder.file_count for folder in folders) + len(files),
        changed_at=max(
            [folder.changed_at for folder in folders] + [row.record.written_at for row in files], default=0.0
        ),
    )


def _folder_key(folder: Folder, sort: str, *, is_top: bool) -> tuple[object, ...]:
    first = _FIRST.index(folder.name) if is_top and folder.name in _FIRST else len(_FIRST)
    if sort == SORT_NEWEST:
        return (-folder.changed_at, natural_key(folder.name))
    if sort == SORT_LARGEST:
        return (-folder.size_bytes, natural_key(folder.name))
    return (first, natural_key(folder.name), folder.name)


def _file_key(name: str, record: ArtifactRecord, sort: str) -> tuple[object, ...]:
    if sort == SORT_NEWEST:
        return (-record.written_at, natural_key(name), name)
    if sort == SORT_LARGEST:
        return (-record.size_bytes, natural_key(name), name)
    return (natural_key(name), name)
