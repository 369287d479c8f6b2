"""Web services: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.core.webservice.container_resource_requirements": ("ContainerResourceRequirements",),
        "azureml.exceptions": ("WebserviceException",),
    },
    absent={
        "SERVING": (
            "AutoScaler",
            "DataCollection",
            "LivenessProbeRequirements",
            "WebServiceAccessToken",
            "Webservice",
            "WebserviceDeploymentConfiguration",
        )
    },
)
