"""``environments``: the environments that were built for scripts, which stay until they are removed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aml_widgets.cli import json_output
from aml_widgets.cli.moments import moment_text
from aml_widgets.cli.shell import EXIT_FINE, EXIT_USAGE, Shell
from aml_widgets.cli.tables import Cell, Column, print_table
from aml_widgets.core import clock
from aml_widgets.core.errors import EnvironmentNotFound, UserError
from aml_widgets.core.text import count_text, size_text

if TYPE_CHECKING:
    from aml_widgets.submit.environments.environment_cache import BuiltEnvironment

NAME = "environments"
SUMMARY = "list or remove the environments that were built for scripts"
DESCRIPTION = (
    "List the environments that were built for scripts, the longest unused first, or remove some of them. They are kept below\n"
    "the home of aml_widgets, so that the next script that wants the same need not wait; one that was removed is built again\n"
    "when a script needs it. Those in use, also by a run that waits, are never removed."
)

_SHOWN_KEY = 12
_DAY_SECONDS = 86_400.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("action", nargs="?", choices=("list", "remove"), default="list", help="list is the default")
    parser.add_argument(
        "environments", metavar="ENVIRONMENT", nargs="*", help="the key of one, the beginning of a key, or a name"
    )
    parser.add_argument("--all", action="store_true", help="all of them")
    parser.add_argument("--unused-days", metavar="DAYS", type=float, help="only those that no run has used for so long")
    parser.add_argument("--yes", action="store_true", help="remove without asking")


def run(options: argparse.Namespace, shell: Shell) -> int:
    """List environments, or remove some."""
    from aml_widgets.submit.environments.environment_cache import list_environments
    from aml_widgets.submit.environments.environment_use import find_used

    is_removal = options.action == "remove"
    if is_removal and not (options.environments or options.all or options.unused_days is not None):
        raise UserError("Which environments are meant? Write their keys or names, --unused-days 30, or --all.")
    if options.all and options.environments:
        raise UserError("--all stands for all environments, so name none beside it.", value=options.environments)
    chosen = _choose(list_environments(), options.environments, options.unused_days)
    used = find_used()
    if is_removal:
        return _remove(chosen, used, shell, is_sure=options.yes, is_named=bool(options.environments))
    if shell.is_json:
        json_output.write_list(_reply(one, used) for one in chosen)
    else:
        _print(chosen, used)
    return EXIT_FINE


def _choose(
    known: Sequence[BuiltEnvironment], named: Sequence[str], unused_days: float | None
) -> list[BuiltEnvironment]:
    chosen = list(known)
    if named:
        for text in named:
            fitting = [one for one in known if _fits(one, text)]
            if not fitting:
                raise EnvironmentNotFound(
                    f"No environment that was built here has the key or the name {text!r}. `environments list` shows them.",
                    value=text,
                )
            if len(fitting) > 1 and not any(one.name == text for one in fitting):
                raise UserError(f"{text!r} is the beginning of {len(fitting)} keys. Write more of it.", value=text)
        chosen = [one for one in known if any(_fits(one, text) for text in named)]
    if unused_days is not None:
        before = clock.now() - unused_days * _DAY_SECONDS
        chosen = [one for one in chosen if one.last_used_at <= before]
    return chosen


def _fits(environment: BuiltEnvironment, text: str) -> bool:
    return environment.name == text or (text != "" and environment.key.startswith(text))


def _remove(
    chosen: Sequence[BuiltEnvironment], used: frozenset[str], shell: Shell, *, is_sure: bool, is_named: bool
) -> int:
    from aml_widgets.submit.environments.environment_use import remove_environment

    free = [one for one in chosen if one.key not in used]
    if free and not is_sure and not _ask(free, used, shell):
        shell.say("nothing was removed")
        return EXIT_USAGE
    replies = []
    for one in chosen:
        is_removed = one in free and remove_environment(one.key)
        replies.append({**_reply(one, used), "is_in_use": not is_removed, "is_removed": is_removed})
    if shell.is_json:
        json_output.write_list(replies)
    else:
        removed = [one for one, reply in zip(chosen, replies, strict=True) if reply["is_removed"]]
        print(f"{_sum_up(removed)} removed")  # noqa: T201 - a program prints
    kept = [reply for reply in replies if not reply["is_removed"]]
    for reply in kept:
        shell.say(f"{reply['key'][:_SHOWN_KEY]} {reply['name']} is in use, and stays")
    return EXIT_USAGE if kept and is_named else EXIT_FINE


def _ask(free: Sequence[BuiltEnvironment], used: frozenset[str], shell: Shell) -> bool:
    """Ask the user; nobody else is taken to have agreed."""
    if shell.is_json or not sys.stdin.isatty():
        raise UserError(f"{_sum_up(free)} would be removed. Nobody can be asked here: say --yes.", value=len(free))
    _print(free, used)
    print(f"Remove {_sum_up(free)}? [y/N] ", end="", flush=True)  # noqa: T201 - a program prints
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _sum_up(environments: Sequence[BuiltEnvironment]) -> str:
    size = size_text(sum(one.size_bytes for one in environments))
    return f"{count_text(len(environments), 'environment', 'environments')} ({size})"


def _reply(environment: BuiltEnvironment, used: frozenset[str]) -> dict[str, Any]:
    return {
        "key": environment.key,
        "name": environment.name,
        "interpreter": str(environment.interpreter),
        "size_bytes": environment.size_bytes,
        "built_at": environment.built_at,
        "last_used_at": environment.last_used_at,
        "is_in_use": environment.key in used,
    }


def _print(environments: Sequence[BuiltEnvironment], used: frozenset[str]) -> None:
    columns = [
        Column(title="ENVIRONMENT"),
        Column(title="NAME", least_width=10),
        Column(title="SIZE", is_number=True),
        Column(title="LAST USED"),
        Column(title="INTERPRETER", least_width=20, leaves=1),
    ]
    rows = (
        [
            Cell(one.key[:_SHOWN_KEY]),
            Cell(one.name),
            Cell(size_text(one.size_bytes)),
            Cell("in use", "bold blue") if one.key in used else Cell(moment_text(one.last_used_at)),
            Cell(str(one.interpreter)),
        ]
        for one in environments
    )
    print_table(columns, rows)
