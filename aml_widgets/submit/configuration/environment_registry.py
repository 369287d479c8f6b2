"""Environments that a workspace keeps, by name and version, among the facts of its store; so any store keeps them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from aml_widgets.core.errors import ConfigError, EnvironmentExists, EnvironmentNotFound, InvalidName, UserError
from aml_widgets.core.file_lock import FileLock
from aml_widgets.core.showing import show
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import get_home

LATEST = "latest"

_VERSIONS = "environment:"
_LABELS = "environment_label:"
_NAME = re.compile(r"[A-Za-z0-9][\w.\-]{0,254}", re.ASCII)
_LOCK_SECONDS = 60.0


class HasStore(Protocol):
    """A workspace, as far as this needs one."""

    @property
    def store(self) -> RunStore:
        """What keeps its facts."""
        ...


def register(workspace: HasStore, content: Mapping[str, Any]) -> dict[str, Any]:
    """Keep an environment; give it as it is kept, with its version."""
    name = _check_name(content["name"], "The name of an environment")
    wished = content.get("version")
    if wished is not None:
        _check_name(wished, "The version of an environment")
    store = _get_store(workspace)
    with _lock():
        versions = _read_versions(store.get_info(), name)
        if wished is None:
            newest = _get_newest(versions)
            if newest is not None and _is_same(versions[newest], content):
                return versions[newest]
            version = str(1 + max((int(one) for one in versions if one.isdecimal()), default=0))
        elif wished in versions:
            if _is_same(versions[wished], content):
                return versions[wished]
            raise EnvironmentExists(
                f"Another environment {name!r} is kept as version {wished!r}, and versions do not change. "
                "Set env.version = None to register this one as the next.",
                value=wished,
            )
        else:
            version = wished
        kept = {**content, "version": version}
        store.set_info({f"{_VERSIONS}{name}:{version}": json.dumps(kept)})
    return kept


def get(workspace: HasStore, name: str, version: object = None, label: object = None) -> dict[str, Any]:
    """Give an environment by its version or label, the newest one without."""
    info = _get_store(workspace).get_info()
    versions = _read_versions(info, name)
    if version is not None and label is not None:
        raise UserError(f"Give a version or a label, not both, got {show(version)} and {show(label)}.", value=label)
    if label is not None and label != LATEST:
        version = info.get(f"{_LABELS}{name}:{label}")
    wanted = _get_newest(versions) if version is None and label in (None, LATEST) else str(version)
    if wanted in versions:
        return versions[wanted]
    raise _say_absent(info, name, versions, version, label)


def list_newest(workspace: HasStore) -> dict[str, dict[str, Any]]:
    """Give the newest version of each environment by name."""
    info = _get_store(workspace).get_info()
    found: dict[str, dict[str, Any]] = {}
    for name in _read_names(info):
        versions = _read_versions(info, name)
        newest = _get_newest(versions)
        if newest is not None:
            found[name] = versions[newest]
    return found


def label(workspace: HasStore, name: str, version: object, labels: object) -> None:
    """Let labels mean a version."""
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise UserError(f"labels must be a list of texts, got {show(labels)}.", value=labels)
    names = [_check_name(one, "A label") for one in labels]
    if LATEST in names:
        raise InvalidName(f"The label {LATEST!r} means the newest version already. Take another word.", value=LATEST)
    content = get(workspace, name, version=str(version))
    _get_store(workspace).set_info({f"{_LABELS}{name}:{one}": content["version"] for one in names})


def keep_wheel(file_path: str | os.PathLike[str]) -> str:
    """Copy a wheel to where no other one of its name replaces it, and give its address."""
    file = Path(file_path)
    if file.suffix != ".whl":
        raise ConfigError(f"{str(file)!r} is no wheel. Build one with 'pip wheel --no-deps .', its name ends in .whl.")
    try:
        content_hash = hashlib.sha256(file.read_bytes()).hexdigest()
        kept = get_home() / ".wheels" / content_hash[:16] / file.name
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            temporary = kept.with_name(f".{uuid.uuid4().hex}.tmp")
            shutil.copyfile(file, temporary)
            os.replace(temporary, kept)  # noqa: PTH105 - atomic, and says so
    except OSError as error:
        raise ConfigError(f"Wheel {str(file)!r} cannot be kept: {error.strerror or error}.", value=str(file)) from error
    return kept.as_uri()


def _get_store(workspace: object) -> RunStore:
    store = getattr(workspace, "store", None)
    if store is None or not hasattr(store, "get_info"):
        raise UserError(f"The workspace must be a Workspace, got {show(workspace)}.", value=workspace)
    found: RunStore = store
    return found


def _read_names(info: Mapping[str, str]) -> list[str]:
    return sorted({key[len(_VERSIONS) :].rpartition(":")[0] for key in info if key.startswith(_VERSIONS)})


def _read_versions(info: Mapping[str, str], name: object) -> dict[str, dict[str, Any]]:
    """Read all versions of an environment, those that were registered first at first."""
    prefix = f"{_VERSIONS}{name}:"
    found: dict[str, dict[str, Any]] = {}
    for key, content in info.items():
        if key.startswith(prefix):
            found[key[len(prefix) :]] = json.loads(content)
    return found


def _get_newest(versions: Iterable[str]) -> str | None:
    """Give the highest version: numbers by their value, above words, which are compared as text."""
    return max(versions, key=lambda one: (one.isdecimal(), int(one) if one.isdecimal() else 0, one), default=None)


def _is_same(kept: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    def without_version(one: Mapping[str, Any]) -> str:
        return json.dumps({key: value for key, value in one.items() if key != "version"}, sort_keys=True)

    return without_version(kept) == without_version(content)


def _check_name(name: object, what: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidName(
            f"{what} must be 1 to 255 ASCII letters, digits, '-', '_' and '.', the first a letter or digit, got {show(name)}. "
            "Replace the others, for example by '-'.",
            value=name,
        )
    return name


def _say_absent(
    info: Mapping[str, str], name: object, versions: Mapping[str, object], version: object, label: object
) -> EnvironmentNotFound:
    if versions:
        wanted = f"label {label!r}" if label is not None else f"version {version!r}"
        return EnvironmentNotFound(
            f"Environment {name!r} has no {wanted} in this workspace. Its versions are {', '.join(versions)}.",
            value=name,
        )
    if isinstance(name, str) and name.lower().startswith("azureml-"):
        way_out = "Curated environments are container images of the cloud; name the packages with Environment.from_pip_requirements."
    else:
        known = _read_names(info)
        way_out = f"It has {', '.join(known)}." if known else "Keep one with env.register(workspace)."
    return EnvironmentNotFound(f"There is no environment {name!r} in this workspace. {way_out}", value=name)


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """Let one process of this machine at a time give versions: a store has no step that reads and writes its facts at once."""
    home = get_home()
    lock = FileLock(home / ".environments.lock")
    try:
        home.mkdir(parents=True, exist_ok=True)
        is_held = lock.acquire(_LOCK_SECONDS)
    except OSError as error:
        raise ConfigError(f"The environment cannot be kept: {error}. Is {str(home)!r} writable?") from error
    if not is_held:
        raise ConfigError(f"Another process has registered environments for {_LOCK_SECONDS:g} s. Try again.")
    try:
        yield
    finally:
        lock.release()
