"""Work that is too long for a handler, done by the watcher's thread one piece after the other, without the view's lock."""

from __future__ import annotations

import time
from collections.abc import Callable

from aml_widgets.widgets.panels.host import Host

_PAUSE_SECONDS = 0.01  # between two pieces, so that somebody who waits for the lock gets it
_TURN_SECONDS = 0.5
"""So long pieces follow each other before other views get their turn: a look at a long history may take seconds, and what is to be
drawn would otherwise wait for one after each piece."""

Piece = Callable[[], Callable[[], None]]
"""Does the work, without the lock, and gives what is to be done with the outcome, with the lock."""


class Later:
    """Goes on with something until it is done.

    Parameters
    ----------
    host : Host
        The view.
    next_piece : callable
        Gives the next piece of work, None when all is done; called with the lock held.
    """

    def __init__(self, host: Host, next_piece: Callable[[], Piece | None]) -> None:
        self._host = host
        self._next_piece = next_piece

    @property
    def run_id(self) -> str:
        """The run that it is for."""
        return self._host.run_id

    @property
    def jitter(self) -> float:
        """None: it is looked at once, or only here."""
        return 0.0

    @property
    def refresh_seconds(self) -> float:
        """How long after one turn the next one follows."""
        return _PAUSE_SECONDS

    def begin(self) -> None:
        """Do the first piece soon."""
        self._host.watcher.add(self)

    def refresh(self) -> bool:
        """Do pieces for a while; say whether more may be left."""
        ends_at = time.monotonic() + _TURN_SECONDS
        while self._do_piece():
            if time.monotonic() > ends_at:
                return True
            time.sleep(_PAUSE_SECONDS)
        return False

    def _do_piece(self) -> bool:
        with self._host.lock:
            piece = self._next_piece()
        if piece is None:
            return False
        finish = piece()
        with self._host.lock:
            finish()
        return True

    def keep_end(self) -> None:
        """Do nothing: what is to be kept of the run is the view's business."""
