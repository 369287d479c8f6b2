"""What was heard of a server, in the form of the in-memory store; asked for anew before it is read, and sent back when it changed.

The in-memory store filters, orders, checks and sums up. This file keeps it the server's mirror: `_pull…` before, `_push` after. Each
store looks at its server on its own, so cursors of another process do not fit (`cursors`).
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, cast

from aml_widgets.core import clock
from aml_widgets.core.errors import ExperimentNotFound, RunNotFound, StoreError, UserError
from aml_widgets.core.records import ArtifactRecord, ExperimentRecord, MetricOrder, RunQuery, RunRecord
from aml_widgets.store.memory.listing import find_fitting
from aml_widgets.store.memory.run_metrics import RunMetrics
from aml_widgets.store.memory.state import MemoryState, PurgedRun, StoredRun
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.entities import (
    ServerRun,
    read_run,
    to_record,
)
from aml_widgets.store.mlflow.exact_values import File, encode_line
from aml_widgets.store.mlflow.experiment_entities import is_hidden, to_experiment
from aml_widgets.store.mlflow.files import MlflowArtifactStore
from aml_widgets.store.mlflow.heads import MetricHeads
from aml_widgets.store.mlflow.outbox.outbox import Outbox
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd
from aml_widgets.store.mlflow.pushing import send_record
from aml_widgets.store.mlflow.sending import ValueSender
from aml_widgets.store.mlflow.values import RunValues
from aml_widgets.store.run_fitting import check_conditions

if TYPE_CHECKING:
    from aml_widgets.store.artifacts import FolderArtifactStore

PAGE = 1_000
"""Runs asked for at once."""

FULL_LOOK_SECONDS = 30.0
"""After so long, all runs are asked for again: those that have ended may have been tagged, deleted or brought back meanwhile."""

FULL_LOOK_SHARE = 20.0
"""And not before so many times as long as the last time took."""

OVERLAP_MS = 60_000
"""Runs that began so long before the newest one that is known are asked for again: clocks differ."""

MAX_RUNS_READ = 500
"""Of so many runs the points are remembered; those of the one that was not looked at for longest are read anew."""

_GOES_ON = " AND ".join(f"attributes.status != '{status}'" for status in ("FINISHED", "FAILED", "KILLED"))

_log = logging.getLogger(__name__)


class ServerState(MemoryState, ABC):
    """The runs of a server that were seen.

    Parameters
    ----------
    connection : Connection
        The server.
    local : Path
        A folder on this machine for what is on its way.
    """

    def __init__(self, connection: Connection, local: Path) -> None:
        files = MlflowArtifactStore(connection, self._find_place, local / "logs", self._tell_size)
        super().__init__(cast("FolderArtifactStore", files))  # its root, which is all that differs, is not used here
        self._files = files
        self._connection = connection
        self._sender = ValueSender(connection)
        self._outbox = Outbox(local / "outbox", self._sender, self._tell_end)
        self._log_lock = threading.RLock()  # held by those who log, and never while the server is asked
        self._heads: dict[str, MetricHeads] = {}
        self._servers: dict[str, ServerRun] = {}
        self._values: dict[str, RunValues] = {}
        self._parts: dict[str, RunValues] = {}  # of runs of other programs: some of their metrics
        self._numbers: dict[str, tuple[int, float]] = {}  # by experiment: the last one given, and when it was asked for
        self._moves: dict[str, int] = {}  # how often new points of a run were heard of
        self._children: dict[str, list[str]] = {}
        self._unsaved: dict[str, None] = {}
        self._is_pulling = False
        self._depth = 0
        self._looked_at: float | None = None
        self._look_seconds = 0.0

    # -- from the server

    @contextmanager
    def _reading(self, *run_ids: str, values: bool = False, metrics: Collection[str] | None = None) -> Iterator[None]:
        """Hold the lock, hear what is new of some runs, and send what changed meanwhile. Within another, nothing is asked."""
        with self._lock:
            if self._depth == 0:
                for run_id in run_ids:
                    self._pull_run(run_id, values=values, metrics=metrics)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            if self._depth == 0:
                self._push_settled()

    @contextmanager
    def _changing(self, *run_ids: str) -> Iterator[None]:
        """Do the same around what changes runs: what cannot be sent is forgotten, and raised."""
        with self._lock:
            for run_id in run_ids:
                self._pull_run(run_id)
            self._depth += 1
            try:
                yield
                self._push()
            except BaseException:
                for run_id in [*self._unsaved]:
                    self._forget(run_id)
                raise
            finally:
                self._depth -= 1

    @contextmanager
    def _listing(self, query: RunQuery) -> Iterator[None]:
        """Do the same before runs are listed; their points are read where the query asks for numbers."""
        with self._lock:
            self._pull_list()
            for known_id in (query.parent_run_id,):
                if known_id is not None and known_id not in self._runs:
                    self._pull_run(known_id)
            self._depth += 1
            try:
                if query.conditions or isinstance(query.order_by, MetricOrder):
                    without = replace(query, conditions=(), order_by=None, page_token=None)
                    check_conditions(query)
                    metrics = {condition.name for condition in query.conditions}
                    if isinstance(query.order_by, MetricOrder):
                        metrics.add(query.order_by.name)
                    for record in find_fitting(self._runs, without, self._show):
                        self._pull_values(record.run_id, metrics)
                yield
            finally:
                self._depth -= 1
            self._push_settled()

    def _pull_known(self, run_ids: Iterable[str]) -> None:
        """Hear what is new of some runs; one that is not there is passed over."""
        for run_id in dict.fromkeys(run_ids):
            try:
                self._pull_run(run_id)
            except RunNotFound:
                continue

    def _pull_run(self, run_id: str, *, values: bool = False, metrics: Collection[str] | None = None) -> None:
        """Hear what is new of one run, with `values` also of its points, or of those of some metrics. Raises RunNotFound."""
        not_found = RunNotFound(
            f"No run has the id {run_id!r}. List the runs of the experiment to see those there are.", value=run_id
        )
        if not names.is_run_id(run_id):
            raise not_found
        self._outbox.look_for_left()
        self._outbox.flush(run_id)
        try:
            with self._connection.errors(f"Run {run_id} is asked for"):
                server = read_run(self._connection.client.get_run(run_id))
        except (Missing, UserError) as error:  # some servers refuse what could be no id of theirs
            self._forget(run_id)
            self._heads.pop(run_id, None)
            raise not_found from error
        if server.is_purged:
            self._forget_purged(run_id)
            raise not_found
        self._take(server)
        if values:
            self._pull_values(run_id, metrics)

    def _pull_values(self, run_id: str, metrics: Collection[str] | None = None) -> None:
        """Hear what is new among the points and files of a run that was just asked for.

        Of a run of another program that was not looked at as a whole, only the metrics that are named: each is a request.
        """
        if metrics is not None and run_id not in self._values and not self._servers[run_id].heads:
            part = self._parts.pop(run_id, None) or RunValues()
            part.update(self._connection, self._servers[run_id], metrics)
            self._parts[run_id] = part
            self._runs[run_id].metrics = part.metrics
            if len(self._parts) > MAX_RUNS_READ:
                del self._parts[next(iter(self._parts))]
            return
        self._parts.pop(run_id, None)
        run, values = self._runs[run_id], self._values.pop(run_id, None) or RunValues()
        values.update(self._connection, self._servers[run_id])  # left in the middle it is forgotten
        self._values[run_id] = values
        run.metrics = values.metrics
        if len(self._values) > MAX_RUNS_READ:
            oldest_id = next(iter(self._values))
            del self._values[oldest_id]
            if oldest_id in self._runs:
                self._runs[oldest_id].metrics = RunMetrics()
        for path, made_known in values.metrics.files.items():
            artifact = made_known
            known = run.artifacts.get(path)
            if known is not None and artifact.is_log:
                artifact = replace(
                    artifact, size_bytes=max(artifact.size_bytes, known[1].size_bytes)
                )  # also seen in a list
            if known is None or known[1] != artifact:
                run.artifacts[path] = (self._next_version(), artifact)

    def _pull_children(self, run_id: str) -> None:
        """Hear what is new of the runs directly below a run."""
        for child_id in self._runs[run_id].child_ids:
            self._outbox.flush(child_id)
        filter_text = f"tags.`{names.PARENT}` = '{run_id}'"
        for server in self._search([self._servers[run_id].experiment_id], filter_text):
            self._take(server)

    def _pull_list(self) -> None:
        """Hear what is new of all runs: those that go on, those that are new, and from time to time all."""
        self._outbox.look_for_left()
        for run_id in [*self._moves]:
            if not self._runs[run_id].record.status.is_terminal:
                self._outbox.flush(run_id)
        self._pull_experiments()
        now = monotonic()
        pause_seconds = max(FULL_LOOK_SECONDS, FULL_LOOK_SHARE * self._look_seconds)
        if self._looked_at is None or now > self._looked_at + pause_seconds:
            self._pull_all()
            self._looked_at, self._look_seconds = monotonic(), monotonic() - now
            return
        experiment_ids = [*self._experiments]
        newest_ms = max((server.start_ms for server in self._servers.values()), default=0) - OVERLAP_MS
        found = self._search(experiment_ids, _GOES_ON)
        found += self._search(experiment_ids, f"attributes.start_time > {max(0, newest_ms)}")
        told = {server.run_id for server in found}
        for server in sorted(found, key=_order):
            self._take(server)
        for run_id, run in list(self._runs.items()):  # of those that have ended since
            if not run.record.status.is_terminal and run_id not in told:
                try:
                    self._pull_run(run_id)
                except RunNotFound:
                    continue

    def _pull_all(self) -> None:
        found = {server.run_id: server for server in self._search([*self._experiments], "")}
        for server in sorted(found.values(), key=_order):
            self._take(server)
        for run_id in [run_id for run_id in self._runs if run_id not in found]:
            self._forget_purged(run_id)

    def _search(self, experiment_ids: Sequence[str], filter_text: str) -> list[ServerRun]:
        """Give all runs that a filter of MLflow's gives, on all its pages."""
        from mlflow.entities import ViewType

        found: list[ServerRun] = []
        token = None
        while experiment_ids:
            with self._connection.errors("Runs are listed"):
                page = self._connection.client.search_runs(
                    list(experiment_ids), filter_text, ViewType.ALL, PAGE, page_token=token
                )
            found += [read_run(run) for run in page]
            token = page.token
            if not token:
                break
        return found

    def _pull_experiments(self) -> None:
        """Hear of all experiments."""
        from mlflow.entities import ViewType

        found = []
        token = None
        while True:
            with self._connection.errors("Experiments are listed"):
                page = self._connection.client.search_experiments(
                    ViewType.ALL, PAGE, page_token=token, filter_string=None
                )
            found += list(page)
            token = page.token
            if not token:
                break
        self._experiments = {
            one.experiment_id: to_experiment(one)
            for one in sorted(found, key=lambda one: one.creation_time or 0)
            if not is_hidden(one)
        }
        self._rename_runs()

    def _rename_runs(self) -> None:
        """Let runs bear the names that their experiments have now."""
        self._is_pulling = True
        try:
            for run in self._runs.values():
                experiment = self._experiments.get(run.record.experiment_id)
                if experiment is not None and experiment.name != run.record.experiment_name:
                    self._change(run, replace(run.record, experiment_name=experiment.name))
        finally:
            self._is_pulling = False

    def _find_experiment(self, experiment_id: str) -> ExperimentRecord:
        if experiment_id not in self._experiments:
            not_found = ExperimentNotFound(
                f"No experiment has the id {experiment_id!r}. List the experiments to see those there are.",
                value=experiment_id,
            )
            if not names.is_run_id(experiment_id):
                raise not_found
            try:
                with self._connection.errors(f"Experiment {experiment_id} is asked for"):
                    found = self._connection.client.get_experiment(experiment_id)
            except (Missing, UserError) as error:  # some servers refuse what could be no id of theirs
                raise not_found from error
            if is_hidden(found):
                raise not_found
            self._experiments[experiment_id] = to_experiment(found)
        return self._experiments[experiment_id]

    # -- into the mirror

    def _take(self, server: ServerRun) -> None:
        """Take in what the server says of a run."""
        if server.is_purged:
            self._forget_purged(server.run_id)
            return
        known = self._servers.get(server.run_id)
        if known == server:
            return
        has_moved = known is None or known.latest != server.latest or known.point_count != server.point_count
        if has_moved:
            self._moves[server.run_id] = self._moves.get(server.run_id, 0) + 1
        self._servers[server.run_id] = server
        self._outbox.know(server)
        record = self._with_family(to_record(server, self._find_experiment(server.experiment_id)))
        run = self._runs.get(record.run_id)
        if run is None:
            self._insert(record)
            return
        self._is_pulling = True
        try:
            self._change(run, record)
        finally:
            self._is_pulling = False
        if has_moved and record.status.is_terminal:  # of one that goes on, lists are told by its moves
            run.version = self._next_version()

    def _with_family(self, record: RunRecord) -> RunRecord:
        """Find the root of a run that does not say it, and leave out a parent that is gone."""
        parent_id = record.parent_run_id
        if parent_id is None:
            return record
        if parent_id not in self._runs:
            try:
                self._pull_run(parent_id)
            except RunNotFound:
                return replace(record, parent_run_id=None, root_run_id=record.run_id)
        return replace(record, root_run_id=self._runs[parent_id].record.root_run_id)

    def _insert(self, record: RunRecord) -> None:
        children = self._children.setdefault(record.run_id, [])
        run = StoredRun(record=record, version=self._next_version(), child_ids=children)
        last = next(reversed(self._runs.values()), None)
        self._runs[record.run_id] = run
        if last is not None and _place(last.record) > _place(record):
            ordered = sorted(self._runs.items(), key=lambda item: _place(item[1].record))
            self._runs = dict(ordered)
        if record.parent_run_id is not None:
            siblings = self._children.setdefault(record.parent_run_id, [])
            siblings.append(record.run_id)
            siblings.sort(key=lambda run_id: _place(self._runs[run_id].record))

    def _forget(self, run_id: str) -> None:
        """Forget what is known of a run; it is asked for anew when it is needed. Whoever logs to it goes on meanwhile."""
        run = self._runs.pop(run_id, None)
        if run is not None and run.record.parent_run_id is not None:
            siblings = self._children.get(run.record.parent_run_id, [])
            if run_id in siblings:
                siblings.remove(run_id)
        for known in (self._servers, self._values, self._parts, self._moves, self._unsaved):
            known.pop(run_id, None)

    def _forget_purged(self, run_id: str) -> None:
        self._heads.pop(run_id, None)
        run = self._runs.get(run_id)
        if run is not None:
            self._purged[run_id] = PurgedRun(self._next_version(), run.record.experiment_id, run.record.number)
            self._forget(run_id)

    def _find_place(self, run_id: str) -> str:
        """Give the artifact URI of a run. Raises RunNotFound."""
        with self._lock:
            if run_id not in self._servers:
                self._pull_run(run_id)
            return self._servers[run_id].artifact_uri

    # -- to the server

    def _tell_size(self, run_id: str, path: str, size_bytes: int) -> None:
        """Tell readers how much of a log is on the server."""
        log = ArtifactRecord(path=path, size_bytes=size_bytes, written_at=clock.now(), is_log=True)
        try:
            self._outbox.append(run_id, [encode_line(File(log))])
        except StoreError as error:  # the log is there, and found by listing files; a run is to end all the same
            _log.info("How long log %r of run %s is on the tracking server is not told: %s", path, run_id, error)

    @abstractmethod
    def _tell_end(self, run_id: str, end: RunEnd) -> None:
        """Tell how a run ended that the server could not be told before; the part that changes records does."""

    def _change(self, run: StoredRun, record: RunRecord) -> None:
        if not self._is_pulling and record != run.record:
            self._unsaved[record.run_id] = None
        super()._change(run, record)

    def _push_settled(self) -> None:
        """Send that runs have ended whose process is gone. Whoever only reads need not be able to write."""
        try:
            self._push()
        except StoreError as error:
            self._unsaved.clear()
            _log.warning(
                "That a run has ended whose process is gone could not be told to the tracking server: %s", error
            )

    def _push(self) -> None:
        """Send all records that changed."""
        for run_id in [*self._unsaved]:
            self._servers[run_id] = send_record(self._connection, self._servers[run_id], self._runs[run_id].record)
            self._unsaved.pop(run_id, None)


def _order(server: ServerRun) -> tuple[int, str, str]:
    return (server.start_ms, server.tags.get(names.NUMBER, ""), server.run_id)


def _place(record: RunRecord) -> tuple[float, int]:
    return (record.created_at, record.number)


def only_known(run_ids: Iterable[str], known: Iterable[str]) -> list[str]:
    """Leave out what is not there."""
    there = set(known)
    return [run_id for run_id in dict.fromkeys(run_ids) if run_id in there]
