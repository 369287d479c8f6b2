"""Datasets: importable, and not here."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "azureml.data.datacache": ("DatacacheStore",),
        "azureml.data.dataset_factory": ("DataType",),
        "azureml.data.file_dataset": ("FileDataset",),
        "azureml.data.output_dataset_config": (
            "HDFSOutputDatasetConfig",
            "LinkFileOutputDatasetConfig",
            "LinkTabularOutputDatasetConfig",
            "OutputFileDatasetConfig",
        ),
        "azureml.data.tabular_dataset": ("TabularDataset",),
    },
)
