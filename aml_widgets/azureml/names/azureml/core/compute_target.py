"""The error of compute targets, and what was there before they had classes."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {"azureml.exceptions": ("ComputeTargetException",)},
    absent={
        "COMPUTE": (
            "AbstractComputeTarget",
            "LocalTarget",
            "attach_legacy_compute_target",
            "is_compute_target_prepared",
            "prepare_compute_target",
            "remove_legacy_compute_target",
        )
    },
)
