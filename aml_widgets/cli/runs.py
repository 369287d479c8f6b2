"""``runs``: the runs of a workspace, newest first."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from aml_widgets.cli import json_output
from aml_widgets.cli.shell import EXIT_FINE, Shell
from aml_widgets.cli.tables import Cell, Column, is_terminal, print_table, status_cell
from aml_widgets.core.errors import ExperimentNotFound, UserError
from aml_widgets.core.records import ExperimentRecord, RunQuery, RunRecord, ViewType
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import RUN_TYPE

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

NAME = "runs"
SUMMARY = "list runs, newest first"
DESCRIPTION = "List the runs of a workspace, newest first."

_SHOWN_BY_DEFAULT = 20
_SHOWN_NAMES = 10


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--experiment", metavar="NAME", help="only runs of this experiment")
    parser.add_argument(
        "--status",
        metavar="STATUS",
        action="append",
        help="only runs of this status, for example Running; may be given several times",
    )
    parser.add_argument("--children", action="store_true", help="child runs, too")
    count = parser.add_mutually_exclusive_group()
    count.add_argument(
        "-n", dest="count", metavar="COUNT", type=to_count, default=_SHOWN_BY_DEFAULT, help="how many (20)"
    )
    count.add_argument("--all", action="store_true", help="all of them")


def run(options: argparse.Namespace, shell: Shell) -> int:
    """List runs."""
    from aml_widgets.tracking.queries import iterate_runs

    statuses = None if options.status is None else [to_status(word) for word in options.status]
    workspace = shell.open_workspace()
    experiment = None if options.experiment is None else find_experiment(workspace, options.experiment)
    query = RunQuery(
        experiment_id=None if experiment is None else experiment.experiment_id, include_children=options.children
    )
    found = iterate_runs(workspace.store, query, status=statuses)
    records = _looked_after(workspace.store, found if options.all else islice(found, options.count))
    if shell.is_json:
        json_output.write_list(json_output.run_reply(record) for record in records)
        return EXIT_FINE
    shown = list(records)
    if not shown and (options.all or options.count):  # none was asked for, which says nothing of what there is
        _say_none(shell, workspace, is_filtered=statuses is not None or experiment is not None)
        return EXIT_FINE
    _print(shown, with_parents=options.children, has_one_experiment=experiment is not None)
    if is_terminal() and not options.all and next(found, None) is not None:
        shell.say(f"these are the {len(shown):,} newest; --all lists all, -n COUNT more")
    return EXIT_FINE


def to_count(text: str) -> int:
    """Read how many there are to be."""
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 or a whole number above")
    return count


def to_status(word: str) -> RunStatus:
    """Read a status, whatever its capitals.

    Raises
    ------
    UserError
        For another word.
    """
    for status in RunStatus:
        if status.value.lower() == word.lower():
            return status
    known = ", ".join(status.value for status in RunStatus)
    raise UserError(f"{word!r} is no status of a run. The statuses are {known}.", value=word)


def find_experiment(workspace: Workspace, name: str) -> ExperimentRecord:
    """Give the experiment of a name, the active one before archived ones.

    Raises
    ------
    ExperimentNotFound
        If there is none.
    """
    experiments = workspace.store.list_experiments(ViewType.ALL)
    named = [experiment for experiment in experiments if experiment.name == name]
    if named:
        return min(named, key=lambda experiment: experiment.archived_at is not None)
    names = sorted({experiment.name for experiment in experiments})
    more = f" and {len(names) - _SHOWN_NAMES:,} more" if len(names) > _SHOWN_NAMES else ""
    known = f"It has {', '.join(names[:_SHOWN_NAMES])}{more}." if names else "It has none yet."
    raise ExperimentNotFound(
        f"There is no experiment {name!r} in the workspace {workspace.name!r}, which is in {workspace.location!r}. {known}",
        value=name,
    )


def _looked_after(store: RunStore, records: Iterable[RunRecord]) -> Iterator[RunRecord]:
    """See to submitted runs that nobody sees to: those whose process is gone, and those that wait where no queue is kept."""
    queues: set[str] = set()
    for record in records:
        is_waiting = record.status is RunStatus.QUEUED and record.target not in queues
        if record.run_type != RUN_TYPE or not (is_waiting or record.status is RunStatus.NOT_RESPONDING):
            yield record
            continue
        from aml_widgets.tracking.engines import look_after

        queues.add(record.target)
        look_after(store, record)
        yield store.get_run(record.run_id)


def _print(records: Iterable[RunRecord], *, with_parents: bool, has_one_experiment: bool) -> None:
    columns = [
        Column(title="RUN"),
        Column(title="STATUS"),
        Column(title="EXPERIMENT", least_width=12, leaves=7 if has_one_experiment else 2),
        Column(title="NO", is_number=True, leaves=4),
        Column(title="NAME", least_width=12, leaves=1),
        Column(title="CREATED", leaves=3),
        Column(title="TOOK", is_number=True, leaves=5),
        Column(title="PARENT", leaves=6),
    ]
    n_columns = len(columns) if with_parents else len(columns) - 1
    print_table(columns[:n_columns], (list(islice(_cells(record), n_columns)) for record in records))


def _cells(record: RunRecord) -> Iterator[Cell]:
    from aml_widgets.cli.moments import moment_text, running_text

    yield Cell(record.run_id)
    yield status_cell(record.status)
    yield Cell(record.experiment_name)
    yield Cell(str(record.number) if record.number else "")
    yield Cell(record.display_name or "")
    yield Cell(moment_text(record.created_at))
    yield Cell(running_text(record))
    yield Cell(record.parent_run_id or "")


def _say_none(shell: Shell, workspace: Workspace, *, is_filtered: bool) -> None:
    if is_filtered:
        shell.say(f"no such runs in the workspace {workspace.name!r}, which is in {workspace.location!r}")
        return
    start = shell.command("submit", "--experiment", "NAME", "train.py")
    shell.say(
        f"no runs yet in the workspace {workspace.name!r}, which is in {workspace.location!r}. Start one with `{start}`, or "
        "with experiment.start_logging() in Python."
    )
