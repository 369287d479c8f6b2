"""How copying goes on with what an earlier one has copied: series by series, whatever came first then."""

from __future__ import annotations

from aml_widgets.core.records import MetricKind, NewPoint
from aml_widgets.store.memory.store import MemoryRunStore
from aml_widgets.store.transfer_points import copy_points
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

    copy_points(source, run_id, target, copy_id, Teller(told.append, Progress(1, 1, "run")))

    for name, column in (("a", None), ("b", None), ("table", "x"), ("table", "y"), ("table", "z")):
        ours, theirs = target.read_history(copy_id, name, column), source.read_history(run_id, name, column)
        assert (list(ours.values), list(ours.times)) == (list(theirs.values), list(theirs.times))
    assert told[-1].points == 28
