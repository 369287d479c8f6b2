"""What was logged, in JSON and back, exactly: also what JSON or the browser's numbers have no word for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Union

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import MetricValue

Json = Union[float, int, bool, str, None, Mapping[str, object]]

_MAX_EXACT = 2**53  # beyond it the browser's numbers skip integers
_MAX_STORED = 2**63 - 1
_MAX_DIGITS = 1_000


def to_json(document: object) -> bytes:
    """Write a reply. Text is written in ASCII, so that whatever text was logged can be sent."""
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")


def to_value(value: MetricValue) -> Json:
    """Write one value."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return to_number(value)


def to_number(number: float | int) -> Json:  # noqa: PYI041 - mypy would call the integers unreachable
    """Write one number."""
    if isinstance(number, float):
        if math.isfinite(number):
            return number
        return {"float": "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"}
    return number if -_MAX_EXACT <= number <= _MAX_EXACT else {"integer": _digits(number)}


def to_number_or_none(number: float | None) -> Json:
    """Write one number, or that there is none."""
    return None if number is None else to_number(number)


def to_values(values: Iterable[MetricValue]) -> list[Json]:
    """Write values."""
    return [to_value(value) for value in values]


def to_numbers(numbers: Iterable[float]) -> list[Json]:
    """Write numbers."""
    return [to_number(number) for number in numbers]


def to_time(moment: float) -> float:
    """Write a time; one that no clock shows is the epoch, because a time is a plain number in every reply."""
    return moment if math.isfinite(moment) else 0.0


def to_time_or_none(moment: float | None) -> float | None:
    """Write a time, or that there is none."""
    return None if moment is None else to_time(moment)


def read_step(given: object, *, rounds_up: bool) -> int | None:
    """Read the end of a range of steps; None for no end there.

    Raises
    ------
    UserError
        For NaN.
    """
    if given is None:
        return None
    number: float
    if isinstance(given, Mapping):
        number = _read_integer(given["integer"]) if "integer" in given else float(given["float"])
    else:
        assert isinstance(given, (int, float)), "the schema has let it through"
        number = given
    if isinstance(number, float):
        if math.isnan(number):
            raise UserError("A range of steps cannot begin or end with NaN. Leave that end out.", value=given)
        if math.isinf(number):
            if (number > 0) != rounds_up:
                return None
            return _MAX_STORED if number > 0 else -_MAX_STORED
        number = math.ceil(number) if rounds_up else math.floor(number)
    return max(-_MAX_STORED, min(int(number), _MAX_STORED))


def _read_integer(digits: str) -> int:
    if len(digits) <= _MAX_DIGITS:
        return int(digits)
    return -_MAX_STORED if digits.startswith("-") else _MAX_STORED  # beyond every step, and longer than Python reads


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # longer than Python turns into decimal digits by default
        return _long_digits(number)


def _long_digits(number: int) -> str:
    if number < 0:
        return f"-{_long_digits(-number)}"
    width = 4_000
    base = 10**width
    parts = []
    while number:
        number, part = divmod(number, base)
        parts.append(f"{part:0{width}d}")
    return "".join(reversed(parts)).lstrip("0") or "0"
