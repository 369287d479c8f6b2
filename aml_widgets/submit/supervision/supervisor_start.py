"""Starting the supervisor of a queued run as the submitting process would have: with its Python, and what surrounded it.

The dispatcher that starts it may be another kernel's child, with other variables and another environment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aml_widgets.core.records import WriterProcess
from aml_widgets.store.uri import get_home
from aml_widgets.submit.environments.importable import own_interpreter
from aml_widgets.submit.submission import RunFolder
from aml_widgets.submit.supervision.detached import find_detached, start_detached

_SUPERVISOR = "aml_widgets.submit.supervision.supervisor"
_PRIVATE = 0o600  # variables often hold passwords


class Launcher(Protocol):
    """Starts what carries out a run."""

    def launch(self, run_id: str) -> WriterProcess:
        """Start it, detached. Raises StoreUnavailable where that is not possible."""
        ...

    def find(self, run_id: str) -> WriterProcess | None:
        """Find the living one that was started for a run, by whomever."""
        ...


class SupervisorLauncher:
    """Starts supervisors."""

    def launch(self, run_id: str) -> WriterProcess:
        """Start the supervisor of a run, detached. Raises StoreUnavailable where that is not possible."""
        folder = RunFolder.of(run_id)
        interpreter, variables = _read_surroundings(run_id)
        return start_detached(
            _SUPERVISOR,
            [run_id],
            folder=folder.path,
            log=folder.supervisor_log,
            interpreter=interpreter,
            variables=variables,
        )

    def find(self, run_id: str) -> WriterProcess | None:
        """Find the living supervisor of a run."""
        return find_detached(_SUPERVISOR, [run_id])


class _Surroundings(NamedTuple):
    """The Python of a submitting process, and its environment variables."""

    interpreter: str | None = None
    variables: Mapping[str, str] | None = None


def keep_surroundings(run_id: str) -> None:
    """Keep what surrounds this process in the run's folder, for this user's eyes only.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    # absolute: whoever starts the supervisor has another current folder
    variables = {**os.environ, "AML_WIDGETS_HOME": str(get_home())}
    content = json.dumps({"interpreter": own_interpreter(), "variables": variables})  # keeps odd bytes, as surrogates
    descriptor = os.open(_file(run_id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with open(descriptor, "w", encoding="ascii") as file:
        file.write(content)


def _read_surroundings(run_id: str) -> _Surroundings:
    """Read them again; where there are none, this process's own are as good."""
    try:
        return _Surroundings(**json.loads(_file(run_id).read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return _Surroundings()


def _file(run_id: str) -> Path:
    return RunFolder.of(run_id).path / "submitter.json"


if TYPE_CHECKING:
    _proof: type[Launcher] = SupervisorLauncher
