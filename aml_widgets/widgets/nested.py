"""The view of another run inside of a view, and the way back: as deep as runs are nested."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import ipywidgets

from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.controls import button_html
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.text import escape, name_text

_MAX_CRUMB = 40


class InnerView(Protocol):
    """A view that can be shown inside of another one."""

    @property
    def widget(self) -> ipywidgets.VBox:
        """What is put on the page."""
        ...

    def refresh_now(self) -> None:
        """Begin to follow the run."""
        ...

    def close(self) -> None:
        """Stop following it and free its models."""
        ...


class Nest:
    """The place in a view where the view of another run is shown instead of its own body.

    The body is covered, not taken away, so it is as it was on the way back. Only the outermost view has the bar with the
    way back; its page answers it, and one lock guards all views from there on inwards.

    Parameters
    ----------
    root : VBox
        The view's element.
    page : Page
        The view's page.
    lock : threading.RLock
        The view's, and that of all views inside of it.
    run_id : str
        The run that the view shows.
    name : callable
        Gives the name that the run goes by now.
    make : callable
        Makes a view of a run, to be shown around nothing but this nest.
    around : Nest, optional
        The nest that the view itself lies in.
    """

    def __init__(
        self,
        root: ipywidgets.VBox,
        page: Page,
        lock: threading.RLock,
        *,
        run_id: str,
        name: Callable[[], str],
        make: Callable[[str, Nest], InnerView],
        around: Nest | None = None,
    ) -> None:
        self.lock = lock
        self._root = root
        self._name = name
        self._make = make
        self._around = around
        self._view: InnerView | None = None
        self._inner: Nest | None = None
        self._bar: ipywidgets.HTML | None = None
        self.run_id = run_id
        self.widget = ipywidgets.VBox([])
        self.widget.add_class("aml-nested")
        root.children = (*root.children, self.widget)
        if around is None:
            page.on("nested-back", lambda place, _value: self.go_back_to(int(place)))
        else:
            around._inner = self  # noqa: SLF001 - of the same class

    def open(self, run_id: str) -> None:
        """Show a run inside of the view; one that is on the way here already is gone back to."""
        trail = self._outermost().trail()
        place = next((place for place, nest in enumerate(trail) if nest.run_id == run_id), None)
        if place is not None:
            self._outermost().go_back_to(place)
            return
        self.leave()
        view = self._view = self._make(run_id, self)
        inner = view.widget  # makes its own nest, which the bar is to tell of
        if self._around is None:
            self._bar = self._bar or markup("aml-nested-bar")
            self.widget.children = (self._bar, inner)
        else:
            self.widget.children = (inner,)
        self._root.add_class("aml-is-nesting")
        self._outermost().tell()
        view.refresh_now()

    def go_back_to(self, place: int) -> None:
        """Close the views further in than the one at a place of the trail, counted from the outermost."""
        trail = self.trail()
        if 0 <= place < len(trail):
            trail[place].leave()

    def leave(self) -> None:
        """Close the view inside, if there is one, and show the own body again."""
        view, self._view = self._view, None
        if view is None:
            return
        self._inner = None
        self._root.remove_class("aml-is-nesting")
        self.widget.children = (self._bar,) if self._bar is not None else ()
        view.close()
        self._outermost().tell()

    def trail(self) -> list[Nest]:
        """Give the nests of all views from this one inwards."""
        return [self, *(self._inner.trail() if self._inner is not None else [])]

    def tell(self) -> None:
        """Write the bar: where the shown run lies, and the way back."""
        if self._bar is not None:
            self._bar.value = _bar_html([nest._name() for nest in self.trail()])  # noqa: SLF001 - of the same class

    def _outermost(self) -> Nest:
        return self if self._around is None else self._around._outermost()  # noqa: SLF001 - of the same class


def _bar_html(names: list[str]) -> str:
    if len(names) < 2:
        return ""
    back = button_html(
        f"\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK} Back to {name_text(names[-2], _MAX_CRUMB)}",
        "nested-back",
        str(len(names) - 2),
        classes="aml-nested-back",
    )
    crumbs = []
    for place, name in enumerate(names):
        text, title = escape(name_text(name, _MAX_CRUMB)), escape(name)
        if place == len(names) - 1:
            crumbs.append(f'<li><b class="aml-name" aria-current="page" title="{title}">{text}</b></li>')
        else:
            crumbs.append(
                f'<li><button type="button" class="aml-crumb aml-name" title="{title}" data-aml-do="nested-back" '
                f'data-aml-with="{place}" data-aml-key="crumb {place}">{text}</button></li>'
            )
    return f'<nav class="aml-crumbs" aria-label="Where this run lies">{back}<ol>{"".join(crumbs)}</ol></nav>'
