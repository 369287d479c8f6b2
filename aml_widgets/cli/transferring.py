"""What ``import`` and ``export`` have in common: the copying, its progress, and what is said in the end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aml_widgets.cli import json_output
from aml_widgets.cli.shell import EXIT_FINE, EXIT_USAGE, Shell
from aml_widgets.cli.visible import visible

if TYPE_CHECKING:
    from aml_widgets.store.transfer import Transferred
    from aml_widgets.store.transfer_waiting import Progress
    from aml_widgets.tracking.workspace import Workspace

NOTES = (
    "Experiments with their tags; runs that have ended with all that was logged, tags, properties, parameters, files and the\n"
    "runs below them. Not what is in the trash, and no registered models. Interrupted, the same command goes on where it was;\n"
    "called again later, it copies what has ended since. Nothing is copied twice, whatever copies and their experiments are\n"
    "called by now; a copy in the trash there counts until it is deleted for good."
)


def add_experiment_option(parser: argparse.ArgumentParser) -> None:
    """Say which experiments are copied."""
    parser.add_argument(
        "--experiment",
        metavar="NAME",
        action="append",
        help="copy this experiment; may be given several times (default: all)",
    )


def copy(source: Workspace, target: Workspace, options: argparse.Namespace, shell: Shell) -> int:
    """Copy from one workspace to another, and say what was done."""
    from aml_widgets.store.transfer import transfer

    try:
        with _shown_progress() as tell:
            done = transfer(source.store, target.store, experiment_names=options.experiment, on_progress=tell)
    except KeyboardInterrupt:
        shell.say("interrupted; the same command goes on where it was.")
        raise
    finally:
        for one in (source, target):
            one.store.close()
    if shell.is_json:
        json_output.write_document(_to_reply(source, target, done))
    else:
        in_trash = f" ({done.in_trash} in the trash)" if done.in_trash else ""
        print(f"{done.copied} run(s) copied to {visible(target.location)}, {done.known} there already{in_trash}.")  # noqa: T201 - a program prints
    if done.going_on:
        shell.say(f"{len(done.going_on)} run(s) go on and were left out; call this again when they have ended.")
    for run_id, reason in done.failed.items():
        shell.say_error(f"run {run_id} was not copied: {reason}")
    if done.left:
        shell.say_error(f"{done.left} more run(s) were not tried; the same command goes on where it was.")
    return EXIT_USAGE if done.failed else EXIT_FINE


def _to_reply(source: Workspace, target: Workspace, done: Transferred) -> dict[str, object]:
    return {
        "from": source.location,
        "to": target.location,
        "copied": done.copied,
        "known": done.known,
        "in_trash": done.in_trash,
        "going_on": list(done.going_on),
        "failed": dict(done.failed),
        "left": done.left,
    }


@contextmanager
def _shown_progress() -> Iterator[Callable[[Progress], None]]:
    """Show in a terminal how far it is; nothing is shown elsewhere."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("runs"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=Console(file=sys.stderr),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def tell(progress: Progress) -> None:
            what = f"{visible(progress.name)}: {progress.points:,} values, {progress.files:,} files"
            if progress.unsent:
                what += f", waiting for {progress.unsent:,} calls of log to be sent"
            bar.update(task, total=progress.runs_in_all, completed=progress.runs, description=escape(what))

        yield tell
