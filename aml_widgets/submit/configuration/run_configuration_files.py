"""Where run configurations lie as files, and the environments that such a file names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.yaml_files import read_yaml

FOLDER = ".azureml"
SUFFIX = ".runconfig"

_OLD_FOLDER = "aml_config"


def find_place(path: object, name: str | None) -> Path:
    """Give the file that a run configuration is written to. Raises ConfigError where a name is missing."""
    place = _to_path(path)
    if place.suffix in {SUFFIX, ".yml", ".yaml"} and not place.is_dir():
        return place
    return place / FOLDER / f"{_check_file_name(name)}{SUFFIX}"


def find_existing(path: object, name: str | None) -> Path:
    """Give the file of a run configuration that is there. Raises ConfigError where there is none."""
    place = _to_path(path)
    if place.is_file():
        return place
    checked = _check_file_name(name)
    tried = [place / folder / f"{checked}{SUFFIX}" for folder in (FOLDER, _OLD_FOLDER, "")]
    for file in tried:
        if file.is_file():
            return file
    raise ConfigError(
        f"There is no run configuration {name!r} below {str(place)!r}: looked for {', '.join(map(str, tried))}.",
        value=name,
    )


def _to_path(path: object) -> Path:
    if path is None:
        return Path()
    if not isinstance(path, (str, os.PathLike)):
        raise ConfigError(f"path must be a folder or a file, got {show(path)}.", value=path)
    return Path(os.fspath(path))


def _check_file_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or "/" in name or "\\" in name or "\0" in name:
        raise ConfigError(
            f"The name of a run configuration must be text without '/', got {show(name)}. Give name='experiment'.",
            value=name,
        )
    return name.removesuffix(SUFFIX)


def read_environment(content: object, as_text: object, file: Path) -> object:
    """Read the environment: written in the file, or the name of the file that it is in."""
    root = file.parent.parent if file.parent.name in {FOLDER, _OLD_FOLDER} else file.parent
    if isinstance(content, str):
        place = file.parent / content
        place = place if place.is_file() else root / content
        what = "The environment"
        content, as_text = read_yaml(place, what), read_yaml(place, what, as_text=True)
    if not isinstance(content, Mapping) or not isinstance(as_text, Mapping):
        return content
    environment: dict[str, Any] = dict(content)
    if environment.get("environmentVariables"):
        environment["environmentVariables"] = as_text["environmentVariables"]
    python = environment.get("python")
    if isinstance(python, Mapping) and python.get("condaDependenciesFile") and not python.get("condaDependencies"):
        # v1 wrote the packages beside; read now, for the path is relative to the project.
        conda = CondaDependencies(root / str(python["condaDependenciesFile"]))
        environment["python"] = {**python, "condaDependencies": conda.as_dict(), "condaDependenciesFile": None}
    return environment
