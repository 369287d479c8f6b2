"""``targets``: the compute targets of this machine."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from aml_widgets.cli import json_output
from aml_widgets.cli.shell import EXIT_FINE, Shell
from aml_widgets.cli.tables import Cell, Column, print_table
from aml_widgets.core.errors import TargetNotFound, UserError

NAME = "targets"
SUMMARY = "list, make or delete compute targets"
DESCRIPTION = (
    "List the compute targets of this machine, with how many runs work and wait there. The target local is always there and\n"
    "starts every run at once; a named one has at most so many runs at a time and lets the others wait, in order."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", help="only this one, or the one to make, change or delete"
    )
    change = parser.add_mutually_exclusive_group()
    change.add_argument(
        "--max-runs", metavar="COUNT", type=int, help="make the target, or change it: so many runs at a time"
    )
    change.add_argument("--delete", action="store_true", help="delete the target; it must have no runs")


def run(options: argparse.Namespace, shell: Shell) -> int:
    """List targets, or change one."""
    from aml_widgets.submit.engines.finding import LOCAL
    from aml_widgets.submit.engines.targets import LOCAL_KIND, delete_target, list_targets, set_target

    if options.target is None and (options.delete or options.max_runs is not None):
        raise UserError("Which target is meant? Write its name: `targets TARGET --max-runs 4`.")
    if options.max_runs is not None and options.max_runs < 1:
        raise UserError(
            f"--max-runs must be 1 or more, got {options.max_runs}. To run everything at once, use the target {LOCAL!r}.",
            value=options.max_runs,
        )
    if options.delete:
        if options.target == LOCAL:
            raise UserError(f"{LOCAL!r} is always there and cannot be deleted.", value=LOCAL)
        refuse_missing(options.target, shell)
        delete_target(options.target)
        shell.say(f"the target {options.target} is deleted")
        return EXIT_FINE
    if options.max_runs is not None:
        set_target(options.target, options.max_runs)
    replies = [
        {
            "name": LOCAL,
            "kind": LOCAL_KIND,
            "address": None,
            "max_concurrent_runs": None,
            "running_count": None,
            "waiting_count": 0,
            "created_at": None,
        }
    ]
    if options.target is None:
        replies += [reply for record in list_targets() if (reply := _reply(record.name)) is not None]
    elif options.target != LOCAL:
        refuse_missing(options.target, shell)
        replies = [reply for reply in [_reply(options.target)] if reply is not None]
    if shell.is_json:
        json_output.write_list(replies)
        return EXIT_FINE
    columns = [
        Column(title="TARGET"),
        Column(title="AT A TIME", is_number=True),
        Column(title="RUNNING", is_number=True),
        Column(title="WAITING", is_number=True),
        Column(title="RAY CLUSTER", leaves=1),
    ]
    if all(reply["address"] is None for reply in replies):
        del columns[-1]
    print_table(columns, (_cells(reply)[: len(columns)] for reply in replies))
    return EXIT_FINE


def refuse_missing(name: str, shell: Shell) -> None:
    """Raise TargetNotFound where a target is not there; say which there are, and how one is made from a shell."""
    from aml_widgets.submit.engines.finding import LOCAL
    from aml_widgets.submit.engines.targets import list_targets

    known = [LOCAL, *(record.name for record in list_targets())]
    if name not in known:
        raise TargetNotFound(
            f"There is no compute target {name!r} on this machine; there are: {', '.join(map(repr, known))}. Name one of them, or "
            f"make it with `{shell.program} {shlex.join([NAME, name, '--max-runs', '4'])}`.",
            value=name,
        )


def _reply(name: str) -> dict[str, Any] | None:
    """Give the JSON form of a named target; None for one that was deleted this moment."""
    from aml_widgets.submit.engines.queue import EntryState, list_entries
    from aml_widgets.submit.engines.targets import LOCAL_KIND, get_target

    try:
        record = get_target(name)
        entries = list_entries(name)
    except TargetNotFound:
        return None
    is_queue = record.kind == LOCAL_KIND  # a Ray cluster counts for itself
    waiting_count = sum(entry.state is EntryState.WAITING for entry in entries)
    return {
        "name": record.name,
        "kind": record.kind,
        "address": record.address,
        "max_concurrent_runs": record.max_concurrent_runs if is_queue else None,
        "running_count": len(entries) - waiting_count if is_queue else None,
        "waiting_count": waiting_count,
        "created_at": record.created_at,
    }


def _cells(reply: dict[str, Any]) -> list[Cell]:
    limit, running = reply["max_concurrent_runs"], reply["running_count"]
    return [
        Cell(reply["name"]),
        Cell("no limit" if limit is None else f"{limit:,}"),
        Cell("" if running is None else f"{running:,}"),
        Cell(f"{reply['waiting_count']:,}"),
        Cell(reply["address"] or ""),
    ]
