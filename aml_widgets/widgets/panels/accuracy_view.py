"""The curves of an accuracy table: ROC, precision and recall, with a legend that gives the area of each."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets

from aml_widgets.widgets.document_charts import (
    Curve,
    precision_recall_chart,
    precision_recall_curves,
    roc_chart,
    roc_curves,
)
from aml_widgets.widgets.documents import AccuracyTable
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.card_parts import choice_html
from aml_widgets.widgets.panels.controls import menu_html, picture_entries_html
from aml_widgets.widgets.panels.figure import COLOURS, N_COLOURS, ChartFigure
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import close_tree, markup
from aml_widgets.widgets.text import escape, name_text, shorten

_ROC, _PRECISION, _BOTH = "roc", "precision", "both"
_PROBABILITY, _PERCENTILE = "probability", "percentile"
_AVERAGES, _ALL, _CLASS = "averages", "all", "class:"
_MAX_CLASSES_AT_ONCE = 6
_MAX_DRAWN_CLASSES = 22
_MAX_CHOICES = 500


class AccuracyView:
    """One or two figures and what is chosen of them.

    Parameters
    ----------
    host : Host
        The view.
    card_id : str
        The card's name on the page.
    """

    def __init__(self, host: Host, card_id: str) -> None:
        self._host = host
        self._card_id = card_id
        self._wanted_curves = _BOTH
        self._is_tight = False
        self._by = _PROBABILITY
        self._classes = ""  # empty: all if they are few
        self._parts: dict[str, _CurvePart] = {}
        self.widget = ipywidgets.Box([])
        self.widget.add_class("aml-curves")

    @property
    def is_wide(self) -> bool:
        """Whether two figures lie beside each other."""
        return self._curves == _BOTH

    @property
    def _curves(self) -> str:
        return _ROC if self._is_tight and self._wanted_curves == _BOTH else self._wanted_curves

    def set_tight(self, *, is_tight: bool) -> None:
        """Say whether there is room for one figure only; the next `draw` follows it."""
        self._is_tight = is_tight
        if is_tight and len(self._parts) > 1:
            self._drop(_PRECISION if self._curves == _ROC else _ROC)

    def choose(self, action: str, value: str) -> None:
        """Take a choice of the user; it is drawn with the next `draw`."""
        if action == "curves" and value in (_ROC, _PRECISION, _BOTH):
            self._wanted_curves = value
        elif action == "by" and value in (_PROBABILITY, _PERCENTILE):
            self._by = value
        elif action == "classes":
            self._classes = value

    def draw(self, name: str, table: AccuracyTable) -> None:
        """Show the curves of a table."""
        tables = (table.by_percentile if self._by == _PERCENTILE else None) or table.by_probability
        tables = tables or table.by_percentile
        if tables is None:  # a parsed table has one of the two
            return
        chosen = self._chosen(table)
        if self._is_tight:
            self._drop(_PRECISION if self._curves == _ROC else _ROC)
        for which in (_ROC, _PRECISION):
            is_shown = self._curves in (which, _BOTH)
            if is_shown:
                part = self._part(which)
                is_roc = which == _ROC
                curves = (roc_curves if is_roc else precision_recall_curves)(tables, table.labels)
                picked = _pick(curves, chosen)
                part.figure.draw((roc_chart if is_roc else precision_recall_chart)(name, picked))
                name_of = "the ROC curve" if is_roc else "the precision\N{EN DASH}recall curve"
                key = f"{self._card_id} {which}"
                menu = menu_html(
                    f"Save {name_of}",
                    picture_entries_html(self._card_id, which),
                    key,
                    icon=icons.SAVE,
                    classes="aml-to-left",
                )
                part.legend.value = (
                    f'<div class="aml-curve-tools">{menu}</div>{_legend_html(picked, len(curves), is_roc=is_roc)}'
                )
            if which in self._parts:
                self._parts[which].widget.layout.display = None if is_shown else "none"

    def bar_html(self, table: AccuracyTable) -> str:
        """Write the controls."""
        both = (
            *(() if self._is_tight else ((_BOTH, "ROC and precision\N{EN DASH}recall"),)),
            (_ROC, "ROC"),
            (_PRECISION, "precision\N{EN DASH}recall"),
        )
        controls = choice_html(self._card_id, "curves", "Curves", both, self._curves)
        if table.by_probability is not None and table.by_percentile is not None:
            kinds = ((_PROBABILITY, "probability"), (_PERCENTILE, "percentile"))
            controls += choice_html(self._card_id, "by", "Thresholds by", kinds, self._by)
        if len(table.labels) > 1:
            classes = [
                (_ALL, "all classes"),
                (_AVERAGES, "averages"),
                *((f"{_CLASS}{place}", shorten(label, 40)) for place, label in enumerate(table.labels[:_MAX_CHOICES])),
            ]
            controls += choice_html(self._card_id, "classes", "Classes", classes, self._chosen(table))
        return f'<div class="aml-card-bar">{controls}</div>'

    def close(self) -> None:
        """Take the figures out of the page's care; the widgets are closed with the card."""
        for part in self._parts.values():
            part.figure.close()

    def _drop(self, which: str) -> None:
        part = self._parts.pop(which, None)
        if part is not None:
            self.widget.children = tuple(child for child in self.widget.children if child is not part.widget)
            part.figure.close()
            close_tree(part.widget)

    def _chosen(self, table: AccuracyTable) -> str:
        place = self._classes.removeprefix(_CLASS) if self._classes.startswith(_CLASS) else ""
        is_known = self._classes in (_ALL, _AVERAGES) or (place.isdecimal() and int(place) < len(table.labels))
        if is_known:
            return self._classes
        return _ALL if len(table.labels) <= _MAX_CLASSES_AT_ONCE else _AVERAGES

    def _part(self, which: str) -> _CurvePart:
        if which not in self._parts:
            self._parts[which] = _CurvePart(self._host, self._card_id, place=(_ROC, _PRECISION).index(which))
            self.widget.children = (*self.widget.children, self._parts[which].widget)
        return self._parts[which]


class _CurvePart:
    """One figure and its legend."""

    def __init__(self, host: Host, card_id: str, *, place: int) -> None:
        self.figure = ChartFigure(host, card_id)
        self.legend = markup("aml-card-foot")
        self.widget = ipywidgets.VBox([self.figure.widget, self.legend])
        self.widget.add_class("aml-curve")
        self.widget.layout.order = str(place)


def _pick(curves: Sequence[Curve], chosen: str) -> list[Curve]:
    averages = [curve for curve in curves if curve.is_average]
    classes = curves[len(averages) :]
    if chosen == _AVERAGES:
        return averages or list(classes[:1])
    if chosen.startswith(_CLASS):
        return [classes[int(chosen.removeprefix(_CLASS))]]
    # Classes first, so that each has the colour it would have without averages.
    return [*classes[:_MAX_DRAWN_CLASSES], *averages]


def _legend_html(curves: Sequence[Curve], n_all: int, *, is_roc: bool) -> str:
    area = "AUC" if is_roc else "AP"
    meaning = "area under the curve" if is_roc else "average precision"
    entries = "".join(
        f'<span class="aml-key" title="{escape(shorten(curve.label, 200))}">'
        f'<span class="aml-swatch aml-dash-{place // N_COLOURS}" style="--aml-swatch:{COLOURS[place % N_COLOURS]}"></span>'
        f"{escape(name_text(curve.label, 40))} "
        f'<span class="aml-number" title="{meaning}">{_area_text(area, curve.area)}</span></span>'
        for place, curve in enumerate(curves)
    )
    notes = []
    if len(curves) == _MAX_DRAWN_CLASSES + 2 and n_all > len(curves):
        notes.append(f"and {n_all - len(curves):,} more classes")
    if is_roc:
        notes.append("pale diagonal: chance")
    note = f'<div class="aml-note">{escape("; ".join(notes))}</div>' if notes else ""
    return f'<div class="aml-legend">{entries}</div>{note}'


def _area_text(area: str, value: float) -> str:
    return "not defined" if value != value else f"{area} {value:.3f}"  # noqa: PLR0124 - NaN
