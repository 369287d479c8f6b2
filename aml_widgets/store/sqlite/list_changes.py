"""What changed among all runs since a cursor, at the cost of what changed and of the few runs that go on."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import RunListChanges, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import Judgement
from aml_widgets.store.sqlite import runs
from aml_widgets.store.sqlite.tail_rows import MAX_SEQ, SEQ_BITS

MAX_TOLD = 1_000

MAX_MARKED = 300
"""How many of the runs that go on a cursor remembers, the newest: it stays below 4,000 characters. Others are told each time."""


class _Mark(NamedTuple):
    """What a reader was told last of a run that goes on."""

    seq: int
    is_silent: bool  # it was shown as not responding, though stored otherwise


def read_changes(connection: sqlite3.Connection, cursor: str | None) -> tuple[RunListChanges, dict[str, Judgement]]:
    """Give what changed among the runs, and what is found out about lost ones."""
    (now_revision,) = connection.execute("select value from revision").fetchone()
    known = None if cursor is None else _decode(cursor)
    live, marks, lost = _read_live(connection)
    now = _encode(now_revision, marks)
    if known is None:
        return RunListChanges(cursor=now), lost
    revision, told = known
    if revision > now_revision:  # the database is another one, or was brought back from a copy
        return RunListChanges(cursor=now, is_stale=True), lost
    changed: dict[int, RunRecord] = {
        row[0]: runs.to_record(row)
        for row in connection.execute(
            runs.RUN_COLUMNS + "where r.id in (select id from run where revision > ? limit ?)",  # noqa: S608 - constants
            (revision, MAX_TOLD + 1),
        )
    }
    for run, record in live.items():
        if run in changed or told.get(run) != marks[run]:
            changed[run] = record
    removed = [
        run_id
        for (run_id,) in connection.execute(
            "select run_id from purged where revision > ? order by revision limit ?", (revision, MAX_TOLD + 1)
        )
    ]
    if len(changed) > MAX_TOLD or len(removed) > MAX_TOLD:
        return RunListChanges(cursor=now, is_stale=True), lost
    told_now = tuple(changed[run] for run in sorted(changed))
    return RunListChanges(cursor=now, runs=told_now, removed=tuple(removed)), lost


def _read_live(
    connection: sqlite3.Connection,
) -> tuple[dict[int, RunRecord], dict[int, _Mark], dict[str, Judgement]]:
    records: dict[int, RunRecord] = {}
    marks: dict[int, _Mark] = {}
    lost: dict[str, Judgement] = {}
    rows = connection.execute(
        runs.RUN_COLUMNS + "where r.id in (select id from run indexed by run_live where is_terminal = 0)"  # noqa: S608 - constants
    ).fetchall()
    for row in rows:
        run, sealed_seq = row[0], row[21]
        record, judgement = runs.judged(connection, row)
        if judgement is not None:
            lost[record.run_id] = judgement
        (last_key,) = connection.execute(
            "select max(key) from tail where key > ? and key <= ?", (run << SEQ_BITS, (run << SEQ_BITS) | MAX_SEQ)
        ).fetchone()
        seq = max(sealed_seq, (last_key or 0) & MAX_SEQ)
        records[run] = record
        marks[run] = _Mark(seq, record.status is RunStatus.NOT_RESPONDING and row[5] != record.status.value)
    return records, marks, lost


# -- cursors


def _encode(revision: int, marks: Mapping[int, _Mark]) -> str:
    """Pack a revision and, for the newest runs that go on, the distance to the one before, and the mark."""
    numbers = []
    before = 0
    for run in sorted(marks)[-MAX_MARKED:]:
        numbers += [run - before, marks[run].seq << 1 | marks[run].is_silent]
        before = run
    return json.dumps([revision, base64.b64encode(_pack(numbers)).decode()], separators=(",", ":"))


def _decode(cursor: str) -> tuple[int, dict[int, _Mark]]:
    try:
        revision, packed = json.loads(cursor)
        numbers = _unpack(base64.b64decode(packed, validate=True))
        if type(revision) is int and 0 <= revision < 2**62 and len(numbers) % 2 == 0:
            marks = {}
            run = 0
            for distance, mark in zip(numbers[::2], numbers[1::2], strict=True):
                run += distance
                marks[run] = _Mark(mark >> 1, bool(mark & 1))
            return revision, marks
    except (ValueError, TypeError, RecursionError, binascii.Error):
        pass  # said below, as for any other text that is no cursor
    raise UserError(
        f"{str(cursor)[:80]!r} is not a cursor that run_list_changes gave. Use the one it gave last, or none.",
        value=cursor,
    )


def _pack(numbers: Iterable[int]) -> bytes:
    """Write numbers with seven bits a byte, the lowest first; the eighth says that there are more."""
    packed = bytearray()
    for number in numbers:
        rest = number
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        packed.append(rest)
    return bytes(packed)


def _unpack(packed: bytes) -> list[int]:
    numbers = []
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if shift:
        raise ValueError("a number is cut off")
    return numbers
