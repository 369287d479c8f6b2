"""Pipelines: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.data.stored_procedure_parameter": ("StoredProcedureParameter", "StoredProcedureParameterType"),
        "azureml.pipeline.core.module": ("Module",),
    },
    absent={
        "PIPELINES": (
            "DataSource",
            "DataSourceDef",
            "DataSourceNode",
            "DataType",
            "Edge",
            "Graph",
            "InputPort",
            "InputPortBinding",
            "InputPortDef",
            "ModuleDef",
            "ModuleNode",
            "Node",
            "OutputPort",
            "OutputPortBinding",
            "OutputPortDef",
            "Param",
            "ParamDef",
            "PipelineDataset",
            "PipelineParameter",
            "PortDataReference",
            "PublishedPipeline",
            "TrainingOutput",
        )
    },
)
