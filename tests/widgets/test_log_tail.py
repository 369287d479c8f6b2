"""The tail of a log is bounded, and is what a terminal would show."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.widgets.log_tail import MAX_LINES, TAIL_BYTES, LogTail
from aml_widgets.widgets.log_window import MAX_COUNTED_BYTES, MAX_SHOWN_BYTES, MAX_SHOWN_LINES, LogWindow


def text_of(blocks: list[str]) -> str:
    """What HTML reads: a line for each row."""
    rows = re.findall(r"<div[^>]*>(.*?)</div>", "".join(blocks), re.DOTALL)
    return "\n".join(html.unescape(re.sub(r"<[^>]*>", "", row)) for row in rows)


def shown(*contents: bytes, start: int = 0) -> str:
    tail = LogTail(start)
    for content in contents:
        tail.feed(content)
    return text_of(tail.blocks)


class File:
    """A file in memory that notes what was read of it."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.read_sizes: list[int] = []
        self.window = LogWindow(self.read)
        self._looks = 0

    def read(self, start: int, max_bytes: int) -> bytes:
        self.read_sizes.append(max_bytes)
        return self.content[start : start + max_bytes]

    def look(self, *, is_following: bool = True) -> str:
        self._looks += 1
        self.window.advance(len(self.content), float(self._looks), is_following=is_following)
        return self.text

    @property
    def text(self) -> str:
        parts = [part.blocks for part in reversed(self.window.earlier)]
        return "\n".join(text_of(blocks) for blocks in [*parts, self.window.tail.blocks])


def lines(first: int, last: int) -> bytes:
    return "".join(f"line {number}\n" for number in range(first, last)).encode()


def test_text_is_shown_as_written() -> None:
    assert shown(b"one\ntw", b"o\n\n<b>&amp;") == "one\ntwo\n\n<b>&amp;"


def test_a_start_within_the_file_drops_the_line_that_it_cuts() -> None:
    assert shown(b"rest of a line\nwhole\n", start=100) == "whole"


@pytest.mark.parametrize("content", [b"\xa9 rest", b"\xa9 rest\n"])
def test_a_start_within_one_endless_line_shows_its_end(content: bytes) -> None:
    assert shown(content, start=100) == " rest"


def test_only_the_last_block_changes_when_the_log_grows() -> None:
    tail = LogTail()
    tail.feed((b"y" * 79 + b"\n") * 500)
    before = tail.blocks

    tail.feed(b"new\n")

    assert tail.blocks[:-1] == before[:-1]
    assert len(before) > 2
    assert len(tail.blocks[-1]) < 16_000


def test_the_last_line_is_the_last_one_with_something_in_it() -> None:
    tail = LogTail()
    assert tail.last_line == ""

    tail.feed(b"one\n\x1b[31m two \x1b[0m\n \n\n")
    assert tail.last_line == "two"

    tail.feed(b"\n" * 200)
    assert tail.last_line == "two"


@given(st.lists(st.binary(max_size=60_000), max_size=8))
def test_memory_is_bounded_whatever_is_fed(contents: list[bytes]) -> None:
    tail = LogTail()

    for content in contents:
        tail.feed(content)
        tail.trim(TAIL_BYTES)

    assert tail.offset == sum(map(len, contents))
    assert tail.row_count <= MAX_LINES + 1_000
    assert sum(map(len, tail.blocks)) <= 2_000_000


def test_an_endless_line_is_bounded_and_its_end_is_kept() -> None:
    tail = LogTail()

    for _ in range(40):
        tail.feed(b"x" * 50_000)
    tail.feed(b"end")

    (block,) = tail.blocks
    assert len(block) <= 80_000
    assert text_of([block]).endswith("xend")
    assert "characters before" in block


def test_of_a_long_log_only_the_end_is_read_and_of_a_grown_one_what_is_new() -> None:
    file = File(lines(0, 200_000))
    assert file.look().endswith("line 199998\nline 199999")
    assert file.read_sizes == [TAIL_BYTES]
    assert file.window.start > 0

    file.content += b"new\n"
    assert file.look().endswith("line 199999\nnew")
    assert file.read_sizes[1:] == [64 + 4]

    file.content += lines(0, 300_000)
    assert file.look().endswith("line 299999")
    assert max(file.read_sizes) == TAIL_BYTES


def test_a_burst_of_empty_lines_stays_bounded() -> None:
    file = File(b"\n" * 10_000_000)

    file.look()

    assert file.window.tail.row_count <= MAX_LINES + 1_000


def test_nothing_goes_from_under_somebody_who_reads_further_up() -> None:
    file = File(lines(0, 20_000))
    file.look()
    first = file.text.split("\n")[0]
    for turn in range(60):
        file.content += lines(turn * 10_000, turn * 10_000 + 10_000)
        file.look(is_following=False)
        assert file.text.startswith(first)

    assert file.window.is_held
    assert len(file.text) < MAX_SHOWN_BYTES + 2 * TAIL_BYTES

    file.look(is_following=True)
    assert file.text.endswith("line 599999")
    assert not file.window.is_held


def test_empty_lines_are_bounded_for_who_reads_further_up_too() -> None:
    file = File(b"\n")
    file.look()
    file.content += b"\n" * 3_000_000

    for _ in range(10):
        file.look(is_following=False)

    assert file.window.tail.row_count <= MAX_SHOWN_LINES + TAIL_BYTES


def test_earlier_parts_are_read_one_by_one_up_to_a_bound() -> None:
    file = File(lines(0, 20_000))
    file.look()
    n_reads = 0
    while file.window.can_load_earlier:
        file.window.load_earlier()
        n_reads += 1
    assert file.text.split("\n") == [f"line {number}" for number in range(20_000)]
    assert n_reads <= 5
    assert max(file.read_sizes) == TAIL_BYTES

    file.content += b"new\n"
    file.window.go_to_end()
    file.look()
    assert file.window.earlier == []
    assert file.text.endswith("new")

    file = File((b"x" * 199 + b"\n") * 50_000)
    file.look()
    while file.window.can_load_earlier:
        file.window.load_earlier()
    assert MAX_SHOWN_BYTES <= len(file.content) - file.window.start <= MAX_SHOWN_BYTES + TAIL_BYTES


def test_a_line_longer_than_a_part_is_got_through() -> None:
    file = File(b"first\n" + b"x" * 200_000 + b"\nlast\n")
    file.look()

    while file.window.can_load_earlier:
        file.window.load_earlier()

    assert file.window.start == 0
    assert file.text.startswith("first\nxx")
    assert file.text.endswith("xx\nlast")


@pytest.mark.parametrize("content", [b"short\n", b"quite another log of the same leng\n", b"a longer log " * 50])
def test_a_file_that_was_written_anew_is_noticed(content: bytes) -> None:
    file = File(b"this is what the log was at first.\n")
    file.look()

    file.content = content

    assert file.look() == content.decode().rstrip("\n")


def test_a_file_that_was_only_touched_stays() -> None:
    file = File(b"one\n")
    file.look()
    before = file.window.tail

    assert file.look() == "one"

    assert file.window.tail is before


def before(file: File) -> int | None:
    """Give how many lines there are before those that are shown."""
    return file.window.lines_before


def test_lines_are_numbered_as_the_file_has_them() -> None:
    file = File(lines(0, 100_000))
    file.look()
    assert before(file) is None

    file.window.count_lines()
    first = int(file.text.split("\n")[0].removeprefix("line "))
    assert before(file) == first

    file.window.load_earlier()
    assert before(file) == int(file.text.split("\n")[0].removeprefix("line "))
    n_read = sum(file.read_sizes)
    file.content += lines(100_000, 200_000)
    file.window.go_to_end()
    file.look()
    file.window.count_lines()
    assert before(file) == int(file.text.split("\n")[0].removeprefix("line "))
    assert sum(file.read_sizes) - n_read < len(file.content)  # counting was carried on

    for turn in range(20):
        file.content += lines(200_000 + turn * 1000, 201_000 + turn * 1000)
        file.look()
        assert before(file) == int(file.text.split("\n")[0].removeprefix("line "))


def test_lines_far_into_a_file_are_not_counted() -> None:
    file = File(lines(0, 2) + b"\n" * (MAX_COUNTED_BYTES + 2 * TAIL_BYTES))
    file.look()

    file.window.count_lines()

    assert file.window.lines_before is None
    assert sum(file.read_sizes) == TAIL_BYTES
