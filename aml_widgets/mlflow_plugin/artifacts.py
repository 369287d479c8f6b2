"""Files of runs as MLflow writes and reads them; they are files of our runs, which every view shows.

MLflow may write a file again, a table that grows for example: such files are not final (`RunStore.artifacts`).
"""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import NamedTuple

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.store.artifact.artifact_repo import ArtifactRepository, verify_artifact_path

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.mlflow_plugin.answers import answering, in_mlflow_words, not_implemented
from aml_widgets.mlflow_plugin.entities import ARTIFACTS
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.plugin_uri import parse_plugin_uri
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import open_store

_RUNS = "runs"
_MODELS = "models"
_LOOSE_MODELS = "mlflow_models"
"""The workspace's folder of models that no run has made."""


class _File(NamedTuple):
    """Where a path leads: to a run, or a model that no run has made, and to a file or folder of it."""

    run_id: str | None
    model_id: str | None
    path: str


@answering(ArtifactRepository, kept=dir(ArtifactRepository))
class PluginArtifactRepository(ArtifactRepository):
    """Files below a URI of ours: of one run as a rule, of all runs where a tracking server passes files on."""

    @in_mlflow_words
    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None, **_: object
    ) -> None:
        super().__init__(artifact_uri, tracking_uri, registry_uri)
        place = parse_plugin_uri(artifact_uri)
        self._path = place.path
        self._store: RunStore = open_store(place.folder, create=False)
        self._loose_models = FolderArtifactStore(place.folder / _LOOSE_MODELS)

    # -- written

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Copy a file into a folder of the run."""
        verify_artifact_path(artifact_path)
        self._put(Path(local_file), posixpath.join(artifact_path or "", Path(local_file).name))

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Copy all files below a folder into a folder of the run."""
        verify_artifact_path(artifact_path)
        for folder, _, names in os.walk(local_dir):
            below = Path(folder).relative_to(local_dir).as_posix()
            for name in sorted(names):
                self._put(Path(folder) / name, posixpath.normpath(posixpath.join(artifact_path or "", below, name)))

    def _put(self, source: Path, path: str) -> None:
        file = self._find(path)
        if file.run_id is None:
            self._loose_models.put(file.model_id or "", file.path, source, is_final=False)
            return
        self._store.get_run(file.run_id)
        size_bytes = self._store.artifacts.put(file.run_id, file.path, source, is_final=False)
        self._store.record_artifact(
            file.run_id, ArtifactRecord(path=file.path, size_bytes=size_bytes, written_at=clock.now())
        )

    # -- read

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        """List what is directly in a folder."""
        folder = self._find(path or "", may_be_folder=True)
        above = f"{folder.path}/" if folder.path else ""
        found: dict[str, int | None] = {}
        for known, size_bytes in self._sizes(folder):
            if known.startswith(above):
                name, is_folder, _ = known[len(above) :].partition("/")
                found[name] = None if is_folder else size_bytes
        shown = path.rstrip("/") if path else ""
        return [
            FileInfo(posixpath.join(shown, name), size_bytes is None, size_bytes)
            for name, size_bytes in sorted(found.items())
        ]

    def _sizes(self, file: _File) -> list[tuple[str, int]]:
        if file.run_id is not None:
            return [(one.path, one.size_bytes) for one in self._store.list_artifacts(file.run_id)]
        root = self._loose_models.root / (file.model_id or "")
        files = [one for one in root.rglob("*") if one.is_file() and not one.name.startswith(".")]
        return sorted((one.relative_to(root).as_posix(), one.stat().st_size) for one in files)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        file = self._find(remote_file_path)
        if file.run_id is None:
            self._loose_models.copy_to(file.model_id or "", file.path, Path(local_path))
        else:
            self._store.artifacts.copy_to(file.run_id, file.path, Path(local_path))

    def delete_artifacts(self, artifact_path: str | None = None) -> None:  # noqa: ARG002 - MLflow's name
        """Refuse: files go with their run, when that is deleted for good."""
        raise not_implemented("delete_artifacts")

    def _find(self, path: str, *, may_be_folder: bool = False) -> _File:
        """Say where a path below this repository's URI leads."""
        parts = [part for part in posixpath.join(self._path, path).split("/") if part not in ("", ".")]
        if ".." not in parts and parts[:1] == [_RUNS]:
            rest = "/".join(parts[3:])
            if parts[2:3] == [ARTIFACTS] and (rest or may_be_folder):
                return _File(parts[1], None, rest)
            if parts[1] == _MODELS and parts[3:4] == [ARTIFACTS]:
                return _File(None, parts[2], "/".join(parts[4:]))
        raise MlflowException(
            f"{posixpath.join(self._path, path)!r} is not a file of a run: those are at {_RUNS}/<run id>/{ARTIFACTS}/<path>. Give the "
            "artifact URI of a run, and a path below it.",
            error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
        )
