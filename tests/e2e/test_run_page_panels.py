"""Logs, files, children and details on the page of a run, in a real browser."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Locator, expect

from aml_widgets.core.status import RunStatus
from tests.e2e.seeded_panels import DRIVER_LOG, HOSTILE, add_file, picture
from tests.e2e.seeded_runs import SeededWorkspace, add_run

if TYPE_CHECKING:
    from aml_widgets.core.records import RunRecord
    from tests.e2e.sidebar import Sidebar

OpenSidebar = Callable[..., "Sidebar"]
LARGE_BYTES = 100_000_000


class Panels:
    """A run's page with one of its tabs in front."""

    def __init__(self, sidebar: Sidebar, workspace: SeededWorkspace, run: RunRecord, tab: str) -> None:
        self.sidebar = sidebar
        self.page = sidebar.page
        settings: dict[str, object] = {"workspace": workspace.key, "runId": run.run_id, "tab": tab}
        sidebar.execute("aml-widgets:open-run", settings)
        self.body = self.page.locator(".jp-AmlRunPage:not(.lm-mod-hidden)")
        expect(self.body.get_by_role("tab", selected=True)).to_be_visible()

    @property
    def log(self) -> Locator:
        """The text of the log, where it scrolls."""
        return self.body.get_by_role("region", name="Text of the log")

    @property
    def said(self) -> Locator:
        """The line that says how much of the log is shown."""
        return self.body.locator(".jp-AmlRunPage-logs > .jp-AmlRunPage-note")

    def expect_at_end(self, *, is_at_end: bool = True) -> None:
        """Wait until the log is, or is not, at its end."""
        self.page.wait_for_function(
            "([log, wanted]) => (log.scrollHeight - log.scrollTop - log.clientHeight < 4) === wanted",
            arg=[self.log.element_handle(), is_at_end],
        )

    def top_line(self) -> tuple[str, int]:
        """Give the first whole line in sight, and how far it is from the top."""
        text, distance = self.log.evaluate(
            """log => {
                const top = log.getBoundingClientRect().top + 40;
                const rows = [...log.querySelectorAll('.jp-AmlRunPage-logRow')];
                const row = rows.find(row => row.getBoundingClientRect().top > top);
                return [row.textContent, Math.round(row.getBoundingClientRect().top - top)];
            }"""
        )
        return str(text), int(distance)


@pytest.fixture
def open_panel(open_sidebar: OpenSidebar) -> Callable[[SeededWorkspace, RunRecord, str], Panels]:
    """Open a run's page: ``open_panel(workspace, run, "logs")``."""
    return lambda workspace, run, tab: Panels(open_sidebar(), workspace, run, tab)


OpenPanel = Callable[[SeededWorkspace, "RunRecord", str], Panels]


def lines(count: int, start: int = 0) -> str:
    return "".join(f"line {place}\n" for place in range(start, start + count))


# -- logs


def test_log_is_followed_until_the_reader_scrolls_up(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "follow", end=None)
    add_file(store, run, DRIVER_LOG, lines(500), is_log=True)
    panels = open_panel(own_workspace, run, "logs")
    expect(panels.log).to_contain_text("line 499")
    panels.expect_at_end()

    add_file(store, run, DRIVER_LOG, lines(100, 500), is_log=True)
    expect(panels.log).to_contain_text("line 599")
    panels.expect_at_end()
    follow = panels.body.get_by_role("button", name="Follow")
    expect(follow).to_have_attribute("aria-pressed", "true")

    panels.log.evaluate("log => { log.scrollTop = 500; }")
    expect(follow).to_have_attribute("aria-pressed", "false")
    before = panels.top_line()
    add_file(store, run, DRIVER_LOG, lines(300, 600), is_log=True)
    news = panels.body.get_by_role("button", name="New lines below")
    expect(news).to_be_visible()
    assert panels.top_line() == before

    news.click()
    panels.expect_at_end()
    expect(panels.log).to_contain_text("line 899")
    expect(news).to_have_count(0)


def test_only_the_end_of_a_log_of_100_mb_is_read(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "large")
    line = b"x" * 99 + b"\n"
    path = store.artifacts.append_path(run.run_id, DRIVER_LOG)
    with path.open("wb") as log:
        for _ in range(LARGE_BYTES // 100_000):
            log.write(line * 1_000)
    add_file(store, run, DRIVER_LOG, "the end\n", is_log=True)
    panels = open_panel(own_workspace, run, "logs")
    expect(panels.log).to_contain_text("the end")
    expect(panels.said).to_have_text(re.compile(r"^the last 1,31\d lines, 131 kB of 100 MB$"))

    panels.log.evaluate("log => { log.scrollTop = 0; }")
    panels.body.get_by_role("button", name="Show the 131 kB before this").click()
    expect(panels.said).to_have_text(re.compile(r"^the last 2,62\d lines, 262 kB of 100 MB$"))
    panels.expect_at_end(is_at_end=False)
    # What was read stays in sight: the new lines are above it.
    assert panels.log.evaluate("log => log.scrollTop") > 1_000


def test_log_shows_what_a_terminal_would(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "terminal")
    add_file(
        store, run, DRIVER_LOG, "10%\r50%\r100%\n\x1b[31mred\x1b[0m \x1b[1;38;2;0;255;0mgreen\x1b[0m\n", is_log=True
    )
    panels = open_panel(own_workspace, run, "logs")
    rows = panels.log.locator(".jp-AmlRunPage-logRow")
    expect(rows).to_have_text(["100%", "red green"])
    expect(rows.nth(1).locator("span").first).to_have_class("jp-AmlRunPage-text-color1")
    light = rows.nth(1).locator("span").first.evaluate("span => getComputedStyle(span).color")
    panels.sidebar.set_theme("Dark")
    assert rows.nth(1).locator("span").first.evaluate("span => getComputedStyle(span).color") != light
    panels.sidebar.screenshot("panels_log_dark")


def test_log_is_searched(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "search")
    add_file(store, run, DRIVER_LOG, lines(400) + "a needle here\n" + lines(400, 400), is_log=True)
    add_file(store, run, DRIVER_LOG, "Needle\n", is_log=True)
    panels = open_panel(own_workspace, run, "logs")
    field = panels.body.get_by_role("searchbox", name="Search in this log")
    count = panels.body.locator(".jp-AmlRunPage-search output")
    field.fill("needle")
    expect(count).to_have_text("2 of 2")
    field.press("Enter")
    expect(count).to_have_text("1 of 2")
    found = panels.log.locator(".jp-AmlRunPage-mod-found")
    expect(found).to_have_text("a needle here")
    expect(found).to_be_in_viewport()
    field.press("Shift+Enter")
    expect(found).to_have_text("Needle")
    field.fill("nothing like this")
    expect(count).to_have_text("none")
    field.press("Escape")
    expect(count).to_have_text("")
    panels.sidebar.screenshot("panels_log_search")


def test_logs_are_listed_in_order_and_the_script_is_shown_first(
    open_panel: OpenPanel, own_workspace: SeededWorkspace
) -> None:
    store = own_workspace.store
    run = add_run(store, "several")
    for path in ("azureml-logs/75_job_post.txt", DRIVER_LOG, "logs/rank_10.txt", "logs/rank_9.txt"):
        add_file(store, run, path, f"this is {path}\n", is_log=True)
    panels = open_panel(own_workspace, run, "logs")
    picker = panels.body.get_by_role("combobox", name="Log file")
    expect(panels.log).to_have_text(f"this is {DRIVER_LOG}")
    options = picker.locator("option").all_inner_texts()
    assert [text.partition(" (")[0] for text in options] == [
        f"Newest: {DRIVER_LOG}",
        "logs/rank_9.txt",
        "logs/rank_10.txt",
        DRIVER_LOG,
        "azureml-logs/75_job_post.txt",
    ]
    picker.select_option("logs/rank_9.txt")
    expect(panels.log).to_have_text("this is logs/rank_9.txt")
    with panels.page.expect_download() as download:
        panels.body.get_by_role("link", name="Download", exact=True).click()
    assert download.value.suggested_filename == "rank_9.txt"
    assert Path(download.value.path()).read_text(encoding="utf-8") == "this is logs/rank_9.txt\n"


def test_run_without_logs_says_so(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    panels = open_panel(own_workspace, add_run(own_workspace.store, "silent"), "logs")
    expect(panels.body.get_by_text("This run has written no log.")).to_be_visible()


# -- files


def test_files_are_a_tree_with_previews(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "files")
    files: dict[str, str | bytes] = {
        "outputs/epoch 10.txt": "ten",
        "outputs/epoch 9.txt": "nine",
        "outputs/model.json": '{"depth": 3, "rate": 0.10}',
        "outputs/table.csv": "name,value\none,1\n",
        "outputs/picture.png": picture(200, 80, 20),
        "outputs/weights.bin": bytes(range(256)) * 8,
        "outputs/empty.txt": "",
        "readme.md": "hello",
    }
    for path, content in files.items():
        add_file(store, run, path, content)
    panels = open_panel(own_workspace, run, "files")
    tree = panels.body.get_by_role("tree", name="Files of the run")
    names = tree.locator(".jp-AmlRunPage-treeName")
    expect(names).to_have_text(
        [
            "outputs",
            "empty.txt",
            "epoch 9.txt",
            "epoch 10.txt",
            "model.json",
            "picture.png",
            "table.csv",
            "weights.bin",
            "readme.md",
        ]
    )

    def preview_of(name: str) -> Locator:
        tree.get_by_role("treeitem", name=name).click()
        preview = panels.body.get_by_role("region", name=f"Preview of {name}")
        expect(preview).to_be_visible()
        return preview

    expect(preview_of("epoch 9.txt").locator("pre")).to_have_text("nine")
    expect(preview_of("model.json").locator("pre")).to_have_text('{\n  "depth": 3,\n  "rate": 0.10\n}')
    expect(preview_of("table.csv").get_by_role("cell")).to_have_text(["one", "1"])
    expect(preview_of("picture.png")).to_contain_text("32 \N{MULTIPLICATION SIGN} 32 pixels")
    expect(preview_of("weights.bin")).to_contain_text("This file is no text.")
    expect(preview_of("empty.txt")).to_contain_text("This file is empty.")
    panels.sidebar.screenshot("panels_files")


def test_tree_works_with_the_keyboard(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "keys")
    for path in ("outputs/a.txt", "outputs/b.txt", "z.txt"):
        add_file(store, run, path, path)
    panels = open_panel(own_workspace, run, "files")
    folder = panels.body.get_by_role("treeitem", name="outputs")
    folder.focus()
    panels.page.keyboard.press("ArrowLeft")
    expect(folder).to_have_attribute("aria-expanded", "false")
    panels.page.keyboard.press("ArrowRight")
    panels.page.keyboard.press("ArrowDown")
    panels.page.keyboard.press("ArrowDown")
    panels.page.keyboard.press("Enter")
    expect(panels.body.locator("pre")).to_have_text("outputs/b.txt")
    panels.page.keyboard.press("End")
    expect(panels.body.get_by_role("treeitem", name="z.txt")).to_be_focused()


def test_files_are_downloaded_one_by_one_and_as_a_zip(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "downloads")
    add_file(store, run, "outputs/one.txt", "1")
    add_file(store, run, "outputs/deep/two.txt", "2")
    panels = open_panel(own_workspace, run, "files")
    panels.body.get_by_role("treeitem", name="one.txt").click()
    with panels.page.expect_download() as one:
        panels.body.get_by_role("link", name="Download", exact=True).click()
    assert Path(one.value.path()).read_bytes() == b"1"
    with panels.page.expect_download() as everything:
        panels.body.get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(Path(everything.value.path()).read_bytes())) as archive:
        contents = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert contents == {"one.txt": b"1", "two.txt": b"2"}


def test_hostile_names_and_contents_are_only_text(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "hostile", tags={HOSTILE: HOSTILE}, properties={HOSTILE: HOSTILE * 20})
    add_file(
        store, run, f"logs/{HOSTILE}.txt", f"{HOSTILE}\n\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07\n", is_log=True
    )
    add_file(store, run, f"outputs/{HOSTILE}.html", HOSTILE)
    add_file(store, run, f"outputs/{HOSTILE}.json", json.dumps({HOSTILE: HOSTILE}))
    add_file(store, run, f"outputs/{HOSTILE}.csv", f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",b\n1,2\n')
    panels = open_panel(own_workspace, run, "logs")
    expect(panels.log).to_contain_text('<img src=x onerror="window.pwned=1">')
    expect(panels.log.locator("a, img, script")).to_have_count(0)
    panels.body.get_by_role("tab", name="Files").click()
    for ending in ("html", "json", "csv"):
        row = panels.body.get_by_role("treeitem").filter(has_text=f".{ending}")
        expect(row).to_contain_text("\\u202e")
        row.click()
        expect(panels.body.locator(".jp-AmlRunPage-preview")).to_contain_text("<img src=x onerror")
    panels.sidebar.screenshot("panels_hostile")
    panels.body.get_by_role("tab", name="Details").click()
    expect(panels.body.locator(".jp-AmlRunPage-details")).to_contain_text("<img src=x onerror")
    assert panels.page.evaluate("window.pwned") is None


# -- children


def test_1000_children_are_sorted_filtered_and_opened(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    parent = add_run(store, "sweep", end=None)
    for place in range(1_000):
        end = RunStatus.FAILED if place % 100 == 7 else RunStatus.COMPLETED
        add_run(store, f"child {place}", parent=parent, end=end, losses=(1.0, (place * 37 % 1_000) / 1_000))
    panels = open_panel(own_workspace, parent, "children")
    rows = panels.body.locator(".jp-AmlRunPage-childRow")
    expect(rows).to_have_count(100)
    expect(panels.body).to_contain_text("1\N{EN DASH}100 of 1,000")
    expect(panels.body).to_contain_text("10 Failed")
    expect(panels.body.get_by_role("columnheader", name="loss")).to_be_visible()
    panels.body.get_by_role("button", name="loss", exact=True).click()
    expect(rows.first).to_contain_text("child 0")
    panels.body.get_by_role("button", name="loss", exact=True).click()
    expect(rows.first).to_contain_text("0.999")
    panels.body.get_by_role("searchbox").fill("failed child")
    expect(rows).to_have_count(10)
    panels.sidebar.screenshot("panels_children")
    panels.body.get_by_role("button", name="child 107").press("Enter")
    expect(panels.page.locator(".lm-TabBar-tab.lm-mod-current").filter(has_text="child 107")).to_be_visible()


def test_a_child_that_starts_later_appears(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    parent = add_run(store, "live sweep", end=None)
    add_run(store, "first child", parent=parent)
    panels = open_panel(own_workspace, parent, "children")
    rows = panels.body.locator(".jp-AmlRunPage-childRow")
    expect(rows).to_have_count(1)
    second = add_run(store, "second child", parent=parent, end=None)
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Running")
    store.set_status(second.run_id, RunStatus.COMPLETED)
    expect(rows.nth(1)).to_contain_text("Completed")


# -- details


def test_details_are_shown_filtered_and_copied(open_panel: OpenPanel, own_workspace: SeededWorkspace) -> None:
    properties = {f"property {place}": f"value {place}" for place in range(30)}
    run = add_run(own_workspace.store, "details", tags={"owner": "ada", "keep": None}, properties=properties)
    panels = open_panel(own_workspace, run, "details")
    panels.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    details = panels.body.locator(".jp-AmlRunPage-details")
    expect(details.get_by_role("row", name="owner")).to_contain_text("ada")
    expect(details.get_by_role("row", name="keep")).to_contain_text("no value")
    panels.sidebar.screenshot("panels_details")
    details.get_by_role("searchbox").fill("property 17")
    rows = details.get_by_role("row")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Copy property 17").click()
    expect(rows).to_contain_text("Copied")
    copied: Any = panels.page.evaluate("navigator.clipboard.readText()")
    assert copied == "value 17"


# -- all of them


@pytest.mark.parametrize("tab", ["logs", "files", "children", "details"])
def test_panels_fit_a_narrow_page(open_panel: OpenPanel, own_workspace: SeededWorkspace, tab: str) -> None:
    store = own_workspace.store
    run = add_run(store, "narrow", end=None, tags={"a long name of a tag": "a long value of it " * 5})
    add_file(store, run, DRIVER_LOG, lines(50), is_log=True)
    add_file(store, run, "outputs/a folder with a long name/a file with a long name.txt", "text")
    add_run(store, "a child with a long name that goes on and on", parent=run)
    panels = open_panel(own_workspace, run, tab)
    panels.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    panels.page.set_viewport_size({"width": 480, "height": 900})
    expect(panels.body).to_be_visible()
    widths = panels.body.evaluate("body => [body.scrollWidth, body.clientWidth]")
    assert widths[0] <= widths[1]
    panels.sidebar.screenshot(f"panels_narrow_{tab}")
