"""One metric of many children in one chart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import ipywidgets
import numpy as np

from aml_widgets.widgets import children as kin
from aml_widgets.widgets.chart import Chart, Line, XKind
from aml_widgets.widgets.child_reader import ChildReader
from aml_widgets.widgets.children import ChildRow
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.children_rows import number_html, swatch_html
from aml_widgets.widgets.panels.controls import button_html
from aml_widgets.widgets.panels.figure import ChartFigure
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.run_names import name_of, number_key
from aml_widgets.widgets.series import FloatArray
from aml_widgets.widgets.text import escape, name_text
from aml_widgets.widgets.ticks import axis_range

MAX_LINES = 24


class ChildrenChart:
    """A card with a line for each of the best children and of those that run; where each logged one value, with a point for each.

    The figure is made when there is something to draw.

    Parameters
    ----------
    host : Host
        The view.
    reader : ChildReader
        Who reads the lines.
    card_id : str
        The card's.
    """

    def __init__(self, host: Host, reader: ChildReader, card_id: str) -> None:
        self._host = host
        self._reader = reader
        self._card_id = card_id
        self._figure: ChartFigure | None = None
        self._drawn: tuple[object, ...] | None = None
        self._head = markup("aml-card-head")
        self._foot = markup("aml-card-foot")
        self.places: dict[str, int] = {}
        self.widget = ipywidgets.VBox([self._head, self._foot], layout=ipywidgets.Layout(display="none"))
        self.widget.add_class("aml-card")
        self.widget.add_class("aml-children-chart")
        self.widget.add_class(f"aml-card-id-{card_id}")

    def update(self, rows: Sequence[ChildRow], metric: str, goal: str, *, is_visible: bool) -> None:
        """Show these children. Out of sight, only which lines there are is decided: nothing is read nor drawn.

        Parameters
        ----------
        rows : sequence of ChildRow
            The children to choose from.
        metric, goal : str
            What they are compared by.
        is_visible : bool
            Whether somebody can see the card.
        """
        logged = [row for row in rows if row.count and _number(row.best) is not None]
        self.widget.layout.display = None if logged else "none"
        if not logged:
            self.places = {}
            return
        has_course = any(row.count > 1 for row in logged)
        drawn = kin.pick_drawn(logged, goal, MAX_LINES) if has_course else []
        self.places = kin.keep_places(self.places, [row.run.run_id for row in drawn])
        if not is_visible:
            return
        if has_course:
            ordered = sorted(drawn, key=lambda row: self.places[row.run.run_id])
            self._reader.want_curves(metric, {row.run.run_id: row.count for row in ordered})
            self._draw_lines(ordered, metric, goal, n_all=len(logged))
        else:
            self._draw_points(logged, metric, goal)

    def _draw_lines(self, rows: Sequence[ChildRow], metric: str, goal: str, *, n_all: int) -> None:
        curves = [self._reader.curves.get(row.run.run_id) for row in rows]
        is_same = self._drawn is not None and self._drawn[:2] == ("lines", metric)
        if not any(curve is not None for curve in curves) and not is_same:
            self._write_head(metric, f"reading {len(rows)} lines")
        keys = "".join(_key_html(row, place) for place, row in enumerate(rows))
        set_markup(self._foot, f'<div class="aml-legend">{keys}</div>')
        word = "lowest" if goal == kin.MINIMIZE else "highest"
        if len(rows) < n_all:
            shown = f"{len(rows)} of {n_all:,} child runs"
            self._write_head(metric, shown, f"{shown}: the {word}, and those that run")
        else:
            self._write_head(metric, "")
        # Arrays are compared by identity: what was read anew is another one.
        drawn = ("lines", metric, tuple(id(curve) for curve in curves), tuple(row.run.run_id for row in rows))
        if drawn == self._drawn or all(curve is None for curve in curves):
            return
        self._drawn = drawn
        self._kept = curves  # or another array could get the identity of one that is gone
        nothing: FloatArray = np.empty(0)
        lines = []
        for row, curve in zip(rows, curves, strict=True):
            x, y = (nothing, nothing) if curve is None else curve
            lines.append(Line(label=name_of(row.run), x=x, y=y, steps=x, last=row.last))
        self._draw(
            Chart(
                name=metric,
                x_label="step",
                y_label="",
                x_kind=XKind.STEP,
                lines=tuple(lines),
                x_range=axis_range(np.concatenate([line.x for line in lines]), is_padded=False),
                y_range=axis_range(np.concatenate([line.y for line in lines]), is_padded=True),
            )
        )

    def _draw_points(self, rows: Sequence[ChildRow], metric: str, goal: str) -> None:
        ordered = sorted(rows, key=lambda row: number_key(row.run))
        has_numbers = bool(ordered[0].run.number)  # those without stand first
        places = [row.run.number for row in ordered] if has_numbers else range(1, len(ordered) + 1)
        numbers = np.array(places, dtype=np.float64)
        values = np.array([_number(row.best) for row in ordered], dtype=np.float64)
        best = np.array(kin.best_so_far(values.tolist(), goal))
        set_markup(
            self._foot,
            f'<div class="aml-legend"><span class="aml-key">{swatch_html(0)}best so far</span>'
            f'<span class="aml-key">{swatch_html(1)}each child run</span></div>',
        )
        self._write_head(metric, f"{len(ordered):,} child runs, one value each")
        drawn = ("points", metric, goal, numbers.tobytes(), values.tobytes())
        if drawn == self._drawn:
            return
        self._drawn = drawn
        # The best holds until a better one comes: a stair. Between the values of children there is no line: a gap.
        stair = Line(label="best so far", x=np.repeat(numbers, 2)[1:], y=np.repeat(best, 2)[:-1], last=float(best[-1]))
        x, y = np.repeat(numbers, 2), np.repeat(values, 2)
        y[1::2] = math.nan
        points = Line(label="each child run", x=x, y=y, last=float(values[-1]))
        self._draw(
            Chart(
                name=metric,
                x_label="run number" if has_numbers else "child run, in order of creation",
                y_label="",
                x_kind=XKind.STEP,
                lines=(stair, points),
                x_range=axis_range(numbers, is_padded=True),
                y_range=axis_range(values, is_padded=True),
            )
        )

    def _draw(self, chart: Chart) -> None:
        if self._figure is None:
            self._figure = ChartFigure(self._host, self._card_id)
            self.widget.children = (self._head, self._figure.widget, self._foot)
        self._figure.draw(chart)

    def _write_head(self, metric: str, note: str, title: str = "") -> None:
        buttons = button_html(
            "Show all again", "", self._card_id, title="Show all again", icon=icons.WHOLE, local="chart-reset"
        )
        self._head.value = (
            f'<span class="aml-name" title="{escape(metric)}">{escape(name_text(metric))} '
            f'<span class="aml-note" title="{escape(title or note)}">{escape(note)}</span></span>{buttons}'
        )


def _key_html(row: ChildRow, place: int) -> str:
    child_id, name = escape(row.run.run_id), name_of(row.run)
    return (
        f'<button type="button" class="aml-key aml-child-key" title="{escape(f"Show {name}")}" data-aml-do="child-open" '
        f'data-aml-with="{child_id}" data-aml-key="child-key {child_id}">{swatch_html(place)}'
        f'{escape(name_text(name, 32))} <span class="aml-number">{number_html(row.best)}</span></button>'
    )


def _number(value: float | None) -> float | None:
    """Give what can be drawn of a best value."""
    if value is None:
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
