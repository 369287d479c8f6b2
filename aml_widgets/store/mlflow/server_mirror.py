"""What was heard of a server, in the form of the in-memory store: its experiments, and its runs as they are taken in and forgotten.

Which of them to ask for, and when, says `server_state`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from aml_widgets.core.errors import ExperimentNotFound, RunNotFound, UserError
from aml_widgets.core.records import ExperimentRecord, RunRecord
from aml_widgets.store.memory.state import MemoryState, PurgedRun, StoredRun
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.entities import ServerRun, to_record
from aml_widgets.store.mlflow.experiment_entities import is_hidden, to_experiment
from aml_widgets.store.mlflow.files import MlflowArtifactStore
from aml_widgets.store.mlflow.heads import MetricHeads
from aml_widgets.store.mlflow.outbox.outbox import Outbox
from aml_widgets.store.mlflow.values import RunValues

if TYPE_CHECKING:
    from aml_widgets.store.artifacts import FolderArtifactStore

PAGE = 1_000
"""Runs or experiments asked for at once."""


class ServerMirror(MemoryState, ABC):
    """The runs of a server that were seen.

    Parameters
    ----------
    connection : Connection
        The server.
    files : MlflowArtifactStore
        The files of its runs.
    outbox : Outbox
        What is on its way there.
    """

    def __init__(self, connection: Connection, files: MlflowArtifactStore, outbox: Outbox) -> None:
        super().__init__(cast("FolderArtifactStore", files))  # its root, which is all that differs, is not used here
        self._files = files
        self._connection = connection
        self._outbox = outbox
        self._heads: dict[str, MetricHeads] = {}
        self._servers: dict[str, ServerRun] = {}
        self._values: dict[str, RunValues] = {}
        self._parts: dict[str, RunValues] = {}  # of runs of other programs: some of their metrics
        self._damaged: dict[
            str, float
        ] = {}  # runs whose values could not be read for a list, and when that was tried last
        self._moves: dict[str, int] = {}  # how often new points of a run were heard of
        self._children: dict[str, list[str]] = {}
        self._unsaved: dict[str, None] = {}
        self._is_pulling = False

    @abstractmethod
    def _pull_run(self, run_id: str) -> None:
        """Hear what is new of one run. Raises RunNotFound."""

    # -- experiments

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

    # -- runs

    def _take(self, server: ServerRun) -> None:
        """Take in what the server says of a run."""
        if server.is_purged:
            self._forget_purged(server.run_id)
            return
        known = self._servers.get(server.run_id)
        if known == server:
            return
        has_moved = known is None or known.latest != server.latest or known.point_count != server.point_count
        # Both may ask the server: what is not answered is to leave nothing half known.
        record = self._with_family(to_record(server, self._find_experiment(server.experiment_id)))
        if has_moved:
            self._count_move(server.run_id)
        self._servers[server.run_id] = server
        self._outbox.know(server)
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

    def _note_move(self, run_id: str) -> None:
        """Let lists hear of a run, as if it had new points."""
        self._count_move(run_id)
        run = self._runs[run_id]
        if run.record.status.is_terminal:
            run.version = self._next_version()

    def _count_move(self, run_id: str) -> None:
        self._moves[run_id] = self._moves.get(run_id, 0) + 1

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

    def _change(self, run: StoredRun, record: RunRecord) -> None:
        if not self._is_pulling and record != run.record:
            self._unsaved[record.run_id] = None
        super()._change(run, record)


def _place(record: RunRecord) -> tuple[float, int]:
    return (record.created_at, record.number)
