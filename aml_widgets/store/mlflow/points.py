"""What is logged to a run on a server, and its summaries and histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from time import monotonic

from aml_widgets.core import clock
from aml_widgets.core.records import (
    Bucket,
    LatestMetric,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricSummary,
    MetricValue,
    NewPoint,
)
from aml_widgets.store.memory.points import MemoryPoints, check_max_buckets
from aml_widgets.store.memory.state import terminal_error
from aml_widgets.store.mlflow import server_state
from aml_widgets.store.mlflow.care import Care
from aml_widgets.store.mlflow.exact_values import Record, encode_line
from aml_widgets.store.mlflow.heads import MetricHeads
from aml_widgets.store.mlflow.server_state import Begun, ServerState, only_known
from aml_widgets.store.protocol import MAX_BUCKETS

NAMED_RUNS = 100
"""The names of metrics are those of so many of the newest runs."""

FEW = 3
"""For no more runs than these each is asked for; for more, the list."""


class ServerPoints(ServerState, MemoryPoints):
    """The part of the store that keeps what is logged."""

    # -- written

    def log_metrics(
        self, run_id: str, values: Mapping[str, MetricValue], step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to each metric, in one transaction and at one time."""
        heads = self._writable_heads(run_id)
        with self._log_lock:
            self._append(run_id, [heads.to_row(values, step, clock.now() if logged_at is None else logged_at)])

    def log_columns(
        self,
        run_id: str,
        name: str,
        columns: Mapping[str | None, Sequence[MetricValue]],
        *,
        kind: MetricKind = MetricKind.SCALAR,
        description: str = "",
        logged_at: float | None = None,
    ) -> None:
        """Append many points under one name, in one transaction; the columns are equally long."""
        heads = self._writable_heads(run_id)
        with self._log_lock:
            at = clock.now() if logged_at is None else logged_at
            self._append(run_id, [heads.to_columns(name, columns, kind, description, at)])

    def log_points(self, run_id: str, points: Sequence[NewPoint], *, even_if_ended: bool = False) -> None:
        """Append points to scalar metrics in their order, in one transaction, each with a step and time of its own."""
        heads = self._writable_heads(run_id, even_if_ended=even_if_ended)
        with self._log_lock:
            heads.check_points(points)
            now = clock.now()
            self._append(
                run_id,
                [
                    heads.to_row({one.name: one.value}, one.step, now if one.logged_at is None else one.logged_at)
                    for one in points
                ],
            )
        if even_if_ended:
            with self._reading(run_id):  # lists do not ask for runs that have ended
                pass

    def _append(self, run_id: str, records: Sequence[Record | None]) -> None:
        lines = [encode_line(record) for record in records if record is not None]
        if lines:
            # What is not taken leaves a gap in the steps. To ask the server for the last one would stall whoever logs.
            self._outbox.append(run_id, lines)

    def _writable_heads(self, run_id: str, *, even_if_ended: bool = False) -> MetricHeads:
        """Give what is known of a run's metrics; the server is asked the first time. Raises RunNotFound, RunIsTerminal."""
        heads = self._heads.get(run_id)
        if heads is None:
            # Without the lock of those who log to other runs, and without the histories of other programs: their latest points do.
            with self._reading(run_id, values=True, metrics=()):
                run = self._run(run_id)
                heads = self._heads.setdefault(run_id, MetricHeads(run.metrics.summarize(), self._others_steps(run_id)))
                self._show(run)  # settles one whose process is gone
        known = self._runs.get(run_id)
        if known is not None and known.record.status.is_terminal and not even_if_ended:
            raise terminal_error(known.record, "takes no more points")
        return heads

    def _others_steps(self, run_id: str) -> dict[str, int]:
        """Give the highest step of each metric whose latest point is another program's."""
        metrics = (self._values.get(run_id) or self._parts[run_id]).metrics
        latest = self._servers[run_id].latest
        return {key: point[0] for key, point in latest.items() if not metrics.is_own_latest(key, point)}

    # -- read

    def summarize_metrics(self, run_id: str, *, is_look: bool = False) -> list[MetricSummary]:
        """Sum up every series of a run, in the order they were first logged."""
        with self._reading(run_id, values=True, care=Care.VIEW if is_look else Care.ASKED):
            return super().summarize_metrics(run_id)

    def summarize_runs(self, run_ids: Sequence[str], names: Collection[str]) -> Mapping[str, Sequence[MetricSummary]]:
        """Sum up the series of some metrics of some runs, for lists of runs; a run that is not there is left out.

        So is a metric whose long history of another program is still being read, a page with each list, or was not come to: its last value
        is not known yet. Lists hear of such a run again.
        """
        unread: list[str] = []

        def read_some() -> bool:
            self._pull_known_or_all(run_ids)
            unread.extend(self._read_rounds(only_known(run_ids, self._runs), names))
            return False

        with self._taking_turns(read_some):
            for run_id in unread:
                self._note_move(run_id)  # so that the list asks again
            summaries = super().summarize_runs(run_ids, names)
            return {run_id: self._only_read(run_id, found) for run_id, found in summaries.items()}

    def _only_read(self, run_id: str, found: Sequence[MetricSummary]) -> Sequence[MetricSummary]:
        values = self._known_values(run_id)
        whole = [one for one in found if values is None or not values.is_partly_read(one.key.name)]
        if len(whole) < len(found):
            self._note_move(run_id)  # so that the list asks again
        return whole

    def list_metric_names(self, limit: int = 500) -> list[str]:
        """Name the metrics that the newest runs outside the trash logged values to with `log`, the most common ones first."""
        active: list[str] = []

        def read_some() -> bool:
            self._pull_list()
            active.extend(run_id for run_id, run in self._runs.items() if run.record.trashed_at is None)
            for run_id in active[-NAMED_RUNS:]:
                self._try_values(run_id, ())
            return False

        with self._taking_turns(read_some):
            counts: Counter[str] = Counter()
            for run_id in active[-NAMED_RUNS:]:
                known = self._runs[run_id].metrics.summarize()
                counts.update({one.key.name for one in known if one.kind is MetricKind.SCALAR})
                counts.update(set(self._servers[run_id].latest) - {one.key.name for one in known})
            return sorted(counts, key=lambda name: (-counts[name], name))[:limit]

    def latest_metrics(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[LatestMetric]]:
        """Give the last value of every series of some runs; a run without metrics has an empty sequence."""
        begun: dict[str, Begun] = {}
        whole: set[str] = set()

        def find_unread() -> list[str]:
            return [run_id for run_id in dict.fromkeys(run_ids) if run_id not in whole or self._is_cut(run_id)]

        def read_some() -> bool:
            until = monotonic() + server_state.TURN_SECONDS
            for run_id in find_unread():
                if self._read_a_while(run_id, None, begun, Care.ASKED):
                    return True
                whole.add(run_id)
                if monotonic() > until:
                    return bool(find_unread())
            return False

        with self._taking_turns(read_some):
            return super().latest_metrics(run_ids)

    def _is_cut(self, run_id: str) -> bool:
        """Say whether a run that was read has come to lack points since, because of others who read it, or is forgotten."""
        values = self._known_values(run_id)
        return values is None or bool(values.find_still_lacking(None, {}))

    def _pull_known_or_all(self, run_ids: Sequence[str]) -> None:
        if len(run_ids) > FEW:
            self._pull_list()
        else:
            self._pull_known(run_ids)

    def read_history(self, run_id: str, name: str, column: str | None = None) -> MetricHistory:
        """Read all points of a series; empty when there is none."""
        with self._reading(run_id, values=True, metrics=[name]):
            return super().read_history(run_id, name, column)

    def read_histories(self, run_id: str, names: Collection[str]) -> Mapping[MetricKey, MetricHistory]:
        """Read all points of every series of some metrics, at one moment."""
        with self._reading(run_id, values=True, metrics=names):
            return super().read_histories(run_id, names)

    def read_envelope(
        self,
        run_id: str,
        name: str,
        column: str | None = None,
        *,
        first_step: int | None = None,
        last_step: int | None = None,
        max_buckets: int = MAX_BUCKETS,
    ) -> list[Bucket]:
        """Sum up the numbers of a series, in order, in at most `max_buckets` buckets."""
        check_max_buckets(max_buckets)
        with self._reading(
            run_id, values=True, metrics=[name], care=Care.LIST
        ):  # a drawing, beside what has asked or looked
            return super().read_envelope(
                run_id, name, column, first_step=first_step, last_step=last_step, max_buckets=max_buckets
            )
