"""Which cards there are, and where each is seen."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping

import ipywidgets

from aml_widgets.widgets.panels import chart_controls
from aml_widgets.widgets.panels.cards import Card, make_card
from aml_widgets.widgets.panels.chart_card import ChartCard
from aml_widgets.widgets.panels.document_card import DocumentCard
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import close_tree, markup
from aml_widgets.widgets.panels.sections import CardPage, Section

MAX_CARDS = 30
LINE = "line"


class Slot:
    """A card and what it is for.

    Attributes
    ----------
    is_given : bool
        Whether the user holds its figure: then it is never another metric's, and lives as long as the view.
    """

    def __init__(self, kind: str, card_id: str, card: Card | ChartCard) -> None:
        self.kind, self.card_id, self.card = kind, card_id, card
        self.is_given = False

    @property
    def takes_row(self) -> bool:
        """Whether the card lies across the whole grid."""
        return not isinstance(self.card, ChartCard) and self.card.takes_row


class CardGrid:
    """Cards in a grid that follows the width of the cell.

    At most `MAX_CARDS` exist, beside those whose figures were given to the user. They keep their place in the grid's list
    for good, and `order` says where they are seen, because a list that changes in the middle makes the browser draw all
    that follows anew.

    Parameters
    ----------
    host : Host
        The view.

    Attributes
    ----------
    slots : dict
        By metric, also those of other pages that still exist.
    shown : tuple of str
        The metrics on the page.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._is_tight = False
        self._headings: list[ipywidgets.HTML] = []
        self._look: tuple[str, ...] = ()
        self.slots: dict[str, Slot] = {}
        self.shown: tuple[str, ...] = ()
        self.widget = ipywidgets.Box([], layout=ipywidgets.Layout(display="none"))
        self.widget.add_class("aml-grid")

    def place(self, page: CardPage, kinds: Mapping[str, str]) -> None:
        """Put cards and headings where they are seen, and hide the others."""
        wanted = set(page.names)
        orders: dict[ipywidgets.Widget, int] = {}
        headings = [section for section in page.sections if section.title]
        self._write_headings(headings)
        for section in page.sections:
            if section.title:
                orders[self._headings[headings.index(section)]] = len(orders)
            slots = []
            for name in section.names:
                slot = self.slots.get(name)
                if slot is None or slot.kind != kinds[name]:
                    slot = self._take(name, kinds[name], wanted)
                slots.append(slot)
            # After a card that begins a row, one across the whole grid would leave a gap.
            for slot in sorted(slots, key=lambda slot: slot.takes_row):
                orders[slot.card.widget] = len(orders)
        for widget in (*self._headings, *(slot.card.widget for slot in self.slots.values())):
            _show_at(widget, orders.get(widget))
        self._add(orders)
        self.shown = page.names

    def give(self, name: str) -> ChartCard:
        """Give the card of a metric that is drawn as lines, to be kept; on another page it is there, but not seen."""
        slot = self.slots.get(name)
        if slot is None or slot.kind != LINE:
            slot = self._take(name, LINE, self.shown)
            _show_at(slot.card.widget, None)
            self._add([slot.card.widget])  # so that it is closed with the grid
        slot.is_given = True
        assert isinstance(slot.card, ChartCard)
        return slot.card

    def to_draw(self, visible: Collection[str] | None) -> Iterator[tuple[str, Slot]]:
        """Give what is to be kept up to date: what is in sight, then what the user holds.

        Parameters
        ----------
        visible : collection of str or None
            The ids of cards that are in sight; None where that is not known, so that all on the page may be.
        """
        for name in self.shown:
            slot = self.slots.get(name)
            if slot is not None and (slot.is_given or visible is None or slot.card_id in visible):
                yield name, slot
        for name, slot in self.slots.items():
            if slot.is_given and name not in self.shown:
                yield name, slot

    def rows_taken(self) -> tuple[str, ...]:
        """Give the metrics on the page whose cards lie across the whole grid."""
        return tuple(name for name in self.shown if name in self.slots and self.slots[name].takes_row)

    def find(self, card_id: str) -> tuple[str | None, Slot | None]:
        """Give the metric and the place of a card; None for a card of another panel, or that is gone."""
        for name, slot in self.slots.items():
            if slot.card_id == card_id:
                return name, slot
        return None, None

    def look_like(self, *look: str) -> None:
        """Change the classes that say how large the cards are."""
        if look != self._look:
            rest = [name for name in self.widget._dom_classes if name not in self._look]  # noqa: SLF001 - ipywidgets' name
            self.widget._dom_classes = (*rest, *look)  # noqa: SLF001 - its methods change one class a message
            self._look = look

    def tighten(self, *, is_tight: bool) -> None:
        """Say whether cards of two figures have only one at a time."""
        self._is_tight = is_tight
        for slot in self.slots.values():
            if isinstance(slot.card, DocumentCard):
                slot.card.set_tight(is_tight=is_tight)

    def _write_headings(self, sections: list[Section]) -> None:
        while len(self._headings) < len(sections):
            self._headings.append(markup("aml-section-place"))
        for heading, section in zip(self._headings, sections, strict=False):
            heading.value = chart_controls.heading_html(section)

    def _take(self, name: str, kind: str, keep: Collection[str]) -> Slot:
        """Give a card to a metric: one that nobody looks at, or a new one while there may be more."""
        before = self.slots.pop(name, None)
        if before is not None and before.is_given:
            _show_at(before.card.widget, None)  # the user's, though its metric is a line no more
        elif before is not None:
            self._close(before)
        free = [other for other, slot in self.slots.items() if other not in keep and not slot.is_given]
        free.sort(key=lambda other: other in self.shown)
        reused = next((other for other in free if self.slots[other].kind == kind == LINE), None)
        n_slots = sum(not slot.is_given for slot in self.slots.values())
        if n_slots >= MAX_CARDS and reused is not None:
            slot = self.slots.pop(reused)
        else:
            if n_slots >= MAX_CARDS and free:
                self._close(self.slots.pop(free[0]))
            slot = self._make(kind)
        self.slots[name] = slot
        return slot

    def _make(self, kind: str) -> Slot:
        card_id = uuid.uuid4().hex[:12]
        card = ChartCard(self._host, card_id) if kind == LINE else make_card(kind, self._host, card_id)
        if isinstance(card, DocumentCard):
            card.set_tight(is_tight=self._is_tight)
        return Slot(kind, card_id, card)

    def _add(self, widgets: Collection[ipywidgets.Widget]) -> None:
        there = set(self.widget.children)
        missing = [widget for widget in widgets if widget not in there]
        if missing:
            self.widget.children = (*self.widget.children, *missing)

    def _close(self, slot: Slot) -> None:
        self.widget.children = tuple(child for child in self.widget.children if child is not slot.card.widget)
        slot.card.close()
        close_tree(slot.card.widget)


def _show_at(widget: ipywidgets.DOMWidget, place: int | None) -> None:
    layout = widget.layout
    display = "none" if place is None else None
    order = layout.order if place is None else str(place)
    if (layout.display, layout.order) != (display, order):
        with layout.hold_sync():
            layout.display, layout.order = display, order
