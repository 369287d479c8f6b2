"""A real JupyterLab server and a real Chromium for the browser tests.

Two small fixtures of our own instead of a plugin: Playwright's plugin and warnings as errors do not go together.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect, sync_playwright

from tests.e2e.kept_page import KeptPage, new_context
from tests.e2e.lab import CHROMIUM_FLAGS, WAIT_MS, BrowserMissing, LabServer, NotebookPage, find_chromium, start_lab
from tests.e2e.seeded_runs import SeededWorkspace, open_workspace, seed_few, seed_hostile, seed_many
from tests.e2e.sidebar import Sidebar

OpenNotebook = Callable[..., NotebookPage]
OpenSidebar = Callable[..., Sidebar]
OpenRun = Callable[..., Locator]

BASE_URL = "/a%40b/"
"""The base URL of the run browser's server: what JupyterHub gives to the user ``a@b``."""
HAS_FAILED = pytest.StashKey[bool]()
SHORTCUTS_ERROR = "Cannot read properties of undefined (reading 'schema')"


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab server for all browser tests, isolated from whoever runs them."""
    server = start_lab(tmp_path_factory.mktemp("lab"))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def browser_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A server for all tests of the run browser: with a base URL that has to be quoted right, and quick to tell what is new."""
    server = start_lab(
        tmp_path_factory.mktemp("browser_lab"),
        base_url=BASE_URL,
        options=["--RunBrowserApp.min_interval_seconds=0.2"],
    )
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def few_runs(browser_lab: LabServer) -> SeededWorkspace:
    """The workspace ``few``: two experiments with a run of each status, for tests that only look."""
    workspace = open_workspace(browser_lab, "few")
    seed_few(workspace.store)
    return workspace


@pytest.fixture(scope="session")
def many_runs(browser_lab: LabServer) -> SeededWorkspace:
    """The workspace ``many`` with 10,000 runs, for tests that only look."""
    workspace = open_workspace(browser_lab, "many")
    seed_many(workspace.store)
    return workspace


@pytest.fixture(scope="session")
def hostile_runs(browser_lab: LabServer) -> SeededWorkspace:
    """The workspace ``hostile``: texts that want to be markup, as everything that can be called something."""
    workspace = open_workspace(browser_lab, "hostile")
    seed_hostile(workspace.store)
    return workspace


@pytest.fixture
def own_workspace(browser_lab: LabServer) -> SeededWorkspace:
    """An empty workspace for one test that changes its runs."""
    return open_workspace(browser_lab, f"own-{uuid.uuid4().hex[:8]}")


# Package, not session: while it is open, Playwright keeps an event loop running in the main thread, and tests of other
# folders have loops of their own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests fail, they are never skipped."""
    try:
        program = find_chromium()
    except BrowserMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    expect.set_options(timeout=WAIT_MS)  # the usual five seconds are short for a kernel that starts on a busy machine
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_FLAGS))
        try:
            yield chromium
        finally:
            chromium.close()


@pytest.fixture(scope="package")
def kept_page(browser: Browser) -> Iterator[KeptPage]:
    """The page that one test after the other is given."""
    kept = KeptPage(browser)
    yield kept
    kept.close()


@pytest.fixture
def page(kept_page: KeptPage, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that is as a new one is, wide enough for a notebook and its sidebar; see `KeptPage`."""
    with kept_page.for_one_test() as page:
        yield page
        kept_page.is_spent = kept_page.is_spent or request.node.stash.get(HAS_FAILED, False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the fixtures of a test that it failed."""
    report = yield
    if report.failed:
        item.stash[HAS_FAILED] = True
    return report


@pytest.fixture
def open_notebook(lab: LabServer, kept_page: KeptPage, page: Page) -> Iterator[OpenNotebook]:
    """Open a notebook: ``open_notebook([source, …])`` writes a new one, ``open_notebook(path)`` opens a copy of a file.

    What goes wrong inside the page fails the test at its end, and the theme is light again.
    """
    with _opener(lab, page, kept_page.goto) as open_one:
        yield open_one
    kept_page.is_spent = (
        True  # with an unsaved notebook it asks before it goes elsewhere, and what it was given to call stays
    )


@pytest.fixture
def open_sidebar(browser_lab: LabServer, kept_page: KeptPage, page: Page) -> Iterator[OpenSidebar]:
    """Open JupyterLab with the run browser in front: ``open_sidebar(workspace)``, and what `LabServer.fresh_url` takes.

    Without a workspace the sidebar is as it was loaded, and the test opens something in the main area only.

    What goes wrong inside the page fails the test at its end, and the theme is light again.
    """
    page_errors: list[str] = []

    def note_error(error: object) -> None:
        page_errors.append(str(error))

    page.on("pageerror", note_error)
    opened: list[Sidebar] = []

    def open_one(workspace: SeededWorkspace | None = None, **parameters: str) -> Sidebar:
        sidebar = Sidebar(page)
        if workspace is not None or parameters or not kept_page.clear_lab(browser_lab.url):
            kept_page.goto(browser_lab.fresh_url(**parameters))
            sidebar.wait_until_started()
        opened.append(sidebar)
        if workspace is not None:
            sidebar.show()
            sidebar.choose_workspace(workspace.key)
        elif not parameters:
            kept_page.lab_url = browser_lab.url
        return sidebar

    yield open_one

    for sidebar in opened:
        sidebar.close()
    page.remove_listener("pageerror", note_error)
    assert page_errors == []


@pytest.fixture
def open_run(browser_lab: LabServer, kept_page: KeptPage, page: Page) -> Iterator[OpenRun]:
    """Open a link to a run: ``open_run(workspace, run_id, **parameters)`` gives its page.

    Where JupyterLab is loaded already, it is told that it was opened by this link.

    What goes wrong inside the page fails the test at its end, and so does markup that was run.
    """
    errors: list[str] = []

    def note_error(error: object) -> None:
        # Notebook 7's own: its shortcuts hear of other settings that are loaded before theirs are.
        if str(error) != SHORTCUTS_ERROR or "/tree" not in page.url:
            errors.append(str(error))

    page.on("pageerror", note_error)

    def note_dialog(dialog: Dialog) -> None:
        errors.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", note_dialog)

    def open_one(workspace: SeededWorkspace, run_id: str, *, app: str = "", **parameters: str) -> Locator:
        given = {"aml-run": workspace.link(run_id), **parameters}
        if app:
            kept_page.goto(browser_lab.page_url(app, **given))
        elif kept_page.clear_lab(browser_lab.url):
            Sidebar(page).execute("aml-widgets:open-link", {"search": f"?{urlencode(given)}"})
        else:
            kept_page.goto(browser_lab.fresh_url(**given))
            Sidebar(page).wait_until_started()
            kept_page.lab_url = browser_lab.url
        run_page = page.locator(".jp-AmlRunPage:visible")
        expect(run_page).to_have_count(1)
        return run_page

    yield open_one
    page.remove_listener("pageerror", note_error)
    page.remove_listener("dialog", note_dialog)
    assert errors == []


@pytest.fixture(scope="module")
def open_shared_notebook(lab: LabServer, browser: Browser) -> Iterator[OpenNotebook]:
    """Open a notebook for all tests of a file, for a kernel takes seconds to start.

    Each of them is given it by `NotebookPage.fresh`.
    """
    with _new_page(browser) as page, _opener(lab, page, page.goto) as open_one:
        yield open_one


@contextmanager
def _new_page(browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def _opener(lab: LabServer, page: Page, goto: Callable[[str], object]) -> Iterator[OpenNotebook]:
    opened: list[NotebookPage] = []

    def open_one(cells: Sequence[str] | Path, *, name: str | None = None) -> NotebookPage:
        path = lab.copy_notebook(cells) if isinstance(cells, Path) else lab.write_notebook(cells, name=name)
        notebook = NotebookPage(page, path)
        page.on("pageerror", notebook.note_page_error)
        goto(lab.notebook_url(path))
        notebook.wait_until_open()
        opened.append(notebook)
        return notebook

    yield open_one

    for notebook in opened:
        notebook.close()
        page.remove_listener("pageerror", notebook.note_page_error)
        assert notebook.page_errors == []
