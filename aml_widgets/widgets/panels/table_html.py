"""Rows as an HTML table."""

from __future__ import annotations

from aml_widgets.core.records import MetricValue
from aml_widgets.tracking.row_table import Cell, Missing, Rows
from aml_widgets.widgets.series import is_number
from aml_widgets.widgets.text import (
    clock_text,
    escape,
    exact_text,
    name_text,
    shorten,
    time_text,
    value_text,
)

MAX_COLUMNS = 200

_MAX_CELL = 80
_GAP, _TIME_WIDTH, _WIDEST = 3, 14, 40  # in characters
_MAX_FULL_CELL = 2_000
_MAX_FULL_CHARACTERS = 100_000  # of a page; longer texts of it are shown short


def rows_html(rows: Rows, name: str, key: str) -> str:
    """Write rows as a table; `key` is how the page knows the scrolling box again."""
    if not rows.total:
        return '<div class="aml-note">No row was logged.</div>'
    is_single = rows.columns == (None,)
    columns = rows.columns[:MAX_COLUMNS]
    is_right = [_is_numeric(rows, place) for place in range(len(columns))]
    if is_single:
        head = '<th scope="col" class="aml-right">step</th><th scope="col">value</th><th scope="col">time</th>'
    else:
        head = '<th scope="col" class="aml-right" aria-label="row">#</th>' + "".join(
            f'<th scope="col"{_class(is_right=right)} title="{escape(shorten(column or "", 400))}">'
            f"{escape(name_text(column or '', 60))}</th>"
            for column, right in zip(columns, is_right, strict=True)
        )
    writer = _CellWriter(key)
    body = "".join(_row_html(rows, place, is_right, writer, is_single=is_single) for place in range(len(rows.cells)))
    n_more = len(rows.columns) - len(columns)
    more = f'<div class="aml-note">and {n_more:,} more columns, which are in the CSV</div>' if n_more else ""
    return (
        f'<div class="aml-scroll" data-aml-key="rows {escape(key)}" tabindex="0" role="region" aria-label="{escape(shorten(name, 200))}">'
        f'<table class="aml-rows-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{more}'
    )


def width_of(rows: Rows) -> int:
    """Say about how many characters wide the rows are."""
    width = 2 * _GAP + (_TIME_WIDTH if rows.columns == (None,) else 0)
    for place, column in enumerate(rows.columns):
        texts = [value_text(cells[place]) for cells in rows.cells if not isinstance(cells[place], Missing)]  # type: ignore[arg-type]  # just seen
        width += _GAP + min(_WIDEST, max(map(len, [column or "", *texts])))
    return width


class _CellWriter:
    """Writes cells. Long texts can be opened, as long as a page of them is not too much."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._room = _MAX_FULL_CHARACTERS

    def html(self, cell: Cell, row: int, column: int) -> str:
        if isinstance(cell, Missing):
            return '<span class="aml-note" title="not logged in this row">\N{EN DASH}</span>'
        if cell is None:
            return '<span class="aml-note">None</span>'
        if not isinstance(cell, str):
            return escape(value_text(cell))
        if not cell:
            return '<span class="aml-note">empty</span>'
        if len(cell) <= _MAX_CELL and "\n" not in cell:
            return f'<span class="aml-text">{escape(cell)}</span>'
        short = escape(shorten(" ".join(cell[: 2 * _MAX_CELL].split()) or repr(cell[:8]), _MAX_CELL))
        full = shorten(cell, _MAX_FULL_CELL)
        self._room -= len(full)
        if self._room < 0:
            return f'<span class="aml-text">{short}</span>'
        return (
            f'<details class="aml-long" data-aml-key="cell {escape(self._key)} {row} {column}"><summary>'
            f'<span class="aml-text">{short}</span></summary><div class="aml-text">{escape(full)}</div></details>'
        )


def _row_html(rows: Rows, place: int, is_right: list[bool], writer: _CellWriter, *, is_single: bool) -> str:
    row = rows.start + place
    cells = "".join(
        f"<td{_class(is_right=right)}{_title(cell)}>{writer.html(cell, row, column)}</td>"
        for column, (cell, right) in enumerate(zip(rows.cells[place], is_right, strict=False))
    )
    if is_single:
        at = rows.times[place]
        return (
            f'<tr><th scope="row" class="aml-right">{rows.steps[place]}</th>{cells}'
            f'<td class="aml-time" title="{escape(time_text(at))}">{escape(clock_text(at))}</td></tr>'
        )
    return f'<tr><th scope="row" class="aml-right">{row + 1}</th>{cells}</tr>'


def _title(cell: Cell) -> str:
    if isinstance(cell, Missing) or cell is None:
        return ""
    full = shorten(exact_text(cell), 400)
    is_shown = full == value_text(cell) and (not isinstance(cell, str) or len(cell) <= _MAX_CELL)
    return "" if is_shown else f' title="{escape(full)}"'


def _class(*, is_right: bool) -> str:
    return ' class="aml-right"' if is_right else ""


def _is_numeric(rows: Rows, place: int) -> bool:
    """Whether the column reads as one of numbers: those that are shown are, but for holes."""
    cells = [cells[place] for cells in rows.cells]
    known: list[MetricValue] = [cell for cell in cells if cell is not None and not isinstance(cell, Missing)]
    return bool(known) and all(is_number(cell) for cell in known)
