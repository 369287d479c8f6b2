"""What a view of one run costs, without a browser: to open it, and to follow it, after a long and a short history."""

from __future__ import annotations

from pathlib import Path

from aml_widgets.core.records import Bucket, MetricHistory
from aml_widgets.store.protocol import RunStore
from aml_widgets.widgets.curves import ChartLook, CurveMemory, draw_metric
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.view_state import ViewState, advance
from aml_widgets.widgets.watcher import Watcher
from benchmarks.figure import Figure, best_of, compare, timed
from benchmarks.writing import start_run

NAMES = [f"metric {place}" for place in range(10)]
LONG, SHORT = 1_000_000, 1_000
LOOKS = {"": ChartLook(), ", smoothed": ChartLook(smoothing=0.9)}
N_TURNS = 7


class _View:
    """What a view does between the store and the figures."""

    def __init__(self, store: RunStore, run_id: str) -> None:
        self._store, self._run_id = store, run_id
        self.state = ViewState(run_id=run_id)
        self._memories: dict[tuple[str, str], CurveMemory] = {}

    def look(self, as_seen: str = "") -> None:
        """Ask what is new, and draw every metric that changed."""
        before = self.state
        self.state = advance(before, self._store.changes_since(self._run_id, before.cursor))
        for name, metric in self.state.metrics.items():
            if metric is not before.metrics.get(name):
                self.draw(name, as_seen)

    def draw(self, name: str, as_seen: str) -> None:
        memory = self._memories.setdefault((name, as_seen), CurveMemory())
        metric = self.state.metrics[name]
        chart = draw_metric(metric, self.state, LOOKS[as_seen], memory=memory, reader=self)
        assert chart.lines[0].y[-1] == metric.columns[None].last or as_seen

    def read_history(self, name: str, column: str | None) -> MetricHistory:
        return self._store.read_history(self._run_id, name, column)

    def read_envelope(
        self, name: str, column: str | None, *, first_step: int | None, last_step: int | None
    ) -> list[Bucket]:
        return self._store.read_envelope(self._run_id, name, column, first_step=first_step, last_step=last_step)


def viewing(folder: Path) -> list[Figure]:
    """Opening 10 metrics of 10^6 points against 10^3; then 100 new points of each."""
    runs = {}
    for count in (LONG, SHORT):
        run = runs[count] = start_run(folder / str(count))
        for place, name in enumerate(NAMES):
            run.log_list(name, [(i * 31 + place) % 1_000 / 7 for i in range(count)])
    stores = {count: run.experiment.workspace.store for count, run in runs.items()}

    def opened(count: int) -> _View:
        view = _View(stores[count], runs[count].id)
        view.look()
        return view

    def shown(count: int) -> None:
        view = RunView(stores[count], runs[count].id, watcher=Watcher())
        assert view.widget is not None
        view.refresh()
        view.close()

    opening, drawing = [], []
    shown(SHORT)  # imports what it needs
    for _ in range(N_TURNS):
        opening.append((best_of(3, lambda: shown(LONG)) * 1e3, best_of(3, lambda: shown(SHORT)) * 1e3))
        alone = best_of(3, lambda: stores[LONG].changes_since(runs[LONG].id))
        drawing.append((best_of(3, lambda: opened(LONG)) * 1e3, alone * 1e3))
    figures = [
        compare("view: open 10 metrics of 10^6, all widgets", "the same of 10^3", 3, opening, unit="ms"),
        compare("view: state and lines of 10 metrics of 10^6", "what the store takes of it", 2.5, drawing, unit="ms"),
    ]
    views = {count: opened(count) for count in (LONG, SHORT)}
    for as_seen in LOOKS:
        for view in views.values():
            for name in NAMES:
                view.draw(name, as_seen)  # what a smoothed line needs of the past is read here
        pairs = []
        for _ in range(N_TURNS):
            costs = {LONG: float("inf"), SHORT: float("inf")}
            for _ in range(8):
                for count, view in views.items():
                    for i in range(100):
                        runs[count].log_metrics(dict.fromkeys(NAMES, i / 7))
                    seconds = timed(lambda view=view, seen=as_seen: view.look(seen))
                    costs[count] = min(costs[count], seconds)
            pairs.append((costs[LONG] * 1e3, costs[SHORT] * 1e3))
        figures.append(
            compare(f"view{as_seen}: 100 new points of 10 after 10^6", "the same after 10^3", 1.5, pairs, unit="ms")
        )
    for run in runs.values():
        run.complete()
        run.experiment.workspace.store.close()
    return figures
