"""What lets a script in another interpreter import this package, and submit in its turn."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.store.uri import get_home

INTERPRETER_VARIABLE = "AML_WIDGETS_INTERPRETER"
"""Tells a script in an interpreter of its own which one submitted it."""

_NEEDED = ("pathspec", "platformdirs", "psutil")
_PACKAGE = Path(__file__).resolve().parents[2]


def importable_folder() -> Path:
    """Give a folder for ``PYTHONPATH`` that holds this very package, as a link to it.

    The rest of ``site-packages`` is not in it. What submits is then the same version as what logs in the script.

    Returns
    -------
    Path
        Below the home of this package; made when it is first asked for.
    """
    installed = _find_version()
    folder = get_home() / ".importable" / _identify(str(_PACKAGE), str(installed), _describe_plugins())
    if _is_there(folder):
        return folder
    try:
        _make(folder, installed, lambda target: target.symlink_to(_PACKAGE, target_is_directory=True))
    except (OSError, NotImplementedError):  # a file system, or a user on Windows, that may not make links
        folder = folder.with_name(_identify(folder.name, *_describe_files()))
        if not _is_there(folder):
            _make(folder, installed, _copy_package)
    return folder


def own_interpreter() -> str:
    """Give a Python that can run what this package starts of its own, such as supervisors.

    In the interpreter of a script the packages for that may be missing; then it is the one that submitted the script.

    Returns
    -------
    str
        The path of its executable.

    Raises
    ------
    RunEnvironmentError
        If there is none.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if not missing:
        return sys.executable
    given = os.environ.get(INTERPRETER_VARIABLE, "")
    if os.access(given, os.X_OK):
        return given
    raise RunEnvironmentError(
        f"Submitting a script needs the packages {', '.join(missing)}, which {sys.executable} does not have. "
        "Add them to the packages of this script's environment.",
        value=sys.executable,
    )


def _make(folder: Path, installed: str | None, put_package: Callable[[Path], None]) -> None:
    """Make the folder whole or not at all, whoever else is doing the same."""
    temporary = folder.with_name(f"{folder.name}.{uuid.uuid4().hex}.tmp")
    temporary.mkdir(parents=True)
    try:
        put_package(temporary / _PACKAGE.name)
        if installed is not None:
            _put_metadata(temporary, installed)
        try:
            temporary.rename(folder)
        except OSError:
            if not _is_there(folder):
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put_metadata(folder: Path, installed: str) -> None:
    """Tell `importlib.metadata` which version this is, and MLflow, where the script has it, what answers to our URIs."""
    metadata = folder / f"aml_widgets-{installed}.dist-info"
    metadata.mkdir()
    text = f"Metadata-Version: 2.1\nName: aml-widgets\nVersion: {installed}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    (metadata / "entry_points.txt").write_text(_describe_plugins(), encoding="utf-8")


def _describe_plugins() -> str:
    """Write the entry points for MLflow that this package was installed with."""
    try:
        known = distribution("aml-widgets").entry_points
    except PackageNotFoundError:  # it runs from a source folder
        return ""
    plugins = sorted((one.group, one.name, one.value) for one in known if one.group.startswith("mlflow."))
    return "".join(f"[{group}]\n{name} = {value}\n" for group, name, value in plugins)


def _copy_package(target: Path) -> None:
    shutil.copytree(_PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__"))


def _describe_files() -> list[str]:
    """Describe the package's files, so that a copy of changed ones is another copy."""
    files = sorted(path for path in _PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return [f"{path}\0{path.stat().st_size}\0{path.stat().st_mtime_ns}" for path in files]


def _find_version() -> str | None:
    try:
        return version("aml-widgets")
    except PackageNotFoundError:  # it runs from a source folder
        return None


def _identify(*facts: str) -> str:
    return hashlib.sha256("\0".join(facts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _is_there(folder: Path) -> bool:
    return (folder / _PACKAGE.name / "__init__.py").is_file()
