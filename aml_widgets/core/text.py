"""How numbers, times and sizes read on a screen. Plain text: each face escapes what comes from a run in its own way."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal

from aml_widgets.core.records import MetricValue

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
_LARGE = 10**15
_DIGITS = re.compile(r"([0-9]{1,18})")


def shorten(text: str, max_length: int) -> str:
    """Cut a text that is too long for its place, and show that it was cut."""
    return text if len(text) <= max_length else text[: max_length - 1] + ELLIPSIS


def shorten_middle(text: str, max_length: int) -> str:
    """Cut a text that is too long in its middle: names that begin alike are told apart by their ends."""
    if len(text) <= max_length:
        return text
    n_last = max_length // 2
    return text[: max_length - 1 - n_last] + ELLIPSIS + text[len(text) - n_last :]


def name_text(name: str, max_length: int = 200) -> str:
    """Write a name for reading; one that would be invisible is quoted."""
    return shorten(name if name.strip() else repr(name), max_length)


def number_text(value: float) -> str:
    """Write a number for reading: integers whole up to 15 digits, floats with six significant digits."""
    if isinstance(value, int):
        if abs(value) < _LARGE:
            return str(value)
        if abs(value) >= 10**1000:
            return f"an integer of {value.bit_length():,} bits"
        head, _, exponent = f"{Decimal(value):.2e}".partition("e")  # a float ends at 1.8e308
        return f"{head.rstrip('0').rstrip('.')}e{int(exponent)}"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    return f"{value:.6g}"


def value_text(value: MetricValue) -> str:
    """Write any logged value for reading."""
    if isinstance(value, (bool, type(None), str)):
        return str(value)
    return number_text(value)


def exact_text(value: MetricValue) -> str:
    """Write a logged value in full, as Python would."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) >= 10**1000:  # Python refuses to write out very large integers
        return number_text(value)
    return repr(value)


def count_text(count: int, one: str, many: str) -> str:
    """Write how many there are of something: ``1 row``, ``1,200 rows``."""
    return f"{count:,} {one if count == 1 else many}"


def time_text(seconds: float) -> str:
    """Write a moment in local time, with its zone."""
    moment = local_moment(seconds)
    return repr(seconds) if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} {_zone(moment)}"


def clock_text(seconds: float) -> str:
    """Write the time of day of a recent moment, in local time with its zone."""
    moment = local_moment(seconds)
    return repr(seconds) if moment is None else f"{moment:%H:%M:%S} {_zone(moment)}"


def duration_text(seconds: float) -> str:
    """Write a span of time as ``H:MM:SS``; below ten seconds with a tenth."""
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def size_text(size_bytes: int) -> str:
    """Write a size for reading: ``312 B``, ``1.4 kB``, ``20 MB``."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def local_moment(seconds: float) -> datetime | None:
    """Give a moment in local time, None for one that no calendar has; such are written as the seconds that they are."""
    try:
        return datetime.fromtimestamp(seconds).astimezone()
    except (ValueError, OverflowError, OSError):  # which of them depends on the platform
        return None


def _zone(moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta()
    if not offset:
        return "UTC"
    minutes = round(offset.total_seconds() / 60)
    return f"UTC{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort names as people do: ``epoch 9`` before ``epoch 10``."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in _DIGITS.split(name) if part
    )
