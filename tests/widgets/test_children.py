"""Children as rows: what they are compared by, and in which order they stand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from aml_widgets.core.records import Bucket, MetricKey, MetricKind, MetricSummary, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets import children as kin
from aml_widgets.widgets.child_reader import curve_of
from aml_widgets.widgets.children import ChildNumbers, ChildRow


def child(number: int, *, status: RunStatus = RunStatus.COMPLETED, **facts: object) -> RunRecord:
    record = RunRecord(
        run_id=f"run-{number}",
        number=number,
        experiment_id="1",
        experiment_name="tests",
        status=status,
        created_at=0.0,
    )
    return replace(record, **facts)  # type: ignore[arg-type]  # checked by the names of the record's fields


def row(number: int, best: float | None, **facts: object) -> ChildRow:
    return ChildRow(run=child(number, **facts), best=best, last=best, count=0 if best is None else 2)  # type: ignore[arg-type]


def numbers(**counts: int) -> dict[str, ChildNumbers]:
    return {name: ChildNumbers(0.0, 1.0, 1.0, 0, count) for name, count in counts.items()}


def order(rows: list[ChildRow]) -> list[int]:
    return [one.run.number for one in rows]


@pytest.mark.parametrize("is_descending", [False, True])
def test_what_is_missing_or_nan_comes_last_in_both_directions(is_descending: bool) -> None:
    rows = [row(1, math.nan), row(2, 0.5), row(3, None), row(4, math.inf), row(5, 2**70), row(6, 0.5)]

    found = order(kin.sort_rows(rows, kin.BEST, is_descending=is_descending))

    assert found == ([4, 5, 2, 6, 1, 3] if is_descending else [2, 6, 5, 4, 1, 3])


def test_who_has_no_number_comes_last_by_number_and_else_as_created() -> None:
    early, late = (row(0, None, run_id=name, created_at=at) for name, at in (("early", 1.0), ("late", 2.0)))
    rows = [row(2, None), late, row(1, None), early]

    def found(column: str, is_descending: bool = False) -> list[str]:
        return [one.run.run_id for one in kin.sort_rows(rows, column, is_descending=is_descending)]

    assert found(kin.NUMBER) == ["run-1", "run-2", "early", "late"]
    assert found(kin.NUMBER, is_descending=True) == ["run-2", "run-1", "early", "late"]
    assert found(kin.STATUS) == ["early", "late", "run-1", "run-2"]
    assert kin.filter_rows([early, late], "0") == []


def test_text_columns_are_sorted_without_regard_to_case() -> None:
    rows = [row(1, None, display_name="b"), row(2, None, display_name="A"), row(3, None, display_name="a")]

    assert order(kin.sort_rows(rows, kin.NAME, is_descending=False)) == [2, 3, 1]


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("loss", kin.MINIMIZE),
        ("val/accuracy", kin.MAXIMIZE),
        ("valAccuracy", kin.MAXIMIZE),
        ("macro_F1", kin.MAXIMIZE),
        ("r2", kin.MAXIMIZE),
        ("score_loss", kin.MINIMIZE),
        ("", kin.MINIMIZE),
        ("accuracies of <b>", kin.MINIMIZE),
    ],
)
def test_the_name_of_a_metric_says_its_goal(name: str, goal: str) -> None:
    assert kin.goal_of(name) == goal


def test_the_default_metric_is_common_named_like_one_and_has_a_course() -> None:
    assert kin.default_metric([]) == ""
    assert kin.default_metric([numbers(alpha=1, rate=40, loss=40), numbers(alpha=1)]) == "loss"
    assert kin.default_metric([numbers(alpha=1, rate=40)]) == "rate"
    assert kin.default_metric([numbers(loss=5, q=5), numbers(q=5), numbers(q=5), {}]) == "q"


def test_only_numbers_are_compared() -> None:
    def summary(name: str, kind: MetricKind, low: float | None, nonfinite_count: int = 0) -> MetricSummary:
        key = MetricKey(name, "x" if kind is MetricKind.ROW else None)
        return MetricSummary(key, kind, "", 1, low=low, high=low, nonfinite_count=nonfinite_count)

    found = kin.numbers_of(
        [
            summary("loss", MetricKind.SCALAR, 1.0),
            summary("text", MetricKind.SCALAR, None),
            summary("all nan", MetricKind.SCALAR, None, 3),
            summary("rows", MetricKind.ROW, 1.0),
        ]
    )

    assert list(found) == ["loss", "all nan"]


def test_the_filter_looks_at_name_id_status_and_tags() -> None:
    rows = [
        row(1, None, display_name="Ridge", tags={"fold": "3", "kept": None}),
        row(2, None, status=RunStatus.FAILED, display_name="Lasso", tags={"fold": "4"}),
    ]

    for text, found in (
        ("ridge", [1]),
        ("failed", [2]),
        ("FOLD:4 las", [2]),
        ("run-1", [1]),
        ("fold", [1, 2]),
        ("x", []),
    ):
        assert order(kin.filter_rows(rows, text)) == found


def test_a_page_beyond_the_end_is_the_last_one() -> None:
    rows = [row(number, None) for number in range(120)]

    page = kin.page_of(rows, 9)

    assert (page.page, page.page_count, page.start, len(page.rows)) == (2, 3, 100, 20)
    assert kin.page_of([], 3).page == 0


def test_the_best_and_the_running_are_drawn() -> None:
    rows = [
        row(number, float(number), status=RunStatus.RUNNING if number > 90 else RunStatus.COMPLETED)
        for number in range(100)
    ]

    assert order(kin.pick_drawn(rows, kin.MINIMIZE, 6)) == [0, 1, 2, 91, 92, 93]
    assert order(kin.pick_drawn(rows[:40], kin.MAXIMIZE, 4)) == [39, 38, 37, 36]


def test_who_was_drawn_keeps_the_colour() -> None:
    before = kin.keep_places({}, ["a", "b", "c"])

    after = kin.keep_places(before, ["d", "c", "a"])

    assert (after["a"], after["c"], after["d"]) == (before["a"], before["c"], before["b"])


def test_the_best_so_far_passes_over_nan() -> None:
    assert kin.best_so_far([3.0, math.nan, 4.0, 1.0], kin.MINIMIZE) == [3.0, 3.0, 3.0, 1.0]
    assert math.isnan(kin.best_so_far([math.nan, 1.0], kin.MAXIMIZE)[0])
    assert kin.best_so_far([math.nan, 1.0], kin.MAXIMIZE)[1] == 1.0


def test_statuses_are_counted_with_the_ended_first() -> None:
    statuses = [RunStatus.RUNNING, RunStatus.COMPLETED, RunStatus.QUEUED, RunStatus.COMPLETED]

    counts = kin.count_statuses(child(place, status=status) for place, status in enumerate(statuses))

    assert counts == [(RunStatus.COMPLETED, 2), (RunStatus.RUNNING, 1), (RunStatus.QUEUED, 1)]


def test_a_curve_goes_through_the_extremes_of_each_bucket_and_ends_with_the_last_number() -> None:
    def bucket(first_step: int, count: int, first: float, last: float, low: float, high: float) -> Bucket:
        last_step = first_step + count - 1
        return Bucket(
            count,
            first_step,
            last_step,
            first_step,
            last_step,
            first_step,
            last_step,
            0.0,
            0.0,
            first,
            last,
            low,
            high,
            0,
        )

    steps, values = curve_of([bucket(0, 1, 9.0, 9.0, 9.0, 9.0), bucket(1, 5, 1.0, 3.0, -7.0, 50.0)])

    assert steps.tolist() == [0, 1, 5, 5]
    assert values.tolist() == [9.0, -7.0, 50.0, 3.0]
    assert math.isnan(curve_of([bucket(0, 1, math.inf, math.inf, math.inf, math.inf)])[1][0])
    assert len(curve_of([])[0]) == 0
