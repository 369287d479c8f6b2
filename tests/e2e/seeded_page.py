"""A bench for the browser tests of the page: controls of each kind in a view of two tabs, and what the kernel heard of them."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator

import bqplot
import ipywidgets
from IPython.display import display

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.widgets.page import MISSING_HTML, Page
from aml_widgets.widgets.panels.controls import (
    button_html,
    check_html,
    choice_html,
    confirm_html,
    menu_html,
    select_html,
    slider_html,
    text_html,
)
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.panels.tabs import Tab, TabsPanel
from aml_widgets.widgets.run_view import _style_sheet
from aml_widgets.widgets.subshells import answer_in_subshell
from aml_widgets.widgets.view_state import ViewState


class _Pane:
    def __init__(self, *children: ipywidgets.Widget) -> None:
        self.widget = ipywidgets.VBox(list(children))

    def update(self, state: ViewState) -> None:
        pass


class Bench:
    """A view with one control of each kind. `heard` is what they asked for; each answer is written into the view."""

    def __init__(self) -> None:
        self.page = Page(threading.RLock())
        self.heard: list[tuple[str, str, str]] = []
        self.controls, self.said, self.files = markup("aml-bench"), markup("aml-said"), markup()
        for verb in ("press", "plain", "pick", "tick", "find", "slide", "size", "drop", "item"):
            self.page.on(verb, self._answer(verb))
        self.page.on("fail", self._fail)
        self.page.on("save", lambda _argument, _value: self.page.send_file("big <b>.bin", "text/plain", self.content()))
        self.page.on("save-half", lambda _argument, _value: self.page.send_file("half.bin", "text/plain", self.half()))
        line = bqplot.Lines(x=[0, 1], y=[0, 1], scales={"x": bqplot.LinearScale(), "y": bqplot.LinearScale()})
        figure = bqplot.Figure(marks=[line], layout=ipywidgets.Layout(width="100%", height="200px"))
        card = ipywidgets.VBox([figure])
        card.add_class("aml-card")
        card.add_class("aml-card-id-late")
        first = ipywidgets.VBox([markup()])
        first.add_class("aml-card")
        first.add_class("aml-card-id-first")
        first.children[0].value = "a card"
        self.first_pane = _Pane(self.controls, self.said, self.files, first)
        self.titles = ["First", "Second"]
        tabs = [
            Tab(key="first", title=lambda _: self.titles[0], panels=[self.first_pane]),
            Tab(key="second", title=lambda _: self.titles[1], panels=[_Pane(card)]),
        ]
        self.tabs = TabsPanel(tabs)
        self.page.on("tab", self._answer("tab"))
        self.write()
        style, missing = markup(), markup("aml-missing")
        style.value = f"<style>{_style_sheet()}</style>"
        missing.value = MISSING_HTML
        body = ipywidgets.VBox([self.tabs.widget])
        body.add_class("aml-body")
        self.root = ipywidgets.VBox([style, missing, body, self.page.widget])
        self.root.add_class("aml-run")
        answer_in_subshell(self.root)
        self.tabs.update_bar(ViewState(run_id="bench"))

    def write(self, note: str = "") -> None:
        """Write the controls anew, all with what they had at first."""
        fields = [
            button_html("Press", "press", "it"),
            button_html("Pressed", "press", "on", is_pressed=True),
            button_html("Off", "press", "off", is_disabled=True),
            button_html("Star", "press", "star", icon="\u2605"),
            '<span tabindex="0" role="button" data-aml-do="plain" data-aml-key="plain">no button</span>',
            confirm_html("Drop", "drop", "all", question="Drop all of it?", classes="aml-is-danger"),
            select_html("Pick", "pick", [("a", "Apple"), ("b", "Pear")], "a"),
            check_html("Tick", "tick", is_checked=False),
            text_html("Find", "find", placeholder="Find"),
            slider_html("Slide", "slide", 10, low=0, high=100, step=1, shows="{} %"),
            choice_html("Size", "size", [("s", "Small"), ("m", "Medium"), ("l", "Large")], "m"),
            menu_html("More", button_html("Item one", "item", "1") + button_html("Item two", "item", "2"), "more"),
            button_html("Fail", "fail"),
            button_html("Save", "save"),
            button_html("Save half", "save-half"),
        ]
        fold = f'<details data-aml-key="fold"><summary>More on this</summary>unfolded{note}</details>'
        box = (
            '<div data-aml-key="box" tabindex="0" style="height:60px;overflow:auto">'
            + "<br>".join(f"row {row}" for row in range(50))
            + "</div>"
        )
        bar = f'<div style="display:flex;flex-wrap:wrap;gap:6px;align-items:center">{"".join(fields)}</div>'
        self.controls.value = f"{bar}{fold}{box}<p class='aml-words'>words that somebody selects</p><i>{note}</i>"

    def retitle(self, title: str) -> None:
        """Change the title of the second tab."""
        self.titles[1] = title
        self.tabs.update_bar(ViewState(run_id="bench"))

    def content(self) -> Iterator[bytes]:
        """Give 20 MB that are the same each time."""
        source = random.Random(3)
        for _ in range(20):
            yield source.randbytes(1_000_003)

    def digest(self) -> str:
        """Give what the content sums up to."""
        whole = hashlib.sha256()
        for chunk in self.content():
            whole.update(chunk)
        return whole.hexdigest()

    def half(self) -> Iterator[bytes]:
        """Give the beginning of a file, and fail."""
        yield bytes(3_000_000)
        raise StoreUnavailable("the disk <b>went</b> away")

    def show(self) -> None:
        """Show the view in the running cell."""
        display(self.root)  # type: ignore[no-untyped-call]  # IPython's

    def _answer(self, verb: str) -> Callable[[str, str], None]:
        def answer(argument: str, value: str) -> None:
            self.heard.append((verb, argument, value))
            self.said.value = f"heard {len(self.heard)}: {verb} {argument} {value}".strip()

        return answer

    def _fail(self, argument: str, value: str) -> None:
        raise RuntimeError("this cannot be done")


def compute(seconds: float) -> None:
    """Compute in pure Python for a while."""
    until = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < until:
        number = (number * 31 + 7) % 1_000_003
