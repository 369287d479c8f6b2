"""The charts of the live view in a real notebook: sections, pages, controls, truth, and what is saved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys, time, math
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.e2e.seeded_views import *

def sixty():
    run_id = new_run("sixty metrics")
    for place in range(60):
        section = ("train", "val", "test", "system", "optimizer", "layers of the network")[place // 10]
        name = f"{{section}}/metric {{place}}" if place % 10 else f"{{section}}/loss"
        points = range(200)
        store.log_columns(run_id, name, {{None: array("d", (
            math.exp(-point / (20 + place)) + 0.05 * math.sin(point * (place + 1) * 1.7) + 0.2 for point in points))}})
    store.log_columns(run_id, "epoch", {{None: array("d", (point / 20 for point in range(200)))}})
    return run_id

def nan_ridden():
    run_id = new_run("NaN-ridden")
    nan, inf = math.nan, math.inf
    store.log_columns(run_id, "gaps", {{None: [
        math.sin(point / 9) if point % 7 else (nan, inf, -inf)[point % 3] for point in range(300)]}})
    store.log_columns(run_id, "alone", {{None: [1.0, nan, 2.0, nan, nan, 1.5, inf, 3.0] * 10}})
    store.log_columns(run_id, "only NaN", {{None: [nan] * 20}})
    store.log_columns(run_id, "negative", {{None: array("d", (point - 50.0 for point in range(100)))}})
    waves = {{f"layer {{layer}}": [math.sin(point / (5 + layer)) for point in range(80)] for layer in range(12)}}
    store.log_columns(run_id, "gradients", waves, kind=MetricKind.ROW)
    return run_id"""


@pytest.fixture
def notebook(open_notebook: OpenNotebook) -> NotebookPage:
    opened = open_notebook([SETUP, "pass", "pass", "pass"])
    opened.page.set_viewport_size({"width": 1280, "height": 2400})
    opened.run_cell(0)
    assert opened.errors() == []
    return opened


def run(notebook: NotebookPage, cell: int, source: str) -> Locator:
    notebook.page.evaluate(
        "([cell, source]) => { window.amlNotebook.content.widgets[cell].model.sharedModel.setSource(source); }",
        [cell, source],
    )
    notebook.run_cell(cell)
    return notebook.output(cell).locator(".aml-run")


def use(view: Locator, do: str, argument: str | None = None) -> Locator:
    """Give a control by its verb."""
    selector = f'[data-aml-do="{do}"]' + (f'[data-aml-with="{argument}"]' if argument is not None else "")
    return view.locator(selector)


def look_for(view: Locator, text: str) -> None:
    """Type into the filter field."""
    field = use(view, "chart-filter")
    field.press("ControlOrMeta+a")
    field.press_sequentially(text)
    field.press("Enter")


def more(view: Locator) -> None:
    """Unfold the menu of settings that are seldom changed."""
    view.locator(".aml-chart-settings .aml-menu > summary").click()
    expect(view.locator(".aml-chart-settings .aml-menu[open]")).to_be_visible()


def fold(view: Locator) -> None:
    """Fold the menu."""
    view.page.keyboard.press("Escape")
    expect(view.locator(".aml-chart-settings .aml-menu[open]")).to_have_count(0)


def seen_cards(view: Locator) -> Locator:
    return view.locator(".aml-card:visible")


def card_of(view: Locator, metric: str) -> Locator:
    return view.locator(".aml-card", has=view.page.locator(f'.aml-name[title="{metric}"]'))


def path_of(view: Locator, metric: str) -> Locator:
    return card_of(view, metric).locator("path.line").first


def test_sixty_metrics_in_sections_with_filter_pin_fold_and_sizes(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = sixty(); view = show(run_id)")
    expect(path_of(view, "train/loss")).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    expect(seen_cards(view)).to_have_count(30)
    expect(view.locator(".aml-section-head:visible")).to_have_text(
        [re.compile(r"train\s*10"), re.compile(r"val\s*10"), re.compile(r"test\s*10")]
    )
    notebook.screenshot("sixty", of=view)

    use(view, "chart-page", "next").click()
    expect(view.locator(".aml-pager")).to_contain_text("Charts 31\N{EN DASH}60 of 61")
    expect(card_of(view, "system/loss")).to_be_visible()
    expect(view.locator(".aml-section-head:visible").first).to_contain_text("test")
    use(view, "chart-page", "first").click()
    expect(card_of(view, "train/loss")).to_be_visible()

    look_for(view, "loss")
    expect(seen_cards(view)).to_have_count(6)
    expect(view.locator(".aml-chart-bar")).to_contain_text("6 of 61 charts")
    use(view, "chart-filter-regex").check()
    look_for(view, "^(train|val)/loss(")
    expect(view.locator(".aml-wrong")).to_contain_text("no regular expression")
    expect(seen_cards(view)).to_have_count(6)
    notebook.screenshot("wrong-expression", of=view)
    look_for(view, "^(train|val)/loss")
    expect(seen_cards(view)).to_have_count(2)
    look_for(view, "zzz")
    notebook.screenshot("nothing-found", of=view)
    use(view, "chart-filter-clear").click()
    expect(seen_cards(view)).to_have_count(30)
    expect(use(view, "chart-filter")).to_have_value("")

    card = card_of(view, "val/loss")
    use(card, "chart-pin").click()
    expect(view.locator(".aml-section-head:visible").first).to_contain_text("Pinned")
    view.page.wait_for_function(
        "([pinned, other]) => pinned.getBoundingClientRect().top < other.getBoundingClientRect().top",
        arg=[card_of(view, "val/loss").element_handle(), card_of(view, "train/loss").element_handle()],
    )
    use(view, "chart-section", "/train").click()
    expect(card_of(view, "train/loss")).to_be_hidden()
    more(view)
    use(view, "chart-columns").select_option("2")
    use(view, "chart-size").select_option("large")
    expect(view.locator(".aml-grid.aml-columns-2.aml-size-large")).to_be_visible()
    expect(view.locator(".aml-chart-settings .aml-menu > summary")).to_have_text("More (2)")
    notebook.screenshot("more", of=view)
    fold(view)
    notebook.page.wait_for_timeout(700)
    notebook.screenshot("pinned-folded-large", of=view)

    again = run(notebook, 2, "again = show(run_id)")
    expect(again.locator(".aml-section-head:visible").first).to_contain_text("Pinned")
    expect(again.locator(".aml-grid.aml-columns-2.aml-size-large")).to_be_visible()
    expect(card_of(again, "train/loss")).to_have_count(0)


def test_axes_smoothing_and_csv(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = sixty(); view = show(run_id)")
    line = path_of(view, "train/loss")
    expect(line).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    before = line.get_attribute("d") or ""

    for _ in range(5):
        use(view, "chart-smoothing").press("PageUp")
    expect(view.locator(".aml-chart-settings output")).to_have_text("0.9")
    expect(line).not_to_have_attribute("d", before)
    expect(view.locator(".aml-chart-settings output")).to_have_text("0.9")
    expect(card_of(view, "train/loss").locator("path.line")).to_have_count(2)  # what was logged, behind
    notebook.page.wait_for_timeout(500)
    notebook.screenshot("smoothed", of=view.locator(".aml-grid"))

    more(view)
    before = line.get_attribute("d") or ""
    use(view, "chart-x-log").check()
    expect(line).not_to_have_attribute("d", before)
    expect(line).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))  # though its first step is 0, which has no place
    for path in card_of(view, "train/loss").locator("path.line").all():
        assert re.fullmatch(r"M[\d.,]+(L[\d.,]+){198}", path.get_attribute("d") or "")
    notebook.screenshot("log-x", of=view.locator(".aml-grid"))
    use(view, "chart-x-log").uncheck()
    use(view, "chart-y-log").check()
    notebook.page.wait_for_timeout(1_000)
    notebook.screenshot("log-y", of=view.locator(".aml-grid"))
    use(view, "chart-y-log").uncheck()
    fold(view)
    for value, name in (("wall", "wall-time"), ("relative", "relative-time"), ("metric:epoch", "over-epoch")):
        drawn = path_of(view, "train/loss").get_attribute("d") or ""
        use(view, "chart-x").select_option(value)
        notebook.page.wait_for_timeout(1_000)
        notebook.screenshot(name, of=card_of(view, "train/loss"))
        assert drawn
    expect(card_of(view, "train/loss")).to_contain_text("epoch")
    run(notebook, 2, 'view.figure("train/loss").marks[0].colors = ["crimson"]')
    expect(card_of(view, "train/loss").locator("path.line").first).to_have_css("stroke", "rgb(220, 20, 60)")
    more(view)
    use(view, "chart-x-log").check()
    expect(card_of(view, "train/metric 1")).to_contain_text("no place on the axes")
    expect(card_of(view, "train/loss").locator("path.line").first).to_have_css("stroke", "rgb(220, 20, 60)")
    fold(view)
    more(view)
    use(view, "chart-defaults").click()
    fold(view)
    expect(use(view, "chart-x")).to_have_value("step")

    card = card_of(view, "train/loss")
    card.locator(".aml-menu summary").click()
    notebook.screenshot("menu", of=card)
    with notebook.page.expect_download() as download:
        use(card, "chart-csv").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert download.value.suggested_filename == "train_loss.csv"
    assert lines[0] == 'seq,step,time,"value"'
    assert len(lines) == 201
    assert lines[1].endswith(",1.2")

    notebook.set_theme("Dark")
    notebook.screenshot("sixty-dark", of=view)
    notebook.page.set_viewport_size({"width": 520, "height": 1600})
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.page.wait_for_timeout(1_000)
    notebook.screenshot("narrow-dark", of=view)
    expect(use(view, "chart-x")).to_be_visible()
    more(view)
    expect(use(view, "chart-y-log")).to_be_visible()
    notebook.screenshot("narrow-open", of=view)
    fold(view)
    widths = view.evaluate("(view) => [view.scrollWidth, view.clientWidth]")
    assert widths[0] <= widths[1] < 450


@pytest.mark.long
def test_a_thousand_metrics_and_at_most_thirty_figures(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(many_metrics(1000))")
    expect(path_of(view, "layer 0/weight 0")).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))

    for place in ("next", "last", "previous"):
        use(view, "chart-page", place).click()
    expect(view.locator(".aml-pager")).to_contain_text("Charts 961\N{EN DASH}990 of 1,000")
    expect(card_of(view, "layer 160/weight 960")).to_be_visible()
    notebook.screenshot("thousand", of=view)
    assert view.locator(".aml-card").count() == 30
    assert view.locator(".bqplot.figure, .bqplot .svg-figure").count() <= 60
    run(
        notebook,
        2,
        "import bqplot, ipywidgets\n"
        "print(sum(isinstance(one, bqplot.Figure) for one in ipywidgets.widgets.widget._instances.values()))",
    )
    assert 0 < int(notebook.output_text(2)) <= 30  # those that were in sight once


def test_nothing_is_hidden_of_gaps_and_spikes(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(nan_ridden())")
    expect(path_of(view, "gaps")).to_have_attribute("d", re.compile(r"^M"))
    expect(card_of(view, "gaps")).to_contain_text("NaN")
    expect(card_of(view, "gradients").locator(".aml-key")).to_have_count(12)
    card_of(view, "gradients").locator(".aml-key").nth(2).click()
    expect(card_of(view, "gradients").locator('.aml-key[aria-pressed="false"]')).to_have_count(1)
    notebook.page.wait_for_timeout(500)
    notebook.screenshot("nan-ridden", of=view)
    notebook.set_theme("Dark High Contrast")
    notebook.screenshot("nan-ridden-high-contrast", of=view)
    notebook.set_theme("Light")

    spike = run(notebook, 2, "view = show(one_spike_in_a_million())")
    card = card_of(spike, "noisy")
    expect(path_of(spike, "noisy")).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    expect(card).to_contain_text("of 1,000,000")
    notebook.screenshot("spike", of=card)
    run(
        notebook,
        3,
        "panel = view._parts.tabs._tabs[0].panels[1]\n"
        "(card_id,) = [slot.card_id for slot in panel._grid.slots.values()]\n"
        "with panel._host.lock:\n    panel._zoom(card_id, '[654300, 654340, -1, 51]')",
    )
    expect(card).not_to_contain_text("of 1,000,000")
    notebook.screenshot("spike-zoomed", of=card)
