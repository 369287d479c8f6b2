"""What all panels have in common."""

from __future__ import annotations

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
