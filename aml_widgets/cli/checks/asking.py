"""Asking other programs, which may hang, fail or print anything: an answer in time, or the reason why there is none."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from aml_widgets.core.text import shorten

MARK = "aml-widgets-answer:"
"""What the line of an answer begins with; what a site's own start-up code prints stands on others."""

_LONGEST_REASON = 300
_KILLED_SECONDS = 1.0

# A process of ours finds what this one finds, whatever lies in the current folder.
_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); import runpy; sys.argv[:] = sys.argv[2:]; runpy.run_module(sys.argv[0], run_name='__main__')"


class NoAnswer(Exception):
    """The program gave no answer; the message says why, as a sentence without its end."""


class TooLate(NoAnswer):
    """It did not end in the time it had."""


def ask(command: Sequence[str], *, seconds: float, environment: Mapping[str, str] | None = None) -> Any:
    """Run a program until it ends, and read the answer it prints.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    seconds : float
        How long it may take. Then it is ended, and not waited for: on a disk that does not answer nothing ends it.
    environment : mapping, optional
        Its variables, instead of those of this process.

    Returns
    -------
    Any
        The JSON that stands behind `MARK`.

    Raises
    ------
    NoAnswer
        If it cannot be started, takes too long, or prints no answer.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            command,
            cwd=os.path.abspath(os.sep),  # noqa: PTH100 - Python would find packages in the current folder
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise NoAnswer(f"it cannot be started ({error.strerror or error})") from error
    except ValueError as error:  # NUL in a path
        raise NoAnswer(f"it cannot be started ({error})") from error
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise TooLate(f"it did not answer within {seconds:g} s") from error
    lines = output.decode("utf-8", "replace").splitlines()
    answers = [line[len(MARK) :] for line in lines if line.startswith(MARK)]
    if not answers:
        said = errors.decode("utf-8", "replace").strip().splitlines()
        reason = f": {shorten(said[-1].strip(), _LONGEST_REASON)}" if said else ""
        raise NoAnswer(f"it ended with exit code {process.returncode}{reason}")
    try:
        return json.loads(answers[-1])
    except ValueError as error:
        raise NoAnswer("its answer was cut off") from error


def ask_own(module: str, *arguments: str, seconds: float, environment: Mapping[str, str] | None = None) -> Any:
    """Run a module of this package in a process of its own, which may be given up. Raises NoAnswer."""
    command = [sys.executable, "-I", "-c", _START, json.dumps(sys.path), module, *arguments]
    return ask(command, seconds=seconds, environment=environment)


def answer(document: object) -> None:
    """Print what `ask` reads."""
    sys.stdout.write(f"\n{MARK}{json.dumps(document)}\n")
    sys.stdout.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_KILLED_SECONDS)
