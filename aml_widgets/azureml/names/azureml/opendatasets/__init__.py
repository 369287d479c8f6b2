"""Open data sets: the one that tutorials use is here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {"aml_widgets.azureml.opendatasets": ("Diabetes",)},
    absent={
        "DATASETS": (
            "BingCOVID19Data",
            "BostonSafety",
            "COVID19OpenResearch",
            "COVIDTrackingProject",
            "ChicagoSafety",
            "CitySafety",
            "EcdcCOVIDCases",
            "MNIST",
            "NoParameterOpenDatasetBase",
            "NoaaGfsWeather",
            "NoaaIsdWeather",
            "NycSafety",
            "NycTaxiBase",
            "NycTlcFhv",
            "NycTlcGreen",
            "NycTlcYellow",
            "OjSalesSimulated",
            "PublicHolidays",
            "PublicHolidaysOffline",
            "SampleDatasetBase",
            "SanFranciscoSafety",
            "SeattleSafety",
            "UsLaborCPI",
            "UsLaborEHENational",
            "UsLaborEHEState",
            "UsLaborLAUS",
            "UsLaborLFS",
            "UsLaborPPICommodity",
            "UsLaborPPIIndustry",
            "UsPopulationCounty",
            "UsPopulationZip",
        )
    },
)
