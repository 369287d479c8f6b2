"""Text from runs cannot act on a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.cli.visible import visible, visible_lines


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = visible(text)

    acting = [character for character in shown if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}]

    assert acting == []
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größe 模型 [bold] 100 %", "größe 模型 [bold] 100 %"),
        ("\x1b[31mred\x07\x9b", "\\x1b[31mred\\x07\\x9b"),
        ("two\nlines\r\tand a tab", "two\\nlines\\r\\tand a tab"),
        ("\u202eback\u2066wards\u200b", "\\u202eback\\u2066wards\\u200b"),
        ("half \udc80", "half \\udc80"),
        ("\U0001f469\u200d\U0001f469", "\U0001f469\u200d\U0001f469"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_it_is_written_out_as_python_would(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_of_a_traceback_stay_lines() -> None:
    assert visible_lines("File\n\tindented\x1b[2J\n") == "File\n    indented\\x1b[2J\n"
