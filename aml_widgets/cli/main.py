"""The program: reads its command line, runs one command, and turns errors into a line and an exit code."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from aml_widgets.cli import cancel, doctor, environments, export_runs, import_runs, logs, runs, show, submit, targets
from aml_widgets.cli.shell import EXIT_FINE, EXIT_INTERRUPTED, EXIT_USAGE, Shell
from aml_widgets.core.errors import AmlWidgetsError

_COMMANDS = (submit, runs, show, logs, cancel, targets, environments, import_runs, export_runs, doctor)

_END = """\
RUN is a run's id, the beginning of one that fits no other run, or @latest for the newest run.
Exit codes: 0 all went well, 1 the run that was waited for failed or was cancelled, or
`doctor` found a problem, 2 wrong usage or an error, 130 Ctrl-C.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after the program's name; those of this process without it.

    Returns
    -------
    int
        The exit code. Wrong usage and ``--help`` exit at once, as argparse does.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # what a terminal cannot show is no reason to stop
    parser = make_parser(_find_program())
    options = parser.parse_args(arguments)
    shell = Shell(program=parser.prog, workspace_location=options.workspace, is_json=options.json)
    try:
        with _told_warnings(shell):
            exit_code: int = options.run(options, shell)
            sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        _drop_output()
        return EXIT_FINE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except AmlWidgetsError as error:
        shell.say_error(error.message)
        return EXIT_USAGE
    except UnicodeEncodeError as error:  # bytes of the command line that are no text, where only text can be kept
        shell.say_error(f"{error.object!r} is not UTF-8 and cannot be kept. Write it in UTF-8.")
        return EXIT_USAGE
    except OSError as error:  # what is printed finds no room, or a file that was named cannot be read
        _drop_output()
        what = "" if error.filename is None else f"{str(error.filename)!r}: "
        shell.say_error(f"{what}{error.strerror or error}.")
        return EXIT_USAGE
    return exit_code


def make_parser(program: str) -> argparse.ArgumentParser:
    """Make what reads the command line."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Submit scripts as runs, look at runs, and copy them, from a shell.",
        epilog=_END,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    _add_common_options(parser, is_inner=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        inner = commands.add_parser(
            command.NAME,
            help=command.SUMMARY,
            description=command.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_options(inner)
        _add_common_options(inner, is_inner=True)
        inner.set_defaults(run=command.run)
    return parser


def _add_common_options(parser: argparse.ArgumentParser, *, is_inner: bool) -> None:
    """Add what may stand before the command and after it; the inner parser must not undo what the outer one read."""
    default = argparse.SUPPRESS if is_inner else None
    parser.add_argument(
        "--workspace",
        metavar="FOLDER_OR_NAME",
        default=default,
        help="the workspace: a folder, or a name below the home of workspaces; else the one that a config.json names, "
        "else your default one",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if is_inner else False,
        help="write JSON for programs, with the field names of aml_widgets; text is escaped as ASCII, NaN and infinities are text",
    )


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del namespace, values, option_string
        from importlib.metadata import version

        print(f"aml_widgets {version('aml-widgets')}")  # noqa: T201 - a program prints
        parser.exit(EXIT_FINE)


@contextlib.contextmanager
def _told_warnings(shell: Shell) -> Iterator[None]:
    """Tell warnings in words, without the line of code that they come from: here it is none of the user's."""

    def tell(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del category, filename, lineno, file, line
        shell.say(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = tell
        yield


def _find_program() -> str:
    """Give the words by which the program was called, so that what it advises can be typed as it stands."""
    name = Path(sys.argv[0]).name if sys.argv else ""
    return "python -m aml_widgets" if name == "__main__.py" else "aml-widgets"


def _drop_output() -> None:
    """Let what is still to be printed go nowhere: nobody reads it, and Python would complain when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
