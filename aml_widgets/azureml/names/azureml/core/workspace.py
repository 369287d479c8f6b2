"""Workspaces."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(globals(), {"aml_widgets.tracking.workspace": ("Workspace",)})
