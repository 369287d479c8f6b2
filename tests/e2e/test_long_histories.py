"""Runs of plain MLflow on a tracking server, as they are seen: histories that are read bit by bit, and runs without a number."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Locator, Page, Route, expect

from aml_widgets.store.uri import workspace_key
from aml_widgets.tracking.workspace import Workspace
from tests.e2e.lab import LabServer, NotebookPage, start_lab, take_screenshot
from tests.e2e.run_page import card, fits
from tests.e2e.sidebar import Sidebar
from tests.mlflow_store.gateway import running_gateway
from tests.mlflow_store.tracking_server import TrackingServer, running_server

pytestmark = pytest.mark.long

N_POINTS = 6_000
# A look reads one page, and a page, after the first, begins with the last point of the one before.
SMALL_PAGES = """
from aml_widgets.store.mlflow import changes, history_pages
changes.LOOK_SECONDS = 0.0
history_pages.HISTORY_PAGE = 1_000
"""
AFTER_TWO_PAGES, AFTER_FOUR_PAGES = "1,999 points so far", "3,997 points so far"
ALL_PAGES = 1_000
CHANGES = "**/aml-widgets/api/workspaces/*/runs/*/changes*"


@pytest.fixture(scope="module")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    with running_server(tmp_path_factory.mktemp("tracking_server")) as server:
        yield server


@pytest.fixture(scope="module")
def paging_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab whose server reads histories in small pages."""
    folder = tmp_path_factory.mktemp("paging_lab")
    (folder / "config").mkdir()
    (folder / "config" / "jupyter_server_config.py").write_text(SMALL_PAGES)
    lab = start_lab(folder, options=["--RunBrowserApp.min_interval_seconds=0.2"])
    try:
        yield lab
    finally:
        lab.stop()


@pytest.fixture
def lab_page(page: Page) -> Iterator[Page]:
    """A page where nothing may go wrong."""
    errors: list[str] = []

    def note_error(error: object) -> None:
        errors.append(str(error))

    page.on("pageerror", note_error)
    yield page
    page.remove_listener("pageerror", note_error)
    assert errors == []


@contextmanager
def gated(uri: str) -> Iterator[tuple[str, threading.Semaphore]]:
    """Stand before a server, which gives a page of a history whenever the semaphore is released; give its address, too."""
    pages = threading.Semaphore(0)
    is_open = threading.Event()

    def let_through(_method: str, path: str) -> None:
        if "metrics/get-history" in path and not is_open.is_set():
            pages.acquire()

    with running_gateway(uri) as gateway:
        gateway.refuse = let_through
        try:
            yield gateway.uri, pages
        finally:
            is_open.set()
            pages.release(ALL_PAGES)


def make_listed(lab: LabServer, uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a server in the run browser of a JupyterLab; give its key."""
    monkeypatch.setenv("AML_WIDGETS_HOME", str(lab.home))
    Workspace.open(uri).store.close()
    return workspace_key(uri)


def test_a_long_history_is_seen_growing_in_the_widget_and_on_the_run_page(
    tracking_server: TrackingServer, paging_lab: LabServer, lab_page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MlflowClient(tracking_server.uri)
    run_id = client.create_run("0", run_name="long").info.run_id
    tracking_server.insert_history(run_id, "loss", range(N_POINTS))
    client.set_terminated(run_id)

    with gated(tracking_server.uri) as (uri, pages):
        show = f"RunDetails(Workspace.open({uri!r}).get_run({run_id!r}), refresh_seconds=1).show()"
        path = paging_lab.write_notebook([f"from aml_widgets import RunDetails, Workspace{SMALL_PAGES}{show}"])
        lab_page.goto(paging_lab.notebook_url(path))
        notebook = NotebookPage(lab_page, path)
        notebook.wait_until_open()
        notebook.run_all(wait=False)
        widget = notebook.output(0).locator(".aml-run")
        pages.release(2)
        expect(widget.locator(".aml-facts")).to_contain_text(AFTER_TWO_PAGES)
        expect(widget.locator(".aml-facts")).to_contain_text("Reading")
        expect(widget.locator("path.line")).to_be_visible()
        expect(widget.get_by_role("status").first).to_have_text("long: its history is long and still being read")
        notebook.screenshot("long-history-widget-begun", of=widget)
        pages.release(2)
        expect(widget.locator(".aml-facts")).to_contain_text(AFTER_FOUR_PAGES)
        expect(widget.locator(".aml-status")).to_contain_text("Completed")
        pages.release(ALL_PAGES)
        expect(widget.locator(".aml-facts")).not_to_contain_text("so far")
        expect(widget.locator(".aml-facts")).to_contain_text("5,999")
        expect(widget).to_contain_text("of 6,000 points")
        expect(widget.get_by_role("status").first).to_have_text("long: its whole history is read, 6,000 points")
        notebook.screenshot("long-history-widget-whole", of=widget)
        assert notebook.errors() == []
        notebook.close()

    with gated(tracking_server.uri) as (uri, pages):
        key = make_listed(paging_lab, uri, monkeypatch)
        lab_page.goto(paging_lab.fresh_url(**{"aml-run": f"{key}/{run_id}"}))
        sidebar = Sidebar(lab_page)
        sidebar.wait_until_started()
        run_page = lab_page.locator(".jp-AmlRunPage:visible")
        facts, spoken = run_page.locator(".jp-AmlRunPage-facts"), run_page.locator(".jp-AmlChart-spoken[role=status]")
        expect(spoken.first).to_have_text("")
        pages.release(2)
        expect(facts).to_contain_text(AFTER_TWO_PAGES)
        expect(facts).to_contain_text("Reading")
        expect(spoken.first).to_have_text("The history of this run is long. It is still being read.")
        for theme in ("Dark", "Dark High Contrast", "Light"):
            sidebar.set_theme(theme)
            take_screenshot(lab_page, f"long-history-page-{theme.lower().replace(' ', '-')}")
        pages.release(2)
        expect(facts).to_contain_text(AFTER_FOUR_PAGES)
        pages.release(ALL_PAGES)
        expect(facts).not_to_contain_text("so far")
        expect(facts).to_contain_text("5,999")
        expect(card(run_page, "loss")).to_contain_text("6,000 points")
        expect(spoken.first).to_have_text("The whole history of this run is read: 6,000 points.")
        assert fits(run_page)
        take_screenshot(lab_page, "long-history-page-whole")


def expect_nobody_counts(place: Locator) -> None:
    """See that no number stands for a run that has none."""
    expect(place).not_to_contain_text("Run 0")
    expect(place).not_to_contain_text("#0")


def test_runs_without_a_number_are_called_by_their_names_and_a_lost_server_is_told_of(
    tmp_path: Path, paging_lab: LabServer, lab_page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_server(tmp_path / "tracking_server") as server:
        client = MlflowClient(server.uri)
        parent_id = client.create_run("0", run_name="parent").info.run_id
        run_ids = []
        for loss in (0.5, 0.25):
            child = client.create_run("0", run_name=f"child {loss}", tags={"mlflow.parentRunId": parent_id})
            run_ids.append(child.info.run_id)
            for step in range(5):
                client.log_metric(child.info.run_id, "loss", loss / (step + 1), step=step)
        key = make_listed(paging_lab, server.uri, monkeypatch)
        lab_page.goto(paging_lab.fresh_url())
        sidebar = Sidebar(lab_page)
        sidebar.wait_until_started()
        sidebar.show()
        sidebar.choose_workspace(key)
        sidebar.choose_scope("All runs")
        sidebar.resize(250)
        row = sidebar.row("parent")
        expect(row.locator(".jp-AmlRunBrowser-nameCell")).to_have_attribute(
            "title", f"parent (of Default)\n{parent_id}"
        )

        # What the list knows is the name before the server has answered.
        held: list[Route] = []
        lab_page.route(CHANGES, lambda route: held.append(route))  # Playwright marks the function that it is given
        sidebar.open_run("parent")
        run_page = lab_page.locator(".jp-AmlRunPage:visible")
        expect(run_page).to_contain_text("Loading")
        expect(run_page.locator("h1")).to_have_text("parent")
        expect(lab_page.locator(".lm-TabBar-tab.lm-mod-current .lm-TabBar-tabLabel", has_text="parent")).to_be_visible()
        while held:
            held.pop().continue_()
        lab_page.unroute(CHANGES)
        sidebar.execute("aml-widgets:open-run", {"workspace": key, "runId": parent_id, "tab": "children"})
        heads = run_page.get_by_role("columnheader")
        expect(heads.first).to_contain_text("Name")
        expect(run_page.locator(".jp-AmlRunPage-where")).not_to_contain_text("Run")
        expect_nobody_counts(run_page)
        take_screenshot(lab_page, "unnumbered-children")
        sidebar.execute("aml-widgets:compare-runs", {"workspace": key, "runIds": run_ids})
        compared = lab_page.locator(".jp-AmlCompare:visible")
        expect(compared).to_contain_text("child 0.25")
        expect(compared.get_by_role("rowheader", name="Status")).to_be_visible()
        expect(compared.get_by_role("rowheader", name="Number")).to_have_count(0)
        expect_nobody_counts(compared)
        take_screenshot(lab_page, "unnumbered-comparison")

        sidebar.execute("aml-widgets:open-run", {"workspace": key, "runId": parent_id})
        sidebar.show()
        server.stop()
        trouble = sidebar.panel.locator(".jp-AmlRunBrowser-trouble")
        expect(trouble).to_contain_text(server.uri)
        expect(trouble.get_by_role("button")).to_be_in_viewport(ratio=1)
        expect(run_page.get_by_role("alert")).to_contain_text(server.uri)
        expect(run_page).to_contain_text("What is shown is from")
        take_screenshot(lab_page, "unnumbered-lost")
        server.start()
        expect(run_page.get_by_role("alert")).to_have_count(0)
        expect(trouble).to_have_count(0)
        expect(sidebar.row("parent")).to_be_visible()
