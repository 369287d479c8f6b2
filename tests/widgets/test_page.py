"""The kernel's side of the page: messages answered, files sent in pieces, cards that are seen."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.testing.support import wait_until
from aml_widgets.widgets.page import Page


class Heard:
    """A page, and what it sent to the browser."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.page = Page(threading.RLock())
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        monkeypatch.setattr(
            type(self.page.widget), "send", lambda _, content, buffers=None: self.sent.append((content, buffers or []))
        )

    def ask(self, verb: str, argument: str = "", value: str = "", *, page: str = "one") -> list[dict[str, Any]]:
        """Let a page of the browser ask, and give what it is sent."""
        start = len(self.sent)
        self.page._on_message(None, {"n": "1", "page": page, "do": verb, "with": argument, "value": value}, [])
        return [content for content, _ in self.sent[start:]]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(monkeypatch)


def test_a_handler_gets_argument_and_value_and_the_page_its_answer(heard: Heard) -> None:
    seen: list[tuple[str, str]] = []
    heard.page.on("sort", lambda argument, value: seen.append((argument, value)))

    answers = heard.ask("sort", "name", "down")

    assert seen == [("name", "down")]
    assert answers == [{"done": "1"}]


def test_a_handler_that_fails_is_said_and_breaks_nothing(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    def fail(argument: str, value: str) -> None:
        raise UserError("No such column.") if argument else RuntimeError("odd")

    heard.page.on("sort", fail)

    assert heard.ask("sort", "name") == [{"done": "1", "error": "No such column."}]
    with caplog.at_level(logging.CRITICAL):
        assert heard.ask("sort") == [{"done": "1", "error": "RuntimeError: odd"}]
    assert heard.ask("unknown") == [{"done": "1"}]


@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError, IndexError, OverflowError])
def test_an_argument_that_no_control_has_is_not_understood_and_not_reported(
    heard: Heard, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    def fail(_argument: str, _value: str) -> None:
        raise error("odd")

    heard.page.on("sort", fail)

    with caplog.at_level(logging.DEBUG, logger="aml_widgets.widgets"):
        assert heard.ask("sort") == [{"done": "1", "error": "This was not understood."}]
    assert [(one.levelname, one.exc_info) for one in caplog.records] == [("DEBUG", None)]


def test_a_file_goes_in_pieces_to_the_page_that_asked(heard: Heard) -> None:
    content = bytes(range(256)) * 9_000
    heard.page.on(
        "save", lambda _a, _v: heard.page.send_file("../a/b.bin", "text/html; x", [content[:5], b"", content[5:]])
    )
    begun = heard.ask("save")[0]
    assert begun["what"] == "begin"
    assert (begun["name"], begun["type"], begun["page"]) == ("b.bin", "application/octet-stream", "one")

    assert heard.ask("file-next", begun["file"], page="another") == [{"done": "1"}]
    whats = [heard.ask("file-next", begun["file"])[0]["what"] for _ in range(4)]

    assert whats == ["piece", "piece", "piece", "end"]
    assert b"".join(piece for _, buffers in heard.sent for piece in buffers) == content
    assert heard.ask("file-next", begun["file"])[0]["what"] == "failed"


def test_a_file_that_cannot_be_read_to_its_end_fails(heard: Heard) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(2 << 20)
        raise UserError("The file is gone.")

    heard.page.send_file("a.bin", "application/zip", chunks())
    file_id = heard.sent[-1][0]["file"]

    answers = [heard.ask("file-next", file_id)[0] for _ in range(3)]

    assert [answer["what"] for answer in answers] == ["piece", "piece", "failed"]
    assert answers[-1]["reason"] == "The file is gone."


def test_two_files_at_once_do_not_mix(heard: Heard) -> None:
    for content in (b"first", b"second"):
        heard.page.send_file("a", "text/plain", [content])
    first, second = (content["file"] for content, _ in heard.sent[-2:])

    heard.ask("file-next", second)
    heard.ask("file-next", first)

    assert [buffers[0] for content, buffers in heard.sent if content.get("what") == "piece"] == [b"second", b"first"]


def test_cards_seen_in_several_pages_are_one_set_and_a_page_that_went_is_forgotten(heard: Heard) -> None:
    calls: list[frozenset[str] | None] = []
    heard.page.on_visible(lambda: calls.append(heard.page.visible_cards))
    assert heard.page.visible_cards is None

    heard.ask("visible", "one", '["a", "b"]')
    heard.ask("visible", "one", '["a", "b"]')
    answers = heard.ask("visible", "two", '["c"]')
    heard.ask("visible", "one", '["a"]')
    heard.ask("visible", "three", '["d"]')

    assert {"ask": "visible"} in answers
    assert calls == [frozenset("ab"), frozenset("c"), frozenset("ac"), frozenset("d")]


def test_a_message_in_the_main_thread_means_that_nobody_is_heard_while_a_cell_runs(heard: Heard) -> None:
    heard.ask("visible", "", "[]")
    assert not heard.page.hears_while_busy

    thread = threading.Thread(target=heard.ask, args=("visible", "", "[]"))
    thread.start()
    thread.join()

    assert heard.page.hears_while_busy


def test_a_control_that_shows_that_it_waits_is_told_first_that_it_was_heard(heard: Heard) -> None:
    heard.page.on("sort", lambda _argument, _value: None)

    heard.page._on_message(None, {"n": "7", "shows": True, "do": "sort"}, [])

    assert [content for content, _ in heard.sent] == [{"heard": "7"}, {"done": "7"}]


def test_whoever_draws_gives_way_to_a_user_who_waits(heard: Heard) -> None:
    answered: list[str] = []
    heard.page.on("sort", lambda argument, _value: answered.append(argument))
    user = threading.Thread(target=heard.ask, args=("sort", "name"))

    with heard.page._lock:
        assert not heard.page.is_waited_for
        user.start()
        wait_until(lambda: heard.page.is_waited_for)
    heard.page.give_way()  # else this thread would have the lock again before the other one wakes up
    with heard.page._lock:
        assert answered == ["name"]

    user.join()
    assert not heard.page.is_waited_for


def test_a_verb_that_nobody_answers_any_more_is_forgotten(heard: Heard) -> None:
    seen: list[str] = []
    heard.page.on("sort", lambda argument, _: seen.append(argument))

    heard.page.off("sort")
    heard.page.off("sort")

    assert heard.ask("sort", "name") == [{"done": "1"}]
    assert seen == []
