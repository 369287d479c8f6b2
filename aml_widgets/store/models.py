"""Registered models: what is common to all stores that keep the files of models in a local folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aml_widgets.core.errors import (
    InvalidArtifact,
    InvalidModelName,
    InvalidName,
    ModelNotFound,
    PropertyExists,
    StoreError,
)
from aml_widgets.core.records import ArtifactRecord, ModelFile, ModelQuery, ModelRecord, NewModel, Tags
from aml_widgets.core.showing import show
from aml_widgets.store.artifacts import check_run_id, normalize_artifact_path
from aml_widgets.store.model_files import ModelFolder, Staged

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}")
_MAX_VERSION = 2**63 - 1
_SHOWN_VERSIONS = 20


def check_model_name(name: object) -> str:
    """Give back the name of a model.

    Raises
    ------
    InvalidModelName
        Unless it is 1 to 255 ASCII letters, digits, ``-``, ``.`` and ``_``, the first a letter or digit.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidModelName(
            f"Model name {show(name)} must be 1 to 255 ASCII letters, digits, '-', '.' and '_' with a letter or digit first. "
            "Choose one such as 'ridge-model'.",
            value=name,
        )
    return name


class StoredModel(NamedTuple):
    """A record, with the place of its files and their sizes in bytes by path."""

    record: ModelRecord
    folder: str
    sizes: Mapping[str, int]


class ModelRows(Protocol):
    """Keeps records of models. Safe from any thread, and as far as they can see them, from any process."""

    def reserve_version(self, name: str) -> tuple[int, float]:
        """Give a version of a name that nobody was given or will be, and the time now."""
        ...

    def insert(self, stored: StoredModel) -> None:
        """Keep a record."""
        ...

    def find(self, name: str, version: int | None) -> StoredModel | None:
        """Give one version, or the latest there is."""
        ...

    def read_records(self, name: str | None, run_id: str | None) -> list[ModelRecord]:
        """Give the records of a name and of a run, registered last first."""
        ...

    def change(self, name: str, version: int, change: Callable[[ModelRecord], ModelRecord]) -> ModelRecord | None:
        """Replace description, tags and properties by those that `change` gives, with no other change in between."""
        ...

    def delete(self, name: str, version: int) -> str | None:
        """Forget a version; give the place of its files."""
        ...


class FolderModelStore:
    """Keeps models as rows, and their files in a local folder.

    Parameters
    ----------
    folder : ModelFolder
        The files.
    rows : ModelRows
        The records.
    """

    def __init__(self, folder: ModelFolder, rows: ModelRows) -> None:
        self._folder = folder
        self._rows = rows

    @property
    def root(self) -> Path:
        """The folder above all models."""
        return self._folder.root

    def create_model(self, new_model: NewModel, files: Iterable[ModelFile]) -> ModelRecord:
        """Copy the files, and register them as the next version of the name.

        A version is reserved when all is copied, so that a copy that fails leaves no gap, and the record is written last.
        """
        name = check_model_name(new_model.name)
        checked = _check_files(new_model, files)
        staged = self._folder.stage(checked, new_model.run_id)
        try:
            previous = self._rows.find(name, None)
            if previous is not None:
                self._folder.share(staged, previous.folder, previous.sizes)
            version, created_at = self._rows.reserve_version(name)
            folder = self._folder.publish(staged, name, version)
        except BaseException:
            self._folder.discard(staged)
            raise
        record = _to_record(new_model, staged, version, created_at)
        try:
            self._rows.insert(StoredModel(record, folder, staged.sizes))
        except BaseException:
            with suppress(StoreError):  # the first error is told
                if self._rows.find(name, version) is None:  # an interrupt may come when the record is written
                    self._folder.remove(folder)
            raise
        return record

    def get_model(self, name: str, version: int | None = None) -> ModelRecord:
        """Read one version of a model; the latest there is without `version`."""
        return self._get(name, version).record

    def list_models(self, query: ModelQuery) -> list[ModelRecord]:
        """List versions of models, those registered last first."""
        if not (query.name is None or _is_possible(query.name, None)) or not (
            query.run_id is None or _is_run_id(query.run_id)
        ):
            return []
        found = [record for record in self._rows.read_records(query.name, query.run_id) if _fits(record, query)]
        if not query.is_latest_only:
            return found
        latest: dict[str, int] = {}
        for record in found:
            latest[record.name] = max(record.version, latest.get(record.name, 0))
        return [record for record in found if record.version == latest[record.name]]

    def update_model(
        self,
        name: str,
        version: int,
        *,
        description: str | None = None,
        tags: Tags | None = None,
        remove_tags: Iterable[str] = (),
        replaces_tags: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> ModelRecord:
        """Change what is given; None means as it was."""
        removed = frozenset(remove_tags)
        added = dict(properties or {})

        def change(record: ModelRecord) -> ModelRecord:
            for key, value in added.items():
                if record.properties.get(key, value) != value:
                    raise PropertyExists(
                        f"Property {key!r} of model {record.model_id} is {record.properties[key]!r} and cannot become {value!r}: "
                        "properties are written once. Use a tag for what may change.",
                        value=key,
                    )
            known = {} if replaces_tags else record.tags
            merged = {key: value for key, value in {**known, **(tags or {})}.items() if key not in removed}
            return replace(
                record,
                description=record.description if description is None else description,
                tags=merged,
                properties={**record.properties, **added},
            )

        changed = self._rows.change(name, version, change) if _is_possible(name, version) else None
        if changed is None:
            raise self._not_found(name, version)
        return changed

    def delete_model(self, name: str, version: int) -> None:
        """Delete one version with its files. Its number is not given again."""
        folder = self._rows.delete(name, version) if _is_possible(name, version) else None
        if folder is None:
            raise self._not_found(name, version)
        self._folder.remove(folder)

    def list_files(self, name: str, version: int) -> list[ArtifactRecord]:
        """List the files of a model by their paths."""
        stored = self._get(name, version)
        written_at = stored.record.created_at
        return [
            ArtifactRecord(path=path, size_bytes=size_bytes, written_at=written_at)
            for path, size_bytes in sorted(stored.sizes.items())
        ]

    def local_path(self, name: str, version: int) -> Path:
        """Give the local file or folder of a model, to be read and not written."""
        stored = self._get(name, version)
        return self._folder.find(stored.folder, stored.record.path)

    def copy_to(self, name: str, version: int, target: Path, *, overwrites: bool = False) -> None:
        """Copy the model's file, or each file of its folder, to a local path."""
        stored = self._get(name, version)
        self._folder.copy_to(stored.folder, stored.record.path, stored.sizes, target, overwrites=overwrites)

    def _get(self, name: str, version: int | None) -> StoredModel:
        stored = self._rows.find(name, version) if _is_possible(name, version) else None
        if stored is None:
            raise self._not_found(name, version)
        return stored

    def _not_found(self, name: str, version: int | None) -> ModelNotFound:
        known = self._rows.read_records(name, None) if _is_possible(name, None) else []
        if not known:
            return ModelNotFound(
                f"There is no model {show(name)} in this workspace. Model.list(workspace) gives those there are.",
                value=name,
            )
        shown = ", ".join(str(record.version) for record in known[:_SHOWN_VERSIONS])
        more = ", …" if len(known) > _SHOWN_VERSIONS else ""
        return ModelNotFound(
            f"Model {show(name)} has no version {show(version)} in this workspace. It has: {shown}{more}.",
            value=f"{name}:{version}",
        )


def _is_possible(name: object, version: object) -> bool:
    """Say whether a name and version could be of a model; what could not is not asked for."""
    is_name = isinstance(name, str) and _NAME.fullmatch(name) is not None
    return is_name and (version is None or (type(version) is int and 0 < version <= _MAX_VERSION))


def _is_run_id(run_id: str) -> bool:
    try:
        check_run_id(run_id)
    except InvalidName:
        return False
    return True


def _check_files(new_model: NewModel, files: Iterable[ModelFile]) -> list[ModelFile]:
    """Check that the paths of files are the model's path or below it, each given once, and give them in their one spelling."""
    top = normalize_artifact_path(new_model.path)
    checked = [replace(file, path=normalize_artifact_path(file.path)) for file in files]
    paths = {file.path for file in checked}
    is_file = paths == {top}
    is_folder = bool(paths) and all(path.startswith(f"{top}/") for path in paths)
    if "/" in top or top != new_model.path or not (is_file or is_folder) or len(paths) != len(checked):
        raise InvalidArtifact(
            f"The files of model {new_model.name!r} must be one file {show(new_model.path)}, or be different files below a folder of "
            f"that one name; got {show(sorted(paths))}. Give paths such as 'model.pkl', or 'model/weights.bin'.",
            value=new_model.path,
        )
    return checked


def _to_record(new_model: NewModel, staged: Staged, version: int, created_at: float) -> ModelRecord:
    return ModelRecord(
        name=new_model.name,
        version=version,
        path=new_model.path,
        is_folder=new_model.path not in staged.sizes,
        file_count=len(staged.sizes),
        size_bytes=sum(staged.sizes.values()),
        created_at=created_at,
        created_by=new_model.created_by,
        run_id=new_model.run_id,
        experiment_name=new_model.experiment_name,
        description=new_model.description,
        framework=new_model.framework,
        framework_version=new_model.framework_version,
        tags=dict(new_model.tags),
        properties=dict(new_model.properties),
    )


def _fits(record: ModelRecord, query: ModelQuery) -> bool:
    """Say whether a record meets the conditions that its rows were not asked for."""
    if query.version not in (None, record.version) or query.framework not in (None, record.framework):
        return False
    wanted_of = ((query.tags, record.tags), (query.properties, record.properties))
    return all(
        key in known and value in (..., known[key]) for wanted, known in wanted_of for key, value in wanted.items()
    )


if TYPE_CHECKING:
    from aml_widgets.store.protocol import ModelStore

    _proof: type[ModelStore] = FolderModelStore
