"""The packages of an environment, as conda writes them down: channels, conda packages, and a list for pip."""

from __future__ import annotations

import copy
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show, show_type
from aml_widgets.submit.configuration.conda_file import (
    END_OF_NAME,
    PROJECT_NAME,
    check_conda,
    to_conda_name,
    to_text,
    to_texts,
)
from aml_widgets.submit.configuration.framework_packages import FrameworkPackages
from aml_widgets.submit.configuration.pip_packages import PipPackages
from aml_widgets.submit.configuration.requirement_merging import merge_requirements
from aml_widgets.submit.configuration.yaml_files import read_yaml, to_yaml, write_text
from aml_widgets.submit.environments.pip_requirements import is_option

DEFAULT_FILE = "conda_dependencies.yml"

_CHANNELS = ("conda-forge",)
_HEADER = "The packages of an environment: channels and packages of conda, and below 'pip' what pip installs."


class CondaDependencies(PipPackages, FrameworkPackages):
    """The packages that an environment has.

    Made without a file it asks for the Python version that made it, and for nothing else.

    Parameters
    ----------
    conda_dependencies_file_path : str or path, optional
        A YAML file as conda takes it.
    _underlying_structure : dict, optional
        The content of such a file.

    Raises
    ------
    ConfigError
        If the file cannot be read or understood.
    """

    def __init__(
        self,
        conda_dependencies_file_path: str | os.PathLike[str] | None = None,
        _underlying_structure: Mapping[str, Any] | None = None,
    ) -> None:
        if conda_dependencies_file_path is not None:
            content = read_yaml(conda_dependencies_file_path, "The conda file")
            file = Path(conda_dependencies_file_path)
            self._content = check_conda(content, repr(str(file)), file.absolute().parent)
        elif _underlying_structure is not None:
            self._content = check_conda(_underlying_structure, "the given structure")
        else:
            self._content = {
                "name": PROJECT_NAME,
                "channels": list(_CHANNELS),
                "dependencies": [f"python={get_default_python_version()}"],
            }

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Iterable[str] | None = None,
        conda_packages: Iterable[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,
    ) -> CondaDependencies:
        """Put dependencies together.

        Parameters
        ----------
        pip_indexurl : str, optional
            The package index that pip asks instead of the usual one.
        pip_packages : list of str, optional
            As pip takes them: ``["scikit-learn>=1.4"]``.
        conda_packages : list of str, optional
            As conda takes them: ``["numpy=1.26"]``.
        python_version : str, optional
            Text such as ``"3.11"``; that of this process by default.
        pin_sdk_version : bool, optional
            Accepted for v1's sake; aml_widgets itself needs no entry, every script can import it.

        Returns
        -------
        CondaDependencies
            The dependencies.

        Raises
        ------
        ConfigError
            For a wrong argument.
        """
        del pin_sdk_version
        made = CondaDependencies()
        if python_version is not None:
            made.set_python_version(python_version)
        for package in to_texts(conda_packages, "conda_packages"):
            made.add_conda_package(package)
        if pip_indexurl is not None:
            made.set_pip_index_url(pip_indexurl)
        for package in to_texts(pip_packages, "pip_packages"):
            if is_option(package):
                made.set_pip_option(package)
            else:
                made.add_pip_package(package)
        return made

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """Put together what is asked of the same package: ``["a>1", "b", "a<3"]`` becomes ``["a>1,<3", "b"]``.

        Parameters
        ----------
        requirements : list of str
            Requirements as pip takes them.

        Returns
        -------
        list of str
            One for each package, in the order of their first mention. Requirements with an address or with a condition (``;``)
            stay as they are.

        Raises
        ------
        ConfigError
            For what is no list of texts.
        """
        return merge_requirements(to_texts(requirements, "requirements"))

    @staticmethod
    def sdk_origin_url() -> NoReturn:
        """Raise CloudOnly: packages come from the index that pip is configured with."""
        raise cloud_only(
            "CondaDependencies.sdk_origin_url",
            "Packages come from the index that pip is configured with; set_pip_index_url(address) names another one.",
        )

    # -- what it asks for

    def get_default_number_of_packages(self) -> tuple[int, int]:
        """Give how many packages dependencies ask for that nobody has added to.

        Returns
        -------
        tuple of int
            Packages for conda, of which Python is one, and packages for pip.
        """
        untouched = CondaDependencies()
        return len(untouched.conda_packages), len(untouched.pip_packages)

    @property
    def conda_channels(self) -> list[str]:
        """The channels that conda looks into, in this order."""
        return list(self._content["channels"])

    @property
    def conda_packages(self) -> list[str]:
        """The packages for conda, Python among them."""
        return [one for one in self._content["dependencies"] if isinstance(one, str)]

    def get_python_version(self) -> str | None:
        """Give the Python version that is asked for.

        Returns
        -------
        str or None
            ``3.11``, or a condition such as ``>=3.10``; None where it is left open.
        """
        for package in self.conda_packages:
            if to_conda_name(package) == "python":
                version = package.split("::")[-1].strip()[len("python") :].strip()
                version = version[1:].lstrip("=") if version.startswith("=") else version
                return version.split("=")[0].strip() or None if version[:1].isdigit() else version or None
        return None

    # -- changed

    def set_python_version(self, version: str) -> None:
        """Ask for a Python version.

        Parameters
        ----------
        version : str
            Text, as a number would take 3.10 for 3.1.
        """
        if not isinstance(version, str) or not version.strip():
            raise ConfigError(
                f"A Python version must be text such as '3.11', got {show(version)}, {show_type(version)}. Put it into quotes.",
                value=version,
            )
        separator = "" if version.strip()[0] in END_OF_NAME else "="
        found = [index for index, one in enumerate(self._content["dependencies"]) if _is_python(one)]
        for index in reversed(found):
            del self._content["dependencies"][index]
        self._content["dependencies"].insert(found[0] if found else 0, f"python{separator}{version.strip()}")

    def add_channel(self, channel: str) -> None:
        """Let conda look into another channel, too.

        Parameters
        ----------
        channel : str
            Its name or address.
        """
        checked = to_text(channel, "A channel")
        if checked not in self._content["channels"]:
            self._content["channels"].append(checked)

    def remove_channel(self, channel: str) -> None:
        """Take a channel out, if it is there.

        Parameters
        ----------
        channel : str
            Its name or address.
        """
        self._content["channels"] = [one for one in self._content["channels"] if one != channel]

    def add_conda_package(self, conda_package: str) -> None:
        """Add a package for conda; it takes the place of one of the same name.

        Parameters
        ----------
        conda_package : str
            ``numpy``, ``numpy=1.26``, ``conda-forge::numpy>=1.26``.
        """
        checked = to_text(conda_package, "A conda package")
        name = to_conda_name(checked)
        dependencies = self._content["dependencies"]
        for index, one in enumerate(dependencies):
            if isinstance(one, str) and to_conda_name(one) == name:
                dependencies[index] = checked
                return
        at = next((index for index, one in enumerate(dependencies) if not isinstance(one, str)), len(dependencies))
        dependencies.insert(at, checked)

    def remove_conda_package(self, conda_package: str) -> None:
        """Take a package for conda out, if it is there.

        Parameters
        ----------
        conda_package : str
            Its name, with or without a version.
        """
        name = to_conda_name(to_text(conda_package, "A conda package"))
        self._content["dependencies"] = [
            one for one in self._content["dependencies"] if not isinstance(one, str) or to_conda_name(one) != name
        ]

    # -- kept

    def as_dict(self) -> dict[str, Any]:
        """Give the content of the YAML file.

        Returns
        -------
        dict
            ``name``, ``channels``, ``dependencies``, and whatever else a file had.
        """
        return copy.deepcopy(self._content)

    def serialize_to_string(self) -> str:
        """Give the YAML file as text.

        Returns
        -------
        str
            As `save` writes it.
        """
        return to_yaml(self._content, _HEADER)

    def save(self, path: str | os.PathLike[str] | None = None) -> str:
        """Write the YAML file.

        Parameters
        ----------
        path : str or path, optional
            The file; ``conda_dependencies.yml`` in the current folder by default. Its folder is made.

        Returns
        -------
        str
            The file's path.
        """
        file = Path(DEFAULT_FILE if path is None else path)
        write_text(file, self.serialize_to_string())
        return os.fspath(file)

    def save_to_file(
        self, base_directory: str | os.PathLike[str], conda_file_path: str | os.PathLike[str] | None = None
    ) -> str:
        """Write the YAML file below a folder.

        Parameters
        ----------
        base_directory : str or path
            The folder.
        conda_file_path : str or path, optional
            The file, relative to it; ``conda_dependencies.yml`` by default.

        Returns
        -------
        str
            The file's path relative to the folder.
        """
        relative = os.fspath(conda_file_path or DEFAULT_FILE)
        self.save(Path(base_directory) / relative)
        return relative

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CondaDependencies):
            return NotImplemented
        return self._content == other._content

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"CondaDependencies(_underlying_structure={self._content!r})"


def get_default_python_version() -> str:
    """Give the version of the Python that runs this, as environments ask for it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _is_python(dependency: object) -> bool:
    return isinstance(dependency, str) and to_conda_name(dependency) == "python"
