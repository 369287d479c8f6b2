"""Records of runs on a server: made, listed, changed, put away."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from time import monotonic

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    InvalidName,
    RunGoesOn,
    RunNotFound,
    RunNotInTrash,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    message_of,
)
from aml_widgets.core.records import (
    NewRun,
    RunError,
    RunPage,
    RunQuery,
    RunRecord,
    Tags,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.artifacts import check_run_id
from aml_widgets.store.memory.runs import MemoryRuns
from aml_widgets.store.memory.trash import MemoryTrash
from aml_widgets.store.mlflow import names
from aml_widgets.store.mlflow.connection import Missing
from aml_widgets.store.mlflow.entities import read_run, to_ms, to_server
from aml_widgets.store.mlflow.heads import MetricHeads
from aml_widgets.store.mlflow.outbox.run_ends import RunEnd
from aml_widgets.store.mlflow.pushing import send_entities, send_info
from aml_widgets.store.mlflow.server_state import ServerState, only_known
from aml_widgets.store.params import check_params

NUMBER_SECONDS = 2.0
"""For so long the last number that was given in an experiment is believed to be the last."""

_log = logging.getLogger(__name__)


class ServerRuns(ServerState, MemoryRuns, MemoryTrash):
    """The part of the store that keeps the records of runs."""

    def create_run(self, new_run: NewRun) -> RunRecord:
        """Create a run. The server gives the id: one that is given here is refused.

        Raises InvalidName (id), RunNotFound (parent), ExperimentNotFound.
        """
        if new_run.run_id is not None:
            raise InvalidName(
                f"Run id {check_run_id(new_run.run_id)!r} cannot be had on an MLflow tracking server, which gives ids itself. "
                "Leave it out, and use display_name to name the run.",
                value=new_run.run_id,
            )
        parent_ids = [] if new_run.parent_run_id is None else [new_run.parent_run_id]
        params = check_params(new_run.params)
        with self._changing(*parent_ids):
            experiment = self._find_experiment(new_run.experiment_id)
            parent = None if new_run.parent_run_id is None else self._run(new_run.parent_run_id).record
            now = clock.now()
            has_started = new_run.status == RunStatus.RUNNING or new_run.status.is_terminal
            record = RunRecord(
                run_id="",
                number=self._next_number(experiment.experiment_id),
                experiment_id=experiment.experiment_id,
                experiment_name=experiment.name,
                status=new_run.status,
                created_at=now if new_run.created_at is None else new_run.created_at,
                display_name=new_run.display_name,
                description=new_run.description,
                run_type=new_run.run_type,
                parent_run_id=new_run.parent_run_id,
                root_run_id="" if parent is None else parent.root_run_id,
                target=new_run.target,
                started_at=now if new_run.started_at is None and has_started else new_run.started_at,
                ended_at=now if new_run.status.is_terminal else None,
                last_seen_at=now,
                tags=dict(new_run.tags),
                properties=dict(new_run.properties),
                params=params,
                writer=new_run.writer,
            )
            run_id = self._create(record)
            try:
                self._settle_number(run_id)
            except (
                StoreError
            ) as error:  # the run is there: its number may be another's as well, and whoever trains has a run
                self._unsaved.pop(run_id, None)
                _log.warning("Whether another run has the number of run %s is not known: %s", run_id, message_of(error))
            self._heads[run_id] = MetricHeads()  # from now on, logging needs no server
            return self._show(self._runs[run_id])

    def _create(self, record: RunRecord) -> str:
        wanted = to_server(record, None)
        client = self._connection.client
        with self._connection.errors(f"A run of experiment {record.experiment_name!r} is created"):
            run = client.create_run(
                record.experiment_id, start_time=to_ms(record.created_at), tags=dict(wanted.tags), run_name=wanted.name
            )
            server = read_run(run)
            send_entities(self._connection, server.run_id, {}, wanted.params)
            if wanted.status != server.status or wanted.end_ms is not None:
                send_info(self._connection, server.run_id, wanted)
        self._take(
            replace(server, status=wanted.status, end_ms=wanted.end_ms, params=dict(wanted.params), name=wanted.name)
        )
        return server.run_id

    def _next_number(self, experiment_id: str) -> int:
        """Give the number of the next run of an experiment; two processes that ask at once may be given the same for a moment."""
        from mlflow.entities import ViewType

        number, asked_at = self._numbers.get(experiment_id, (0, 0.0))
        if not asked_at or monotonic() > asked_at + NUMBER_SECONDS:
            with self._connection.errors("The number of the last run is asked for"):
                last = self._connection.client.search_runs(
                    [experiment_id], "", ViewType.ALL, 1, order_by=[f"tags.`{names.NUMBER}` DESC"]
                )
            text = last[0].data.tags.get(names.NUMBER, "") if last else ""
            number = max(number, int(text) if text.isdecimal() else len(last))
            asked_at = monotonic()
        self._numbers[experiment_id] = (number + 1, asked_at)
        return number + 1

    def _settle_number(self, run_id: str) -> None:
        """See that no other run of the experiment has the number of a new one.

        A run stays at a number only once it has looked, after it took it, and was alone there. Of two that took the same, the later to look
        sees the other, so one of them goes on, and perhaps both: the order of their ids then leads them to different numbers.
        """
        from mlflow.entities import ViewType

        run = self._runs[run_id]
        while True:
            record = run.record
            with self._connection.errors(f"The number of run {run_id} is settled"):
                same = self._connection.client.search_runs(
                    [record.experiment_id], f"tags.`{names.NUMBER}` = '{record.number:09d}'", ViewType.ALL, 100
                )
            others = [other.info.run_id for other in same if other.info.run_id != run_id]
            if not others:
                return
            n_before = sum(other < run_id for other in others)
            self._numbers.pop(record.experiment_id, None)
            number = self._next_number(record.experiment_id) + n_before
            self._numbers[record.experiment_id] = (number, monotonic())
            self._change(run, replace(record, number=number))
            self._push()

    def get_run(self, run_id: str) -> RunRecord:
        """Read a run. One whose process is gone shows as `NotResponding`, and is settled as failed once that is sure."""
        with self._reading(run_id):
            return super().get_run(run_id)

    # -- lists

    def list_runs(self, query: RunQuery) -> RunPage:
        """Read a page of runs, newest first or in the order asked for."""
        with self._listing(query):
            return super().list_runs(query)

    def count_runs(self, query: RunQuery) -> int:
        """Count the runs that a query gives on all its pages together."""
        with self._listing(query):
            return super().count_runs(query)

    def which_fit(self, run_ids: Sequence[str], query: RunQuery) -> frozenset[str]:
        """Say which of some runs a query gives on any of its pages."""
        with self._listing(query):
            return super().which_fit(only_known(run_ids, self._runs), query)

    # -- changes

    def set_status(
        self,
        run_id: str,
        status: RunStatus,
        *,
        error: RunError | None = None,
        ended_at: float | None = None,
        reopens: bool = False,
    ) -> RunRecord:
        """Change the status, after all that was logged is on the server; with a last status, the logs written here are, too."""
        try:
            with self._changing(run_id):
                if status.is_terminal and not self._run(run_id).record.status.is_terminal:
                    self._files.upload_logs(run_id)
                record = super().set_status(run_id, status, error=error, ended_at=ended_at, reopens=reopens)
        except (StoreUnavailable, StoreReadOnly) as trouble:
            if not status.is_terminal:
                raise
            end = RunEnd(status, clock.now() if ended_at is None else ended_at, error)
            self._outbox.keep_end(run_id, end)
            raise type(trouble)(
                f"{trouble.message} That run {run_id} has ended as {status} is kept in {str(self._outbox.where(run_id))!r}, and is "
                "told with all that waits there when the server is back, by this process or the next one here that uses it.",
                value=trouble.value,
            ) from trouble
        if record.status.is_terminal:
            self._outbox.let_go(run_id)
        return record

    def _tell_end(self, run_id: str, end: RunEnd) -> None:
        """Tell how a run ended that the server could not be told before."""
        with self._changing(run_id):
            status = self._run(run_id).record.status
            if not status.is_terminal:
                self._files.upload_logs(run_id)
            if not status.is_terminal or status == end.status:  # who said that it failed may not have known why
                super().set_status(run_id, end.status, error=end.error, ended_at=end.ended_at)
        self._outbox.let_go(run_id)

    def wait_until_sent(self, run_id: str, seconds: float) -> int:
        """Wait until all that was logged to a run here is on the server, or so long; give how many calls are still on their way."""
        return self._outbox.wait(run_id, seconds)

    def update_run(
        self,
        run_id: str,
        *,
        display_name: str | None = None,
        description: str | None = None,
        tags: Tags | None = None,
        remove_tags: Iterable[str] = (),
        properties: Mapping[str, str] | None = None,
        writer: WriterProcess | None = None,
    ) -> RunRecord:
        """Change what is given, also on a run that has ended; None means as it was. Raises PropertyExists."""
        with self._changing(run_id):
            return super().update_run(
                run_id,
                display_name=display_name,
                description=description,
                tags=tags,
                remove_tags=remove_tags,
                properties=properties,
                writer=writer,
            )

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters, all of them or none."""
        with self._changing(run_id):
            super().log_params(run_id, params)

    def touch(self, run_id: str) -> None:
        """Record a sign of life of the process that writes the run."""
        if not names.is_run_id(run_id):
            self._pull_run(run_id)  # raises
        try:
            with self._connection.errors(f"A sign of life of run {run_id} is sent"):
                self._connection.client.set_tag(run_id, names.SEEN, repr(clock.now()))
        except Missing as error:
            raise RunNotFound(
                f"No run has the id {run_id!r}. List the runs of the experiment to see those there are.", value=run_id
            ) from error

    # -- out of the way

    def archive_run(self, run_id: str, is_archived: bool) -> RunRecord:
        """Archive a run, or make it active again. Runs below it stay as they are."""
        with self._changing(run_id):
            return super().archive_run(run_id, is_archived)

    def trash_run(self, run_id: str, *, even_if_active: bool = False) -> RunRecord:
        """Put a run into the trash, with the runs below it: on the server they are deleted, which MLflow can undo."""
        with self._changing(run_id):
            self._pull_family(run_id)
            return super().trash_run(run_id, even_if_active=even_if_active)

    def restore_run(self, run_id: str) -> RunRecord:
        """Take a run out of the trash, with those that were put there together with it."""
        with self._changing(run_id):
            self._pull_family(run_id)
            return super().restore_run(run_id)

    def purge_run(self, run_id: str) -> None:
        """Delete a run in the trash for good: its files, and on the server it keeps a mark, and nobody sees it here."""
        with self._changing(run_id):
            self._pull_family(run_id)
            family = [one.record for one in self._family(self._run(run_id))]
            for record in family:
                if record.trashed_at is None:
                    raise RunNotInTrash(
                        f"Run {record.run_id} is not in the trash, and only what is there is deleted for good. "
                        f"Put {run_id} into the trash first.",
                        value=record.run_id,
                    )
                if not record.status.is_terminal:
                    raise RunGoesOn(
                        f"Run {record.run_id} is {record.status}, and is deleted for good only when it has ended. Cancel it, or "
                        "wait for its end.",
                        value=record.run_id,
                    )
            for record in reversed(family):
                self._purge(record.run_id)

    def _purge(self, run_id: str) -> None:
        client = self._connection.client
        with self._connection.errors(f"Run {run_id} is deleted for good"):
            client.restore_run(run_id)  # a deleted one takes no tag
            client.set_tag(run_id, names.PURGED, repr(clock.now()))
            client.delete_run(run_id)
        try:
            self._files.remove_all(run_id)
        except StoreError as error:
            _log.warning(
                "Run %s is deleted, but its files are not; `mlflow gc` deletes them: %s", run_id, message_of(error)
            )
        self._forget_purged(run_id)

    def _pull_family(self, run_id: str) -> None:
        self._pull_children(run_id)
        for child_id in [*self._runs[run_id].child_ids]:
            self._pull_family(child_id)
