"""Files, children and details on the page of a run, in a real browser."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from aml_widgets.core.status import RunStatus
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.testing.seeded_files import SNAPSHOT_ID, run_with_every_fact, run_with_hostile_files
from tests.e2e.run_panels import Panels, lines
from tests.e2e.seeded_panels import DRIVER_LOG, HOSTILE, add_file, picture
from tests.e2e.seeded_runs import SeededWorkspace, add_run
from tests.e2e.sidebar import Sidebar

OpenSidebar = Callable[..., Sidebar]
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="40" onload="parent.pwned=1">'
    "<script>window.pwned=1</script><circle cx='40' cy='20' r='15'/></svg>"
)


# -- files


def test_files_are_a_tree_with_previews(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "files")
    files: dict[str, str | bytes] = {
        "outputs/epoch 10.txt": "ten",
        "outputs/epoch 9.txt": "nine",
        "outputs/model.json": '{"depth": 3, "rate": 0.10}',
        "outputs/table.csv": "name,value\none,1\n",
        "outputs/picture.png": picture(200, 80, 20),
        "outputs/drawing.svg": SVG,
        "outputs/weights.bin": bytes(range(256)) * 8,
        "outputs/empty.txt": "",
        "readme.md": "hello",
    }
    for path, content in files.items():
        add_file(store, run, path, content)
    panels = Panels(open_sidebar(), own_workspace, run, "files")
    tree = panels.body.get_by_role("tree", name="Files of the run")
    names = tree.locator(".jp-AmlRunPage-treeName")
    expect(names).to_have_text(
        [
            "outputs",
            "drawing.svg",
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
    expect(preview_of("drawing.svg")).to_contain_text("80 \N{MULTIPLICATION SIGN} 40 pixels")
    assert panels.page.evaluate("window.pwned") is None
    expect(preview_of("weights.bin")).to_contain_text("This file is no text.")
    expect(preview_of("empty.txt")).to_contain_text("This file is empty.")
    panels.sidebar.screenshot("panels_files")


def test_2000_files_are_folded_filtered_and_paged(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "many files", end=None)
    add_file(store, run, "outputs/few/one.txt", "one")
    for place in range(2_000):
        add_file(store, run, f"outputs/many/part {place}.txt", str(place))
    panels = Panels(open_sidebar(), own_workspace, run, "files")
    tree = panels.body.get_by_role("tree", name="Files of the run")
    expect(panels.body).to_contain_text("2,001 files")
    outputs = tree.get_by_role("treeitem", name="outputs")
    expect(outputs).to_have_attribute("aria-expanded", "false")
    outputs.click()
    tree.get_by_role("treeitem", name="many 2,000 files").click()
    expect(tree.get_by_role("treeitem", name="part 199.txt")).to_be_attached()
    expect(tree.get_by_role("treeitem", name="part 200.txt")).to_have_count(0)
    tree.get_by_role("treeitem", name="1,800 more").click()
    expect(tree.get_by_role("treeitem", name="part 1199.txt")).to_be_attached()
    panels.sidebar.screenshot("panels_files_2000")
    panels.body.get_by_role("searchbox", name="Filter the files").fill("part 1999")
    row = tree.get_by_role("treeitem")
    expect(row).to_have_count(1)
    row.click()
    expect(panels.body.locator("pre")).to_have_text("1999")
    # News of the run do not take away what is looked at.
    add_file(store, run, "outputs/few/two.txt", "two")
    expect(panels.body).to_contain_text("2,002 files")
    expect(panels.body.locator("pre")).to_have_text("1999")


def test_tree_works_with_the_keyboard(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "keys")
    for path in ("outputs/a.txt", "outputs/b.txt", "z.txt"):
        add_file(store, run, path, path)
    panels = Panels(open_sidebar(), own_workspace, run, "files")
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


def test_files_are_downloaded_one_by_one_and_as_a_zip(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    store = own_workspace.store
    run = add_run(store, "downloads")
    add_file(store, run, "outputs/one.txt", "1")
    add_file(store, run, "outputs/deep/two.txt", "2")
    panels = Panels(open_sidebar(), own_workspace, run, "files")
    panels.body.get_by_role("treeitem", name="one.txt").click()
    with panels.page.expect_download() as one:
        panels.body.get_by_role("link", name="Download", exact=True).click()
    assert Path(one.value.path()).read_bytes() == b"1"
    with panels.page.expect_download() as everything:
        panels.body.get_by_role("link", name="Download all").click()
    with zipfile.ZipFile(io.BytesIO(Path(everything.value.path()).read_bytes())) as archive:
        contents = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert contents == {"one.txt": b"1", "two.txt": b"2"}


def test_hostile_names_and_contents_are_only_text(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = add_run(store, "hostile", tags={HOSTILE: HOSTILE}, properties={HOSTILE: HOSTILE * 20})
    add_file(
        store, run, f"logs/{HOSTILE}.txt", f"{HOSTILE}\n\x1b]8;;javascript:alert(1)\x07link\x1b]8;;\x07\n", is_log=True
    )
    add_file(store, run, f"outputs/{HOSTILE}.html", HOSTILE)
    add_file(store, run, f"outputs/{HOSTILE}.json", json.dumps({HOSTILE: HOSTILE}))
    add_file(store, run, f"outputs/{HOSTILE}.csv", f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",b\n1,2\n')
    panels = Panels(open_sidebar(), own_workspace, run, "logs")
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


def test_files_of_hostile_names_are_shown_and_saved(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    run = run_with_hostile_files(own_workspace.store)
    panels = Panels(open_sidebar(), own_workspace, run, "files")
    rows = panels.body.get_by_role("tree", name="Files of the run").get_by_role("treeitem")
    files = rows.filter(has_not_text=re.compile("file"))
    preview = panels.body.locator(".jp-AmlRunPage-preview")
    expect(files).to_have_count(9)  # six names, a table and JSON in folders, and a log
    for place in range(9):
        files.nth(place).click()
        expect(preview).to_contain_text("<img src=x onerror")
        expect(preview.locator("img, script")).to_have_count(0)
        with panels.page.expect_download() as download:
            preview.get_by_role("link", name="Download").click()
        assert b"<img src=x onerror" in Path(download.value.path()).read_bytes()
    assert panels.page.evaluate("window.pwned") is None


def test_snapshot_is_shown_and_downloaded(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    run = run_with_every_fact(store)
    panels = Panels(open_sidebar(), own_workspace, run, "files")
    panels.body.get_by_text("Snapshot of the sources").click()
    tree = panels.body.get_by_role("tree", name="Files of the snapshot")
    tree.get_by_role("treeitem", name="model.py").click()
    preview = panels.body.get_by_role("region", name="Preview of model.py")
    snapshot = zipfile.ZipFile(find_snapshot(store.snapshots, SNAPSHOT_ID))
    expect(preview.locator("pre")).to_have_text(snapshot.read("src/model.py").decode())
    panels.sidebar.screenshot("panels_snapshot")
    with panels.page.expect_download() as one:
        preview.get_by_role("link", name="Download").click()
    assert Path(one.value.path()).read_bytes() == snapshot.read("src/model.py")
    with panels.page.expect_download() as everything:
        panels.body.get_by_role("link", name="Download the snapshot").click()
    assert zipfile.ZipFile(Path(everything.value.path())).namelist() == snapshot.namelist()


# -- children


def test_1000_children_are_sorted_filtered_and_opened(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    store = own_workspace.store
    parent = add_run(store, "sweep", end=None)
    for place in range(1_000):
        end = RunStatus.FAILED if place % 100 == 7 else RunStatus.COMPLETED
        add_run(store, f"child {place}", parent=parent, end=end, losses=(1.0, (place * 37 % 1_000) / 1_000))
    panels = Panels(open_sidebar(), own_workspace, parent, "children")
    rows = panels.body.locator(".jp-AmlRunPage-childRow")
    expect(rows).to_have_count(100)
    expect(panels.body).to_contain_text("1\N{EN DASH}100 of 1,000")
    expect(panels.body).to_contain_text("1,000 child runs")
    expect(panels.body).to_contain_text("10 Failed")
    # The best first: of a loss, the lowest.
    head = panels.body.get_by_role("columnheader", name="loss lowest")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(rows.first).to_contain_text("child 0")
    panels.body.get_by_role("combobox", name="Values of the metrics").select_option(label="Last values")
    sort = panels.body.get_by_role("button", name="loss last")
    sort.click()
    expect(rows.first).to_contain_text("0.999")
    panels.body.get_by_role("button", name="Next").click()
    expect(panels.body).to_contain_text("101\N{EN DASH}200 of 1,000")
    expect(rows.first).to_contain_text("0.899")
    panels.body.get_by_role("searchbox").fill("failed child")
    expect(rows).to_have_count(10)
    panels.sidebar.screenshot("panels_children")
    panels.body.get_by_role("button", name="child 107").press("Enter")
    expect(panels.page.locator(".lm-TabBar-tab.lm-mod-current").filter(has_text="child 107")).to_be_visible()


def test_best_children_are_drawn(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    parent = add_run(store, "curves", end=None)
    children = []
    for place in range(30):
        child = add_run(store, f"child {place}", parent=parent, end=None, losses=(1.0, place / 30))
        store.log_columns(child.run_id, "val/accuracy", {None: [0.1, place / 30]})
        store.log_columns(child.run_id, "rate", {None: [place]})
        children.append(child)
    panels = Panels(open_sidebar(), own_workspace, parent, "children")
    chart = panels.body.locator(".jp-AmlRunPage-childChart .jp-AmlChart")
    expect(chart).to_have_attribute("aria-label", re.compile("^Chart of loss for 24 lines; latest child 0 0, "))
    expect(panels.body.get_by_text("the first 24 of 30 in the table")).to_be_visible()
    panels.body.get_by_role("button", name="val/accuracy highest").click()
    expect(chart).to_have_attribute("aria-label", re.compile("^Chart of val/accuracy for 24 lines; latest child 29 "))
    panels.sidebar.screenshot("panels_children_curves")
    store.log_columns(children[3].run_id, "val/accuracy", {None: [0.99]})
    expect(chart).to_have_attribute("aria-label", re.compile("latest child 3 0.99, "))
    panels.body.get_by_role("combobox", name="Add a column with a metric").select_option(label="rate")
    panels.body.get_by_role("button", name="rate lowest").click()
    expect(chart).to_have_attribute("aria-label", "Chart of rate with a point for each of 24 child runs")


def test_a_child_that_starts_later_appears(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    store = own_workspace.store
    parent = add_run(store, "live sweep", end=None)
    add_run(store, "first child", parent=parent)
    panels = Panels(open_sidebar(), own_workspace, parent, "children")
    rows = panels.body.locator(".jp-AmlRunPage-childRow")
    expect(rows).to_have_count(1)
    second = add_run(store, "second child", parent=parent, end=None)
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Running")
    store.set_status(second.run_id, RunStatus.COMPLETED)
    expect(rows.nth(1)).to_contain_text("Completed")


# -- details


def test_details_are_shown_filtered_and_copied(open_sidebar: OpenSidebar, own_workspace: SeededWorkspace) -> None:
    properties = {f"property {place}": f"value {place}" for place in range(30)}
    run = add_run(own_workspace.store, "details", tags={"owner": "ada", "keep": None}, properties=properties)
    panels = Panels(open_sidebar(), own_workspace, run, "details")
    panels.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    details = panels.body.locator(".jp-AmlRunPage-details")
    expect(details.get_by_role("row", name="owner")).to_contain_text("ada")
    expect(details.get_by_role("row", name="keep")).to_contain_text("no value")
    panels.sidebar.screenshot("panels_details")
    details.get_by_role("searchbox").fill("property 17")
    rows = details.get_by_role("row")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Copy property 17").click()
    expect(rows.get_by_role("status")).to_have_text("Copied")
    copied: Any = panels.page.evaluate("navigator.clipboard.readText()")
    assert copied == "value 17"


def test_details_tell_git_environment_arguments_and_error(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace
) -> None:
    run = run_with_every_fact(own_workspace.store)
    panels = Panels(open_sidebar(), own_workspace, run, "details")
    details = panels.body.locator(".jp-AmlRunPage-details")
    expect(details.locator("summary").filter(has_text="Error")).to_be_visible()
    expect(details).to_contain_text("ValueError")
    expect(details.locator("pre").first).to_contain_text("Traceback")
    search = details.get_by_role("searchbox")
    for wanted, label, text in (
        ("0123456789abcdef", "Commit", "0123456789abcdef0123456789abcdef01234567"),
        ("main", "Branch", "main"),
        ("scikit", "scikit-learn", "1.5.2"),
        ("3.12", "Python", "3.12.4"),
        ("alpha", "alpha", "0.1"),
    ):
        search.fill(wanted)
        expect(details.get_by_role("row").filter(has_text=label).filter(has_text=text).first).to_be_visible()
    search.fill("")
    details.get_by_role("button", name=run.parent_run_id).click()
    expect(panels.page.locator(".lm-TabBar-tab.lm-mod-current").filter(has_text="parent")).to_be_visible()


# -- all of them


@pytest.mark.parametrize("width", [360, 480])
@pytest.mark.parametrize("tab", ["logs", "files", "children", "details"])
def test_panels_fit_a_narrow_page(
    open_sidebar: OpenSidebar, own_workspace: SeededWorkspace, tab: str, width: int
) -> None:
    store = own_workspace.store
    run = add_run(store, "narrow", end=None, tags={"a long name of a tag": "a long value of it " * 5})
    add_file(store, run, DRIVER_LOG, lines(50), is_log=True)
    add_file(store, run, "outputs/a folder with a long name/a file with a long name.txt", "text")
    add_run(store, "a child with a long name that goes on and on", parent=run)
    panels = Panels(open_sidebar(), own_workspace, run, tab)
    panels.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    panels.page.set_viewport_size({"width": width, "height": 900})
    expect(panels.body).to_be_visible()
    widths = panels.body.evaluate("body => [body.scrollWidth, body.clientWidth]")
    assert widths[0] <= widths[1]
    panels.sidebar.screenshot(f"panels_{width}_{tab}")
