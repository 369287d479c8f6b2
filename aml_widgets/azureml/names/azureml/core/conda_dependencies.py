"""The packages of an environment."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.azureml.constants": ("PYTHON_DEFAULT_VERSION",),
        "aml_widgets.submit.configuration.conda_dependencies": ("CondaDependencies",),
    },
)
