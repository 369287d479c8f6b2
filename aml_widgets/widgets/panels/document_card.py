"""A document of v1 as a card: confusion matrix, accuracy table, residuals and predictions."""

from __future__ import annotations

from collections import OrderedDict

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.core.records import MetricKind
from aml_widgets.widgets.document_charts import predictions_chart, predictions_text, residuals_chart, residuals_text
from aml_widgets.widgets.documents import (
    AccuracyTable,
    ConfusionMatrix,
    Document,
    Residuals,
    WrongDocument,
    parse_document,
)
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.accuracy_view import AccuracyView
from aml_widgets.widgets.panels.card_parts import (
    ALL_PLACES,
    CardBox,
    action_html,
    choice_html,
    file_chunks,
    head_html,
    is_pinned,
    pin_html,
    trouble_html,
)
from aml_widgets.widgets.panels.controls import menu_html, picture_entries_html
from aml_widgets.widgets.panels.figure import ChartFigure
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.matrix_html import BOTH, COUNTS, RATES, accuracy_text, matrix_html, width_of
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.versions import Version, Versions
from aml_widgets.widgets.text import escape, size_text
from aml_widgets.widgets.view_state import MetricState, ViewState

MAX_DOCUMENT_BYTES = 5_000_000

_MAX_KEPT_DOCUMENTS = 4
_WIDTH_OF_ONE_PLACE, _WIDTH_OF_TWO_PLACES = 236, 500  # of a matrix, in pixels

_WITH_FIGURE = frozenset({MetricKind.RESIDUALS, MetricKind.PREDICTIONS})
_KINDS = {
    MetricKind.CONFUSION_MATRIX: "confusion matrix",
    MetricKind.ACCURACY_TABLE: "accuracy table",
    MetricKind.RESIDUALS: "residuals",
    MetricKind.PREDICTIONS: "predicted against true",
}
# Figures are made when they are needed, and put at the end of the card's list; the foot is seen below them.
_ORDER_OF_FIGURES, _ORDER_OF_FOOT = "1", "2"
_MATRIX_CHOICES = ((COUNTS, "counts"), (RATES, "rates of the true class"), (BOTH, "counts and rates"))


class DocumentCard:
    """The newest document of a name; earlier ones are a click away.

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
        self._versions = Versions(host)
        self._read: OrderedDict[str, Document] = OrderedDict()
        self._metric: MetricState | None = None
        self._total = 0
        self._version: Version | None = None
        self._is_missing = False
        self._is_pinned = False
        self._matrix_shows = COUNTS
        self._head = markup("aml-card-head")
        self._bar = markup("aml-card-controls")
        self._body = markup("aml-document")
        self._foot = markup("aml-card-foot")
        self._foot.layout.order = _ORDER_OF_FOOT
        self._figure: ChartFigure | None = None
        self._accuracy: AccuracyView | None = None
        self._is_tight = False
        self._box = CardBox(host, card_id, self._answer, [self._head, self._bar, self._body, self._foot])
        self.widget = self._box.widget

    def draw(self, metric: MetricState, state: ViewState) -> None:
        """Show a document of a metric."""
        size = self._size_in(state)
        is_there_now = self._is_missing and size is not None
        is_pinned_now = is_pinned(self._host, metric.name)
        if metric is self._metric and not is_there_now and is_pinned_now == self._is_pinned:
            return
        self._is_pinned = is_pinned_now
        if self._metric is None or self._metric.name != metric.name:
            self._versions = Versions(self._host)
            self._read.clear()
        self._metric = metric
        self._draw()

    def close(self) -> None:
        """Free the card's widgets. May be called twice."""
        if self._figure is not None:
            self._figure.close()
        if self._accuracy is not None:
            self._accuracy.close()
        self._box.close()

    def set_tight(self, *, is_tight: bool) -> None:
        """Say whether there is room for one figure only, because there are many cards."""
        if is_tight == self._is_tight:
            return
        self._is_tight = is_tight
        if self._accuracy is not None:
            self._accuracy.set_tight(is_tight=is_tight)
            self._draw()

    @property
    def takes_row(self) -> bool:
        """Whether it lies across the whole grid."""
        return self._box.takes_row

    def _size_in(self, state: ViewState) -> int | None:
        record = state.artifacts.get(self._version.path or "") if self._version else None
        return record.size_bytes if record else None

    def _answer(self, action: str, value: str) -> None:
        version = self._version
        place = version.place if version is not None else 0
        if action == "previous":
            self._versions.go_to(place - 1, self._total)
        elif action == "next":
            self._versions.go_to(place + 1, self._total)
        elif action == "matrix" and value in {one for one, _ in _MATRIX_CHOICES}:
            self._matrix_shows = value
        elif action == "file" and version is not None and version.path is not None:
            name = version.path.rpartition("/")[2]
            self._host.page.send_file(
                name if "." in name else f"{name}.json",
                "application/json",
                file_chunks(self._host, version.path),
            )
            return
        elif self._accuracy is not None:
            self._accuracy.choose(action, value)
        self._draw()

    def _draw(self) -> None:
        metric = self._metric
        if metric is None:
            return
        try:
            version = self._versions.find(metric)
            self._version, self._total = version, version.total
            document = self._document(metric.kind, version)
        except AmlWidgetsError as error:
            self._is_missing = True  # it may come
            self._say(metric, error.message)
            return
        except WrongDocument as error:
            self._is_missing = False
            self._say(metric, str(error))
            return
        self._is_missing = False
        self._head.value = head_html(metric.name, _kind_text(metric), self._tools_html())
        self._show(metric.name, document)

    def _document(self, kind: MetricKind, version: Version) -> Document:
        path = version.path
        if path is None:
            raise WrongDocument("What was logged is no path of a file.")
        if path in self._read:
            self._read.move_to_end(path)
            return self._read[path]
        content = self._host.read_artifact(path, 0, MAX_DOCUMENT_BYTES + 1)
        if len(content) > MAX_DOCUMENT_BYTES:
            raise WrongDocument(f"The file is larger than {size_text(MAX_DOCUMENT_BYTES)}, which is too much to show.")
        document = self._read[path] = parse_document(kind, content)
        if len(self._read) > _MAX_KEPT_DOCUMENTS:
            self._read.popitem(last=False)
        return document

    def _say(self, metric: MetricState, why: str) -> None:
        path = self._version.path if self._version else None
        self._head.value = head_html(metric.name, _kind_text(metric), self._tools_html())
        self._set_parts(body=trouble_html("This document cannot be shown", why, path))

    def _set_parts(self, *, bar: str = "", body: str = "", foot: str = "") -> None:
        """Fill the card; figures that are not drawn afterwards are out of sight."""
        set_markup(self._bar, bar)
        set_markup(self._body, body)
        set_markup(self._foot, foot)
        if self._figure is not None:
            self._figure.widget.layout.display = "none"
        if self._accuracy is not None:
            self._accuracy.widget.layout.display = "none"

    def _show(self, name: str, document: Document) -> None:
        if isinstance(document, ConfusionMatrix):
            self._box.take_places(_places_of(document))
            choice = choice_html(self._card_id, "matrix", "Show", _MATRIX_CHOICES, self._matrix_shows)
            bar = f'<div class="aml-card-bar">{choice}<span class="aml-note">{escape(accuracy_text(document))}</span></div>'
            self._set_parts(bar=bar, body=matrix_html(document, self._matrix_shows, self._card_id))
        elif isinstance(document, AccuracyTable):
            self._show_accuracy(name, document)
        elif isinstance(document, Residuals):
            self._set_parts(foot=_note_html(residuals_text(document)))
            self._shown_figure().draw(residuals_chart(name, document))
        else:
            self._set_parts(foot=_note_html(predictions_text(document)))
            self._shown_figure().draw(predictions_chart(name, document))

    def _show_accuracy(self, name: str, document: AccuracyTable) -> None:
        self._set_parts()
        if self._accuracy is None:
            self._accuracy = AccuracyView(self._host, self._card_id)
            self._accuracy.set_tight(is_tight=self._is_tight)
            self._accuracy.widget.layout.order = _ORDER_OF_FIGURES
            self.widget.children = (*self.widget.children, self._accuracy.widget)
        self._accuracy.widget.layout.display = None
        self._accuracy.draw(name, document)
        set_markup(self._bar, self._accuracy.bar_html(document))
        set_markup(self._foot, "")
        self._box.take_places(ALL_PLACES if self._accuracy.is_wide else 1)

    def _shown_figure(self) -> ChartFigure:
        if self._figure is None:
            self._figure = ChartFigure(self._host, self._card_id)
            self._figure.widget.layout.order = _ORDER_OF_FIGURES
            self.widget.children = (*self.widget.children, self._figure.widget)
        self._figure.widget.layout.display = None
        return self._figure

    def _tools_html(self) -> str:
        version = self._version
        pin = pin_html(self._host, self._card_id, self._metric.name) if self._metric is not None else ""
        if version is None:
            return pin
        tools = ""
        if version.total > 1:
            is_first, is_last = version.place == 0, version.place == version.total - 1
            place = escape(f"{version.place + 1:,} of {version.total:,}")
            tools = (
                action_html(self._card_id, "previous", "The one before", icon=icons.PREVIOUS, is_disabled=is_first)
                + f'<span class="aml-note aml-number" role="status">{place}</span>'
                + action_html(self._card_id, "next", "The one after", icon=icons.NEXT, is_disabled=is_last)
            )
        tools += pin
        if version.path is not None and not self._is_missing:
            if self._metric is None or self._metric.kind not in _WITH_FIGURE:
                tools += action_html(self._card_id, "file", "Save the file", icon=icons.SAVE)
            else:
                entries = picture_entries_html(self._card_id) + action_html(self._card_id, "file", "Save the file")
                tools += menu_html("Save", entries, f"document {self._card_id}", icon=icons.SAVE, classes="aml-to-left")
        return tools


def _kind_text(metric: MetricState) -> str:
    kind = _KINDS.get(metric.kind, "")
    return "" if metric.name.replace("_", " ").lower() == kind else kind


def _places_of(matrix: ConfusionMatrix) -> int:
    width = width_of(matrix)
    return 1 if width <= _WIDTH_OF_ONE_PLACE else 2 if width <= _WIDTH_OF_TWO_PLACES else ALL_PLACES


def _note_html(text: str) -> str:
    return f'<div class="aml-note">{escape(text)}</div>'
