"""Environments as workspaces and folders keep them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aml_widgets.submit.configuration import environment_files, environment_registry
from aml_widgets.submit.configuration.environment_registry import HasStore
from aml_widgets.submit.configuration.sections import S, Section

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.environment import Environment


class KeptEnvironment(Section):
    """What can be kept under a name and a version, and in a folder."""

    # -- kept in a workspace

    def register(self: S, workspace: HasStore) -> S:
        """Keep the environment in a workspace, with the values of its environment variables.

        Parameters
        ----------
        workspace : Workspace
            Where to keep it.

        Returns
        -------
        Environment
            As it is kept. Its version is the one it has; else the newest one's where that is the same, or the next number.

        Raises
        ------
        InvalidName
            For a name with other characters than letters, digits, ``-``, ``_`` and ``.``.
        EnvironmentExists
            If another one is kept under the version that this one has.
        """
        return self.from_dict(environment_registry.register(workspace, self.to_dict()))

    @staticmethod
    def get(workspace: HasStore, name: str, version: str | None = None, label: str | None = None) -> Environment:
        """Give an environment that a workspace keeps.

        Parameters
        ----------
        workspace : Workspace
            Where it is kept.
        name : str
            Its name.
        version : str, optional
            The newest by default.
        label : str, optional
            A label that `label` gave, or ``latest``, instead of a version.

        Returns
        -------
        Environment
            A new object.

        Raises
        ------
        EnvironmentNotFound
            If there is none.
        """
        from aml_widgets.submit.configuration.environment import Environment

        return Environment.from_dict(environment_registry.get(workspace, name, version, label))

    @staticmethod
    def list(workspace: HasStore) -> dict[str, Environment]:
        """Give the newest version of each environment that a workspace keeps.

        Parameters
        ----------
        workspace : Workspace
            Where they are kept.

        Returns
        -------
        dict of str to Environment
            By name.
        """
        from aml_widgets.submit.configuration.environment import Environment

        newest = environment_registry.list_newest(workspace)
        return {name: Environment.from_dict(content) for name, content in newest.items()}

    @staticmethod
    def label(workspace: HasStore, name: str, version: str, labels: Any) -> None:
        """Give labels to a version; they are taken from other versions of that name.

        Parameters
        ----------
        workspace : Workspace
            Where it is kept.
        name, version : str
            Which one.
        labels : list of str
            The labels.

        Raises
        ------
        EnvironmentNotFound
            If there is none.
        """
        environment_registry.label(workspace, name, version, labels)

    @staticmethod
    def add_private_pip_wheel(workspace: object, file_path: str | os.PathLike[str], exist_ok: bool = False) -> str:
        """Keep a wheel, for environments to install.

        Parameters
        ----------
        workspace : Workspace
            Accepted for v1's sake: it is kept below ``AML_WIDGETS_HOME``.
        file_path : str or path
            The wheel.
        exist_ok : bool, optional
            Accepted for v1's sake: another wheel of the same name is kept beside the first.

        Returns
        -------
        str
            What to give to ``CondaDependencies.add_pip_package``.

        Raises
        ------
        ConfigError
            If it cannot be read, or is no wheel.
        """
        del workspace, exist_ok
        return environment_registry.keep_wheel(file_path)

    # -- kept in a folder

    def save_to_directory(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        """Write the environment into a folder, as ``azureml_environment.json`` and ``conda_dependencies.yml``.

        Parameters
        ----------
        path : str or path
            The folder; it is made.
        overwrite : bool, optional
            Replace these files where they are there.

        Raises
        ------
        ConfigError
            If they are there, and `overwrite` is False.
        """
        environment_files.save(self.to_dict(), Path(path), overwrite=overwrite)

    @staticmethod
    def load_from_directory(path: str | os.PathLike[str]) -> Environment:
        """Read an environment that `save_to_directory` wrote.

        Parameters
        ----------
        path : str or path
            The folder.

        Returns
        -------
        Environment
            Its packages are those of ``conda_dependencies.yml``, where that is there.

        Raises
        ------
        ConfigError
            If the files cannot be read or understood.
        """
        from aml_widgets.submit.configuration.environment import Environment

        return Environment.from_dict(environment_files.load(Path(path)))
