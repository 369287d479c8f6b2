"""A run in a kernel knows its page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, expect

from aml_widgets.store.uri import workspace_key
from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import WAIT_MS, LabServer
from tests.e2e.sidebar import Sidebar

START = """from aml_widgets import Experiment, RunDetails, Workspace
run = Experiment(Workspace.open("runs & more"), "portal").start_logging(display_name="of a kernel", snapshot_directory=None)
run.log("loss", 0.5)
run.complete()
print(run.get_portal_url())"""


def test_the_link_of_a_run_in_a_kernel_opens_its_page(
    lab: LabServer, open_notebook: OpenNotebook, browser: Browser
) -> None:
    notebook = open_notebook([START, "run", "RunDetails(run).show()"])
    notebook.run_all()
    url = notebook.output_text(0).strip()

    folder = lab.root / notebook.path.split("/")[0] / "runs & more"
    assert url.startswith(f"{lab.url}lab?")
    (linked,) = parse_qs(urlsplit(url).query, strict_parsing=True).values()
    assert linked[0].startswith(f"{workspace_key(folder)}/")
    assert lab.token not in url
    expect(notebook.output(1).get_by_role("link", name="Run browser")).to_have_attribute("href", url)
    expect(notebook.output(2).get_by_role("link", name="Run page")).to_have_attribute("href", url)

    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    try:
        page = context.new_page()
        page.goto(f"{url}&token={lab.token}")
        Sidebar(page).wait_until_started()

        expect(page.locator(".jp-AmlRunPage-name")).to_contain_text("of a kernel", timeout=WAIT_MS)
        Sidebar(page).screenshot("portal/run-page")
    finally:
        context.close()
