"""Run ``python -m aml_widgets.azureml train.py``: a script that finds Azure ML v1's import names, and all else as without this."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NoReturn

from aml_widgets.core import v1_names

_PROGRAM = "python -m aml_widgets.azureml"

USAGE = f"""\
usage: {_PROGRAM} script.py [argument ...]
       {_PROGRAM} -m module [argument ...]
       {_PROGRAM} -c code [argument ...]

Run a script, a module or a line of code as python does, with the import names
of Azure ML v1 given by aml_widgets: 'from azureml.core import Run' works, and
runs are kept on this machine. What the script starts with this or another
Python finds them, too. Python's own options stand before the first -m, as in
'python -W error -m aml_widgets.azureml train.py'.

options:
  -h, --help  show this text and exit
"""

_USAGE_ERROR = 2
_MODULES = ("aml_widgets.azureml", "aml_widgets.azureml.__main__")
_NOT_STARTED_SO = f"start it by these words, '{_PROGRAM} train.py': from others it cannot tell what Python was to run."


def main(arguments: Sequence[str]) -> NoReturn:
    """Become the Python that runs what the arguments say.

    A new interpreter and not this one: so the script is in no way different from one that was started by hand.
    """
    if list(arguments[:1]) in (["-h"], ["--help"]):
        print(USAGE, end="")  # noqa: T201 - this is what was asked for
        sys.exit(0)
    python = _find_python(len(arguments))
    fault = _find_fault(arguments) or (_NOT_STARTED_SO if python is None else None)
    if fault is not None or python is None:
        print(f"{_PROGRAM}: {fault}", file=sys.stderr)  # noqa: T201 - a program's words to who started it
        sys.exit(_USAGE_ERROR)
    command = [*python, *arguments]
    environment = make_environment(os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":  # where exec would return to the shell at once
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 - what the user asked for
    os.execve(command[0], command, environment)  # noqa: S606 - the same


def make_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables for a Python that finds the names, and this package, behind all that it finds without them."""
    folders = []
    if (
        PathFinder.find_spec("aml_widgets", sys.path[1:]) is None
    ):  # found in the current folder alone, where the script may not be
        folders.append(str(Path(v1_names.__file__).resolve().parents[2]))
    if v1_names.is_on():
        folders.append(str(v1_names.NAMES_FOLDER))
    given = environment.get("PYTHONPATH", "")
    known = given.split(os.pathsep) if given else []
    path = os.pathsep.join([*known, *(folder for folder in folders if folder not in known)])
    return {**environment, **({"PYTHONPATH": path} if path else {})}


def _find_fault(arguments: Sequence[str]) -> str | None:
    """Say what is wrong with the command line, None for nothing."""
    if sys.flags.ignore_environment:
        return "the options -I and -E of Python shut out the import names, which are handed on in PYTHONPATH. Leave them out."
    if not arguments:
        return f"name a script to run, such as '{_PROGRAM} train.py'; --help has more."
    first = arguments[0]
    if first in {"-m", "-c"}:
        what = "a module" if first == "-m" else "code"
        return f"{first} needs {what} behind it; --help has more." if len(arguments) == 1 else None
    if first.startswith("-") and first != "-":
        return f"there is no option {first!r}. Options of Python stand before the first -m; --help has more."
    if first != "-" and not Path(first).exists():
        return (
            f"there is no script {first!r} in {str(Path.cwd())!r}. Give its path, or '-m' before the name of a module."
        )
    return None


def _find_python(argument_count: int) -> list[str] | None:
    """Give the command line of this interpreter without this module: the program, and the options of Python.

    None where this module was started by other words: running them again would only lead back here.
    """
    given = sys.orig_argv[: max(len(sys.orig_argv) - argument_count, 0)]
    last = given.pop() if given else ""
    if last in _MODULES and given and _is_letters_with_m(given[-1]):
        letters = given.pop().removesuffix("m")  # "-m", or "-Om" and its like for several
    elif last.startswith("-") and last.endswith(tuple(f"m{module}" for module in _MODULES)):
        letters = last[: last.index("maml_widgets.azureml")]  # "-mmodule"
    else:
        return None
    return [sys.executable, *given[1:], *([letters] if letters != "-" else [])]


def _is_letters_with_m(option: str) -> bool:
    return option.startswith("-") and not option.startswith("--") and option.endswith("m")


if __name__ == "__main__":
    main(sys.argv[1:])
