"""The definition of a run: what was submitted, by v1's names, without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aml_widgets.submit.configuration.environment import Environment
from aml_widgets.submit.configuration.hiding import hide_secrets
from aml_widgets.submit.configuration.run_configuration import RunConfiguration


def describe_run(
    configuration: RunConfiguration,
    environment: Environment,
    *,
    script: str | None,
    command: str | None,
    arguments: Sequence[str],
    environment_variables: Mapping[str, str],
) -> dict[str, Any]:
    """Give the definition of a run.

    Parameters
    ----------
    configuration : RunConfiguration
        What else was set.
    environment : Environment
        What the script runs with, nothing left open.
    script, command : str or None
        What is run.
    arguments : sequence of str
        What the script is given.
    environment_variables : mapping
        All that were set.

    Returns
    -------
    dict
        As in ``run.get_details()["runDefinition"]``. Values that look secret by their names are masked.
    """
    definition = configuration.to_dict()
    definition |= {
        "script": script,
        "command": command or "",
        "useAbsolutePath": False,
        "arguments": list(arguments),
        "environment": environment.to_dict(),
        "environmentVariables": dict(environment_variables),
    }
    return hide_secrets(definition)
