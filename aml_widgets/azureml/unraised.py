"""Errors of v1 that scripts name after ``except``, and that nothing raises here."""

from __future__ import annotations

from aml_widgets.azureml.exceptions import AzureMLException, UserErrorException


class DatasetValidationError(UserErrorException):
    """In v1, a dataset that cannot be."""


class DatasetExecutionError(UserErrorException):
    """In v1, a dataset that cannot be read."""


class HyperDriveException(AzureMLException):
    """In v1, any error of HyperDrive."""


class HyperDriveServiceException(HyperDriveException):
    """In v1, an error of its service."""


class HyperDriveConfigException(HyperDriveException):
    """In v1, a wrong configuration of it."""


class HyperDriveScenarioNotSupportedException(HyperDriveException):
    """In v1, something that it cannot be used for."""


class HyperDriveNotImplementedException(HyperDriveException):
    """In v1, something that it does not do."""


class HyperDriveRehydrateException(HyperDriveException):
    """In v1, a run of it that cannot be read back."""
