"""The sections of an environment: Python, and v1's for containers and clusters, which are kept but not used here."""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.conda_file import to_conda_name
from aml_widgets.submit.configuration.sections import (
    Field,
    Section,
    SectionField,
    anything,
    flag,
    instance_of,
    path_or_none,
    text,
    text_list,
    text_or_none,
)


def _to_conda(value: object, name: str) -> CondaDependencies:
    if not isinstance(value, CondaDependencies):
        raise ConfigError(
            f"{name} must be CondaDependencies, got {show(value)}. "
            "Use CondaDependencies.create(pip_packages=[…]), or CondaDependencies('environment.yml') for a file.",
            value=value,
        )
    return value


def _to_mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"condaDependencies must be a mapping, got {show(value)}.", value=value)
    return value


def no_r(value: object, name: str) -> None:
    """Take None: R is not run here."""
    if value is not None:
        raise ConfigError(
            f"{name} must be None, got {show(value)}: environments for R are not made here. "
            "Use command='Rscript train.R' with the R that is installed.",
            value=value,
        )


class _CondaField(Field[CondaDependencies]):
    """The packages, in a file as conda writes them."""

    def __init__(self) -> None:
        super().__init__(_to_conda, CondaDependencies)

    def read(self, value: object) -> CondaDependencies:
        return CondaDependencies() if value is None else CondaDependencies(_underlying_structure=_to_mapping(value))


class _UserManagedField(Field[bool]):
    """Whether nothing is installed. The environment of a script that was given none decides by itself."""

    def __init__(self) -> None:
        super().__init__(flag, bool)

    def __get__(self, section: Section | None, owner: type | None = None) -> Any:
        if isinstance(section, PythonSection) and self.name not in section.__dict__:
            return section.of_default_environment and not section.has_dependencies()
        return super().__get__(section, owner)


class PythonSection(Section):
    """Which Python runs the script, and which packages it has.

    Attributes
    ----------
    user_managed_dependencies : bool
        True: the script runs with the Python of `interpreter_path` as it is. False: an environment of its own is made, with the
        packages of `conda_dependencies`, and kept for the next script that needs the same.
    interpreter_path : str
        For an environment that you manage: ``python`` is the Python that submits the script, in a notebook that of its kernel;
        another name is looked up on the ``PATH``; or a path.
    conda_dependencies : CondaDependencies
        The packages.
    conda_dependencies_file : str or None
        A conda file to read them from instead, when the script is submitted.
    base_conda_environment : str or None
        The conda environment that this was made from, for the record.
    """

    user_managed_dependencies = _UserManagedField()
    interpreter_path = Field(lambda value, name: text(path_or_none(value, name), name), lambda: "python")
    conda_dependencies_file = Field(path_or_none, lambda: None)
    conda_dependencies = _CondaField()
    base_conda_environment = Field(text_or_none, lambda: None)

    def __init__(self, *, of_default_environment: bool = False, **values: object) -> None:
        super().__init__(**values)
        self._of_default_environment = of_default_environment

    @property
    def of_default_environment(self) -> bool:
        """Whether this is of the environment that scripts have when they were given none."""
        return self._of_default_environment

    def has_dependencies(self) -> bool:
        """Whether packages, or a Python version, were asked for."""
        return self.conda_dependencies_file is not None or self.conda_dependencies != CondaDependencies()

    def has_packages(self) -> bool:
        """Whether anything beside a Python version was asked for."""
        conda = self.conda_dependencies
        return self.conda_dependencies_file is not None or bool(
            conda.pip_packages
            or conda.pip_options
            or [one for one in conda.conda_packages if to_conda_name(one) != "python"]
        )

    def resolve(self, folder: Path | None = None) -> PythonSection:
        """Give a copy with nothing left open: the Python by its path, the packages of the file read."""
        resolved = copy.deepcopy(self)
        resolved.user_managed_dependencies = self.user_managed_dependencies
        if self.user_managed_dependencies:
            if self.interpreter_path == "python" and sys.executable:
                resolved.interpreter_path = sys.executable
            elif os.path.dirname(self.interpreter_path):  # noqa: PTH120 - the script runs in another folder
                path = os.path.expanduser(self.interpreter_path)  # noqa: PTH111
                resolved.interpreter_path = os.path.abspath(path)  # noqa: PTH100 - a virtual environment's Python is a link
        elif self.conda_dependencies_file is not None:
            beside = None if folder is None else folder / self.conda_dependencies_file
            is_there = beside is not None and beside.is_file()
            resolved.conda_dependencies = CondaDependencies(beside if is_there else self.conda_dependencies_file)
            resolved.conda_dependencies_file = None
        return resolved


class ContainerRegistry(Section):
    """Where v1 found a container image."""

    address = Field(text_or_none, lambda: None)
    username = Field(text_or_none, lambda: None)
    password = Field(text_or_none, lambda: None)
    registry_identity = Field(anything, lambda: None)


class DockerSection(Section):
    """v1's settings for containers. They are kept; a script does not run in a container here."""

    enabled = Field(flag, lambda: False)
    base_image = Field(text_or_none, lambda: None)
    base_image_registry = SectionField(ContainerRegistry)
    base_dockerfile = Field(text_or_none, lambda: None)
    arguments = Field[list[str]](text_list, list)
    shared_volumes = Field(flag, lambda: True)
    shm_size = Field(text_or_none, lambda: None)
    gpu_support = Field(flag, lambda: True)
    platform = Field[Any](anything, lambda: {"os": "Linux", "architecture": "amd64"})


class SparkPackages(Section):
    """v1's packages for Spark."""

    repositories = Field[list[Any]](instance_of(list), list)
    packages = Field[list[Any]](instance_of(list), list)
    precache_packages = Field(flag, lambda: True)


class DatabricksSection(Section):
    """v1's libraries for Databricks."""

    maven_libraries = Field[list[Any]](instance_of(list), list)
    pypi_libraries = Field[list[Any]](instance_of(list), list)
    egg_libraries = Field[list[Any]](instance_of(list), list)
    jar_libraries = Field[list[Any]](instance_of(list), list)
    rcran_libraries = Field[list[Any]](instance_of(list), list)
