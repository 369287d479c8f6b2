"""What is told softly is told once, and never raised."""

from __future__ import annotations

import subprocess
import sys

import pytest

_WARN = "from aml_widgets.tracking.warn import warn_softly; warn_softly('the link'); print('goes on')"


@pytest.mark.parametrize(
    ("options", "before", "count"),
    [
        ([], "", 1),
        (["-W", "error"], "", 1),
        (["-W", "ignore"], "", 0),
        ([], "import logging; logging.basicConfig(); ", 2),  # as a warning, and as the record that was asked for
    ],
)
def test_a_warning_is_told_once_in_each_place(options: list[str], before: str, count: int) -> None:
    ended = subprocess.run([sys.executable, *options, "-c", before + _WARN], capture_output=True, text=True, check=True)

    told = [line for line in ended.stderr.splitlines() if "the link" in line and "warn_softly(" not in line]
    assert (ended.stdout, len(told)) == ("goes on\n", count)
