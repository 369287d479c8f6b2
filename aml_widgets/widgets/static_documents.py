"""Documents and pictures of a run in the static view: the newest of each name, drawn small."""

from __future__ import annotations

import base64
import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import MetricKind
from aml_widgets.widgets.artifact_paths import artifact_path
from aml_widgets.widgets.chart import Chart
from aml_widgets.widgets.document_charts import (
    Curve,
    precision_recall_chart,
    precision_recall_curves,
    predictions_chart,
    predictions_text,
    residuals_chart,
    residuals_text,
    roc_chart,
    roc_curves,
)
from aml_widgets.widgets.documents import (
    AccuracyTable,
    ConfusionMatrix,
    Document,
    Residuals,
    WrongDocument,
    parse_document,
)
from aml_widgets.widgets.kind_names import KIND_NAMES
from aml_widgets.widgets.panels.matrix_html import accuracy_text, cell_text, class_text
from aml_widgets.widgets.picture_files import WrongPicture, show_small
from aml_widgets.widgets.pictures import COLOURS, HEIGHT, WIDTH, picture_of
from aml_widgets.widgets.text import escape, name_text, shorten
from aml_widgets.widgets.view_state import MetricState, ViewState, card_kind

logger = logging.getLogger("aml_widgets.widgets")

ReadArtifact = Callable[[str, int], bytes]
"""Gives the beginning of one of the run's files, at most so many bytes. Raises AmlWidgetsError."""

MAX_DOCUMENTS = 12
MAX_PICTURES = 6
MAX_PICTURE_BYTES = 6_000  # 8,000 as text

_MAX_DOCUMENT_FILE = 1_000_000
_MAX_PICTURE_FILE = 4_000_000
_QUICK_FILE = 200_000
_MAX_MATRIX_CLASSES = 10
_MAX_DRAWN_CLASSES = 6  # with two averages as many as there are colours
_MAX_POINTS = 60
_BLUE = "47,129,214"
_BLOCK = '<div style="display:inline-block;vertical-align:top;margin:0 12px 10px 0">'
_CELL = "text-align:right;padding:2px 8px;border:1px solid #80808055"


class Drawn(NamedTuple):
    """What was drawn of a run's files, and whether that is all there is to draw."""

    htmls: list[str]
    is_whole: bool


class StaticDocuments:
    """What is drawn of a run's files; kept as long as a file stays as it is.

    Parameters
    ----------
    read_artifact : callable
        Gives the beginning of a file.
    """

    def __init__(self, read_artifact: ReadArtifact) -> None:
        self._read_artifact = read_artifact
        self._drawn: dict[str, tuple[object, str]] = {}

    def draw(self, state: ViewState, *, max_seconds: float | None = None) -> Drawn:
        """Write documents, then pictures. Only the first few of each are read; one that cannot be shown is said by its path.

        Parameters
        ----------
        state : ViewState
            What is known of the run.
        max_seconds : float, optional
            No other one is begun after so long, and no large one at all; those that were drawn before are there all the same.
        """
        kinds = [(metric, card_kind(metric)) for metric in state.metrics.values()]
        documents = [metric for metric, kind in kinds if kind == "document"][:MAX_DOCUMENTS]
        pictures = [metric for metric, kind in kinds if kind == "image"][:MAX_PICTURES]
        begun_at = time.monotonic()
        htmls: list[str] = []
        is_whole = True
        for metric in (*documents, *pictures):
            is_late = max_seconds is not None and time.monotonic() - begun_at > max_seconds
            if max_seconds is not None and self._takes_long(metric, state, is_late=is_late):
                is_whole = False
            else:
                htmls.append(self._html(metric, state))
        return Drawn(htmls, is_whole)

    def _takes_long(self, metric: MetricState, state: ViewState, *, is_late: bool) -> bool:
        path = artifact_path(metric)
        record = state.artifacts.get(path) if path is not None else None
        before = self._drawn.get(metric.name)
        if record is None or (before is not None and before[0] == (metric.kind, path, record)):
            return False
        return is_late or record.size_bytes > _QUICK_FILE

    def _html(self, metric: MetricState, state: ViewState) -> str:
        path = artifact_path(metric)
        record = state.artifacts.get(path) if path is not None else None
        key = (metric.kind, path, record)
        before = self._drawn.get(metric.name)
        if before is not None and before[0] == key:
            return before[1]
        is_picture = metric.kind is MetricKind.IMAGE
        try:
            content = self._read(path, _MAX_PICTURE_FILE if is_picture else _MAX_DOCUMENT_FILE)
            if is_picture:
                html = picture_html(metric.name, content)
            else:
                html = document_html(metric.name, parse_document(metric.kind, content))
        except AmlWidgetsError as error:
            return _trouble_html(metric, path, error.message)  # it may come
        except (WrongDocument, WrongPicture) as error:
            html = _trouble_html(metric, path, str(error))
        except Exception as error:  # the edge of what a run may write: one odd file must not take the whole view
            logger.exception("%r of run %s could not be drawn.", metric.name, state.run_id)
            html = _trouble_html(metric, path, f"It could not be drawn ({type(error).__name__}).")
        if record is not None:
            self._drawn[metric.name] = (key, html)
        return html

    def _read(self, path: str | None, max_bytes: int) -> bytes:
        if path is None:
            raise WrongDocument("What was logged is no path of a file.")
        content = self._read_artifact(path, max_bytes + 1)
        if len(content) > max_bytes:
            raise WrongDocument("It is too large to be shown here.")
        return content


def document_html(name: str, document: Document) -> str:
    """Draw a document: a small matrix as a table, all else as charts."""
    if isinstance(document, ConfusionMatrix):
        return _matrix_html(name, document)
    if isinstance(document, AccuracyTable):
        return _accuracy_html(name, document)
    if isinstance(document, Residuals):
        return _chart_html(name, residuals_chart(name, document), "residuals", escape(residuals_text(document)))
    text = escape(predictions_text(document))
    return _chart_html(name, predictions_chart(name, document), "predicted against true", text)


def picture_html(name: str, content: bytes) -> str:
    """Show a picture as a thumbnail. Raises WrongPicture."""
    picture = show_small(content, MAX_PICTURE_BYTES)
    return (
        f"{_BLOCK}{_title_html(name, '')}<br>"
        f'<img width="{picture.width}" height="{picture.height}" alt="{escape(f"Picture {name_text(name, 80)}")}" '
        f'src="{picture.source}">{_note_html(picture.note)}</div>'
    )


def _accuracy_html(name: str, table: AccuracyTable) -> str:
    tables = table.by_probability or table.by_percentile
    if tables is None:  # a parsed table has one of the two
        return ""
    roc = roc_curves(tables, table.labels)
    precision = precision_recall_curves(tables, table.labels)
    n_classes = len(table.labels)
    notes = [f"averages of {n_classes:,} classes"] if n_classes > _MAX_DRAWN_CLASSES else []
    html = ""
    for curves, area, what, draw, also in (
        (_few(roc), "AUC", "ROC", roc_chart, ["dashed: chance"]),
        (_few(precision), "AP", "precision over recall", precision_recall_chart, []),
    ):
        below = "<br>".join([_legend_html(curves, area), *map(escape, (*notes, *also))])
        html += _chart_html(name, draw(name, curves), what, below)
    return html


def _few(curves: Sequence[Curve]) -> list[Curve]:
    averages = [curve for curve in curves if curve.is_average]
    classes = [curve for curve in curves if not curve.is_average]
    return [*classes, *averages] if len(classes) <= _MAX_DRAWN_CLASSES else averages or classes[:1]


def _legend_html(curves: Sequence[Curve], area: str) -> str:
    return ", ".join(
        f'<span style="white-space:nowrap"><span style="color:{COLOURS[place]}">&#9632;</span> '
        f"{escape(name_text(curve.label, 30))}</span> "
        + ("not defined" if math.isnan(curve.area) else f"{area} {curve.area:.3f}")
        for place, curve in enumerate(curves)
    )


def _chart_html(name: str, chart: Chart, what: str, below: str) -> str:
    source = base64.b64encode(picture_of(chart, max_points=_MAX_POINTS).encode()).decode("ascii")
    return (
        f"{_BLOCK}{_title_html(name, what)}<br>"
        f'<img width="{WIDTH}" height="{HEIGHT}" alt="{escape(f"{name_text(name, 80)}, {what}")}" '
        f'src="data:image/svg+xml;base64,{source}">'
        f'<div style="max-width:{WIDTH}px"><small>{below}</small></div></div>'
    )


def _matrix_html(name: str, matrix: ConfusionMatrix) -> str:
    n_classes = len(matrix.labels)
    head = f"{_BLOCK}{_title_html(name, 'confusion matrix')}"
    note = accuracy_text(matrix)
    if n_classes > _MAX_MATRIX_CLASSES:
        return f"{head}<br><small>{escape(f'{n_classes:,} classes, {note}')}; the live view shows it.</small></div>"
    labels = [escape(class_text(label, 24)) for label in matrix.labels]
    heads = "".join(f'<th style="{_CELL}">{label}</th>' for label in labels)
    rates = matrix.rates
    rows = "".join(
        f'<tr><th style="{_CELL}">{labels[true]}</th>'
        + "".join(
            f'<td style="{_CELL}{_shade(float(rates[true, place]))}">{cell_text(float(count))}</td>'
            for place, count in enumerate(matrix.counts[true])
        )
        + "</tr>"
        for true in range(n_classes)
    )
    return (
        f'{head}<table style="border-collapse:collapse;margin:4px 0">'
        f'<thead><tr><th style="{_CELL}">true \N{RIGHTWARDS ARROW WITH TIP DOWNWARDS} predicted</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>{_note_html(note)}</div>"
    )


def _shade(rate: float) -> str:
    return "" if math.isnan(rate) or rate <= 0 else f";background:rgba({_BLUE},{min(rate, 1.0) * 0.55:.2f})"


def _trouble_html(metric: MetricState, path: str | None, why: str) -> str:
    file = f" <code>{escape(shorten(path, 200))}</code>" if path is not None else ""
    return (
        f"{_BLOCK}{_title_html(metric.name, KIND_NAMES.get(metric.kind, ''))}<br>"
        f'<div style="max-width:{WIDTH}px"><small>Not shown:{file} {escape(shorten(why, 200))}</small></div></div>'
    )


def _title_html(name: str, what: str) -> str:
    is_said = what == name.replace("_", " ").lower()
    return f"<b>{escape(name_text(name, 48))}</b>" + (f" <small>{escape(what)}</small>" if what and not is_said else "")


def _note_html(note: str) -> str:
    return f"<div><small>{escape(note)}</small></div>" if note else ""
