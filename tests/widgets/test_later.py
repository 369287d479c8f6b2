"""Work that is done without the view's lock, and long charts that are smoothed so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from aml_widgets.widgets.panels import later as later_module
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

    assert not later.refresh()
    assert said == [("work", False), ("finish", True)]


def test_pieces_follow_each_other_for_a_while_before_others_get_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def next_piece() -> Piece | None:
        return (lambda: lambda: done.append(len(done))) if len(done) < 3 else None

    later = Later(cast("Host", SimpleNamespace(lock=threading.Lock(), run_id="run")), next_piece)

    monkeypatch.setattr(later_module, "_TURN_SECONDS", -1.0)
    assert later.refresh()
    assert done == [0], "its turn was over with the first"
    monkeypatch.setattr(later_module, "_TURN_SECONDS", 600.0)
    assert not later.refresh()
    assert done == [0, 1, 2]
