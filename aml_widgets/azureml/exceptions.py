"""The errors of Azure ML v1, by their names there.

Most are kinds of errors that this package raises, so `except` clauses written for v1 catch what is raised here in the same situations. The
others are here to be imported, caught and raised by programs; nothing in this package raises them.
"""

from __future__ import annotations

from typing import Any

from aml_widgets.core.errors import AggregatedError as AzureMLAggregatedException
from aml_widgets.core.errors import AmlWidgetsError as AzureMLException
from aml_widgets.core.errors import ConfigError as RunConfigurationException
from aml_widgets.core.errors import ContextNotFound as RunEnvironmentException
from aml_widgets.core.errors import ExecutionError as ExperimentExecutionException
from aml_widgets.core.errors import ModelError as WebserviceException
from aml_widgets.core.errors import ModelNotFound as ModelNotFoundException
from aml_widgets.core.errors import ModelPathNotFound as ModelPathNotFoundException
from aml_widgets.core.errors import ProjectError as ProjectSystemException
from aml_widgets.core.errors import RunFailed as ActivityFailedException
from aml_widgets.core.errors import ServiceError as ServiceException
from aml_widgets.core.errors import SnapshotError as SnapshotException
from aml_widgets.core.errors import TargetError as ComputeTargetException
from aml_widgets.core.errors import UsageError as UserErrorException
from aml_widgets.core.errors import WorkspaceError as WorkspaceException

__all__ = [
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
]

_RETRY_CODES = ("Retry.NoRetry", "Retry.StopProcess", "Retry.RestartProcess", "Retry.Sleep")


class AuthenticationException(UserErrorException):
    """Somebody is not who they should be. Nothing here asks who anybody is."""

    _error_code = "Authentication"


class TrainingException(AzureMLException):
    """A training that cannot be set up or goes wrong."""


class WorkspacePrivateEndpointException(AzureMLException):
    """A private endpoint that cannot be had or made.

    Parameters
    ----------
    exception_message : str
        The message.
    found_multiple : bool, optional
        Whether several were found where one was asked for.
    **keywords : object
        What `AzureMLException` takes.
    """

    def __init__(self, exception_message: str, found_multiple: bool = False, **keywords: Any) -> None:
        super().__init__(exception_message, **keywords)
        self.found_multiple = found_multiple


class DiscoveryUrlNotFoundException(AzureMLException):
    """An address of a service that nobody knows.

    Parameters
    ----------
    discovery_key : str
        What the address is called.
    **keywords : object
        What `AzureMLException` takes.
    """

    def __init__(self, discovery_key: str, **keywords: Any) -> None:
        super().__init__(f"No environment variable has the address {discovery_key}.", **keywords)


class ActivityCanceledException(AzureMLException):
    """A run that was waited for was cancelled. `wait_for_completion` does not raise it, in v1 neither.

    Parameters
    ----------
    cancellation_source : object, optional
        What cancelled it; v1 does not look at it either.
    **keywords : object
        What `AzureMLException` takes.
    """

    def __init__(self, cancellation_source: object = None, **keywords: Any) -> None:
        del cancellation_source
        super().__init__("Activity Canceled", **keywords)


class DatasetTimestampMissingError(AzureMLException):
    """A dataset without the column of times that was asked for.

    Parameters
    ----------
    error_details : str
        What is missing.
    **keywords : object
        What `AzureMLException` takes.
    """

    def __init__(self, error_details: str, **keywords: Any) -> None:
        super().__init__(f"Activity Failed:\n{error_details}", **keywords)


class ParallelRunException(AzureMLException):
    """What a script of a parallel run raises to say whether its batch is to be tried again.

    Parameters
    ----------
    exception_message : str
        The message.
    code : str, optional
        ``Retry.NoRetry``, ``Retry.StopProcess``, ``Retry.RestartProcess`` or ``Retry.Sleep``.
    delay_seconds : float, optional
        How long to wait before the next batch.
    **keywords : object
        What `AzureMLException` takes.

    Raises
    ------
    AssertionError
        For another code, as in v1.
    """

    def __init__(
        self, exception_message: str, code: str | None = None, delay_seconds: float = 0, **keywords: Any
    ) -> None:
        if code and code not in _RETRY_CODES:
            raise AssertionError(
                f"code must be one of {', '.join(_RETRY_CODES)}, got {code!r}. Leave it out for Retry.Sleep."
            )
        super().__init__(exception_message, **keywords)
        self.code = code
        self.delay_seconds = delay_seconds
