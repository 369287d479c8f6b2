"""What all compute targets have."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {"aml_widgets.tracking.compute": ("ComputeTarget",), "azureml.exceptions": ("ComputeTargetException",)},
    absent={
        "COMPUTE": (
            "ComputeTargetAttachConfiguration",
            "ComputeTargetProvisioningConfiguration",
            "ComputeTargetUpdateConfiguration",
        )
    },
)
