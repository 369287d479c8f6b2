"""Rows of a metric, a page at a time."""

from __future__ import annotations

from aml_widgets.core.records import MetricHistory
from aml_widgets.store.protocol import RunStore
from aml_widgets.widgets.view_state import MetricState

ROWS_PER_PAGE = 20


def read_columns(store: RunStore, run_id: str, metric: MetricState) -> dict[str | None, MetricHistory]:
    """Read all points of a metric, column by column in the order of the view. Raises AmlWidgetsError."""
    found = {key.column: history for key, history in store.read_histories(run_id, [metric.name]).items()}
    known = {column: found[column] for column in metric.columns if column in found}
    return {**known, **found}


def page_count(total: int) -> int:
    """Say how many pages some rows fill; an empty table has one."""
    return max(1, -(-total // ROWS_PER_PAGE))
