"""Which engine carries out what is submitted to a compute target."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aml_widgets.submit.engines.protocol import Engine

LOCAL = "local"
"""The target that is always there: this machine, at once, as many runs as are submitted."""


def find_engine(target: str) -> Engine:
    """Give the engine of a compute target.

    Raises
    ------
    TargetNotFound
        If there is no such target on this machine.
    """
    if target == LOCAL:
        from aml_widgets.submit.engines.local_engine import LocalEngine

        return LocalEngine()
    from aml_widgets.submit.engines.targets import RAY_KIND, get_target

    if get_target(target).kind == RAY_KIND:
        from aml_widgets.submit.engines.ray_engine import RayEngine

        return RayEngine()
    from aml_widgets.submit.engines.queued_engine import QueuedEngine

    return QueuedEngine()
