"""Log machine-learning runs from a notebook or a script, and watch them live.

The public names load on first use, so that a training script that imports this package pays only for what it touches.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - a script that was submitted may be run by any interpreter of its user's
    raise ImportError(
        f"aml_widgets needs Python 3.10 or newer, and {sys.executable} is older. Run the script with another."
    )

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aml_widgets.core.records import ViewType as ViewType
    from aml_widgets.core.status import RunStatus as RunStatus
    from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies as CondaDependencies
    from aml_widgets.submit.configuration.environment import Environment as Environment
    from aml_widgets.submit.configuration.run_configuration import RunConfiguration as RunConfiguration
    from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig as ScriptRunConfig
    from aml_widgets.tracking.compute import ComputeTarget as ComputeTarget
    from aml_widgets.tracking.compute import LocalTarget as LocalTarget
    from aml_widgets.tracking.compute import RayTarget as RayTarget
    from aml_widgets.tracking.experiment import Experiment as Experiment
    from aml_widgets.tracking.model import Model as Model
    from aml_widgets.tracking.run import Run as Run
    from aml_widgets.tracking.run import get_run as get_run
    from aml_widgets.tracking.workspace import Workspace as Workspace
    from aml_widgets.widgets.run_details import RunDetails as RunDetails

_HOMES = {
    "ComputeTarget": "aml_widgets.tracking.compute",
    "CondaDependencies": "aml_widgets.submit.configuration.conda_dependencies",
    "Environment": "aml_widgets.submit.configuration.environment",
    "Experiment": "aml_widgets.tracking.experiment",
    "LocalTarget": "aml_widgets.tracking.compute",
    "Model": "aml_widgets.tracking.model",
    "RayTarget": "aml_widgets.tracking.compute",
    "Run": "aml_widgets.tracking.run",
    "RunConfiguration": "aml_widgets.submit.configuration.run_configuration",
    "RunDetails": "aml_widgets.widgets.run_details",
    "RunStatus": "aml_widgets.core.status",
    "ScriptRunConfig": "aml_widgets.submit.configuration.script_run_config",
    "ViewType": "aml_widgets.core.records",
    "Workspace": "aml_widgets.tracking.workspace",
    "get_run": "aml_widgets.tracking.run",
}

__all__ = [
    "ComputeTarget",
    "CondaDependencies",
    "Environment",
    "Experiment",
    "LocalTarget",
    "Model",
    "RayTarget",
    "Run",
    "RunConfiguration",
    "RunDetails",
    "RunStatus",
    "ScriptRunConfig",
    "ViewType",
    "Workspace",
    "__version__",
    "get_run",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        value: object = version("aml-widgets")
    elif name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell `jupyter labextension develop` where the run browser's front end is."""
    return [{"src": "_labextension", "dest": "aml-widgets"}]
