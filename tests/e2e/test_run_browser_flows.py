"""The run browser as a whole, in a real browser: with runs, kernels, servers and proxies that come and go."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from aml_widgets.core.records import RunQuery
from tests.e2e.conftest import BASE_URL, OpenSidebar
from tests.e2e.growing_run import GrowingRun
from tests.e2e.lab import WAIT_MS, LabServer, NotebookPage, find_free_port, start_lab
from tests.e2e.proxy import ReverseProxy
from tests.e2e.seeded_runs import SeededWorkspace, add_run, open_workspace
from tests.e2e.sidebar import Sidebar

if TYPE_CHECKING:
    from playwright.sync_api import Locator

HUB_PREFIX = "/hub%20x/user/a%40b/"
HEAL_MS = 2 * WAIT_MS
"""While a server is away, it is asked after pauses that grow, to a minute."""

BUSY = """import time
from aml_widgets import Experiment, Workspace
run = Experiment(Workspace.open({folder!r}), "busy").start_logging(display_name="of a kernel", snapshot_directory=None)
run.log("loss", 1.0)"""
LOG_ON = """step = 0
while True:  # the kernel answers nobody any more
    step += 1
    run.log("loss", 1 / (step + 1))
    time.sleep(0.05)"""
LINK = """from aml_widgets import Experiment, Workspace
run = Experiment(Workspace.open({folder!r}), "links").start_logging(display_name="linked", snapshot_directory=None)
run.log_list("loss", [3, 2, 1])
open("notes on it.txt", "w").write("good")
run.upload_file("notes on it.txt", "notes on it.txt")
run.complete()
print(run.get_portal_url())"""


@contextmanager
def own_page(browser: Browser, **options: object) -> Iterator[Page]:
    """Give a page of a browser that has never been here, whose errors of our own fail the test."""
    context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 1000}, **options)  # type: ignore[arg-type]  # Playwright's options
    context.set_default_timeout(WAIT_MS)
    errors: list[str] = []
    try:
        page = context.new_page()
        # JupyterLab has errors of its own while its server is away.
        page.on("pageerror", lambda error: errors.append(f"{error}\n{error.stack}"))
        yield page
        assert [error for error in errors if "aml-widgets" in error] == []
    finally:
        context.close()


def run_page_in(page: Page) -> Locator:
    """Find the run page in front."""
    return page.locator(".jp-AmlRunPage:visible")


def step_of(page: Page) -> int:
    """Read the step that a run page says its run has reached; -1 where it says none."""
    text = run_page_in(page).locator(".jp-AmlRunPage-fact", has_text="Step").inner_text()
    found = re.search(r"[\d,]+", text)
    return int(found[0].replace(",", "")) if found else -1


def wait_for_step(page: Page, least: int) -> None:
    """Wait until the page in front has heard of a step."""
    fact = run_page_in(page).locator(".jp-AmlRunPage-fact", has_text="Step")
    handle = fact.element_handle()
    page.wait_for_function(
        "([fact, least]) => Number((fact.textContent.match(/[\\d,]+/)?.[0] ?? '-1').replaceAll(',', '')) >= least",
        arg=[handle, least],
    )


# -- runs


def test_the_list_and_the_page_follow_a_run_at_once_and_tell_how_runs_end(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    add_run(own_workspace.store, "earlier")
    sidebar = open_sidebar(own_workspace)
    page = sidebar.page
    assert urlsplit(page.url).path.startswith(BASE_URL)
    toasts = page.locator(".jp-toastContainer")

    with (
        GrowingRun(own_workspace.folder, "watched") as run,
        GrowingRun(own_workspace.folder, "beside it") as other,
    ):
        row = sidebar.row("watched")
        run.log(1)
        expect(row.get_by_role("img", name="Running")).to_be_visible()
        sidebar.open_run("watched")
        sidebar.search_box.hover()  # what is under the pointer does not move
        run_page = run_page_in(page)
        expect(run_page.locator(".jp-AmlRunPage-name")).to_contain_text("watched")
        for step, loss in ((20, "0.367879"), (40, "0.135335")):
            run.log(20)
            expect(row.locator(".jp-AmlRunBrowser-value")).to_have_text(loss)
            wait_for_step(page, step)
        run.print("half way")
        run_page.get_by_role("tab", name="Logs").click()
        expect(run_page).to_contain_text("half way")
        sidebar.screenshot("flows/live")

        other.fail("out of paper")
        expect(toasts).to_contain_text("beside it: Failed")
        run.complete()
        expect(toasts).to_contain_text("watched: Completed")
        expect(row.get_by_role("img", name="Completed")).to_be_visible()
        expect(run_page.locator(".jp-AmlRunPage-status")).to_contain_text("Completed")
        sidebar.screenshot("flows/ended")

    page.locator(".Toastify__toast", has_text="beside it").get_by_role("button", name="Open").click()
    expect(run_page.get_by_role("group", name="Error")).to_contain_text("out of paper")


# -- kernels


def test_a_kernel_that_is_busy_or_dead_makes_no_difference(
    browser_lab: LabServer, own_workspace: SeededWorkspace, browser: Browser
) -> None:
    path = browser_lab.write_notebook([BUSY.format(folder=str(own_workspace.folder)), LOG_ON])
    with (
        own_page(browser) as page,
        browser_lab.setting("aml-widgets/run-browser", {"refreshSeconds": 1}),
        GrowingRun(own_workspace.folder, "elsewhere") as elsewhere,
    ):
        notebook, sidebar = NotebookPage(page, path), Sidebar(page)
        page.goto(browser_lab.notebook_url(path))
        notebook.wait_until_open()
        notebook.run_cell(0)
        notebook.run_cell(1, wait=False)
        sidebar.show()
        sidebar.choose_workspace(own_workspace.key)
        sidebar.choose_scope("Notebook")
        row = sidebar.row("of a kernel")
        expect(row.get_by_role("img", name="Running")).to_be_visible()
        assert sidebar.names() == ["of a kernel"]

        sidebar.open_run("of a kernel")
        sidebar.search_box.hover()
        wait_for_step(page, 5)
        wait_for_step(page, step_of(page) + 5)
        assert notebook.is_running(1)
        sidebar.screenshot("flows/kernel-busy")

        (run,) = own_workspace.store.list_runs(RunQuery(text=("kernel",))).runs
        assert run.writer is not None
        os.kill(run.writer.pid, signal.SIGKILL)

        expect(run_page_in(page).locator(".jp-AmlRunPage-status")).to_contain_text("Not responding")
        expect(run_page_in(page)).to_contain_text("The process that wrote this run is gone")
        page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()  # the kernel was started again
        sidebar.choose_scope("All runs")
        expect(row.get_by_role("img", name="Not responding")).to_be_visible()
        elsewhere.log(1)
        expect(sidebar.row("elsewhere").locator(".jp-AmlRunBrowser-value")).to_have_text("1")
        sidebar.search("name:kernel")
        assert sidebar.names() == ["of a kernel"]
        sidebar.screenshot("flows/kernel-dead")


# -- servers


@pytest.mark.long
def test_a_server_that_is_started_again_is_followed_on_by_itself(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    lab = start_lab(
        tmp_path_factory.mktemp("restarted_lab"),
        base_url=BASE_URL,
        options=["--RunBrowserApp.min_interval_seconds=0.2"],
        port=find_free_port(),
    )
    try:
        workspace = open_workspace(lab, "restarted")
        add_run(workspace.store, "earlier")  # with a loss alone, which is then the metric of the list
        with (
            own_page(browser) as page,
            lab.setting("aml-widgets/run-browser", {"refreshSeconds": 1}),
            GrowingRun(workspace.folder) as run,
        ):
            run.log(1)
            sidebar = Sidebar(page)
            page.goto(lab.fresh_url(**{"aml-run": workspace.link(run.run_id)}))
            sidebar.wait_until_started()
            sidebar.show()
            sidebar.choose_workspace(workspace.key)
            row, alert = sidebar.row("growing"), run_page_in(page).get_by_role("alert")
            expect(row.locator(".jp-AmlRunBrowser-value")).to_have_text("1")
            wait_for_step(page, 0)

            lab.stop()
            run.log(20)
            expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_contain_text("cannot be reached")
            expect(alert).to_contain_text("What is shown is from")
            expect(row.locator(".jp-AmlRunBrowser-value")).to_have_text("1")
            sidebar.screenshot("flows/server-away")
            lab = lab.start_again()

            expect(sidebar.panel.locator(".jp-AmlRunBrowser-trouble")).to_have_count(0, timeout=HEAL_MS)
            expect(row.locator(".jp-AmlRunBrowser-value")).to_have_text("0.367879", timeout=HEAL_MS)
            expect(alert).to_have_count(0, timeout=HEAL_MS)
            wait_for_step(page, 20)
            run.complete()
            expect(page.locator(".jp-toastContainer")).to_contain_text("growing: Completed")
            sidebar.screenshot("flows/server-back")
    finally:
        lab.stop()


# -- proxies


@pytest.fixture(scope="module")
def proxied_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LabServer, ReverseProxy]]:
    """A server as a JupyterHub starts one for a user, behind the hub's proxy; its `url` is the one that people use."""
    proxy = ReverseProxy(HUB_PREFIX)
    lab = start_lab(
        tmp_path_factory.mktemp("proxied_lab"),
        base_url=HUB_PREFIX,
        options=["--RunBrowserApp.min_interval_seconds=0.2", "--ServerApp.trust_xheaders=True"],
        variables={"JUPYTERHUB_SERVICE_PREFIX": HUB_PREFIX, "JUPYTERHUB_PUBLIC_URL": proxy.url},
    )
    try:
        proxy.forward_to(lab.port)
        yield replace(lab, url=proxy.url), proxy
    finally:
        lab.stop()
        proxy.close()


def test_all_goes_through_a_proxy_and_links_lead_back_to_it(
    proxied_lab: tuple[LabServer, ReverseProxy], browser: Browser
) -> None:
    lab, proxy = proxied_lab
    workspace = open_workspace(lab, "proxied")
    path = lab.write_notebook([LINK.format(folder=str(workspace.folder))])
    with (
        own_page(browser, permissions=["clipboard-read", "clipboard-write"]) as page,
        lab.setting("aml-widgets/run-browser", {"refreshSeconds": 1}),
    ):
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(request.url))
        notebook, sidebar = NotebookPage(page, path), Sidebar(page)
        page.goto(lab.notebook_url(path))
        notebook.wait_until_open()
        notebook.run_all()
        portal_url = notebook.output_text(0).strip()
        sidebar.show()
        sidebar.choose_workspace(workspace.key)
        sidebar.choose_scope("All runs")
        expect(sidebar.row("linked").locator(".jp-AmlRunBrowser-value")).to_have_text("1")
        with GrowingRun(workspace.folder) as run:
            expect(sidebar.row("growing")).to_be_visible()
            run.log(1)
            sidebar.open_run("growing")
            wait_for_step(page, 0)
            run.complete()
        sidebar.open_run("linked")
        run_page = run_page_in(page)
        expect(run_page.locator(".jp-AmlRunPage-name")).to_contain_text("linked")
        run_page.get_by_role("tab", name="Files").click()
        expect(run_page.get_by_role("link", name="Download all")).to_be_visible()
        run_page.get_by_role("toolbar", name="Run").get_by_role("button", name="Copy").click()
        run_page.get_by_role("button", name="Copy link").click()
        copied = str(page.evaluate("() => navigator.clipboard.readText()"))
        addresses = page.evaluate(
            "() => [...document.querySelectorAll('.jp-AmlRunPage a[href]')].map((link) => link.href)"
        )
        sidebar.screenshot("flows/proxied")

    run_id = portal_url.rpartition("/")[2]
    assert portal_url == f"{proxy.url}lab?aml-run={workspace.link(run_id)}"
    assert copied.startswith(f"{proxy.url}lab?")
    assert parse_qs(urlsplit(copied).query) == {"aml-run": [workspace.link(run_id)], "aml-tab": ["files"]}
    assert addresses
    assert [address for address in addresses if not address.startswith(proxy.url)] == []
    elsewhere = [url for url in asked if not url.startswith((proxy.url, "data:", "blob:"))]
    assert elsewhere == []
    assert proxy.refused == []

    with own_page(browser) as page:  # somebody who was sent the link, and has not logged in yet
        page.goto(copied)
        page.get_by_label("Password or token").fill(lab.token)
        page.get_by_role("button", name="Log in", exact=True).click()

        run_page = run_page_in(page)
        expect(run_page.locator(".jp-AmlRunPage-name")).to_contain_text("linked")
        expect(run_page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "true")
        assert lab.token not in page.url
        Sidebar(page).screenshot("flows/link-after-login")
