"""Pipelines: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.pipeline.steps.adla_step": ("AdlaStep",),
        "azureml.pipeline.steps.automl_step": ("AutoMLStep", "AutoMLStepRun"),
        "azureml.pipeline.steps.azurebatch_step": ("AzureBatchStep",),
        "azureml.pipeline.steps.command_step": ("CommandStep",),
        "azureml.pipeline.steps.data_transfer_step": ("DataTransferStep",),
        "azureml.pipeline.steps.databricks_step": ("DatabricksStep",),
        "azureml.pipeline.steps.estimator_step": ("EstimatorStep",),
        "azureml.pipeline.steps.hyper_drive_step": ("HyperDriveStep", "HyperDriveStepRun"),
        "azureml.pipeline.steps.kusto_step": ("KustoStep",),
        "azureml.pipeline.steps.module_step": ("ModuleStep",),
        "azureml.pipeline.steps.mpi_step": ("MpiStep",),
        "azureml.pipeline.steps.parallel_run_config": ("ParallelRunConfig",),
        "azureml.pipeline.steps.parallel_run_step": ("ParallelRunStep",),
        "azureml.pipeline.steps.python_script_step": ("PythonScriptStep",),
        "azureml.pipeline.steps.r_script_step": ("RScriptStep",),
        "azureml.pipeline.steps.synapse_spark_step": ("SynapseSparkStep",),
    },
)
