"""Runs."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.tracking.context": ("_OfflineRun",),
        "aml_widgets.tracking.run": ("Run", "get_run"),
        "aml_widgets.tracking.submitted_run": ("_SubmittedRun",),
    },
    absent={"DATASETS": ("InputDatasets", "LinkOutput", "OutputDatasets")},
)
