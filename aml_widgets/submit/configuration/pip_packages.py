"""The part of conda dependencies that pip installs: packages and options, in one list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.submit.configuration.conda_file import to_text, to_texts
from aml_widgets.submit.environments.pip_requirements import is_option, split_option, to_name

_REPEATABLE = frozenset(
    {"--extra-index-url", "--find-links", "-f", "-e", "--editable", "-c", "--constraint", "-r", "--requirement"}
    | {"--trusted-host"}
)
_INDEX = ("--index-url", "-i", "--pypi-url")


class PipPackages:
    """Asks for packages that pip installs."""

    _content: dict[str, Any]

    @property
    def pip_packages(self) -> list[str]:
        """The packages for pip."""
        return [one for one in self._pip() if not is_option(one)]

    @property
    def pip_options(self) -> list[str]:
        """The options for pip, such as ``--index-url …``."""
        return [one for one in self._pip() if is_option(one)]

    def add_pip_package(self, pip_package: str) -> None:
        """Add a package for pip; it takes the place of one of the same name.

        Parameters
        ----------
        pip_package : str
            A requirement as pip takes it, or the path or address of a wheel.
        """
        requirement = to_text(pip_package, "A pip package")
        if is_option(requirement):
            self.set_pip_option(requirement)
            return
        self._replace_in_pip(requirement, lambda one: not is_option(one) and to_name(one) == to_name(requirement))

    def remove_pip_package(self, pip_package: str) -> None:
        """Take a package for pip out, if it is there.

        Parameters
        ----------
        pip_package : str
            Its name, with or without a version.
        """
        name = to_name(to_text(pip_package, "A pip package"))
        self._set_pip([one for one in self._pip() if is_option(one) or to_name(one) != name])

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Give pip this list in place of the one there is.

        Parameters
        ----------
        pip_requirements : list of str
            Packages, and options such as ``--pre``.

        Raises
        ------
        ConfigError
            For what is no list of texts.
        """
        self._set_pip(to_texts(pip_requirements, "pip_requirements"))

    def set_pip_option(self, pip_option: str) -> None:
        """Set an option for pip; it takes the place of the same one, unless it is one that may be given often.

        Parameters
        ----------
        pip_option : str
            ``--extra-index-url https://…``, ``--pre`` and so on.
        """
        option = to_text(pip_option, "An option for pip")
        if not is_option(option):
            raise ConfigError(
                f"An option for pip begins with '-', got {show(pip_option)}. Use add_pip_package for a package.",
                value=pip_option,
            )
        name, value = split_option(option)
        if name in _REPEATABLE:
            self._replace_in_pip(option, lambda one: is_option(one) and split_option(one) == (name, value))
        else:
            self._replace_in_pip(option, lambda one: is_option(one) and split_option(one)[0] == name)

    def remove_pip_option(self, pip_option: str) -> None:
        """Take an option for pip out, if it is there.

        Parameters
        ----------
        pip_option : str
            Its name, or name and value where it is there more than once.
        """
        name, value = split_option(to_text(pip_option, "An option for pip"))
        self._set_pip(
            [
                one
                for one in self._pip()
                if not is_option(one) or split_option(one) not in ((name, value), (name, value or split_option(one)[1]))
            ]
        )

    def set_pip_index_url(self, index_url: str) -> None:
        """Let pip ask another package index instead of the usual one.

        Parameters
        ----------
        index_url : str
            Its address.
        """
        address = to_text(index_url, "The address of a package index")
        if is_option(address):
            address = split_option(address)[1]
        others = [one for one in self._pip() if not is_option(one) or split_option(one)[0] not in _INDEX]
        self._set_pip([f"--index-url {address}", *others])

    def _pip(self) -> list[str]:
        return [line for one in self._content["dependencies"] if isinstance(one, dict) for line in one["pip"]]

    def _set_pip(self, lines: list[str]) -> None:
        packages = [one for one in self._content["dependencies"] if isinstance(one, str)]
        self._content["dependencies"] = [*packages, {"pip": lines}] if lines else packages

    def _replace_in_pip(self, line: str, is_same: Any) -> None:
        lines = self._pip()
        found = next((index for index, one in enumerate(lines) if is_same(one)), None)
        if found is None:
            lines.append(line)
        else:
            lines[found] = line
        self._set_pip(lines)
