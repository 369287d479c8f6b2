"""Pipelines: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.pipeline.core.builder": ("PipelineData", "PipelineStep", "StepSequence"),
        "azureml.pipeline.core.graph": (
            "InputPortBinding",
            "OutputPortBinding",
            "PipelineDataset",
            "PipelineParameter",
            "PortDataReference",
            "PublishedPipeline",
            "TrainingOutput",
        ),
        "azureml.pipeline.core.module": ("Module", "ModuleVersion", "ModuleVersionDescriptor"),
        "azureml.pipeline.core.pipeline": ("Pipeline",),
        "azureml.pipeline.core.pipeline_draft": ("PipelineDraft",),
        "azureml.pipeline.core.pipeline_endpoint": ("PipelineEndpoint",),
        "azureml.pipeline.core.run": ("PipelineRun", "StepRun", "StepRunOutput"),
        "azureml.pipeline.core.schedule": ("Schedule", "ScheduleRecurrence", "TimeZone"),
    },
)
