"""Names that a file may have on every platform."""

from __future__ import annotations

import pytest

from aml_widgets.core.file_names import MAX_NAME, safe_file_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("outputs/model.pkl", "model.pkl"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("a\u202egpj.exe", "agpj.exe"),
        ('<img src=x onerror="1">.csv', "_img src=x onerror=_1__.csv"),
        ("CON.txt", "_CON.txt"),
        (".bashrc", "bashrc"),
        ("\udcff.", "file"),
        ("", "file"),
        ("größe 变量.csv", "größe 变量.csv"),
    ],
)
def test_a_file_name_is_only_a_name(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


def test_a_long_file_name_keeps_its_ending() -> None:
    assert safe_file_name("x" * 400 + ".tar.gz").endswith("x.gz")
    assert len(safe_file_name("x" * 400 + ".csv")) == MAX_NAME
