"""What a conda file may hold, checked and brought into one form."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.submit.environments.pip_requirements import anchor_requirements

PROJECT_NAME = "project_environment"
END_OF_NAME = "=<>!~ ["
"""The characters that a conda package's name ends before."""


def to_conda_name(package: str) -> str:
    """Give the name of what a conda package asks for: ``conda-forge::numpy=1.26`` is ``numpy``."""
    name = package.rsplit("::", maxsplit=1)[-1].strip()
    for index, character in enumerate(name):
        if character in END_OF_NAME:
            return name[:index].lower()
    return name.lower()


def to_text(value: object, what: str) -> str:
    """Take one line of text that is not empty."""
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ConfigError(f"{what} must be one line of text, got {show(value)}.", value=value)
    return value.strip()


def to_texts(values: object, what: str) -> list[str]:
    """Take a list of lines, or None for an empty one."""
    if values is None:
        return []
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        way_out = f" Write {what}=[{show(values)}]." if isinstance(values, str) else ""
        raise ConfigError(f"{what} must be a list of texts, got {show(values)}.{way_out}", value=values)
    return [to_text(one, f"Each of {what}") for one in values]


def check_conda(content: object, source: str, folder: Path | None = None) -> dict[str, Any]:
    """Bring what was given into one form: all three entries there, one list for pip, at the end.

    With a folder, relative paths in the list for pip are relative to it, as conda has it.
    """
    where = f"The conda dependencies of {source}"
    if not isinstance(content, Mapping):
        raise ConfigError(
            f"{where} must be a mapping with 'dependencies', got {show(content)}. "
            "See conda's environment.yml for how one is written.",
            value=content,
        )
    kept = copy.deepcopy(dict(content))
    channels, dependencies = kept.get("channels") or [], kept.get("dependencies") or []
    packages: list[Any] = []
    pip: list[str] = []
    for name, listed in (("channels", channels), ("dependencies", dependencies)):
        if not isinstance(listed, list):
            raise ConfigError(f"{where}: {name} must be a list, got {show(listed)}.", value=listed)
    for one in dependencies:
        if isinstance(one, str):
            packages.append(one)
        elif isinstance(one, Mapping) and list(one) == ["pip"] and isinstance(one["pip"] or [], list):
            pip += [to_text(line, f"{where}: each entry below pip") for line in one["pip"] or []]
        else:
            raise ConfigError(
                f"{where}: a dependency must be text such as 'numpy=1.26', or 'pip:' with a list below it, got {show(one)}.",
                value=one,
            )
    kept["name"] = str(kept.get("name") or PROJECT_NAME)
    kept["channels"] = [to_text(one, f"{where}: each channel") for one in channels]
    if folder is not None:
        pip = list(anchor_requirements(pip, folder))
    kept["dependencies"] = [*packages, {"pip": pip}] if pip else packages
    return kept
