"""Configuration files that name a workspace: found, read and written as v1 does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aml_widgets.core.errors import ConfigNotFound, InvalidConfig
from aml_widgets.tracking.arguments import check_path
from aml_widgets.tracking.warn import warn_user

_FOLDERS = (".azureml", "aml_config")
_FILE_NAMES = ("config.json", "project.json")
_SCOPE = re.compile(
    r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/[^/]+/workspaces/([^/]+)(?:/projects/([^/]+))?/?",
    re.IGNORECASE,
)


_told: set[str] = set()  # files that were passed over with a warning, which is worth saying once


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a file says; `location` is a folder, and stands in files of ours alone, `experiment_name` in v1's first ones."""

    workspace_name: str
    subscription_id: str | None
    resource_group: str | None
    location: str | None
    experiment_name: str | None = None


def find(path: str | os.PathLike[str] | None, file_name: str | None) -> Config | None:
    """Find and read the configuration file for a folder, None where there is none and none was asked for.

    Parameters
    ----------
    path : str, path or None
        The file, or the folder to search from.
    file_name : str or None
        Look for this name only.

    Returns
    -------
    Config or None
        What the first file says.

    Raises
    ------
    ConfigNotFound
        If there is none, and `path` or `file_name` is given.
    InvalidConfig
        If the file cannot be understood. A ``config.json`` of another program that merely lies in a folder is passed over, unless
        `path` names it.
    """
    start = Path.cwd() if path is None else Path(check_path(path, "The path of a config file"))
    if path is not None and not start.exists():
        # v1 goes on above it, and one wrong letter in a path opens another workspace.
        raise ConfigNotFound(
            f"No config file: {str(Path.cwd() / start)!r} does not exist. Check the path, call workspace.write_config() to write such a "
            "file, or Workspace.open(folder) without one.",
            value=str(start),
        )
    if start.is_file():
        return read(start)
    start = Path(os.path.abspath(start))  # noqa: PTH100 - v1 goes up through the folders as they are named
    for file, is_ours_for_sure in _candidates(start, file_name):
        if not file.is_file():
            continue
        if is_ours_for_sure or _looks_like_ours(file):
            return read(file)
    if path is None and file_name is None:
        return None
    raise ConfigNotFound(
        f"No config file {file_name or 'config.json'!r} was found in {str(start)!r} or the folders above it. "
        "Call workspace.write_config() to write one, or Workspace.open(folder) without one.",
        value=str(start),
    )


def read(file: Path) -> Config:
    """Read a configuration file of either of v1's two shapes.

    Raises
    ------
    InvalidConfig
        If it cannot be understood.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InvalidConfig(f"Config file {str(file)!r} cannot be read as JSON: {error}.", value=str(file)) from error
    config = _understand(content)
    if config is None:
        raise InvalidConfig(
            f'Config file {str(file)!r} names no workspace. It must have "workspace_name" (with "subscription_id" and '
            '"resource_group"), or "Scope". workspace.write_config() writes such a file.',
            value=str(file),
        )
    return config


def write(config: Mapping[str, str], path: str | os.PathLike[str] | None, file_name: str | None) -> Path:
    """Write a configuration file below a folder; return where it is."""
    root = Path.cwd() if path is None else Path(path)
    folder = root / ("aml_config" if (root / "aml_config").is_dir() else ".azureml")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (file_name or _FILE_NAMES[0])
    target.write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
    return target


def _candidates(start: Path, file_name: str | None) -> Iterator[tuple[Path, bool]]:
    names = _FILE_NAMES if file_name is None else (file_name,)
    for folder in (start, *start.parents):
        for inner in _FOLDERS:
            for name in names:
                yield folder / inner / name, True
        for name in names:
            yield folder / name, file_name is not None


def _looks_like_ours(file: Path) -> bool:
    try:
        return _understand(json.loads(file.read_text(encoding="utf-8-sig"))) is not None
    except (OSError, ValueError) as error:
        if str(file) not in _told:
            _told.add(str(file))
            warn_user(
                f"Config file {str(file)!r} is passed over, because it cannot be read as JSON: {error}. If it is to name your "
                "workspace, mend it: without it, runs go to another one."
            )
        return False


def _understand(content: object) -> Config | None:
    if not isinstance(content, dict):
        return None
    location = content.get("location")
    given_location = location if isinstance(location, str) and location else None
    if isinstance(content.get("workspace_name"), str):
        return Config(
            workspace_name=content["workspace_name"],
            subscription_id=_text(content.get("subscription_id")),
            resource_group=_text(content.get("resource_group")),
            location=given_location,
        )
    scope = content.get("Scope")
    found = _SCOPE.fullmatch(scope) if isinstance(scope, str) else None
    if found is None:
        return None
    subscription_id, resource_group, workspace_name, experiment_name = found.groups()
    return Config(
        workspace_name=workspace_name,
        subscription_id=subscription_id,
        resource_group=resource_group,
        location=given_location,
        experiment_name=experiment_name,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
