"""What the live view costs in a real browser: time to the first picture, bytes of a refresh."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, WebSocket, sync_playwright

from benchmarks.figure import Figure, compare
from tests.e2e.lab import CHROMIUM_FLAGS, WAIT_MS, NotebookPage, find_chromium, start_lab

REPOSITORY = Path(__file__).resolve().parents[1]
SETUP = f"""import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.e2e.seeded_views import *
runs = {{n: many_metrics(n) for n in (6, 60, 1000)}}"""

# From the moment the cell is run until every chart in sight has its line.
_TIME_TO_PICTURE = """async (cell) => {
    const panel = window.amlNotebook;
    panel.content.activeCellIndex = cell;
    const start = performance.now();
    window.jupyterapp.commands.execute('notebook:run-cell');
    const output = () => panel.content.widgets[cell].node.querySelector('.jp-Cell-outputArea');
    const isDrawn = (card) => [...card.querySelectorAll('path.line')].some((line) => (line.getAttribute('d') ?? '').length > 10);
    const isInSight = (card) => {
        const box = card.getBoundingClientRect();
        return box.height > 0 && box.bottom > 0 && box.top < window.innerHeight;
    };
    while (performance.now() - start < 120000) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const cards = [...(output()?.querySelectorAll('.aml-card') ?? [])].filter(isInSight);
        if (cards.length && cards.every(isDrawn)) return (performance.now() - start) / 1000;
    }
    throw new Error('no picture within two minutes');
}"""


@contextmanager
def notebook_in(folder: Path, cells: list[str], *, height: int = 1000) -> Iterator[NotebookPage]:
    """Open a notebook in JupyterLab in Chromium, both our own, and end both afterwards."""
    lab = start_lab(folder / "lab")
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
            page = chromium.new_page(viewport={"width": 1280, "height": height})
            page.set_default_timeout(WAIT_MS)
            path = lab.write_notebook(cells)
            page.goto(lab.notebook_url(path))
            notebook = NotebookPage(page, path)
            notebook.wait_until_open()
            try:
                yield notebook
            finally:
                notebook.close()
                chromium.close()
    finally:
        lab.stop()


def first_paint(folder: Path) -> list[Figure]:
    """Compare the first picture of 60 and of 1,000 metrics with that of 6."""
    cells = [SETUP, *[f"view = show(runs[{n}], 60)" for n in (6, 60, 1000)], "view.close()"]
    seconds: dict[int, list[float]] = {6: [], 60: [], 1000: []}
    with notebook_in(folder, cells) as notebook:
        notebook.run_cell(0)
        for turn in range(4):
            for place, count in enumerate(seconds, start=1):
                took = float(notebook.page.evaluate(_TIME_TO_PICTURE, place))
                notebook.wait_for_idle()
                notebook.run_cell(4)
                notebook.page.evaluate(
                    "() => window.amlNotebook.content.widgets.forEach((cell) => cell.model.clearExecution?.())"
                )
                if turn:  # the first time, the browser loads the widgets' scripts
                    seconds[count].append(took)
    return [
        compare(
            f"first picture of {count:,} metrics in the browser",
            "of 6 metrics",
            limit,
            list(zip(seconds[count], seconds[6], strict=True)),
        )
        for count, limit in ((60, 4.0), (1000, 6.0))
    ]


def refresh_bytes(folder: Path) -> list[Figure]:
    """Compare the bytes that one refresh sends when 1, 3 and 12 of 30 charts got points, without those when none did."""
    cells = [
        SETUP + "\nview = RunView(store, runs[60], refresh_seconds=3600); view.show()",
        "from aml_widgets.widgets.watcher import watcher",
        *[
            f"for place in range({count}): log_curve(runs[60], f'layer {{place // 6}}/weight {{place}}', 10)\nwatcher.wake()"
            for count in (0, 1, 3, 12)
        ],
    ]
    received: list[int] = []

    def listen(page: Page) -> None:
        def watch(socket: WebSocket) -> None:
            socket.on("framereceived", lambda payload: received.append(len(payload)))

        page.on("websocket", watch)

    sent: dict[int, int] = {}
    with notebook_in(folder, cells, height=4_000) as notebook:  # all charts are in sight, or they would not be sent
        listen(notebook.page)
        notebook.reload()  # sockets that were open before are not told of
        notebook.run_cell(0)
        notebook.run_cell(1)
        notebook.page.wait_for_function("() => document.querySelectorAll('.aml-chart-card path.line').length >= 30")
        notebook.page.wait_for_timeout(2_000)
        for place, count in enumerate((0, 1, 3, 12), start=2):
            found = []
            for _ in range(3):
                notebook.page.wait_for_timeout(1_000)
                received.clear()
                notebook.run_cell(place)
                notebook.page.wait_for_timeout(2_000)
                found.append(sum(received))
            sent[count] = round(statistics.median(found))
            if count and sent[count] - sent[0] < 1_000 * count:
                raise RuntimeError(f"{count} charts got points, and the page only {sent[count] - sent[0]} bytes more.")
    # What running the cell itself sends is in all of them, and so taken off.
    grown = {count: sent[count] - sent[0] for count in (1, 3, 12)}
    return [
        compare("bytes of a refresh, 3 charts changed", "1 changed", 3.6, [(grown[3], grown[1])], unit="bytes"),
        compare("bytes of a refresh, 12 charts changed", "1 changed", 14.0, [(grown[12], grown[1])], unit="bytes"),
    ]
