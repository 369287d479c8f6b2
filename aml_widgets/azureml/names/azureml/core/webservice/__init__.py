"""Web services: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.core.webservice.aci": ("AciWebservice",),
        "azureml.core.webservice.aks": ("AksEndpoint", "AksWebservice"),
        "azureml.core.webservice.local": ("LocalWebservice",),
        "azureml.core.webservice.unknown_webservice": ("UnknownWebservice",),
        "azureml.core.webservice.webservice": ("Webservice",),
    },
)
