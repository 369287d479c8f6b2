"""``cancel``: ends runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from aml_widgets.cli import json_output
from aml_widgets.cli.shell import EXIT_FINE, EXIT_USAGE, Shell
from aml_widgets.core.errors import AmlWidgetsError

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

NAME = "cancel"
SUMMARY = "cancel runs"
DESCRIPTION = (
    "Cancel runs: politely first, then by force. The command returns at once; `logs -f RUN` waits for the end.\n"
    "Nothing is cancelled where one of the runs cannot be found."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("run_ids", metavar="RUN", nargs="+", help="an id, the beginning of one, or @latest")


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Cancel runs."""
    from aml_widgets.cli.find import find_run

    workspace = shell.open_workspace()
    run_ids = dict.fromkeys(find_run(workspace, text).run_id for text in options.run_ids)
    replies = [_cancel(workspace, run_id) for run_id in run_ids]
    if shell.is_json:
        json_output.write_list(replies)
    for reply in replies:
        if reply["error"] is not None:
            shell.say_error(reply["error"])
        elif not shell.is_json:
            print(f"{reply['run_id']}  {reply['status']}")  # noqa: T201 - a program prints
    return EXIT_FINE if all(reply["error"] is None for reply in replies) else EXIT_USAGE


def _cancel(workspace: Workspace, run_id: str) -> dict[str, str | None]:
    from aml_widgets.tracking.run import Run

    run = Run.get(workspace, run_id)
    try:
        run.cancel()
    except AmlWidgetsError as error:  # the other runs are to be cancelled all the same
        return {"run_id": run_id, "status": run.status, "error": error.message}
    return {"run_id": run_id, "status": run.get_status(), "error": None}
