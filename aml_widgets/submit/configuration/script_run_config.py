"""A script, its folder and how it is run: what is submitted to an experiment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show, show_type
from aml_widgets.core.warn import warn_user
from aml_widgets.submit.configuration.argument_sizes import refuse_what_no_process_takes
from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.hiding import MASK
from aml_widgets.submit.configuration.local_limits import refuse_what_needs_a_cluster
from aml_widgets.submit.configuration.run_configuration import (
    RunConfiguration,
    to_arguments,
    to_command,
    to_text_argument,
)
from aml_widgets.submit.configuration.run_definition import describe_run
from aml_widgets.submit.configuration.run_sections import DockerConfiguration
from aml_widgets.submit.configuration.script_place import find_script, find_source
from aml_widgets.submit.configuration.sections import Field, Section, anything, instance_of, path_or_none

MAX_RUN_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedConfig:
    """What is submitted, checked and complete.

    Attributes
    ----------
    source_directory : Path
        The folder to copy, absolute.
    script : str or None
        The script below it, with ``/``; None where there is a command.
    arguments : tuple of str
        What the script is given.
    command : str or None
        A line for the shell.
    environment : Environment
        With nothing left open.
    environment_variables : mapping
        Of the environment and the run configuration.
    target : str
        The compute target's name.
    collects_outputs : bool
        Whether ``outputs`` becomes files of the run.
    watched_folders : tuple of str
        Folders whose files become files of the run as they grow.
    takes_snapshot : bool
        Whether the run keeps the copy of the sources.
    max_run_seconds : float or None
        The script is ended when it has run for so long.
    definition : dict
        The same by v1's names, without secrets.
    """

    source_directory: Path
    script: str | None
    arguments: tuple[str, ...]
    command: str | None
    environment: Environment
    environment_variables: Mapping[str, str]
    target: str
    collects_outputs: bool
    watched_folders: tuple[str, ...]
    takes_snapshot: bool
    max_run_seconds: float | None
    definition: dict[str, Any]


class ScriptRunConfig(Section):
    """A script to submit: ``experiment.submit(ScriptRunConfig("src", "train.py", ["--alpha", 0.5]))``.

    Without an environment the script runs with the Python that submits it, in a notebook that of its kernel, and so has the
    same packages. The script runs in a copy of its folder. A config may be submitted often, also after changing it.

    Parameters
    ----------
    source_directory : str or path
        The folder of the script and of what it imports; the current one with None. A relative path is taken when the script is
        submitted.
    script : str, optional
        The script's path below that folder.
    arguments : list, optional
        What it is given; numbers and paths become text.
    run_config : RunConfiguration or str, optional
        How to run it; as text, the name of one that was saved in the folder. With it, `compute_target`, `environment`,
        `distributed_job_config`, `max_run_duration_seconds` and `docker_runtime_config` are not looked at, and a warning says so.
    _telemetry_values : object, optional
        Accepted for v1's sake.
    compute_target : str or compute target, optional
        Where to run it; ``local`` by default.
    environment : Environment, optional
        What to run it with.
    distributed_job_config : object, optional
        Kept, and refused when the script is submitted: scripts run as one process. Give a `command` that starts several.
    resume_from : Run, optional
        Kept, and refused when the script is submitted.
    max_run_duration_seconds : int, optional
        The script is ended when it has run for so long; 30 days by default.
    command : str or list, optional
        A line for the shell, instead of a script. A list is joined with spaces, so that ``&&`` in it works.
    docker_runtime_config : DockerConfiguration, optional
        v1's settings for containers.

    Attributes
    ----------
    source_directory : str
        The folder.
    run_config : RunConfiguration
        How the script is run; may be changed until it is submitted.

    Raises
    ------
    ConfigError
        For an argument of a wrong kind. Whether the script is there is looked at when it is submitted.
    """

    _hints = {  # noqa: RUF012 - a ClassVar of the base
        "environment": "Set src.run_config.environment.",
        "target": "Set src.run_config.target.",
        "compute_target": "Set src.run_config.target.",
        "environment_variables": "Set src.run_config.environment_variables.",
        "docker_runtime_config": "Set src.run_config.docker.",
    }

    MAX_DURATION_SECONDS_DEFAULT: ClassVar[int] = MAX_RUN_SECONDS

    source_directory = Field(path_or_none, lambda: None)
    run_config = Field(instance_of(RunConfiguration), RunConfiguration)
    distributed_job_config = Field[Any](anything, lambda: None)
    resume_from = Field[Any](anything, lambda: None)

    def __init__(
        self,
        source_directory: str | os.PathLike[str] | None,
        script: str | os.PathLike[str] | None = None,
        arguments: Sequence[object] | None = None,
        run_config: RunConfiguration | str | None = None,
        _telemetry_values: object = None,
        compute_target: object = None,
        environment: Environment | None = None,
        distributed_job_config: object = None,
        resume_from: object = None,
        max_run_duration_seconds: float | None = MAX_RUN_SECONDS,
        command: str | Sequence[object] | None = None,
        docker_runtime_config: DockerConfiguration | None = None,
    ) -> None:
        del _telemetry_values
        self.source_directory = path_or_none(source_directory, "source_directory") or "."
        self.script = path_or_none(script, "script")
        self.arguments = None if arguments is None else to_arguments(arguments)
        self.command = to_command(command)
        self.resume_from = resume_from
        not_looked_at = {
            "compute_target": compute_target,
            "environment": environment,
            "distributed_job_config": distributed_job_config,
            "max_run_duration_seconds": None
            if max_run_duration_seconds == MAX_RUN_SECONDS
            else max_run_duration_seconds,
            "docker_runtime_config": docker_runtime_config,
        }
        if isinstance(run_config, str):
            run_config = RunConfiguration.load(self.source_directory, run_config)
        if run_config is not None:
            self.run_config = run_config
            given = [name for name, value in not_looked_at.items() if value is not None]
            if given:
                warn_user(
                    f"ScriptRunConfig was given a run_config, so it does not look at {' and '.join(given)}. Set them on "
                    "run_config, for example run_config.environment, or leave run_config out."
                )
            return
        if compute_target is not None:
            self.run_config.target = compute_target  # type: ignore[assignment]  # it takes what has a name
        if environment is not None:
            self.run_config.environment = environment
        if docker_runtime_config is not None:
            self.run_config.docker = docker_runtime_config
        self.distributed_job_config = distributed_job_config
        self.run_config.max_run_duration_seconds = max_run_duration_seconds

    # -- what may be set here or in the run configuration; here wins

    @property
    def script(self) -> str | None:
        """The script's path below the source folder."""
        return self.run_config.script if self._script is None else self._script

    @script.setter
    def script(self, script: str | None) -> None:
        self._script = path_or_none(script, "script")

    @property
    def arguments(self) -> list[Any]:
        """What the script is given."""
        return self.run_config.arguments if self._arguments is None else self._arguments

    @arguments.setter
    def arguments(self, arguments: list[Any] | None) -> None:
        self._arguments = None if arguments is None else to_arguments(arguments)

    @property
    def command(self) -> str | list[Any] | None:
        """A line for the shell, instead of a script."""
        return self.run_config.command if self._command is None else self._command

    @command.setter
    def command(self, command: str | list[Any] | None) -> None:
        self._command = to_command(command)

    @property
    def max_run_duration_seconds(self) -> float | None:
        """The script is ended when it has run for so long."""
        return self.run_config.max_run_duration_seconds

    @max_run_duration_seconds.setter
    def max_run_duration_seconds(self, seconds: float | None) -> None:
        self.run_config.max_run_duration_seconds = seconds

    # -- submitted

    def resolve(self) -> ResolvedConfig:
        """Check all that can be known before the folder is copied, and leave nothing open; this object stays as it is.

        Returns
        -------
        ResolvedConfig
            What to submit.

        Raises
        ------
        ScriptNotFound
            If the script is missing.
        ConfigError
            For anything else that cannot be run here.
        """
        configuration = self.run_config
        source = find_source(self.source_directory)
        script, command = self._choose(source)
        for index, argument in enumerate(self.arguments):
            _warn_of_odd(argument, f"arguments[{index}]")
        arguments = tuple(to_text_argument(one) for one in self.arguments)
        refuse_what_needs_a_cluster(configuration, self.distributed_job_config, self.resume_from)
        environment = configuration.environment.resolve(source)
        variables = _to_variables(environment.environment_variables) | _to_variables(
            configuration.environment_variables
        )
        refuse_what_no_process_takes(arguments, command, {**os.environ, **variables})
        definition = describe_run(
            configuration,
            environment,
            script=script,
            command=command,
            arguments=arguments,
            environment_variables=variables,
        )
        return ResolvedConfig(
            source_directory=source,
            script=script,
            arguments=arguments,
            command=command,
            environment=environment,
            environment_variables=variables,
            target=configuration.target,
            collects_outputs=configuration.history.output_collection,
            watched_folders=tuple(_to_watched(configuration.history.directories_to_watch)),
            takes_snapshot=configuration.history.snapshot_project,
            max_run_seconds=configuration.max_run_duration_seconds,
            definition=definition,
        )

    def _choose(self, source: Path) -> tuple[str | None, str | None]:
        """Give the script or the command, as they are to be run."""
        # What is set on this object wins over what a shared run configuration has.
        script = self._script if self._command is not None else self.script
        command = self._command if self._script is not None else self.command
        if script and command:
            raise ConfigError(
                f"There are a script, {show(script)}, and a command, {show(command)}. Give one of them; a command may run the "
                f"script: command='python {script}'.",
                value=command,
            )
        if command:
            if self.arguments:
                raise ConfigError(
                    f"A command takes no arguments beside it, got {show(self.arguments)}. Write them into the command.",
                    value=self.arguments,
                )
            for index, part in enumerate(command if isinstance(command, list) else ()):
                _warn_of_odd(part, f"command[{index}]")
            line = command if isinstance(command, str) else " ".join(to_text_argument(one) for one in command)
            return None, to_text_argument(line)
        if not script:
            raise ConfigError("There is no script to run. Give script='train.py', or a command.")
        return find_script(source, script), None

    def __repr__(self) -> str:
        what = f"command={self.command!r}" if self.command else f"script={self.script!r}, arguments={self.arguments!r}"
        return (
            f"ScriptRunConfig(source_directory={self.source_directory!r}, {what}, "
            f"target={self.run_config.target!r}, environment={self.run_config.environment.name!r})"
        )

    __eq__ = object.__eq__  # a script submitted twice is two things
    __hash__ = object.__hash__  # type: ignore[assignment]  # as it is compared by identity


def _warn_of_odd(argument: object, place: str) -> None:
    """Warn of what has a text that is hardly meant. It is given to the script all the same, as in v1."""
    if argument is None:
        way_out = "Leave it out, or write 'None' if that is meant."
    elif isinstance(argument, (list, tuple, dict, set, frozenset, bytes, bytearray)):
        way_out = "Write each of its elements as an argument of its own, or the text that is meant."
    else:
        return
    warn_user(f"{place} is {show(argument)}, {show_type(argument)}; the script gets {show(str(argument))}. {way_out}")


def _to_variables(variables: Mapping[Any, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in variables.items():
        if not isinstance(name, str) or not name or "=" in name or "\0" in name:
            raise ConfigError(
                f"The name of an environment variable must be text without '=', got {show(name)}.", value=name
            )
        if not isinstance(value, (str, int, float, os.PathLike)):
            raise ConfigError(
                f"Environment variable {name!r} must be text or a number, not of {type(value)}. Use str(...), or leave it out.",
                value=name,
            )
        if value == MASK:
            raise ConfigError(
                f"The value of environment variable {name!r} was masked, as this comes from a run's definition. Set it again.",
                value=name,
            )
        found[name] = to_text_argument(value)
    return found


def _to_watched(folders: Sequence[str]) -> Sequence[str]:
    for folder in folders:
        parts = Path(folder).parts
        if not parts or ".." in parts or Path(folder).is_absolute():
            raise ConfigError(
                f"history.directories_to_watch must name folders below the one that the script runs in, got {folder!r}. "
                "Give a relative path such as 'logs'.",
                value=folder,
            )
    return [Path(folder).as_posix() for folder in folders]
