"""What a supervisor has to know of one submitted run, and the folder on this machine where that and the run's working files lie."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aml_widgets.core.records import SCRIPT_RUN_TYPE, RunRecord
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import get_home

RUN_TYPE = SCRIPT_RUN_TYPE
RUN_DEFINITION = "aml_widgets.run_definition"
"""The property of a run that holds its run definition as JSON."""
REPORTED_ERROR = "aml_widgets.reported_error"
"""The property of a submitted run that holds, as v1's error document, what its script said with ``fail``."""
RUN_HOME = "aml_widgets.run_home"
"""The property of a run that says on which machine, and below which folder there, it works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One script that runs, or waits to run.

    Attributes
    ----------
    run_id : str
        Of a run that is there already.
    store_location : str
        Where its store is, for `store.uri.open_store`.
    snapshot_id : str
        The sources that it runs in a copy of.
    script : str or None
        Path of a Python script below the sources; None where there is a command.
    arguments : tuple of str
        What the script is given.
    command : str or None
        A line for the shell, instead of a script.
    environment : mapping
        As `Environment.to_dict` gives it.
    environment_variables : mapping
        What the script finds in its environment beside this process's own, among them what tells it its run.
    target : str
        The name of the compute target.
    collects_outputs : bool
        Whether ``outputs/`` is uploaded.
    watched_folders : tuple of str
        Folders below the working folder whose files are uploaded as they grow.
    max_run_seconds : float or None
        The script is ended when it has run for so long.
    has_v1_names : bool
        Whether the script finds Azure ML v1's import names, as whoever submitted it did.
    """

    run_id: str
    store_location: str
    snapshot_id: str
    script: str | None = None
    arguments: tuple[str, ...] = ()
    command: str | None = None
    environment: Mapping[str, object] = field(default_factory=dict)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    target: str = "local"
    collects_outputs: bool = True
    watched_folders: tuple[str, ...] = ("logs",)
    max_run_seconds: float | None = None
    has_v1_names: bool = False


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder on this machine where a submitted run works. It survives a restart, and is removed when the run has ended.

    Parameters
    ----------
    path : Path
        The folder.
    """

    path: Path

    @classmethod
    def of(cls, run_id: str) -> RunFolder:
        """Give the folder of a run, whether or not it is there."""
        return cls(get_home() / ".runs" / run_id)

    @property
    def working_folder(self) -> Path:
        """The copy of the sources, where the script runs."""
        return self.path / "work"

    @property
    def submission_file(self) -> Path:
        """The submission as JSON."""
        return self.path / "submission.json"

    @property
    def error_file(self) -> Path:
        """Where the script's wrapper leaves the error that the script ended with, as JSON."""
        return self.path / "error.json"

    @property
    def processes_file(self) -> Path:
        """The processes of the run, as JSON, so that they can be ended when their supervisor is gone."""
        return self.path / "processes.json"

    @property
    def outcome_file(self) -> Path:
        """How the script ended, as JSON, written before its files are saved."""
        return self.path / "outcome.json"

    @property
    def reserve_file(self) -> Path:
        """Holds some room on the disk, which is given up where the outcome finds none."""
        return self.path / "reserve"

    @property
    def brought_files(self) -> Path:
        """What the sources brought along in the folders that are saved, as JSON, so that only what the script made is."""
        return self.path / "brought.json"

    @property
    def cancel_file(self) -> Path:
        """There as soon as the run is to be cancelled."""
        return self.path / "cancel"

    @property
    def lock_file(self) -> Path:
        """Locked by the supervisor as long as it lives, and by whoever clears up after it."""
        return self.path / "lock"

    @property
    def supervisor_log(self) -> Path:
        """What the supervisor itself prints."""
        return self.path / "supervisor.log"

    def write(self, submission: Submission) -> None:
        """Make the folder, and put the submission into it in one step."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)  # variables often hold passwords
        temporary = self.submission_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(submission)), encoding="utf-8")
        os.replace(temporary, self.submission_file)  # noqa: PTH105 - atomic, and says so

    def is_of(self, store: RunStore) -> bool:
        """Say whether what is here was submitted to this very store; a copied workspace has the same runs and is another one."""
        try:
            location = os.path.realpath(self.read().store_location)
        except (OSError, ValueError, TypeError, KeyError):
            return True  # whoever reads it next says what is wrong
        own = [os.path.realpath(path) for path in store.own_paths]
        return not own or any(os.path.commonpath([location, path]) == location for path in own)

    def read(self) -> Submission:
        """Read the submission. Raises FileNotFoundError where there is none."""
        fields = json.loads(self.submission_file.read_text(encoding="utf-8"))
        for name in ("arguments", "watched_folders"):
            fields[name] = tuple(fields[name])
        return Submission(**fields)


def describe_home() -> str:
    """Give what `RUN_HOME` says of a run that is submitted by this process."""
    return f"{socket.gethostname()}:{get_home()}"


def is_from_here(record: RunRecord) -> bool:
    """Say whether a run works below the home of this process, so that a folder that is missing there is missing."""
    return record.properties.get(RUN_HOME, describe_home()) == describe_home()


def list_submissions() -> Iterator[Submission]:
    """Give what was submitted on this machine and whose folder is still there; what cannot be read is passed over."""
    try:
        folders = sorted((get_home() / ".runs").iterdir())
    except FileNotFoundError:
        return
    for folder in folders:
        try:
            yield RunFolder(folder).read()
        except (OSError, ValueError, TypeError, KeyError):  # being removed now, or no folder of ours
            continue
