"""Files of registered models, below one root folder: ``root/<name>/<version>/<path>``.

Why copies, and no links to the run's files: a link is a second name of the same bytes. Whoever edits the run's file in place would
edit the model, and a log that is still being written to would go on growing in it. A copy stays what it was, whatever becomes of
the run. Equal files of two versions of one model, though, do share their bytes (a hard link, where the file system has any): nobody
has a reason to write into either, both are read-only, and deleting one leaves the other. A checkpoint that is registered again with
another tag so takes no room.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aml_widgets.core import clock
from aml_widgets.core.errors import InvalidArtifact, ModelFileExists, StoreCorrupt, StoreError
from aml_widgets.core.records import ModelFile
from aml_widgets.store.artifacts import copy_content, copy_out, is_same_content, normalize_artifact_path, to_store_error

if TYPE_CHECKING:
    from aml_widgets.store.protocol import ArtifactStore

ABANDONED_AFTER_SECONDS = 24 * 3600.0
"""A copy in progress touches its file with every piece; what was not touched for so long, its process left behind."""

_INCOMING = ".incoming"  # no name of a model begins with a point
_MAX_FOLDER_NAME = 200
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
_READ_ONLY = 0o444


class Staged(NamedTuple):
    """Files that are copied but belong to no model yet, with their sizes in bytes by path."""

    folder: Path
    sizes: Mapping[str, int]


class ModelFolder:
    """Keeps the files of models in a local folder. A model's own folder appears whole: it is filled elsewhere, then renamed.

    Parameters
    ----------
    root : Path
        The folder that has, or will have, one folder for each name. It is made when it is first needed.
    artifacts : ArtifactStore
        Where files of runs are copied from.
    """

    def __init__(self, root: Path, artifacts: ArtifactStore) -> None:
        self._root = Path(root)
        self._artifacts = artifacts

    @property
    def root(self) -> Path:
        """The folder above the folders of the models."""
        return self._root

    def stage(self, files: Sequence[ModelFile], run_id: str | None) -> Staged:
        """Copy files to where nobody looks. Raises InvalidArtifact, ArtifactNotFound."""
        folder = self._root / _INCOMING / uuid.uuid4().hex
        sizes: dict[str, int] = {}
        with _store_errors("A file of the model", str(self._root)):
            self._sweep()
            try:
                for file in files:
                    target = folder / normalize_artifact_path(file.path)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    if isinstance(file.source, str):
                        self._artifacts.copy_to(run_id or "", file.source, target)
                    else:
                        with open(target, "xb") as writer:
                            copy_content(file.path, file.source, writer)
                    target.chmod(_READ_ONLY)
                    sizes[file.path] = target.stat().st_size
            except BaseException:
                _remove_tree(folder)
                raise
        return Staged(folder, sizes)

    def share(self, staged: Staged, other_folder: str, other_sizes: Mapping[str, int]) -> None:
        """Let staged files share the bytes of equal files of another model. Where that cannot be, they stay copies."""
        for path, size_bytes in staged.sizes.items():
            other, target = self._root / other_folder / path, staged.folder / path
            if other_sizes.get(path) != size_bytes:
                continue
            link = target.with_name(f".{uuid.uuid4().hex}.tmp")
            with suppress(OSError):  # no hard links here, or the other model was deleted meanwhile
                if other.is_symlink() or not is_same_content(target, other):
                    continue
                os.link(other, link)
                try:
                    link.replace(target)
                finally:
                    link.unlink(missing_ok=True)

    def publish(self, staged: Staged, name: str, version: int) -> str:
        """Give staged files their place; return it, below the root."""
        with _store_errors(f"Model {name!r}", name):
            above = self._root / _to_folder_name(name)
            above.mkdir(parents=True, exist_ok=True)
            target = above / str(version)
            try:
                staged.folder.rename(target)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.EACCES, errno.ENOTDIR):  # EACCES: Windows
                    raise
                # another name has this folder, where file systems take upper and lower case for the same
                target = above / f"{version}-{uuid.uuid4().hex[:8]}"
                staged.folder.rename(target)
            return target.relative_to(self._root).as_posix()

    def discard(self, staged: Staged) -> None:
        """Remove staged files that will not become a model."""
        _remove_tree(staged.folder)

    def remove(self, folder: str) -> None:
        """Remove the files of a model that is no longer listed."""
        trash = self._root / _INCOMING / uuid.uuid4().hex
        with _store_errors(f"The model was deleted, but its folder {folder!r}", folder):
            trash.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # somebody was there before
                (self._root / folder).rename(trash)  # all at once, so that nobody copies half of it
        _remove_tree(trash)

    def find(self, folder: str, path: str) -> Path:
        """Give the place of a file or folder of a model. Raises StoreCorrupt where it is gone."""
        place = self._root / folder / path
        if not place.exists() or not _is_inside(place, self._root / folder):
            raise _gone(path, place)
        return place

    def copy_to(self, folder: str, path: str, files: Mapping[str, int], target: Path, *, overwrites: bool) -> None:
        """Copy the file of a model, or those of its folder `path`, to a local path. Raises ModelFileExists, StoreCorrupt.

        An ``OSError`` about `target` is passed on as it is.
        """
        pairs = [(one, target / one[len(path) + 1 :] if one != path else target) for one in files]
        if not overwrites:
            for _, place in pairs:
                if os.path.lexists(place):
                    raise ModelFileExists(
                        f"{str(place)!r} is there already. Choose another folder, or give exist_ok=True to overwrite it.",
                        value=place,
                    )
        for one, place in pairs:
            source = self._root / folder / one
            if (
                not source.is_file()
                or source.stat().st_size != files[one]
                or not _is_inside(source, self._root / folder)
            ):
                raise _gone(one, source)
            copy_out(one, source, place)

    def _sweep(self) -> None:
        """Remove what processes that were killed while copying have left."""
        with suppress(FileNotFoundError):
            for folder in (self._root / _INCOMING).iterdir():
                if clock.now() - _last_touched(folder) > ABANDONED_AFTER_SECONDS:
                    _remove_tree(folder)


def _to_folder_name(name: str) -> str:
    """Give a folder name that every file system takes; two names may get the same one."""
    folder = name[:_MAX_FOLDER_NAME].rstrip(".")  # Windows drops points at the end
    return f"{folder}_" if _DEVICES.match(folder) else folder


def _is_inside(path: Path, folder: Path) -> bool:
    """Say whether no link leads from a path out of a folder."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _last_touched(folder: Path) -> float:
    times = [folder.lstat().st_mtime]
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            with suppress(FileNotFoundError):  # removed meanwhile
                times.append(Path(parent, name).lstat().st_mtime)
    return max(times)


def _remove_tree(folder: Path) -> None:
    if os.name == "nt":  # where a read-only file cannot be deleted
        for file in folder.rglob("*"):
            file.chmod(0o666)
    shutil.rmtree(folder, ignore_errors=True)  # what stays is swept later


def _gone(path: str, place: Path) -> StoreCorrupt:
    return StoreCorrupt(
        f"{path!r} of this model is not there any more as it was registered: somebody changed {str(place)!r}. "
        "Restore it from a copy, or register the model anew.",
        value=str(place),
    )


@contextmanager
def _store_errors(what: str, value: str) -> Iterator[None]:
    """Turn the operating system's errors into the store's."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        if error.errno is None:  # not the system's: a signal handler's TimeoutError
            raise
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidArtifact(
                f"{what} has a path that is longer than the file system takes ({error.filename!r}). Choose shorter names.",
                value=value,
            ) from error
        raise to_store_error(error, what, value) from error
