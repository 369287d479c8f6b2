"""Registered models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aml_widgets.core.records.runs import Tags


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file to register with a model: its path in the model, and what is copied there.

    `source` is a local file or, as text, the path of a file of the run that the model comes from.
    """

    path: str
    source: Path | str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """What is known of a model when it is registered. The store gives its version.

    `path` is the name of its file, or of the folder that all its files are below.
    """

    name: str
    path: str
    run_id: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    created_by: str | None = None
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """One version of a registered model, as it stands now. It outlives the run that it comes from."""

    name: str
    version: int  # increasing for its name, from 1; never given twice
    path: str  # of its file, or of the folder that all its files are below: one name
    is_folder: bool
    file_count: int
    size_bytes: int
    created_at: float
    created_by: str | None = None
    run_id: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """Name and version as one text; no other model of the workspace has it, now or later."""
        return f"{self.name}:{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuery:
    """Which models to list. Every condition given must hold.

    `tags` and `properties` are those of a `RunQuery`. With `is_latest_only`, of all versions of a name that fit the newest is
    listed.
    """

    name: str | None = None
    version: int | None = None
    run_id: str | None = None
    framework: str | None = None
    tags: Mapping[str, object] = field(default_factory=dict)
    properties: Mapping[str, object] = field(default_factory=dict)
    is_latest_only: bool = False
