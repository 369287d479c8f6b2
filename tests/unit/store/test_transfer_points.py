"""How copying goes on with what an earlier one has copied: series by series, whatever came first then."""

from __future__ import annotations

import math

import pytest

from aml_widgets.core.records import MetricKind, NewPoint
from aml_widgets.store.memory.store import MemoryRunStore
from aml_widgets.store.transfer_points import copy_points, has_beginning, read_logged
from aml_widgets.store.transfer_waiting import Progress, Teller
from aml_widgets.testing.support import new_run


def test_each_series_is_gone_on_with_from_its_own_first_point_that_is_not_there() -> None:
    source, target = MemoryRunStore(), MemoryRunStore()
    run_id, copy_id = new_run(source).run_id, new_run(target).run_id
    for step in range(10):
        source.log_points(run_id, [NewPoint(name, step / 2, step, float(step)) for name in "ab"])
    source.log_columns(run_id, "table", {"x": [1, 2, 3], "y": [4, 5, 6]}, kind=MetricKind.ROW, logged_at=3.0)
    source.log_columns(run_id, "table", {"x": [7], "z": [8]}, kind=MetricKind.ROW, logged_at=4.0)
    target.log_points(copy_id, [NewPoint("b", step / 2, step, float(step)) for step in range(7)])
    target.log_points(copy_id, [NewPoint("a", step / 2, step, float(step)) for step in range(2)])
    target.log_columns(copy_id, "table", {"x": [1, 2], "y": [4, 5]}, kind=MetricKind.ROW, logged_at=3.0)
    told: list[Progress] = []

    copy_points(read_logged(source, run_id), target, copy_id, Teller(told.append, Progress(1, 1, "run")))

    for name, column in (("a", None), ("b", None), ("table", "x"), ("table", "y"), ("table", "z")):
        ours, theirs = target.read_history(copy_id, name, column), source.read_history(run_id, name, column)
        assert (list(ours.values), list(ours.times)) == (list(theirs.values), list(theirs.times))
    assert told[-1].points == 28


def points(*values: float, first_step: int = 0) -> list[NewPoint]:
    """One point a second, of a series and of another one that is always the same."""
    steps = range(first_step, first_step + len(values))
    named = [NewPoint("loss", value, step, 1e9 + step + 0.0001) for step, value in zip(steps, values, strict=True)]
    return [*named, *(NewPoint("other", 0.0, step, 1e9 + step) for step in range(3))]


@pytest.mark.parametrize(
    ("there", "is_beginning"),
    [
        (points(), True),
        (points(0.1, math.nan), True),
        (points(0.1, math.nan, math.inf, 0.4), True),
        (points(0.1, math.nan, math.inf, 0.4, 0.5), False),  # another program logged to the copy
        (points(math.nan), False),
        (points(0.1, math.inf), False),  # NaN came late
        (points(0.2, math.nan), False),
        (points(0.1, math.nan, first_step=1), False),
        ([NewPoint("loss", 0.1, 0, 1e9)], False),  # at another time
        ([NewPoint("loss", 0.1, 1, 1e9 + 0.0001)], False),  # at another step
        ([NewPoint("unknown", 0.1, 0, 1e9)], False),
    ],
)
def test_what_a_copy_has_is_compared_with_the_beginning_of_each_series(
    there: list[NewPoint], is_beginning: bool
) -> None:
    source, target = MemoryRunStore(), MemoryRunStore()
    run_id, copy_id = new_run(source).run_id, new_run(target).run_id
    source.log_points(run_id, points(0.1, math.nan, math.inf, 0.4))
    target.log_points(copy_id, there)

    assert has_beginning(target, copy_id, read_logged(source, run_id)) == is_beginning


def test_rows_and_pictures_that_are_there_are_a_beginning_whatever_the_ids_and_steps() -> None:
    source, target = MemoryRunStore(), MemoryRunStore()
    run_id, copy_id = new_run(source).run_id, new_run(target).run_id
    for store, of, n_rows in ((source, run_id, 3), (target, copy_id, 2)):
        uri = f"aml://artifactId/ExperimentRun/dcid.{of}/plot.png"
        store.log_columns(
            of, "table", {"x": [1, 2, 3][:n_rows], "y": ["a", "b", None][:n_rows]}, kind=MetricKind.ROW, logged_at=1.0
        )
        store.log_columns(of, "plot", {None: [uri]}, kind=MetricKind.IMAGE, logged_at=2.0)
        store.log_columns(of, "nothing", {"x": []}, kind=MetricKind.ROW)

    assert has_beginning(target, copy_id, read_logged(source, run_id))
    assert not has_beginning(source, run_id, read_logged(target, copy_id))
