"""Where in the notebook something is being shown."""

from __future__ import annotations

from typing import NamedTuple


class CellExecution(NamedTuple):
    """One run of one cell."""

    cell_id: str
    execution_id: str


def has_kernel() -> bool:
    """Whether this process is a Jupyter kernel, so that widgets can be shown."""
    return _kernel() is not None


def current_execution() -> CellExecution | None:
    """Say which cell is running, None where that is not known (not in a notebook, or not in a cell)."""
    kernel = _kernel()
    parent: dict[str, dict[str, str]] = getattr(kernel, "get_parent", dict)()
    cell_id = (parent.get("metadata") or {}).get("cellId")
    execution_id = (parent.get("header") or {}).get("msg_id")
    return CellExecution(cell_id, execution_id) if cell_id and execution_id else None


def _kernel() -> object | None:
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None)
