"""The logs on the page of a run, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.run_panels import Panels, lines
from tests.e2e.seeded_panels import DRIVER_LOG, add_file
from tests.e2e.seeded_runs import SeededWorkspace, add_run
from tests.e2e.sidebar import Sidebar

OpenSidebar = Callable[..., Sidebar]
LARGE_BYTES = 200_000_000


def test_log_is_followed_until_the_reader_scrolls_up(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "follow", end=None)
    add_file(store, run, DRIVER_LOG, lines(500), is_log=True)
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
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


def test_only_the_end_of_a_log_of_200_mb_is_read(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "large")
    line = b"x" * 99 + b"\n"
    path = store.artifacts.append_path(run.run_id, DRIVER_LOG)
    with path.open("wb") as log:
        for _ in range(LARGE_BYTES // 100_000):
            log.write(line * 1_000)
    add_file(store, run, DRIVER_LOG, "the end\n", is_log=True)
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
    expect(panels.log).to_contain_text("the end")
    expect(panels.said).to_have_text(re.compile(r"^the last 1,31\d lines, 131 kB of 200 MB$"))

    panels.log.evaluate("log => { log.scrollTop = 0; }")
    panels.body.get_by_role("button", name="Show the 131 kB before this").click()
    expect(panels.said).to_have_text(re.compile(r"^the last 2,62\d lines, 262 kB of 200 MB$"))
    panels.expect_at_end(is_at_end=False)
    # What was read stays in sight: the new lines are above it.
    assert panels.log.evaluate("log => log.scrollTop") > 1_000
    # Nobody has counted the lines before it.
    expect(panels.body.get_by_role("button", name="Numbers")).to_be_disabled()


def test_follow_is_picked_up_again_at_the_end(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "again", end=None)
    add_file(store, run, DRIVER_LOG, lines(500), is_log=True)
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
    follow = panels.body.get_by_role("button", name="Follow")
    expect(panels.log).to_contain_text("line 499")
    panels.expect_at_end()
    panels.log.focus()
    panels.page.keyboard.press("Home")
    expect(follow).to_have_attribute("aria-pressed", "false")
    panels.page.keyboard.press("End")
    expect(follow).to_have_attribute("aria-pressed", "true")
    add_file(store, run, DRIVER_LOG, lines(100, 500), is_log=True)
    expect(panels.log).to_contain_text("line 599")
    panels.expect_at_end()


def test_lines_are_numbered_and_wrapped(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "numbers")
    add_file(store, run, DRIVER_LOG, lines(120) + "long " * 400 + "\n", is_log=True)
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
    row = panels.log.locator(".jp-AmlRunPage-logRow").nth(119)
    number = "row => getComputedStyle(row, '::before').content"
    assert row.evaluate(number) == "none"
    panels.body.get_by_role("button", name="Numbers").click()
    assert row.evaluate(number) == '"120"'
    # They are no part of the text, which is copied and searched.
    expect(row).to_have_text("line 119")
    assert panels.log.evaluate("log => log.scrollWidth > log.clientWidth")
    panels.body.get_by_role("button", name="Wrap").click()
    assert panels.log.evaluate("log => log.scrollWidth <= log.clientWidth")
    panels.sidebar.screenshot("panels_log_numbers")


def test_log_shows_what_a_terminal_would(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "terminal")
    add_file(
        store, run, DRIVER_LOG, "10%\r50%\r100%\n\x1b[31mred\x1b[0m \x1b[1;38;2;0;255;0mgreen\x1b[0m\n", is_log=True
    )
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
    rows = panels.log.locator(".jp-AmlRunPage-logRow")
    expect(rows).to_have_text(["100%", "red green"])
    expect(rows.nth(1).locator("span").first).to_have_class("jp-AmlRunPage-text-color1")
    light = rows.nth(1).locator("span").first.evaluate("span => getComputedStyle(span).color")
    panels.sidebar.set_theme("Dark")
    assert rows.nth(1).locator("span").first.evaluate("span => getComputedStyle(span).color") != light
    panels.sidebar.screenshot("panels_log_dark")


def test_log_is_searched(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "search")
    add_file(store, run, DRIVER_LOG, lines(400) + "a needle here\n" + lines(400, 400), is_log=True)
    add_file(store, run, DRIVER_LOG, "Needle\n", is_log=True)
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
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
    field.fill("line 7-")
    expect(count).to_have_text("none")
    field.fill("nothing like this")
    expect(count).to_have_text("none")
    field.press("Escape")
    expect(count).to_have_text("")
    panels.sidebar.screenshot("panels_log_search")


def test_logs_are_listed_in_order_and_the_script_is_shown_first(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    store = own_workspace.store
    run = add_run(store, "several")
    for path in ("azureml-logs/75_job_post.txt", DRIVER_LOG, "logs/rank_10.txt", "logs/rank_9.txt"):
        add_file(store, run, path, f"this is {path}\n", is_log=True)
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
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


def test_run_without_logs_says_so(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    panels = Panels(open_sidebar(), own_workspace, add_run(own_workspace.store, "silent"), "logs")
    expect(panels.body.get_by_text("This run has written no log.")).to_be_visible()
