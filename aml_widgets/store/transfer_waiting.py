"""How far a transfer is, whom it tells, and how long it waits: for a server to take what was copied, for another transfer to end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic

from aml_widgets.core.errors import Conflict, StoreUnavailable
from aml_widgets.core.file_lock import FileLock
from aml_widgets.store.artifacts import to_store_error
from aml_widgets.store.protocol import RunStore

WAIT_SECONDS = 1.0
"""How often is looked, and told, whether a server has taken some."""

STUCK_SECONDS = 120.0
"""A server that takes nothing for so long is left for the next transfer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is.

    Attributes
    ----------
    runs, runs_in_all : int
        Runs that were seen to, and that there are.
    name : str
        The run that is being copied.
    points, files : int
        What was copied of it by now.
    unsent : int
        For so many calls that wait on this machine for a server is waited now.
    """

    runs: int
    runs_in_all: int
    name: str
    points: int = 0
    files: int = 0
    unsent: int = 0


class Teller:
    """Tells how far the copying of one run is.

    Parameters
    ----------
    on_progress : callable
        Who is told.
    progress : Progress
        How far it is now.
    """

    def __init__(self, on_progress: Callable[[Progress], None], progress: Progress) -> None:
        self._on_progress = on_progress
        self._progress = progress

    def tell(self, *, points: int | None = None, files: int | None = None, unsent: int = 0) -> None:
        """Tell what is new; None means as it was."""
        before = self._progress
        self._progress = replace(
            before,
            points=before.points if points is None else points,
            files=before.files if files is None else files,
            unsent=unsent,
        )
        self._on_progress(self._progress)


def wait_until_sent(target: RunStore, run_id: str, teller: Teller) -> None:
    """Wait for a server to take what this process logged, as long as it takes some. Raises StoreUnavailable."""
    _wait(lambda: target.wait_until_sent(run_id, WAIT_SECONDS), run_id, teller)


def can_go_on(target: RunStore, run_id: str, place_id: str | None, teller: Teller) -> bool:
    """Say whether a copy that an earlier transfer began can be gone on with: what the target has of it is then all that was logged.

    What still waits on this machine is waited for, whichever process has it. What waits on another machine cannot be known of here.

    Parameters
    ----------
    target : RunStore
        Where the copy is.
    run_id : str
        The copy.
    place_id : str or None
        What tells from where it was copied (`Outgoing.place_id`).
    teller : Teller
        Tells how much is waited for.

    Raises
    ------
    StoreUnavailable
        If nothing of it is sent.
    """
    outgoing = target.outgoing
    if outgoing is None:
        return True
    if place_id != outgoing.place_id:
        return False
    _wait(lambda: outgoing.wait(run_id, WAIT_SECONDS), run_id, teller)
    return outgoing.go_on(run_id)


def _wait(wait: Callable[[], int], run_id: str, teller: Teller) -> None:
    left, last_at = wait(), monotonic()
    while left:
        teller.tell(unsent=left)
        before, left = left, wait()
        if left < before:
            last_at = monotonic()
        elif monotonic() > last_at + STUCK_SECONDS:
            raise StoreUnavailable(
                f"None of the {left:,} call(s) of log of run {run_id} that wait on this machine was sent to the tracking server for "
                f"{STUCK_SECONDS:g} s, by this process or another that has them. Copy again when the server is back.",
                value=run_id,
            )


@contextmanager
def alone(source_id: str, target: RunStore) -> Iterator[None]:
    """See that no other process on this machine copies from one store to another meanwhile.

    Parameters
    ----------
    source_id : str
        The workspace that is copied from.
    target : RunStore
        Where to.

    Raises
    ------
    Conflict
        If one does.
    StoreError
        If the target's folder, or the one on this machine of what is on its way to it, cannot be used.
    """
    place = target.own_paths[0]
    name = hashlib.sha256(f"{source_id} {place.name}".encode()).hexdigest()[:16]
    file = place.parent / f".copying-{name}.lock"
    lock = FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_alone = lock.acquire()
    except OSError as error:
        raise to_store_error(error, "What keeps two from copying at once", str(file)) from error
    if not is_alone:
        raise Conflict(
            "Another process is just copying the same runs to the same place. Wait for its end.", value=source_id
        )
    try:
        yield
    finally:
        with suppress(OSError):  # Windows does not delete what is open; it locks nothing once it is let go of
            file.unlink()
        lock.release()
