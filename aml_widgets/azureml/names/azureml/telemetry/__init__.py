"""What v1 told its makers: nothing is collected here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.azureml.telemetry": (
            "add_diagnostics_properties",
            "get_diagnostics_collection_info",
            "get_telemetry_log_handler",
            "is_diagnostics_collection_info_available",
            "set_diagnostics_collection",
            "set_diagnostics_properties",
        )
    },
)
