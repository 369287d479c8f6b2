"""The log of a run in a real JupyterLab: its place, its looks and its search, also while the kernel is busy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import OpenNotebook
from tests.e2e.lab import NotebookPage

SETUP = f"""import sys, time
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})
from tests.e2e.seeded_views import *
from aml_widgets.testing.seeded_logs import append_log, colourful, giant, hostile_logs, stages, start_run"""


@pytest.fixture(scope="module")
def shared(open_shared_notebook: OpenNotebook) -> NotebookPage:
    """The notebook of all tests: the setup has run, the cells 1 to 3 are theirs."""
    opened = open_shared_notebook([SETUP, "pass", "pass", "pass", "pass"])
    opened.run_cell(0)
    assert opened.errors() == []
    return opened


@pytest.fixture
def notebook(shared: NotebookPage) -> Iterator[NotebookPage]:
    """The notebook, with cells that the test fills."""
    with shared.fresh() as notebook:
        yield notebook


def run(notebook: NotebookPage, cell: int, source: str, *, wait: bool = True) -> Locator:
    """Run a source in a cell; give the view in its output."""
    notebook.run_source(source, cell, wait=wait)
    return notebook.output(cell).locator(".aml-run")


def logs_of(view: Locator) -> Locator:
    """Open the tab of the logs."""
    view.get_by_role("tab", name="Logs").click()
    logs = view.locator(".aml-logs")
    expect(logs.get_by_role("button", name="Follow")).to_be_visible()
    return logs


def top_line(log: Locator) -> list[object]:
    """Give the first line in sight, and how far it is from the top of the box."""
    return list(
        log.evaluate(
            """(log) => {
                const top = log.getBoundingClientRect().top;
                const lines = [...log.querySelectorAll('.aml-log-block > .widget-html-content > div')];
                const line = lines.find((line) => line.getBoundingClientRect().bottom > top);
                return [line.textContent, Math.round(line.getBoundingClientRect().top - top)];
            }"""
        )
    )


def test_the_log_follows_its_end_and_keeps_its_place_for_a_reader(notebook: NotebookPage) -> None:
    lines = "''.join(f'line {i}\\n' for i in range(%s))"
    view = run(
        notebook,
        1,
        f"run_id = new_run(); write_log(run_id, {lines % '20_000'}); view = show(run_id, refresh_seconds=0.3)",
    )
    logs = logs_of(view)
    log, follow = logs.locator(".aml-log"), logs.get_by_role("button", name="Follow")
    expect(log).to_contain_text("line 19999")
    expect(follow).to_have_attribute("aria-pressed", "true")
    assert log.evaluate("(log) => log.scrollTop") == 0

    log.evaluate("(log) => log.scrollTo({ top: -30 })")
    expect(follow).to_have_attribute("aria-pressed", "false")
    before = top_line(log)
    run(notebook, 2, f"for turn in range(8):\n    write_log(run_id, {lines % '20_000, 20_100'}); time.sleep(0.2)")
    expect(log).to_contain_text("line 20099")
    assert top_line(log) == before
    expect(logs.get_by_role("button", name="New lines below")).to_be_visible()
    notebook.screenshot("logs-new-lines-below", of=view)

    logs.get_by_role("button", name="New lines below").click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    assert log.evaluate("(log) => log.scrollTop") == 0

    log.focus()
    notebook.page.keyboard.press("Home")
    expect(follow).to_have_attribute("aria-pressed", "false")
    notebook.page.wait_for_timeout(1_000)  # the browser scrolls there smoothly
    before = top_line(log)
    n_lines = log.locator(".aml-log-block > .widget-html-content > div").count()
    logs.get_by_role("button", name="before this").click()
    notebook.page.wait_for_function(
        "(n) => document.querySelectorAll('.aml-log-block > .widget-html-content > div').length > n", arg=n_lines
    )
    # The parts before it now show where the button was; the line itself has not moved.
    moved_by = log.evaluate(
        """(log, [text, distance]) => {
            const lines = [...log.querySelectorAll('.aml-log-block > .widget-html-content > div')];
            const line = lines.find((line) => line.textContent === text);
            return line.getBoundingClientRect().top - log.getBoundingClientRect().top - distance;
        }""",
        before,
    )
    assert abs(moved_by) <= 2
    notebook.page.keyboard.press("End")
    run(notebook, 3, "write_log(run_id, 'the very end\\n')")
    logs.get_by_role("button", name="Follow").click()
    expect(log).to_contain_text("the very end")


def test_search_wrap_numbers_and_the_download_answer_while_a_cell_runs(notebook: NotebookPage, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    view = run(
        notebook,
        1,
        "run_id = new_run(); write_log(run_id, ''.join(f'epoch {i}: loss {i * 7 % 100} ' + 'word ' * (i % 40) + '\\n'"
        " for i in range(300))); view = show(run_id)",
    )
    logs = logs_of(view)
    expect(logs.locator(".aml-log")).to_contain_text("epoch 299")
    run(notebook, 2, f"gate = Path({str(gate)!r})\nwhile not gate.exists():\n    time.sleep(0.05)", wait=False)
    expect(notebook.cells.nth(2)).to_contain_text("[*]")

    field, count = logs.get_by_role("searchbox"), logs.locator(".aml-log-count")
    field.fill("EPOCH 27")
    expect(count).to_have_text("11 of 11", timeout=2_000)
    field.press("Enter")
    expect(count).to_have_text("1 of 11", timeout=2_000)
    field.press("Shift+Enter")
    expect(count).to_have_text("11 of 11", timeout=2_000)
    logs.get_by_role("button", name="Numbers").click()
    logs.get_by_role("button", name="Wrap").click()
    logs.get_by_role("button", name="Wrap").click()
    number = logs.locator(".aml-log-block > .widget-html-content > div").first.evaluate(
        "(line) => getComputedStyle(line, '::before').display"
    )
    assert number == "inline-block"
    notebook.screenshot("logs-search", of=view)
    copied = logs.locator(".aml-log").evaluate(
        "(log) => { getSelection().selectAllChildren(log.querySelector('.aml-log-text')); return getSelection().toString(); }"
    )
    assert copied.strip().startswith("epoch 0: loss 0")
    assert "\nepoch 1: loss 7 word" in copied
    field.press("Escape")
    expect(field).to_have_value("")
    with notebook.page.expect_download() as downloading:
        logs.get_by_role("button", name="Download").click()
    assert downloading.value.suggested_filename == "user_log.txt"
    saved = Path(downloading.value.path()).read_text().splitlines()
    assert (len(saved), saved[0]) == (300, "epoch 0: loss 0 ")
    assert notebook.is_running(2)
    gate.touch()
    notebook.wait_for_idle()


def test_what_was_written_for_a_terminal_looks_so(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(colourful(store))")
    logs = logs_of(view)

    expect(logs.locator(".aml-log")).to_contain_text("100%|")
    expect(logs.locator(".aml-log")).to_contain_text("epoch 39")
    logs.get_by_role("button", name="Numbers").click()
    for theme in ("Light", "Dark", "Dark High Contrast"):
        notebook.set_theme(theme)
        notebook.screenshot(f"logs-colours-{theme.replace(' ', '-').lower()}", of=view)
    assert view.evaluate("(view) => view.scrollWidth <= view.clientWidth")


def test_hostile_names_giant_files_and_a_narrow_cell(notebook: NotebookPage) -> None:
    view = run(notebook, 1, "view = show(hostile_logs(store))")
    logs = logs_of(view)
    for path in logs.locator("select option").evaluate_all("(options) => options.map((option) => option.value)"):
        logs.locator("select").select_option(path)
        expect(logs.locator(".aml-log")).to_contain_text("<b>bold</b>")
    notebook.screenshot("logs-hostile", of=view)
    assert view.locator("img[src=x], script, b b, a[href^=javascript]").count() == 0
    assert notebook.page.evaluate("() => window.pwned") is None

    giant = run(notebook, 2, "view = show(giant(store))")
    logs = logs_of(giant)
    expect(logs.locator(".aml-log")).to_contain_text("line 4999 of the end")
    notebook.page.set_viewport_size({"width": 520, "height": 1600})
    notebook.hide_sidebar()
    notebook.screenshot("logs-giant-narrow", of=giant)
    assert giant.evaluate("(view) => view.scrollWidth <= view.clientWidth")

    staged = run(notebook, 3, "view = show(stages(store))")
    logs = logs_of(staged)
    logs.locator("select").select_option("logs/one_long_line.txt")
    expect(logs.locator(".aml-log-more")).to_be_visible()
    notebook.screenshot("logs-long-line", of=staged)
