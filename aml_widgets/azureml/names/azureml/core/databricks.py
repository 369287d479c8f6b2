"""Clusters and libraries of Databricks."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.submit.configuration.environment_sections": (
            "DatabricksSection",
            "DatabricksSection as DatabricksEnvironment",
        )
    },
    absent={
        "COMPUTE": ("DatabricksCluster", "EggLibrary", "JarLibrary", "MavenLibrary", "PyPiLibrary", "RCranLibrary")
    },
)
