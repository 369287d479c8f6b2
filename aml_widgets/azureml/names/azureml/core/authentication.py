"""Who one is in the cloud, by v1's names: accepted, and not needed."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.azureml.authentication": (
            "AbstractAuthentication",
            "ArcadiaTokenAuthentication",
            "ArmTokenAuthentication",
            "Audience",
            "AzureCliAuthentication",
            "AzureMLTokenAuthentication",
            "InteractiveLoginAuthentication",
            "MsiAuthentication",
            "ServicePrincipalAuthentication",
            "TokenAuthentication",
        )
    },
)
