"""The embedded store's face: every call of `RunStore` in terms of the modules beside this one."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aml_widgets.core import clock
from aml_widgets.core.errors import RunIsTerminal, StoreError, UserError, message_of
from aml_widgets.core.records import (
    ArtifactRecord,
    Bucket,
    LatestMetric,
    MetricHistory,
    MetricKey,
    MetricSummary,
    NewRun,
    RunChanges,
    RunError,
    RunListChanges,
    RunPage,
    RunQuery,
    RunRecord,
    Tags,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.liveness import Judgement
from aml_widgets.store.model_files import ModelFolder
from aml_widgets.store.models import FolderModelStore
from aml_widgets.store.params import check_params
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.store.run_fitting import check_conditions
from aml_widgets.store.sqlite import changes, files, latest, list_changes, listing, reading, runs, trash
from aml_widgets.store.sqlite.connection import Database
from aml_widgets.store.sqlite.extras import SqliteExtraStore
from aml_widgets.store.sqlite.models import SqliteModelRows
from aml_widgets.store.sqlite.tail_rows import ShapeReader
from aml_widgets.store.sqlite.workspace import SqliteWorkspace
from aml_widgets.store.sqlite.writing import PointWriter

DATABASE_NAME = "runs.db"

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class SqliteRunStore(SqliteWorkspace):
    """Keeps the runs of one workspace in ``<folder>/runs.db``, their files below ``<folder>/runs``, and models below ``<folder>/models``.

    Parameters
    ----------
    folder : Path
        The workspace's folder.
    create : bool, optional
        Whether to make the folder and the database where there are none; else WorkspaceNotFound is raised.
    """

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.folder = folder
        super().__init__(Database(folder / DATABASE_NAME, create=create))
        self._artifacts = FolderArtifactStore(folder / "runs")
        self._models = FolderModelStore(
            ModelFolder(folder / "models", self._artifacts), SqliteModelRows(self._database)
        )
        self._extras = SqliteExtraStore(self._database)
        self._shapes = ShapeReader()
        self._counts = listing.Counts()
        self._points = PointWriter(self._database, self._shapes)
        # bound here, not called through a method of this class: one call less for every number that is logged
        self.log_metric = self._points.log_metric
        self.log_metrics = self._points.log_metrics
        self.log_columns = self._points.log_columns
        self.log_points = self._points.log_points
        self.log_new_points = self._points.log_new_points
        self._remove_left()

    @classmethod
    def open(cls, folder: Path, *, create: bool = True) -> SqliteRunStore:
        """Open the workspace in a folder."""
        return cls(folder, create=create)

    @property
    def artifacts(self) -> FolderArtifactStore:
        """Where the files of the runs are."""
        return self._artifacts

    @property
    def models(self) -> FolderModelStore:
        """Where registered models are."""
        return self._models

    @property
    def extras(self) -> SqliteExtraStore:
        """Where other programs keep what belongs to runs and experiments."""
        return self._extras

    @property
    def snapshots(self) -> Path:
        """The folder of source snapshots."""
        return self.folder / "snapshots"

    @property
    def own_paths(self) -> Sequence[Path]:
        """The database with what SQLite puts beside it, and the folders of files, models and snapshots."""
        database = [self.folder / f"{DATABASE_NAME}{end}" for end in ("", "-wal", "-shm", "-journal")]
        return [*database, self._artifacts.root, self._models.root, self.snapshots]

    @property
    def is_server(self) -> bool:
        """No: it is read from the disk."""
        return False

    @property
    def outgoing(self) -> None:
        """Nothing waits here."""
        return None

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        self._database.close()
        self._shapes.forget()
        self._counts.forget()

    def delete(self, check: Callable[[], None]) -> None:
        """Delete the workspace, unless a check refuses that. What other processes write comes before it, or fails.

        Parameters
        ----------
        check : callable
            Called while nobody else can write; what it raises is raised, and nothing is deleted.

        Raises
        ------
        OSError
            If its files cannot be deleted.
        """
        self._database.delete(check)
        self.close()
        for path in [self._artifacts.root, self._models.root, self.snapshots]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        # The database is the last to go, and beside it nothing is left then: a new workspace here shares no file with the old one.
        for end in ("-wal", "-shm", "-journal", ""):
            (self.folder / f"{DATABASE_NAME}{end}").unlink(missing_ok=True)

    # -- runs

    def create_run(self, new_run: NewRun) -> RunRecord:
        """Create a run."""
        return self._database.write(
            lambda connection: runs.to_record(runs.read_row(connection, runs.create_run(connection, new_run)))
        )

    def get_run(self, run_id: str) -> RunRecord:
        """Read a run; one whose process is gone is settled on the way."""

        def read(connection: sqlite3.Connection) -> tuple[RunRecord, dict[str, Judgement]]:
            record, judgement = runs.judged(connection, runs.read_row(connection, run_id))
            return record, {} if judgement is None else {run_id: judgement}

        return self._settled(read)

    def list_runs(self, query: RunQuery) -> RunPage:
        """List runs, newest first or by the latest number of a metric."""
        if query.limit < 1:
            raise UserError(f"A page holds 1 run or more, got limit {query.limit}.", value=query.limit)
        check_conditions(query)
        return self._settled(lambda connection: listing.read_page(connection, query, self._shapes))

    def count_runs(self, query: RunQuery) -> int:
        """Count the runs that a query gives on all its pages."""
        check_conditions(query)
        return self._settled(lambda connection: self._counts.count(connection, query, self._shapes))

    def which_fit(self, run_ids: Sequence[str], query: RunQuery) -> frozenset[str]:
        """Say which of some runs a query gives."""
        check_conditions(query)
        return self._settled(lambda connection: listing.which_fit(connection, run_ids, query, self._shapes))

    def run_list_changes(self, cursor: str | None = None) -> RunListChanges:
        """Give what changed among the runs since a cursor."""
        return self._settled(lambda connection: list_changes.read_changes(connection, cursor))

    def _settled(self, read: Callable[[sqlite3.Connection], tuple[_Result, dict[str, Judgement]]]) -> _Result:
        """Read; write what the reading found out about lost runs; then read again."""
        result, lost = self._database.read(read)
        if not lost:
            return result
        for run_id, judgement in lost.items():
            self._settle(run_id, judgement)
        return self._database.read(read)[0]

    def _settle(self, run_id: str, judgement: Judgement) -> None:
        def settle(connection: sqlite3.Connection) -> None:
            if not RunStatus(runs.read_row(connection, run_id)[5]).is_terminal:  # else it has told itself how it ended
                runs.set_status(
                    connection, run_id, RunStatus.FAILED, judgement.settle_error, self._shapes, judgement.ended_at
                )

        try:
            self._database.write(settle)
        except RunIsTerminal:
            return  # another reader was faster, or the run did end by itself
        except StoreError as error:  # a full disk keeps nobody from reading; the next reader tries again
            _log.warning("The lost run %s could not be settled yet: %s", run_id, message_of(error))

    def set_status(
        self,
        run_id: str,
        status: RunStatus,
        *,
        error: RunError | None = None,
        ended_at: float | None = None,
        reopens: bool = False,
    ) -> RunRecord:
        """Change the status."""

        def change(connection: sqlite3.Connection) -> RunRecord:
            runs.set_status(connection, run_id, status, error, self._shapes, ended_at, reopens=reopens)
            if status.is_terminal:
                self._points.forget(run_id)
            return runs.to_record(runs.read_row(connection, run_id))

        return self._database.write(change)

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
        """Change what is given."""
        removed = tuple(remove_tags)

        def change(connection: sqlite3.Connection) -> RunRecord:
            runs.update_run(
                connection,
                run_id,
                display_name=display_name,
                description=description,
                tags=tags,
                remove_tags=removed,
                properties=properties,
                writer=writer,
            )
            return runs.to_record(runs.read_row(connection, run_id))

        return self._database.write(change)

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters, all of them or none."""
        checked = check_params(params)
        self._database.write(lambda connection: runs.log_params(connection, run_id, checked))

    def touch(self, run_id: str) -> None:
        """Record a sign of life."""
        self._database.write(
            lambda connection: connection.execute(
                "update run set last_seen_at = ? where id = ?", (clock.now(), runs.row_id(connection, run_id))
            )
        )

    def wait_until_sent(self, run_id: str, seconds: float) -> int:  # noqa: ARG002 - what was logged is committed
        """Give 0 at once: others see what was logged when `log` returns."""
        return 0

    def archive_run(self, run_id: str, is_archived: bool) -> RunRecord:
        """Archive a run, or make it active again."""
        return self._changed(run_id, lambda connection: trash.archive_run(connection, run_id, is_archived))

    def trash_run(self, run_id: str, *, even_if_active: bool = False) -> RunRecord:
        """Put a run that has ended into the trash, with those below it."""
        self.get_run(run_id)  # a lost run that is surely over has ended then,
        self.count_runs(RunQuery(parent_run_id=run_id, include_children=True))  # and so have those below it
        return self._changed(
            run_id, lambda connection: trash.trash_run(connection, run_id, even_if_active=even_if_active)
        )

    def restore_run(self, run_id: str) -> RunRecord:
        """Take a run out of the trash, with those that were put there together with it."""
        return self._changed(run_id, lambda connection: trash.restore_run(connection, run_id))

    def _changed(self, run_id: str, change: Callable[[sqlite3.Connection], None]) -> RunRecord:
        def work(connection: sqlite3.Connection) -> RunRecord:
            change(connection)
            return runs.judged(connection, runs.read_row(connection, run_id))[0]

        return self._database.write(work)

    def purge_run(self, run_id: str) -> None:
        """Delete a run in the trash for good, and those below it: first the rows, in one transaction, then the files."""
        for purged_id in self._database.write(lambda connection: trash.purge_run(connection, run_id)):
            self._points.forget(purged_id)
        trash.remove_left(self._database, self._artifacts, self.snapshots)

    def _remove_left(self) -> None:
        """Delete the files of runs whose deletion was interrupted."""
        with self._database.faults(), self._database.write_lock:
            has_left = trash.has_left(self._database.writer())
        if has_left:
            try:
                trash.remove_left(self._database, self._artifacts, self.snapshots)
            except StoreError as error:  # a full or read-only disk keeps nobody from opening the workspace
                _log.warning("Files of deleted runs could not be removed yet: %s", message_of(error))

    # -- metrics, read

    def summarize_metrics(self, run_id: str, *, is_look: bool = False) -> list[MetricSummary]:  # noqa: ARG002 - all is known
        """Sum up every series of a run."""

        def read(connection: sqlite3.Connection) -> list[MetricSummary]:
            run = runs.row_id(connection, run_id)
            tails = reading.read_tails(connection, run, self._shapes)
            return reading.summarize(connection, reading.all_series(connection, run), tails)

        return self._database.read(read)

    def summarize_runs(self, run_ids: Sequence[str], names: Collection[str]) -> Mapping[str, Sequence[MetricSummary]]:
        """Sum up the series of some metrics of some runs."""
        return self._database.read(lambda connection: reading.summarize_runs(connection, run_ids, names, self._shapes))

    def list_metric_names(self, limit: int = 500) -> list[str]:
        """Name the metrics of the newest runs, the most common ones first."""
        return self._database.read(lambda connection: latest.list_names(connection, limit))

    def latest_metrics(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[LatestMetric]]:
        """Give the last value of every series of some runs."""
        return self._database.read(lambda connection: latest.latest_metrics(connection, run_ids, self._shapes))

    def read_history(self, run_id: str, name: str, column: str | None = None) -> MetricHistory:
        """Read all points of a series."""

        def read(connection: sqlite3.Connection) -> MetricHistory:
            series = reading.find_series(connection, runs.row_id(connection, run_id), name, column)
            if series is None:
                return reading.NO_HISTORY
            return reading.read_history(connection, series, self._shapes)

        return self._database.read(read)

    def read_histories(self, run_id: str, names: Collection[str]) -> Mapping[MetricKey, MetricHistory]:
        """Read all points of every series of some metrics, at one moment."""

        def read(connection: sqlite3.Connection) -> Mapping[MetricKey, MetricHistory]:
            return reading.read_histories(connection, runs.row_id(connection, run_id), frozenset(names), self._shapes)

        return self._database.read(read)

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
        """Sum up the numbers of a series in at most `max_buckets` buckets."""
        _check_buckets(max_buckets)

        def read(connection: sqlite3.Connection) -> list[Bucket]:
            series = reading.find_series(connection, runs.row_id(connection, run_id), name, column)
            if series is None:
                return []
            return reading.read_envelope(connection, series, self._shapes, max_buckets, first_step, last_step)

        return self._database.read(read)

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        """Give everything that changed for a run since a cursor."""
        _check_buckets(max_buckets)
        return self._settled(
            lambda connection: changes.read_changes(
                connection, run_id, cursor, max_buckets, max_new_points, artifacts=self._artifacts, shapes=self._shapes
            )
        )

    # -- files

    def record_artifact(self, run_id: str, artifact: ArtifactRecord) -> None:
        """Make a file known."""
        self._database.write(lambda connection: files.record_artifact(connection, run_id, artifact))

    def list_artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """List the run's files by path; logs with their size now."""
        known = self._database.read(
            lambda connection: files.read_artifacts(connection, runs.row_id(connection, run_id), -1)
        )
        return [files.with_size_now(self._artifacts, run_id, artifact) for artifact in known]


def _check_buckets(max_buckets: int) -> None:
    if max_buckets < 2:
        raise UserError(f"An envelope has 2 buckets or more, got max_buckets {max_buckets}.", value=max_buckets)


if TYPE_CHECKING:
    from aml_widgets.store.repeats import RepeatSkippingStore

    _proof: type[RepeatSkippingStore] = SqliteRunStore
