"""The tail of a log is bounded, and is what a terminal would show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.widgets.log_tail import LogTail


def shown(*contents: bytes, start: int = 0) -> str:
    tail = LogTail(start)
    for content in contents:
        tail.feed(content)
    return "".join(tail.texts)


def test_text_is_shown_as_written() -> None:
    assert shown(b"one\ntw", b"o\n") == "one\ntwo\n"


def test_a_character_that_arrives_in_two_parts_is_whole() -> None:
    assert shown("é".encode()[:1], "é".encode()[1:]) == "é"


def test_bytes_that_are_no_utf8_are_shown_as_such() -> None:
    assert shown(b"a\xff\xfeb") == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


def test_a_progress_bar_is_its_last_state() -> None:
    assert shown(b"before\n 10%\r", b" 50%\r", b"100%\n", b"after\r\n") == "before\n100%\nafter\n"


def test_a_progress_bar_under_way_is_shown() -> None:
    assert shown(b" 10%\r 50%\r") == " 50%"


def test_terminal_codes_are_left_out_also_when_they_arrive_in_two_parts() -> None:
    assert shown(b"\x1b[1;3", b"2mgreen\x1b[0m\x00") == "green\N{REPLACEMENT CHARACTER}"


def test_a_start_within_the_file_drops_the_line_that_it_cuts() -> None:
    assert shown(b"rest of a line\nwhole\n", start=100) == "whole\n"


def test_a_start_within_one_endless_line_shows_its_end() -> None:
    assert shown(b"\xa9 rest", start=100) == " rest"


def test_only_the_last_block_changes_when_the_log_grows() -> None:
    tail = LogTail()
    tail.feed(b"x" * 79 + b"\n" * 1 + (b"y" * 79 + b"\n") * 500)
    before = tail.texts

    tail.feed(b"new\n")

    assert tail.texts[:-1] == before[:-1]
    assert len(before) > 1


@given(st.lists(st.binary(max_size=60_000), max_size=8))
def test_memory_is_bounded_whatever_is_fed(contents: list[bytes]) -> None:
    tail = LogTail()

    for content in contents:
        tail.feed(content)

    assert tail.offset == sum(map(len, contents))
    assert sum(map(len, tail.texts)) <= 200_000


def test_an_endless_line_is_bounded_and_its_end_is_kept() -> None:
    tail = LogTail()

    for _ in range(40):
        tail.feed(b"x" * 50_000)
    tail.feed(b"end")

    text = "".join(tail.texts)
    assert len(text) <= 200_000
    assert text.endswith("xend")
    assert tail.is_cut
