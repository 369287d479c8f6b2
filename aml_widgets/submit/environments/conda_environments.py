"""The conda environments of this machine, found by asking conda, mamba or micromamba."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from aml_widgets.core.errors import ConfigError
from aml_widgets.core.showing import show

_PROGRAMS = ("conda", "mamba", "micromamba")
_TIMEOUT_SECONDS = 120.0


def find_python(name: object) -> Path:
    """Give the Python of a conda environment.

    Parameters
    ----------
    name : str
        The environment's name; ``base`` for conda's own.

    Returns
    -------
    Path
        The interpreter.

    Raises
    ------
    ConfigError
        If there is no conda, no such environment, or no Python in it.
    """
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"The name of a conda environment must be text, got {show(name)}.", value=name)
    program = os.environ.get("CONDA_EXE") or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise ConfigError(
            f"Conda environment {name!r} cannot be found: there is no conda, mamba or micromamba on the PATH. Set "
            "env.python.user_managed_dependencies = True and env.python.interpreter_path to the python in its folder instead.",
            value=name,
        )
    folders = _list_folders(program)
    by_name = {folder.name: folder for folder in reversed(folders[1:])}
    if folders:
        by_name["base"] = folders[0]
    folder = by_name.get(name)
    if folder is None:
        raise ConfigError(
            f"There is no conda environment {name!r}. {program} knows {', '.join(sorted(by_name)) or 'none'}.",
            value=name,
        )
    python = folder / ("python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise ConfigError(
            f"Conda environment {name!r} in {str(folder)!r} has no Python. Install one into it.", value=name
        )
    return python


def _list_folders(program: str) -> list[Path]:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own conda
            [program, "env", "list", "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        return [Path(folder) for folder in json.loads(done.stdout)["envs"]]
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip() or f"exit code {error.returncode}"
        raise ConfigError(f"'{program} env list --json' failed: {reason}") from error
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"'{program} env list --json' gave no list of environments: {error!r}") from error
