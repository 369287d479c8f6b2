"""What was written for a terminal reads as a terminal would show it."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.widgets.ansi import LIVE_ROWS, PLAIN, Row, Screen, Style, restyled
from aml_widgets.widgets.log_html import rows_html


def screen_of(*contents: bytes) -> Screen:
    screen = Screen()
    for content in contents:
        screen.feed(content)
    return screen


def texts(*contents: bytes) -> list[str]:
    screen = screen_of(*contents)
    return [row.text for row in [*screen.take_finished(), *screen.rows]]


def html_of(*contents: bytes) -> str:
    return rows_html(screen_of(*contents).rows)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"before\n 10%\r 50%\r100%\nafter\r\n", ["before", "100%", "after", ""]),
        (b" 10%\r 50%\r", [" 50%"]),
        (b"100% done\rabc", ["abc% done"]),
        (b"100% done\r\x1b[Kabc", ["abc"]),
        (b"\x1b[2K\rabc\x1b[1Kx", ["   x"]),
        (b"abd\bc", ["abc"]),
        (b"\b\b\bx", ["x"]),
        (b"bar 1\nbar 2\x1b[A\rBAR 1\n\x1b[2KBAR 2", ["BAR 1", "BAR 2"]),
        (b"a\nb\nc\x1b[2A\r\x1b[Jnew", ["new", "", ""]),
        (b"a\x1b[5Cb\x1b[1Gx", ["x     b"]),
        (b"tab\tstop", ["tab\tstop"]),
        (b"nul\0 bell\x07 delete\x7f", ["nul\N{SYMBOL FOR NULL} bell\N{SYMBOL FOR BELL} delete\N{SYMBOL FOR DELETE}"]),
        (b"a\xff\xfeb", ["a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"]),
        (b"cut \xc3\nnext", ["cut \N{REPLACEMENT CHARACTER}", "next"]),
        (b"\x1b]0;title\x07text\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", ["textlink"]),
        (b"\x1b(B\x1b[?25lhidden\x1b[?25h\x1b=", ["hidden"]),
        (b"\x1b[2J\x1b[H\x1b[3;4Hkept", ["kept"]),
        (b"\x1b[31\nbroken", ["", "broken"]),
    ],
)
def test_it_is_what_a_terminal_shows(content: bytes, shown: list[str]) -> None:
    assert texts(content) == shown
    assert texts(*(content[place : place + 1] for place in range(len(content)))) == shown  # byte by byte


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_it_does_not_matter_in_which_parts_it_comes(content: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(content)]

    assert texts(*(content[a:b] for a, b in itertools.pairwise(places))) == texts(content)


@given(st.text(alphabet="\x1b[];0123456789mAKJCG\r\n\bab ", max_size=200))
def test_any_sequence_is_lived_through(text: str) -> None:
    screen = screen_of(text.encode())

    assert "\x1b" not in "".join(row.text for row in screen.rows)
    assert all(row.length == len(row.text) for row in screen.rows)
    assert screen.line_count == text.count("\n")


def test_only_the_last_rows_can_still_be_written_over() -> None:
    screen = screen_of(b"".join(b"%d\n" % number for number in range(100)), b"\x1b[500A", b"\rover")

    assert [row.text for row in screen.take_finished()] == [str(number) for number in range(101 - LIVE_ROWS)]
    assert screen.rows[0].text == "over"


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("", PLAIN),
        ("1;31", Style(is_bold=True, foreground=1)),
        ("91;104", Style(foreground=9, background=12)),
        ("2;3;4;7;9", Style(is_dim=True, is_italic=True, is_underlined=True, is_inverse=True, is_struck=True)),
        ("38;5;9", Style(foreground=9)),
        ("38;5;196;1", Style(foreground=(255, 0, 0), is_bold=True)),
        ("48;5;244", Style(background=(128, 128, 128))),
        ("38;2;1;2;3;48;2;4;5;6", Style(foreground=(1, 2, 3), background=(4, 5, 6))),
        ("38:2::1:2:3", Style(foreground=(1, 2, 3))),
        ("38:5:9;1", Style(foreground=9, is_bold=True)),
        ("4:3", Style(is_underlined=True)),
        ("38;2;999;0;0", PLAIN),
        ("38;5", PLAIN),
        ("38", PLAIN),
        ("31;39;42;49;1;22;3;23;4;24;7;27", PLAIN),
        ("99999999;?", PLAIN),
    ],
)
def test_styles(parameters: str, style: Style) -> None:
    assert restyled(PLAIN, parameters) == style


def test_colours_are_carried_over_lines_and_parts() -> None:
    html = html_of(b"\x1b[1;3", b"2mgreen\nstill\x1b[0m plain")

    green = '<span class="aml-t-bold aml-t-2">{}</span>'
    assert html == f"<div>{green.format('green')}</div><div>{green.format('still')} plain</div>"


def test_looks_are_classes_or_colours_of_our_own_making() -> None:
    assert '<span class="aml-t-rgb" style="--aml-t:#0a141e">x</span>' in html_of(b"\x1b[38;2;10;20;30mx")
    assert '<span class="aml-t-inverse">x</span>' in html_of(b"\x1b[7mx")
    assert "color:#ffffff;background:#cd3131" in html_of(b"\x1b[37;41mx")
    assert "color:#000000;background:#f5f543" in html_of(b"\x1b[97;103mx")  # white on yellow could not be read
    assert "background:#ff8700" in html_of(b"\x1b[38;5;208;7mx")


def test_text_is_escaped_in_every_run() -> None:
    html = html_of(b'<img src=x onerror="a">\x1b[31m<b>&\x1b[m', b"\x1b]8;;javascript:alert(1)\x07link")

    assert re.findall(r"<(?!/?(?:div|span)\b)", html) == []
    assert "javascript" not in html


def test_a_very_long_line_is_folded() -> None:
    html = html_of(b"a" * 2_000 + b"b" * 50_000 + b"c" * 500)

    assert "50,000 more characters" in html
    assert re.search(r"a{2000}<button [^>]*>[^<]*</button><span hidden>b{50000}</span>c{500}</div>", html)


def test_a_line_that_stands_for_several_counts_so() -> None:
    bars = b"".join(b"\x1b[A\r%d\n" % number for number in range(5))

    html = html_of(b"before\n0\n" + bars + b"after")

    assert html == '<div>before</div><div>4</div><div style="counter-increment:aml-line 6">after</div>'


@pytest.mark.parametrize("over", [b"\bX", b"\x1b[31m\bX\x1b[m\bY", b"\rX", b"\x1b[1K", b"\x1b[3D\x1b[1KX"])
def test_a_row_of_many_colours_is_written_over_in_little_time(over: bytes) -> None:
    colours = b"".join(b"\x1b[3%dmA" % (place % 8) for place in range(5_000))
    begun_at = time.process_time()

    screen = screen_of(colours + over * ((64_000 - len(colours)) // len(over)))

    assert time.process_time() - begun_at < 5  # once 45 seconds
    assert screen.rows[0].length == len(screen.rows[0].text)


WRITES = st.tuples(
    st.integers(0, 12), st.text(alphabet="ab\N{GRINNING FACE}", max_size=6), st.sampled_from([None, 1, 2])
)


@given(st.lists(WRITES, max_size=12), st.booleans())
def test_what_is_written_over_keeps_the_look_of_the_rest(
    writes: list[tuple[int, str, int | None]], reads_between: bool
) -> None:
    row, cells = Row(number=0, start_byte=0), list[tuple[str, Style]]()
    for column, text, colour in writes:
        style = Style(foreground=colour)
        row.write(column, text, style)
        cells += [(" ", PLAIN)] * (column - len(cells))
        cells[column : column + len(text)] = [(character, style) for character in text]
        if reads_between:
            assert row.length == len(row.text)

    assert [(character, style) for text, style in row.runs for character in text] == cells
    assert all(before[1] != after[1] for before, after in itertools.pairwise(row.runs))
