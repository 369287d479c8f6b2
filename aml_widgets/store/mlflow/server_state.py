"""When a server is asked what is new, and told what changed here: `_pull…` before the mirror is read, `_push` after.

The in-memory store filters, orders, checks and sums up; `server_mirror` keeps what was heard in its form. Each store looks at its
server on its own, so cursors of another process do not fit (`cursors`).
"""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from aml_widgets.core import clock
from aml_widgets.core.errors import RunNotFound, StoreError, UserError, message_of
from aml_widgets.core.records import ArtifactRecord, MetricOrder, RunQuery
from aml_widgets.store.memory.listing import find_fitting
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.care import Care
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.entities import (
    ServerRun,
    read_run,
)
from aml_widgets.store.mlflow.exact_values import File, encode_line
from aml_widgets.store.mlflow.files import MlflowArtifactStore
from aml_widgets.store.mlflow.outbox.outbox import Outbox
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd
from aml_widgets.store.mlflow.patience import patiently
from aml_widgets.store.mlflow.pushing import send_record
from aml_widgets.store.mlflow.sending import ValueSender
from aml_widgets.store.mlflow.server_mirror import PAGE
from aml_widgets.store.mlflow.value_mirror import ValueMirror
from aml_widgets.store.run_fitting import check_conditions

FULL_LOOK_SECONDS = 30.0
"""After so long, all runs are asked for again: those that have ended may have been tagged, deleted or brought back meanwhile."""

FULL_LOOK_SHARE = 20.0
"""And not before so many times as long as the last time took."""

OVERLAP_MS = 60_000
"""Runs that began so long before the newest one that is known are asked for again: clocks differ."""

TURN_SECONDS = 1.0
"""So long long histories are read before others get their turn."""

PAUSE_SECONDS = 0.005
"""So long they have to begin it."""

_GOES_ON = " AND ".join(f"attributes.status != '{status}'" for status in ("FINISHED", "FAILED", "KILLED"))

_log = logging.getLogger(__name__)


class Begun(NamedTuple):
    """What was known of a run when somebody began to read its points to their ends.

    Attributes
    ----------
    moved_counts : mapping
        By metric: how often its history had not been what it was.
    lacking : mapping
        By metric that is waited for: how often it had been read to its end.
    """

    moved_counts: Mapping[str, int]
    lacking: Mapping[str, int]


class ServerState(ValueMirror, ABC):
    """The mirror of a server that looks at it before it is read, and tells it what changed.

    Parameters
    ----------
    connection : Connection
        The server.
    local : Path
        A folder on this machine for what is on its way.
    """

    def __init__(self, connection: Connection, local: Path) -> None:
        files = MlflowArtifactStore(connection, self._find_place, local / "logs", self._tell_size)
        self._sender = ValueSender(connection)
        super().__init__(connection, files, Outbox(local / "outbox", self._sender, self._tell_end))
        self._log_lock = threading.RLock()  # held by those who log, and never while the server is asked
        self._numbers: dict[str, tuple[int, float]] = {}  # by experiment: the last one given, and when it was asked for
        self._depth = 0
        self._reader_count = 0
        self._looked_at: float | None = None
        self._look_seconds = 0.0

    # -- from the server

    def _reading(
        self,
        *run_ids: str,
        values: bool = False,
        metrics: Collection[str] | None = None,
        seconds: float | None = None,
        care: Care = Care.ASKED,
    ) -> AbstractContextManager[None]:
        """Hold the lock, hear what is new of some runs, and send what changed meanwhile. Within another, nothing is asked.

        Points that are to be read to their ends are read for a while at a time, and in between others get their turn.
        """
        begun: dict[str, Begun] = {}

        def read_some() -> bool:
            has_more = False
            for run_id in run_ids:
                if values and seconds is None:
                    has_more |= self._read_a_while(run_id, metrics, begun, care)
                else:
                    self._pull_run(run_id, values=values, metrics=metrics, seconds=seconds, care=care)
            return has_more

        return self._taking_turns(read_some)

    @contextmanager
    def _taking_turns(self, read_some: Callable[[], bool]) -> Iterator[None]:
        """Hold the lock when all is read that is asked for.

        Parameters
        ----------
        read_some : callable
            Reads for a while, with the lock, and says whether there is more. In between, others get their turn.
        """
        with self._lock:
            self._reader_count += 1
        try:
            while True:
                with self._lock:
                    if self._depth or not read_some():
                        self._depth += 1
                        try:
                            yield
                        finally:
                            self._depth -= 1
                        if self._depth == 0:
                            self._push_settled()
                        return
                sleep(PAUSE_SECONDS)  # a lock has no queue: it would be taken at once by who had it
        finally:
            with self._lock:
                # In a process that was forked off meanwhile there is none.
                self._reader_count = max(0, self._reader_count - 1)
                if self._reader_count == 0:  # else others need what they have read
                    self._forget_oldest_values()

    def _read_a_while(self, run_id: str, metrics: Collection[str] | None, begun: dict[str, Begun], care: Care) -> bool:
        """Begin to read the points of a run, or read on; say whether there is more. Raises StoreUnavailable where that does not end.

        Parameters
        ----------
        run_id : str
            The run.
        metrics : collection of str or None
            Which of them; None means all.
        begun : dict
            By run: what was known when it was begun.
        care : Care
            What is done to find what nothing tells of.
        """
        values = self._known_values(run_id)
        if values is None or run_id not in begun:
            moved_before = self._moved_counts(run_id)
            self._pull_run(run_id, values=True, metrics=metrics, seconds=TURN_SECONDS, care=care)
            values = self._values_of(run_id)
            begun[run_id] = Begun(moved_before, values.find_lacking(metrics))
        else:
            try:
                lacking = values.find_still_lacking(metrics, begun[run_id].lacking)
                values.read_on(self._connection, lacking, TURN_SECONDS)
            finally:
                if not values.is_sound:
                    self._forget_values(run_id)
        lacking = values.find_still_lacking(metrics, begun[run_id].lacking)
        values.raise_if_changing(lacking, begun[run_id].moved_counts)
        return bool(lacking)

    @contextmanager
    def _changing(self, *run_ids: str) -> Iterator[None]:
        """Do the same around what changes runs: what cannot be sent is forgotten, and raised."""
        with self._lock, patiently():
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

    def _listing(self, query: RunQuery) -> AbstractContextManager[None]:
        """Do the same before runs are listed; their points are read where the query asks for numbers."""
        check_conditions(query)
        names_asked = {condition.name for condition in query.conditions}
        if isinstance(query.order_by, MetricOrder):
            names_asked.add(query.order_by.name)
        unread: dict[str, Mapping[str, int]] | None = None

        def read_some() -> bool:
            nonlocal unread
            if unread is None:
                self._pull_list()
                if query.parent_run_id is not None and query.parent_run_id not in self._runs:
                    self._pull_run(query.parent_run_id)
                unread = self._find_unread(query) if names_asked else {}
            self._read_whole(unread, names_asked)
            return bool(unread)

        return self._taking_turns(read_some)

    def _find_unread(self, query: RunQuery) -> dict[str, Mapping[str, int]]:
        """Give the runs that fit a query but for its numbers, with how often their histories had not been what they were."""
        without = replace(query, conditions=(), order_by=None, page_token=None)
        found = [record.run_id for record in find_fitting(self._runs, without, self._show)]
        return {run_id: self._moved_counts(run_id) for run_id in found}

    def _read_whole(self, unread: dict[str, Mapping[str, int]], metrics: Collection[str] | None) -> None:
        """Read some metrics of runs for a while, and take off those that were read.

        A run is taken off as well that cannot be read, or is changed each time: it is listed without its metrics, which lists hear of again.
        """
        until = monotonic() + TURN_SECONDS
        for run_id in [*unread]:
            if run_id in self._runs and self._try_values(run_id, metrics, seconds=max(0.0, until - monotonic())):
                values = self._known_values(run_id)
                if values is not None and values.waits_for(metrics):
                    if not values.is_changing(metrics, unread[run_id]):
                        return
                    self._forget_values(run_id)
                    self._note_move(run_id)
            del unread[run_id]
            if monotonic() > until:
                return

    def _read_rounds(self, run_ids: Sequence[str], metrics: Collection[str]) -> list[str]:
        """Read a page of each of some metrics, for a while, first of runs that were not begun; give those that it did not come to."""
        until = monotonic() + TURN_SECONDS
        ordered = sorted(run_ids, key=lambda run_id: self._is_partly_read(run_id, metrics))
        for place, run_id in enumerate(ordered, start=1):
            self._try_values(run_id, metrics, is_round=True)
            if monotonic() > until:
                return ordered[place:]
        return []

    def _is_partly_read(self, run_id: str, metrics: Collection[str]) -> bool:
        values = self._known_values(run_id)
        return values is not None and values.waits_for(metrics)

    def _pull_known(self, run_ids: Iterable[str]) -> None:
        """Hear what is new of some runs; one that is not there is passed over."""
        for run_id in dict.fromkeys(run_ids):
            try:
                self._pull_run(run_id)
            except RunNotFound:
                continue

    def _pull_run(
        self,
        run_id: str,
        *,
        values: bool = False,
        metrics: Collection[str] | None = None,
        seconds: float | None = None,
        care: Care = Care.VIEW,
    ) -> None:
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
            self._pull_values(run_id, metrics, seconds=seconds, care=care)

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
            _log.info(
                "How long log %r of run %s is on the tracking server is not told: %s", path, run_id, message_of(error)
            )

    @abstractmethod
    def _tell_end(self, run_id: str, end: RunEnd) -> None:
        """Tell how a run ended that the server could not be told before; the part that changes records does."""

    def _push_settled(self) -> None:
        """Send that runs have ended whose process is gone. Whoever only reads need not be able to write."""
        try:
            self._push()
        except StoreError as error:
            self._unsaved.clear()
            _log.warning(
                "That a run has ended whose process is gone could not be told to the tracking server: %s",
                message_of(error),
            )

    def _push(self) -> None:
        """Send all records that changed."""
        for run_id in [*self._unsaved]:
            self._servers[run_id] = send_record(self._connection, self._servers[run_id], self._runs[run_id].record)
            self._unsaved.pop(run_id, None)


def _order(server: ServerRun) -> tuple[int, str, str]:
    return (server.start_ms, server.tags.get(names.NUMBER, ""), server.run_id)


def only_known(run_ids: Iterable[str], known: Iterable[str]) -> list[str]:
    """Leave out what is not there."""
    there = set(known)
    return [run_id for run_id in dict.fromkeys(run_ids) if run_id in there]
