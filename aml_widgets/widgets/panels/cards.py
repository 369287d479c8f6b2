"""The cards of metrics that are no lines: tables, documents and pictures."""

from __future__ import annotations

from typing import Protocol

import ipywidgets

from aml_widgets.widgets.panels.document_card import DocumentCard
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.image_card import ImageCard
from aml_widgets.widgets.panels.table_card import TableCard
from aml_widgets.widgets.view_state import MetricState, ViewState


class Card(Protocol):
    """One metric's place among the charts. Its caller holds the view's lock."""

    widget: ipywidgets.DOMWidget

    @property
    def takes_row(self) -> bool:
        """Whether it lies across the whole grid."""
        ...

    def draw(self, metric: MetricState, state: ViewState) -> None:
        """Show a metric. Only what differs from what is shown goes to the browser."""
        ...

    def close(self) -> None:
        """Free what the card holds. May be called twice."""
        ...


def make_card(kind: str, host: Host, card_id: str) -> Card:
    """Make a card.

    Parameters
    ----------
    kind : str
        What `card_kind` says of the metric: ``table``, ``document`` or ``image``.
    host : Host
        The view.
    card_id : str
        The card's name on the page, without spaces.

    Raises
    ------
    ValueError
        For another kind.
    """
    if kind == "table":
        return TableCard(host, card_id)
    if kind == "document":
        return DocumentCard(host, card_id)
    if kind == "image":
        return ImageCard(host, card_id)
    raise ValueError(f"There is no card for a metric of kind {kind!r}; the kinds are table, document and image.")
