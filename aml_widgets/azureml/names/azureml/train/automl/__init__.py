"""Automated machine learning: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.pipeline.steps": ("AutoMLStep", "AutoMLStepRun"),
        "azureml.train.automl.automlconfig": ("AutoMLConfig",),
        "azureml.train.automl.automlimageconfig": ("AutoMLImageConfig",),
    },
)
