"""The live view of a run."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.widgets.run_details": ("RunDetails",),
        "azureml.widgets.parallel_run_step_details": ("ParallelRunStepDetails",),
    },
)
