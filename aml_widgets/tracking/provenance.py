"""Where a run came from: notebook and cell, host, user, process, packages, command line and the state of git.

Facts are properties of the run. What cannot be found out is left out; looking never fails a run.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from aml_widgets.core import records
from aml_widgets.tracking.warn import logger

NOTEBOOK_PATH = "aml_widgets.notebook_path"
CELL_ID = "aml_widgets.cell_id"
HOST = "aml_widgets.host"
USER = "aml_widgets.user"
PID = "aml_widgets.pid"
PYTHON_VERSION = "aml_widgets.python_version"
PLATFORM = "aml_widgets.platform"
PACKAGES = "aml_widgets.packages"
COMMAND_LINE = "aml_widgets.command_line"
WORKING_DIRECTORY = "aml_widgets.working_directory"
SNAPSHOT_ID = records.SNAPSHOT_ID
SNAPSHOT_SKIPPED = "aml_widgets.snapshot_skipped"

GIT_TIMEOUT_SECONDS = 3.0
"""All that git is asked may take so long together; in a huge or remote work tree the rest stays unknown."""

_KEY_PACKAGES = (
    "aml-widgets",
    "catboost",
    "jax",
    "keras",
    "lightgbm",
    "lightning",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pytorch-lightning",
    "scikit-learn",
    "scipy",
    "statsmodels",
    "tensorflow",
    "torch",
    "transformers",
    "xgboost",
)

_MLFLOW_TWINS = {
    "azureml.git.repository_uri": "mlflow.source.git.repoURL",
    "azureml.git.branch": "mlflow.source.git.branch",
    "azureml.git.commit": "mlflow.source.git.commit",
}


def describe_process(notebook_path: str | None, cell_id: str | None) -> dict[str, str]:
    """Describe this process, and the notebook's cell that it serves where there is one."""
    import platform
    import shlex

    facts = {
        NOTEBOOK_PATH: notebook_path,
        CELL_ID: cell_id,
        HOST: platform.node(),
        USER: find_user(),
        PID: str(os.getpid()),
        PYTHON_VERSION: platform.python_version(),
        PLATFORM: platform.platform(),
        PACKAGES: json.dumps(find_package_versions()),
        COMMAND_LINE: shlex.join([sys.executable, *sys.orig_argv[1:]]),
        WORKING_DIRECTORY: _find_working_directory(),
    }
    return {name: _as_text(fact) for name, fact in facts.items() if fact}


def describe_interpreter() -> dict[str, str]:
    """Describe the interpreter of this process and where it runs, for a script that another process has started."""
    import platform

    facts = {
        HOST: platform.node(),
        PID: str(os.getpid()),
        PYTHON_VERSION: platform.python_version(),
        PLATFORM: platform.platform(),
        PACKAGES: json.dumps(find_package_versions()),
    }
    return {name: _as_text(fact) for name, fact in facts.items() if fact}


def describe_submitter(notebook_path: str | None, cell_id: str | None) -> dict[str, str]:
    """Describe who submits a run, and the notebook's cell that does; the process that will carry it out is another."""
    facts = {NOTEBOOK_PATH: notebook_path, CELL_ID: cell_id, USER: find_user()}
    return {name: _as_text(fact) for name, fact in facts.items() if fact}


def find_package_versions() -> dict[str, str]:
    """Give the versions of the packages a result most often depends on, as far as they are installed."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in _KEY_PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def describe_git(folder: Path, overrides: Mapping[str, str]) -> dict[str, str]:
    """Describe the git work tree that a folder is in.

    Parameters
    ----------
    folder : Path
        Any folder. In one that is in no work tree, or without git, nothing is found.
    overrides : mapping of str to str
        Properties that win over what git says.

    Returns
    -------
    dict of str to str
        Properties named as in v1, and MLflow's names for the same facts.
    """
    facts = {**_ask_git(folder), **overrides}
    if "azureml.git.repository_uri" in facts:
        facts["azureml.git.repository_uri"] = _without_credentials(facts["azureml.git.repository_uri"])
    twins = {twin: facts[name] for name, twin in _MLFLOW_TWINS.items() if name in facts}
    return {name: _as_text(fact) for name, fact in {**facts, **twins}.items()}


def _ask_git(folder: Path) -> dict[str, str]:
    if not _is_in_work_tree(folder):
        return {}
    git = _Git(folder)
    found = {
        "azureml.git.commit": git.ask("rev-parse", "--verify", "HEAD"),
        "azureml.git.branch": git.ask("rev-parse", "--abbrev-ref", "HEAD"),
        "azureml.git.repository_uri": git.ask("config", "--get", "remote.origin.url"),
    }
    facts = {name: text for name, text in found.items() if text}
    changes = git.ask("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    if changes is not None:
        facts["azureml.git.dirty"] = str(bool(changes))
    return facts


class _Git:
    """Asks git about a folder, all answers together within one time-out."""

    def __init__(self, folder: Path) -> None:
        import time

        self._folder = folder
        self._monotonic = time.monotonic
        self._deadline = time.monotonic() + GIT_TIMEOUT_SECONDS

    def ask(self, *arguments: str) -> str | None:
        """Give git's answer without the line end, None where it has none."""
        import subprocess

        try:
            answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
                ["git", "--no-optional-locks", *arguments],  # noqa: S607 - the user's own git, wherever it is
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(0.01, self._deadline - self._monotonic()),
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            logger.debug("git could not be asked for %s: %s", arguments, error)
            return None
        return answer.stdout.decode("utf-8", "replace").strip() if answer.returncode == 0 else None


def _is_in_work_tree(folder: Path) -> bool:
    # Starting git costs milliseconds, and most folders are in no work tree.
    try:
        absolute = folder.resolve()
        return any((parent / ".git").exists() for parent in (absolute, *absolute.parents))
    except OSError:
        return False


def _without_credentials(uri: str) -> str:
    """Leave out a user name and password: a property is shown to everybody."""
    return re.sub(r"^([A-Za-z][A-Za-z0-9+.\-]*://)[^/@]*@", r"\1", uri)


def find_user() -> str | None:
    """Give the name of whoever runs this process, or the number where there is no name."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user id that has no name
        return str(os.getuid()) if hasattr(os, "getuid") else None


def _find_working_directory() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # the folder was deleted
        return None


def _as_text(fact: str) -> str:
    """Give text that UTF-8 can keep: file names and arguments may hold undecodable bytes."""
    return fact.encode("utf-8", "replace").decode("utf-8")
