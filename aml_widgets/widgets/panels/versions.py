"""Which of the files logged under one name a card shows: the newest one, until the user goes to another."""

from __future__ import annotations

from dataclasses import dataclass

from aml_widgets.core.artifact_paths import path_in
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.row_reader import RowReader
from aml_widgets.widgets.view_state import MetricState


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One file of a metric: its place among them, and where it lies; None where what was logged is no path."""

    place: int
    total: int
    path: str | None
    step: int | None = None
    logged_at: float | None = None


class Versions:
    """The files of one metric.

    Parameters
    ----------
    host : Host
        The view.
    """

    def __init__(self, host: Host) -> None:
        self._reader = RowReader(host)
        self._place: int | None = None  # None: the newest, whichever that is

    @property
    def place(self) -> int | None:
        """The one that the user went to, None for the newest."""
        return self._place

    def go_to(self, place: int, total: int) -> None:
        """Show the file of that place; the last one means the newest from now on."""
        self._place = None if place >= total - 1 else max(0, place)

    def find(self, metric: MetricState) -> Version:
        """Give the file to show. Raises AmlWidgetsError where the store has to be asked for it and does not answer."""
        series = metric.columns.get(None)
        total = series.count if series is not None else 0
        if series is None or not total:
            return Version(place=0, total=0, path=None)
        start = total - 1 if self._place is None else min(self._place, total - 1)
        rows = self._reader.rows(metric, start, start + 1)
        if rows is None or not rows.cells:  # more was counted than could be read just now
            return Version(place=total - 1, total=total, path=path_in(series.last))
        value = rows.cells[0][0]
        path = path_in(value) if isinstance(value, str) else None
        return Version(place=start, total=total, path=path, step=rows.steps[0], logged_at=rows.times[0])
