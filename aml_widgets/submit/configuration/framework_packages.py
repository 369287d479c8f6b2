"""v1's short ways to ask for the package of a framework, on processors of either kind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.submit.configuration.conda_file import to_text

_CPU: Final = "cpu"
_CORE_TYPES = (_CPU, "gpu")
_CNTK_VERSION = "2.7"  # its last one
_TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu")


class FrameworkPackages(ABC):
    """Asks for packages of frameworks."""

    @abstractmethod
    def add_pip_package(self, pip_package: str) -> None:
        """Add a package for pip."""

    @abstractmethod
    def remove_pip_package(self, pip_package: str) -> None:
        """Take a package for pip out, if it is there."""

    @abstractmethod
    def add_conda_package(self, conda_package: str) -> None:
        """Add a package for conda."""

    @abstractmethod
    def remove_conda_package(self, conda_package: str) -> None:
        """Take a package for conda out, if it is there."""

    def add_cntk_package(self, core_type: str = _CPU) -> None:
        """Ask pip for the last release of the Cognitive Toolkit, which needs an old Python: see `set_python_version`.

        Parameters
        ----------
        core_type : str, optional
            ``cpu`` or ``gpu``.

        Raises
        ------
        ConfigError
            For another kind.
        """
        is_gpu = _check_core_type(core_type) != _CPU
        for name in ("cntk", "cntk-gpu"):
            self.remove_pip_package(name)
        self.add_pip_package(f"{'cntk-gpu' if is_gpu else 'cntk'}=={_CNTK_VERSION}")

    def add_tensorflow_pip_package(self, core_type: str = _CPU, version: str | None = None) -> None:
        """Ask pip for TensorFlow, in place of any other that was asked for.

        Parameters
        ----------
        core_type : str, optional
            ``cpu`` or ``gpu``.
        version : str, optional
            Such as ``"2.15"``; the newest by default. With one, ``gpu`` is the package ``tensorflow-gpu`` as in v1, which there is for
            versions before 2.12; without, TensorFlow with the libraries that it needs for graphics processors.

        Raises
        ------
        ConfigError
            For another kind, and a version that is no text.
        """
        is_gpu = _check_core_type(core_type) != _CPU
        if version is None:
            package = "tensorflow[and-cuda]" if is_gpu else "tensorflow"
        else:
            package = f"{'tensorflow-gpu' if is_gpu else 'tensorflow'}=={to_text(version, 'A version of TensorFlow')}"
        for name in _TENSORFLOW:
            self.remove_pip_package(name)
        self.add_pip_package(package)

    def add_tensorflow_conda_package(self, core_type: str = _CPU, version: str | None = None) -> None:
        """Ask conda for TensorFlow, in place of any other that was asked for.

        Parameters
        ----------
        core_type : str, optional
            ``cpu`` or ``gpu``.
        version : str, optional
            Such as ``"2.15"``; the newest by default.

        Raises
        ------
        ConfigError
            For another kind, and a version that is no text.
        """
        package = "tensorflow" if _check_core_type(core_type) == _CPU else "tensorflow-gpu"
        if version is not None:
            package = f"{package}={to_text(version, 'A version of TensorFlow')}"
        for name in _TENSORFLOW:
            self.remove_conda_package(name)
        self.add_conda_package(package)


def _check_core_type(core_type: object) -> str:
    found = core_type.lower() if isinstance(core_type, str) else None
    if found not in _CORE_TYPES:
        raise ConfigError(f"core_type must be 'cpu' or 'gpu', got {show(core_type)}.", value=core_type)
    return found
