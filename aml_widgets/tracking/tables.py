"""Rows and tables as columns that a store takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.core.records import MetricValue
from aml_widgets.tracking.values import check_name, show, show_type, to_cell, to_column

Columns = dict["str | None", Sequence[MetricValue]]


def to_row(name: str, cells: Mapping[str, object]) -> Columns:
    """Check one row.

    Raises
    ------
    InvalidMetric
        Without a column, or for a cell that has elements of its own.
    """
    if not cells:
        raise InvalidMetric(
            f"The row for metric {name!r} has no column. Give at least one: log_row({name!r}, x=1, y=2).", value=cells
        )
    return {_check_column(column): [to_cell(cell, name, column)] for column, cell in cells.items()}


def to_table(name: str, table: object) -> Columns:
    """Check a table: a mapping from column name to equally many values, or to one value each for a single row.

    Raises
    ------
    InvalidMetric
        For anything else, for uneven columns and for a table without columns or rows.
    """
    if not isinstance(table, Mapping):
        way_out = "Use frame.to_dict('list')." if hasattr(table, "columns") else "Use {'x': [1, 2], 'y': [3, 4]}."
        raise InvalidMetric(
            f"The table for metric {name!r} must be a dict of column name to values, got {show(table)}, "
            f"{show_type(table)}. {way_out}",
            value=table,
        )
    if not table:
        raise InvalidMetric(
            f"The table for metric {name!r} has no column. Give at least one, with a value.", value=table
        )
    columns: Columns = {
        _check_column(column): to_column(cells, name, column)
        if _has_elements(cells)
        else [to_cell(cells, name, column)]
        for column, cells in table.items()
    }
    first_column, first_length = next((column, len(cells)) for column, cells in columns.items())
    for column, cells in columns.items():
        if len(cells) != first_length:
            raise InvalidMetric(
                f"The columns of the table for metric {name!r} must be equally long: {first_column!r} has {first_length} "
                f"values and {column!r} has {len(cells)}. Fill the shorter one with None.",
                value=table,
            )
    if first_length == 0:
        raise InvalidMetric(f"The table for metric {name!r} has no row. Log it when there is one.", value=table)
    return columns


def _check_column(column: object) -> str:
    return check_name(column, "Column name")


def _has_elements(cells: object) -> bool:
    if isinstance(cells, (str, bytes, bytearray)):
        return False
    if isinstance(getattr(cells, "shape", None), tuple):
        return len(cells.shape) > 0  # type: ignore[attr-defined]  # just seen
    return hasattr(cells, "__iter__")
