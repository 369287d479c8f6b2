"""What all panels have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import ipywidgets

from aml_widgets.widgets.view_state import ViewState


class Panel(Protocol):
    """One part of the widget. Its caller holds the view's lock."""

    @property
    def widget(self) -> ipywidgets.Widget:
        """What is put on the page."""
        ...

    def update(self, state: ViewState) -> None:
        """Show a state. Only what differs from what is shown goes to the browser."""
        ...


def markup(*classes: str) -> ipywidgets.HTML:
    """Make a place for HTML. Whatever is put there must have been escaped."""
    place = ipywidgets.HTML(layout=ipywidgets.Layout(margin="0", width="auto", min_width="0"))
    for name in classes:
        place.add_class(name)
    return place


def set_markup(place: ipywidgets.HTML, value: str) -> None:
    """Fill a place for HTML, and take it out of the page's flow while it is empty."""
    place.value = value  # traitlets sends nothing where nothing changed
    place.layout.display = None if value else "none"


def close_tree(root: ipywidgets.Widget) -> None:
    """Close a widget and all that it is made of, so that kernel and page forget them."""
    found: dict[int, ipywidgets.Widget] = {}
    waiting = [root]
    while waiting:
        widget = waiting.pop()
        if id(widget) not in found:
            found[id(widget)] = widget
            waiting.extend(_widgets_in([getattr(widget, key) for key in widget.keys]))
    for widget in found.values():
        widget.close()


def _widgets_in(values: object) -> Iterator[ipywidgets.Widget]:
    if isinstance(values, ipywidgets.Widget):
        yield values
    elif isinstance(values, dict):
        for value in values.values():
            yield from _widgets_in(value)
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from _widgets_in(value)
