"""What a supervisor writes down beside a run's working folder, so that whoever comes after it knows where things stood."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from aml_widgets.core.records import RunError, WriterProcess
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import RunFolder

_RESERVED_BYTES = 64 * 1024  # of which the traceback of an error takes most


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script ended, or why it never began.

    Attributes
    ----------
    status : RunStatus
        The last status of its run.
    error : RunError or None
        Why it failed.
    ended_at : float or None
        When there was the last sign of life of a run that ended before anybody noticed; None for one that ends now.
    """

    status: RunStatus
    error: RunError | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a run: its supervisor, and the script once it was started."""

    supervisor: WriterProcess
    script: WriterProcess | None = None


def write_json(file: Path, content: object) -> None:
    """Write a file in one step, so that nobody meets half of it."""
    temporary = file.with_name(f"{file.name}.tmp")
    temporary.write_text(json.dumps(content), encoding="utf-8")
    os.replace(temporary, file)  # noqa: PTH105 - atomic, and says so


def read_json(file: Path) -> Mapping[str, object] | None:
    """Read a file of `write_json`, None where there is none or it is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def reserve_room(folder: RunFolder) -> None:
    """Take the room on the disk that the outcome and the last status will need: a script may fill the disk."""
    folder.reserve_file.write_bytes(b"\n" * _RESERVED_BYTES)


def release_room(folder: RunFolder) -> None:
    """Give that room back."""
    with suppress(OSError):
        folder.reserve_file.unlink(missing_ok=True)


def write_outcome(folder: RunFolder, outcome: Outcome) -> None:
    """Write down how a script ended, in the room that was reserved for it if there is no other. Raises OSError."""
    error = None if outcome.error is None else asdict(outcome.error)
    content = {"status": outcome.status.value, "error": error, "ended_at": outcome.ended_at}
    try:
        write_json(folder.outcome_file, content)
    except OSError:
        release_room(folder)
        write_json(folder.outcome_file, content)
        with suppress(
            OSError
        ):  # as much as is left, or the files that are saved now would take what the last status needs
            reserve_room(folder)


def read_outcome(file: Path) -> Outcome | None:
    """Read how a script ended, None where nobody wrote it down."""
    content = read_json(file)
    if content is None:
        return None
    try:
        error, ended_at = content["error"], content.get("ended_at")
        return Outcome(
            RunStatus(content["status"]),
            RunError(**error) if isinstance(error, dict) else None,
            ended_at if isinstance(ended_at, float) else None,
        )
    except (KeyError, ValueError, TypeError):
        return None


def write_processes(file: Path, processes: Processes) -> None:
    """Write down which processes are the run's."""
    write_json(file, asdict(processes))


def read_processes(file: Path) -> Processes | None:
    """Read which processes are, or were, the run's; None before there were any."""
    content = read_json(file)
    if content is None:
        return None
    supervisor, script = content.get("supervisor"), content.get("script")
    try:
        return Processes(
            WriterProcess(**supervisor) if isinstance(supervisor, dict) else _missing(),
            WriterProcess(**script) if isinstance(script, dict) else None,
        )
    except (TypeError, ValueError):
        return None


def _missing() -> WriterProcess:
    raise ValueError
