"""What the run browser costs: its server over HTTP, and in a real browser the page of a long run and typing beside the panel."""

from __future__ import annotations

import http.client
import json
import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from benchmarks.figure import Figure, best_of, compare
from tests.e2e.growing_run import GrowingRun
from tests.e2e.lab import CHROMIUM_FLAGS, WAIT_MS, LabServer, NotebookPage, find_chromium, start_lab
from tests.e2e.seeded_runs import open_workspace, seed_many
from tests.e2e.sidebar import Sidebar

MANY, FEW = 10_000, 100
LONG, SHORT = 1_000_000, 1_000
GROWING = 3
NAMES = [f"metric {place}" for place in range(10)]
QUERY = {"metrics": ["loss"], "view": "active"}

# Milliseconds from a key to the frame after the one that it is drawn in, for each key that is typed.
_WATCH_KEYS = """() => {
    window.amlKeys = [];
    document.addEventListener('keydown', (event) => {
        const start = event.timeStamp;
        requestAnimationFrame(() => setTimeout(() => window.amlKeys.push(performance.now() - start)));
    }, true);
}"""

# From the command until every chart in sight has been drawn: a canvas with something on it.
_TIME_TO_CHARTS = """async ([workspace, runId, count]) => {
    const start = performance.now();
    await window.jupyterapp.commands.execute('aml-widgets:open-run', { workspace, runId });
    const page = () => window.jupyterapp.shell.currentWidget.node;
    const isInSight = (one) => {
        const box = one.getBoundingClientRect();
        return box.height > 0 && box.bottom > 0 && box.top < window.innerHeight;
    };
    const isDrawn = (canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value > 0);
    };
    while (performance.now() - start < 60000) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const charts = [...page().querySelectorAll('.uplot canvas')].filter(isInSight);
        if (charts.length >= count && charts.every(isDrawn)) {
            const took = (performance.now() - start) / 1000;
            window.jupyterapp.shell.currentWidget.dispose();  // the next one asks anew
            return took;
        }
    }
    throw new Error('no charts within a minute');
}"""


class _Client:
    """Asks a server over one connection, as a browser does."""

    def __init__(self, lab: LabServer) -> None:
        parts = urlsplit(lab.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        self._path = f"{parts.path}aml-widgets/api/workspaces/"
        self._headers = {"Authorization": f"token {lab.token}", "Content-Type": "application/json"}

    def ask(self, path: str, body: dict[str, object] | None = None) -> bytes:
        """Give the body of the answer."""
        verb = "GET" if body is None else "POST"
        self._connection.request(verb, self._path + path, None if body is None else json.dumps(body), self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}: {content[:500]!r}")
        return content


def lists(folder: Path) -> list[Figure]:
    """The first page of 10,000 runs against that of 100; a request that finds nothing new."""
    with _lab(folder) as lab:
        client = _Client(lab)
        keys = {}
        for name, count in (("many", MANY), ("few", FEW)):
            workspace = open_workspace(lab, name)
            seed_many(workspace.store, count)
            keys[count] = workspace.key

        def page(count: int) -> bytes:
            return client.ask(f"{keys[count]}/runs/list", {"query": QUERY, "limit": 100})

        pages = {count: json.loads(page(count)) for count in keys}
        assert {count: len(found["runs"]) for count, found in pages.items()} == {MANY: 100, FEW: 100}

        def poll(count: int) -> bytes:
            return client.ask(f"{keys[count]}/runs/poll", {"query": QUERY, "cursor": pages[count]["cursor"]})

        assert json.loads(poll(MANY))["changed"] == []
        first, idle, against_page = [], [], []
        for _ in range(7):
            cost = best_of(5, lambda: page(MANY)) * 1e3
            quiet = best_of(5, lambda: poll(MANY)) * 1e3
            first.append((cost, best_of(5, lambda: page(FEW)) * 1e3))
            idle.append((quiet, best_of(5, lambda: poll(FEW)) * 1e3))
            against_page.append((quiet, cost))
        sizes = [(float(len(poll(MANY))), float(len(page(MANY))))]
    return [
        compare("browser: first page of 10,000 runs over HTTP", "the same of 100", 2, first, unit="ms"),
        compare("browser: idle poll of 10,000 runs over HTTP", "the same of 100", 1.5, idle, unit="ms"),
        compare("browser: idle poll of 10,000 runs over HTTP", "the first page", 1, against_page, unit="ms"),
        compare("browser: bytes of an idle poll", "of the first page", 0.05, sizes, unit="bytes"),
    ]


def run_pages(folder: Path) -> list[Figure]:
    """The page of a run with 10 metrics of 10^6 points against 10^3: what the server takes, and until all is drawn."""
    with _lab(folder) as lab:
        workspace = open_workspace(lab, "long")
        runs = {count: _add_long_run(workspace.store, count) for count in (LONG, SHORT)}
        client = _Client(lab)

        def news(count: int) -> bytes:
            return client.ask(f"{workspace.key}/runs/{runs[count]}/changes")

        assert len(json.loads(news(LONG))["metrics"]) == len(NAMES)
        asked = [(best_of(3, lambda: news(LONG)) * 1e3, best_of(3, lambda: news(SHORT)) * 1e3) for _ in range(5)]
        sizes = [(float(len(news(LONG))), float(len(news(SHORT))))]
        with _page(lab) as page:
            Sidebar(page).wait_until_started()

            def drawn(count: int) -> float:
                return float(page.evaluate(_TIME_TO_CHARTS, [workspace.key, runs[count], 4]))

            drawn(SHORT)  # the first time, scripts are compiled
            drawn(LONG)
            seen = [(drawn(LONG), drawn(SHORT)) for _ in range(5)]
    return [
        compare("run page: 10 metrics of 10^6 points over HTTP", "the same of 10^3", 6, asked, unit="ms"),
        compare("run page: bytes of 10 metrics of 10^6 points", "the same of 10^3", 4, sizes, unit="bytes"),
        compare("run page: 10 metrics of 10^6 points, drawn", "the same of 10^3", 3, seen),
    ]


def typing(folder: Path) -> Figure:
    """Typing in a notebook with the panel open, over 10,000 runs of which some grow, against typing without it."""
    with _lab(folder) as lab:
        workspace = open_workspace(lab, "many")
        seed_many(workspace.store)
        path = lab.write_notebook(["x = 1", "y = 2"])
        with _page(lab, lab.notebook_url(path)) as page, ExitStack() as processes:
            runs = [processes.enter_context(GrowingRun(workspace.folder, f"growing {n}")) for n in range(GROWING)]
            notebook, sidebar = NotebookPage(page, path), Sidebar(page)
            notebook.wait_until_open()
            sidebar.show()
            sidebar.choose_workspace(workspace.key)
            sidebar.choose_scope("All runs")
            page.evaluate(_WATCH_KEYS)
            pairs = []
            for turn in range(6):
                sidebar.show()
                beside = _type(page, runs)
                sidebar.hide()
                alone = _type(page, runs)
                if turn:  # the first time, scripts are compiled
                    pairs.append((beside, alone))
            for run in runs:
                run.complete()
            notebook.close()
    return compare("typing beside the panel, median of a key", "without the panel", 1.5, pairs, unit="ms")


def _type(page: Page, runs: Sequence[GrowingRun]) -> float:
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .cm-content").first.click()
    page.evaluate("() => { window.amlKeys.length = 0; }")
    for _ in range(8):
        for run in runs:
            run.log(5)
        page.keyboard.type("value_", delay=40)
    page.wait_for_function("() => window.amlKeys.length >= 48")
    return float(statistics.median(page.evaluate("() => window.amlKeys")))


def _add_long_run(store: RunStore, count: int) -> str:
    experiment = store.open_experiment("long")
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id, status=RunStatus.RUNNING))
    for place, name in enumerate(NAMES):
        store.log_columns(run.run_id, name, {None: [(i * 31 + place) % 1_000 / 7 for i in range(count)]})
    return store.set_status(run.run_id, RunStatus.COMPLETED).run_id


@contextmanager
def _lab(folder: Path) -> Iterator[LabServer]:
    lab = start_lab(folder / "lab", base_url="/a%40b/", options=["--RunBrowserApp.min_interval_seconds=0.5"])
    try:
        # The page asks as often as the server lets it: more work than it does by itself.
        with lab.setting("aml-widgets/run-browser", {"refreshSeconds": 1}):
            yield lab
    finally:
        lab.stop()


@contextmanager
def _page(lab: LabServer, url: str | None = None) -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_FLAGS))
        page = chromium.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(WAIT_MS)
        page.goto(url or lab.fresh_url())
        try:
            yield page
        finally:
            chromium.close()
