"""Compute instances of Azure ML, by name."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.tracking.compute_instance": ("ComputeInstance", "ComputeInstanceProvisioningConfiguration"),
        "aml_widgets.tracking.compute_status": ("ComputeInstanceStatus",),
        "azureml.exceptions": ("ComputeTargetException",),
    },
)
