"""Workspaces for the tests of the run browser: in the home of a server, seeded without a kernel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aml_widgets.core.records import NewRun, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.uri import workspace_key
from aml_widgets.testing.seeded import HOSTILE_TEXTS
from tests.e2e.lab import LabServer

ENDS = (RunStatus.COMPLETED, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED)


@dataclass(frozen=True, kw_only=True)
class SeededWorkspace:
    """A workspace, and what a test needs to find it in the browser."""

    name: str
    folder: Path
    store: RunStore

    @property
    def key(self) -> str:
        """Its name in URLs."""
        return workspace_key(self.folder)

    def link(self, run_id: str) -> str:
        """What a deep link says of a run: ``server.page_url("lab", **{"aml-run": workspace.link(run_id)})``."""
        return f"{self.key}/{run_id}"


def open_workspace(lab: LabServer, name: str) -> SeededWorkspace:
    """Open a workspace in the home of a server, which then lists it; made where it is missing."""
    folder = lab.home / name
    return SeededWorkspace(name=name, folder=folder, store=SqliteRunStore.open(folder))


def add_run(
    store: RunStore,
    display_name: str,
    *,
    experiment: str = "first",
    end: RunStatus | None = RunStatus.COMPLETED,
    losses: Sequence[float] = (1.0, 0.5, 0.25),
    tags: dict[str, str | None] | None = None,
    properties: dict[str, str] | None = None,
    parent: RunRecord | None = None,
) -> RunRecord:
    """Add a run with a metric ``loss``. With ``end=None`` it goes on: it names no process that could be gone."""
    new = NewRun(
        experiment_id=store.open_experiment(experiment).experiment_id,
        display_name=display_name,
        status=RunStatus.RUNNING,
        tags=tags or {},
        properties=properties or {},
        parent_run_id=None if parent is None else parent.run_id,
    )
    run = store.create_run(new)
    if losses:
        store.log_columns(run.run_id, "loss", {None: list(losses)})
    if end is None:
        return run
    error = RunError(code="UserError", message="the loss is not a number") if end is RunStatus.FAILED else None
    return store.set_status(run.run_id, end, error=error)


def seed_few(store: RunStore) -> dict[str, RunRecord]:
    """Seed a dozen runs in two experiments, of each status, with tags, and one with children; by their names."""
    runs = {
        "ridge one": add_run(store, "ridge one", experiment="ridge", tags={"owner": "ada", "keep": None}),
        "ridge two": add_run(store, "ridge two", experiment="ridge", losses=(0.9, 0.7, 0.6, 0.55)),
        "ridge failed": add_run(
            store, "ridge failed", experiment="ridge", end=RunStatus.FAILED, losses=(1.0, math.nan)
        ),
        "ridge canceled": add_run(store, "ridge canceled", experiment="ridge", end=RunStatus.CANCELED),
        "empty": add_run(store, "empty", experiment="ridge", losses=()),
        "forest one": add_run(store, "forest one", experiment="forest", losses=(3.0, 2.0), tags={"owner": "grace"}),
    }
    sweep = runs["sweep"] = add_run(store, "sweep", experiment="forest", end=None)
    for place in range(3):
        name = f"child {place}"
        runs[name] = add_run(store, name, experiment="forest", losses=(1.0, 0.5 / (place + 1)), parent=sweep)
    runs["sweep"] = store.set_status(sweep.run_id, RunStatus.COMPLETED)
    return runs


def seed_many(store: RunStore, count: int = 10_000) -> None:
    """Seed very many runs in one experiment: ``run 0`` to the newest, each with three losses, one in a hundred failed."""
    experiment = store.open_experiment("many")
    for place in range(count):
        new = NewRun(
            experiment_id=experiment.experiment_id,
            display_name=f"run {place}",
            status=RunStatus.RUNNING,
            tags={"fold": str(place % 5)},
        )
        run = store.create_run(new)
        loss = (place * 7_919 % count) / count
        store.log_columns(run.run_id, "loss", {None: [loss + 2, loss + 1, loss]})
        store.set_status(run.run_id, RunStatus.FAILED if place % 100 == 99 else RunStatus.COMPLETED)


def seed_hostile(store: RunStore) -> list[RunRecord]:
    """Seed a run for each text that is no mere text to somebody: as its name, in an experiment, tags and metrics called so."""
    runs = []
    for text in HOSTILE_TEXTS:
        run = add_run(store, text, experiment=f"of {text}", end=None, losses=(), tags={text: text})
        store.log_metrics(run.run_id, {text: 0.5, "loss": 0.25})
        store.log_metrics(run.run_id, {text: 0.25, "loss": 0.125})
        runs.append(
            store.set_status(run.run_id, RunStatus.FAILED, error=RunError(code=text, message=text, traceback=text))
        )
    return runs
