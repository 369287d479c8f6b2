"""Rows of the tail: how a call's values are packed into one, and how rows become columns again."""

from __future__ import annotations

import sqlite3
import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import NamedTuple, Union

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.core.records import MetricValue
from aml_widgets.store.sqlite.blocks import Column, numbers_of

SEQ_BITS = 36
MAX_SEQ = (1 << SEQ_BITS) - 1

MAX_SHAPES = 4_096  # so many are kept in memory; a run that never logs the same names twice has one for each call

NO_NUMBER = b""  # the value of a row for a single point that is kept in `plain`

_INT64 = (-(2**63), 2**63 - 1)
_LONGEST_SHOWN_BITS = 256

_PACKED = {"d": "d", "q": "q", "p": "8x"}  # p: the point is in `plain`

TailRow = tuple[int, Union[int, None], float, int, Union[float, int, bytes, None]]


def type_of(value: MetricValue) -> str:
    """Say how a value is stored: ``d`` float, ``q`` 64-bit int, ``p`` in a plain row."""
    kind = type(value)
    if kind is float:
        return "d"
    if kind is int and _INT64[0] <= value <= _INT64[1]:  # type: ignore[operator]  # `kind` has just said that it is an int
        return "q"
    return "p"


def encode_plain(value: MetricValue) -> str | int | bytes | None:
    """Give a value that is no machine number a form that SQLite keeps exactly."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return b"i" + hex(value).encode()  # decimal digits are limited by the interpreter, hexadecimal ones are not
    text = str(value)
    if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return b"t" + text.encode("utf-8", "surrogatepass")


def decode_plain(stored: str | int | bytes | None) -> MetricValue:
    """Undo `encode_plain`."""
    if isinstance(stored, int):
        return bool(stored)
    if isinstance(stored, bytes):
        if stored[:1] == b"i":
            return int(stored[1:], 16)
        return stored[1:].decode("utf-8", "surrogatepass")
    return stored


def check_step(step: int) -> None:
    """Raise InvalidMetric for a step that no 64-bit column holds."""
    if not _INT64[0] <= step <= _INT64[1]:
        given = hex(step) if step.bit_length() < _LONGEST_SHOWN_BITS else f"a number of {step.bit_length()} bits"
        raise InvalidMetric(f"A step has to fit into 64 bits, got {given}. Give a smaller one.", value=step)


class Shape(NamedTuple):
    """Which series a packed tail row holds, in order, with their types; `common` packs the values alone, `own` with a step for each."""

    series: tuple[int, ...]
    types: str
    common: struct.Struct
    own: struct.Struct


def make_shape(series: Sequence[int], types: str) -> Shape:
    """Describe rows that hold these series."""
    values = "<" + "".join(_PACKED[kind] for kind in types)
    return Shape(tuple(series), types, struct.Struct(values), struct.Struct(f"{values}{len(types)}q"))


class ShapeReader:
    """The shapes of one file, read once each: they never change."""

    def __init__(self) -> None:
        self._shapes: dict[int, Shape] = {}

    def get(self, connection: sqlite3.Connection, shape_id: int) -> Shape:
        """Give the shape of that id."""
        shape = self._shapes.get(shape_id)
        if shape is None:
            if len(self._shapes) >= MAX_SHAPES:
                self._shapes.clear()
            series, types = connection.execute("select series, types from shape where id = ?", (shape_id,)).fetchone()
            shape = self._shapes[shape_id] = make_shape(array("q", series).tolist(), types)
        return shape

    def forget(self) -> None:
        """Let go of all of them, because another file may take this one's place."""
        self._shapes.clear()


def read_rows(connection: sqlite3.Connection, run: int, after_seq: int = 0) -> list[TailRow]:
    """Read the rows of a run's tail behind a seq."""
    return connection.execute(
        "select key, step, logged_at, what, value from tail where key > ? and key <= ? order by key",
        ((run << SEQ_BITS) | after_seq, (run << SEQ_BITS) | MAX_SEQ),
    ).fetchall()


def columns_of(
    connection: sqlite3.Connection, rows: Sequence[TailRow], shapes: ShapeReader, only: int | None = None
) -> dict[int, Column]:
    """Turn rows of the tail into a column of numbers for each series, or for one alone."""
    groups: dict[int, list[TailRow]] = {}
    for row in rows:
        groups.setdefault(row[3], []).append(row)
    parts: dict[int, list[Column]] = {}
    for what, group in groups.items():
        if what > 0:
            if only in (None, what):
                column = _single_column(group)
                if len(column.seqs):
                    parts.setdefault(what, []).append(column)
            continue
        shape = shapes.get(connection, -what)
        if only is None or only in shape.series:
            for series, column in _packed_columns(group, shape, only):
                parts.setdefault(series, []).append(column)
    return {series: _in_order(columns) for series, columns in parts.items()}


def _single_column(rows: Sequence[TailRow]) -> Column:
    keys, steps, times, _, values = zip(*rows, strict=True)
    if NO_NUMBER in values:
        rows = [row for row in rows if row[4] != NO_NUMBER]
        if not rows:
            return Column(range(0), range(0), array("d"), array("d"))
        keys, steps, times, _, values = zip(*rows, strict=True)
    if None in values:  # what SQLite makes of NaN
        values = tuple(float("nan") if value is None else value for value in values)
    return Column(_seqs(keys), array("q", steps), array("d", times), numbers_of(values))


def _packed_columns(rows: Sequence[TailRow], shape: Shape, only: int | None) -> Iterable[tuple[int, Column]]:
    keys, steps, times, _, values = zip(*rows, strict=True)
    seqs, stamps = _seqs(keys), array("d", times)
    width = len(shape.types)
    if None in steps:
        table = [
            shape.own.unpack(value) if step is None else (*shape.common.unpack(value), *repeat(step, width))
            for step, value in zip(steps, values, strict=True)
        ]
    elif set(shape.types) == {"d"}:
        flat: array[float] = array("d")
        flat.frombytes(b"".join(values))
        common = array("q", steps)
        for i, series in enumerate(shape.series):
            if only in (None, series):
                yield series, Column(seqs, common, stamps, flat[i::width])
        return
    else:
        table = [
            (*value, *repeat(step, width))
            for step, value in zip(steps, shape.common.iter_unpack(b"".join(values)), strict=True)
        ]
    columns = list(zip(*table, strict=True))
    machine = [i for i, kind in enumerate(shape.types) if kind != "p"]
    first_step_column = len(machine)
    for place, i in enumerate(machine):
        if only in (None, shape.series[i]):
            yield (
                shape.series[i],
                Column(seqs, array("q", columns[first_step_column + i]), stamps, numbers_of(columns[place])),
            )


def _seqs(keys: Sequence[int]) -> array[int]:
    return array("q", [key & MAX_SEQ for key in keys])


def _in_order(columns: Sequence[Column]) -> Column:
    if len(columns) == 1:
        return columns[0]
    points = sorted(chain.from_iterable(zip(*column, strict=True) for column in columns), key=lambda point: point[0])
    seqs, steps, times, values = zip(*points, strict=True)
    return Column(array("q", seqs), array("q", steps), array("d", times), numbers_of(values))
