"""How a script is run."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    globals(),
    {
        "aml_widgets.azureml.constants": ("DEFAULT_CPU_IMAGE", "DEFAULT_GPU_IMAGE", "MPI_CPU_IMAGE", "MPI_GPU_IMAGE"),
        "aml_widgets.submit.configuration.conda_dependencies": ("CondaDependencies",),
        "aml_widgets.submit.configuration.environment": ("Environment", "Environment as EnvironmentDefinition"),
        "aml_widgets.submit.configuration.environment_sections": (
            "ContainerRegistry",
            "DatabricksSection",
            "DatabricksSection as DatabricksEnvironment",
            "DockerSection",
            "DockerSection as DockerEnvironment",
            "PythonSection",
            "PythonSection as PythonEnvironment",
        ),
        "aml_widgets.submit.configuration.run_configuration": ("RunConfiguration",),
        "aml_widgets.submit.configuration.run_sections": (
            "AmlComputeConfiguration",
            "DockerConfiguration",
            "HdiConfiguration",
            "HistorySection as HistoryConfiguration",
            "MpiConfiguration",
            "PyTorchConfiguration",
            "SparkConfiguration",
            "TensorflowConfiguration",
        ),
        "azureml.core.databricks": (
            "DatabricksCluster",
            "EggLibrary",
            "JarLibrary",
            "MavenLibrary",
            "PyPiLibrary",
            "RCranLibrary",
        ),
        "azureml.core.environment": ("SparkEnvironment", "SparkSection"),
    },
    absent={
        "COMPUTE": ("ApplicationEndpointConfiguration", "KubernetesComputeConfiguration", "ParallelTaskConfiguration"),
        "DATASETS": (
            "Data",
            "DataLocation",
            "DataPath",
            "DataReferenceConfiguration",
            "DatacacheConfiguration",
            "Dataset",
            "DatasetRegistrationOptions",
            "GlobsOptions",
            "MountOptions",
            "OutputData",
            "OutputOptions",
            "RegistrationOptions",
            "UploadOptions",
            "Uri",
        ),
        "IMAGES": ("AzureContainerRegistry",),
    },
)
