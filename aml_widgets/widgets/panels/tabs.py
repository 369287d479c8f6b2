"""The tabs of a view. Changing between them is the browser's business alone, so it never waits for the kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets

from aml_widgets.widgets.panels.parts import Panel, markup
from aml_widgets.widgets.text import escape
from aml_widgets.widgets.view_state import ViewState


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One tab: `key` is its name in HTML and settings, `title` what it reads."""

    key: str
    title: Callable[[ViewState], str]
    panels: Sequence[Panel]


class TabsPanel:
    """A bar of tabs and a pane for each. All panes lie on the page, the page shows one."""

    def __init__(self, tabs: Sequence[Tab], *, chosen: str = "") -> None:
        self._tabs = tabs
        self._bar = markup("aml-tabbar")
        panes = []
        first = self._first = chosen if any(tab.key == chosen for tab in tabs) else tabs[0].key
        for tab in tabs:
            pane = ipywidgets.VBox([panel.widget for panel in tab.panels])
            pane.add_class("aml-pane")
            pane.add_class(f"aml-pane-{tab.key}")
            if tab.key == first:
                pane.add_class("aml-pane-first")  # what is shown until the page has its say
            panes.append(pane)
        self.widget = ipywidgets.VBox([self._bar, *panes])
        self.widget.add_class("aml-tabs")

    def update_bar(self, state: ViewState) -> None:
        """Write the tabs' titles."""
        buttons = "".join(_tab_html(tab.key, tab.title(state), is_shown=tab.key == self._first) for tab in self._tabs)
        self._bar.value = f'<div role="tablist" aria-label="Parts of the run" class="aml-tablist">{buttons}</div>'


def _tab_html(key: str, title: str, *, is_shown: bool) -> str:
    # The page marks the one that it shows, in each place of the view; until it does, this is the one.
    return (
        f'<button type="button" role="tab" class="aml-tab" data-aml-tab="{escape(key)}" data-aml-title="{escape(title)}" '
        f'data-aml-key="tab {escape(key)}" aria-selected="{"true" if is_shown else "false"}">{escape(title)}</button>'
    )
