"""What v1 added to MLflow."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(globals(), {"aml_widgets.azureml.mlflow": ("get_portal_url", "register_model")})
