"""The Python that runs a script: one that is there, or one from an environment that is built for it and kept."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aml_widgets.core.errors import AmlWidgetsError, EnvironmentBuildError, RunEnvironmentError
from aml_widgets.submit.environments import build_tools, environment_cache, oldest_python
from aml_widgets.submit.environments.build_tools import Console
from aml_widgets.submit.environments.environment_spec import EnvironmentSpec
from aml_widgets.submit.environments.python_versions import FoundPython, find_python


def find_interpreter(environment: Mapping[str, object], *, has_v1_names: bool = False) -> Path | None:
    """Give the Python of an environment where it is there already.

    Parameters
    ----------
    environment : mapping
        As `Environment.to_dict` gives it.
    has_v1_names : bool, optional
        Whether ``import azureml.core`` in the script is to give this package, which an old Python cannot import.

    Returns
    -------
    Path or None
        None where `build_interpreter` has to make it first, which this machine is able to begin.

    Raises
    ------
    RunEnvironmentError
        If the interpreter is missing or too old, or the environment cannot be built on this machine.
    """
    if _is_user_managed(environment):
        path = _find_user_managed(environment)
        if has_v1_names:
            oldest_python.check_interpreter(path)
        return path
    spec = EnvironmentSpec.read(environment)
    if has_v1_names:  # before anybody installs an old Python because it is missing
        oldest_python.check_wanted(spec)
    plan = _plan(spec)
    if has_v1_names and plan.base is not None:
        oldest_python.check_found(spec, plan.base)
    return environment_cache.find_built(plan.key)


def find_key(environment: Mapping[str, object]) -> str | None:
    """Give the key in `environment_cache` of an environment, None for one that nobody builds.

    Raises
    ------
    RunEnvironmentError
        If it cannot be built on this machine.
    """
    if not environment or _is_user_managed(environment):
        return None
    return _plan(EnvironmentSpec.read(environment)).key


def build_interpreter(
    environment: Mapping[str, object], write_log: Callable[[str], None], *, stop: Callable[[], bool]
) -> Path:
    """Give the Python of an environment, built now where it is not there.

    One process at a time builds an environment; others that want the same wait for it.

    Parameters
    ----------
    environment : mapping
        As `Environment.to_dict` gives it.
    write_log : callable
        Takes what happens, line by line, without line ends. Passwords in addresses are left out.
    stop : callable
        Asked several times a second; True ends the build.

    Returns
    -------
    Path
        The interpreter.

    Raises
    ------
    RunEnvironmentError
        As for `find_interpreter`.
    EnvironmentBuildError
        If a tool failed. Nothing of the environment is left.
    EnvironmentBuildStopped
        If `stop` said so.
    """
    if _is_user_managed(environment):
        return _find_user_managed(environment)
    spec = EnvironmentSpec.read(environment)
    plan = _plan(spec)
    console = Console(write_log, stop)
    try:
        return _get_or_build(spec, plan, console)
    except AmlWidgetsError:  # a log that the store refuses is told as what it is
        raise
    except OSError as error:
        raise EnvironmentBuildError(
            f"Environment {spec.name!r} cannot be built: {error.strerror or error}. See to the disk of "
            "the folder that AML_WIDGETS_HOME names, or name another there.",
            value=error.filename,
        ) from error


@dataclass(frozen=True, slots=True)
class _Plan:
    """How an environment is built: by conda, or from a Python that is there."""

    key: str
    conda: Path | None = None
    base: FoundPython | None = None


def _plan(spec: EnvironmentSpec) -> _Plan:
    if spec.needs_conda:
        conda = build_tools.find_conda()
        if conda is None:
            packages = ", ".join(spec.conda_packages)
            raise RunEnvironmentError(
                f"Environment {spec.name!r} asks conda for {packages}, and neither micromamba, mamba nor conda is on PATH. "
                "Ask pip for them (pip_packages=[…], or under 'pip' in the file), or install one of the three: "
                "micromamba is a single program.",
                value=spec.conda_packages,
            )
        return _plan_conda(spec, conda)
    base, others = find_python(spec.python, find_more=build_tools.find_pythons_of_uv)
    if base is not None:
        contents = [base.version, base.implementation, base.platform, spec.describe_contents()]
        return _Plan(environment_cache.make_key(contents), base=base)
    conda = build_tools.find_conda()
    if conda is not None:
        return _plan_conda(spec, conda)
    found = ", ".join(f"{python.version} ({python.path})" for python in others)
    raise RunEnvironmentError(
        f"Environment {spec.name!r} asks for python{spec.python.text}, which is not on this machine. There is {found}. "
        "Ask for one of these, or install that Python so that it is on PATH ('uv python install' will do)."
        + (
            " A script that imports aml_widgets needs Python 3.10 or newer."
            if oldest_python.is_too_old(spec.python)
            else ""
        ),
        value=spec.python.text,
    )


def _plan_conda(spec: EnvironmentSpec, conda: Path) -> _Plan:
    contents = ["conda", sys.platform, os.uname().machine if hasattr(os, "uname") else "", spec.describe_contents()]
    return _Plan(environment_cache.make_key(contents), conda=conda)


def _get_or_build(spec: EnvironmentSpec, plan: _Plan, console: Console) -> Path:
    built = environment_cache.find_built(plan.key)
    if built is not None:
        console.say(f"Environment {spec.name!r} is there already: {built}")
        return built

    def tell_waiting() -> None:
        console.say(f"Another process builds environment {spec.name!r}. Waiting for it.")

    with environment_cache.locked(plan.key, on_wait=tell_waiting, stop=console.stop):
        built = environment_cache.find_built(plan.key)
        if built is not None:
            console.say(f"Environment {spec.name!r} is ready: {built}")
            return built
        return _build(spec, plan, console)


def _build(spec: EnvironmentSpec, plan: _Plan, console: Console) -> Path:
    started = time.monotonic()
    attempt = environment_cache.new_attempt(plan.key)
    is_complete = False
    try:
        console.say(f"Building environment {spec.name!r} in {attempt}")
        for line in (*spec.conda_packages, *spec.pip_lines):
            console.say(f"  {line}")
        interpreter = _use_tool(spec, plan, attempt, console)
        environment_cache.mark_complete(attempt, interpreter, {"name": spec.name})
        is_complete = True
    finally:
        if not is_complete:
            environment_cache.discard(attempt)
    console.say(f"Environment {spec.name!r} was built in {time.monotonic() - started:.1f} s: {interpreter}")
    return interpreter


def _use_tool(spec: EnvironmentSpec, plan: _Plan, attempt: Path, console: Console) -> Path:
    if plan.conda is not None:
        return build_tools.build_with_conda(plan.conda, spec, attempt, console)
    assert plan.base is not None
    console.say(f"Python {plan.base.version}: {plan.base.path}")
    uv = build_tools.find_uv()
    if uv is not None:
        return build_tools.build_with_uv(uv, plan.base.path, spec, attempt, console)
    return build_tools.build_with_venv(plan.base.path, spec, attempt, console)


def _is_user_managed(environment: Mapping[str, object]) -> bool:
    python = environment.get("python")
    return isinstance(python, Mapping) and bool(python.get("userManagedDependencies"))


def _find_user_managed(environment: Mapping[str, object]) -> Path:
    python = environment.get("python")
    given = str((python.get("interpreterPath") if isinstance(python, Mapping) else None) or "python")
    rule = f"Set environment.python.interpreter_path to a Python that is there, such as {sys.executable!r}."
    return find_named_interpreter(given, rule)


def find_named_interpreter(given: str, rule: str) -> Path:
    """Give the Python of an absolute path, or of a name on the ``PATH``.

    Parameters
    ----------
    given : str
        The path or name.
    rule : str
        What is to be done where it is not there, as the end of the message.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    RunEnvironmentError
        If there is none.
    """
    path = Path(given).expanduser()
    if path.is_absolute():
        # Links are kept: a virtual environment's interpreter is a link to another Python.
        if path.is_file() and os.access(path, os.X_OK):
            return path
        what = "is a folder" if path.is_dir() else "cannot be executed" if path.exists() else "does not exist"
        raise RunEnvironmentError(f"The interpreter {given!r} {what}. {rule}", value=given)
    if os.path.dirname(given):  # noqa: PTH120 - "./python" is a path, and Path drops the "./"
        raise RunEnvironmentError(
            f"The interpreter {given!r} must be an absolute path, or a name on PATH: the script runs in a folder of its own. {rule}",
            value=given,
        )
    found = shutil.which(given)
    if found is None:
        raise RunEnvironmentError(f"There is no interpreter {given!r} on PATH. {rule}", value=given)
    return Path(found).absolute()
