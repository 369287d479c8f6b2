"""Which files of a source folder are its sources: all but what its ``.amlignore``, or else its ``.gitignore``, names, and no links."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aml_widgets.core.errors import SnapshotError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

MAX_BYTES = 300 * 1024 * 1024
MAX_FILES = 2_000
MAX_ENTRIES = 50_000
"""How many entries are looked at, ignored ones too: a home folder is not to be walked to its end."""
MAX_WALK_SECONDS = 10.0

ALWAYS_LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", ".ipynb_checkpoints"})

WAYS_OUT = ("choose a smaller snapshot_directory", "pass snapshot_directory=None")

_NAMED_LARGEST = 3
_NAMED_ODD = 5
_MAX_SECONDS_PAST_LIMIT = 0.5  # looked on for so long, so that the message names what is largest


class SnapshotTooLarge(SnapshotError):
    """The folder has more files or bytes than a snapshot may have."""


class _WalkedTooFar(Exception):
    """The walk through a folder has met one of its own limits."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class _Excess(NamedTuple):
    """Which limit is passed, and the environment variable that raises it."""

    what: str
    variable: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a snapshot may be; None lifts a limit. What raises those of files and of bytes is named where one is passed."""

    max_files: int | None = MAX_FILES
    max_bytes: int | None = MAX_BYTES
    max_entries: int = MAX_ENTRIES
    max_walk_seconds: float = MAX_WALK_SECONDS
    files_variable: str | None = None
    bytes_variable: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One file that goes into a snapshot."""

    path: str  # below the folder, with '/'
    file: Path
    size_bytes: int
    is_executable: bool


def collect_sources(
    source: Path, limits: Limits, left_out: Iterable[Path], ways_out: Sequence[str], links: list[str]
) -> list[Source]:
    """Find the sources in a folder, or take the one file that is given; `links` gets the paths of the links that no rule names.

    Raises
    ------
    SnapshotTooLarge
        If a limit is passed. The message names what is largest, and ends with the ways out.
    SnapshotError
        If the folder cannot be read, or a name in it is not UTF-8.
    """
    try:
        mode = source.stat().st_mode
    except OSError as error:
        raise SnapshotError(
            f"{str(source)!r} cannot be copied: {error.strerror or error}. Give a folder that exists, or None for no snapshot.",
            value=source,
        ) from error
    if stat.S_ISREG(mode):
        walked: Iterator[Source] = iter([_describe(source, source.name, source.stat())])
    elif stat.S_ISDIR(mode):
        walked = _walk(source, limits, {os.path.realpath(path) for path in left_out}, links)
    else:
        raise SnapshotError(f"{str(source)!r} is neither a file nor a folder. Give one of them.", value=source)
    collected: list[Source] = []
    size_bytes = 0
    excess: _Excess | None = None
    deadline = 0.0
    try:
        for one in walked:
            collected.append(one)
            size_bytes += one.size_bytes
            if excess is None:
                excess = _find_excess(limits, len(collected), size_bytes)
                deadline = time.monotonic() + _MAX_SECONDS_PAST_LIMIT
            elif time.monotonic() > deadline:
                break
    except _WalkedTooFar as stop:
        excess = excess or _Excess(stop.what, None)
    if excess is not None:
        is_by_count = limits.max_bytes is None or size_bytes <= limits.max_bytes
        ways = ["Name what is no source in .amlignore", *ways_out]
        if excess.variable is not None:
            ways.append(f"raise the limit with the environment variable {excess.variable}")
        raise SnapshotTooLarge(
            f"{str(source)!r} holds {excess.what}{_name_largest(collected, is_by_count=is_by_count)}. "
            f"{', '.join(ways[:-1])}, or {ways[-1]}.",
            value=source,
        )
    _refuse_unwritable_names(collected)
    return collected


def _refuse_unwritable_names(collected: list[Source]) -> None:
    """Raise SnapshotError for names that no copy could have: several would become one, and the script would not find its files."""
    odd = [one for one in collected if not _is_unicode(one.path)]
    if odd:
        shown = ", ".join(f"'{os.fsencode(one.path).decode('utf-8', 'backslashreplace')}'" for one in odd[:_NAMED_ODD])
        more = f" and {len(odd) - _NAMED_ODD:,} more" if len(odd) > _NAMED_ODD else ""
        raise SnapshotError(
            f"The name of {shown}{more} is not UTF-8, and cannot be kept in a copy of the folder. Rename what is a source, and name "
            "the rest in .amlignore.",
            value=odd[0].file,
        )


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_excess(limits: Limits, file_count: int, size_bytes: int) -> _Excess | None:
    if limits.max_files is not None and file_count > limits.max_files:
        return _Excess(f"more than {limits.max_files:,} files", limits.files_variable)
    if limits.max_bytes is not None and size_bytes > limits.max_bytes:
        return _Excess(f"more than {limits.max_bytes / 1024**2:,.0f} MB", limits.bytes_variable)
    return None


def _name_largest(collected: list[Source], *, is_by_count: bool) -> str:
    """Name the folders and files right below the source that count for most."""
    sizes: dict[str, tuple[int, int]] = {}
    for one in collected:
        top, slash, _ = one.path.partition("/")
        count, size_bytes = sizes.get(top + slash, (0, 0))
        sizes[top + slash] = (count + 1, size_bytes + one.size_bytes)
    largest = sorted(sizes.items(), key=lambda item: item[1][:: 1 if is_by_count else -1], reverse=True)
    named = [
        f"{name!a} ({f'{count:,} files, ' if name.endswith('/') else ''}{size_bytes / 1024**2:,.1f} MB)"
        for name, (count, size_bytes) in largest[:_NAMED_LARGEST]
    ]
    return f"; the largest found: {', '.join(named)}" if named else ""


def _walk(root: Path, limits: Limits, left_out: set[str], links: list[str]) -> Iterator[Source]:
    """Give the files below a folder; `links` gets the paths of the links, which are not followed."""
    is_ignored = _read_ignore_file(root)
    deadline = time.monotonic() + limits.max_walk_seconds
    entry_count = 0
    waiting = [(root, "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            place = os.path.realpath(folder)  # not to be told where the current folder was deleted
            entries = os.scandir(folder)
        except OSError as error:
            if not prefix:
                raise SnapshotError(f"Folder {str(root)!r} cannot be read: {error}.", value=root) from error
            continue  # a folder of somebody else's is no source of ours
        with entries:
            for entry in entries:
                entry_count += 1
                if entry_count > limits.max_entries:
                    raise _WalkedTooFar(f"more than {limits.max_entries:,} entries, counting those it ignores")
                if time.monotonic() > deadline:
                    raise _WalkedTooFar(f"more than can be looked through in {limits.max_walk_seconds:g} s")
                path = f"{prefix}{entry.name}"
                if entry.name in ALWAYS_LEFT_OUT:
                    continue
                if os.path.join(place, entry.name) in left_out:  # noqa: PTH118 - a Path for each would cost too much
                    continue
                if entry.is_symlink():
                    if not is_ignored(path):
                        links.append(path)
                elif entry.is_dir(follow_symlinks=False):
                    if not is_ignored(f"{path}/"):
                        waiting.append((Path(entry.path), f"{path}/"))
                elif entry.is_file(follow_symlinks=False) and not is_ignored(path):
                    yield _describe(Path(entry.path), path, entry.stat(follow_symlinks=False))


def _read_ignore_file(root: Path) -> Callable[[str], bool]:
    """Read the rules of the root's ``.amlignore``, else of its ``.gitignore``; files below have no say, as in v1."""
    for name in (".amlignore", ".gitignore"):
        try:
            lines = (root / name).read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError:
            continue
        return _read_rules(lines).match_file
    return lambda path: False  # noqa: ARG005 - without rules nothing is ignored


def _read_rules(lines: list[str]) -> GitIgnoreSpec:
    """Read rules; as git does, pass over a line that is none."""
    import re

    try:
        import pathspec
    except ImportError as error:  # in the interpreter of a script that was submitted
        raise SnapshotError(
            "What the folder's .amlignore or .gitignore leaves out is found out with the package pathspec, which this Python does "
            "not have. Add pathspec to the packages of the script's environment, or pass snapshot_directory=None.",
            value="pathspec",
        ) from error
    try:
        return pathspec.GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        if len(lines) == 1:
            return pathspec.GitIgnoreSpec([])
        return pathspec.GitIgnoreSpec([pattern for line in lines for pattern in _read_rules([line]).patterns])


def _describe(file: Path, path: str, status: os.stat_result) -> Source:
    return Source(path, file, status.st_size, bool(status.st_mode & stat.S_IXUSR))
