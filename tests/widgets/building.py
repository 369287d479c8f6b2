"""News and runs for the tests of the live view."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

from aml_widgets.core.records import (
    Bucket,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricNews,
    MetricSummary,
    MetricValue,
    NewRun,
    RunChanges,
    RunRecord,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore

NAN = float("nan")


def history(values: Sequence[MetricValue], first_seq: int = 0) -> MetricHistory:
    """Points with one value after the other; floats come as an array, as stores give them."""
    packed: array[float] | list[MetricValue] = list(values)
    if all(isinstance(value, float) for value in values):
        packed = array("d", values)  # type: ignore[arg-type]  # the line above says what mypy cannot see
    places = array("q", range(first_seq, first_seq + len(values)))
    return MetricHistory(seqs=places, steps=places, values=packed, times=array("d", [0.0] * len(values)))


def news(
    values: Sequence[MetricValue],
    *,
    name: str = "loss",
    column: str | None = None,
    kind: MetricKind = MetricKind.SCALAR,
    first_seq: int = 0,
    buckets: Sequence[Bucket] = (),
    is_opening: bool = False,
    count: int | None = None,
) -> MetricNews:
    """News of one series; an opening one has its summary."""
    key = MetricKey(name, column)
    summary = None
    if is_opening:
        summary = MetricSummary(
            key=key,
            kind=kind,
            description="",
            count=len(values) if count is None else count,
            last=values[-1] if values else None,
        )
    return MetricNews(
        key=key, kind=kind, points=history(values, first_seq), buckets=buckets, is_opening=is_opening, summary=summary
    )


def bucket(first_seq: int, last_seq: int, low: float, high: float) -> Bucket:
    """A bucket that rises from its lowest to its highest number."""
    return Bucket(
        count=last_seq - first_seq + 1,
        first_seq=first_seq,
        last_seq=last_seq,
        first_step=first_seq,
        last_step=last_seq,
        low_step=first_seq,
        high_step=last_seq,
        first_logged_at=0.0,
        last_logged_at=0.0,
        first=low,
        last=high,
        low=low,
        high=high,
    )


def changes(*metrics: MetricNews, run: RunRecord | None = None, cursor: str = "next") -> RunChanges:
    """One answer of a store."""
    return RunChanges(cursor=cursor, run=run, metrics=metrics, artifacts=(), children=())


def running(store: MemoryRunStore, name: str | None = None) -> str:
    """A run that has started; give its id."""
    experiment = store.open_experiment("tests")
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id, display_name=name))
    store.set_status(run.run_id, RunStatus.RUNNING)
    return run.run_id


def places_in(path: str) -> list[tuple[float, float]]:
    """Give the points of lines that are written as steps in tenths of a pixel."""
    places: list[tuple[float, float]] = []
    for stroke in path.split("M")[1:]:
        start, _, steps = stroke.partition("l")
        x, y = map(int, start.split())
        places.append((x / 10, y / 10))
        numbers = [int(number) for number in re.findall(r"-?[0-9]+", steps)]
        for right, down in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + right, y + down
            places.append((x / 10, y / 10))
    return places
