"""Ends of runs that the server could not be told: a file for each, in the folder of what waits for the run."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aml_widgets.core.records import RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.artifacts import to_store_error

_NAME = "end.json"


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended, and when, in seconds since the epoch, UTC."""

    status: RunStatus
    ended_at: float
    error: RunError | None = None


def keep(folder: Path, end: RunEnd) -> None:
    """Write how the run ended whose folder this is. Raises StoreError."""
    document = {"status": end.status.value, "ended_at": end.ended_at, "error": end.error and asdict(end.error)}
    part = folder / f"{_NAME}.{os.getpid()}.part"
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(document), encoding="utf-8")
            part.replace(folder / _NAME)
        except FileNotFoundError:
            continue  # another process has just found the folder empty, and removed it
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise to_store_error(error, "The end of a run", str(folder)) from error
        return


def find(folder: Path) -> RunEnd | None:
    """Read how the run ended whose folder this is; None where that is not kept here, or was damaged."""
    try:
        document: dict[str, Any] = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        error = document["error"]
        return RunEnd(
            RunStatus(document["status"]), float(document["ended_at"]), None if error is None else RunError(**error)
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def remove(folder: Path) -> None:
    """Forget the end: the server knows it."""
    (folder / _NAME).unlink(missing_ok=True)
