"""Log machine-learning runs from a notebook or a script, and watch them live.

The public names load on first use, so that a training script that imports this package pays only for what it touches.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aml_widgets.core.records import ViewType as ViewType
    from aml_widgets.core.status import RunStatus as RunStatus
    from aml_widgets.tracking.experiment import Experiment as Experiment
    from aml_widgets.tracking.run import Run as Run
    from aml_widgets.tracking.run import get_run as get_run
    from aml_widgets.tracking.workspace import Workspace as Workspace
    from aml_widgets.widgets.run_details import RunDetails as RunDetails

_HOMES = {
    "Experiment": "aml_widgets.tracking.experiment",
    "Run": "aml_widgets.tracking.run",
    "RunDetails": "aml_widgets.widgets.run_details",
    "RunStatus": "aml_widgets.core.status",
    "ViewType": "aml_widgets.core.records",
    "Workspace": "aml_widgets.tracking.workspace",
    "get_run": "aml_widgets.tracking.run",
}

__all__ = [
    "Experiment",
    "Run",
    "RunDetails",
    "RunStatus",
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
