"""``export``: copies runs of the workspace to another store."""

from __future__ import annotations

import argparse
from dataclasses import replace

from aml_widgets.cli import transferring
from aml_widgets.cli.shell import Shell

NAME = "export"
SUMMARY = "copy runs of the workspace to another workspace or a tracking server"
DESCRIPTION = f"Copy runs of the workspace to another workspace, or to an MLflow tracking server.\n{transferring.NOTES}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--to",
        dest="target",
        metavar="URI",
        required=True,
        help="a folder (a new one begins with ./ or /) or a name, as --workspace takes it, or a tracking URI such as http://host:5000",
    )
    transferring.add_experiment_option(parser)


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Copy runs of the workspace."""
    source = shell.open_workspace()
    target = replace(shell, workspace_location=options.target).open_workspace(create=True)
    return transferring.copy(source, target, options, shell)
