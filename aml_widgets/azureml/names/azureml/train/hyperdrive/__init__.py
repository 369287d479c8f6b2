"""HyperDrive: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.train.hyperdrive.parameter_expressions": (
            "choice",
            "lognormal",
            "loguniform",
            "normal",
            "qlognormal",
            "qloguniform",
            "qnormal",
            "quniform",
            "randint",
            "uniform",
        ),
        "azureml.train.hyperdrive.policy": (
            "BanditPolicy",
            "EarlyTerminationPolicy",
            "MedianStoppingPolicy",
            "NoTerminationPolicy",
            "TruncationSelectionPolicy",
        ),
        "azureml.train.hyperdrive.run": ("HyperDriveRun",),
        "azureml.train.hyperdrive.runconfig": ("HyperDriveConfig", "HyperDriveRunConfig", "PrimaryMetricGoal"),
        "azureml.train.hyperdrive.sampling": (
            "BayesianParameterSampling",
            "GridParameterSampling",
            "HyperParameterSampling",
            "RandomParameterSampling",
        ),
    },
)
