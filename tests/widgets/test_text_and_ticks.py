"""Numbers, times and axes read well and never break."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aml_widgets.widgets.text import (
    clock_text,
    duration_text,
    escape,
    exact_text,
    name_text,
    number_text,
    shorten,
    size_text,
    time_text,
    value_text,
)
from aml_widgets.widgets.ticks import axis_range, tick_format, tick_label, tick_values

floats = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1234567, "0.123457"),
        (3, "3"),
        (999_999_999_999_999, "999999999999999"),
        (10**30, "1e30"),
        (-1180591620717411303424, "-1.18e21"),
        (3 * 10**400, "3e400"),
        (math.nan, "NaN"),
        (-math.inf, "\N{MINUS SIGN}\N{INFINITY}"),
        (True, "True"),
        (None, "None"),
        ("text", "text"),
    ],
)
def test_values_read_shortly(value: float | str | None, text: str) -> None:
    assert value_text(value) == text


def test_an_integer_too_long_for_python_to_write_is_described() -> None:
    assert number_text(10**6_000) == "an integer of 19,932 bits"
    assert exact_text(10**6_000) == "an integer of 19,932 bits"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (75, "0:01:15"), (360_000, "100:00:00"), (-1, "0.0 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1_400, "1.4 kB"), (20_000_000, "20.0 MB"), (10**15, "1,000.0 TB")]
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


def test_moments_have_their_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert time_text(1_000_000.0).split()[-1].startswith("UTC")
    assert clock_text(1_000_000.0).split()[-1].startswith("UTC")


@pytest.mark.parametrize("seconds", [1e12, -1e12, 1e300, math.inf, -math.inf, math.nan, 253_402_300_799.0])
def test_moments_that_no_calendar_has_are_written_in_seconds(seconds: float) -> None:
    assert time_text(seconds)
    assert clock_text(seconds)
    if not abs(seconds) < 1e12:
        assert time_text(seconds) == clock_text(seconds) == repr(seconds)


def test_names_are_shortened_and_never_invisible() -> None:
    assert shorten("abcdef", 4) == "abc\N{HORIZONTAL ELLIPSIS}"
    assert name_text("  ") == "'  '"


@given(st.text())
def test_escaped_text_has_no_markup(text: str) -> None:
    assert not set("<>\"'") & set(escape(text))


@given(st.lists(st.floats(), min_size=1, max_size=50), st.booleans(), st.booleans())
@example([1.7894736842105262e308], False, False)
def test_an_axis_holds_all_finite_values_and_has_ticks(values: list[float], is_padded: bool, is_whole: bool) -> None:
    low, high = axis_range(np.array(values), is_padded=is_padded)
    ticks = tick_values(low, high, is_whole=is_whole)

    assert math.isfinite(low)
    assert math.isfinite(high)
    assert low < high
    assert all(low <= value <= high for value in values if math.isfinite(value) and abs(value) < 1.69e308)
    assert 1 <= len(ticks) <= 14
    assert all(map(math.isfinite, ticks))
    assert tick_format(ticks)


def test_ticks_are_round_numbers() -> None:
    assert tick_values(0.0, 1.0) == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert tick_values(0.0, 3.0, is_whole=True) == [0.0, 1.0, 2.0, 3.0]
    assert tick_values(0.0, 199.0, is_whole=True) == [0.0, 50.0, 100.0, 150.0]


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        ([0.0, 0.5, 1.0], ",.2~r"),
        ([100.001, 100.002], ",.6~r"),
        ([3_300.0, 3_325.0, 3_350.0], ",.4~r"),
        ([0.0, 0.25, 0.5], ",.2~r"),
        ([1.0, 1.25, 1.5], ",.3~r"),
        ([0.0, 500_000.0, 1_000_000.0], ".2~s"),
        ([0.0, 1e-5, 2e-5], ".1~e"),
        ([0.0], ".2~r"),
    ],
)
def test_tick_formats_tell_neighbours_apart(ticks: list[float], expected: str) -> None:
    assert tick_format(ticks) == expected


@pytest.mark.parametrize(
    ("value", "d3_format", "label"),
    [
        (0.0, ",.2~r", "0"),
        (-0.25, ",.2~r", "\N{MINUS SIGN}0.25"),
        (3_325.0, ",.4~r", "3,325"),
        (500_000.0, ".2~s", "500k"),
        (1_250_000.0, ".3~s", "1.25M"),
        (2e-5, ".1~e", "2e-5"),
        (1e20, ".1~e", "1e+20"),
    ],
)
def test_a_tick_is_written_as_the_live_charts_write_it(value: float, d3_format: str, label: str) -> None:
    assert tick_label(value, d3_format) == label


@given(floats, floats, st.booleans())
@example(one=3_300.0, other=3_350.0, is_whole=False)
@example(one=0.0, other=7.5e20, is_whole=False)
@example(one=-1.7e308, other=1.7e308, is_whole=False)
def test_a_tick_can_be_read_back_to_a_fraction_of_a_step(one: float, other: float, is_whole: bool) -> None:
    ends = np.array([one, other])
    low, high = axis_range(np.floor(ends) if is_whole else ends, is_padded=not is_whole)
    ticks = tick_values(low, high, is_whole=is_whole)
    assume(len(ticks) > 1)
    largest = max(map(abs, ticks))
    step = min(after / 2 - before / 2 for before, after in pairwise(ticks)) * 2
    assume(step > 1e-290)  # below, where floats end, no steps are round
    assume(step > largest * 1e-9)  # nearer ticks are ends of a range that no label can tell apart

    read = [read_label(tick_label(tick, tick_format(ticks))) for tick in ticks]

    assert all(abs(value / 2 - tick / 2) <= 0.025 * step for value, tick in zip(read, ticks, strict=True))


def read_label(label: str) -> float:
    """Read what stands beside an axis."""
    text = label.replace(",", "").replace("\N{MINUS SIGN}", "-")
    power = {"k": 3, "M": 6, "G": 9, "T": 12}.get(text[-1])
    return float(f"{text[:-1]}e{power}" if power else text)


def test_ticks_of_the_largest_floats_have_a_format() -> None:
    largest = 1.7976931348623157e308

    assert tick_format([-largest, largest]).endswith("e")
    assert tick_format(tick_values(-math.inf, math.inf)) == ".2~r"
