"""Checks of what is handed over to say where something is: a workspace, an experiment, a run's id, a path.

They come before anything is asked of the store, so that a likely mistake is told in the words of the caller.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aml_widgets.core.errors import RunNotFound, UserError
from aml_widgets.core.records import RunRecord
from aml_widgets.store.uri import is_path
from aml_widgets.tracking.values import check_name, show, show_type

if TYPE_CHECKING:
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.workspace import Workspace


def check_workspace(workspace: object, what: str = "An experiment is in a workspace") -> Workspace:
    """Give back a workspace.

    Raises
    ------
    UserError
        For anything else; `what` says why one is needed.
    """
    from aml_widgets.tracking.workspace import Workspace

    if not isinstance(workspace, Workspace):
        raise UserError(
            f"{what}, got {show(workspace)}, {show_type(workspace)}. "
            "Open one with Workspace.from_config() or Workspace.open(folder), and give it first.",
            value=workspace,
        )
    return workspace


def check_experiment(experiment: object) -> Experiment:
    """Give back an experiment.

    Raises
    ------
    UserError
        For anything else.
    """
    from aml_widgets.tracking.experiment import Experiment

    if not isinstance(experiment, Experiment):
        raise UserError(
            f"A run is in an experiment, got {show(experiment)}, {show_type(experiment)}. "
            "Give Experiment(workspace, 'name') first, or use workspace.get_run(run_id).",
            value=experiment,
        )
    return experiment


def check_path(path: object, what: str) -> str:
    """Give back a path as text.

    Raises
    ------
    UserError
        For what is no path, and for text that no file system takes.
    """
    text = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(text, str) or not is_path(text):
        raise UserError(
            f"{what} must be a path, got {show(path)}, {show_type(path)}. Give one such as './folder'.", value=path
        )
    return text


def read_run(workspace: Workspace, run_id: object) -> RunRecord:
    """Read a run of a workspace.

    Raises
    ------
    InvalidName
        If the id is no text that could be one.
    RunNotFound
        If there is none; the message says where it was looked for.
    """
    checked = check_name(run_id, "Run id")
    try:
        return workspace.store.get_run(checked)
    except RunNotFound as error:
        raise RunNotFound(
            f"There is no run {show(checked)} in the workspace {workspace.name!r}, which is in {workspace.location!r}. "
            "Check the id, which run.id gives, or open the workspace that the run is in.",
            value=run_id,
        ) from error
