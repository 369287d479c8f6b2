"""The charts of a run's page in a real browser: what they show, how one looks closer, and what can be saved."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenRun
from tests.e2e.lab import take_screenshot
from tests.e2e.run_page import card
from tests.e2e.seeded_runs import SeededWorkspace, add_run

if TYPE_CHECKING:
    from playwright.sync_api import Locator

N_LONG = 100_000
SPIKE_AT = 33_333
SVG = "{http://www.w3.org/2000/svg}"


def plot_of(shown: Locator) -> tuple[float, float, float, float]:
    """Where the lines of a chart lie on the page: left, top, width and height."""
    box = shown.locator(".u-over").bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def drag(page: Page, start: Sequence[float], end: Sequence[float]) -> None:
    """Move the pointer with its button down."""
    page.mouse.move(start[0], start[1])
    page.mouse.down()
    page.mouse.move(end[0], end[1], steps=5)
    page.mouse.up()


def steps_of(shown: Locator) -> list[str]:
    """What the ticks of the x axis of a chart say, as a saved picture has them; those of the y axis have to be fractions."""
    name = shown.get_attribute("data-metric")
    return [text for text in svg_texts(saved(shown, f"Save {name}", "Save as SVG")) if text.replace(",", "").isdigit()]


def saved(shown: Locator, menu: str, entry: str) -> Path:
    """Save something of a card, and say where it lies."""
    shown.get_by_role("button", name=menu, exact=True).click()
    with shown.page.expect_download() as download:
        shown.get_by_role("button", name=entry).click()
    return download.value.path()


def svg_texts(path: Path) -> list[str]:
    """What is written in a picture."""
    return [text.text or "" for text in ET.fromstring(path.read_text(encoding="utf-8")).iter(f"{SVG}text")]


def test_a_long_curve_keeps_its_spike_and_is_exact_when_zoomed(
    own_workspace: SeededWorkspace, open_run: OpenRun, page: Page
) -> None:
    values = [math.sin(place / 3_000) for place in range(N_LONG)]
    values[SPIKE_AT] = 50.0
    values[SPIKE_AT + 2] = math.nan
    run = add_run(own_workspace.store, "long", losses=values)
    run_page = open_run(own_workspace, run.run_id, **{"aml-size": "large", "aml-columns": "1"})
    shown = card(run_page, "loss")
    expect(shown).to_contain_text("of 100,000 points: the lowest and highest of each stretch")
    expect(shown).to_contain_text("1 \N{MULTIPLICATION SIGN} NaN")

    left, top, width, _ = plot_of(shown)
    x = left + width * SPIKE_AT / N_LONG
    page.mouse.move(x, top + 50)
    page.keyboard.down("Control")
    for _ in range(14):
        page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(shown).not_to_contain_text("the lowest and highest of each stretch")
    page.mouse.move(x + 3, top + 51)
    readout = shown.locator(".jp-AmlChart-readout")
    expect(readout).to_contain_text(re.compile(r"step 33,\d\d\d"))
    told = re.search(r"step (33,\d\d\d).*loss(.+)", readout.inner_text(), re.DOTALL)
    assert told is not None
    value = float(told[2].strip().replace("\N{MINUS SIGN}", "-"))
    assert math.isclose(value, values[int(told[1].replace(",", ""))], rel_tol=1e-5)

    shown.get_by_role("button", name="Show all of loss again").click()
    expect(shown).to_contain_text("the lowest and highest of each stretch")


def test_a_zoom_over_time_is_exact_too(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "long", losses=(), end=None)
    for start in range(0, 9_000, 3_000):
        own_workspace.store.log_columns(run.run_id, "loss", {None: [float(start + one) for one in range(3_000)]})
    run_page = open_run(own_workspace, run.run_id, **{"aml-x": "relative"})
    shown = card(run_page, "loss")
    expect(shown).to_contain_text("of 9,000 points")
    chart = run_page.get_by_role("img", name=re.compile("Chart of loss over time since start"))
    for _ in range(5):
        chart.press("+")
    expect(shown.get_by_role("button", name="Show all of loss again")).to_be_visible()
    expect(shown).not_to_contain_text("could be read")
    chart.press("Escape")
    expect(shown).to_contain_text("of 9,000 points")


def test_one_cursor_goes_over_all_charts(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "two", end=None)
    own_workspace.store.log_columns(run.run_id, "other", {None: [1.0, 2.0, 3.0]})
    run_page = open_run(own_workspace, run.run_id)
    card(run_page, "loss").locator(".u-over").hover()
    expect(card(run_page, "loss").locator(".jp-AmlChart-readout")).to_contain_text("0.5")
    expect(card(run_page, "other").locator(".jp-AmlChart-readout")).to_contain_text("2")


def test_a_drag_zooms_and_shift_drag_moves(own_workspace: SeededWorkspace, open_run: OpenRun, page: Page) -> None:
    run = add_run(own_workspace.store, "dragged", losses=[0.31 + place / 1_000 for place in range(101)])
    shown = card(open_run(own_workspace, run.run_id, **{"aml-columns": "1"}), "loss")
    assert steps_of(shown)[-1] == "100"
    left, top, width, height = plot_of(shown)
    drag(page, (left + width * 0.5, top + 50), (left + width * 0.75, top + 52))
    everything = shown.get_by_role("button", name="Show all of loss again")
    expect(everything).to_be_visible()
    zoomed = [int(step) for step in steps_of(shown)]
    assert all(50 <= step <= 75 for step in zoomed)

    page.keyboard.down("Shift")
    drag(page, (left + width * 0.9, top + 50), (left + width * 0.1, top + 52))
    page.keyboard.up("Shift")
    assert int(steps_of(shown)[0]) > zoomed[0]

    shown.locator(".u-over").dblclick()
    expect(everything).to_have_count(0)
    drag(page, (left + width * 0.2, top + height * 0.2), (left + width * 0.8, top + height * 0.6))
    expect(everything).to_be_visible()
    texts = svg_texts(saved(shown, "Save loss", "Save as SVG"))
    assert "0.32" not in texts  # what lies below the box is not seen


def test_how_charts_are_drawn_is_chosen_above_them(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "chosen", losses=[1 + (-1) ** place for place in range(40)], end=None)
    own_workspace.store.log_columns(run.run_id, "epoch", {None: [place / 10 for place in range(40)]})
    run_page = open_run(own_workspace, run.run_id)
    shown = card(run_page, "loss")
    canvas = shown.locator("canvas")
    picture = "canvas => canvas.toDataURL()"
    before = canvas.evaluate(picture)
    slider = run_page.get_by_role("slider", name="Smoothing")
    slider.focus()
    slider.press("End")
    expect(run_page.locator("output", has_text="0.99")).to_be_visible()
    expect(run_page.get_by_role("button", name="Reset")).to_be_enabled()
    smoothed = canvas.evaluate(picture)
    assert smoothed != before
    svg = saved(shown, "Save loss", "Save as SVG").read_text(encoding="utf-8")
    assert 'stroke-opacity="0.3"' in svg  # the raw line is behind

    run_page.get_by_label("X axis").select_option(label="epoch")
    expect(run_page.get_by_role("img", name=re.compile("Chart of loss over epoch"))).to_be_visible()
    run_page.get_by_label("X axis").select_option("wall")
    expect(run_page.get_by_role("img", name=re.compile("Chart of loss over time"))).to_be_visible()
    run_page.get_by_label("Log y").check()
    expect(shown).to_contain_text("20 points have no place on the axes")
    run_page.get_by_role("button", name="Reset").click()
    expect(shown).not_to_contain_text("no place on the axes")
    expect(run_page.get_by_label("X axis")).to_have_value("step")


def test_a_chart_is_saved_as_picture_and_as_table(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "saved", losses=(), end=None)
    own_workspace.store.log_columns(run.run_id, "a/b <c>", {None: [0.1, math.nan, 1e-7]})
    shown = card(open_run(own_workspace, run.run_id), "a/b <c>")
    texts = svg_texts(saved(shown, "Save a/b <c>", "Save as SVG"))
    assert {"a/b <c>", "step", "0", "2", "NaN"} <= set(texts)
    assert saved(shown, "Save a/b <c>", "Save as PNG").read_bytes().startswith(b"\x89PNG")
    table = saved(shown, "Save a/b <c>", "Save all points as CSV")
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["step"], row["value"]) for row in rows] == [("0", "0.1"), ("1", "NaN"), ("2", "1e-7")]


def test_points_are_read_with_the_keyboard(own_workspace: SeededWorkspace, open_run: OpenRun) -> None:
    run = add_run(own_workspace.store, "read")
    run_page = open_run(own_workspace, run.run_id)
    chart = run_page.get_by_role("img", name=re.compile("Chart of loss"))
    chart.press("Alt+ArrowRight")
    spoken = card(run_page, "loss").locator(".jp-AmlChart-spoken")
    expect(spoken).to_have_text("step 0: loss 1")
    chart.press("Alt+ArrowRight")
    expect(spoken).to_have_text("step 1: loss 0.5")
    readout = card(run_page, "loss").locator(".jp-AmlChart-readout")
    expect(readout).to_contain_text("0.5")
    chart.press("Escape")
    expect(readout).to_be_hidden()


def test_ten_metrics_of_many_points_are_a_page_like_any_other(
    own_workspace: SeededWorkspace, open_run: OpenRun, page: Page
) -> None:
    run = add_run(own_workspace.store, "big", losses=(), end=None)
    for metric in range(10):
        values = [math.exp(-place / 1e5) + metric for place in range(200_000)]
        own_workspace.store.log_columns(run.run_id, f"metric {metric}", {None: values})
    run_page = open_run(own_workspace, run.run_id)
    expect(run_page.locator("section[data-metric]")).to_have_count(10)
    for metric in range(10):
        shown = card(run_page, f"metric {metric}")
        shown.scroll_into_view_if_needed()
        expect(shown).to_contain_text("of 200,000 points")
    take_screenshot(page, "run-page-big")
