"""What a list of runs costs, with ten thousand of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aml_widgets import Workspace
from aml_widgets.core.records import MetricOrder, NewRun, RunQuery
from aml_widgets.core.status import RunStatus
from benchmarks.bare import BareRuns
from benchmarks.figure import Figure, best_of, compare

NAMES = ["loss", "accuracy", "lr", "epoch time", "grad norm"]


def _fill(folder: Path, count: int) -> Workspace:
    workspace = Workspace.open(folder)
    store = workspace.store
    experiment = store.open_experiment("bench")
    for i in range(count):
        run = store.create_run(NewRun(experiment_id=experiment.experiment_id, status=RunStatus.RUNNING))
        for step in range(3):
            store.log_metrics(run.run_id, dict.fromkeys(NAMES, (i * 7919 % count) / count + step))
        store.set_status(run.run_id, RunStatus.COMPLETED)
    return workspace


def lists(folder: Path) -> list[Figure]:
    """The newest 100 runs with their latest metrics, and the top 100 by one metric: of 10,000, of 100, and on bare SQLite."""
    many, few = _fill(folder / "many", 10_000), _fill(folder / "few", 100)
    bare = BareRuns(folder / "runs.db")
    bare.fill(10_000, NAMES)

    def newest(workspace: Workspace) -> Callable[[], None]:
        def read() -> None:
            page = workspace.store.list_runs(RunQuery(limit=100))
            latest = workspace.store.latest_metrics([run.run_id for run in page.runs])
            assert len(latest) == 100
            assert all(len(summaries) == len(NAMES) for summaries in latest.values())

        return read

    def top(workspace: Workspace) -> Callable[[], None]:
        def read() -> None:
            page = workspace.store.list_runs(RunQuery(limit=100, order_by=MetricOrder(name="loss")))
            assert len(page.runs) == 100

        return read

    def bare_newest() -> None:
        assert len(bare.newest(100)) == 100 * len(NAMES)

    def bare_top() -> None:
        assert len(bare.top("loss", 100)) == 100

    figures = []
    for name, ours, theirs in (
        ("newest 100 of 10,000 runs, with metrics", newest, bare_newest),
        ("top 100 of 10,000 runs by a metric", top, bare_top),
    ):
        against_few, against_bare = [], []
        for _ in range(7):
            cost = best_of(5, ours(many)) * 1e3
            against_few.append((cost, best_of(5, ours(few)) * 1e3))
            against_bare.append((cost, best_of(5, theirs) * 1e3))
        figures.append(compare(name, "the same among 100", 2, against_few, unit="ms"))
        figures.append(compare(name, "bare sqlite3", 5, against_bare, unit="ms"))
    many.store.close()
    few.store.close()
    return figures
