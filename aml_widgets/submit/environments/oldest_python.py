"""The oldest Python in which a script can import this package, and the refusal of an older one where the script is known to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments.environment_spec import EnvironmentSpec
from aml_widgets.submit.environments.python_versions import FoundPython, VersionRange, to_numbers

OLDEST = (3, 10)

_NEWER = (*((OLDEST[0], minor) for minor in range(OLDEST[1], 100)), (OLDEST[0] + 1, 0))
_TIMEOUT_SECONDS = 20.0
_OLDER = "For a script that imports neither, an older one will do where the program that submits it does not have these names."
# Python 3.6 has to understand it. An interpreter with azureml-core itself imports that, and nothing of ours.
_PROBE = (
    "import importlib.util as util, json, platform; "
    "has_v1 = util.find_spec('azureml') is not None and util.find_spec('azureml.core') is not None; "
    "print(json.dumps([platform.python_version(), has_v1]))"
)


def is_too_old(wanted: VersionRange) -> bool:
    """Say whether no version that a specification allows can import this package."""
    return not any(wanted.may_allow(*version) for version in _NEWER)


def check_wanted(spec: EnvironmentSpec) -> None:
    """See that an environment asks for a Python in which ``import azureml.core`` can give this package.

    Raises
    ------
    RunEnvironmentError
        If it asks for an older one.
    """
    if not is_too_old(spec.python):
        return
    raise RunEnvironmentError(
        f"Environment {spec.name!r} asks for python{spec.python.text}, and {_rule()} {_ask_for_another()} {_OLDER}",
        value=spec.python.text,
    )


def check_found(spec: EnvironmentSpec, found: FoundPython) -> None:
    """See that of all versions that an environment allows, the one that is here is not too old.

    Raises
    ------
    RunEnvironmentError
        If it is.
    """
    if to_numbers(found.version) >= OLDEST:
        return
    raise RunEnvironmentError(
        f"Environment {spec.name!r} asks for python{spec.python.text}, for which there is Python {found.version} ({str(found.path)!r}), "
        f"and {_rule()} {_ask_for_another()} {_OLDER}",
        value=spec.python.text,
    )


def check_interpreter(path: Path) -> None:
    """See that ``import azureml.core`` can give this package in an interpreter that is there.

    One that does not answer is let through, as it need not be a Python; so is one that has ``azureml-core`` itself.

    Raises
    ------
    RunEnvironmentError
        If it is older.
    """
    if str(path) == sys.executable:
        return
    try:
        answer = subprocess.run(  # noqa: S603 - the interpreter that is to run the script, and fixed arguments
            [path, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
        version, has_v1 = json.loads(answer.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, IndexError):
        return
    if has_v1 or to_numbers(version) >= OLDEST:
        return
    raise RunEnvironmentError(
        f"The interpreter {str(path)!r} is Python {version}, and {_rule()} "
        f"Set environment.python.interpreter_path to a newer one, such as {sys.executable!r}. {_OLDER}",
        value=str(path),
    )


def _rule() -> str:
    return (
        f"a script that imports azureml or aml_widgets needs Python {OLDEST[0]}.{OLDEST[1]} or newer: "
        "Azure ML v1's import names are aml_widgets here."
    )


def _ask_for_another() -> str:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"Ask for another: environment.python.conda_dependencies.set_python_version({own!r}), or 'python={own}' in the file."
