"""The live view in a real notebook: what it shows, that it lives while a cell runs, and that it never lies."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import LabServer, NotebookPage

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = f"""import sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.e2e.seeded_views import *"""


@pytest.fixture
def notebook(open_notebook: OpenNotebook) -> NotebookPage:
    """A notebook whose cells the test fills: the setup has run, the cells 1 to 4 are empty."""
    opened = open_notebook([SETUP, "pass", "pass", "pass", "pass"])
    opened.run_cell(0)
    assert opened.errors() == []
    return opened


def run(notebook: NotebookPage, cell: int, source: str, *, wait: bool = True) -> Locator:
    """Put a source into a cell and run it; give the view in its output."""
    notebook.page.evaluate(
        "([cell, source]) => { window.amlNotebook.content.widgets[cell].model.sharedModel.setSource(source); }",
        [cell, source],
    )
    notebook.run_cell(cell, wait=wait)
    return notebook.output(cell).locator(".aml-run")


def line_of(view: Locator, metric: str) -> Locator:
    """Give the line of a metric's chart."""
    return card_of(view, metric).locator("path.line").first


def card_of(view: Locator, metric: str) -> Locator:
    """Give the card of a metric's chart."""
    return view.locator(".aml-card", has=view.page.locator(f'.aml-name[title="{metric}"]'))


def test_every_kind_of_value_is_shown(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(every_kind())")

    expect(view.locator(".aml-status")).to_contain_text("Running")
    expect(view.locator(".aml-tile", has_text="n_samples")).to_contain_text("442")
    expect(view.locator(".aml-values")).to_contain_text("Ridge(alpha=0.3)")
    expect(card_of(view, "ramp").locator("img")).to_be_visible()
    for metric in ("loss", "val/loss", "roc", "gradients", "gaps"):
        expect(line_of(view, metric)).to_have_attribute("d", re.compile(r"^M[\d.,]+L"))
    expect(card_of(view, "gaps")).to_contain_text("1 \N{MULTIPLICATION SIGN} NaN")
    expect(card_of(view, "gradients").locator(".aml-key")).to_have_count(3)
    expect(view.locator(".aml-log")).to_contain_text("100% done")
    assert "NaN" not in "".join(svg.inner_html() for svg in view.locator(".aml-grid svg").all())
    notebook.screenshot("run-details-every-kind", of=view)
    notebook.set_theme("Dark")
    notebook.screenshot("run-details-every-kind-dark", of=view)
    notebook.set_theme("Dark High Contrast")
    notebook.screenshot("run-details-every-kind-high-contrast", of=view)


def test_the_view_fits_a_narrow_cell(notebook: NotebookPage) -> None:
    notebook.page.set_viewport_size({"width": 520, "height": 1600})
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")

    view = run(notebook, 1, "view = show(every_kind())")

    expect(line_of(view, "gaps")).to_be_visible()
    notebook.screenshot("run-details-narrow", of=view)
    widths = view.evaluate("(view) => [view.scrollWidth, view.clientWidth]")
    assert widths[0] <= widths[1] < 450


def test_a_line_grows_while_a_cell_runs_and_nothing_moves_after_the_end(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = new_run('growing'); log_curve(run_id, 'loss', 2); view = show(run_id)")
    expect(line_of(view, "loss")).to_be_visible()
    before = line_of(view, "loss").get_attribute("d")

    run(notebook, 2, "for i in range(60):\n    log_curve(run_id, 'loss', 1); time.sleep(0.1)", wait=False)

    expect(line_of(view, "loss")).not_to_have_attribute("d", before or "")
    expect(view.locator(".aml-status")).to_contain_text("Running")
    assert notebook.is_running(2)
    notebook.wait_for_idle()

    view.evaluate("(view) => { view.dataset.mark = 'the same element'; }")
    run(notebook, 3, "view.refresh_seconds = 60; complete(run_id)")

    expect(view.locator(".aml-status")).to_contain_text("Completed", timeout=5_000)  # at once, not after the interval
    expect(view.locator(".aml-fact", has_text="Ended")).to_be_visible()
    expect(view.locator(".aml-ticking")).to_have_count(0)
    notebook.page.wait_for_timeout(500)
    assert view.get_attribute("data-mark") == "the same element"  # not drawn anew, so it did not flicker
    notebook.watch_comm_messages()
    notebook.page.wait_for_timeout(2_000)
    assert notebook.unasked_messages() == []
    run(notebook, 4, "from aml_widgets.widgets.watcher import watcher; print('watching', watcher.is_running)")
    expect(notebook.output(4)).to_contain_text("watching False")


@pytest.mark.long
def test_the_times_tick_without_messages_and_a_dead_kernel_is_said(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(new_run('ticking'), refresh_seconds=2)")
    updated = view.locator(".aml-fact", has_text="Updated")
    fresh, stale = updated.locator(".aml-fresh"), updated.locator(".aml-stale")
    expect(fresh).to_be_visible()
    expect(stale).to_be_hidden()

    notebook.page.evaluate("() => window.amlNotebook.sessionContext.session.kernel.shutdown()")

    expect(stale).to_be_visible(timeout=15_000)
    expect(stale).to_contain_text("no news since")
    expect(fresh).to_be_hidden()
    notebook.screenshot("run-details-dead-kernel", of=view)
    seconds = "(view) => getComputedStyle(view.querySelector('.aml-clock')).getPropertyValue('--aml-seconds')"
    stopped_at = view.evaluate(seconds)
    notebook.page.wait_for_timeout(1_500)
    assert view.evaluate(seconds) == stopped_at


def test_a_store_that_does_not_answer_is_said_and_old_data_stays(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = new_run('flaky'); log_curve(run_id, 'loss', 50); view = show(run_id)")
    expect(line_of(view, "loss")).to_be_visible()

    run(notebook, 2, "store.reason = 'the disk <b>went</b> away'")

    notice = view.locator(".aml-silence")
    expect(notice).to_contain_text("The store cannot be reached since")
    expect(notice).to_contain_text("the disk <b>went</b> away")
    expect(line_of(view, "loss")).to_be_visible()
    notebook.screenshot("run-details-silent-store", of=view)

    run(notebook, 3, "store.reason = None")

    expect(notice).to_be_hidden()


def test_text_from_a_run_is_never_markup(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(hostile())")

    expect(view.locator(".aml-status")).to_contain_text("Failed")
    expect(view.locator(".aml-log")).to_contain_text("<b>bold</b>")
    expect(view.locator(".aml-card:visible")).to_have_count(8)
    view.locator(".aml-error summary").click()
    notebook.screenshot("run-details-hostile", of=view)
    assert view.locator("script, b b, img[src=x]").count() == 0
    assert notebook.page.evaluate("() => window.pwned") is None
    assert view.evaluate("(view) => view.scrollWidth <= view.clientWidth")


def test_a_failed_run_says_why(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = every_kind(); fail(run_id); view = show(run_id)")

    expect(view.locator(".aml-status")).to_contain_text("Failed")
    expect(view.locator(".aml-error")).to_contain_text("Found 442 and 441 samples.")
    expect(view.locator(".aml-error .aml-mono")).to_be_hidden()
    view.locator(".aml-error summary").click()
    expect(view.locator(".aml-error .aml-mono")).to_contain_text("Traceback:")
    notebook.screenshot("run-details-failed", of=view)


def test_a_long_error_stays_inside_a_narrow_view(notebook: NotebookPage) -> None:
    notebook.page.set_viewport_size({"width": 520, "height": 1600})
    notebook.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")

    view = run(notebook, 1, "run_id = every_kind(); fail(run_id, long_error()); view = show(run_id)")
    expect(view.locator(".aml-error")).to_contain_text("the rows do not match")
    view.locator(".aml-error summary").click()

    expect(view.locator(".aml-error .aml-mono")).to_be_visible()
    notebook.screenshot("run-details-long-error", of=view)
    # A traceback scrolls within its own box; all that is seen of it lies inside.
    too_wide = view.evaluate(
        """(view) => {
            const right = view.getBoundingClientRect().right;
            return [...view.querySelectorAll('*')].filter((element) => !element.closest('.bqplot') && element.checkVisibility())
                .filter((element) => element.getBoundingClientRect().right > right).map((element) => element.outerHTML);
        }"""
    )
    assert too_wide == []
    widths = view.evaluate("(view) => [view.scrollWidth, view.clientWidth]")
    assert widths[0] <= widths[1] < 450


@pytest.mark.long
def test_a_kernel_that_was_restarted_is_said_and_moves_nothing(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = every_kind(); view = show(run_id)")
    expect(line_of(view, "loss")).to_be_visible()
    notice = view.get_by_text("The kernel that showed this is gone.")
    expect(notice).to_be_hidden()
    place = """(view) => {
        const card = view.querySelector('.aml-card');
        const line = card.querySelector('path.line').getBoundingClientRect();
        const picture = card.querySelector('.bqplot').getBoundingClientRect();
        return [line.x - card.getBoundingClientRect().x, line.width, picture.width];
    }"""
    before = view.evaluate(place)

    notebook.restart_kernel()

    expect(notice).to_be_visible()
    expect(view.locator(".aml-gone")).to_contain_text('RunDetails(ws.get_run("')
    expect(view.locator(".aml-fresh:visible")).to_have_count(0)
    notebook.screenshot("run-details-restarted", of=view)
    icons = view.evaluate(
        """(view) => [view, ...view.querySelectorAll('.jupyter-widgets-disconnected')].map(
            (element) => getComputedStyle(element, '::before').content).filter((content) => content !== 'none')"""
    )
    assert view.page.locator(".jupyter-widgets-disconnected").count() > 0
    assert icons == []
    assert view.evaluate(place) == pytest.approx(before, abs=1)


def test_a_run_whose_process_is_gone_says_what_ends_it(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(not_responding())")

    expect(view.locator(".aml-status")).to_contain_text("NotResponding")
    expect(view).to_contain_text("The process that wrote this run is gone; last sign of life ")
    expect(view.locator(".aml-clock")).to_have_count(0)
    expect(view.locator(".aml-log")).to_be_hidden()
    expect(view).not_to_contain_text("yet")
    notebook.screenshot("run-details-not-responding", of=view)
    notebook.set_theme("Dark")
    notebook.screenshot("run-details-not-responding-dark", of=view)


@pytest.mark.long
def test_many_lines_look_different_from_each_other(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(many_lines())")

    lines = card_of(view, "weights").locator("path.line")
    expect(lines).to_have_count(20)
    notebook.screenshot("run-details-many-lines", of=view)
    notebook.set_theme("Dark")
    notebook.screenshot("run-details-many-lines-dark", of=view)
    looks = lines.evaluate_all(
        "(lines) => lines.map((line) => getComputedStyle(line).stroke + getComputedStyle(line).strokeDasharray)"
    )
    assert len(set(looks)) == 20


def test_an_empty_run_says_so(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(new_run())")

    expect(view).to_contain_text("No metrics yet.")
    expect(view).to_contain_text("This run has written no log yet.")
    notebook.screenshot("run-details-empty", of=view)


def test_one_spike_in_a_million_is_seen(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(one_spike_in_a_million())")

    expect(card_of(view, "noisy")).to_contain_text("of 1,000,000 points")
    notebook.screenshot("run-details-spike", of=view)
    box = line_of(view, "noisy").bounding_box()
    assert box is not None
    assert box["height"] > 100


@pytest.mark.long
def test_a_reloaded_page_shows_the_view_again(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = new_run('again'); log_curve(run_id, 'loss', 50); view = show(run_id)")
    expect(line_of(view, "loss")).to_be_visible()
    notebook.save()

    notebook.reload()
    view = run(notebook, 1, "view = show(run_id)")

    expect(view.locator(".aml-name").first).to_have_text("again")
    expect(line_of(view, "loss")).to_be_visible()


def test_running_a_cell_again_frees_what_it_showed(notebook: NotebookPage) -> None:
    source = "import ipywidgets\nshow(run_id); print('models', len(ipywidgets.widgets.widget._instances))"
    run(notebook, 1, "run_id = every_kind()")
    view = run(notebook, 2, source)
    expect(line_of(view, "loss")).to_be_visible()
    counts = []
    for _ in range(3):
        view = run(notebook, 2, source)
        expect(line_of(view, "loss")).to_be_visible()
        run(notebook, 3, "print('models', len(ipywidgets.widgets.widget._instances))")
        counts.append(notebook.output_text(3))

    assert len(set(counts)) == 1
    run(notebook, 4, "print('views', len(__import__('aml_widgets.widgets.watcher', fromlist='w').watcher))")
    expect(notebook.output(4)).to_contain_text("views 1")


@pytest.mark.long
def test_the_saved_notebook_of_a_run_that_goes_on_shows_how_far_it_was(lab: LabServer, notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = new_run('saved early'); view = show(run_id)")
    expect(view.locator(".aml-status")).to_contain_text("Running")
    view.evaluate("(view) => { view.dataset.mark = 'the same element'; }")
    height = "(output) => output.getBoundingClientRect().height"
    run(notebook, 2, "log_curve(run_id, 'loss', 20)")
    expect(line_of(view, "loss")).to_be_visible()
    before = notebook.output(1).evaluate(height)

    notebook.page.wait_for_timeout(700)  # the next refresh
    notebook.save()

    saved = json.loads((lab.root / notebook.path).read_text(encoding="utf-8"))
    assert "loss" in "".join(saved["cells"][1]["outputs"][0]["data"]["text/plain"])
    assert view.get_attribute("data-mark") == "the same element"
    assert notebook.output(1).evaluate(height) == before
    expect(notebook.output(1).locator("[class^=aml-static]")).to_be_hidden()


def test_the_saved_notebook_holds_a_static_view_of_the_end(lab: LabServer, notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = every_kind(); view = show(run_id)")
    expect(line_of(view, "loss")).to_be_visible()
    run(notebook, 2, "log_curve(run_id, 'late', 20); complete(run_id)")
    expect(view.locator(".aml-status")).to_contain_text("Completed")
    expect(line_of(view, "late")).to_be_visible()

    notebook.page.wait_for_timeout(500)
    notebook.save()

    saved = json.loads((lab.root / notebook.path).read_text(encoding="utf-8"))
    output, live = saved["cells"][1]["outputs"]
    assert "application/vnd.jupyter.widget-view+json" in live["data"]
    assert not "".join(live["data"]["text/plain"])  # what is exported says everything once
    html, text = "".join(output["data"]["text/html"]), "".join(output["data"]["text/plain"])
    assert "Completed" in html
    assert "data:image/svg+xml;base64," in html
    assert "<script" not in html
    assert len(html.encode()) <= 120_000
    assert "late" in text


def test_a_notebook_opened_without_its_kernel_shows_the_static_view(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "run_id = every_kind(); complete(run_id); view = show(run_id)")
    expect(line_of(view, "loss")).to_be_visible()
    static = notebook.output(1).locator("[class^=aml-static]")
    expect(static).to_be_hidden()
    notebook.save()

    notebook.restart_kernel()
    notebook.reload()

    static = notebook.output(1).locator("[class^=aml-static]")
    expect(static).to_be_visible()
    expect(notebook.output(1)).to_contain_text("Error displaying widget")  # ipywidgets says so, to nobody
    assert "widget" not in notebook.output_text(1)
    expect(static).to_contain_text("Completed")
    expect(static.locator("img").first).to_be_visible()
    notebook.screenshot("run-details-static", of=notebook.output(1))
    notebook.set_theme("Dark")
    notebook.screenshot("run-details-static-dark", of=notebook.output(1))
