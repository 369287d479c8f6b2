"""Appending what is logged: the hot path of the program, and the slower way for everything that is new or unusual."""

from __future__ import annotations

import logging
import sqlite3
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TypeVar

from aml_widgets.core import clock
from aml_widgets.core.errors import InvalidMetric, InvalidName, RunIsTerminal, StoreError, StoreUnavailable, message_of
from aml_widgets.core.records import MetricKind, MetricValue, NewPoint
from aml_widgets.store.sqlite.blocks import BLOCK_POINTS
from aml_widgets.store.sqlite.connection import Database, store_error
from aml_widgets.store.sqlite.revision import bump
from aml_widgets.store.sqlite.tail import INSERT, TailWriter
from aml_widgets.store.sqlite.tail_rows import ShapeReader, check_step

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

_EXACT_TYPES = frozenset({float, int, bool, str, type(None)})


class PointWriter:
    """Appends points to the runs of one database, each call committed before it returns.

    It keeps, for every run that this process writes, a `TailWriter`; one lock orders the threads.
    """

    def __init__(self, database: Database, shapes: ShapeReader) -> None:
        self._database = database
        self._shapes = shapes
        self._tails: dict[str, TailWriter] = {}

    def forget(self, run_id: str) -> None:
        """Let go of what is known of a run, because it ended or because it may be wrong."""
        self._tails.pop(run_id, None)

    def log_metric(
        self, run_id: str, name: str, value: MetricValue, step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point, committed when this returns.

        The body is the hot path, for a number under a known name; `_log` does everything else.
        """
        database = self._database
        with database.write_lock:
            tail = self._tails.get(run_id)
            kind = type(value)
            if tail is not None and tail.generation == database.generation and (kind is float or kind is int):
                series = tail.scalars.get(name)
                if series is not None:
                    key = tail.key
                    place = tail.next_steps[series] if step is None else step
                    try:
                        database.cursor.execute(  # type: ignore[union-attr]  # open, since the tail is of this generation
                            INSERT, (key, place, clock.now() if logged_at is None else logged_at, key, series, value)
                        )
                    except (sqlite3.IntegrityError, OverflowError):
                        pass  # another process was here, the tail is sealed, or the number has more than 64 bits
                    except sqlite3.Error as error:
                        raise store_error(error, database.path) from error
                    else:
                        tail.next_steps[series] = place + 1
                        # Not `+= 1`: a signal handler may have logged since the statement. Then this key is not the last one, the
                        # next call notices that it is not, and looks again.
                        tail.key = key + 1
                        tail.rows += 1
                        if tail.rows >= BLOCK_POINTS:
                            self._seal(tail)
                        return
            self._log(run_id, {name: value}, step, logged_at)

    def log_metrics(
        self, run_id: str, values: Mapping[str, MetricValue], step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to each metric, in one transaction and at one time."""
        database = self._database
        with database.write_lock:
            tail = self._tails.get(run_id)
            if tail is not None and tail.generation == database.generation:
                numbers = values.values()
                shape = tail.wide.get((tuple(values), tuple(map(type, numbers))))
                if shape is not None:
                    series, what, common, own = shape
                    key = tail.key
                    next_steps = tail.next_steps
                    steps = [next_steps[one] for one in series] if step is None else [step]
                    place = steps[0] if steps.count(steps[0]) == len(steps) else None
                    try:
                        packed = own.pack(*numbers, *steps) if place is None else common.pack(*numbers)
                        database.cursor.execute(  # type: ignore[union-attr]  # open, since the tail is of this generation
                            INSERT, (key, place, clock.now() if logged_at is None else logged_at, key, what, packed)
                        )
                    except (sqlite3.IntegrityError, OverflowError, struct.error):
                        pass  # as in `log_metric`
                    except sqlite3.Error as error:
                        raise store_error(error, database.path) from error
                    else:
                        if place is None:
                            next_steps.update((one, last + 1) for one, last in zip(series, steps, strict=True))
                        else:
                            next_steps.update(zip(series, repeat(place + 1)))
                        tail.key = key + 1  # as in `log_metric`
                        tail.rows += 1
                        if tail.rows >= BLOCK_POINTS:
                            self._seal(tail)
                        return
            if values:
                self._log(run_id, values, step, logged_at)

    def _log(self, run_id: str, values: Mapping[str, MetricValue], step: int | None, logged_at: float | None) -> None:
        """Append under the lock, after a look at what others did."""
        exact = {_checked_name(name): _exact(value) for name, value in values.items()}
        if step is not None:
            check_step(step)

        def append(connection: sqlite3.Connection) -> tuple[TailWriter, tuple[int, ...]]:
            tail = self._tail(run_id)
            tail.catch_up(connection, self._shapes)
            series = tuple([tail.open_series(connection, name, "", MetricKind.SCALAR) for name in exact])
            at = clock.now() if logged_at is None else logged_at
            tail.append(connection, series, tuple(exact.values()), step, at)
            return tail, series

        with self._database.write_lock:
            tail, series = self._write(run_id, append)
            tail.remember_wide(exact, series)
            if tail.rows >= BLOCK_POINTS:
                self._seal(tail)

    def log_points(self, run_id: str, points: Sequence[NewPoint], *, even_if_ended: bool = False) -> None:
        """Append points, each with a step and time of its own, in one transaction."""
        self._log_points(run_id, points, even_if_ended=even_if_ended)

    def log_new_points(self, run_id: str, points: Sequence[NewPoint]) -> None:
        """Append those points that the run has not yet, in one transaction, also to a run that has ended."""
        self._log_points(run_id, points, even_if_ended=True, skips_repeats=True)

    def _log_points(
        self, run_id: str, points: Sequence[NewPoint], *, even_if_ended: bool, skips_repeats: bool = False
    ) -> None:
        exact = [point._replace(name=_checked_name(point.name), value=_exact(point.value)) for point in points]
        for point in exact:
            if point.step is not None:
                check_step(point.step)

        def append(connection: sqlite3.Connection) -> TailWriter:
            tail = self._tail(run_id)
            has_ended = tail.catch_up(connection, self._shapes, even_if_ended=even_if_ended)
            new = tail.pick_new(connection, exact, self._shapes) if skips_repeats else exact
            now = clock.now()
            for row in rows_of(new):
                series = tuple([tail.open_series(connection, one.name, "", MetricKind.SCALAR) for one in row])
                _, _, step, logged_at = row[0]
                at = now if logged_at is None else logged_at
                tail.append(connection, series, [one.value for one in row], step, at)
            if has_ended and new:  # all of a run that has ended is in blocks, and whoever lists runs is told
                tail.seal(connection, self._shapes)
                connection.execute("update run set revision = ? where run_id = ?", (bump(connection), run_id))
            return tail

        with self._database.write_lock:
            tail = self._write(run_id, append)
            if tail.rows >= BLOCK_POINTS:
                self._seal(tail)

    def _write(self, run_id: str, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        try:
            return self._database.write(work)
        except BaseException:
            self.forget(run_id)  # what was learnt of the tail may have been undone
            raise

    def log_columns(
        self,
        run_id: str,
        name: str,
        columns: Mapping[str | None, Sequence[MetricValue]],
        *,
        kind: MetricKind = MetricKind.SCALAR,
        description: str = "",
        logged_at: float | None = None,
    ) -> None:
        """Append many points under one name, in one transaction."""
        _checked_name(name)
        exact = {_checked_column(name, column, kind): _exact_column(values) for column, values in columns.items()}
        counts = {len(values) for values in exact.values()}
        if len(counts) > 1:
            lengths = ", ".join(f"{column!r}: {len(values)}" for column, values in exact.items())
            raise InvalidMetric(
                f"The columns of metric {name!r} must be equally long, got {lengths}. Fill the shorter ones, with None for example.",
                value=name,
            )
        count = counts.pop() if counts else 0

        def append(connection: sqlite3.Connection) -> None:
            tail = self._tail(run_id)
            tail.catch_up(connection, self._shapes)
            ids = {
                tail.open_series(connection, name, column, kind, description): values
                for column, values in exact.items()
            }
            at = clock.now() if logged_at is None else logged_at
            if count:
                tail.append_columns(connection, ids, count, at, self._shapes)
            elif ids:
                tail.append_nothing(connection, tuple(ids), at)

        with self._database.write_lock:  # also around what is learnt of a failure
            self._write(run_id, append)

    def _tail(self, run_id: str) -> TailWriter:
        """Give what is known of a run's tail, or begin to know it. Call it inside a transaction: one that was undone leaves nothing."""
        database = self._database
        tail = self._tails.get(run_id)
        if tail is None or tail.generation != database.generation:
            tail = self._tails[run_id] = TailWriter(run_id, database.generation)
        return tail

    def _seal(self, tail: TailWriter) -> None:
        """Seal a long tail. Its points are committed already, so a failure here loses none: the next thousand try again."""

        def seal(connection: sqlite3.Connection) -> None:
            tail.catch_up(connection, self._shapes)
            tail.seal(connection, self._shapes)

        try:
            self._database.write(seal)
        except RunIsTerminal:
            self.forget(tail.run_id)  # whoever ended the run has sealed it
        except StoreError as error:
            tail.rows = 0
            if isinstance(error, StoreUnavailable):
                self.forget(tail.run_id)  # the next point is to find out whether the file is still there
            _log.warning(
                "The points of run %s could not be packed yet, and stay as they are: %s", tail.run_id, message_of(error)
            )


def rows_of(points: Iterable[NewPoint]) -> Iterator[list[NewPoint]]:
    """Put neighbours of one step and time together, no name twice: what was logged together takes one row."""
    row: list[NewPoint] = []
    names: set[str] = set()
    for point in points:
        if row and (point.name in names or point[2:] != row[0][2:]):
            yield row
            row = []
            names.clear()
        row.append(point)
        names.add(point.name)
    if row:
        yield row


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or not name:
        raise InvalidName(f"A metric's name is text that is not empty, got {name!r}.", value=name)
    return _checked_text(name, "A metric's name")


def _checked_column(name: str, column: str | None, kind: MetricKind) -> str:
    if kind is MetricKind.ROW:
        if not isinstance(column, str):
            raise InvalidMetric(f"A column of metric {name!r} is named by text, got {column!r}.", value=column)
        return _checked_text(column, f"A column's name in metric {name!r}")
    if column is not None:
        raise InvalidMetric(f"Metric {name!r} of kind {kind.value!r} has no columns, got {column!r}.", value=column)
    return ""


def _checked_text(text: str, what: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidName(
            f"{what} must be valid Unicode, got {text!r}, which has half of a surrogate pair. Replace that character.",
            value=text,
        ) from None
    return str(text)


def _exact(value: MetricValue) -> MetricValue:
    """Strip subclasses (of another library's floats, say), which would not survive a round trip as themselves."""
    if type(value) in _EXACT_TYPES:
        return value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise InvalidMetric(
        f"A value of type {type(value).__name__} cannot be stored; log a number, text, a truth value or None.",
        value=value,
    )


def _exact_column(values: Sequence[MetricValue]) -> Sequence[MetricValue]:
    typecode = getattr(values, "typecode", None)
    if typecode in ("d", "q") or set(map(type, values)) <= _EXACT_TYPES:
        return values
    return list(map(_exact, values))
