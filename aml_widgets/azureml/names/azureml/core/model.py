"""Registered models."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {"aml_widgets.azureml.constants": ("MODELS_DIR",), "aml_widgets.tracking.model": ("Model",)},
    absent={"SERVING": ("InferenceConfig", "ModelPackage")},
)
