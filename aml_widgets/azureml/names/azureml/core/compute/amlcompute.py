"""Clusters of Azure ML, by name."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.tracking.compute_status": ("AmlComputeNodeStateCounts", "AmlComputeStatus", "ScaleSettings"),
        "aml_widgets.tracking.compute_v1": ("AmlCompute", "AmlComputeProvisioningConfiguration"),
        "azureml.exceptions": ("ComputeTargetException",),
    },
)
