"""What was logged, exactly, as lines of text: one JSON line for each call.

An MLflow server keeps floats under names of its own alphabet, drops what was logged twice in a millisecond, and gives no order. So
what this package logs to a server is also kept as lines, in pieces among the run's artifacts that are written once, with the newest
few in a tag (`sending`). Reading the lines gives back every value, name, step and time, in the order of the calls.

::

    ["r", logged_at, {name: value, …}, step or [step, …]]                         one point to each of some metrics
    ["c", logged_at, name, kind, description, [[column, first step, [value, …]], …]]    many points of one metric
    ["a", path, size_bytes, written_at, is_log]                                    a file of the run

A value is its JSON form. What JSON has no form for is an object of one key: ``{"f": "nan"}``, ``{"f": "-inf"}``, and ``{"i": "0x…"}``
for an integer of more than 64 bits.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.core.records import ArtifactRecord, MetricKind, MetricValue
from aml_widgets.store.memory.series import INT64_MAX, INT64_MIN


@dataclass(frozen=True, slots=True)
class Row:
    """One point to each of some scalar metrics; `steps` are in the order of `values`."""

    logged_at: float
    values: Mapping[str, MetricValue]
    steps: Sequence[int]


@dataclass(frozen=True, slots=True)
class Column:
    """Points of one series, whose steps count up from `first_step`."""

    name: str | None
    first_step: int
    values: Sequence[MetricValue]


@dataclass(frozen=True, slots=True)
class Columns:
    """Many points under one name; the columns are equally long."""

    logged_at: float
    name: str
    kind: MetricKind
    description: str
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class File:
    """A file of the run that was made known."""

    artifact: ArtifactRecord


Record = Union[Row, Columns, File]


def encode_line(record: Record) -> str:
    """Give a record as one line of ASCII, without its end."""
    if isinstance(record, Row):
        steps = list(record.steps)
        step = steps[0] if len(set(steps)) == 1 else steps
        values = {name: _encode(value) for name, value in record.values.items()}
        return _dump(["r", record.logged_at, values, step])
    if isinstance(record, Columns):
        columns = [[one.name, one.first_step, _encode_all(one.values)] for one in record.columns]
        return _dump(["c", record.logged_at, record.name, record.kind.value, record.description, columns])
    file = record.artifact
    return _dump(["a", file.path, file.size_bytes, file.written_at, file.is_log])


def decode_line(line: str) -> Record:
    """Read a line back. Raises StoreCorrupt for what is no such line."""
    try:
        what, *facts = json.loads(line)
        if what == "r":
            logged_at, given, step = facts
            values = {name: _decode(value) for name, value in given.items()}
            steps = step if isinstance(step, list) else [step] * len(values)
            return Row(float(logged_at), values, steps)
        if what == "c":
            logged_at, name, kind, description, columns = facts
            read = [Column(column, first, [_decode(value) for value in values]) for column, first, values in columns]
            return Columns(float(logged_at), name, MetricKind(kind), description, read)
        if what == "a":
            path, size_bytes, written_at, is_log = facts
            return File(ArtifactRecord(path=path, size_bytes=size_bytes, written_at=written_at, is_log=is_log))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise _corrupt(line) from error
    raise _corrupt(line)


def is_file_line(line: str) -> bool:
    """Say whether a line makes a file known."""
    return line.startswith('["a",')


def encode_piece(lines: Iterable[str]) -> bytes:
    """Give lines as the bytes of a piece."""
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def decode_piece(content: bytes) -> list[str]:
    """Read the lines of a piece. Raises StoreCorrupt where it ends within a line."""
    text = content.decode("ascii", "replace")
    if text and not text.endswith("\n"):
        raise _corrupt(text[-80:])
    return text.split("\n")[:-1]


def _encode(value: MetricValue) -> object:
    if type(value) is float and not math.isfinite(value):
        return {"f": str(value)}
    if type(value) is int and not INT64_MIN <= value <= INT64_MAX:
        return {"i": hex(value)}  # Python refuses to write out an int of thousands of decimal digits
    return value


def _encode_all(values: Sequence[MetricValue]) -> list[object]:
    if isinstance(values, array) and (values.typecode == "q" or all(map(math.isfinite, values))):
        return list(values)
    return [_encode(value) for value in values]


def _decode(value: object) -> MetricValue:
    if not isinstance(value, dict):
        return value  # type: ignore[return-value]  # JSON has no other scalars than those that can be logged
    if "f" in value:
        return float(value["f"])
    return int(value["i"], 16)


def _dump(facts: list[object]) -> str:
    return json.dumps(facts, separators=(",", ":"), allow_nan=False)


def _corrupt(line: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"{line[:80]!r} is no line of exact values, as aml_widgets writes them beside the metrics of an MLflow run. "
        "Was the file below aml_widgets/values of the run's artifacts changed? Bring it back, or delete it.",
        value=line[:80],
    )
