"""Azure ML v1's `azureml.core`, on this package: runs are kept on this machine.

`VERSION` is the version of v1's interface that this answers to; ``aml_widgets.__version__`` is this package's own.
"""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.azureml.constants": ("VERSION", "VERSION as __version__"),
        "aml_widgets.azureml.diagnostics": ("diagnostic_log",),
        "aml_widgets.submit.configuration.environment": ("Environment",),
        "aml_widgets.submit.configuration.environment_sections": ("ContainerRegistry",),
        "aml_widgets.submit.configuration.run_configuration": ("RunConfiguration",),
        "aml_widgets.submit.configuration.script_run_config": ("ScriptRunConfig",),
        "aml_widgets.tracking.compute": ("ComputeTarget",),
        "aml_widgets.tracking.datastore": ("Datastore",),
        "aml_widgets.tracking.experiment": ("Experiment",),
        "aml_widgets.tracking.keyvault": ("Keyvault",),
        "aml_widgets.tracking.model": ("Model",),
        "aml_widgets.tracking.run": ("Run", "get_run"),
        "aml_widgets.tracking.script_run": ("ScriptRun",),
        "aml_widgets.tracking.workspace": ("Workspace",),
        "azureml.core.compute_target": (
            "attach_legacy_compute_target",
            "is_compute_target_prepared",
            "prepare_compute_target",
            "remove_legacy_compute_target",
        ),
        "azureml.core.dataset": ("Dataset",),
        "azureml.core.image": ("Image",),
        "azureml.core.linked_service": ("LinkedService", "SynapseWorkspaceLinkedServiceConfiguration"),
        "azureml.core.private_endpoint": ("PrivateEndPoint", "PrivateEndPointConfig"),
        "azureml.core.webservice": ("Webservice",),
    },
)
