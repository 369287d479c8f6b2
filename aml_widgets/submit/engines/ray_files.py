"""The files in a run's folder through which its supervisor and its Ray job speak with each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aml_widgets.submit.submission import RunFolder


@dataclass(frozen=True, slots=True)
class RayFiles:
    """Where they are.

    Parameters
    ----------
    folder : RunFolder
        The run's folder, which both reach.
    """

    folder: RunFolder

    @property
    def job_file(self) -> Path:
        """Where the cluster is, and once it was asked to run the job, under which id; as JSON, by the supervisor."""
        return self.folder.path / "ray.json"

    @property
    def claim_file(self) -> Path:
        """Made by the job that starts the script, so that no other does it again."""
        return self.folder.path / "ray_claim"

    @property
    def started_file(self) -> Path:
        """That the script runs, as JSON, by the job."""
        return self.folder.path / "ray_started.json"

    @property
    def stop_file(self) -> Path:
        """That the script is to end, and how many seconds it has for that, by the supervisor."""
        return self.folder.path / "ray_stop"

    @property
    def ended_file(self) -> Path:
        """How the script ended, or why it was not started, as JSON, by the job."""
        return self.folder.path / "ray_ended.json"
