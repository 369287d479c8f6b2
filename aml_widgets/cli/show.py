"""``show``: all that is known of one run."""

from __future__ import annotations

import argparse
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from aml_widgets.cli import json_output
from aml_widgets.cli.shell import EXIT_FINE, Shell
from aml_widgets.cli.tables import (
    Cell,
    Column,
    is_terminal,
    print_facts,
    print_heading,
    print_lines,
    print_table,
    status_cell,
)
from aml_widgets.core.records import ArtifactRecord, MetricSummary, RunError, RunQuery, RunRecord
from aml_widgets.core.text import count_text, number_text, size_text, time_text, value_text
from aml_widgets.submit.submission import RUN_DEFINITION

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

NAME = "show"
SUMMARY = "show a run: status, last metrics, tags, files, error"
DESCRIPTION = "Show a run: its status and times, the last values of its metrics, tags, files, children and error."

_Thing = TypeVar("_Thing")

_INDENT = 2
_SHOWN_ON_A_TERMINAL = 100


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("run_id", metavar="RUN", help="an id, the beginning of one, or @latest")


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Show a run."""
    from aml_widgets.cli.find import find_run
    from aml_widgets.tracking.run import Run

    workspace = shell.open_workspace()
    record = find_run(workspace, options.run_id)
    Run.get(workspace, record.run_id).get_status()  # a submitted run that nobody sees to is seen to
    record = workspace.store.get_run(record.run_id)
    metrics = workspace.store.summarize_metrics(record.run_id)
    artifacts = workspace.store.list_artifacts(record.run_id)
    children = _count_children(workspace, record)
    if shell.is_json:
        json_output.write_document(
            {
                **json_output.run_reply(record),
                "metrics": [json_output.metric_reply(summary) for summary in metrics],
                "artifacts": [json_output.artifact_reply(artifact) for artifact in artifacts],
                "children": dict(children),
            }
        )
        return EXIT_FINE
    print_facts(_head(record, children))
    _print_metrics(metrics)
    _print_tags(record)
    _print_files(artifacts)
    _print_error(record.error)
    return EXIT_FINE


def _count_children(workspace: Workspace, record: RunRecord) -> Mapping[str, int]:
    from aml_widgets.tracking.queries import iterate_runs

    children = iterate_runs(workspace.store, RunQuery(parent_run_id=record.run_id))
    return Counter(child.status.value for child in children)


def _head(record: RunRecord, children: Mapping[str, int]) -> Iterator[tuple[str, Cell]]:
    from aml_widgets.cli.moments import running_text

    yield "Run", Cell(record.run_id, "bold")
    if record.display_name:
        yield "Name", Cell(record.display_name)
    yield "Status", status_cell(record.status)
    number = f", run {record.number}" if record.number else ""
    yield "Experiment", Cell(f"{record.experiment_name}{number}")
    if record.description:
        yield "Description", Cell(record.description)
    if record.run_type:
        yield "Type", Cell(record.run_type)
    script = _script_of(record)
    if script:
        yield "Script", Cell(script)
    yield "Target", Cell(record.target)
    if record.parent_run_id:
        yield "Parent", Cell(record.parent_run_id)
    for label, at in (("Created", record.created_at), ("Started", record.started_at), ("Ended", record.ended_at)):
        if at is not None:
            yield label, Cell(time_text(at))
    if record.started_at is not None:
        yield "Took", Cell(running_text(record))
    if not record.status.is_terminal and record.last_seen_at is not None:
        yield "Last seen", Cell(time_text(record.last_seen_at))
    if children:
        counts = ", ".join(f"{count:,} {status}" for status, count in sorted(children.items()))
        yield "Children", Cell(f"{sum(children.values()):,} ({counts})")


def _script_of(record: RunRecord) -> str:
    """Give what a submitted run carries out, as it would be typed; empty for other runs."""
    try:
        definition = json.loads(record.properties.get(RUN_DEFINITION, "{}"))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(definition, dict):
        return ""
    command, script, arguments = (definition.get(key) for key in ("command", "script", "arguments"))
    if isinstance(script, str) and script:
        words = arguments if isinstance(arguments, list) else []
        return shlex.join([script, *map(str, words)])
    return command if isinstance(command, str) else ""


def _print_metrics(metrics: Sequence[MetricSummary]) -> None:
    if not metrics:
        return
    print_heading("Metrics")
    columns = [
        Column(title="NAME", least_width=16),
        Column(title="LAST", is_number=True, least_width=16),
        Column(title="STEP", is_number=True, leaves=2),
        Column(title="LOWEST", is_number=True, leaves=3),
        Column(title="HIGHEST", is_number=True, leaves=3),
        Column(title="POINTS", is_number=True, leaves=1),
    ]
    shown = _some(metrics)
    rows = (
        [
            Cell(summary.key.name if summary.key.column is None else f"{summary.key.name} / {summary.key.column}"),
            Cell(value_text(summary.last) if summary.count else ""),
            Cell("" if summary.last_step is None else str(summary.last_step)),
            Cell("" if summary.low is None else number_text(summary.low)),
            Cell("" if summary.high is None else number_text(summary.high)),
            Cell(f"{summary.count:,}"),
        ]
        for summary in shown
    )
    print_table(columns, rows, indent=_INDENT)
    _say_more(len(metrics) - len(shown), "metric", "metrics")


def _print_tags(record: RunRecord) -> None:
    if not record.tags:
        return
    print_heading("Tags")
    columns = [Column(title="TAG", least_width=16), Column(title="VALUE", least_width=16)]
    print_table(columns, ([Cell(key), Cell(record.tags[key] or "")] for key in sorted(record.tags)), indent=_INDENT)


def _print_files(artifacts: Sequence[ArtifactRecord]) -> None:
    if not artifacts:
        return
    print_heading("Files")
    shown = _some(artifacts)
    columns = [Column(title="SIZE", is_number=True), Column(title="PATH")]
    print_table(columns, ([Cell(size_text(one.size_bytes)), Cell(one.path)] for one in shown), indent=_INDENT)
    _say_more(len(artifacts) - len(shown), "file", "files")


def _print_error(error: RunError | None) -> None:
    if error is None:
        return
    print_heading("Error")
    facts = [("Code", error.code), ("Type", error.error_type or "")]
    print_facts((label, Cell(text)) for label, text in facts if text)
    if error.message:
        print_lines(error.message, "red")
    if error.traceback:
        print_lines(error.traceback)


def _some(things: Sequence[_Thing]) -> Sequence[_Thing]:
    """Give as many as a person reads; a program is given all."""
    return things[:_SHOWN_ON_A_TERMINAL] if is_terminal() else things


def _say_more(n_more: int, one: str, many: str) -> None:
    if n_more > 0:
        print_lines(f"  and {count_text(n_more, f'more {one}', f'more {many}')}: --json, or a pipe, gives all")
