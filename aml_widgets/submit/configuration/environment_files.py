"""An environment in a folder: what it is as JSON, and its packages as conda writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.yaml_files import write_text

DEFINITION_FILE = "azureml_environment.json"
CONDA_FILE = "conda_dependencies.yml"


def save(content: Mapping[str, Any], folder: Path, *, overwrite: bool) -> None:
    """Write what `Environment.to_dict` gave. Raises ConfigError where a file is there and `overwrite` is False."""
    for name in (DEFINITION_FILE, CONDA_FILE):
        if (folder / name).exists() and not overwrite:
            raise ConfigError(
                f"{str(folder / name)!r} is there already. Give another folder, or overwrite=True.", value=str(folder)
            )
    CondaDependencies(_underlying_structure=content["python"]["condaDependencies"]).save(folder / CONDA_FILE)
    write_text(folder / DEFINITION_FILE, json.dumps(content, indent=4, ensure_ascii=False))


def load(folder: Path) -> dict[str, Any]:
    """Read what `save` wrote; the packages are those of the conda file, where it is there, for people edit that."""
    file = folder / DEFINITION_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{str(file)!r} cannot be read as an environment: {error}. Give a folder that save_to_directory wrote.",
            value=str(folder),
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("python") or {}, dict):
        raise ConfigError(f"{str(file)!r} holds no environment, but {str(content)[:80]!r}.", value=str(folder))
    if (folder / CONDA_FILE).exists():
        packages = CondaDependencies(folder / CONDA_FILE).as_dict()
        content["python"] = {**(content.get("python") or {}), "condaDependencies": packages}
    return content
