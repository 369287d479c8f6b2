"""Azure ML SDK v1's import names: with ``import aml_widgets.azureml``, v1's notebooks and scripts run unchanged.

From then on ``from azureml.core import Run`` and its like give this package's classes, in this process, in those that
`multiprocessing` starts, and in the scripts that it submits. In a notebook ``%load_ext aml_widgets.azureml`` does the same,
``%unload_ext`` takes it back, and ``python -m aml_widgets.azureml train.py`` runs a script so. Where ``azureml-core`` itself is
installed, nothing changes, and a warning says so.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from aml_widgets.azureml import offering
from aml_widgets.core import v1_names
from aml_widgets.core.v1_installed import find_installed
from aml_widgets.core.warn import warn_user

_ROOT = "azureml"

__all__ = ["load_ipython_extension", "turn_off", "turn_on", "unload_ipython_extension"]


def turn_on() -> bool:
    """Make v1's names importable in this process. Importing this module has done it.

    Where ``azureml-core`` itself is installed, they cannot be imported any more from then on, also where they were handed on to this
    process.

    Returns
    -------
    bool
        Whether they are; not where ``azureml-core`` is installed, of which a warning tells.
    """
    installed = find_installed() or _find_imported()
    if installed is not None:
        _leave_path()  # where they came by PYTHONPATH; a module of theirs may be what imports this one, and stays
        warn_user(
            f"{installed} is installed, so 'import azureml.core' goes on to mean that package, and its runs go to the cloud: "
            "aml_widgets.azureml changes nothing. For runs on this machine, use an environment without it "
            "(pip uninstall azureml-core), or import by this package's own name: from aml_widgets import Run."
        )
        return False
    if v1_names.is_on():
        return True
    sys.path.append(str(v1_names.NAMES_FOLDER))
    importlib.invalidate_caches()
    _reach_into_imported()
    return True


def turn_off() -> None:
    """Take v1's names back from this process; what was imported from them goes on to work."""
    for name in [name for name, module in sys.modules.items() if _is_name_of_v1(name) and _is_ours(module)]:
        offering.take_back(name)
        parent, _, last = name.rpartition(".")
        above = sys.modules.get(parent)
        if above is not None and not _is_ours(above):
            vars(above).pop(last, None)  # in another package, where 'from azureml import core' would find it
    _leave_path()


def load_ipython_extension(shell: object) -> None:
    """Answer ``%load_ext aml_widgets.azureml``."""
    del shell
    turn_on()


def unload_ipython_extension(shell: object) -> None:
    """Answer ``%unload_ext aml_widgets.azureml``."""
    del shell
    turn_off()


def _find_imported() -> str | None:
    """Say what ``azureml.core`` is in this process already, wherever it came from; None where it is none or ours."""
    module = sys.modules.get(f"{_ROOT}.core")
    if module is None or _is_ours(module):
        return None
    return f"azureml.core from {getattr(module, '__file__', None) or 'elsewhere'}"


def _leave_path() -> None:
    """Take our folder from where Python looks for modules; those that were imported stay."""
    sys.path[:] = [entry for entry in sys.path if not v1_names.is_names_folder(entry)]
    path = getattr(sys.modules.get(_ROOT), "__path__", None)
    if isinstance(path, list):
        path[:] = [entry for entry in path if not _is_below_names(entry)]
    importlib.invalidate_caches()


def _reach_into_imported() -> None:
    """Put our folder behind those of a package ``azureml`` that was imported before.

    A namespace package looks at `sys.path` by itself; one with a file ``__init__.py``, as other packages of v1 bring it, does not.
    """
    path = getattr(sys.modules.get(_ROOT), "__path__", None)
    own = str(v1_names.NAMES_FOLDER / _ROOT)
    if isinstance(path, list) and own not in path:
        path.append(own)


def _is_name_of_v1(name: str) -> bool:
    return name == _ROOT or name.startswith(f"{_ROOT}.")


def _is_ours(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    places = [file] if file else list(getattr(module, "__path__", None) or ())
    return bool(places) and all(_is_below_names(place) for place in places)


def _is_below_names(place: str) -> bool:
    return Path(place).resolve().is_relative_to(v1_names.NAMES_FOLDER)


turn_on()
