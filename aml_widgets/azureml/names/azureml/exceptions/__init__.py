"""The errors of v1, by its names."""

from __future__ import annotations

from aml_widgets.azureml.offering import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "aml_widgets.azureml.exceptions": (
            "ActivityCanceledException",
            "ActivityFailedException",
            "AuthenticationException",
            "AzureMLAggregatedException",
            "AzureMLException",
            "ComputeTargetException",
            "DatasetTimestampMissingError",
            "DiscoveryUrlNotFoundException",
            "ExperimentExecutionException",
            "ModelNotFoundException",
            "ModelPathNotFoundException",
            "ParallelRunException",
            "ProjectSystemException",
            "RunConfigurationException",
            "RunEnvironmentException",
            "ServiceException",
            "SnapshotException",
            "TrainingException",
            "UserErrorException",
            "WebserviceException",
            "WorkspaceException",
            "WorkspacePrivateEndpointException",
        )
    },
)
