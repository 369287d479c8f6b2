"""The whole history of a metric as CSV, piece by piece, with nothing rounded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone

from aml_widgets.core.records import MetricHistory, MetricValue
from aml_widgets.store.protocol import RunStore
from aml_widgets.widgets.pages_of_rows import read_columns
from aml_widgets.widgets.view_state import MetricState

CSV_TYPE = "text/csv; charset=utf-8"

_ROWS_AT_ONCE = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def metric_csv(store: RunStore, run_id: str, metric: MetricState) -> Iterator[bytes]:
    """Read a metric and write it as CSV, as `csv_chunks` does. Nothing is read before the first piece is asked for."""
    columns = read_columns(store, run_id, metric)
    yield from csv_chunks([("value" if column is None else column, history) for column, history in columns.items()])


def csv_chunks(columns: Sequence[tuple[str, MetricHistory]]) -> Iterator[bytes]:
    """Write the points of a metric as CSV (RFC 4180, UTF-8).

    The columns are ``seq`` (the place in the run's order of writing), ``step``, ``time`` (ISO 8601, UTC) and one for each
    column of the metric. Text always stands in quotes and nothing else does, so that each value can be told: ``nan``,
    ``inf`` and ``-inf`` are numbers, ``True`` and ``False`` truth values, an empty place is None (or a column that the row
    does not have), ``""`` the empty text. Floats have as many digits as they need to be read back exactly.

    Parameters
    ----------
    columns : sequence of (str, MetricHistory)
        Name and points of each column; points of one row share their `seq`.

    Yields
    ------
    bytes
        Some rows each.
    """
    names = [quoted(name) for name, _ in columns]
    yield (",".join(["seq", "step", "time", *names]) + "\r\n").encode()
    histories = [history for _, history in columns]
    places = [0] * len(histories)
    rows: list[str] = []
    while True:
        waiting = [
            history.seqs[place] for history, place in zip(histories, places, strict=True) if place < len(history)
        ]
        if not waiting:
            break
        seq = min(waiting)
        head, cells = "", []
        for at, history in enumerate(histories):
            place = places[at]
            if place < len(history) and history.seqs[place] == seq:
                head = head or f"{seq},{history.steps[place]},{time_cell(history.times[place])}"
                cells.append(value_cell(history.values[place]))
                places[at] = place + 1
            else:
                cells.append("")
        rows.append(f"{head},{','.join(cells)}\r\n")
        if len(rows) >= _ROWS_AT_ONCE:
            yield "".join(rows).encode("utf-8", "surrogatepass")
            rows.clear()
    yield "".join(rows).encode("utf-8", "surrogatepass")


def value_cell(value: MetricValue) -> str:
    """Write a value so that its kind can be told."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return ""
    try:
        return repr(value)
    except ValueError:  # Python refuses to write out very large integers in decimals
        return hex(value)  # type: ignore[arg-type]  # only ints are refused


def time_cell(seconds: float) -> str:
    """Write a moment in UTC to the microsecond."""
    if not math.isfinite(seconds):
        return ""
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:  # a moment that no calendar has
        return repr(seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def quoted(text: str) -> str:
    """Write text in quotes."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
