"""What a run has logged beside curves, on its page in a real browser: tiles, tables, documents and pictures."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from aml_widgets.core.records import MetricKind
from aml_widgets.testing.seeded import every_kind_run
from tests.e2e.conftest import OpenRun
from tests.e2e.lab import take_screenshot
from tests.e2e.run_page import card, fits, is_painted
from tests.e2e.seeded_panels import add_file, picture
from tests.e2e.seeded_runs import SeededWorkspace, add_run
from tests.e2e.sidebar import Sidebar

MATRIX = '{"data": {"class_labels": ["%s"], "matrix": [[7]]}}'


def test_every_kind_is_drawn_as_what_it_is(own_workspace: SeededWorkspace, open_run: OpenRun, page: Page) -> None:
    run = every_kind_run(own_workspace.store)
    run_page = open_run(own_workspace, run.run_id)
    tiles = run_page.locator(".jp-AmlRunPage-tile")
    expect(tiles.filter(has_text="big int")).to_contain_text(str(2**100))
    expect(tiles.filter(has_text="infinity")).to_contain_text("\N{INFINITY}")
    expect(run_page.get_by_role("row", name="text relu", exact=True)).to_be_visible()

    card(run_page, "rows").scroll_into_view_if_needed()
    expect(run_page.get_by_role("img", name="Chart of rows over x; latest y 8")).to_be_visible()
    expect(card(run_page, "mixed list")).to_contain_text("3 values are no number")
    card(run_page, "table").scroll_into_view_if_needed()
    expect(card(run_page, "table").get_by_role("row", name="2 1 0.5 b")).to_be_visible()
    card(run_page, "roc").scroll_into_view_if_needed()
    expect(card(run_page, "roc").get_by_role("img", name="roc, 1 of 1")).to_be_visible()

    matrix = card(run_page, "confusion_matrix")
    matrix.scroll_into_view_if_needed()
    expect(matrix).to_contain_text("accuracy 85.00 %")
    expect(matrix.get_by_role("row", name="cat 8 2")).to_be_visible()
    matrix.get_by_label("Show").select_option("rates")
    expect(matrix.get_by_role("row", name="cat 80.0 % 20.0 %")).to_be_visible()

    accuracy = card(run_page, "accuracy_table")
    accuracy.scroll_into_view_if_needed()
    expect(accuracy).to_contain_text("AUC")
    assert is_painted(accuracy.get_by_role("img", name="ROC curves of accuracy_table"))
    assert is_painted(accuracy.get_by_role("img", name="Precision over recall of accuracy_table"))
    accuracy.get_by_label("Classes").select_option(label="dog")
    expect(accuracy.locator(".jp-AmlRunPage-legend").first).to_have_text("dogAUC 0.5")

    for name, told in (("residuals", "7 residuals in 2 bins"), ("predictions", "7 predictions in 2 bins")):
        shown = card(run_page, name)
        shown.scroll_into_view_if_needed()
        expect(shown).to_contain_text(told)
        assert is_painted(shown.locator(".jp-AmlChart"))
        shown.get_by_role("button", name=f"Save {name}").click()
        with page.expect_download() as download:
            shown.get_by_role("button", name="Save as PNG").click()
        assert download.value.path().read_bytes().startswith(b"\x89PNG")
    take_screenshot(page, "run-page-kinds")


def test_pictures_have_a_slider_and_a_long_table_pages(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    store = own_workspace.store
    run = add_run(store, "pictures", losses=(), end=None)
    names = [f"sample_{step}.png" for step in range(4)]
    for step, name in enumerate(names):
        add_file(store, run, name, picture(60 * step, 90, 120))
    store.log_columns(run.run_id, "sample", {None: names}, kind=MetricKind.IMAGE)
    store.log_columns(run.run_id, "words", {None: [f"word {place}" for place in range(45)]})
    run_page = open_run(own_workspace, run.run_id)

    sample = card(run_page, "sample")
    expect(sample.get_by_role("img", name="sample, 4 of 4")).to_be_visible()
    slider = sample.get_by_role("slider", name="Picture")
    slider.focus()
    slider.press("Home")
    shown = sample.get_by_role("img", name="sample, 1 of 4")
    expect(shown).to_be_visible()
    expect(sample).to_contain_text("step 0")
    sample.page.wait_for_function("image => image.naturalWidth === 32", arg=shown.element_handle())
    store.log_columns(run.run_id, "sample", {None: [names[0]]}, kind=MetricKind.IMAGE)
    expect(sample.get_by_role("img", name="sample, 1 of 5")).to_be_visible()  # what somebody looks at stays

    words = card(run_page, "words")
    expect(words).to_contain_text("41\N{EN DASH}45 of 45")
    words.get_by_role("button", name="First rows").click()
    expect(words.get_by_role("row", name="0 word 0", exact=True)).to_be_visible()
    expect(words.get_by_role("button", name="Rows before")).to_be_disabled()
    words.get_by_role("button", name="Rows after").click()
    expect(words).to_contain_text("21\N{EN DASH}40 of 45")


def test_what_cannot_be_shown_says_why(own_workspace: SeededWorkspace, open_run: OpenRun, page: Page) -> None:
    store = own_workspace.store
    run = add_run(store, "broken", losses=(), end=None)
    add_file(store, run, "wrong.json", "<img src=x onerror=alert(1)>")
    add_file(store, run, "wrong.png", "<svg onload=alert(1)>")
    add_file(store, run, "hostile.json", MATRIX % "<img src=x onerror=alert(1)>")
    for name, path in (("no json", "wrong.json"), ("gone", "nowhere.json"), ("hostile", "hostile.json")):
        store.log_columns(run.run_id, name, {None: [path]}, kind=MetricKind.CONFUSION_MATRIX)
    for name, path in (("no picture", "wrong.png"), ("no file", "nowhere.png")):
        store.log_columns(run.run_id, name, {None: [path]}, kind=MetricKind.IMAGE)
    run_page = open_run(own_workspace, run.run_id)
    for name in ("no json", "gone"):
        expect(card(run_page, name)).to_contain_text("This document cannot be shown")
    for name, why in (("no picture", "is no picture that this browser can draw"), ("no file", "has no file")):
        shown = card(run_page, name)
        shown.scroll_into_view_if_needed()
        expect(shown).to_contain_text("This picture cannot be shown")
        expect(shown).to_contain_text(why)
    expect(card(run_page, "hostile").get_by_role("rowheader")).to_have_text("<img src=x onerror=alert(1)>")
    take_screenshot(page, "run-page-broken")


def test_a_full_page_is_read_in_every_theme_and_on_a_phone(
    own_workspace: SeededWorkspace, open_run: OpenRun, page: Page
) -> None:
    run = every_kind_run(own_workspace.store)
    run_page = open_run(own_workspace, run.run_id)
    sidebar = Sidebar(page)
    matrix = card(run_page, "confusion_matrix")
    matrix.scroll_into_view_if_needed()
    expect(matrix).to_contain_text("accuracy")
    try:
        for theme in ("Light", "Dark", "Dark High Contrast"):
            sidebar.set_theme(theme)
            take_screenshot(page, f"run-page-kinds-{theme.replace(' ', '-').lower()}")
        sidebar.set_theme("Light")
        page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); }")
        page.set_viewport_size({"width": 440, "height": 900})  # JupyterLab's own bars leave 360 of it
        expect(run_page.get_by_role("tab", name="Metrics")).to_be_visible()
        page.wait_for_function("one => one.clientWidth < 370", arg=run_page.element_handle())
        page.wait_for_function("one => one.scrollWidth <= one.clientWidth", arg=run_page.element_handle())
        assert fits(run_page)
        take_screenshot(page, "run-page-phone")
    finally:
        sidebar.set_theme("Light")
