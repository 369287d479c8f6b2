"""The run browser in the sidebar of a JupyterLab that is open in the browser, as a test handles it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from playwright.sync_api import expect

from tests.e2e.lab import WAIT_MS, take_screenshot

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request

PANEL_ID = "jp-AmlRunBrowser"
LIGHT = "JupyterLab Light"


@dataclass
class Sidebar:
    """The panel, and what it opens in the main area."""

    page: Page

    # -- the page

    def wait_until_started(self) -> None:
        """Wait until JupyterLab has restored its layout, nothing covers it, and what is in front, such as the launcher, has the focus."""
        self.page.wait_for_function(
            """() => {
                const app = window.jupyterapp;
                if (!app) { return false; }
                if (window.amlIsRestored === undefined) {
                    window.amlIsRestored = false;
                    app.restored.then(() => { window.amlIsRestored = true; });
                }
                const hasFocus = app.shell.currentWidget !== null;
                return window.amlIsRestored && hasFocus && !document.getElementById('jupyterlab-splash');
            }""",
            timeout=WAIT_MS,
        )

    def execute(self, command: str, arguments: dict[str, object] | None = None) -> None:
        """Run a command of JupyterLab, and wait until it is done."""
        self.page.evaluate(
            "async ([command, given]) => { await window.jupyterapp.commands.execute(command, given); }",
            [command, arguments or {}],
        )

    def set_theme(self, theme: Literal["Light", "Dark", "Dark High Contrast"]) -> None:
        """Change the theme of JupyterLab, for this page and those that follow on this server."""
        name = f"JupyterLab {theme}"
        self.execute("apputils:change-theme", {"theme": name})
        self.page.wait_for_function(
            "(name) => document.body.dataset.jpThemeName === name && !document.getElementById('jupyterlab-splash')",
            arg=name,
        )

    def wait_until_saved(self, predicate: str) -> None:
        """Wait until what JupyterLab restores later, its data by their keys, is as a JavaScript function says.

        JupyterLab saves when nothing has changed for a moment: what is loaded anew before that comes back as it was earlier.
        """
        self.page.evaluate(
            """async ([predicate, waitMs]) => {
                const { workspaces } = window.jupyterapp.serviceManager;
                const name = JSON.parse(document.getElementById('jupyter-config-data').textContent).workspace;
                const isAsWanted = eval(predicate);
                const end = Date.now() + waitMs;
                let saved = null;
                while (Date.now() < end) {
                    saved = await workspaces.fetch(name).catch(() => null);
                    if (saved !== null && isAsWanted(saved.data)) { return; }
                    await new Promise((resolve) => setTimeout(resolve, 100));
                }
                throw new Error(`Saved is ${JSON.stringify(saved)}`);
            }""",
            [predicate, WAIT_MS],
        )

    def reload(self) -> None:
        """Load the page anew, without the ``reset`` that it was opened with; see `wait_until_saved`."""
        self.page.evaluate(
            """() => {
                const url = new URL(window.location.href);
                url.searchParams.delete('reset');
                window.history.replaceState(null, '', url);
            }"""
        )
        self.page.reload()
        self.wait_until_started()

    # -- the panel

    @property
    def panel(self) -> Locator:
        """The panel."""
        return self.page.locator(f"#{PANEL_ID}")

    @property
    def search_box(self) -> Locator:
        """Where one searches."""
        return self.panel.get_by_role("searchbox", name="Search runs")

    @property
    def grid(self) -> Locator:
        """The list."""
        return self.panel.locator(".jp-AmlRunBrowser-grid")

    @property
    def rows(self) -> Locator:
        """The lines that are drawn: those in sight and a few around them."""
        return self.panel.locator(".jp-AmlRunBrowser-row")

    @property
    def runs(self) -> Locator:
        """The lines of runs that are drawn."""
        return self.panel.locator(".jp-AmlRunBrowser-mod-run")

    @property
    def foot(self) -> Locator:
        """The line below the list that says how many there are."""
        return self.panel.locator(".jp-AmlRunBrowser-foot")

    def row(self, name: str) -> Locator:
        """Give the line of the run or experiment of this name, the whole name."""
        exact = self.page.locator(".jp-AmlRunBrowser-name").get_by_text(name, exact=True)
        return self.rows.filter(has=exact)

    def names(self) -> list[str]:
        """Give the names that are drawn, top to bottom."""
        found = self.rows.evaluate_all(
            """(rows) => rows
                .map((row) => [Number(row.dataset.index), row.querySelector('.jp-AmlRunBrowser-name')?.textContent])
                .sort((a, b) => a[0] - b[0])
                .map(([, name]) => name)
                .filter((name) => name !== undefined)"""
        )
        return cast("list[str]", found)

    def show(self) -> None:
        """Bring the panel to the front, as a click on its icon does."""
        if not self.panel.is_visible():
            self.page.locator(f'.jp-SideBar [data-id="{PANEL_ID}"]').click()
        expect(self.panel).to_be_visible()

    def hide(self) -> None:
        """Fold the sidebar."""
        self.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); }")
        expect(self.panel).to_be_hidden()

    def show_again(self) -> None:
        """Unfold the sidebar."""
        self.page.evaluate("() => { window.jupyterapp.shell.expandLeft(); }")
        expect(self.panel).to_be_visible()

    def pass_time(self, *, seconds: float) -> None:
        """Put the page's clock forward."""
        self.page.evaluate(
            "(ms) => { const now = Date.now; Date.now = () => now.call(Date) + ms; }", round(1000 * seconds)
        )

    def choose_workspace(self, key: str) -> None:
        """Look into a workspace."""
        self.panel.locator(".jp-AmlRunBrowser-workspaces").select_option(key)
        self.wait_until_read()

    def choose_scope(self, scope: Literal["Experiments", "All runs", "Notebook"]) -> None:
        """Choose what is listed."""
        self.panel.get_by_role("radio", name=scope).click()
        self.wait_until_read()

    def search(self, text: str) -> None:
        """Search, and wait for the answer."""
        self.search_box.fill(text)
        self.search_box.press("Enter")
        self.wait_until_read()

    def wait_until_read(self) -> None:
        """Wait until no answer of the server is awaited and no line is empty."""
        expect(self.panel.locator('.jp-AmlRunBrowser-progress[data-busy="false"]')).to_be_attached()
        expect(self.panel.locator(".jp-AmlRunBrowser-mod-gap")).to_have_count(0)

    def menu_item(self, label: str) -> Locator:
        """Give the entry of the context menu that begins so."""
        return self.page.locator(".lm-Menu-item:not(.lm-mod-hidden)", has_text=re.compile(f"^{re.escape(label)}"))

    def close_menu(self) -> None:
        """Close the context menu that is open, by a click beside it."""
        self.panel.locator(".jp-AmlRunBrowser-title").click()
        expect(self.page.locator(".lm-Menu")).to_have_count(0)

    def choose_from_menu(self, label: str, *, row: Locator | None = None) -> None:
        """Choose from the context menu of a line, of the first chosen one if none is given."""
        chosen = self.panel.locator(".jp-AmlRunBrowser-row.jp-mod-selected").first
        (chosen if row is None else row).click(button="right")
        self.menu_item(label).first.click()

    def open_run(self, name: str) -> None:
        """Open the page of a run, as a double click does."""
        self.row(name).dblclick()

    def resize(self, width: int) -> None:
        """Give the sidebar a width, in pixels, by its handle."""
        handle = self.page.locator("#jp-main-split-panel > .lm-SplitPanel-handle:not(.lm-mod-hidden)").first
        place, panel = handle.bounding_box(), self.panel.bounding_box()
        assert place is not None
        assert panel is not None
        x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + width - panel["width"], y, steps=4)
        self.page.mouse.up()

    @contextmanager
    def requests(self) -> Iterator[list[str]]:
        """Collect what the page asks of the server extension, without the clock that JupyterLab adds."""
        found: list[str] = []

        def note(request: Request) -> None:
            if "/aml-widgets/api/" in request.url:
                found.append(request.url.partition("/aml-widgets/api/")[2].partition("?")[0])

        self.page.on("request", note)
        try:
            yield found
        finally:
            self.page.remove_listener("request", note)

    # -- pictures

    def screenshot(self, name: str, *, of: Locator | None = None) -> Path | None:
        """Take a picture of the page, or of a part of it, into the folder that AML_WIDGETS_SCREENSHOTS names."""
        return take_screenshot(self.page, name, of=of)

    def close(self) -> None:
        """Go back to the light theme, for the tests that follow."""
        if self.page.evaluate("() => document.body.dataset.jpThemeName") not in {None, LIGHT}:
            self.set_theme("Light")
