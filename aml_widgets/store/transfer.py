"""Copies runs from one store to another: records, full histories, files, in their order. Interrupted, it goes on where it was.

A copy bears in its properties whose copy it is, and since when it is whole. Until then it is ``NotStarted``, and the next transfer goes on
with it: what is logged is copied in an order that is always the same, so the number of points that are there says where to go on.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from time import monotonic

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    AmlWidgetsError,
    ArtifactNotFound,
    ExperimentNotFound,
    InvalidName,
    RunExists,
    StoreUnavailable,
    UserError,
)
from aml_widgets.core.records import (
    SNAPSHOT_ID,
    ExperimentRecord,
    MetricKind,
    MetricSummary,
    MetricValue,
    NewPoint,
    NewRun,
    RunRecord,
    ViewType,
)
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_experiments import COPIED_FROM, Experiments, list_runs_of
from aml_widgets.store.transfer_points import Rows, list_operations

COPIED_AT = "aml_widgets.copied_at"
"""The property that says since when a copy is whole."""

BATCH = 10_000
"""So many points are written at once."""

MAX_UNSENT = 1_000_000
"""So many values may be on their way to a server, which takes them more slowly than they are read."""

WAIT_SECONDS = 5.0
"""How often is looked whether a server has taken some."""

STUCK_SECONDS = 120.0
"""A server that takes nothing for so long is left for the next transfer."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is.

    Attributes
    ----------
    runs, runs_in_all : int
        Runs that were seen to, and that there are.
    name : str
        The run that is being copied.
    points, files : int
        What was copied of it by now.
    """

    runs: int
    runs_in_all: int
    name: str
    points: int = 0
    files: int = 0


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did.

    Attributes
    ----------
    copied, known : int
        Runs that were copied now, and those that had been before.
    going_on : tuple of str
        Ids of runs that have not ended, and those below them; they are left for the next transfer.
    failed : mapping of str to str
        Why runs could not be copied, by their ids; the next transfer tries again.
    """

    copied: int
    known: int
    going_on: tuple[str, ...]
    failed: Mapping[str, str]


def transfer(
    source: RunStore,
    target: RunStore,
    *,
    experiment_names: Collection[str] | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Transferred:
    """Copy the runs of a store that have ended, and their experiments, to another store.

    What is in the trash, models and extras are not copied. A run has the same id where the target lets its users choose it.

    Parameters
    ----------
    source, target : RunStore
        Two different stores.
    experiment_names : collection of str, optional
        Only these experiments.
    on_progress : callable, optional
        Told before each run, after each batch of points, and after each file.

    Raises
    ------
    UserError
        If it is one store.
    ExperimentNotFound
        If the source has no experiment of a name.
    StoreError
        If one of the stores cannot be used.
    """
    workspace_id = source.get_info()["workspace_id"]
    if target.get_info()["workspace_id"] == workspace_id:
        raise UserError("Both are the same workspace. Name another one to copy to or from.", value=workspace_id)
    experiments = _choose(source, experiment_names)
    records = _parents_first(
        itertools.chain.from_iterable(list_runs_of(source, one.experiment_id) for one in experiments)
    )
    counterparts = Experiments(target, experiments, workspace_id)
    counterparts.open(records)
    copies = counterparts.copies

    copied = known = 0
    going_on: list[str] = []
    failed: dict[str, str] = {}
    for place, record in enumerate(records):
        key = f"{workspace_id}/{record.run_id}"
        copy = copies.get(key)
        if copy is not None and COPIED_AT in copy.properties:
            known += 1
            continue
        if not record.status.is_terminal or record.parent_run_id in going_on:
            going_on.append(record.run_id)
            continue
        if record.parent_run_id in failed:
            failed[record.run_id] = f"The run above it, {record.parent_run_id}, was not copied."
            continue
        if record.experiment_id in counterparts.refused:
            failed[record.run_id] = counterparts.refused[record.experiment_id]
            continue
        progress = Progress(place, len(records), record.display_name or record.run_id)
        on_progress(progress)
        try:
            parent = None
            if record.parent_run_id is not None:
                parent = copies.get(f"{workspace_id}/{record.parent_run_id}")
            experiment_id = counterparts.take(record.experiment_id)
            if copy is None:
                copy = _create(target, record, experiment_id, parent, key)
            copies[key] = copy
            _fill(source, target, record, copy, _make_tell(on_progress, progress))
            copied += 1
        except AmlWidgetsError as error:
            failed[record.run_id] = error.message
    counterparts.archive()
    return Transferred(copied, known, tuple(going_on), failed)


def _parents_first(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Order runs by age, but each after the run above it: the clocks of their machines may differ."""
    by_id = {record.run_id: record for record in sorted(records, key=lambda one: (one.created_at, one.number))}
    ordered: dict[str, RunRecord] = {}
    for record in by_id.values():
        line: list[RunRecord] = []
        above: RunRecord | None = record
        while above is not None and above.run_id not in ordered and above not in line:
            line.append(above)
            above = None if above.parent_run_id is None else by_id.get(above.parent_run_id)
        ordered.update((one.run_id, one) for one in reversed(line))
    return list(ordered.values())


def _make_tell(on_progress: Callable[[Progress], None], progress: Progress) -> Callable[[int, int], None]:
    return lambda points, files: on_progress(replace(progress, points=points, files=files))


def _choose(source: RunStore, names: Collection[str] | None) -> list[ExperimentRecord]:
    experiments = source.list_experiments(ViewType.ALL)
    if names is None:
        return experiments
    for name in names:
        if name not in {one.name for one in experiments}:
            raise ExperimentNotFound(
                f"There is no experiment {name!r} to copy. Those there are: {', '.join(one.name for one in experiments) or 'none'}.",
                value=name,
            )
    return [one for one in experiments if one.name in names]


def _create(target: RunStore, record: RunRecord, experiment_id: str, parent: RunRecord | None, key: str) -> RunRecord:
    new_run = NewRun(
        run_id=record.run_id,
        experiment_id=experiment_id,
        display_name=record.display_name,
        description=record.description,
        run_type=record.run_type,
        parent_run_id=None if parent is None else parent.run_id,
        target=record.target,
        tags=record.tags,
        properties={**_without_marks(record.properties), COPIED_FROM: key},
        params=record.params,
        created_at=record.created_at,
        started_at=record.started_at,
    )
    try:
        return target.create_run(new_run)
    except (RunExists, InvalidName):  # the target gives ids itself, or had a run of this one
        return target.create_run(replace(new_run, run_id=None))


def _without_marks(properties: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in properties.items() if key not in (COPIED_FROM, COPIED_AT)}


def _fill(
    source: RunStore, target: RunStore, record: RunRecord, copy: RunRecord, tell: Callable[[int, int], None]
) -> None:
    """Copy what a run has, or what is missing of it, and end it."""
    _copy_snapshot(source, target, record)
    n_points = _copy_points(source, target, record, copy, lambda count: tell(count, 0))
    _copy_files(source, target, record, copy, lambda count: tell(n_points, count))
    _wait_until_sent(target, copy.run_id)
    target.set_status(copy.run_id, record.status, error=record.error, ended_at=record.ended_at)
    if record.archived_at is not None:
        target.archive_run(copy.run_id, True)
    at = datetime.fromtimestamp(clock.now(), tz=timezone.utc).isoformat()
    target.update_run(copy.run_id, properties={COPIED_AT: at})


def _wait_until_sent(target: RunStore, run_id: str) -> None:
    """Wait for a server to take what was logged, as long as it takes some. Raises StoreUnavailable."""
    left, last_at = target.wait_until_sent(run_id, WAIT_SECONDS), monotonic()
    while left:
        before, left = left, target.wait_until_sent(run_id, WAIT_SECONDS)
        if left < before:
            last_at = monotonic()
        elif monotonic() > last_at + STUCK_SECONDS:
            raise StoreUnavailable(
                f"The tracking server has taken nothing for {STUCK_SECONDS:g} s, and {left:,} call(s) of log of run {run_id} wait for it "
                "on this machine. Copy again when it is back.",
                value=run_id,
            )


# -- points


def _copy_points(
    source: RunStore, target: RunStore, record: RunRecord, copy: RunRecord, tell: Callable[[int], None]
) -> int:
    """Copy what was logged, in its order, from the first that is not there; give how many values there are."""
    summaries = source.summarize_metrics(record.run_id)
    there = target.summarize_metrics(copy.run_id)
    done = sum(one.count for one in there)
    count = unsent = 0
    batch: list[NewPoint] = []

    def write_batch() -> None:
        if batch:
            target.log_points(copy.run_id, batch)
            batch.clear()
            tell_and_wait()

    def tell_and_wait() -> None:
        nonlocal unsent
        if count > unsent + MAX_UNSENT:
            _wait_until_sent(target, copy.run_id)
            unsent = count
        tell(count)

    for operation in list_operations(source, record.run_id, summaries, BATCH):
        weight = 1 if isinstance(operation, NewPoint) else operation.weight
        count += weight
        if count <= done:
            continue
        if isinstance(operation, NewPoint):
            batch.append(operation)
            if len(batch) >= BATCH:
                write_batch()
        else:
            write_batch()
            columns = _renamed(operation, record.run_id, copy.run_id)
            target.log_columns(copy.run_id, operation.name, columns, kind=operation.kind, logged_at=operation.logged_at)
            tell_and_wait()
    write_batch()
    _copy_descriptions(target, copy.run_id, summaries, {one.key.name: one.description for one in there})
    return count


def _renamed(rows: Rows, source_id: str, target_id: str) -> Mapping[str | None, Sequence[MetricValue]]:
    """Let the URIs of files lead into the copy."""
    if rows.kind in (MetricKind.SCALAR, MetricKind.ROW) or source_id == target_id:
        return rows.columns
    old, new = f"/dcid.{source_id}/", f"/dcid.{target_id}/"  # within v1's URI; what is a path by itself stays
    return {
        name: [value.replace(old, new, 1) if isinstance(value, str) else value for value in values]
        for name, values in rows.columns.items()
    }


def _copy_descriptions(
    target: RunStore, run_id: str, summaries: Iterable[MetricSummary], known: Mapping[str, str]
) -> None:
    """Copy descriptions, and metrics that have no points."""
    by_name: dict[str, list[MetricSummary]] = {}
    for one in summaries:
        by_name.setdefault(one.key.name, []).append(one)
    for name, series in by_name.items():
        is_empty = not any(one.count for one in series)
        description = series[0].description
        if (is_empty and name not in known) or (description and known.get(name) != description):
            columns: dict[str | None, Sequence[MetricValue]] = {one.key.column: [] for one in series}
            target.log_columns(run_id, name, columns, kind=series[0].kind, description=description)


# -- files


def _copy_snapshot(source: RunStore, target: RunStore, record: RunRecord) -> None:
    """Copy the zip of the sources, where both stores keep such."""
    snapshot_id = record.properties.get(SNAPSHOT_ID, "")
    if source.snapshots is None or target.snapshots is None or not (snapshot_id.isascii() and snapshot_id.isalnum()):
        return
    zipped, wanted = source.snapshots / f"{snapshot_id}.zip", target.snapshots / f"{snapshot_id}.zip"
    if zipped.is_file() and not wanted.exists():
        wanted.parent.mkdir(parents=True, exist_ok=True)
        part = wanted.with_suffix(f".{clock.new_id()}")
        shutil.copyfile(zipped, part)
        part.replace(wanted)


def _copy_files(
    source: RunStore, target: RunStore, record: RunRecord, copy: RunRecord, tell: Callable[[int], None]
) -> None:
    there = {one.path: one for one in target.list_artifacts(copy.run_id)}
    with tempfile.TemporaryDirectory(prefix="aml_widgets-") as folder:
        for count, artifact in enumerate(source.list_artifacts(record.run_id), start=1):
            known = there.get(artifact.path)
            if known is None or known.size_bytes != artifact.size_bytes:
                file = Path(folder) / PurePosixPath(artifact.path).name
                try:
                    source.artifacts.copy_to(record.run_id, artifact.path, file)
                except ArtifactNotFound:
                    if not artifact.is_log:
                        raise
                    continue  # a log that never came: nothing was printed, or the machine that kept it is gone
                size_bytes = target.artifacts.put(copy.run_id, artifact.path, file)
                target.record_artifact(copy.run_id, replace(artifact, size_bytes=size_bytes))
                file.unlink()
            elif known != artifact:  # interrupted before it was made known
                target.record_artifact(copy.run_id, artifact)
            tell(count)
