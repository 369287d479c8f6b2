"""The children of a run as rows: what was logged by each, in which order they stand, and which of them are shown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from aml_widgets.core.records import MetricKind, MetricSummary, MetricValue, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.run_names import name_of, number_key, number_text
from aml_widgets.widgets.series import is_number

ROWS_PER_PAGE = 50
MINIMIZE, MAXIMIZE = "min", "max"

NUMBER, NAME, STATUS, STARTED, DURATION, BEST, LAST, STEP = (
    "number",
    "name",
    "status",
    "started",
    "duration",
    "best",
    "last",
    "step",
)
COLUMNS = (NUMBER, NAME, STATUS, STARTED, DURATION, BEST, LAST, STEP)
_DESCENDING_AT_FIRST = frozenset({STARTED, DURATION, STEP})

_MAXIMIZED = frozenset(
    {
        "acc",
        "accuracy",
        "auc",
        "auroc",
        "auprc",
        "ap",
        "map",
        "bleu",
        "rouge",
        "dice",
        "iou",
        "miou",
        "f1",
        "fscore",
        "score",
        "r2",
        "precision",
        "recall",
        "sensitivity",
        "specificity",
        "reward",
        "return",
        "kappa",
        "mcc",
        "ndcg",
        "mrr",
        "hits",
        "top1",
        "top5",
        "psnr",
        "ssim",
        "win",
        "wins",
        "success",
        "likelihood",
        "elbo",
    }
)
_MINIMIZED = frozenset(
    {
        "loss",
        "err",
        "error",
        "errors",
        "mse",
        "rmse",
        "mae",
        "mape",
        "rmsle",
        "logloss",
        "nll",
        "perplexity",
        "ppl",
        "wer",
        "cer",
        "fid",
        "cost",
        "regret",
        "deviance",
        "crossentropy",
        "entropy",
    }
)


class ChildNumbers(NamedTuple):
    """What one child logged to one metric."""

    low: float | int | None
    high: float | int | None
    last: MetricValue
    last_step: int | None
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here

    def best(self, goal: str) -> float | int | None:
        """Give the best number, None where there is none."""
        return self.high if goal == MAXIMIZE else self.low


Numbers = Mapping[str, ChildNumbers]
"""What one child logged, by the name of the metric, in the order they were first logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRow:
    """One child as its row shows it; what is not known is None."""

    run: RunRecord
    duration_seconds: float | None = None
    best: float | int | None = None
    last: MetricValue = None
    last_step: int | None = None
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """A page of rows and where it stands among them."""

    rows: Sequence[ChildRow]
    start: int  # place of the first of them, from 0
    total: int
    page: int
    page_count: int


def is_active(status: RunStatus) -> bool:
    """Whether somebody is at work on a run of this status, so that it will change."""
    return not status.is_terminal and status not in (RunStatus.NOT_STARTED, RunStatus.NOT_RESPONDING)


def numbers_of(summaries: Iterable[MetricSummary]) -> dict[str, ChildNumbers]:
    """Pick from what a child logged the scalars that children can be compared by."""
    return {
        one.key.name: ChildNumbers(one.low, one.high, one.last, one.last_step, one.count)
        for one in summaries
        if one.kind is MetricKind.SCALAR and (one.low is not None or one.nonfinite_count)
    }


def metric_names(numbers: Iterable[Numbers]) -> list[str]:
    """Give the names that can be chosen, in the order they are first met."""
    return list(dict.fromkeys(name for one in numbers for name in one))


def goal_of(name: str) -> str:
    """Say whether a metric of this name is better when it is higher."""
    return MAXIMIZE if _MAXIMIZED & _words(name) and not _MINIMIZED & _words(name) else MINIMIZE


def default_metric(numbers: Iterable[Numbers]) -> str:
    """Choose the metric to compare children by, empty where there is none.

    The first one that at least half of the children have. Those whose name says that they are to be made small or large go
    before others, and those with a course before values that were logged once, as parameters are.
    """
    counts: Counter[str] = Counter()
    with_course: set[str] = set()
    n_children = 0
    for one in numbers:
        n_children += bool(one)
        counts.update(one.keys())
        with_course.update(name for name, logged in one.items() if logged.count > 1)

    def rank(name: str) -> tuple[bool, bool, bool]:
        is_rare = 2 * counts[name] < n_children
        return is_rare, not (_MAXIMIZED | _MINIMIZED) & _words(name), name not in with_course

    return min(counts, key=rank, default="")  # a Counter keeps the order in which names were met, and `min` the first


def row_of(run: RunRecord, duration_seconds: float | None, numbers: Numbers | None, metric: str, goal: str) -> ChildRow:
    """Put together what the row of a child shows."""
    logged = None if numbers is None else numbers.get(metric)
    if logged is None:
        return ChildRow(run=run, duration_seconds=duration_seconds)
    return ChildRow(
        run=run,
        duration_seconds=duration_seconds,
        best=logged.best(goal),
        last=logged.last,
        last_step=logged.last_step,
        count=logged.count,
    )


def first_direction(column: str, goal: str) -> bool:
    """Say whether a column is first sorted in descending order."""
    if column in (BEST, LAST):
        return goal == MAXIMIZE
    return column in _DESCENDING_AT_FIRST


def sort_rows(rows: Iterable[ChildRow], column: str, *, is_descending: bool) -> list[ChildRow]:
    """Sort rows by a column. What is missing or NaN comes last in both directions; equals stand by their number."""
    by_number = sorted(rows, key=lambda row: number_key(row.run))
    keyed = [(_key(row, column), row) for row in by_number]
    present = [(key, row) for key, row in keyed if key is not None]
    # All keys of a column are of one type; `reverse` keeps equals in their order.
    present.sort(key=lambda pair: pair[0], reverse=is_descending)
    return [row for _, row in present] + [row for key, row in keyed if key is None]


def filter_rows(rows: Iterable[ChildRow], text: str) -> list[ChildRow]:
    """Keep the rows whose name, id, number, status or tags hold all words of a text."""
    words = text.casefold().split()
    return [row for row in rows if not words or _holds(row.run, words)]


def page_of(rows: Sequence[ChildRow], page: int) -> RowPage:
    """Cut a page out of the rows; one beyond the end gives the last."""
    page_count = max(1, -(-len(rows) // ROWS_PER_PAGE))
    page = min(max(0, page), page_count - 1)
    start = page * ROWS_PER_PAGE
    return RowPage(
        rows=rows[start : start + ROWS_PER_PAGE], start=start, total=len(rows), page=page, page_count=page_count
    )


def count_statuses(children: Iterable[RunRecord]) -> list[tuple[RunStatus, int]]:
    """Count children by their status, the ended ones first, in the order of a run's life from its end."""
    counts = Counter(child.status for child in children)
    order = [
        RunStatus.COMPLETED,
        RunStatus.FAILED,
        RunStatus.CANCELED,
        RunStatus.NOT_RESPONDING,
        RunStatus.CANCEL_REQUESTED,
        RunStatus.FINALIZING,
        RunStatus.RUNNING,
    ]
    order += [status for status in RunStatus if status not in order]
    return [(status, counts[status]) for status in order if counts[status]]


def pick_drawn(rows: Sequence[ChildRow], goal: str, max_lines: int) -> list[ChildRow]:
    """Choose the children to draw: the best, and beside them those still running, the better first."""
    ranked = [row for row in sort_rows(rows, BEST, is_descending=goal == MAXIMIZE) if row.count]
    if len(ranked) <= max_lines:
        return ranked
    best = ranked[: max_lines // 2]
    rest = ranked[max_lines // 2 :]
    active = [row for row in rest if is_active(row.run.status)][: max_lines - len(best)]
    chosen = {row.run.run_id for row in (*best, *active)}
    others = [row for row in rest if row.run.run_id not in chosen]
    chosen.update(row.run.run_id for row in others[: max_lines - len(chosen)])
    return [row for row in ranked if row.run.run_id in chosen]


def keep_places(before: Mapping[str, int], drawn: Sequence[str]) -> dict[str, int]:
    """Give each child that is drawn a place among the lines, and so a colour; who was drawn before keeps theirs."""
    places = {child: before[child] for child in drawn if child in before and before[child] < len(drawn)}
    taken = set(places.values())
    free = iter(place for place in range(len(drawn)) if place not in taken)
    for child in drawn:
        if child not in places:
            places[child] = next(free)
    return places


def best_so_far(values: Sequence[float], goal: str) -> list[float]:
    """Give the best of all values up to each; NaN is passed over."""
    found: list[float] = []
    best = math.nan
    for value in values:
        if math.isnan(best) or (value > best if goal == MAXIMIZE else value < best):
            best = value
        found.append(best)
    return found


def _words(name: str) -> set[str]:
    """Split a metric's name: ``valAccuracy``, ``val/accuracy`` and ``val_accuracy`` all have the word accuracy."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return {word.lower() for word in re.split(r"[^A-Za-z0-9]+", apart) if word}


def _key(row: ChildRow, column: str) -> float | int | str | tuple[int, str] | None:
    run = row.run
    if column == NAME:
        return name_of(run).casefold()
    if column == STATUS:
        return str(run.status)
    numbers: dict[str, MetricValue] = {
        NUMBER: run.number or None,
        STARTED: run.started_at,
        DURATION: row.duration_seconds,
        BEST: row.best,
        LAST: row.last,
        STEP: row.last_step,
    }
    value = numbers.get(column)
    if not is_number(value) or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    return value


def _holds(run: RunRecord, words: Sequence[str]) -> bool:
    tags = (f"{key}:{'' if value is None else value}" for key, value in run.tags.items())
    text = "\n".join([name_of(run), run.run_id, number_text(run), str(run.status), *tags]).casefold()
    return all(word in text for word in words)
