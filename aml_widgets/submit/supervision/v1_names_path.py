"""How a script finds Azure ML v1's import names, where whoever submitted it did."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from aml_widgets.core import v1_installed, v1_names

_TIMEOUT_SECONDS = 20.0  # nobody looks for a request to cancel meanwhile


def put_v1_names(environment: dict[str, str], interpreter: Path, folder: Path) -> str:
    """Put the names behind all else on the ``PYTHONPATH`` of a script, unless its interpreter has ``azureml-core`` itself.

    Parameters
    ----------
    environment : dict
        The script's environment variables, which are changed.
    interpreter : Path
        The Python that runs it, or that its command line finds first.
    folder : Path
        Where it runs.

    Returns
    -------
    str
        What there is to tell of it.
    """
    try:
        installed, package = _ask(environment, interpreter, folder)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return (
            f"Azure ML v1's import names are not given to the script: {interpreter} did not say what it has ({error})."
        )
    if installed is not None:
        return f"'import azureml.core' in the script is {installed}, which {interpreter} has, and whose runs go to the cloud."
    names = None if package is None else Path(package, *v1_names.PLACE)
    if names is None or not names.is_dir():
        return (
            f"Azure ML v1's import names are not given to the script: they are not in {package or 'its aml_widgets'}."
        )
    given = environment.get("PYTHONPATH")
    folders = given.split(os.pathsep) if given else []
    if str(names) not in folders:  # a script that was given them may have submitted this one
        environment["PYTHONPATH"] = os.pathsep.join([*folders, str(names)])
    return "'import azureml.core' works in the script as where it was submitted, and is aml_widgets."


def _ask(environment: dict[str, str], interpreter: Path, folder: Path) -> tuple[str | None, str | None]:
    """Ask the interpreter for its ``azureml-core``, and for the folder of this package as the script will find it."""
    command = [str(interpreter), v1_installed.__file__]
    asked = subprocess.run(  # noqa: S603 - the interpreter that runs the script next
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_SECONDS,
    )
    installed, package = json.loads(asked.stdout.splitlines()[-1])  # what a sitecustomize prints comes before it
    return installed, package
