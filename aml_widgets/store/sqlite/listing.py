"""Lists of runs: which ones, in which order, how many.

What a run that has ended is, its row says for ever: conditions and orders are SQL, over an index where it matters. A run that goes on may
look other than its row, and its numbers are not summed up: such runs are few, all of them are looked at, and merged in.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import NamedTuple, Union

from aml_widgets.core import clock
from aml_widgets.core.records import (
    MetricCondition,
    MetricKey,
    MetricOrder,
    RunOrder,
    RunOrderKey,
    RunPage,
    RunQuery,
    RunRecord,
    RunView,
)
from aml_widgets.core.status import TERMINAL_STATUSES, RunStatus
from aml_widgets.store.liveness import Judgement
from aml_widgets.store.run_fitting import STATUS_RANKS, RunFilter, holds, name_key, order_key
from aml_widgets.store.sqlite import experiments, latest, runs
from aml_widgets.store.sqlite.tail_rows import ShapeReader

_CHUNK = 500  # runs asked for in one statement
_FEW_VALUES = 20
_KNOWN_COUNTS = 15

_NEWEST_FIRST = RunOrder(by=RunOrderKey.CREATED, is_descending=True)

_ENDED = tuple(sorted(status.value for status in TERMINAL_STATUSES))
_ENDED_BY_RANK = sorted(TERMINAL_STATUSES, key=STATUS_RANKS.__getitem__)

_VIEWS = {
    RunView.ACTIVE: "r.trashed_at is null and r.archived_at is null",
    RunView.ARCHIVED: "r.trashed_at is null and r.archived_at is not null",
    RunView.TRASH: "r.trashed_at is not null",
    RunView.ALL: "r.trashed_at is null",
}
_IS_TOP_IN_TRASH = "(r.parent is null or (select up.trashed_at from run up where up.id = r.parent) is null)"

_BELOW = (
    "with recursive below (id) as (select id from run where parent = ? "
    "union all select run.id from run join below on run.parent = below.id) "
)
_TEXTS = "r.id, r.run_id, r.display_name, e.name, r.description, r.tags, r.properties"

_DURATION = "r.ended_at - ifnull(r.started_at, r.created_at)"
_NAME = "ifnull(r.display_name, r.run_id) collate nocase"

_Key = Union[bytes, int, float]


class _Entry(NamedTuple):
    """A run in a list: its row id, its place in the order, and its record where that was read already."""

    key: _Key
    run: int
    record: RunRecord | None


class Listing:
    """What a query asks for, at one moment of the database."""

    def __init__(self, connection: sqlite3.Connection, query: RunQuery, shapes: ShapeReader) -> None:
        self._connection = connection
        self._query = query
        self._shapes = shapes
        self._filter = RunFilter(query)
        self.lost: dict[str, Judgement] = {}
        self._with = ""
        self._with_values: list[object] = []
        self._where: list[str] = [_VIEWS[query.view]]
        self._values: list[object] = []
        self._index = ""  # for lists that are in no other run and not in the trash
        self._add_scope()

    def _add_scope(self) -> None:
        query = self._query
        if query.experiment_id is not None:
            self._add("r.experiment = ?", experiments.read_row(self._connection, query.experiment_id)[0])
        if query.parent_run_id is not None:
            parent = runs.row_id(self._connection, query.parent_run_id)
            if query.include_children:
                self._with = _BELOW
                self._with_values = [parent]
                self._add("r.id in below")
            else:
                self._add("r.parent = ?", parent)
        elif not query.include_children:
            if query.view is RunView.TRASH:
                self._add(_IS_TOP_IN_TRASH)
            else:
                self._add("r.parent is null")
                kind = "active" if query.view is RunView.ACTIVE else "kept"
                of_what = "" if query.experiment_id is None else "_of_experiment"
                self._index = f"run_{kind}{of_what}"
        if query.run_type is not None:
            self._add("r.run_type = ?", query.run_type)

    def _add(self, condition: str, *values: object) -> None:
        self._where.append(condition)
        self._values.extend(values)

    # -- runs that go on

    def live(self, among: Sequence[str] | None = None) -> list[tuple[int, RunRecord]]:
        """Read those that go on and are asked for, oldest first; what is found out about lost ones is in `lost`."""
        query = self._query
        where = ["r.is_terminal = 0", *self._where]
        values = [*self._with_values, *self._values]
        if among is not None:
            where.append(f"r.run_id in ({_marks(among)})")
            values.extend(among)
        rows = self._connection.execute(
            f"{self._with}{runs.RUN_COLUMNS}where r.id in (select r.id from run r indexed by run_live "  # noqa: S608 - own words
            f"where {' and '.join(where)}) order by r.id",
            values,
        ).fetchall()
        found = []
        for row in rows:
            record, judgement = runs.judged(self._connection, row)
            if judgement is not None:
                self.lost[record.run_id] = judgement
            if query.statuses is not None and record.status not in query.statuses:
                continue
            if self._filter.fits_record(record) and self._has_numbers(row[0]):
                found.append((row[0], record))
        return found

    def _has_numbers(self, run: int) -> bool:
        order = self._query.order_by
        if isinstance(order, MetricOrder) and self._find_number(run, order) is None:
            return False
        return all(holds(one, self._find_number(run, one)) for one in self._query.conditions)

    def _find_number(self, run: int, what: MetricOrder | MetricCondition) -> float | int | None:
        key = MetricKey(what.name, what.column)
        return latest.find_number(self._connection, run, key, what.of, self._shapes)

    # -- runs that have ended

    def ended(
        self,
        key: str = "0",
        order: str = "",
        index: str = "",
        *,
        among: tuple[str, Sequence[object]] | None = None,
        status: RunStatus | None = None,
        has_metric: bool = False,
    ) -> Iterator[tuple[_Key, int]]:
        """Find those that have ended and are asked for: what they are ordered by, and their row ids.

        `index` is the one to use for lists that have one; `among` says of which column only some values count; `has_metric`, that
        they have the metric that the query orders by.
        """
        wanted = self._ended_statuses(status)
        if not wanted:
            return
        where = [*self._where, f"r.status in ({_marks(wanted)})"]
        values = [*self._with_values, *self._values, *wanted]
        if index == "run_duration":
            where.append("r.is_terminal = 1")  # the index is made for these words
        if among is not None:
            where.append(f"r.{among[0]} in ({_marks(among[1])})")
            values.extend(among[1])
        for condition, its_values in (*self._metric_conditions(has_metric=has_metric), *self._quick_conditions()):
            where.append(condition)
            values.extend(its_values)
        filters = self._filter
        table = f"run r indexed by {index}" if index and self._index and among is None else "run r"
        if filters.needs_any:
            table += " cross join experiment e on e.id = r.experiment"
        columns = f"{key}, {_TEXTS}" if filters.needs_any else f"{key}, r.id"
        rows = self._connection.execute(
            f"{self._with}select {columns} from {table} where {' and '.join(where)} {order}",  # noqa: S608 - own words
            values,
        )
        yield from self._fitting(rows) if filters.needs_any else rows

    def _fitting(
        self, rows: Iterable[tuple[_Key, int, str, str | None, str, str | None, str, str]]
    ) -> Iterator[tuple[_Key, int]]:
        filters = self._filter
        for key, run, run_id, name, experiment, description, tags, properties in rows:
            known_tags = json.loads(tags) if filters.needs_tags else {}
            known_properties = json.loads(properties) if filters.needs_properties else {}
            if filters.fits(run_id, name, experiment, description, known_tags, known_properties):
                yield key, run

    def _ended_statuses(self, status: RunStatus | None) -> list[str]:
        wanted = self._query.statuses
        return [one for one in _ENDED if (wanted is None or one in wanted) and (status is None or one == status.value)]

    def _metric_conditions(self, *, has_metric: bool) -> Iterator[tuple[str, Sequence[object]]]:
        for condition in self._query.conditions:
            yield latest.condition_in_sql(condition)
        if has_metric and isinstance(self._query.order_by, MetricOrder):
            yield latest.has_metric_in_sql(self._query.order_by)

    def _quick_conditions(self) -> Iterator[tuple[str, Sequence[object]]]:
        """Rule most runs out by how their tags and properties are written, before those of the others are understood."""
        query = self._query
        for column, wanted in (("tags", query.tags), ("properties", query.properties)):
            for key, value in wanted.items():
                values = value if isinstance(value, frozenset) else (value,)
                if value is ...:
                    texts = [f"{json.dumps(key)}: "]
                elif len(values) <= _FEW_VALUES and all(isinstance(one, (str, type(None))) for one in values):
                    texts = [f"{json.dumps(key)}: {json.dumps(one)}" for one in values]
                else:
                    continue
                yield f"({' or '.join([f'instr(r.{column}, ?)'] * len(texts)) or 'false'})", texts

    @property
    def is_plain(self) -> bool:
        """Whether it makes no difference if a run goes on or has ended."""
        query = self._query
        return not (
            self._filter.needs_any
            or query.conditions
            or query.statuses is not None
            or isinstance(query.order_by, MetricOrder)
        )

    def count_all(self) -> int:
        """Count those that go on and those that have ended, where that makes no difference."""
        table = f"run r indexed by {self._index}" if self._index else "run r"
        (number,) = self._connection.execute(
            f"{self._with}select count(*) from {table} where {' and '.join(self._where)}",  # noqa: S608 - own words
            [*self._with_values, *self._values],
        ).fetchone()
        return int(number)

    def count_ended(self) -> int:
        """Count them."""
        order = self._query.order_by
        if isinstance(order, MetricOrder):  # to look for the metric in one run after the other would take twice as long
            having = latest.find_runs_with(self._connection, order)
            return sum(run in having for _, run in self.ended(index=self._index))
        if self._filter.needs_any:
            return sum(1 for _ in self.ended(index=self._index))
        return sum(int(count) for count, _ in self.ended("count(*)", index=self._index))

    # -- both

    def entries(self, before: int | None = None) -> Iterator[_Entry]:
        """Give what is asked for in its order; newest first may begin below a row id."""
        order = self._query.order_by or _NEWEST_FIRST
        live = self.live()
        if isinstance(order, MetricOrder):
            found: Iterable[_Entry] = self._by_metric(order, dict(live))
            if self._query.running_first:
                found = sorted(found, key=lambda entry: entry.record is None)
            yield from found
            return
        now = clock.now()
        first = [_Entry(key, run, record) for run, record in live if (key := order_key(record, order, now)) is not None]
        last = [_Entry(0, run, record) for run, record in reversed(live) if order_key(record, order, now) is None]
        if before is not None:
            first = [entry for entry in first if entry.run < before]
            self._add("r.id < ?", before)
        ended = (_Entry(key, run, None) for key, run in self._ended_in_order(order))
        if order.by is RunOrderKey.CREATED:  # the place is the row id itself
            first = [entry._replace(key=entry.run) for entry in first]
        place = (
            (lambda entry: (entry.key, entry.run)) if order.is_descending else (lambda entry: (entry.key, -entry.run))
        )
        first.sort(key=place, reverse=order.is_descending)
        if self._query.running_first:
            yield from chain(first, last, ended)
        else:
            yield from heapq.merge(first, ended, key=place, reverse=order.is_descending)
            yield from last

    def _ended_in_order(self, order: RunOrder) -> Iterator[tuple[_Key, int]]:
        direction = "desc" if order.is_descending else "asc"
        if order.by is RunOrderKey.CREATED:
            yield from self.ended("r.id", f"order by r.id {direction}", self._index)
        elif order.by is RunOrderKey.NAME:
            ordered = self.ended(
                "ifnull(r.display_name, r.run_id)", f"order by {_NAME} {direction}, r.id desc", "run_name"
            )
            yield from ((name_key(str(name)), run) for name, run in ordered)
        elif order.by is RunOrderKey.DURATION:
            yield from self.ended(_DURATION, f"order by {_DURATION} {direction}, r.id desc", "run_duration")
        else:
            for status in reversed(_ENDED_BY_RANK) if order.is_descending else _ENDED_BY_RANK:
                ordered = self.ended("0", "order by r.id desc", "run_status", status=status)
                yield from ((STATUS_RANKS[status], run) for _, run in ordered)

    def _by_metric(self, order: MetricOrder, live: dict[int, RunRecord]) -> Iterator[_Entry]:
        ranked = latest.rank_runs(self._connection, order, self._shapes)
        size = min(self._query.limit + 1, _CHUNK)
        while some := list(islice(ranked, size)):
            ended = {run for _, run in self.ended(among=("id", some))}
            for run in some:
                if run in live:
                    yield _Entry(0, run, live[run])
                elif run in ended:
                    yield _Entry(0, run, None)
            size = _CHUNK

    def records(self, entries: Sequence[_Entry]) -> list[RunRecord]:
        """Read the records of entries, in their order."""
        known = {entry.run: entry.record for entry in entries if entry.record is not None}
        missing = [entry.run for entry in entries if entry.record is None]
        for start in range(0, len(missing), _CHUNK):
            some = missing[start : start + _CHUNK]
            for row in self._connection.execute(f"{runs.RUN_COLUMNS}where r.id in ({_marks(some)})", some):
                known[row[0]] = runs.to_record(row)
        return [known[entry.run] for entry in entries]


def read_page(
    connection: sqlite3.Connection, query: RunQuery, shapes: ShapeReader
) -> tuple[RunPage, dict[str, Judgement]]:
    """Read a page of runs, and what is found out about lost ones.

    Newest first, the token says behind which run the next page starts, so that new runs do not shift it. In other orders it says how
    many runs were given.
    """
    mark = runs.parse_token(query.page_token, "list_runs")
    listing = Listing(connection, query, shapes)
    is_by_place = query.order_by in (None, _NEWEST_FIRST) and not query.running_first
    entries = listing.entries(mark) if is_by_place else islice(listing.entries(), mark or 0, None)
    found = list(islice(entries, query.limit + 1))
    token = None
    if len(found) > query.limit:
        found.pop()
        token = str(found[-1].run if is_by_place else (mark or 0) + query.limit)
    return RunPage(runs=tuple(listing.records(found)), next_page_token=token), listing.lost


class Counts:
    """Counts the runs that queries ask for.

    How many of them have ended, or are there at all, changes with the revision of the workspace alone, so it is remembered: a list that is
    looked at again and again while nothing happens is not counted again.
    """

    def __init__(self) -> None:
        self._revision = -1
        self._known: list[tuple[RunQuery, int]] = []

    def forget(self) -> None:
        """Let go of what is remembered, because another file may take this one's place."""
        self._revision = -1

    def count(
        self, connection: sqlite3.Connection, query: RunQuery, shapes: ShapeReader
    ) -> tuple[int, dict[str, Judgement]]:
        """Count the runs of all pages."""
        listing = Listing(connection, query, shapes)
        live = listing.live()  # also where it makes no difference: lost ones are found out about
        return self._count_stored(connection, listing, query) + (0 if listing.is_plain else len(live)), listing.lost

    def _count_stored(self, connection: sqlite3.Connection, listing: Listing, query: RunQuery) -> int:
        (revision,) = connection.execute("select value from revision").fetchone()
        if revision != self._revision:
            self._revision = revision
            self._known.clear()
        wanted = replace(query, limit=1, page_token=None)
        for known, number in self._known:
            if known == wanted:
                return number
        number = listing.count_all() if listing.is_plain else listing.count_ended()
        self._known = [*self._known[-_KNOWN_COUNTS:], (wanted, number)]
        return number


def which_fit(
    connection: sqlite3.Connection, run_ids: Sequence[str], query: RunQuery, shapes: ShapeReader
) -> tuple[frozenset[str], dict[str, Judgement]]:
    """Say which of some runs are asked for."""
    found: set[str] = set()
    lost: dict[str, Judgement] = {}
    for start in range(0, len(run_ids), _CHUNK):
        some = run_ids[start : start + _CHUNK]
        listing = Listing(connection, query, shapes)
        found.update(record.run_id for _, record in listing.live(some))
        found.update(str(run_id) for run_id, _ in listing.ended("r.run_id", among=("run_id", some), has_metric=True))
        lost.update(listing.lost)
    return frozenset(found), lost


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
