"""Work that is done without the view's lock, and long charts that are smoothed so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.later import Later, Piece


def test_pieces_are_done_without_the_lock_and_finished_with_it() -> None:
    lock = threading.Lock()
    said: list[tuple[str, bool]] = []

    def work() -> Callable[[], None]:
        said.append(("work", lock.locked()))
        return lambda: said.append(("finish", lock.locked()))

    pieces: list[Piece] = [work]
    host = cast("Host", SimpleNamespace(lock=lock, run_id="run"))
    later = Later(host, lambda: pieces.pop() if pieces else None)

    assert later.refresh()
    assert not later.refresh()
    assert said == [("work", False), ("finish", True)]
