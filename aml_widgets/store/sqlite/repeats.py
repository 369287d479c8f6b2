"""Which points of a run are in the file already, among the newest ones: looked for in the tail, in the last blocks, in plain rows."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Collection, Mapping

from aml_widgets.store.repeats import NAN, NEWEST_COMPARED, Identity, identity_of
from aml_widgets.store.sqlite.blocks import BLOCK_POINTS, Column, read_newest_blocks
from aml_widgets.store.sqlite.tail_rows import MAX_SEQ, SEQ_BITS, ShapeReader, columns_of, decode_plain, type_of

NEWEST_BLOCKS = -(-NEWEST_COMPARED // BLOCK_POINTS) + 1  # the last one may hold a single point

_NEWEST = "select {} from block {} where series = ? order by first_seq desc limit ?"
_TOP_STEP = f"select max(high_step) from ({_NEWEST.format('high_step', '')})"  # noqa: S608 - constants
_TIMES = _NEWEST.format("times", "join data on id = data")
_TAIL_END = "select max(key), max(logged_at) from tail where key > ? and key <= ?"
_TAIL_ROWS = (
    "select key, step, logged_at, what, value from tail where key > ? and key <= ? and logged_at between ? and ? "
    "and (step is null or step between ? and ?) order by key"
)
_PLAIN_ROWS = (
    "select step, logged_at, value from (select step, logged_at, value from plain where series = ? order by seq desc limit ?) "
    "where logged_at between ? and ? and step between ? and ?"
)


class Repeats:
    """Finds points of one run that are there already.

    As a rule a point is new because its time is later than any in the tail, and its step larger than any in the last blocks. How far these
    reach is remembered until more is sealed, so that nothing is read then.
    """

    __slots__ = ("_end", "_key", "_sealed_key", "_times", "_top_steps")

    def __init__(self) -> None:
        self._sealed_key = -1  # behind which the tail began when all below was found out
        self._key = -1  # of the last row of the tail that was looked at
        self._end = -math.inf  # the latest time in these rows
        self._top_steps: dict[int, int | None] = {}  # by series, in its newest blocks; None: there are none
        self._times: dict[int, float] = {}  # the latest time in them, by series

    def find(
        self,
        connection: sqlite3.Connection,
        run: int,
        sealed_seq: int,
        wanted: Mapping[int, Collection[Identity]],
        shapes: ShapeReader,
    ) -> dict[int, set[Identity]]:
        """Give those of some points, by series, that are there. Call it inside the transaction that writes the others."""
        sealed_key = (run << SEQ_BITS) | sealed_seq
        if sealed_key != self._sealed_key:
            self._sealed_key = self._key = sealed_key
            self._end = -math.inf
            self._top_steps.clear()
            self._times.clear()
        found = self._find_in_tail(connection, run, wanted, shapes)
        for series, identities in wanted.items():
            more = self._find_in_blocks(connection, series, identities) | _find_in_plain(connection, series, identities)
            if more:
                found[series] = found.get(series, set()) | more
        return found

    def _find_in_tail(
        self,
        connection: sqlite3.Connection,
        run: int,
        wanted: Mapping[int, Collection[Identity]],
        shapes: ShapeReader,
    ) -> dict[int, set[Identity]]:
        last = (run << SEQ_BITS) | MAX_SEQ
        key, end = connection.execute(_TAIL_END, (self._key, last)).fetchone()
        if key is not None:
            self._key, self._end = key, max(self._end, end)
        some = [one for identities in wanted.values() for one in identities if one[1] <= self._end]
        if not some:
            return {}
        rows = connection.execute(_TAIL_ROWS, (self._sealed_key, last, *_times_of(some), *_steps_of(some))).fetchall()
        columns = columns_of(connection, rows, shapes)
        return {
            series: _find(columns[series], identities) for series, identities in wanted.items() if series in columns
        }

    def _find_in_blocks(
        self, connection: sqlite3.Connection, series: int, identities: Collection[Identity]
    ) -> set[Identity]:
        if series not in self._top_steps:
            (self._top_steps[series],) = connection.execute(_TOP_STEP, (series, NEWEST_BLOCKS)).fetchone()
        top_step = self._top_steps[series]
        if top_step is None:
            return set()
        some = [one for one in identities if one[0] <= top_step]
        if not some:
            return set()
        if series not in self._times:
            self._times[series] = max(
                max(array("d", times)) for (times,) in connection.execute(_TIMES, (series, NEWEST_BLOCKS))
            )
        some = [one for one in some if one[1] <= self._times[series]]
        if not some:
            return set()
        return _find(read_newest_blocks(connection, series, NEWEST_BLOCKS, *_steps_of(some)), some)


def _find_in_plain(connection: sqlite3.Connection, series: int, identities: Collection[Identity]) -> set[Identity]:
    some = {one for one in identities if type(one[2]) is not float and not _is_machine_number(one)}
    if not some:
        return set()
    rows = connection.execute(_PLAIN_ROWS, (series, NEWEST_COMPARED, *_times_of(some), *_steps_of(some)))
    return some.intersection(identity_of(step, at, decode_plain(value)) for step, at, value in rows)


def _is_machine_number(identity: Identity) -> bool:
    value = identity[2]
    return value == NAN if isinstance(value, bytes) else type_of(value) != "p"


def _find(column: Column, identities: Collection[Identity]) -> set[Identity]:
    wanted = set(identities)
    found: set[Identity] = wanted.intersection(zip(column.steps, column.times, column.values, strict=True))
    if len(found) < len(wanted) and any(one[2] == NAN for one in wanted):
        points = zip(column.steps, column.times, column.values, strict=True)
        found |= wanted.intersection((step, at, NAN) for step, at, value in points if value != value)  # noqa: PLR0124 - NaN alone
    return found


def _times_of(identities: Collection[Identity]) -> tuple[float, float]:
    times = [one[1] for one in identities]
    return min(times), max(times)


def _steps_of(identities: Collection[Identity]) -> tuple[int, int]:
    steps = [one[0] for one in identities]
    return min(steps), max(steps)
