"""Copying files into and out of the folder of a datastore."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.errors import StoreError, UserError
from aml_widgets.tracking.values import show, show_type

LEFT_SECONDS = 24 * 3600.0
"""How long nobody has written to a part of a file until it is taken for one that was left: another process may be copying it."""

_PART = re.compile(r"\.[0-9a-f]{32}\.part")


def check_folder(src_dir: object) -> Path:
    """Give the folder to be copied, absolute. Raises UserError if it is none."""
    if not isinstance(src_dir, (str, os.PathLike)) or not Path(src_dir).is_dir():
        raise UserError(
            f"src_dir must be a folder that exists, got {show(src_dir)}. Give the path of one.", value=src_dir
        )
    return _absolute(src_dir)


def check_files(files: object) -> list[Path]:
    """Give the files to be copied, absolute. Raises UserError if one is none."""
    if isinstance(files, (str, os.PathLike)) or not isinstance(files, Iterable):
        raise UserError(f"Files must be given as a list of paths, got {show(files)}, {show_type(files)}.", value=files)
    found = []
    for file in files:
        if not isinstance(file, (str, os.PathLike)) or not Path(file).is_file():
            raise UserError(
                f"{show(file)} is no file that exists. Give the paths of files; upload takes a folder.", value=file
            )
        found.append(_absolute(file))
    return found


def find_root(files: Sequence[Path], relative_root: str | os.PathLike[str] | None) -> Path:
    """Give the folder below which paths are kept: the one that is given, or the lowest that all files are in.

    Raises
    ------
    UserError
        If a file is not below it.
    """
    if relative_root is None:
        return Path(os.path.commonpath([file.parent for file in files])) if files else Path.cwd()
    root = _absolute(relative_root)
    for file in files:
        if not file.is_relative_to(root):
            raise UserError(
                f"File {str(file)!r} is not below relative_root {str(root)!r}. Give a folder that all files are in, or leave it out.",
                value=str(relative_root),
            )
    return root


def list_files(folder: Path, *, leave_out: Iterable[Path]) -> list[Path]:
    """List the files in a folder and below, in order, without what is in some places or is being written by `copy_files`.

    Links to folders are not followed.
    """
    places = {place.resolve() for place in leave_out}
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if (here / name).resolve() not in places)
        whole = sorted(name for name in names if not _PART.fullmatch(name))
        found += [here / name for name in whole if (here / name).resolve() not in places]
    return found


def copy_files(copies: Sequence[tuple[Path, Path]], what: str, *, overwrite: bool, show_progress: bool) -> int:
    """Copy files, each as a whole or not at all, and give how many were copied. All are looked at before the first is copied.

    Raises
    ------
    UserError
        If one is no file any more, a folder is where it should go, or a file is where its folder should be.
    """
    for source, target in copies:
        _check_copy(source, target)
    for folder in {target.parent for _, target in copies}:
        _remove_leftovers_in(folder)

    def tell(line: str) -> None:
        if show_progress:
            sys.stdout.write(f"{line}\n")

    copied = 0
    tell(f"{what} of {len(copies)} {'file' if len(copies) == 1 else 'files'}")
    for source, target in copies:
        if not overwrite and target.exists():
            tell(f"Skipped {source}: {target} is there already, and overwrite is False")
            continue
        _copy(source, target)
        copied += 1
        tell(f"{what}ed {source}, {copied} of {len(copies)}")
    return copied


def remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed in the midst of copying have left in a folder and below."""
    for parent, _, names in os.walk(folder):
        if any(_PART.fullmatch(name) for name in names):
            _remove_leftovers_in(Path(parent))


def make_folder(folder: Path) -> None:
    """Make a folder, if it is missing.

    Raises
    ------
    StoreError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {str(folder)!r} of a datastore cannot be made: {error.strerror or error}. Allow writing there, or move away what "
            "is in its place.",
            value=str(folder),
        ) from error


def _remove_leftovers_in(folder: Path) -> None:
    if not folder.is_dir():
        return
    for file in folder.iterdir():
        if _PART.fullmatch(file.name):
            with contextlib.suppress(OSError):  # whoever writes it has just ended, or may not be disturbed
                if file.stat().st_mtime < clock.now() - LEFT_SECONDS:
                    file.unlink()


def _check_copy(source: Path, target: Path) -> None:
    if target.is_dir():
        raise UserError(f"{str(source)!r} cannot become {str(target)!r}: a folder is there.", value=str(target))
    if not source.is_file():
        raise UserError(
            f"{str(source)!r} is no file, or a link that leads nowhere. Remove it, or copy the others alone.",
            value=str(source),
        )
    nearest = next(parent for parent in target.parents if os.path.lexists(parent))
    if not nearest.is_dir():
        raise _no_folder(source, target)


def _no_folder(source: Path, target: Path) -> UserError:
    return UserError(
        f"{str(source)!r} cannot become {str(target)!r}: a file is where its folder should be.", value=str(target)
    )


def _copy(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise _no_folder(source, target) from error
    part = target.with_name(f".{uuid.uuid4().hex}.part")  # a reader never sees half of a file
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - a link keeps its own name
