"""``logs``: the log of a run, all of it, its end, or as it grows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from aml_widgets.cli.runs import to_count
from aml_widgets.cli.shell import EXIT_FINE, Shell
from aml_widgets.core.errors import ArtifactNotFound, UserError

if TYPE_CHECKING:
    from aml_widgets.core.records import ArtifactRecord, RunRecord

NAME = "logs"
SUMMARY = "print a run's log; -f follows it until the run has ended"
DESCRIPTION = (
    "Print a log of a run, as it is. Without FILE it is what the script printed, or the newest log.\n"
    "With -f the exit code says how the run ended; Ctrl-C stops the following only."
)

_SHOWN_FILES = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("run_id", metavar="RUN", help="an id, the beginning of one, or @latest")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="a file of the run, by its path or the end of it (70_driver_log.txt)"
    )
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run has ended")
    parser.add_argument("-n", dest="count", metavar="LINES", type=to_count, help="begin so many lines before the end")


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Print a log."""
    from aml_widgets.cli.find import find_run
    from aml_widgets.cli.following import JsonWriter, LogFollower, PlainWriter, choose_log, tell_end, wait_for_end

    workspace = shell.open_workspace()
    record = find_run(workspace, options.run_id)
    artifacts = workspace.store.list_artifacts(record.run_id)
    goes_on = options.follow and not record.status.is_terminal
    path = None if options.file is None else _find_file(record, artifacts, options.file, may_come=goes_on)
    n_logs = sum(artifact.is_log for artifact in artifacts)
    is_titled = options.file is None and (goes_on or n_logs > 1)
    writer = JsonWriter(record.run_id) if shell.is_json else PlainWriter(is_titled=is_titled)
    follower = LogFollower(workspace.store, record.run_id, writer, path=path, last_lines=options.count)
    if path is None and choose_log(artifacts) is None:
        shell.say(f"run {record.run_id} ({record.status}) has no log" + (" yet" if goes_on else ""))
    if options.follow:
        return tell_end(wait_for_end(workspace, record.run_id, shell, follower), shell)
    follower.finish()
    return EXIT_FINE


def _find_file(record: RunRecord, artifacts: Sequence[ArtifactRecord], text: str, *, may_come: bool) -> str:
    """Give the file that is meant: its path, or the end of the path of one file alone."""
    paths = [artifact.path for artifact in artifacts]
    if text in paths:
        return text
    matches = [path for path in paths if path.endswith(f"/{text.lstrip('/')}")]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UserError(
            f"{len(matches)} files of run {record.run_id} end with {text!r}: {_listed(matches)}. Give more of the path.",
            value=text,
        )
    if may_come:
        return text
    logs = [artifact.path for artifact in artifacts if artifact.is_log]
    known = f"Its logs are {_listed(logs)}." if logs else "It has no logs."
    raise ArtifactNotFound(f"Run {record.run_id} has no file {text!r}. {known}", value=text)


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _SHOWN_FILES:,} more" if len(paths) > _SHOWN_FILES else ""
    return ", ".join(paths[:_SHOWN_FILES]) + more
