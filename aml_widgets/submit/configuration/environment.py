"""What a script runs with: a Python and its packages, under a name."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from aml_widgets.core import v1_names
from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.core.warn import warn_user
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.environment_sections import (
    DatabricksSection,
    DockerSection,
    PythonSection,
    SparkPackages,
    no_r,
)
from aml_widgets.submit.configuration.hiding import hide_secrets
from aml_widgets.submit.configuration.kept_environment import KeptEnvironment
from aml_widgets.submit.configuration.sections import Field, SectionField, mapping, text, text_or_none
from aml_widgets.submit.environments.pip_requirements import read_requirements

DEFAULT_NAME = "default-environment"

_NO_CONTAINERS = (
    "Scripts do not run in containers here. Name the packages instead: Environment.from_pip_requirements(name, file_path) or "
    "Environment.from_conda_specification(name, file_path)."
)


class Environment(KeptEnvironment):
    """A Python and its packages, for scripts to run with.

    A new one asks for nothing beyond the Python version of this process, and is isolated: none of the packages of the notebook
    are in it, but ``import aml_widgets`` works. With ``env.python.user_managed_dependencies = True`` the script runs with a
    Python that is there already; unless `PythonSection.interpreter_path` names another one that is the one that submits, so the
    script has the notebook's packages. A script that is given no environment at all runs like that, too.

    Parameters
    ----------
    name : str
        What to call it.
    **kwargs : object
        Initial values of other attributes.

    Attributes
    ----------
    name : str
        Its name.
    version : str or None
        Set by `register` and `get`.
    python : PythonSection
        Which Python, and which packages.
    environment_variables : dict
        Environment variables of the script; those of `RunConfiguration.environment_variables` win.
    docker, spark, databricks : Section
        v1's sections. They are kept, but a script runs in no container and on no cluster here.

    Raises
    ------
    ConfigError
        For a name that is no text.
    """

    _hints = {  # noqa: RUF012 - a ClassVar of the base
        "conda_dependencies": "Set env.python.conda_dependencies.",
        "user_managed_dependencies": "Set env.python.user_managed_dependencies.",
        "interpreter_path": "Set env.python.interpreter_path.",
        "base_image": "It is env.docker.base_image; but scripts do not run in containers here.",
    }

    name = Field(text, lambda: "")
    version = Field(text_or_none, lambda: None)
    environment_variables = Field[dict[str, Any]](mapping, dict)
    python = SectionField(PythonSection)
    docker = SectionField(DockerSection)
    spark = SectionField(SparkPackages)
    databricks = SectionField(DatabricksSection)
    r = Field(no_r, lambda: None)
    inferencing_stack_version = Field(text_or_none, lambda: None)

    def __init__(self, name: str, **kwargs: object) -> None:
        super().__init__(name=name, **kwargs)

    @classmethod
    def make_default(cls) -> Environment:
        """Make the environment of a script that was given none.

        Returns
        -------
        Environment
            The script runs with the Python that submits it, until packages are named in it.
        """
        environment = cls(DEFAULT_NAME)
        environment.python = PythonSection(of_default_environment=True)
        return environment

    @classmethod
    def from_dict(cls, content: object) -> Environment:
        """Make an environment of what `to_dict` gave.

        Parameters
        ----------
        content : dict
            The environment by v1's names, such as ``python.userManagedDependencies``.

        Returns
        -------
        Environment
            A new one.
        """
        if not isinstance(content, Mapping):
            raise ConfigError(f"An environment is made of a mapping, got {show(content)}.", value=content)
        environment = cls(content.get("name") or DEFAULT_NAME)
        environment._fill(content)
        return environment

    # -- made from what is there

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str | os.PathLike[str], pip_version: str | None = None
    ) -> Environment:
        """Make an environment with the packages of a requirement file.

        Parameters
        ----------
        name : str
            What to call it.
        file_path : str or path
            The file. It is read now; files that it includes, too.
        pip_version : str, optional
            The pip to install them with; the newest by default.

        Returns
        -------
        Environment
            With the Python version of this process.

        Raises
        ------
        ConfigError
            If the file cannot be read.
        """
        environment = Environment(name)
        dependencies = environment.python.conda_dependencies
        if pip_version is not None:
            dependencies.add_conda_package(f"pip={text(pip_version, 'pip_version')}")
        for line in read_requirements(file_path):
            dependencies.add_pip_package(line)
        return environment

    @staticmethod
    def from_conda_specification(name: str, file_path: str | os.PathLike[str]) -> Environment:
        """Make an environment with the packages of a conda file.

        Parameters
        ----------
        name : str
            What to call it.
        file_path : str or path
            The file, read now.

        Returns
        -------
        Environment
            With the Python version that the file asks for.

        Raises
        ------
        ConfigError
            If the file cannot be read or understood.
        """
        environment = Environment(name)
        environment.python.conda_dependencies = CondaDependencies(file_path)
        return environment

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> Environment:
        """Make an environment of a conda environment on this machine. The script runs in that one, as it is.

        Parameters
        ----------
        name : str
            What to call it.
        conda_environment_name : str
            The conda environment's name.

        Returns
        -------
        Environment
            It names that environment's Python.

        Raises
        ------
        ConfigError
            If there is no conda, or no such environment.
        """
        from aml_widgets.submit.environments.conda_environments import find_python

        environment = Environment(name)
        environment.python.interpreter_path = str(find_python(conda_environment_name))
        environment.python.user_managed_dependencies = True
        environment.python.base_conda_environment = conda_environment_name
        return environment

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: object = None,
        conda_specification: object = None,
        pip_requirements: object = None,
    ) -> NoReturn:
        """Raise ConfigError: scripts do not run in containers here."""
        del container_registry, conda_specification, pip_requirements
        raise ConfigError(f"Environment {name!r} cannot be made of image {show(image)}. {_NO_CONTAINERS}", value=image)

    @staticmethod
    def from_dockerfile(
        name: str, dockerfile: str, conda_specification: object = None, pip_requirements: object = None
    ) -> NoReturn:
        """Raise ConfigError: scripts do not run in containers here."""
        del conda_specification, pip_requirements
        raise ConfigError(
            f"Environment {name!r} cannot be made of Dockerfile {show(dockerfile)}. {_NO_CONTAINERS}", value=dockerfile
        )

    @staticmethod
    def from_docker_build_context(name: str, docker_build_context: object) -> NoReturn:
        """Raise ConfigError: scripts do not run in containers here."""
        raise ConfigError(
            f"Environment {name!r} cannot be made of a build context. {_NO_CONTAINERS}", value=docker_build_context
        )

    def clone(self, new_name: str) -> Environment:
        """Make a copy that shares nothing with this one.

        Parameters
        ----------
        new_name : str
            What to call it.

        Returns
        -------
        Environment
            Without a version.
        """
        clone = copy.deepcopy(self)
        clone.name = new_name
        clone.version = None
        return clone

    # -- built

    def build_local(self, workspace: object = None, platform: object = None, **kwargs: object) -> str:
        """Build the environment now, and print what is going on, so that the first script need not wait for it.

        It is the one that a script has which is submitted from here: where Azure ML v1's import names are this package's, without
        the packages that would bring v1 itself.

        Parameters
        ----------
        workspace, platform : object, optional
            Accepted for v1's sake.
        **kwargs
            Accepted for v1's sake.

        Returns
        -------
        str
            The path of its Python.

        Raises
        ------
        RunEnvironmentError
            If it cannot be built, or the Python of one that you manage is missing or too old.
        """
        from aml_widgets.submit.environments.interpreters import build_interpreter, find_interpreter
        from aml_widgets.submit.environments.script_environment import describe_script_environment

        del workspace, platform, kwargs
        has_v1_names = v1_names.is_on()
        content, told = describe_script_environment(self.resolve().to_dict(), has_v1_names=has_v1_names)
        if told is not None:
            warn_user(told)
        found = find_interpreter(content, has_v1_names=has_v1_names)
        if found is None:
            found = build_interpreter(content, _print_line, stop=lambda: False)
        return str(found)

    def build(self, workspace: object, image_build_compute: object = None) -> NoReturn:
        """Raise ConfigError: no container images are built here."""
        del workspace, image_build_compute
        raise ConfigError(f"No image is built of environment {self.name!r}. Use build_local(workspace).")

    def get_image_details(self, workspace: object) -> NoReturn:
        """Raise ConfigError: no container images are built here."""
        del workspace
        raise ConfigError(f"Environment {self.name!r} has no image. Use build_local(workspace) to make it.")

    # -- as a script has it

    def resolve(self, folder: Path | None = None) -> Environment:
        """Give the environment with nothing left open: the Python by its path, the packages of the file read.

        Parameters
        ----------
        folder : Path, optional
            Where a relative path of `PythonSection.conda_dependencies_file` begins, if it is there; else the current one.

        Returns
        -------
        Environment
            A copy.

        Raises
        ------
        ConfigError
            If it cannot be had here.
        """
        if self.docker.enabled:
            raise ConfigError(
                f"Environment {self.name!r} has docker.enabled = True. {_NO_CONTAINERS} Set env.docker.enabled = False."
            )
        if self.docker.base_image or self.docker.base_dockerfile:
            warn_user(
                f"The container image of environment {self.name!r} is not used: scripts do not run in containers here."
            )
        resolved = copy.deepcopy(self)
        resolved.python = self.python.resolve(folder)
        if (
            self.python.user_managed_dependencies
            and self.python.has_packages()
            and not self.python.base_conda_environment
        ):
            warn_user(
                f"The packages of environment {self.name!r} are not installed, as its user_managed_dependencies is True. "
                "Set env.python.user_managed_dependencies = False to have them installed."
            )
        return resolved

    def __repr__(self) -> str:
        import json

        return json.dumps(hide_secrets(self.to_dict()), indent=4, sort_keys=True, ensure_ascii=False, default=str)

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
