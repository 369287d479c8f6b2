"""How a script is run: with which environment, where, and what is kept of it; also as a file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Any

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show
from aml_widgets.core.warn import warn_user
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.hiding import hide_secrets
from aml_widgets.submit.configuration.run_configuration_files import find_existing, find_place, read_environment
from aml_widgets.submit.configuration.run_sections import (
    AmlComputeConfiguration,
    DockerConfiguration,
    HdiConfiguration,
    HistorySection,
    MpiConfiguration,
    PyTorchConfiguration,
    SparkConfiguration,
    TensorflowConfiguration,
)
from aml_widgets.submit.configuration.sections import (
    Field,
    Section,
    SectionField,
    anything,
    mapping,
    path_or_none,
    seconds_or_none,
    text,
    whole,
    whole_or_none,
)

LOCAL = "local"

_HEADER = "How a script is run; RunConfiguration.load reads this file."


class _EnvironmentField(SectionField[Environment]):
    """The environment. Without one the script runs with the Python that submits it."""

    def __init__(self) -> None:
        super().__init__(Environment)
        self.check = _to_environment
        self.make_default = Environment.make_default

    def read(self, value: object) -> Environment:
        default = Environment.make_default()
        if value is None:
            return default
        environment = Environment.from_dict(value)
        compared = environment.clone(environment.name)
        if compared.python.user_managed_dependencies and not compared.python.has_packages():
            compared.python.conda_dependencies = CondaDependencies()  # another version of Python may have saved it
        return default if compared == default else environment


def _to_environment(value: object, name: str) -> Environment:
    if not isinstance(value, Environment):
        raise ConfigError(
            f"{name} must be an Environment, got {show(value)}. Use Environment.get(workspace, name) for one that is registered.",
            value=value,
        )
    return value


def to_target(value: object, name: str = "target") -> str:
    """Give the name of a compute target, which may be given as an object that has one."""
    if value is None:
        return LOCAL
    found = value if isinstance(value, str) else getattr(value, "name", None)
    if not isinstance(found, str) or not found.strip():
        raise ConfigError(
            f"{name} must be a compute target or its name, got {show(value)}. 'local' runs the script at once.",
            value=value,
        )
    return found


def to_command(value: object, name: str = "command") -> str | list[Any] | None:
    """Take a line for the shell, or a list that makes one; a list is kept as one, for v1's users add to it."""
    if value is None or isinstance(value, (str, list)):
        return value
    if isinstance(value, tuple):
        return list(value)
    raise ConfigError(f"{name} must be text or a list, got {show(value)}.", value=value)


def to_arguments(value: object, name: str = "arguments") -> list[Any]:
    """Take a list of arguments of any kinds, or None for none."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, tuple):
        return list(value)
    way_out = f" Write {name}={value.split()!r}." if isinstance(value, str) else " Write each argument as one element."
    raise ConfigError(f"{name} must be a list, got {show(value)}.{way_out}", value=value)


class RunConfiguration(Section):
    """How a script is run.

    Parameters
    ----------
    script : str, optional
        The script's path below the source folder.
    arguments : list, optional
        What it is given; what is no text becomes text.
    framework, communicator : str, optional
        ``Python`` and ``None``; v1's others are refused when the script is submitted.
    conda_dependencies : CondaDependencies, optional
        The packages of an environment of its own.
    _history_enabled : bool, optional
        The same as `history.output_collection`.
    _path, _name : str, optional
        Where `save` writes to by default.
    command : str or list, optional
        A line for the shell instead of a script.

    Attributes
    ----------
    target : str
        The compute target's name; ``local`` runs at once. A compute target itself may be set.
    environment : Environment
        What the script runs with. By default that is the Python that submits it, with its packages; once packages are named
        in ``environment.python.conda_dependencies``, an isolated environment that has them.
    environment_variables : dict
        Environment variables of the script.
    history : HistorySection
        What is kept of the run.
    max_run_duration_seconds : float or None
        The script is ended when it has run for so long.
    node_count : int
        1; more is refused when the script is submitted, as is anything in `data`, `data_references`, `output_data` and
        `services`.
    priority : int or None
        Kept, not used: a target starts scripts in the order of submission.
    docker, spark, hdi, mpi, tensorflow, pytorch, amlcompute : Section
        v1's sections, kept.
    """

    _hints = {  # noqa: RUF012 - a ClassVar of the base
        "compute_target": "Set its target.",
        "conda_dependencies": "Set environment.python.conda_dependencies.",
        "source_directory": "It is an attribute of ScriptRunConfig.",
    }

    script = Field(path_or_none, lambda: None)
    command = Field(to_command, lambda: None)
    arguments = Field[list[Any]](to_arguments, list)
    framework = Field(text, lambda: "Python")
    communicator = Field(text, lambda: "None")
    target = Field(to_target, lambda: LOCAL)
    environment = _EnvironmentField()
    environment_variables = Field[dict[str, Any]](mapping, dict)
    history = SectionField(HistorySection)
    node_count = Field(whole, lambda: 1)
    priority = Field(whole_or_none, lambda: None)
    max_run_duration_seconds = Field(seconds_or_none, lambda: None)
    docker = SectionField(DockerConfiguration)
    spark = SectionField(SparkConfiguration)
    hdi = SectionField(HdiConfiguration)
    mpi = SectionField(MpiConfiguration)
    tensorflow = SectionField(TensorflowConfiguration)
    pytorch = SectionField(PyTorchConfiguration)
    amlcompute = SectionField(AmlComputeConfiguration)
    data = Field[dict[str, Any]](mapping, dict)
    data_references = Field[dict[str, Any]](mapping, dict)
    output_data = Field[dict[str, Any]](mapping, dict)
    services = Field[dict[str, Any]](anything, dict)

    def __init__(
        self,
        script: str | None = None,
        arguments: list[Any] | None = None,
        framework: str | None = None,
        communicator: str | None = None,
        conda_dependencies: CondaDependencies | None = None,
        _history_enabled: bool | None = None,
        _path: str | os.PathLike[str] | None = None,
        _name: str | None = None,
        command: str | list[Any] | None = None,
    ) -> None:
        self._path = _path
        self._name = _name
        self.script = script
        self.arguments = arguments or []
        self.command = command
        if framework is not None:
            self.framework = framework
        if communicator is not None:
            self.communicator = communicator
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
            self.environment.python.user_managed_dependencies = False
        if _history_enabled is not None:
            self.history.output_collection = _history_enabled

    @property
    def name(self) -> str | None:
        """The name that it was saved or loaded under."""
        return self._name

    @property
    def auto_prepare_environment(self) -> bool:
        """Always True: an environment is built where it is missing. Setting it changes nothing, as in v1."""
        return True

    @auto_prepare_environment.setter
    def auto_prepare_environment(self, value: object) -> None:
        if value is not True:
            warn_user(
                f"auto_prepare_environment = {show(value)} changes nothing: an environment is built where it is missing. To run with "
                "the packages that are there, set environment.python.user_managed_dependencies = True."
            )

    # -- as a file

    def save(
        self,
        path: str | os.PathLike[str] | None = None,
        name: str | None = None,
        separate_environment_yaml: bool = False,
    ) -> None:
        """Write ``.azureml/<name>.runconfig``, values of environment variables included.

        Parameters
        ----------
        path : str or path, optional
            The project's folder, the current one by default; or the file itself, with a suffix such as ``.runconfig``.
        name : str, optional
            What to call it; needed where it has no name yet.
        separate_environment_yaml : bool, optional
            Write the environment into ``<name>_environment.yml`` beside it.

        Raises
        ------
        ConfigError
            If there is no name.
        """
        from aml_widgets.submit.configuration.yaml_files import to_yaml, write_text

        file = find_place(path if path is not None else self._path, name if name is not None else self._name)
        content = self.to_dict()
        content["arguments"] = [to_text_argument(one) for one in self.arguments]
        if separate_environment_yaml:
            beside = file.with_name(f"{file.stem}_environment.yml")
            write_text(beside, to_yaml(content["environment"], f"The environment of {file.name}."))
            content["environment"] = beside.name
        write_text(file, to_yaml(content, _HEADER))
        self._name = file.stem

    @staticmethod
    def load(path: str | os.PathLike[str], name: str | None = None) -> RunConfiguration:
        """Read a run configuration.

        Parameters
        ----------
        path : str or path
            The project's folder, or the file itself.
        name : str, optional
            Its name; needed with a folder.

        Returns
        -------
        RunConfiguration
            What v1 wrote can be read, too. A name in it that looks misspelt is warned of.

        Raises
        ------
        ConfigError
            If there is none, or it cannot be understood.
        """
        from aml_widgets.submit.configuration.yaml_files import read_yaml

        file = find_existing(path, name)
        what = "The run configuration"
        content = read_yaml(file, what)
        if not isinstance(content, Mapping):
            raise ConfigError(f"{what} {str(file)!r} must be a mapping, and holds {show(content)}.", value=str(file))
        content = dict(content)
        as_text = read_yaml(file, what, as_text=True)
        for key in ("arguments", "environmentVariables"):
            if content.get(key):  # as it stands there: 0.10 is not 0.1, and no is not False
                content[key] = as_text[key]
        if isinstance(content.get("arguments"), str):  # as the first versions of v1 wrote them
            content["arguments"] = shlex.split(content["arguments"])
        content["environment"] = read_environment(content.get("environment"), as_text.get("environment"), file)
        configuration = RunConfiguration.from_dict(content)
        configuration._name = file.stem  # noqa: SLF001 - one of its own
        configuration._path = path  # noqa: SLF001
        for misspelt, alike in configuration.find_misspelt():
            warn_user(f"{misspelt!r} in {str(file)!r} means nothing. Did you mean {alike!r}?")
        return configuration

    @staticmethod
    def delete(path: str | os.PathLike[str], name: str) -> None:
        """Delete the file of a run configuration, and that of its environment beside it.

        Parameters
        ----------
        path : str or path
            The project's folder.
        name : str
            Its name.

        Raises
        ------
        ConfigError
            If there is none.
        """
        file = find_existing(path, name)
        file.unlink()
        file.with_name(f"{file.stem}_environment.yml").unlink(missing_ok=True)

    def __repr__(self) -> str:
        import json

        return json.dumps(hide_secrets(self.to_dict()), indent=4, sort_keys=True, ensure_ascii=False, default=str)


def to_text_argument(value: object) -> str:
    """Give an argument as a script gets it.

    Raises
    ------
    ConfigError
        For a value whose text says nothing, or that no process can be given.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    kind = type(value)
    says_nothing = kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__
    if says_nothing or callable(value):
        raise ConfigError(
            f"An argument must be text or have a text, got {show(value)}. Give the script a path, a number or a word.",
            value=value,
        )
    made = str(value)
    if "\0" in made:
        raise ConfigError(
            f"An argument holds a NUL character, which no process can be given: {show(made)}.", value=value
        )
    try:
        os.fsencode(made)
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"An argument holds a character that no process can be given here: {show(made)}, {error.reason}.",
            value=value,
        ) from error
    return made
