"""Requirement files of pip, as lines that mean the same in another folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show

_COMMENT = re.compile(r"(^|\s+)#.*$")
_END_OF_NAME = re.compile(r"[\s<>=!~;@\[(,]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://|[./\\~]|[A-Za-z]:[/\\]")
_NESTED = ("-r", "--requirement")
_OF_FILES = ("-c", "--constraint", "-e", "--editable", "-f", "--find-links")


def read_requirements(file: str | os.PathLike[str]) -> list[str]:
    """Read a requirement file.

    Parameters
    ----------
    file : str or path
        As pip takes it.

    Returns
    -------
    list of str
        One requirement or option each: comments left out, continued lines joined, files that it refers to by ``-r`` read
        in, and relative paths made absolute.

    Raises
    ------
    ConfigError
        If a file cannot be read.
    """
    if not isinstance(file, (str, os.PathLike)):
        raise ConfigError(f"A requirement file is given by its path, got {show(file)}.", value=file)
    return list(_read(Path(file), ()))


def to_name(requirement: str) -> str:
    """Give the name of what a requirement asks for, as package indexes compare it: ``PyYAML>=6`` is ``pyyaml``."""
    if _ADDRESS.match(requirement.strip()):
        return requirement.strip()  # an address or a path names itself
    name = _END_OF_NAME.split(requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def is_option(line: str) -> bool:
    """Whether a line is an option of pip rather than a package."""
    return line.lstrip().startswith("-")


def split_option(line: str) -> tuple[str, str]:
    """Split an option of pip into its name and its value: ``-r a``, ``-ra``, ``--requirement=a``."""
    stripped = line.strip()
    if stripped.startswith("--"):
        found = re.split(r"[\s=]+", stripped, maxsplit=1)
    else:
        found = [stripped[:2], stripped[2:].strip()]
    return found[0], found[1] if len(found) > 1 else ""


def _read(file: Path, above: tuple[Path, ...]) -> Iterator[str]:
    path = Path(os.path.abspath(file))  # noqa: PTH100 - a link is not to be followed: what it names may be relative
    if path in above:
        raise ConfigError(f"Requirement file {str(path)!r} includes itself. Take the -r line out.", value=str(path))
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"Requirement file {str(file)!r} cannot be read: {getattr(error, 'strerror', None) or error}. "
            "Give the path of a text file with one requirement a line.",
            value=str(file),
        ) from error
    yield from anchor_requirements(content.splitlines(), path.parent, (*above, path))


def anchor_requirements(lines: Iterable[str], folder: Path, above: tuple[Path, ...] = ()) -> Iterator[str]:
    """Give lines for pip as they mean the same in another folder.

    Parameters
    ----------
    lines : iterable of str
        As in a requirement file.
    folder : Path
        What relative paths are relative to.
    above : tuple of Path, optional
        The requirement files that are being read.

    Yields
    ------
    str
        One requirement or option each.
    """
    for line in _join_continued(lines):
        stripped = _COMMENT.sub("", line).strip()
        if not stripped:
            continue
        name, value = split_option(stripped) if is_option(stripped) else ("", stripped)
        if name in _NESTED:
            yield from _read(folder / value.strip("'\""), above)
        elif name in _OF_FILES:
            yield f"{name} {_to_absolute(value, folder, is_path=True)}"
        elif name:
            yield stripped
        else:
            yield _to_absolute(stripped, folder)


def _join_continued(lines: Iterable[str]) -> Iterator[str]:
    waiting = ""
    for line in lines:
        if line.endswith("\\") and not line.lstrip().startswith("#"):
            waiting += line[:-1].strip() + " "
        else:
            yield waiting + (line.lstrip() if waiting else line)
            waiting = ""
    if waiting:
        yield waiting


def _to_absolute(value: str, folder: Path, *, is_path: bool = False) -> str:
    """Make a path absolute. A package's name is none, unless an archive of that name lies there."""
    found = re.match(r"([^\[;]*)(.*)", value, re.DOTALL)
    place, rest = ("", "") if found is None else (found[1].strip(), found[2])
    if not place or "://" in place or "@" in place or os.path.isabs(place):  # noqa: PTH117 - text stays text
        return value
    looks_like_path = is_path or "/" in place or os.sep in place or place.endswith((".whl", ".tar.gz", ".zip"))
    if place.startswith(".") or (looks_like_path and (folder / place).exists()):
        return os.path.normpath(folder / place) + rest
    return value
