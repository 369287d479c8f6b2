"""What may be logged: checks, and the one form of each value that a store takes.

Numbers of any library become `float` or `int` exactly; what is no number, text, truth value or None becomes its `repr`, with a
warning, as in v1. Nothing is rounded: a number that neither form can hold (``numpy.longdouble``, a fraction) becomes text too.
"""

from __future__ import annotations

import numbers
import operator
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from aml_widgets.core.errors import InvalidMetric, InvalidName
from aml_widgets.core.records import MetricValue
from aml_widgets.core.showing import SHOWN_CHARACTERS
from aml_widgets.core.showing import show as show  # noqa: PLC0414 - a name of this module, too
from aml_widgets.core.showing import show_type as show_type  # noqa: PLC0414
from aml_widgets.tracking.warn import warn_user

MAX_STEP = 2**63 - 1

EXACT_NUMBERS = frozenset({float, int})
"""The types that go to the store as they are."""

_STORED_AS_THEY_ARE = frozenset({float, int, bool, type(None)})
_FLOATS = frozenset({float})
_INTS = frozenset({int})
_MAX_EXACT_INT = 2**53  # up to here every int is a float too


class _NotAValue:
    """Says that a value is none of those that are stored."""


_NOT_A_VALUE = _NotAValue()


def check_name(name: object, what: str = "Metric name") -> str:
    """Give back a name, which may be any Unicode text that is not empty.

    Raises
    ------
    InvalidName
        For anything else.
    """
    if not isinstance(name, str):
        raise InvalidName(f"{what} must be text, got {show(name)}, {show_type(name)}. Use str(...).", value=name)
    if not name:
        raise InvalidName(f"{what} must have at least one character, got ''.", value=name)
    return check_unicode(str.__str__(name), what, InvalidName)


def check_unicode(text: str, what: str, error_class: type[InvalidMetric | InvalidName] = InvalidName) -> str:
    """Give back text that UTF-8 can keep.

    Raises
    ------
    InvalidMetric or InvalidName
        As `error_class` says, for half of a surrogate pair.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise error_class(
            f"{what} {ascii(text)[:SHOWN_CHARACTERS]} holds half of a surrogate pair, which UTF-8 cannot keep. "
            "Use text.encode('utf-8', 'replace').decode() to replace it.",
            value=text,
        ) from error
    return text


def check_step(step: object, name: str) -> int | None:
    """Give back a step as an int, None as None.

    Raises
    ------
    InvalidMetric
        Unless it is an integer from 0 to 2**63 - 1.
    """
    if step is None:
        return None
    whole: int | None = None
    if not isinstance(step, bool):
        try:
            whole = operator.index(step)  # type: ignore[arg-type]  # that is what is being found out
        except TypeError:
            whole = None
    if whole is None:
        raise InvalidMetric(
            f"Step must be an integer, got {show(step)}, {show_type(step)}, for metric {name!r}. "
            "Use int(...), or leave it out to count by itself.",
            value=step,
        )
    if not 0 <= whole <= MAX_STEP:
        raise InvalidMetric(
            f"Step must be from 0 to 2**63 - 1, got {whole} for metric {name!r}. Leave it out to count by itself.",
            value=step,
        )
    return whole


def check_description(description: object, name: str, *, has_step: bool = False) -> str:
    """Give back a metric's description, which stands before `step` in v1's order of arguments; None is none.

    Raises
    ------
    InvalidMetric
        Unless it is text.
    """
    if description is None:
        return ""
    if isinstance(description, str):
        return check_unicode(str.__str__(description), f"The description of metric {name!r}", InvalidMetric)
    way_out = "Use str(...), or leave it out."
    is_number = isinstance(description, numbers.Integral) and not isinstance(description, bool)
    if has_step and is_number and description >= 0:  # type: ignore[operator]  # a number
        way_out = f"For a step write step={description}."
    raise InvalidMetric(
        f"The description of metric {name!r} must be text, got {show(description)}, {show_type(description)}. {way_out}",
        value=description,
    )


def to_value(value: object, name: str) -> MetricValue:
    """Give the stored form of what was passed to `Run.log`.

    Raises
    ------
    InvalidMetric
        For a list, a range, an iterator or an array of several elements, which belong into `Run.log_list`.
    """
    stored = _find_value(value)
    if not isinstance(stored, _NotAValue):
        return stored
    if isinstance(value, (list, range, array, Iterator)) or _is_array(value):
        raise InvalidMetric(
            f"Metric {name!r} got {show(value)}, {show_type(value)}, and log takes one value. "
            f"Use run.log_list({name!r}, ...) for many.",
            value=value,
        )
    return _to_text(value, f"Metric {name!r}")


def to_cell(value: object, name: str, column: str | None = None) -> MetricValue:
    """Give the stored form of one element of a list, or of one cell of a row or table.

    Raises
    ------
    InvalidMetric
        For anything with elements of its own.
    """
    stored = _find_value(value)
    if not isinstance(stored, _NotAValue):
        return stored
    _refuse_container(value, name, column)
    return _to_text(value, _where(name, column))


def _refuse_container(value: object, name: str, column: str | None) -> None:
    if isinstance(value, (list, tuple, range, set, frozenset, dict, array, Iterator, bytes, bytearray)) or _is_array(
        value
    ):
        way_out = (
            "Log each inner list under a name of its own, or use log_table with one column for each."
            if column is None
            else "Use log_table for several rows at once."
        )
        raise InvalidMetric(
            f"{_where(name, column)} got {show(value)}, {show_type(value)}, where one value belongs. {way_out}",
            value=value,
        )


def to_column(values: object, name: str, column: str | None = None) -> Sequence[MetricValue]:
    """Give the stored form of many values: an array of machine numbers where it can be one.

    Raises
    ------
    InvalidMetric
        For text, bytes, a mapping, a single value, and for elements that have elements of their own.
    """
    where = _where(name, column)
    if isinstance(values, (str, bytes, bytearray)):
        raise InvalidMetric(
            f"{where} got {show(values)}, {show_type(values)}, where a list of values belongs. "
            "Use log for one text, or put it into a list: [...].",
            value=values,
        )
    if isinstance(values, Mapping):
        raise InvalidMetric(
            f"{where} got {show(values)}, a mapping, where a list of values belongs. "
            "Use log_row for one row of columns, log_table for many.",
            value=values,
        )
    if isinstance(values, array):
        return _from_array_module(values)
    if _is_masked(values):
        if _dimensions(values) != 1:
            raise _wrong_shape(values, where)
        return _from_items(values.tolist(), name, column)
    if _is_array(values, or_scalar=True):
        packed = _from_ndarray(values, where)
        if packed is not None:
            return packed
    return _from_items(_to_list(values, where), name, column)


def _where(name: str, column: str | None) -> str:
    return f"Metric {name!r}" if column is None else f"Column {column!r} of metric {name!r}"


def _find_value(value: object) -> MetricValue | _NotAValue:
    if type(value) in _STORED_AS_THEY_ARE:
        return value  # type: ignore[return-value]  # its type was just compared
    if isinstance(value, str):
        text = str.__str__(value)  # an enum's own __str__ says its name, not what it is
        return check_unicode(text, "Text", InvalidMetric)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, numbers.Integral):
        return operator.index(value)
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        return _find_exact_float(value)
    return _find_element(value)


def _find_exact_float(value: numbers.Real) -> float | _NotAValue:
    number = float(value)
    is_nan = number != number  # noqa: PLR0124 - math.isnan would do; this also takes foreign floats below
    return number if is_nan or number == value else _NOT_A_VALUE


def _find_element(value: object) -> MetricValue | _NotAValue:
    """Give the number in an array or tensor that has exactly one element."""
    item = getattr(value, "item", None)
    shape = getattr(value, "shape", None)
    if shape is not None and not isinstance(shape, tuple) and callable(getattr(value, "numpy", None)):
        return _find_element(value.numpy())  # type: ignore[attr-defined]  # TensorFlow has a type for shapes
    if not callable(item) or not isinstance(shape, tuple) or any(length != 1 for length in shape):
        return _NOT_A_VALUE
    if getattr(getattr(value, "dtype", None), "kind", "f") not in "biufU":
        return _NOT_A_VALUE  # dates and their kin: NumPy gives them as a bare count
    if _is_masked(value):
        return None if bool(value.mask.all()) else _find_value(item())
    element = item()
    if type(element) is type(value):
        return _NOT_A_VALUE  # NumPy's longdouble gives itself
    return _find_value(element)


def _is_array(value: object, *, or_scalar: bool = False) -> bool:
    shape = getattr(value, "shape", None)
    return isinstance(shape, tuple) and (or_scalar or len(shape) > 0) and not isinstance(value, type)


def _is_masked(value: object) -> TypeGuard[Any]:
    """Whether it is a NumPy masked array: what is masked is None, not the number that happens to lie under the mask."""
    return hasattr(value, "filled") and hasattr(value, "mask") and hasattr(value, "tolist")


def _to_text(value: object, where: str) -> str:
    text = repr(value)
    warn_user(
        f"{where} got {show_type(value)}, which is no number, text, truth value or None: its repr is kept as text, "
        f"{show(value)}. Convert it before logging if that is not meant."
    )
    return text


def _to_list(values: object, where: str) -> list[object]:
    if type(values) is list:
        return values
    if not isinstance(values, Iterable):
        raise InvalidMetric(
            f"{where} got {show(values)}, {show_type(values)}, where a list of values belongs. "
            "Use log for one value, or put it into a list: [...].",
            value=values,
        )
    return list(values)


def _from_items(items: list[object], name: str, column: str | None) -> Sequence[MetricValue]:
    kinds = set(map(type, items))
    if kinds and not kinds <= EXACT_NUMBERS:
        checked = _to_cells(items, name, column)
        kinds = set(map(type, checked))
    else:
        checked = items  # type: ignore[assignment]  # nothing but floats and ints
    if kinds == _FLOATS:
        return array("d", checked)  # type: ignore[type-var]  # its elements were just looked at
    if kinds == _INTS:
        return _pack_ints(checked)
    if kinds == EXACT_NUMBERS:
        return _mix(checked)
    return checked if checked is not items else list(checked)


def _to_cells(items: list[object], name: str, column: str | None) -> list[MetricValue]:
    cells: list[MetricValue] = []
    is_told = False  # a million dates are worth one warning
    for item in items:
        stored = _find_value(item)
        if isinstance(stored, _NotAValue):
            if is_told:
                _refuse_container(item, name, column)
            stored = repr(item) if is_told else to_cell(item, name, column)
            is_told = True
        cells.append(stored)
    return cells


def _pack_ints(items: list[MetricValue]) -> Sequence[MetricValue]:
    try:
        return array("q", items)  # type: ignore[type-var]  # its elements were just looked at
    except OverflowError:  # beyond 64 bits, which a list keeps
        return list(items)


def _mix(items: list[MetricValue]) -> Sequence[MetricValue]:
    """Make a list of floats and ints all floats, as v1 did, unless that would round an int."""
    if all(-_MAX_EXACT_INT <= item <= _MAX_EXACT_INT for item in items if type(item) is int):
        return array("d", items)  # type: ignore[type-var]  # its elements were just looked at
    return list(items)


def _from_array_module(values: array[float] | array[int] | array[str]) -> Sequence[MetricValue]:
    if values.typecode == "u":
        return list(values)
    if values.typecode in "fd":
        return array("d", values)
    return _pack_ints(list(values))


def _from_ndarray(values: object, where: str) -> Sequence[MetricValue] | None:
    """Pack an array, series or tensor without a loop; None where it has to be iterated over."""
    try:
        import numpy as np

        elements = np.asarray(values)
    except (ImportError, TypeError, ValueError, RuntimeError):  # a tensor that needs a gradient, or is on a device
        return None
    if elements.ndim != 1:
        raise _wrong_shape(values, where)
    kind, width_bytes = elements.dtype.kind, elements.dtype.itemsize
    if kind == "f" and width_bytes <= 8:
        return _to_array("d", elements.astype(np.float64, copy=False).tobytes())
    if kind == "i" or (kind == "u" and (width_bytes < 8 or not (elements > MAX_STEP).any())):
        return _to_array("q", elements.astype(np.int64, copy=False).tobytes())
    return None


def _to_array(typecode: str, data: bytes) -> Sequence[MetricValue]:
    packed: array[float] = array(typecode)
    packed.frombytes(data)
    return packed


def _dimensions(values: object) -> int:
    return len(getattr(values, "shape", ()))


def _wrong_shape(values: object, where: str) -> InvalidMetric:
    shape = tuple(getattr(values, "shape", ()))
    if not shape:
        return InvalidMetric(f"{where} got the single value {show(values)}. Use log for one value.", value=values)
    return InvalidMetric(
        f"{where} got an array of shape {shape}, where one dimension belongs. "
        "Use values.ravel() for one list, or log_table with one column for each.",
        value=values,
    )
