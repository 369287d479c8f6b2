"""Built environments, kept by what is in them, in ``<home>/.environments``.

An environment cannot be moved, so each attempt to build one has a folder of its own in which it stays; ``complete.json`` beside
it, written last and in one step, names the attempt that succeeded. What it does not name is never used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.errors import EnvironmentBuildStopped
from aml_widgets.core.file_lock import FileLock
from aml_widgets.store.uri import get_home

_POLL_SECONDS = 0.2
_COMPLETE = "complete.json"
_TAKEN_AWAY = "removed.json"  # what it is called while its environment is being removed


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltEnvironment:
    """An environment that is ready to be used.

    Attributes
    ----------
    name : str
        As whoever built it called it; others of the same content share it.
    folder : Path
        All that it keeps on the disk, and can be removed while nothing runs in it.
    interpreter : Path
        Its Python.
    size_bytes : int
        What its files take; a file that is linked from elsewhere counts in full.
    built_at, last_used_at : float
        Seconds since the epoch, UTC.
    """

    name: str
    folder: Path
    interpreter: Path
    size_bytes: int
    built_at: float
    last_used_at: float

    @property
    def key(self) -> str:
        """What `make_key` gave for it."""
        return self.folder.name


def make_key(contents: object) -> str:
    """Make the name of an environment's folder from what is in it."""
    text = json.dumps(contents, sort_keys=True, default=list)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def find_built(key: str) -> Path | None:
    """Give the interpreter of a built environment and note that it is used, None where there is none that works."""
    marker = get_folder() / key / _COMPLETE
    interpreter = _read_marker(marker)[0]
    if interpreter is not None:
        with suppress(OSError):  # somebody else's, or a full disk: it can be used all the same
            os.utime(marker)
    return interpreter


def new_attempt(key: str) -> Path:
    """Make the folder in which to build. Call it while holding `locked`.

    What earlier attempts left is removed, and so is a complete environment that works no more.
    """
    folder = get_folder() / key
    shutil.rmtree(folder, ignore_errors=True)  # a process that outlived its killed parent may still write here, so …
    attempt = folder / uuid.uuid4().hex[:12]  # … this attempt has a name of its own
    attempt.mkdir(parents=True)
    return attempt


def mark_complete(attempt: Path, interpreter: Path, facts: Mapping[str, object]) -> None:
    """Make an attempt the environment that is used from now on."""
    marker = attempt.parent / _COMPLETE
    temporary = marker.with_suffix(".tmp")
    content = {**facts, "interpreter": str(interpreter.relative_to(attempt.parent)), "built_at": clock.now()}
    with temporary.open("w", encoding="utf-8") as writer:
        json.dump(content, writer)
        writer.flush()
        os.fsync(writer.fileno())
    temporary.replace(marker)


def discard(attempt: Path) -> None:
    """Remove what an attempt left."""
    shutil.rmtree(attempt, ignore_errors=True)
    with suppress(OSError):  # something else is in it
        attempt.parent.rmdir()


@contextmanager
def locked(key: str, *, on_wait: Callable[[], None], stop: Callable[[], bool]) -> Iterator[None]:
    """Let one process at a time build an environment. The lock of a process that dies is free at once.

    Parameters
    ----------
    key : str
        The environment.
    on_wait : callable
        Called once where another process has the lock.
    stop : callable
        Asked while waiting.

    Raises
    ------
    EnvironmentBuildStopped
        If `stop` said so.
    """
    lock = _make_lock(key)
    if not lock.acquire():
        on_wait()
        while not lock.acquire(_POLL_SECONDS):
            if stop():
                raise EnvironmentBuildStopped(
                    "Waiting for an environment that another process builds was stopped.", value=key
                )
    try:
        yield
    finally:
        lock.release()


def remove(key: str, *, is_used: Callable[[], bool]) -> bool:
    """Remove an environment that nobody builds or uses; say whether it is gone.

    It is taken away first, so that nobody finds it any more, and then it is asked for whether it is used. So whoever found it
    before is known by then to use it.

    Parameters
    ----------
    key : str
        The environment.
    is_used : callable
        Says whether it is; then it is put back.

    Raises
    ------
    OSError
        If something of it cannot be removed. It is not found any more then.
    """
    lock = _make_lock(key)
    if not lock.acquire():
        return False
    try:
        marker = get_folder() / key / _COMPLETE
        taken_away = marker.with_name(_TAKEN_AWAY)
        try:
            marker.rename(taken_away)
        except FileNotFoundError:  # somebody was faster
            return True
        try:
            must_stay = is_used()
        except BaseException:
            taken_away.rename(marker)
            raise
        if must_stay:
            taken_away.rename(marker)
            return False
        shutil.rmtree(marker.parent)
        return True
    finally:
        lock.release()


def list_environments() -> list[BuiltEnvironment]:
    """List built environments, the longest unused first."""
    found = []
    for marker in sorted(get_folder().glob(f"*/{_COMPLETE}")):
        interpreter, facts = _read_marker(marker)
        if interpreter is None:
            continue
        try:
            last_used_at = marker.stat().st_mtime
        except OSError:  # removed just now
            continue
        built_at = facts.get("built_at")
        found.append(
            BuiltEnvironment(
                name=str(facts.get("name", "")),
                folder=marker.parent,
                interpreter=interpreter,
                size_bytes=_measure(marker.parent),
                built_at=built_at if isinstance(built_at, float) else last_used_at,
                last_used_at=last_used_at,
            )
        )
    return sorted(found, key=lambda one: one.last_used_at)


def get_folder() -> Path:
    """Give the folder that has a folder for each environment, by its key."""
    return get_home() / ".environments"


def _make_lock(key: str) -> FileLock:
    folder = get_folder() / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / key)


def _read_marker(marker: Path) -> tuple[Path | None, Mapping[str, object]]:
    try:
        facts = json.loads(marker.read_text(encoding="utf-8"))
        interpreter = marker.parent / facts["interpreter"]
    except (OSError, ValueError, KeyError, TypeError):
        return None, {}
    # A link to a Python that was removed since leads nowhere.
    return (interpreter if os.access(interpreter, os.X_OK) else None), facts


def _measure(folder: Path) -> int:
    size_bytes = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                size_bytes += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - a Path for each would cost too much
            except OSError:  # removed just now
                continue
    return size_bytes
