"""One page of the browser for the tests that follow each other.

JupyterLab takes a page that has loaded it before half the time, and one where it is still loaded none. A test is given the page as a new
one is: nothing that an earlier test opened, set or listens to is there. After a test that failed it is another page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.e2e.lab import WAIT_MS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

VIEWPORT = {"width": 1280, "height": 1000}

# Only what stands in the main area is closed: where anything else was opened, the page is loaded anew.
CLEAR_MAIN_AREA = """async () => {
    const app = window.jupyterapp;
    const isOther = document.querySelector('.jp-Dialog, .Toastify__toast, .lm-Menu, .jp-NotebookPanel, .jp-FileEditor');
    if (!app || isOther || document.body.dataset.jpThemeName !== 'JupyterLab Light') { return false; }
    for (const widget of [...app.shell.widgets('main')]) { widget.close(); }
    const end = Date.now() + 5000;
    while (document.querySelector('.jp-AmlRunPage, .jp-AmlCompare') && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return !document.querySelector('.jp-AmlRunPage, .jp-AmlCompare');
}"""


class KeptPage:
    """The page, made when it is first needed.

    Parameters
    ----------
    browser : Browser
        What it is opened in.

    Attributes
    ----------
    lab_url : str or None
        The server whose JupyterLab is loaded and was not changed but for its main area; None where that is not sure.
    is_spent : bool
        Whether the next test has to be given another page.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self.lab_url: str | None = None
        self.is_spent = False

    @contextmanager
    def for_one_test(self) -> Iterator[Page]:
        """Give the page to a test."""
        page = self._open()
        page.set_viewport_size({"width": VIEWPORT["width"], "height": VIEWPORT["height"]})
        yield page
        if self.is_spent:
            self.close()
            return
        page.unroute_all()
        for other in page.context.pages:
            if other is not page:
                other.close()
        page.context.clear_permissions()

    def goto(self, url: str) -> None:
        """Open an address as somebody who has not logged in."""
        self.lab_url = None
        page = self._open()
        page.context.clear_cookies()  # those of two servers on one host are mixed up
        page.goto(url)

    def clear_lab(self, lab_url: str) -> bool:
        """Make JupyterLab of a server as it was when it was loaded; False where it has to be loaded for that."""
        return self.lab_url == lab_url and bool(self._open().evaluate(CLEAR_MAIN_AREA))

    def close(self) -> None:
        """Close the page; the next test is given another one."""
        if self._context is not None:
            self._context.close()
        self._context = self._page = self.lab_url = None
        self.is_spent = False

    def _open(self) -> Page:
        if self._page is None:
            self._context = new_context(self._browser)
            self._page = self._context.new_page()
        return self._page


def new_context(browser: Browser) -> BrowserContext:
    """Make a profile of its own, whose pages are wide enough for a notebook and its sidebar."""
    context = browser.new_context(viewport={"width": VIEWPORT["width"], "height": VIEWPORT["height"]})
    context.set_default_timeout(WAIT_MS)
    return context
