"""The errors of v1, by its names."""

from __future__ import annotations

from aml_widgets.azureml.exceptions import __all__ as _names
from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(globals(), {"aml_widgets.azureml.exceptions": _names})
