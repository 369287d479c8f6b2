"""Runs with children to look at: many, of every status, with and without metrics, nested, and of hostile names."""

from __future__ import annotations

import math

from aml_widgets.core.records import NewRun, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.seeded import EXPERIMENT, HOSTILE_TEXTS


def start_child(store: RunStore, parent_run_id: str | None, name: str | None, **tags: str) -> RunRecord:
    """Make a run that goes on, with or without a parent."""
    experiment = store.open_experiment(EXPERIMENT)
    return store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id,
            display_name=name,
            status=RunStatus.RUNNING,
            parent_run_id=parent_run_id,
            tags=tags,
            writer=this_process(),
        )
    )


def run_with_children(store: RunStore, n_children: int = 200, *, n_steps: int = 40) -> RunRecord:
    """Make a running parent whose children each logged a loss and an accuracy: 6 % run, 4 % failed, the others completed."""
    parent = start_child(store, None, f"{n_children} children")
    for place in range(n_children):
        rate = 10 ** (-4 + 3 * ((place * 37) % 100) / 100)
        child = start_child(store, parent.run_id, f"rate {rate:.5f}", model="ridge" if place % 2 else "lasso")
        is_running, is_failed = place % 50 in (3, 21, 40), place % 25 == 7
        log_child(store, child, place, n_steps // 2 if is_running or is_failed else n_steps)
        if is_failed:
            error = RunError(code="UserError", message="The loss is not a number.", error_type="ValueError")
            store.set_status(child.run_id, RunStatus.FAILED, error=error)
        elif not is_running:
            store.set_status(child.run_id, RunStatus.COMPLETED)
    return store.get_run(parent.run_id)


def log_child(store: RunStore, child: RunRecord, place: int, n_steps: int, first_step: int = 0) -> None:
    """Log a parameter, and a loss and an accuracy for some steps, other ones for each place."""
    if first_step == 0:
        store.log_metric(child.run_id, "alpha", place / 100)
    speed = 5 + (place * 13) % 40
    floor = 0.05 + ((place * 29) % 100) / 100
    for step in range(first_step, first_step + n_steps):
        loss = floor + 2 * math.exp(-step / speed) + 0.02 * math.sin(step + place)
        store.log_metrics(child.run_id, {"loss": loss, "accuracy": 1 / (1 + loss)}, step)


def run_with_every_status(store: RunStore) -> RunRecord:
    """Make a completed parent whose children have each status that can be set, and logged nothing."""
    parent = start_child(store, None, "every status")
    experiment = store.open_experiment(EXPERIMENT)
    for status in RunStatus:
        if status is RunStatus.NOT_RESPONDING:  # a reader finds it, nobody sets it
            continue
        store.create_run(
            NewRun(
                experiment_id=experiment.experiment_id,
                display_name=f"is {status}",
                status=status,
                parent_run_id=parent.run_id,
                writer=this_process(),
            )
        )
    return store.set_status(parent.run_id, RunStatus.COMPLETED)


def run_with_single_values(store: RunStore, n_children: int = 30) -> RunRecord:
    """Make a completed parent whose children each logged one error; some of them NaN, some nothing."""
    parent = start_child(store, None, "single values")
    for place in range(n_children):
        child = start_child(store, parent.run_id, f"alpha {place / n_children:.3f}")
        if place % 10 == 4:
            store.log_metric(child.run_id, "rmse", math.nan)
        elif place % 10 != 7:
            store.log_metric(child.run_id, "rmse", 50 + 20 * math.cos(place * 2.4) * math.exp(-place / 30) - place / 4)
        store.set_status(child.run_id, RunStatus.COMPLETED)
    return store.set_status(parent.run_id, RunStatus.COMPLETED)


def run_with_grandchildren(store: RunStore) -> RunRecord:
    """Make a running parent of three children, the first of which has two children of its own."""
    parent = start_child(store, None, "search")
    for place in range(3):
        child = start_child(store, parent.run_id, f"fold {place + 1}")
        log_child(store, child, place, 20)
        for other in range(2 if place == 0 else 0):
            log_child(store, start_child(store, child.run_id, f"seed {other + 1}"), other, 20)
    return store.get_run(parent.run_id)


def run_with_hostile_children(store: RunStore) -> RunRecord:
    """Make a running parent whose children's names, tags and metrics try to be more than text."""
    parent = start_child(store, None, HOSTILE_TEXTS[0])
    for place, text in enumerate((*HOSTILE_TEXTS, "a" * 300, " ")):
        child = start_child(store, parent.run_id, text, **{text: text})
        for step in range(5):
            store.log_metrics(child.run_id, {HOSTILE_TEXTS[0]: step + place, HOSTILE_TEXTS[7]: -step}, step)
        store.log_metric(child.run_id, "text", text)
    return store.get_run(parent.run_id)
