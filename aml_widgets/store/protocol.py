"""What the rest of the program may ask of a store. The SQLite and the in-memory store pass one contract (`testing`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from aml_widgets.core.records import (
    ArtifactRecord,
    Bucket,
    ExperimentRecord,
    LatestMetric,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricSummary,
    MetricValue,
    ModelFile,
    ModelQuery,
    ModelRecord,
    NewModel,
    NewPoint,
    NewRun,
    RunChanges,
    RunError,
    RunListChanges,
    RunPage,
    RunQuery,
    RunRecord,
    Tags,
    ViewType,
    WriterProcess,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.extras import ExtraStore
from aml_widgets.store.outgoing import Outgoing

MAX_BUCKETS = 1_000


class ArtifactStore(Protocol):
    """Keeps the bytes of runs' files. Paths are POSIX, relative, and never leave the run's root."""

    def put(self, run_id: str, path: str, content: BinaryIO | Path, *, is_final: bool = True) -> int:
        """Write a file once; return its size in bytes.

        The same content again is accepted. Raises ArtifactExists for another content, InvalidArtifact for a bad path.
        One that is not final is replaced by the next `put`, final or not; `keep` makes it final.
        """
        ...

    def keep(self, run_id: str, path: str) -> None:
        """Make a file final that was not; nothing changes where it is or is missing."""
        ...

    def append_path(self, run_id: str, path: str) -> Path:
        """Give the local file behind a log stream, its folder made, to be opened for appending."""
        ...

    def locate(self, run_id: str, path: str = "") -> str:
        """Give the URI of a file, or of the folder of all files of a run, whether or not it is there."""
        ...

    def size(self, run_id: str, path: str) -> int | None:
        """Give the size in bytes now, None if there is no such file."""
        ...

    def read(self, run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        """Read bytes from `start` (negative: from the end). Raises ArtifactNotFound."""
        ...

    def copy_to(self, run_id: str, path: str, target: Path) -> None:
        """Copy a file to a local path, overwriting it. Raises ArtifactNotFound."""
        ...

    def remove_all(self, run_id: str) -> None:
        """Delete all files of a run; nothing happens where there are none."""
        ...


class ModelStore(Protocol):
    """Keeps registered models: records, and files that no change to a run's files can reach.

    Safe from any thread and process. A model is listed when all of it is there; a registration that ended midway left nothing
    that anybody sees. Methods that take a name and version raise ModelNotFound.
    """

    def create_model(self, new_model: NewModel, files: Iterable[ModelFile]) -> ModelRecord:
        """Copy the files, and register them as the next version of the name.

        Raises InvalidName for a bad name, InvalidArtifact for a bad path or file, ArtifactNotFound.
        """
        ...

    def get_model(self, name: str, version: int | None = None) -> ModelRecord:
        """Read one version of a model; the latest there is without `version`."""
        ...

    def list_models(self, query: ModelQuery) -> list[ModelRecord]:
        """List versions of models, those registered last first."""
        ...

    def update_model(
        self,
        name: str,
        version: int,
        *,
        description: str | None = None,
        tags: Tags | None = None,
        remove_tags: Iterable[str] = (),
        replaces_tags: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> ModelRecord:
        """Change what is given; None means as it was. With `replaces_tags`, those given are all there are. Raises PropertyExists."""
        ...

    def delete_model(self, name: str, version: int) -> None:
        """Delete one version with its files. Its number is not given again."""
        ...

    def list_files(self, name: str, version: int) -> list[ArtifactRecord]:
        """List the files of a model by their paths, each of which is, or is below, the record's path."""
        ...

    def local_path(self, name: str, version: int) -> Path:
        """Give the local file or folder of a model, to be read and not written."""
        ...

    def copy_to(self, name: str, version: int, target: Path, *, overwrites: bool = False) -> None:
        """Copy the model's file, or each file of its folder, to a local path.

        Raises Conflict where one of them is there already, unless `overwrites`; then others in that folder stay.
        """
        ...


class RunStore(Protocol):
    """Keeps runs. Safe from any thread and process; a write that returned survives a crash of the process.

    Every method may raise StoreError; those that take an id raise the NotFound of its kind.
    """

    @property
    def artifacts(self) -> ArtifactStore:
        """Where the files of the runs are."""
        ...

    @property
    def models(self) -> ModelStore:
        """Where registered models are."""
        ...

    @property
    def extras(self) -> ExtraStore:
        """Where other programs keep what belongs to runs and experiments, and that this one has no field for."""
        ...

    @property
    def snapshots(self) -> Path | None:
        """The local folder that holds source snapshots, None where the store has none."""
        ...

    @property
    def own_paths(self) -> Sequence[Path]:
        """The local files and folders that the store itself writes: they grow by what is copied into it, and are not copied."""
        ...

    @property
    def is_server(self) -> bool:
        """Whether looking at it is asking a server that others ask as well."""
        ...

    @property
    def outgoing(self) -> Outgoing | None:
        """What waits on this machine for a server; None where what is logged is with the others when a call returns."""
        ...

    def close(self) -> None:
        """Let go of files and connections. May be called twice; a later call opens them again."""
        ...

    # -- the workspace itself

    def get_info(self) -> Mapping[str, str]:
        """Facts of the workspace: at least ``name``, ``workspace_id``, ``created_at`` (ISO 8601)."""
        ...

    def set_info(self, facts: Mapping[str, str]) -> None:
        """Set facts of the workspace, keeping the others."""
        ...

    # -- experiments

    def open_experiment(self, name: str) -> ExperimentRecord:
        """Get the active experiment of that name, or create it."""
        ...

    def get_experiment(self, experiment_id: str) -> ExperimentRecord:
        """Read an experiment, archived or not."""
        ...

    def list_experiments(self, view_type: ViewType = ViewType.ACTIVE_ONLY) -> list[ExperimentRecord]:
        """List experiments by name."""
        ...

    def set_archived(self, experiment_id: str, is_archived: bool) -> ExperimentRecord:
        """Archive or reactivate. Raises Conflict when another active experiment has the name."""
        ...

    def rename_experiment(self, experiment_id: str, name: str) -> ExperimentRecord:
        """Give an experiment another name. Raises Conflict when another active experiment has it."""
        ...

    def tag_experiment(self, experiment_id: str, tags: Tags, *, remove: Iterable[str] = ()) -> ExperimentRecord:
        """Add and change tags, and remove those named; the others stay."""
        ...

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment without runs. Raises ExperimentInUse."""
        ...

    # -- runs

    def create_run(self, new_run: NewRun) -> RunRecord:
        """Create a run. Raises RunExists, RunNotFound (parent), ExperimentNotFound."""
        ...

    def get_run(self, run_id: str) -> RunRecord:
        """Read a run. One whose process is gone shows as `NotResponding`, and is settled as failed once that is sure."""
        ...

    def list_runs(self, query: RunQuery) -> RunPage:
        """Read a page of runs, newest first or in the order asked for. Those in the trash are listed only when it is asked for."""
        ...

    def count_runs(self, query: RunQuery) -> int:
        """Count the runs that a query gives on all its pages together."""
        ...

    def which_fit(self, run_ids: Sequence[str], query: RunQuery) -> frozenset[str]:
        """Say which of some runs a query gives on any of its pages; one that is not there is none of them."""
        ...

    def run_list_changes(self, cursor: str | None = None) -> RunListChanges:
        """Give what changed among the runs since a cursor, and the next cursor, from one moment.

        Without a cursor: only the cursor of now. More than 1,000 runs are not told, the answer is stale then. What a call costs
        when nothing happened grows with the number of runs that go on, not with the number of runs. Raises UserError for what is
        no cursor.
        """
        ...

    def set_status(
        self,
        run_id: str,
        status: RunStatus,
        *,
        error: RunError | None = None,
        ended_at: float | None = None,
        reopens: bool = False,
    ) -> RunRecord:
        """Change the status; `started_at` and `ended_at` follow. The same status again changes nothing.

        A run that has ended so without an error is given one where there is one, though: somebody else was faster, and knew no reason.

        Nothing is changed either by any but a last one where it is ``CancelRequested``. With a last status, `ended_at` says when the run was
        last known to live, where that was before now; it is never before `started_at`, nor later than now.

        Raises RunIsTerminal when the run has ended otherwise, unless it `reopens`: then it goes on, or ends otherwise, and the
        error that it had is gone.
        """
        ...

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
        ...

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Set parameters, all of them or none; a run that has ended takes them, too. The same value again changes nothing.

        Raises ParamExists for another value, UserError for what is no text.
        """
        ...

    def touch(self, run_id: str) -> None:
        """Record a sign of life of the process that writes the run (no change that readers are told of)."""
        ...

    def wait_until_sent(self, run_id: str, seconds: float) -> int:
        """Wait until all that was logged to a run by this process is where others see it, or so long.

        Returns
        -------
        int
            How many calls are still on their way; 0 in a store where none is when it returns.

        Raises
        ------
        PointsLost
            If some of it was refused.
        """
        ...

    def archive_run(self, run_id: str, is_archived: bool) -> RunRecord:
        """Archive a run, or make it active again. Runs below it stay as they are."""
        ...

    def trash_run(self, run_id: str, *, even_if_active: bool = False) -> RunRecord:
        """Put a run that has ended into the trash, with the runs below it. Raises RunGoesOn where one of them has not ended.

        With `even_if_active` they may go on, and are in the trash meanwhile. Of a run that is in the trash already, those below it
        that are not are put there too.
        """
        ...

    def restore_run(self, run_id: str) -> RunRecord:
        """Take a run out of the trash, with those that were put there together with it. Raises Conflict where its parent is there."""
        ...

    def purge_run(self, run_id: str) -> None:
        """Delete a run in the trash for good: with the runs below it, all their files and extras.

        Raises RunNotInTrash, and RunGoesOn where one of them has not ended.

        A snapshot that another run has stays. Neither id nor number are given again. Interrupted midway, the run is gone or
        whole; files that are left are removed when the workspace is next opened, or by the next call, for this run or another.
        """
        ...

    # -- metrics, written

    def log_metric(
        self, run_id: str, name: str, value: MetricValue, step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to a scalar metric. Without `step`: one after the metric's last, from 0.

        Raises RunIsTerminal; InvalidMetric when the name holds rows or another kind.
        """
        ...

    def log_metrics(
        self, run_id: str, values: Mapping[str, MetricValue], step: int | None = None, logged_at: float | None = None
    ) -> None:
        """Append one point to each metric, in one transaction and at one time."""
        ...

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
        """Append many points under one name, in one transaction; the columns are equally long.

        Scalars and artifact kinds have the one column None; rows and tables have named ones. With no points the metric
        exists and is empty, and readers with a cursor hear of it. A description that is not empty replaces the metric's.
        Floats, ints and arrays of the `array` module with type code ``d`` or ``q`` are stored exactly.
        """
        ...

    def log_points(self, run_id: str, points: Sequence[NewPoint], *, even_if_ended: bool = False) -> None:
        """Append points to scalar metrics in their order, in one transaction, each with a step and time of its own.

        With `even_if_ended`, a run that has ended takes them, too, and readers of lists are told of it.
        """
        ...

    # -- metrics, read

    def summarize_metrics(self, run_id: str, *, is_look: bool = False) -> list[MetricSummary]:
        """Sum up every series of a run, in the order they were first logged, without reading histories.

        With `is_look` it is for a view that looks again soon: a store that can only guess where to find what is new need not search all.
        """
        ...

    def latest_metrics(self, run_ids: Sequence[str]) -> Mapping[str, Sequence[LatestMetric]]:
        """Give the last value of every series of some runs; a run without metrics has an empty sequence."""
        ...

    def summarize_runs(self, run_ids: Sequence[str], names: Collection[str]) -> Mapping[str, Sequence[MetricSummary]]:
        """Sum up the series of some metrics of some runs, for lists of runs; a run that is not there is left out."""
        ...

    def list_metric_names(self, limit: int = 500) -> list[str]:
        """Name the metrics that the newest runs outside the trash logged values to with `log`, the most common ones first."""
        ...

    def read_history(self, run_id: str, name: str, column: str | None = None) -> MetricHistory:
        """Read all points of a series; empty when there is none."""
        ...

    def read_histories(self, run_id: str, names: Collection[str]) -> Mapping[MetricKey, MetricHistory]:
        """Read all points of every series of some metrics, at one moment; a name that the run does not have is left out."""
        ...

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
        """Sum up the numbers of a series, in order, in at most `max_buckets` buckets.

        With a range of steps only what lies under it is read: buckets that lie wholly inside count whole, those at its
        edges may be cut at a block's border or be exact.
        """
        ...

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        """Give everything that changed for a run since a cursor, and the next cursor, from one moment.

        Without a cursor: all there is, where a series of more than `max_buckets` numbers comes as buckets. With one, a series that has
        more than `max_new_points` since then comes so as well (`MetricNews.is_opening`), and the others as their new points; None sets
        no bound. A store that is a server may give a part, and say that there is more (`RunChanges.has_more`).
        Raises UserError for a cursor that is not this run's.
        """
        ...

    # -- files

    def record_artifact(self, run_id: str, artifact: ArtifactRecord) -> None:
        """Make a file known that `artifacts` holds; recorded again, the record is replaced."""
        ...

    def list_artifacts(self, run_id: str) -> list[ArtifactRecord]:
        """List the run's files by path; logs with their size now."""
        ...
