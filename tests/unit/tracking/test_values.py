from __future__ import annotations

import enum
import math
from array import array
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np

from aml_widgets.core.errors import InvalidMetric, InvalidName
from aml_widgets.tracking.values import check_name, check_step, show_type, to_cell, to_column, to_value


class Colour(str, enum.Enum):
    RED = "red"

    def __str__(self) -> str:
        return "a colour"


class Level(enum.IntEnum):
    HIGH = 3


class Tensor:
    """What PyTorch's, and with `numpy` TensorFlow's, tensors look like."""

    def __init__(self, element: float, shape: tuple[int, ...] = ()) -> None:
        self.shape = shape
        self._element = element

    def item(self) -> float:
        return self._element


@pytest.mark.parametrize(
    ("given_value", "stored"),
    [
        (1, 1),
        (2.5, 2.5),
        ("text", "text"),
        (True, True),
        (None, None),
        (10**30, 10**30),
        (math.inf, math.inf),
        (np.int8(3), 3),
        (np.int64(3), 3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.float16(0.5), 0.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float64(0.1), 0.1),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("text"), "text"),
        (np.array(3), 3),
        (np.array(2.5), 2.5),
        (np.array([2.5]), 2.5),
        (np.array([[4]]), 4),
        (np.ma.masked, None),
        (Tensor(0.25), 0.25),
        (Tensor(0.25, (1,)), 0.25),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        ("Zürich 🚀", "Zürich 🚀"),
    ],
)
def test_a_value_is_stored_as_what_it_is(given_value: object, stored: object) -> None:
    result = to_value(given_value, "m")

    assert result == stored
    assert type(result) is type(stored)


def test_nan_stays_nan() -> None:
    assert math.isnan(to_value(np.float32("nan"), "m"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        {"a": 1},
        b"bytes",
        1 + 2j,
        Decimal("0.1"),
        Fraction(1, 3),
        np.longdouble("1") / 3,
        np.datetime64("2026-01-01"),
        pd.Timestamp("2026-01-01"),
        {1},
    ],
)
def test_what_is_no_number_is_kept_as_its_repr_with_a_warning(value: object) -> None:
    with pytest.warns(UserWarning, match="repr is kept as text") as warned:
        result = to_value(value, "m")

    assert result == repr(value)
    assert warned[0].filename == __file__


@pytest.mark.parametrize(
    "value",
    [[1, 2], [], range(3), (i for i in range(3)), np.zeros(3), np.zeros((2, 2)), pd.Series([1, 2]), array("d", [1])],
)
def test_many_values_in_log_are_sent_to_log_list(value: object) -> None:
    with pytest.raises(InvalidMetric, match=r"run\.log_list\('m', \.\.\.\)"):
        to_value(value, "m")


@pytest.mark.parametrize("step", [0, 7, 2**63 - 1, np.int64(7), np.array(7), None])
def test_steps_are_integers_of_any_library(step: object) -> None:
    assert check_step(step, "m") == step


@pytest.mark.parametrize("step", [-1, 2**63, 1.0, "1", True, np.float64(1), [1]])
def test_other_steps_are_refused(step: object) -> None:
    with pytest.raises(InvalidMetric, match="Leave it out to count by itself|leave it out") as refused:
        check_step(step, "m")

    assert refused.value.value is step


@pytest.mark.parametrize("name", [" trailing ", "a/b", "🚀" * 300, "\x00", "'; drop table"])
def test_any_unicode_text_is_a_name(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", None, 3, b"x", "\ud800"])
def test_what_is_no_text_is_no_name(name: object) -> None:
    with pytest.raises(InvalidName):
        check_name(name)


def test_text_with_half_a_surrogate_pair_is_refused_with_a_way_out() -> None:
    with pytest.raises(InvalidMetric, match="surrogate"):
        to_value("\ud83d", "m")


@pytest.mark.parametrize(
    "make",
    [list, tuple, iter, np.array, pd.Series, lambda values: array("d", values), lambda values: (v for v in values)],
)
def test_any_iterable_of_floats_becomes_an_array_of_floats(make: Callable[[list[float]], Iterable[float]]) -> None:
    assert to_column(make([0.5, 1.5, math.inf]), "m") == array("d", [0.5, 1.5, math.inf])


@pytest.mark.parametrize(
    ("given_values", "stored"),
    [
        ([], []),
        ([1, 2], array("q", [1, 2])),
        (range(3), array("q", [0, 1, 2])),
        ([1, 2.5], array("d", [1.0, 2.5])),
        ([2**53 + 1, 0.5], [2**53 + 1, 0.5]),
        ([2**64, 1], [2**64, 1]),
        ([True, None, 1], [True, None, 1]),
        (["a", 1.5], ["a", 1.5]),
        ([np.int64(1), np.float32(0.5)], array("d", [1.0, 0.5])),
        ([np.array(1), np.array([2])], array("q", [1, 2])),
        (np.array([1, 2], dtype=np.int16), array("q", [1, 2])),
        (np.array([1, 2**64 - 1], dtype=np.uint64), [1, 2**64 - 1]),
        (np.array([1, 2], dtype=np.uint64), array("q", [1, 2])),
        (np.array([True, False]), [True, False]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([1, "a", None], dtype=object), [1, "a", None]),
        (np.arange(6)[::2], array("q", [0, 2, 4])),
        (np.ma.array([1.0, 2.0], mask=[False, True]), [1.0, None]),
        (array("f", [0.5]), array("d", [0.5])),
        (array("Q", [2**64 - 1]), [2**64 - 1]),
        ({1: "a"}.keys(), array("q", [1])),
        (memoryview(b"ab"), array("q", [97, 98])),
    ],
)
def test_a_list_keeps_every_value(given_values: Any, stored: object) -> None:
    result = to_column(given_values, "m")

    assert list(result) == list(stored)  # type: ignore[call-overload]
    assert list(map(type, result)) == list(map(type, stored))  # type: ignore[call-overload]


def test_a_stored_list_is_not_the_callers() -> None:
    values: list[object] = [1, "a", None]

    result = to_column(values, "m")
    values.append(2)

    assert list(result) == [1, "a", None]


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": 1}, 3, 2.5, None, np.float64(1), np.array(1)])
def test_what_is_no_list_is_refused_with_a_way_out(value: object) -> None:
    with pytest.raises(InvalidMetric, match="Use log"):
        to_column(value, "m")


@pytest.mark.parametrize("value", [[[1, 2], [3]], [(1, 2)], [{"a": 1}], [np.zeros(2)], np.zeros((2, 2)), [b"x"]])
def test_nested_lists_are_refused(value: object) -> None:
    with pytest.raises(InvalidMetric):
        to_column(value, "m")


def test_a_list_of_foreign_values_warns_once() -> None:
    with pytest.warns(UserWarning, match="repr is kept") as warned:
        result = to_column([Decimal(1), Decimal(2)], "m")

    assert result == ["Decimal('1')", "Decimal('2')"]
    assert len(warned) == 1


@pytest.mark.parametrize("value", [[1], (1, 2), range(2), np.zeros(2), {}])
def test_a_cell_holds_one_value(value: object) -> None:
    with pytest.raises(InvalidMetric, match="Column 'x' of metric 'm'"):
        to_cell(value, "m", "x")


@given(st.lists(st.floats() | st.integers() | st.booleans() | st.none() | st.text()))
def test_no_value_of_a_list_is_changed_beyond_int_to_equal_float(values: list[Any]) -> None:
    result = list(to_column(values, "m"))

    assert len(result) == len(values)
    for before, after in zip(values, result, strict=True):
        assert before == after or (math.isnan(before) and math.isnan(after))  # type: ignore[arg-type]
        assert type(before) is type(after) or (type(before) is int and type(after) is float)


@given(
    st_np.arrays(
        dtype=st.sampled_from([np.float32, np.float64, np.int8, np.int64, np.uint64]), shape=st.integers(0, 20)
    )
)
def test_an_array_is_what_its_list_is(values: Any) -> None:
    assert [repr(value) for value in to_column(values, "m")] == [repr(value) for value in values.tolist()]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (5, "an int"),
        (0.5, "a float"),
        ("x", "a str"),
        (object(), "an object"),
        ([], "a list"),
        (np.zeros(2), "an ndarray"),
        (np.uint8(1), "a uint8"),
        (OSError(), "an OSError"),
    ],
)
def test_types_are_shown_with_their_article(value: object, shown: str) -> None:
    assert show_type(value) == shown
