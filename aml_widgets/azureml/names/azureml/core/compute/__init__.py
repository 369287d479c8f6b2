"""Compute targets by v1's names."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.tracking.compute": ("ComputeTarget",),
        "aml_widgets.tracking.compute_v1": ("AmlCompute", "ComputeInstance"),
        "azureml.core.compute.adla": ("AdlaCompute",),
        "azureml.core.compute.aks": ("AksCompute",),
        "azureml.core.compute.batch": ("BatchCompute",),
        "azureml.core.compute.databricks": ("DatabricksCompute",),
        "azureml.core.compute.datafactory": ("DataFactoryCompute",),
        "azureml.core.compute.dsvm": ("DsvmCompute",),
        "azureml.core.compute.hdinsight": ("HDInsightCompute",),
        "azureml.core.compute.kubernetescompute": ("KubernetesCompute",),
        "azureml.core.compute.kusto": ("KustoCompute",),
        "azureml.core.compute.remote": ("RemoteCompute",),
        "azureml.core.compute.synapse": ("SynapseCompute",),
    },
)
