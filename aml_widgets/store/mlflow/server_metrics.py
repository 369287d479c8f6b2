"""What was logged to a run on a server, read back: lines of exact values, and points that other programs logged to MLflow."""

from __future__ import annotations

from collections.abc import Iterable

from aml_widgets.core.records import ArtifactRecord, MetricKey, MetricKind
from aml_widgets.store.memory.run_metrics import RunMetrics
from aml_widgets.store.mlflow.entities import LatestPoint, to_latest
from aml_widgets.store.mlflow.exact_values import Columns, File, Record, Row
from aml_widgets.store.mlflow.plain_points import PlainPoint, to_plain_point, to_plain_points


class ServerMetrics(RunMetrics):
    """The metrics of a run, in the order in which they were heard of.

    Attributes
    ----------
    files : dict
        The files that were made known among the lines, by their paths.
    """

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, ArtifactRecord] = {}
        self._own_latest: dict[str, LatestPoint] = {}
        self._plain: dict[str, set[LatestPoint]] = {}
        self._plain_seqs: dict[str, set[int]] = {}

    def take(self, record: Record) -> bool:
        """Append what a line says. Returns False where it turns out that one of its points was taken for another program's."""
        if isinstance(record, File):
            self.files[record.artifact.path] = record.artifact
            return True
        if isinstance(record, Row):
            self._take_row(record)
        else:
            self._take_columns(record)
        is_known = True
        for point in to_plain_points(record):
            latest = to_latest(point.step, point.timestamp_ms, point.value)
            known = self._own_latest.get(point.key)
            self._own_latest[point.key] = latest if known is None else max(known, latest)
            if latest in self._plain.get(point.key, ()):
                is_known = False
        return is_known

    def take_plain(self, points: Iterable[PlainPoint]) -> None:
        """Append points of other programs, in their order."""
        count = len(self._series)
        for point in points:
            self._seq += 1
            series = self._open(MetricKey(point.key), MetricKind.SCALAR)
            series.append(self._seq, point.step, point.value, point.timestamp_ms / 1_000)
            latest = to_latest(point.step, point.timestamp_ms, point.value)
            self._plain.setdefault(point.key, set()).add(latest)
            self._plain_seqs.setdefault(point.key, set()).add(self._seq)
        if len(self._series) > count and len(self._series) == len(self._plain):
            # Which of them was asked for first says nothing; that of one's own lines, the lines say.
            self._series = dict(sorted(self._series.items(), key=lambda item: item[1].begins_at))

    def own_latest(self, key: str) -> LatestPoint | None:
        """Give the latest of our own points that MLflow was given under a key."""
        return self._own_latest.get(key)

    def is_own(self, key: str) -> bool:
        """Say whether there are points of ours under a key."""
        return key in self._own_latest

    def own_points(self, key: str) -> set[LatestPoint]:
        """Give all our own points that MLflow was given under a key."""
        history = self.find(MetricKey(key)).history()
        plain = self._plain_seqs.get(key, ())
        found = set()
        for seq, step, value, logged_at in zip(history.seqs, history.steps, history.values, history.times, strict=True):
            point = None if seq in plain else to_plain_point(key, value, step, logged_at)
            if point is not None:
                found.add(to_latest(point.step, point.timestamp_ms, point.value))
        return found

    def _take_row(self, row: Row) -> None:
        self._seq += 1
        for (name, value), step in zip(row.values.items(), row.steps, strict=True):
            self._open(MetricKey(name), MetricKind.SCALAR).append(self._seq, step, value, row.logged_at)

    def _take_columns(self, record: Columns) -> None:
        if record.description:
            self._descriptions[record.name] = record.description
        count = 0
        for column in record.columns:
            count = max(count, len(column.values))
            series = self._open(MetricKey(record.name, column.name), record.kind)
            for place, value in enumerate(column.values):
                series.append(self._seq + place + 1, column.first_step + place, value, record.logged_at)
        self._seq += max(count, 1)  # an empty metric takes a place as well
        for column in record.columns:
            self._series[MetricKey(record.name, column.name)].logged_seq = self._seq
