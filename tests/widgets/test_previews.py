"""What is shown of a file's content."""

from __future__ import annotations

import io
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aml_widgets.widgets.picture_files import MAX_EDGE, WrongPicture, show_picture, sniff_media_type
from aml_widgets.widgets.previews import (
    MAX_TABLE_ROWS,
    PreviewKind,
    PreviewProblem,
    decode_text,
    hex_text,
    kind_of,
    prepare_picture,
    pretty_json,
    read_table,
    text_html,
)


def picture(width: int, height: int, form: str = "PNG", mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.new(mode, (width, height)).save(content, form)
    return content.getvalue()


def photograph(width: int, height: int, form: str, mode: str) -> bytes:
    """A picture that cannot be packed well."""
    noise = random.Random(0).randbytes(width * height * len(mode))
    content = io.BytesIO()
    Image.frombytes(mode, (width, height), noise).save(content, form)
    return content.getvalue()


@pytest.mark.parametrize(
    ("path", "head", "kind"),
    [
        ("a.txt", b"text", PreviewKind.TEXT),
        ("a.json", b"{}", PreviewKind.JSON),
        ("A.CSV", b"a,b", PreviewKind.TABLE),
        ("a.txt", b"", PreviewKind.EMPTY),
        ("a.txt", bytes(range(256)), PreviewKind.BYTES),
        ("a.txt", picture(2, 2), PreviewKind.PICTURE),  # what it is counts, not its name
        ("a.png", b"<svg onload=alert(1)>", PreviewKind.TEXT),
        ("a.png", b"<html>", PreviewKind.TEXT),
        ("a.txt", "ä".encode("utf-16"), PreviewKind.TEXT),
        ("a.txt", "Größe und Gewicht, und viele andere Angaben".encode("latin-1"), PreviewKind.TEXT),
    ],
)
def test_the_content_says_how_a_file_is_shown(path: str, head: bytes, kind: PreviewKind) -> None:
    assert kind_of(path, head) is kind


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 7))
def test_text_cut_anywhere_comes_out_whole(text: str, size: int) -> None:
    content = text.encode()
    size = max(4, size)
    start, parts = 0, []
    while start < len(content):
        piece = content[start : start + size]
        decoded = decode_text(piece, is_start=start == 0, is_end=start + len(piece) >= len(content))
        parts.append(decoded.text)
        assert decoded.used_bytes > 0
        start += decoded.used_bytes
    assert "".join(parts) == text.removeprefix("\ufeff")


@given(st.binary(min_size=4, max_size=64))
def test_any_bytes_become_text_that_is_no_markup(content: bytes) -> None:
    decoded = decode_text(content, is_end=False)
    html = text_html(decoded.text)

    assert decoded.used_bytes > 0
    html.encode()  # no half characters are left, that no message could hold
    assert "<" not in html.replace('<span class="aml-broken">', "").replace("</span>", "")


def test_utf_16_is_read_and_broken_bytes_are_spelled() -> None:
    first = decode_text("ä€".encode("utf-16"), is_end=True)

    assert (first.text, first.encoding) == ("ä€", "utf-16-le")
    assert text_html(decode_text(b"a\xff\xfeb\x1b<", is_end=True).text) == (
        'a<span class="aml-broken">\\xff\\xfe</span>b<span class="aml-broken">\\x1b</span>&lt;'
    )


def test_json_is_set_out_as_the_file_spells_it() -> None:
    text = '{"a": 0.10, "a": 1e400, "big": 12345678901234567890123, "l": [1, [], {}], "s": "x,{\\"y\\":1}"}'

    pretty = pretty_json(text)

    assert pretty.splitlines()[:3] == ["{", '  "a": 0.10,', '  "a": 1e400,']
    assert '"s": "x,{\\"y\\":1}"' in pretty
    assert "[]" in pretty
    assert json.loads(pretty) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "reason"), [('{"a": }', "line 1, column 7"), ("", "line 1"), ("[" * 100_000, "nested too deeply")]
)
def test_json_that_is_none_says_why(text: str, reason: str) -> None:
    with pytest.raises(PreviewProblem, match=reason):
        pretty_json(text)


def test_a_table_has_its_header_its_numbers_and_its_bounds() -> None:
    rows = "".join(f'{i};"text; {i}"\n' for i in range(300))

    table = read_table(f"id;name\n{rows}", "a.csv", is_whole=True)

    assert table.header == ("id", "name")
    assert (len(table.rows), table.has_more) == (MAX_TABLE_ROWS, True)
    assert table.rows[1] == ("1", "text; 1")
    assert table.is_numeric == (True, False)


def test_odd_tables() -> None:
    ragged = read_table("1,2\n3\n", "a.csv", is_whole=True)
    assert (ragged.header, ragged.rows, ragged.has_more) == (("1", "2"), (("1", "2"), ("3", "")), False)
    assert read_table("a\tb\n1,5\t2\n", "a.tsv", is_whole=True).rows == (("1,5", "2"),)
    assert read_table("a,b\n1,2\n3,", "a.csv", is_whole=False).rows == (("1", "2"),)
    with pytest.raises(PreviewProblem, match="no rows"):
        read_table("\n\n", "a.csv", is_whole=True)
    with pytest.raises(PreviewProblem, match="No table"):
        read_table('a,b\n"never closed,2\n', "a.csv", is_whole=True)
    with pytest.raises(PreviewProblem, match="field larger"):
        read_table(f"a,{'x' * 200_000}", "a.csv", is_whole=True)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_small_picture_is_shown_as_it_is(form: str) -> None:
    content = picture(20, 10, form)

    shown = prepare_picture(content)

    assert (shown.content, shown.width, shown.height, shown.is_reduced) == (content, 20, 10, False)
    assert shown.media_type == sniff_media_type(content)


@pytest.mark.parametrize(
    ("form", "mode", "width"), [("PNG", "RGB", 1_800), ("PNG", "RGBA", 1_800), ("JPEG", "L", 3_600)]
)
def test_a_large_picture_is_made_smaller(form: str, mode: str, width: int) -> None:
    shown = prepare_picture(photograph(width, 2_400, form, mode))

    assert (shown.width, shown.height, shown.is_reduced) == (width, 2_400, True)
    assert max(Image.open(io.BytesIO(shown.content)).size) == MAX_EDGE


def test_a_large_plot_that_is_packed_well_stays_as_it_is() -> None:
    assert not prepare_picture(picture(5_000, 4_000)).is_reduced


def test_a_picture_that_is_none_or_too_large_is_refused() -> None:
    with pytest.raises(PreviewProblem, match="is broken"):
        prepare_picture(picture(20, 20)[:30])
    with pytest.raises(PreviewProblem, match="8,000 .* pixels, too many"):
        prepare_picture(picture(8_000, 8_000, mode="1"))
    with pytest.raises(PreviewProblem, match=r"4,000 .* pixels in 12\.4 MB, too many"):
        prepare_picture(photograph(4_000, 3_100, "PNG", "L"))
    with pytest.raises(PreviewProblem, match="no picture"):
        prepare_picture(b"<svg/>")


def test_bytes_are_written_as_lines_of_16() -> None:
    assert hex_text(b"0123456789abcdefg\0").splitlines() == [
        "000000  30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef",
        f"000010  {'67 00':<47}  g·",
    ]


@pytest.mark.parametrize(
    "content", [picture(40, 30, "GIF"), picture(1, 1, "WEBP"), picture(5, 5, "BMP"), picture(9, 9, "JPEG", "L")]
)
def test_a_preview_and_a_card_agree_on_what_is_shown_of_a_picture(content: bytes) -> None:
    shown, reduced = show_picture(content), prepare_picture(content)

    assert shown.source.startswith(f"data:{reduced.media_type};")
    assert (shown.width, shown.height) == (reduced.width, reduced.height)


@pytest.mark.parametrize("content", [b"GIF8", b"GIF89a", b"RIFF....WEBP", b"\xff\xd8\xff", picture(20, 20)[:30]])
def test_a_preview_and_a_card_say_the_same_of_a_broken_picture(content: bytes) -> None:
    with pytest.raises(WrongPicture) as wrong:
        show_picture(content)
    with pytest.raises(PreviewProblem) as problem:
        prepare_picture(content)

    assert str(problem.value) == str(wrong.value)
    assert " object at " not in str(wrong.value)
