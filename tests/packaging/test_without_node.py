"""The wheel, opened in a browser where there is no Node.js."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.e2e.lab import CHROMIUM_FLAGS, WAIT_MS, find_chromium, start_lab
from tests.e2e.seeded_runs import open_workspace, seed_few
from tests.e2e.sidebar import Sidebar


def test_the_run_browser_of_the_wheel_lists_runs(
    fresh_python: Path, no_node: Mapping[str, str], tmp_path: Path
) -> None:
    # JupyterLab itself is that of the environment of these tests.
    variables = {"PATH": no_node["PATH"], "JUPYTERLAB_DIR": str(Path(sys.prefix) / "share" / "jupyter" / "lab")}
    lab = start_lab(tmp_path, python=str(fresh_python), variables=variables)
    try:
        workspace = open_workspace(lab, "few")
        seed_few(workspace.store)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
            page = chromium.new_page(viewport={"width": 1280, "height": 1000})
            page_errors: list[str] = []
            page.on("pageerror", lambda error: page_errors.append(str(error)))
            page.goto(lab.fresh_url())
            sidebar = Sidebar(page)
            sidebar.wait_until_started()
            sidebar.show()
            sidebar.choose_workspace(workspace.key)
            sidebar.choose_scope("All runs")

            expect(sidebar.row("ridge one")).to_be_visible(timeout=WAIT_MS)
            sidebar.screenshot("packaging/run-browser")
            chromium.close()
        assert page_errors == []
    finally:
        lab.stop()
