"""Ends of runs are told one at a time for each run, again and again, and none is lost."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from aml_widgets.core.errors import StoreUnavailable, UserError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow.outbox import end_teller, outbox, run_ends
from aml_widgets.store.mlflow.outbox.end_teller import EndTeller
from aml_widgets.store.mlflow.outbox.outbox import Outbox
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd

WAIT_SECONDS = 60.0
END = RunEnd(RunStatus.COMPLETED, 1.0)
LATER_END = RunEnd(RunStatus.FAILED, 2.0)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Server:
    """Is told ends of runs. It keeps silent while `silent`, and then raises `trouble`, if there is any."""

    def __init__(self, folder: Path) -> None:
        self.told: list[tuple[str, RunEnd]] = []
        self.done: list[str] = []
        self.begun: list[str] = []
        self.trouble: Exception | None = None
        self.speaks = threading.Event()
        self.speaks.set()
        self.teller = EndTeller(lambda run_id: folder / run_id, self.tell, self.done.append)

    def tell(self, run_id: str, end: RunEnd) -> None:
        self.begun.append(run_id)
        assert self.speaks.wait(WAIT_SECONDS)
        if self.trouble is not None:
            raise self.trouble
        self.told.append((run_id, end))

    def tell_until(self, condition: Callable[[], bool], busy: Collection[str] = ()) -> None:
        """Do as the sender's thread does, again and again."""

        def tell() -> bool:
            self.teller.tell_due(busy)
            return condition()

        wait_for(tell)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(end_teller, "END_SECONDS", 0.02)
    server = Server(tmp_path)
    yield server
    server.speaks.set()


def test_a_run_whose_end_is_being_told_gets_no_second_thread(server: Server) -> None:
    server.speaks.clear()
    server.trouble = StoreUnavailable("It is away.", value=None)
    for run_id in ("a", "b"):
        server.teller.keep(run_id, END)
    server.tell_until(lambda: len(server.begun) == 2)
    server.teller.adopt("a")

    until = time.monotonic() + 0.2  # ten pauses
    server.tell_until(lambda: time.monotonic() > until)
    assert sorted(server.begun) == ["a", "b"]
    assert server.teller.is_waiting

    server.speaks.set()
    server.tell_until(lambda: len(server.begun) >= 4)
    server.trouble = None
    server.tell_until(lambda: not server.teller.is_waiting)
    assert sorted(server.told) == [("a", END), ("b", END)]


def test_a_run_is_told_again_only_after_a_pause_that_begins_when_its_thread_ends(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.speaks.clear()
    server.trouble = StoreUnavailable("It is away.", value=None)
    server.teller.keep("a", END)
    server.tell_until(lambda: server.begun == ["a"])

    monkeypatch.setattr(end_teller, "END_SECONDS", 3600.0)
    server.speaks.set()
    wait_for(lambda: not server.teller._being_told)
    for _ in range(20):
        server.teller.tell_due(())

    assert server.begun == ["a"]
    assert server.teller.is_waiting


@pytest.mark.parametrize("trouble", [StoreUnavailable("It is away.", value=None), KeyError("tags"), OSError("no room")])
def test_whatever_ends_the_thread_the_run_is_told_again(server: Server, trouble: Exception, tmp_path: Path) -> None:
    server.trouble = trouble
    server.teller.keep("a", END)
    server.tell_until(lambda: len(server.begun) >= 3)
    assert run_ends.find(tmp_path / "a") == END

    server.trouble = None
    server.tell_until(lambda: not server.teller.is_waiting)
    assert (server.told, server.done) == ([("a", END)], ["a"])
    assert run_ends.find(tmp_path / "a") is None


def test_an_end_that_the_server_refuses_for_good_is_forgotten(server: Server) -> None:
    server.trouble = UserError("It is deleted.", value="a")
    server.teller.keep("a", END)
    server.tell_until(lambda: server.done == ["a"])

    assert not server.teller.is_waiting


def test_a_run_for_which_there_is_no_thread_is_told_later(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(thread: threading.Thread) -> None:
        asked.append(thread.name)
        raise RuntimeError("can't start new thread")

    server.teller.keep("a", END)
    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", refuse)
        server.tell_until(lambda: len(asked) >= 2)
    server.tell_until(lambda: not server.teller.is_waiting)

    assert server.told == [("a", END)]


def test_an_end_that_is_kept_while_another_is_told_is_told_next(server: Server) -> None:
    server.speaks.clear()
    server.teller.keep("a", END)
    server.tell_until(lambda: server.begun == ["a"])
    server.teller.keep("a", LATER_END)
    server.speaks.set()
    server.tell_until(lambda: not server.teller.is_waiting)

    assert server.told == [("a", END), ("a", LATER_END)]


def test_lines_that_wait_keep_the_end_of_their_run_back(server: Server) -> None:
    server.teller.keep("a", END)
    server.teller.keep("b", END)
    server.tell_until(lambda: server.done == ["b"], busy={"a"})

    assert server.told == [("b", END)]
    server.tell_until(lambda: not server.teller.is_waiting)
    assert server.told == [("b", END), ("a", END)]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of what is tested here
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_that_was_forked_off_while_an_end_was_told_can_tell_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PACE_SECONDS", 0.01)
    no_sender: Any = None  # there are no lines
    box = Outbox(tmp_path / "outbox", no_sender, server.tell)
    server.speaks.clear()
    box.keep_end("a", END)
    wait_for(lambda: server.begun == ["a"])

    pid = os.fork()
    if pid == 0:
        try:
            server.speaks.set()
            box.forget_parent()  # as its store does
            box.adopt("a")
            wait_for(lambda: not box.where("a").exists())
            os._exit(0 if server.told == [("a", END)] else 2)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert server.told == []

    server.speaks.set()
    wait_for(lambda: not box._ends.is_waiting)
    assert server.told == [("a", END)]
    box.close()
