"""Why a script ended, in words that are true: from its exit code, what its driver left, and what the system counted."""

from __future__ import annotations

import json
import re
import shutil
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aml_widgets.core.records import RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import REPORTED_ERROR
from aml_widgets.submit.supervision.run_state import Outcome, read_json

USER_ERROR = "UserError"
PROCESS_KILLED = "ProcessKilled"
RUN_DURATION_EXCEEDED = "RunDurationExceeded"
PREPARATION_FAILED = "PreparationFailed"
SERVICE_ERROR = "ServiceError"
FILES_NOT_SAVED = "FilesNotSaved"
SUPERVISOR_ENDED = "SupervisorEnded"

DRIVER_LOG = "azureml-logs/70_driver_log.txt"

_OF_V1 = re.compile(r"No module named 'azureml\b")
_V1_HINT = (
    ". Scripts find Azure ML v1's import names where whoever submits them has these on: %load_ext aml_widgets.azureml in a notebook, "
    "`python -m aml_widgets.azureml -m aml_widgets submit …` in a shell. Or let the script import from aml_widgets"
)
_FIRST_SIGNAL_OF_SHELL = 128
_HARDLY_ANY_BYTES = 1 << 20
_CGROUPS = Path("/sys/fs/cgroup")


def describe_exit(
    exit_code: int,
    error_file: Path,
    *,
    reported: RunError | None = None,
    ran_out_of_memory: bool = False,
    is_disk_full: bool = False,
) -> Outcome:
    """Say how a script ended that nobody asked to end.

    Parameters
    ----------
    exit_code : int
        As `subprocess` gives it: negative for a signal.
    error_file : Path
        Where its driver leaves word of an error.
    reported : RunError, optional
        What the script said with ``fail``, which tells more than an exit code does.
    ran_out_of_memory : bool, optional
        Whether the system ended some process for want of memory while the script ran.
    is_disk_full : bool, optional
        Whether the script has left no room on its disk, where its driver could not leave word either.
    """
    if exit_code == 0:
        return Outcome(RunStatus.COMPLETED)
    if exit_code < 0:
        killed = _describe_signal(-exit_code, ran_out_of_memory=ran_out_of_memory)
        return Outcome(RunStatus.FAILED, find_error(error_file) or killed)
    how = f"The script ended with exit code {exit_code}"
    if exit_code > _FIRST_SIGNAL_OF_SHELL and (name := name_signal(exit_code - _FIRST_SIGNAL_OF_SHELL)):
        how += f", which a shell gives for a program that was ended by {name}"
    if is_disk_full:
        how += ", and its disk is full, which is most likely why"
    error = find_error(error_file, reported, how=how)
    if error is None:
        error = RunError(code=USER_ERROR, message=f"{how}. {DRIVER_LOG} may say why.")
    return Outcome(RunStatus.FAILED, error)


def find_error(error_file: Path, reported: RunError | None = None, *, how: str = "") -> RunError | None:
    """Give the error that a script has left word of, None where there is none.

    Parameters
    ----------
    error_file : Path
        Where its driver does so, of an exception that nobody caught.
    reported : RunError, optional
        What the script itself said with ``fail``. An exception wins over it, and it wins over an exit code.
    how : str, optional
        How the script ended, where that is known: it is told beside what was reported.
    """
    word = read_json(error_file)
    if word is None:
        return _join(reported, how) if reported is not None and how else None
    name, text, traceback = str(word.get("type")), str(word.get("message", "")), word.get("traceback")
    if reported is not None and name == SystemExit.__name__:
        return _join(reported, how or f"The script ended with {name}: {text}")
    hint = _V1_HINT if name == ModuleNotFoundError.__name__ and _OF_V1.search(text) else ""
    return RunError(
        code=USER_ERROR,
        message=f"User program failed with {name}" + (f": {text}{hint}" if text.strip() else ""),
        traceback=traceback if isinstance(traceback, str) else None,
        error_type=name,
    )


def read_reported(properties: Mapping[str, str]) -> RunError | None:
    """Give what the script of a run with these properties said with ``fail``, None where it said nothing."""
    try:
        document = json.loads(properties.get(REPORTED_ERROR, "{}"))["error"]
        details = document.get("debugInfo") or {}
        return RunError(
            code=str(document["code"]),
            message=str(document["message"]),
            traceback=_text_or_none(details.get("stackTrace")),
            error_type=_text_or_none(details.get("type")),
        )
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):  # a property may be anybody's
        return None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _join(reported: RunError, how: str) -> RunError:
    said = reported.message.rstrip()
    return replace(reported, message=f"{said} ({how}.)" if said else f"{how}.")


def name_signal(number: int) -> str | None:
    """Name a signal for a message, None for a number that is none."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return None


def count_out_of_memory() -> int:
    """Count how often the system has ended a process for want of memory, as far as it says so; it only grows."""
    return sum(map(_read_count, [Path("/proc/vmstat"), *_find_memory_events()]))


def is_disk_full(folder: Path) -> bool:
    """Say whether there is hardly any room on the disk of a folder."""
    try:
        return shutil.disk_usage(folder).free < _HARDLY_ANY_BYTES
    except OSError:
        return False


def _describe_signal(number: int, *, ran_out_of_memory: bool) -> RunError:
    message = f"The script was killed by {name_signal(number) or f'signal {number}'}"
    if number == 9 and ran_out_of_memory:
        message += (
            ". While it ran, the system ended a process because memory ran out: most likely this one. "
            "Use less memory, or a machine with more."
        )
    elif number == 9:
        message += ", perhaps because memory ran out, or by somebody."
    else:
        message += "."
    return RunError(code=PROCESS_KILLED, message=f"{message} What it had written until then is kept.")


def _find_memory_events() -> list[Path]:
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no Linux
        return []
    return [_CGROUPS / line[4:] / "memory.events" for line in lines if line.startswith("0::/")]


def _read_count(file: Path) -> int:
    try:
        lines = file.read_text(encoding="ascii", errors="replace").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    except (OSError, ValueError, IndexError):
        return 0
