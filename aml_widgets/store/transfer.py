"""Copies runs from one store to another: records, full histories, files, in their order. Interrupted, it goes on where it was.

A copy bears in its properties whose copy it is, and since when it is whole. Until then it is ``NotStarted``, and the next transfer goes on
with it: each series is copied in its order, so the number of its points that are there says where to go on. What was logged to it and is
still on its way to a server is waited for first. Where that cannot be known, because it was copied from another machine, and where what is
there is no beginning any more, because points came late to the source, the copy is put into the trash, and begun anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    AmlWidgetsError,
    ExperimentNotFound,
    InvalidName,
    RunExists,
    StoreUnavailable,
    UserError,
)
from aml_widgets.core.records import ExperimentRecord, NewRun, RunRecord, ViewType
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_copies import COPIED_AT, COPIED_BY_WAY_OF, COPIED_FROM, MARKS, Copies, list_runs_of
from aml_widgets.store.transfer_experiments import Experiments
from aml_widgets.store.transfer_files import copy_files, copy_snapshot
from aml_widgets.store.transfer_points import Logged, copy_points, has_beginning, read_logged
from aml_widgets.store.transfer_waiting import Progress, Teller, alone, can_go_on, wait_until_sent


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did.

    Attributes
    ----------
    copied, known : int
        Runs that were copied now, and those that had been before or come from there.
    in_trash : int
        Those of the latter that are in the target's trash.
    going_on : tuple of str
        Ids of runs that have not ended, and those below them; they are left for the next transfer.
    failed : mapping of str to str
        Why runs could not be copied, by their ids; the next transfer tries again.
    left : int
        How many runs were not tried after one of the stores was lost.
    """

    copied: int
    known: int
    in_trash: int
    going_on: tuple[str, ...]
    failed: Mapping[str, str]
    left: int


def transfer(
    source: RunStore,
    target: RunStore,
    *,
    experiment_names: Collection[str] | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Transferred:
    """Copy the runs of a store that have ended, and their experiments, to another store.

    What is in the trash, models and extras are not copied. A run has the same id where the target lets its users choose it. One that was
    copied from the target is there already.

    Parameters
    ----------
    source, target : RunStore
        Two different stores.
    experiment_names : collection of str, optional
        Only these experiments.
    on_progress : callable, optional
        Told before each run, after each batch of points, after each file, and while a server is waited for.

    Raises
    ------
    UserError
        If it is one store.
    Conflict
        If another process on this machine is just copying from the one to the other.
    ExperimentNotFound
        If the source has no experiment of a name.
    StoreError
        If one of the stores cannot be used.
    """
    workspace_id = source.get_info()["workspace_id"]
    if target.get_info()["workspace_id"] == workspace_id:
        raise UserError("Both are the same workspace. Name another one to copy to or from.", value=workspace_id)
    with alone(workspace_id, target):
        experiments = _choose(source, experiment_names)
        records = _parents_first(
            itertools.chain.from_iterable(list_runs_of(source, one.experiment_id) for one in experiments)
        )
        copies = Copies(source, target)
        counterparts = Experiments(target, experiments, workspace_id)
        counterparts.open(records, copies)
        done = _Transfer(source, target, copies, counterparts, on_progress).run(records)
        if not done.left:
            counterparts.archive()
        return done


class _Transfer:
    """Sees to one run after the other."""

    def __init__(
        self,
        source: RunStore,
        target: RunStore,
        copies: Copies,
        counterparts: Experiments,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._source = source
        self._target = target
        self._copies = copies
        self._counterparts = counterparts
        self._on_progress = on_progress
        self._failed: dict[str, str] = {}
        self._going_on: list[str] = []

    def run(self, records: list[RunRecord]) -> Transferred:
        """Copy what is not there yet."""
        copied = known = in_trash = left = 0
        for place, record in enumerate(records):
            there = self._copies.find(record)
            if there is not None and self._copies.is_whole(record):
                self._copies.take(record, there)
                known += 1
                in_trash += there.trashed_at is not None
                continue
            if not record.status.is_terminal or record.parent_run_id in self._going_on:
                self._going_on.append(record.run_id)
                continue
            reason = self._find_reason_against(record)
            if reason is not None:
                self._failed[record.run_id] = reason
                continue
            teller = Teller(self._on_progress, Progress(place, len(records), record.display_name or record.run_id))
            teller.tell()
            try:
                self._copy(record, there, teller)
                copied += 1
            except AmlWidgetsError as error:
                self._failed[record.run_id] = error.message
                if isinstance(error, StoreUnavailable) and (_is_lost(self._target) or _is_lost(self._source)):
                    left = len(records) - place - 1
                    break
        return Transferred(copied, known, in_trash, tuple(self._going_on), self._failed, left)

    def _find_reason_against(self, record: RunRecord) -> str | None:
        """Give why a run cannot be copied, if that is known before it is tried."""
        if record.parent_run_id in self._failed:
            return f"The run above it, {record.parent_run_id}, was not copied."
        return self._counterparts.refused.get(record.experiment_id)

    def _copy(self, record: RunRecord, copy: RunRecord | None, teller: Teller) -> None:
        """Copy a run, or what is missing of it."""
        logged = read_logged(self._source, record.run_id)
        if copy is not None and not self._is_of_use(copy, logged, teller):
            self._target.trash_run(copy.run_id, even_if_active=True)
            copy = None
        if copy is None:
            copy = self._create(record)
            self._copies.take(record, copy)
        source, target, run_id = self._source, self._target, copy.run_id
        if lacking := {key: value for key, value in record.params.items() if key not in copy.params}:
            target.log_params(run_id, lacking)  # a server is sent them after the run, and it was interrupted between
        copy_snapshot(source, target, record)
        copy_points(logged, target, run_id, teller)
        copy_files(source, record.run_id, target, run_id, teller)
        wait_until_sent(target, run_id, teller)
        target.set_status(run_id, record.status, error=record.error, ended_at=record.ended_at)
        if record.archived_at is not None:
            target.archive_run(run_id, True)
        at = datetime.fromtimestamp(clock.now(), tz=timezone.utc).isoformat()
        target.update_run(run_id, properties={COPIED_AT: at})

    def _is_of_use(self, copy: RunRecord, logged: Logged, teller: Teller) -> bool:
        """Say whether a copy that an earlier transfer began can be gone on with."""
        return can_go_on(self._target, copy.run_id, copy.properties.get(COPIED_BY_WAY_OF), teller) and has_beginning(
            self._target, copy.run_id, logged
        )

    def _create(self, record: RunRecord) -> RunRecord:
        parent_id = record.parent_run_id
        parent = None if parent_id is None else self._copies.find_by_id(parent_id)
        outgoing = self._target.outgoing
        marks = {COPIED_FROM: self._copies.key_of(record)}
        if outgoing is not None:
            marks[COPIED_BY_WAY_OF] = outgoing.place_id
        new_run = NewRun(
            run_id=record.run_id,
            experiment_id=self._counterparts.take(record.experiment_id),
            display_name=record.display_name,
            description=record.description,
            run_type=record.run_type,
            parent_run_id=None if parent is None else parent.run_id,
            target=record.target,
            tags=record.tags,
            properties={**{key: value for key, value in record.properties.items() if key not in MARKS}, **marks},
            params=record.params,
            created_at=record.created_at,
            started_at=record.started_at,
        )
        try:
            return self._target.create_run(new_run)
        except (RunExists, InvalidName):  # the target gives ids itself, or had a run of this one
            return self._target.create_run(replace(new_run, run_id=None))


def _is_lost(store: RunStore) -> bool:
    try:
        store.get_info()
    except StoreUnavailable:
        return True
    return False


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
