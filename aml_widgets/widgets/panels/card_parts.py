"""What the cards of tables, documents and pictures have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import ipywidgets

from aml_widgets.core.pieces import read_pieces
from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.controls import button_html, select_html, slider_html
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import close_tree
from aml_widgets.widgets.text import escape, name_text, shorten

ALL_PLACES = 100  # more than any grid has
Answer = Callable[[str, str], None]


class CardBox:
    """A card on the page, and who answers its controls.

    Parameters
    ----------
    host : Host
        The view.
    card_id : str
        The card's name on the page.
    answer : callable
        Told of each of the card's controls that is used: which action, and the control's value.
    children : sequence of widgets
        What lies on the card.
    """

    def __init__(self, host: Host, card_id: str, answer: Answer, children: Sequence[ipywidgets.Widget]) -> None:
        self._host = host
        self._verb = _verb(card_id)
        self._places = 1
        self.widget = ipywidgets.VBox(list(children))
        self.widget.add_class("aml-card")
        self.widget.add_class(f"aml-card-id-{card_id}")
        host.page.on(self._verb, answer)

    @property
    def takes_row(self) -> bool:
        """Whether the card lies across the whole grid."""
        return self._places == ALL_PLACES

    def take_places(self, places: int) -> None:
        """Give the card one place of its row, two where there is room, or `ALL_PLACES`."""
        for count, name in ((2, "aml-card-double"), (ALL_PLACES, "aml-card-wide")):
            if (places == count) != (self._places == count):
                (self.widget.add_class if places == count else self.widget.remove_class)(name)
        self._places = places

    def close(self) -> None:
        """Free all widgets of the card. May be called twice."""
        self._host.page.off(self._verb)
        close_tree(self.widget)


def is_pinned(host: Host, name: str) -> bool:
    """Whether the user wants the metric at the top."""
    return name in host.settings.value.pinned


def pin_html(host: Host, card_id: str, name: str) -> str:
    """Write the button that pins a card to the top; the charts' panel, which places all cards, answers it."""
    is_up = is_pinned(host, name)
    title = "Take it from the top" if is_up else "Pin to the top"
    label = f"{title}: {name_text(name, 200)}"
    return button_html(label, "chart-pin", card_id, title=title, is_pressed=is_up, icon=icons.PIN)


def head_html(name: str, note: str = "", tools: str = "") -> str:
    """Write the head of a card: the metric's name, something about it, and buttons."""
    said = f' <span class="aml-note">{escape(note)}</span>' if note else ""
    ours = f'<span class="aml-card-tools">{tools}</span>' if tools else ""
    return f'<span class="aml-name" title="{escape(name)}">{escape(name_text(name, 200))}{said}</span>{ours}'


def trouble_html(what: str, why: str, path: str | None = None) -> str:
    """Say in place what cannot be shown and why, and which file it is about."""
    file = f'<div class="aml-note">File: <code>{escape(shorten(path, 400))}</code></div>' if path else ""
    return (
        f'<div class="aml-trouble aml-look-warn"><b>{escape(what)}.</b> '
        f'<span class="aml-text">{escape(shorten(why, 600))}</span>{file}</div>'
    )


def action_html(
    card_id: str, action: str, label: str, *, title: str = "", icon: str = "", is_disabled: bool = False
) -> str:
    """Write a button of a card."""
    return button_html(label, _verb(card_id), action, title=title, icon=icon, is_disabled=is_disabled)


def choice_html(card_id: str, action: str, label: str, options: Sequence[tuple[str, str]], value: str) -> str:
    """Write a drop-down of a card."""
    return select_html(label, _verb(card_id), options, value, argument=action)


def file_chunks(host: Host, path: str) -> Iterator[bytes]:
    """Read one of the run's files piece by piece. Raises ArtifactNotFound when the first one is asked for."""
    size_bytes = host.store.artifacts.size(host.run_id, path) or 0
    yield from read_pieces(host.read_artifact, path, size_bytes)


def slide_html(card_id: str, action: str, label: str, place: int, total: int, shown: str) -> str:
    """Write a slider over places from 1 to `total`."""
    return slider_html(label, _verb(card_id), place, low=1, high=total, step=1, argument=action, shown=shown)


def _verb(card_id: str) -> str:
    return f"card-{card_id}"
