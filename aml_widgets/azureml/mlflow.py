"""What v1 added to MLflow, for runs of this package and for those that MLflow itself gives."""

from __future__ import annotations

from typing import Any

from aml_widgets.core.errors import UserError
from aml_widgets.core.showing import show, show_type
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace


def get_portal_url(run: Any) -> str:
    """Give the link to a run's page, as `Run.get_portal_url` does.

    Parameters
    ----------
    run : Run or mlflow.entities.Run
        The run.

    Returns
    -------
    str
        The link.
    """
    return find_run(run).get_portal_url()


def register_model(run: Any, name: str, path: str, tags: dict[str, Any] | None = None, **kwargs: Any) -> Model:
    """Keep files of a run as a model, as `Run.register_model` does.

    Parameters
    ----------
    run : Run or mlflow.entities.Run
        The run.
    name : str
        The model's name.
    path : str
        The file or folder among the files of the run.
    tags : dict, optional
        Tags of the model.
    **kwargs : object
        More of what `Run.register_model` takes.

    Returns
    -------
    Model
        The model's new version.
    """
    return find_run(run).register_model(model_name=name, model_path=path, tags=tags, **kwargs)


def find_run(run: Any) -> Run:
    """Give the run of this package that is meant.

    Parameters
    ----------
    run : Run or mlflow.entities.Run
        One of this package is given back; one of MLflow's is looked for in the workspace that MLflow's tracking URI names.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    UserError
        If it is no run.
    RunNotFound
        If the workspace does not have it.
    """
    if isinstance(run, Run):
        return run
    run_id = getattr(getattr(run, "info", None), "run_id", None)
    if run_id is None:
        raise UserError(
            f"A run must be a Run of aml_widgets or of MLflow, got {show(run)}, {show_type(run)}. "
            "Give ws.get_run(run_id), or what mlflow.start_run() or MlflowClient().get_run(run_id) gave.",
            value=run,
        )
    import mlflow

    return Workspace.open(mlflow.get_tracking_uri()).get_run(run_id)
