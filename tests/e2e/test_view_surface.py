"""Charts in a real notebook: what they say under the pointer, how they are zoomed, their ticks, and how they are saved."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage
from tests.e2e.surface_views import HOSTILE, script

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.e2e.surface_views import *"""
LEFT, TOP, RIGHT, BOTTOM = 50, 8, 18, 34  # the margins of a figure


class Charts:
    """The charts of one cell, as a hand with a mouse meets them."""

    def __init__(self, notebook: NotebookPage, cell: int = 1) -> None:
        self.notebook, self.page = notebook, notebook.page
        self.view = notebook.output(cell).locator(".aml-run")

    def figure(self, card: str) -> Locator:
        return self.view.locator(f".aml-card-id-{card} .bqplot.figure")

    def place(self, card: str, x: float, y: float) -> tuple[float, float]:
        """Give the pixel of a place in a plot, from (0, 0) at its lower left to (1, 1)."""
        box = self.figure(card).bounding_box()
        assert box is not None
        width, height = box["width"] - LEFT - RIGHT, box["height"] - TOP - BOTTOM
        return box["x"] + LEFT + width * x, box["y"] + TOP + height * (1 - y)

    def point_at(self, card: str, x: float, y: float) -> None:
        self.page.mouse.move(*self.place(card, x, y))

    def drag(self, card: str, begin: tuple[float, float], end: tuple[float, float], *, drop: bool = True) -> None:
        self.point_at(card, *begin)
        self.page.mouse.down()
        self.page.mouse.move(*self.place(card, (begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2))
        self.page.mouse.move(*self.place(card, *end))
        if drop:
            self.page.mouse.up()

    def has_tip(self, card: str, x: float) -> bool:
        """Point at a place and say whether something is said of it."""
        self.figure(card).scroll_into_view_if_needed()
        for y in (0.5, 0.52):
            self.point_at(card, x, y)
        self.page.wait_for_timeout(100)
        return self.tip().count() > 0 and self.tip().is_visible()

    def tip(self) -> Locator:
        return self.view.locator(".aml-tip")

    def ticks(self, card: str, axis: int) -> list[str]:
        """Give the labels of an axis, in the order of their values (0: x, 1: y)."""
        labels = self.figure(card).evaluate(
            "(figure, axis) => [...figure.querySelectorAll('.axis')[axis].querySelectorAll('.tick')]"
            ".map((tick) => [tick.__data__, tick.querySelector('text').textContent])",
            axis,
        )
        return [label for _, label in sorted(labels)]

    def ends(self, card: str) -> list[float]:
        """Give the first and the last place of the line on the page, in pixels of the plot."""
        numbers: list[float] = self.figure(card).evaluate(
            """(figure) => {
                const numbers = figure.querySelector('path.line').getAttribute('d').match(/-?[\\d.]+(e-?\\d+)?/g).map(Number);
                return [numbers[0], numbers[1], numbers[numbers.length - 2], numbers[numbers.length - 1]];
            }"""
        )
        return numbers

    def wait_for(self, condition: Callable[[], bool]) -> None:
        for _ in range(100):
            if condition():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("It did not come to be within 5 s.")


@pytest.fixture
def notebook(open_notebook: OpenNotebook) -> NotebookPage:
    """A notebook whose cells the test fills."""
    opened = open_notebook([SETUP, "pass", "pass", "pass"])
    opened.run_cell(0)
    assert opened.errors() == []
    return opened


def run(notebook: NotebookPage, cell: int, source: str, *, wait: bool = True) -> Charts:
    """Put a source into a cell and run it."""
    notebook.page.evaluate(
        "([cell, source]) => { window.amlNotebook.content.widgets[cell].model.sharedModel.setSource(source); }",
        [cell, source],
    )
    notebook.run_cell(cell, wait=wait)
    assert notebook.errors() == []
    return Charts(notebook, cell)


def show(notebook: NotebookPage, source: str) -> Charts:
    """Show charts and wait until the page looks after all of them."""
    charts = run(notebook, 1, f"charts = {source}\ncharts.root")
    expect(charts.view.locator(".bqplot.figure:not([aria-label])")).to_have_count(0)
    expect(charts.view.locator(".bqplot.figure[aria-label]").first).to_be_visible()
    return charts


def said(notebook: NotebookPage, expression: str) -> object:
    """Give what a Python expression is in the kernel."""
    run(notebook, 3, f"import json\nprint('answer', json.dumps({expression}))")
    expect(notebook.output(3)).to_contain_text("answer")
    return json.loads(notebook.output_text(3).split("answer", 1)[1])


def test_ticks_are_round_short_and_told_apart(browser: Browser) -> None:
    context = browser.new_context(timezone_id="Europe/Berlin", locale="en-US")
    page = context.new_page()
    page.evaluate(
        "(source) => { window.aml = {}; new Function('aml', source)(window.aml); }",
        script("ticks.js"),
    )

    def labels(low: float, high: float, **options: object) -> list[str]:
        given = {"low": low, "high": high, "size": 260, **options}
        found: list[str] = page.evaluate("(options) => window.aml.ticks.axis(options).labels", given)
        return found

    def y(low: float, high: float, **options: object) -> list[str]:
        return labels(low, high, size=156, isVertical=True, **options)

    assert y(0, 1) == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert y(0, 1e-6) == ["0", "2e\u22127", "4e\u22127", "6e\u22127", "8e\u22127", "1e\u22126"]
    assert y(-0.5, 0.5) == ["\u22120.4", "\u22120.2", "0", "0.2", "0.4"]
    assert y(0, 2.1e7) == ["0", "5M", "10M", "15M", "20M"]
    assert y(123_456, 123_457) == ["123,456", "+0.2", "+0.4", "+0.6", "+0.8", "+1.0"]
    assert y(-1e308, 1e308) == ["\u22121e308", "0", "1e308"]
    assert y(1e-6, 1, isLog=True) == ["1e\u22126", "1e\u22124", "0.01", "1"]
    assert y(20, 45, isLog=True) == ["20", "30", "40"]
    assert labels(0, 3, kind="step") == ["0", "1", "2", "3"]
    assert labels(0, 1, kind="step", size=900) == ["0", "1"]
    assert labels(0, 999_999, kind="step") == ["0", "200k", "400k", "600k", "800k"]
    assert labels(1_203_000, 1_203_440, kind="step") == ["1,203,000", "1,203,200", "1,203,400"]
    assert labels(0, 59, kind="relative") == ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s"]
    assert labels(0, 95, kind="relative") == ["0 s", "30 s", "60 s", "90 s"]
    assert labels(0, 1210, kind="relative", size=300) == [
        "0 min",
        "5 min",
        "10 min",
        "15 min",
        "20 min",
    ]
    assert labels(0, 6000, kind="relative", size=300) == ["0 min", "30 min", "1 h", "1 h 30"]
    assert labels(5000, 5030, kind="relative", size=300)[0] == "1:23:20"
    assert labels(1, 1e5, kind="relative", isLog=True) == ["1 s", "1 min", "1 h", "24 h"]
    day = 1_763_700_000  # 2025-11-21 05:40 in Berlin
    assert labels(day, day + 30, kind="wall", size=300)[:2] == ["05:40:00", "05:40:10"]
    assert labels(day + 9.2, day + 9.5, kind="wall") == ["05:40:09.2", "05:40:09.3", "05:40:09.4", ""]
    assert labels(day + 9.249, day + 9.2515, kind="wall") == ["05:40:09.249", "05:40:09.250", "05:40:09.251"]
    # Also one label alone reads like those of its range.
    assert labels(day + 9.21, day + 9.26, kind="wall", size=130) == ["05:40:09.25"]
    assert labels(day + 30, day + 100, kind="wall", size=130) == ["05:41"]
    assert labels(245.21, 245.26, kind="relative", size=90) == ["4:05.25"]
    assert labels(0.2, 0.5, kind="relative") == ["0.2 s", "0.3 s", "0.4 s", "0.5 s"]
    assert labels(day, day + 4_000, kind="wall") == ["05:45", "06:00", "06:15", "06:30", "06:45"]
    assert labels(day, day + 90_000, kind="wall", size=300) == ["06:00", "12:00", "18:00", "Nov 22", "06:00"]
    # Over the night in which clocks were put back, each hour once.
    autumn = labels(1_761_426_000, 1_761_426_000 + 5 * 3600, kind="wall", size=600)
    assert autumn[:2] == ["23:00", "23:30"]
    assert "Oct 26" in autumn
    # Neither span nor place of an axis makes labels touch, be alike, or be missing.
    problems = page.evaluate(
        """() => {
            const problems = [];
            for (let power = -12; power <= 12; power += 1)
                for (const low of [0, 1, -1, 1e6, 0.3])
                    for (const lead of [1, 1.7, 3.3, 7.1])
                        for (const size of [60, 150, 260, 900])
                            for (const kind of ['step', 'number', 'relative', 'wall']) {
                                const high = low + lead * 10 ** power;
                                if (!(high - low > 1e-9 * Math.abs(low))) continue;
                                const { values, labels } = window.aml.ticks.axis({ low, high, kind, size });
                                const shown = labels.filter(Boolean);
                                const letters = shown.reduce((sum, label) => sum + label.length * 6, 0);
                                const isAlike = kind !== 'wall' && new Set(shown).size < shown.length;
                                if (isAlike || (values.length > 1 && letters > size + 60) || values.some((value) => value < low - 1e-6 * (high - low) || value > high + 1e-6 * (high - low)))
                                    problems.push([low, high, kind, size, labels]);
                            }
            return problems.slice(0, 5);
        }"""
    )
    assert problems == []
    context.close()


def test_a_chart_says_what_was_logged_under_the_pointer(notebook: NotebookPage) -> None:
    charts = show(notebook, "all_kinds()")
    notebook.page.set_viewport_size({"width": 1280, "height": 1500})
    tip = charts.tip()

    charts.point_at("loss", 0.403, 0.9)

    expect(tip).to_contain_text("step 40")
    expect(tip).to_contain_text("0.37608379914931367")
    expect(tip).to_contain_text("2025")
    assert charts.figure("loss").get_attribute("aria-label") == (
        "loss, line chart, step from 0 to 100, last value 0.11415980631760989"
    )
    assert charts.ticks("loss", 0) == ["0", "25", "50", "75", "100"]

    charts.point_at("eight", 0.4, 0.44)

    expect(tip.locator(".aml-tip-row")).to_have_count(8)
    expect(tip.locator(".aml-is-nearest .aml-tip-value")).to_have_text("1.7875308624794244")
    expect(tip).to_contain_text(HOSTILE)
    expect(charts.view.locator(".aml-point")).to_have_count(8)
    assert charts.view.locator("img[src=x], .aml-tip b").count() == 0
    assert notebook.page.evaluate("() => window.pwned") is None
    notebook.screenshot("hover-light", of=charts.view)

    charts.point_at("smooth", 0.4, 0.5)
    expect(tip.locator(".aml-tip-row", has_text="logged")).to_contain_text("0.11042498913964593")
    expect(tip.locator(".aml-tip-row", has_text="smoothed")).to_contain_text("0.376084")
    charts.point_at("gaps", 0.4, 0.5)
    expect(tip).to_contain_text("NaN at 40")
    charts.point_at("relative", 0.4, 0.5)
    expect(tip).to_contain_text("after 36:00")
    charts.point_at("metric", 0.4, 0.02)
    expect(tip).to_contain_text("lr \u2212")
    charts.point_at("wall", 0.4, 0.5)
    expect(tip).to_contain_text("step 40")
    assert charts.ticks("tiny", 1) == ["5e\u22127", "1e\u22126", "1.5e\u22126", "2e\u22126"]
    assert charts.ticks("log", 1) == ["1e\u22124", "0.01", "1"]

    # Text that is too long for the margin would be cut at the left of the figure.
    too_wide = charts.view.evaluate(
        """(view) => [...view.querySelectorAll('.bqplot.figure')].flatMap((figure) =>
            [...figure.querySelectorAll('.tick text')].filter((text) =>
                text.getBoundingClientRect().left < figure.getBoundingClientRect().left - 1
                || text.getBoundingClientRect().right > figure.getBoundingClientRect().right + 1).map((text) => text.textContent))"""
    )
    assert too_wide == []
    notebook.page.mouse.move(5, 5)
    expect(tip).to_have_count(0)
    notebook.set_theme("Dark")
    charts.point_at("eight", 0.9, 0.4)
    expect(tip).to_be_visible()
    notebook.screenshot("hover-dark", of=charts.view)
    notebook.set_theme("Light")

    notebook.page.set_viewport_size({"width": 500, "height": 1500})
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    charts.wait_for(lambda: (charts.view.bounding_box() or {"width": 999})["width"] < 450)
    for x in (0.02, 0.5, 0.98):
        charts.wait_for(partial(charts.has_tip, "eight", x))  # the figures may still be growing narrow
        inside = tip.evaluate(
            """(tip) => {
                const [inner, outer] = [tip.getBoundingClientRect(), tip.closest('.aml-run').getBoundingClientRect()];
                return inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
            }"""
        )
        assert inside
    notebook.screenshot("hover-narrow", of=charts.view)


def test_zoom_is_of_the_browser_and_new_points_do_not_change_it(notebook: NotebookPage) -> None:
    charts = show(notebook, "all_kinds()")
    notebook.page.set_viewport_size({"width": 1280, "height": 1500})
    reset = charts.figure("loss").locator(".aml-reset")
    whole = charts.ends("loss")
    expect(reset).to_have_count(0)

    run(notebook, 2, "time.sleep(8)", wait=False)
    expect(notebook.cells.nth(2)).to_contain_text("[*]")
    charts.drag("loss", (0.25, 0.5), (0.5, 0.52), drop=False)
    expect(charts.view.locator(".aml-span")).to_be_visible()
    notebook.screenshot("zoom-drag", of=charts.figure("loss"))
    notebook.page.keyboard.press("Escape")
    notebook.page.mouse.up()
    expect(charts.view.locator(".aml-span")).to_have_count(0)
    assert charts.ends("loss") == whole
    charts.drag("loss", (0.25, 0.5), (0.5, 0.52))

    expect(reset).to_be_visible()
    assert charts.ticks("loss", 0) == ["30", "40", "50"]
    assert notebook.is_running(2)
    notebook.screenshot("zoom-done", of=charts.figure("loss"))
    zoomed = charts.ends("loss")
    assert zoomed != whole
    notebook.wait_for_idle()
    asked = said(notebook, "charts.asked")
    assert isinstance(asked, list)
    assert [card for card, _ in asked] == ["loss"]
    x0, x1, y0, y1 = json.loads(asked[0][1])
    assert (x0, x1) == (pytest.approx(25, abs=0.5), pytest.approx(50, abs=0.5))
    assert (y0, y1) == (pytest.approx(0.23, abs=0.03), pytest.approx(0.72, abs=0.05))  # what those points need

    more = "charts.charts['loss'] = chart('loss', {'loss': falling(201)}); charts.draw()"
    run(notebook, 2, more)
    assert charts.ticks("loss", 0) == ["30", "40", "50"]
    notebook.page.mouse.dblclick(*charts.place("loss", 0.5, 0.5))
    expect(reset).to_have_count(0)
    assert charts.ticks("loss", 0) == ["0", "50", "100", "150", "200"]

    # A kernel that has not answered yet sends the whole range with each new point; what the user looks at stays.
    run(notebook, 2, "charts.is_deaf = True; charts.asked.clear()")
    charts.point_at("loss", 0.5, 0.5)
    notebook.page.keyboard.down("Control")
    for _ in range(4):
        notebook.page.mouse.wheel(0, -240)
    notebook.page.keyboard.up("Control")
    expect(reset).to_be_visible()
    charts.wait_for(lambda: charts.ticks("loss", 0) != ["0", "50", "100", "150", "200"])
    near = charts.ticks("loss", 0)
    run(notebook, 2, more.replace("201", "401"))
    notebook.page.wait_for_timeout(500)
    assert charts.ticks("loss", 0) == near
    told = said(notebook, "charts.asked")
    assert isinstance(told, list)
    assert 1 <= len(told) <= 4  # once the wheel rests; on a slow machine it may rest in between
    reset.click()
    expect(reset).to_have_count(0)
    charts.wait_for(lambda: charts.ticks("loss", 0) == ["0", "100", "200", "300", "400"])

    # A box, and a move with Shift.
    charts.drag("log", (0.3, 0.9), (0.8, 0.4))
    expect(charts.figure("log").locator(".aml-reset")).to_be_visible()
    boxed = charts.ticks("log", 1)
    assert boxed != ["1e\u22124", "0.01", "1"]
    notebook.page.keyboard.down("Shift")
    charts.drag("log", (0.5, 0.5), (0.3, 0.5))
    notebook.page.keyboard.up("Shift")
    assert charts.ticks("log", 1) == boxed
    notebook.screenshot("zoom-log", of=charts.view)
    notebook.page.mouse.move(5, 5)
    place = charts.view.evaluate("(view) => view.getBoundingClientRect().top")
    charts.point_at("loss", 0.5, 0.5)
    notebook.page.mouse.wheel(0, 100)  # a plain wheel scrolls, as ever
    notebook.page.wait_for_timeout(200)
    assert charts.view.evaluate("(view) => view.getBoundingClientRect().top") <= place


def test_a_chart_is_used_by_keyboard(notebook: NotebookPage) -> None:
    charts = show(notebook, "all_kinds()")
    figure = charts.figure("loss")
    spoken = charts.view.locator(".aml-spoken")
    figure.focus()

    notebook.page.keyboard.press("Alt+ArrowRight")
    notebook.page.keyboard.press("Alt+ArrowRight")

    expect(spoken).to_contain_text("step 1")
    expect(spoken).to_contain_text("value 2.003")
    expect(charts.tip()).to_contain_text("step 1")
    notebook.screenshot("keyboard", of=charts.view)
    notebook.page.keyboard.press("+")
    expect(figure).to_have_attribute(
        "aria-label", "loss, line chart, step from 16.667 to 83.333, last value 0.11415980631760989, zoomed"
    )
    notebook.page.keyboard.press("ArrowRight")
    expect(spoken).to_contain_text("step from 26.667 to 93.333")
    notebook.page.keyboard.press("Escape")
    expect(figure.locator(".aml-reset")).to_have_count(0)
    notebook.page.keyboard.press("-")
    notebook.page.keyboard.press("0")
    notebook.page.keyboard.press("0")  # would restart the kernel, if JupyterLab heard it
    assert notebook.page.locator(".jp-Dialog").count() == 0
    assert charts.ticks("loss", 0) == ["0", "25", "50", "75", "100"]
    charts.figure("eight").focus()
    notebook.page.keyboard.press("Alt+ArrowRight")
    expect(spoken).to_contain_text("layer 0")
    notebook.page.keyboard.press("Alt+ArrowDown")
    expect(spoken).to_contain_text("layer 1")


def test_a_chart_is_saved_as_it_is_seen(notebook: NotebookPage, tmp_path: Path) -> None:
    charts = show(notebook, "all_kinds()")
    notebook.set_theme("Dark")

    saved = {}
    for name in ("svg eight", "png eight", "svg hostile"):
        with notebook.page.expect_download() as download:
            charts.view.get_by_role("button", name=name, exact=True).click()
        target = tmp_path / download.value.suggested_filename
        download.value.save_as(target)
        saved[name] = target

    assert saved["png eight"].name == "eight.png"
    assert saved["svg hostile"].name == "img-src-x-onerror-window.pwned-1-b-bold-b.svg"
    svg = saved["svg eight"].read_text(encoding="utf-8")
    assert "var(" not in svg
    assert "color(" not in svg
    assert "<img" not in svg
    assert svg.count("<line") >= 8  # the legend, besides the grid
    assert ">eight<" in svg
    png = saved["png eight"].read_bytes()
    width, height = struct.unpack(">II", png[16:24])
    assert width > 400
    assert height > 400
    folder = notebook.screenshot("saved-page")
    if folder is not None:
        for target in saved.values():
            (folder.parent / f"saved-{target.name}").write_bytes(target.read_bytes())


@pytest.mark.long
def test_hover_over_many_points_is_smooth(notebook: NotebookPage) -> None:
    charts = show(notebook, "large()")
    charts.point_at("large", 0.5, 0.5)
    expect(charts.tip()).to_be_visible()

    milliseconds = charts.figure("large").evaluate(
        """async (figure) => {
            const box = figure.getBoundingClientRect();
            const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
            const times = [];
            for (let i = 0; i < 40; i += 1) {
                const place = { bubbles: true, clientX: box.left + 60 + i * (box.width - 90) / 40, clientY: box.top + 80, pointerType: 'mouse' };
                figure.dispatchEvent(new PointerEvent('pointermove', place));
                const before = performance.now();
                await frame();
                await frame();
                times.push(performance.now() - before);
            }
            return times.sort((one, other) => one - other)[20];
        }"""
    )

    assert milliseconds < 150  # two frames are 33 ms where nothing else runs
