"""Follows a run on a server, look by look."""

from __future__ import annotations

from collections.abc import Callable

from aml_widgets.core.records import MetricKey, RunChanges
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import Point, points_of

MANY_LOOKS = 200


class Follower:
    """Follows a run as a page does: an opening replaces what it knew of a metric, other news follow it."""

    def __init__(self, store: MlflowStore, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._cursor: str | None = None
        self.points: dict[MetricKey, list[Point]] = {}

    def look(self) -> RunChanges:
        found = self._store.changes_since(self._run_id, self._cursor, max_buckets=10**6)
        self._cursor = found.cursor
        for news in found.metrics:
            known = [] if news.is_opening else self.points.get(news.key, [])
            self.points[news.key] = known + points_of(news.points)
        return found

    def look_to_the_end(self, between: Callable[[int], None] = lambda _count: None) -> int:
        """Look until there is no more; say how many looks it took."""
        for count in range(1, MANY_LOOKS):
            if not self.look().has_more:
                return count
            between(count)
        raise AssertionError("there is always more")

    def steps(self, name: str) -> list[int]:
        return [step for _, step, _, _ in self.series(name)]

    def series(self, name: str) -> list[Point]:
        return self.points.get(MetricKey(name), [])
