"""``doctor``: what is installed where, whether it works together, and the command that mends what does not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from aml_widgets.cli.shell import EXIT_FINE, EXIT_PROBLEM, Shell
from aml_widgets.core.errors import UserError

if TYPE_CHECKING:
    from aml_widgets.cli.checks.findings import Finding
    from aml_widgets.cli.checks.interpreters import Interpreter

NAME = "doctor"
SUMMARY = "look for what is wrong with the installation and the workspace"
DESCRIPTION = (
    "Look at versions, at the environments of Jupyter and of its kernels, at JupyterLab's extensions, and at the workspace with its\n"
    "disk or server. What is wrong is told with the command that mends it. Nothing is changed.\n"
    "Exits with 0 where there is no problem (warnings are none), and with 1 where there is one."
)

_MOST_SECONDS = 86_400.0
_PROBE_SECONDS = 30.0
_PLACES_SECONDS = 60.0
_ANSWER_SECONDS = 5.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument(
        "--seconds",
        metavar="COUNT",
        type=float,
        default=10.0,
        help="how long a look at the content of the database, and each request to a server, may take; 10 without it",
    )


def run(options: argparse.Namespace, shell: Shell) -> int:
    """Look at everything, and tell it."""
    from aml_widgets.cli import json_output
    from aml_widgets.cli.checks import versions
    from aml_widgets.cli.checks.findings import Level, to_reply, worst_of

    if not 0 < options.seconds <= _MOST_SECONDS:
        raise UserError(
            f"--seconds must be more than 0 and at most {_MOST_SECONDS:,.0f}, got {options.seconds:g}.",
            value=options.seconds,
        )
    here = _find_here()
    findings = list(examine(here, shell, seconds=options.seconds))
    worst = worst_of(findings)
    if shell.is_json:
        json_output.write_document(
            {
                "level": worst.value,
                "versions": versions.collect(here),
                "checks": [to_reply(finding) for finding in findings],
            }
        )
    else:
        _print(findings)
    return EXIT_PROBLEM if worst is Level.PROBLEM else EXIT_FINE


def examine(here: Interpreter, shell: Shell, *, seconds: float) -> Iterator[Finding]:
    """Look at everything, area by area."""
    from aml_widgets.cli.checks import key_rings, tools, v1, versions

    yield from versions.check(here)
    yield from _check_jupyter(here)
    yield from _check_places(shell, seconds)
    yield from v1.check(here)
    yield from tools.check(here)
    yield from key_rings.check(here)


def _find_here() -> Interpreter:
    """Ask this very Python, as any other; the packages of this process are what it imports from."""
    from aml_widgets.cli.checks import interpreters
    from aml_widgets.cli.checks.asking import NoAnswer

    try:
        return interpreters.probe(sys.executable, seconds=_PROBE_SECONDS)
    except NoAnswer as error:
        raise UserError(
            f"This Python, {sys.executable!r}, cannot be asked for its packages: {error}. Start the program with its full path.",
            value=sys.executable,
        ) from error


def _check_jupyter(here: Interpreter) -> Iterator[Finding]:
    from aml_widgets.cli.checks import environments, extensions
    from aml_widgets.cli.checks.interpreters import Interpreter, probe_all

    idle = environments.find_servers(here)
    answers = probe_all((one.question for one in idle), seconds=_PROBE_SECONDS)
    known = [one for one in [here, *answers.values()] if isinstance(one, Interpreter) and one.jupyter is not None]
    running, findings = environments.find_running(one.jupyter["runtime_folder"] for one in known if one.jupyter)
    answers |= probe_all((one.question for one in running), seconds=_PROBE_SECONDS)
    yield from findings
    for server in [*idle, *running]:
        answer = answers[server.question]
        yield from environments.check_server(server, answer, here)
    servers = [one for one in answers.values() if isinstance(one, Interpreter)]
    kernels = environments.find_kernels(servers)
    kernel_answers = probe_all((one.question for one in kernels if one.question), seconds=_PROBE_SECONDS)
    yield from environments.check_kernels(kernels, kernel_answers, here)
    yield from environments.check_broken_kernels(servers)
    kernel_pythons = [one for one in kernel_answers.values() if isinstance(one, Interpreter)]
    yield from environments.check_subshells(next(iter(servers), None), kernel_pythons)
    seen = set()
    for server in [*idle, *running]:
        answer = answers[server.question]
        if isinstance(answer, Interpreter):
            paths = repr((answer.prefix, answer.jupyter))
            if paths not in seen:  # what runs reads the same files as what does not, as a rule
                seen.add(paths)
                yield from extensions.check(server, answer)
            yield from extensions.check_running(server, answer, seconds=_ANSWER_SECONDS)
    if not servers:
        yield _tell_no_jupyter(here)


def _tell_no_jupyter(here: Interpreter) -> Finding:
    from aml_widgets.cli.checks.findings import Finding, Level

    return Finding(
        area="jupyter",
        check="server",
        level=Level.INFO,
        text="no Jupyter server was found, neither here nor on PATH; scripts log without one",
        command=here.install("aml-widgets[lab]"),
    )


def _check_places(shell: Shell, seconds: float) -> Iterator[Finding]:
    """Look at home and workspace in a process that is given up where a disk does not answer."""
    import os

    from aml_widgets.cli.checks import asking
    from aml_widgets.cli.checks.findings import Finding, Level, from_reply

    arguments = [shell.workspace_location or "", shell.program, repr(seconds), os.getcwd()]  # noqa: PTH109 - text is what is handed on
    limit = 3 * seconds + _PLACES_SECONDS
    try:
        replies = asking.ask_own("aml_widgets.cli.checks.places", *arguments, seconds=limit)
    except asking.NoAnswer as error:
        is_late = isinstance(error, asking.TooLate)  # a network disk that is gone does that
        yield Finding(
            area="workspace",
            check="place",
            level=Level.PROBLEM,
            text=f"the home and the workspace could not be looked at: {error}"
            + (". Their disk may not answer; AML_WIDGETS_HOME names a home on another one" if is_late else ""),
        )
        return
    yield from map(from_reply, replies)


# -- told


def _print(findings: Sequence[Finding]) -> None:
    """Print a table, and below it, in full, what is to be done."""
    from aml_widgets.cli.checks.findings import Level
    from aml_widgets.cli.visible import visible

    if find_spec("rich") is None:  # which is then among the problems
        for finding in findings:
            line = f"{finding.level.value:8} {finding.area}: {finding.check}: {finding.text}"
            sys.stdout.write(visible(line) + "\n")
            if finding.command is not None:
                sys.stdout.write(f"         {visible(finding.command)}\n")
        return
    from aml_widgets.cli.tables import Cell, Column, print_heading, print_lines, print_table
    from aml_widgets.core.text import count_text

    styles = {Level.OK: "green", Level.INFO: "dim", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}
    columns = [
        Column(title="STATE"),
        Column(title="AREA", leaves=1),
        Column(title="CHECK", least_width=20),
        Column(title="FOUND", least_width=30),
    ]
    print_table(
        columns,
        (
            [
                Cell(finding.level.value, styles[finding.level]),
                Cell(finding.area),
                Cell(finding.check),
                Cell(finding.text),
            ]
            for finding in findings
        ),
    )
    ill = [finding for finding in findings if finding.level in (Level.WARNING, Level.PROBLEM)]
    for finding in sorted(ill, key=lambda one: one.level is not Level.PROBLEM):
        print_heading(f"{finding.level.value}: {finding.area}, {finding.check}")
        print_lines(
            f"  {finding.text}{'' if finding.text.endswith(('.', '?', '!')) else ':' if finding.command else '.'}"
        )
        if finding.command is not None:
            print_lines(f"    {finding.command}", "bold")
    problems = sum(finding.level is Level.PROBLEM for finding in ill)
    warnings = len(ill) - problems
    print_heading(f"{count_text(problems, 'problem', 'problems')}, {count_text(warnings, 'warning', 'warnings')}")
