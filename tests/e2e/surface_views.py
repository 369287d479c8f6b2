"""Charts for the browser tests of hover, zoom and ticks, drawn without a run: made inside the notebook's kernel."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import ipywidgets
import numpy as np

import aml_widgets.widgets
from aml_widgets.widgets.chart import Chart, Line, XKind
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.figure import ChartFigure
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.series import FloatArray

HOSTILE = '<img src=x onerror="window.pwned=1"><b>bold</b>'
STARTED_AT = 1_763_700_000.0  # 2025-11-21 04:40:00 UTC


class Charts:
    """Charts by card id in one view, and what the page asked for. `is_deaf` lets it hear and not answer."""

    def __init__(self, **charts: Chart) -> None:
        lock = threading.RLock()
        self.page = Page(lock)
        self.asked: list[tuple[str, str]] = []
        self.is_deaf = False
        self.charts = dict(charts)
        self.windows: dict[str, tuple[float, float, float, float]] = {}
        host = cast("Host", SimpleNamespace(page=self.page, lock=lock))
        self.figures = {card_id: ChartFigure(host, card_id) for card_id in charts}
        cards = []
        for card_id, figure in self.figures.items():
            card = ipywidgets.VBox([figure.widget])
            card.add_class("aml-card")
            card.add_class(f"aml-card-id-{card_id}")
            cards.append(card)
        grid = ipywidgets.Box(cards)
        grid.add_class("aml-grid")
        style = markup()
        style.value = f"<style>{style_sheet()}</style>"
        tools = markup()
        tools.value = "".join(
            f'<button data-aml-local="chart-save-{kind}" data-aml-with="{card_id}">{kind} {card_id}</button>'
            for card_id in charts
            for kind in ("svg", "png")
        )
        self.root = ipywidgets.VBox([style, grid, tools, self.page.widget])
        self.root.add_class("aml-run")
        self.page.on("chart-zoom", self._zoom)
        self.draw()

    def draw(self) -> None:
        """Draw all charts, as the view does when there is news."""
        for card_id, chart in self.charts.items():
            window = self.windows.get(card_id)
            full = (*(chart.x_range or (0, 1)), *(chart.y_range or (0, 1)))
            shown = chart
            if window is not None:
                shown = with_ranges(chart, (window[0], window[1]), (window[2], window[3]))
            self.figures[card_id].draw(shown, full=full, is_zoomed=window is not None)

    def _zoom(self, card_id: str, value: str) -> None:
        self.asked.append((card_id, value))
        if self.is_deaf:
            return
        if value:
            self.windows[card_id] = cast("tuple[float, float, float, float]", tuple(json.loads(value)))
        else:
            self.windows.pop(card_id, None)
        self.draw()


def with_ranges(chart: Chart, x_range: tuple[float, float], y_range: tuple[float, float]) -> Chart:
    """Give the same chart with other axes."""
    fields: dict[str, Any] = {name: getattr(chart, name) for name in Chart.__dataclass_fields__}
    return Chart(**{**fields, "x_range": x_range, "y_range": y_range})


def chart(
    name: str,
    lines: dict[str, FloatArray],
    *,
    x: FloatArray | None = None,
    kind: XKind = XKind.STEP,
    x_label: str = "step",
    y_range: tuple[float, float] | None = None,
    **fields: Any,
) -> Chart:
    """Make a chart of lines over one x; the steps count up and a point is logged every two seconds."""
    length = len(next(iter(lines.values())))
    steps = np.arange(length, dtype=np.float64)
    times = STARTED_AT + 2 * steps
    x = steps if x is None else x
    drawn = tuple(
        Line(label=label, x=x, y=y, steps=steps, times=times, last=float(y[-1])) for label, y in lines.items()
    )
    values = np.concatenate([y[np.isfinite(y)] for y in lines.values()])
    room = 0.05 * float(values.max() - values.min())
    if fields.get("y_log"):
        room = 0.0
    return Chart(
        name=name,
        x_label=x_label,
        y_label="",
        x_kind=kind,
        lines=drawn,
        x_range=(float(np.nanmin(x)), float(np.nanmax(x))),
        y_range=y_range or (float(values.min()) - room, float(values.max()) + room),
        number_count=length,
        drawn_count=length,
        **fields,
    )


def falling(length: int, noise: float = 0.0) -> FloatArray:
    """Give a loss that falls, always the same."""
    places = np.arange(length, dtype=np.float64)
    wobble = noise * np.sin(places * 1.7) * np.cos(places * 0.31)
    return np.asarray(2 * np.exp(-places / (length / 5)) + 0.1 + wobble)


def with_gaps(values: FloatArray) -> FloatArray:
    """Give values of which some were logged as NaN."""
    gaps = values.copy()
    gaps[[10, 40, 41, 42]] = np.nan
    return np.asarray(gaps, dtype=np.float64)


def all_kinds() -> Charts:
    """One chart for each thing that a chart can be."""
    n = 101
    steps = np.arange(n, dtype=np.float64)
    gaps = with_gaps(falling(n))
    raw = Line(label="", x=steps, y=falling(n, 0.3), steps=steps, times=STARTED_AT + 2 * steps)
    curve = np.cos(steps / 8) * steps
    return Charts(
        loss=chart("loss", {"loss": falling(n)}),
        eight=chart("eight", {f"layer {i}": falling(n, 0.1) + i * 0.25 for i in range(7)} | {HOSTILE: falling(n) + 2}),
        smooth=chart("smooth", {"smooth": falling(n)}, raw_lines=(raw,), y_range=(-0.2, 2.4)),
        gaps=chart("gaps", {"gaps": gaps}, nan_x=steps[np.isnan(gaps)]),
        log=chart("log/both", {"log": 10 ** -(steps / 20)}, x=steps + 1, x_log=True, y_log=True),
        relative=chart(
            "relative", {"loss": falling(n)}, x=steps * 54, kind=XKind.RELATIVE, x_label="time since the start"
        ),
        wall=chart("wall", {"loss": falling(n)}, x=STARTED_AT + steps * 2, kind=XKind.WALL, x_label="time"),
        metric=chart("over a metric", {"loss": curve}, x=np.sin(steps / 8) * steps, kind=XKind.NUMBER, x_label="lr"),
        tiny=chart("tiny", {"tiny": falling(n) * 1e-6}),
        hostile=chart(HOSTILE, {HOSTILE: falling(n) * 1e7}),
    )


def large() -> Charts:
    """Eight lines of 2,000 points."""
    return Charts(large=chart("large", {f"layer {i}": falling(2_000, 0.2) + i * 0.3 for i in range(8)}))


def style_sheet() -> str:
    """Give the style sheet of a view."""
    sheets = sorted((Path(aml_widgets.widgets.__file__).parent / "style").glob("*.css"))
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def script(name: str) -> str:
    """Give one of the page's scripts."""
    return (Path(aml_widgets.widgets.__file__).parent / "page" / name).read_text(encoding="utf-8")
