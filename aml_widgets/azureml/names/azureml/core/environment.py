"""Environments of scripts."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.azureml.constants": ("DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "PYTHON_DEFAULT_VERSION"),
        "aml_widgets.submit.configuration.conda_dependencies": ("CondaDependencies",),
        "aml_widgets.submit.configuration.environment": ("Environment",),
        "aml_widgets.submit.configuration.environment_sections": (
            "ContainerRegistry",
            "DatabricksSection",
            "DockerSection",
            "DockerSection as DockerEnvironment",
            "PythonSection",
            "PythonSection as PythonEnvironment",
        ),
    },
    absent={
        "COMPUTE": ("RCranPackage", "RGitHubPackage", "RSection", "SparkEnvironment", "SparkPackage", "SparkSection"),
        "IMAGES": (
            "DockerBuildContext",
            "DockerImageDetails",
            "DockerImagePlatform",
            "EnvironmentReference",
            "ImageBuildDetails",
        ),
    },
)
