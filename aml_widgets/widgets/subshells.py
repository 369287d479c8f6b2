"""Let clicks on our widgets be answered while a cell is running.

JupyterLab sends the messages of widgets to a subshell of the kernel, a thread of its own. ipykernel 7.4 hands those of a
widget made in a cell back to the main shell all the same, where they wait until the cell ends. A comm decides this in
``_reply_subshell_for``, which is a private name of ipykernel: this is the one place that touches it, on our own widgets
only, and only where it exists. Without it, and without subshells, everything works but waits for the cell.
"""

from __future__ import annotations

from ipywidgets import Widget


def answer_in_subshell(*widgets: Widget) -> None:
    """Let messages to these widgets be handled in the subshell that the browser sent them to."""
    for widget in widgets:
        comm = widget.comm
        if comm is not None and hasattr(comm, "_reply_subshell_for"):
            comm._reply_subshell_for = _keep  # noqa: SLF001 - see above


def _keep(_data: object, default: str | None) -> str | None:
    return default
