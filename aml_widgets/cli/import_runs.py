"""``import``: copies runs from another store into the workspace."""

from __future__ import annotations

import argparse
from dataclasses import replace

from aml_widgets.cli import transferring
from aml_widgets.cli.shell import Shell

NAME = "import"
SUMMARY = "copy runs from another workspace or a tracking server into the workspace"
DESCRIPTION = (
    f"Copy runs from another workspace, or an MLflow tracking server, into the workspace.\n{transferring.NOTES}"
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--from",
        dest="source",
        metavar="URI",
        required=True,
        help="a folder or a name, as --workspace takes it, or a tracking URI such as http://host:5000",
    )
    transferring.add_experiment_option(parser)


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Copy runs into the workspace."""
    source = replace(shell, workspace_location=options.source).open_workspace()
    return transferring.copy(source, shell.open_workspace(create=True), options, shell)
