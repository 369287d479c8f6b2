"""Estimators, which v1 itself gave up for ScriptRunConfig: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    absent={
        "COMPUTE": (
            "Estimator",
            "Gloo",
            "MMLBaseEstimator",
            "MMLBaseEstimatorRunConfig",
            "Mpi",
            "Nccl",
            "ParameterServer",
        )
    },
)
