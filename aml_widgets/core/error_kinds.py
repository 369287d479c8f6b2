"""The base of all errors, and the kinds of them that Azure ML v1 had; the tree is drawn in `aml_widgets.core.errors`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from aml_widgets.core import v1_error_text, v1_names

if TYPE_CHECKING:
    import logging


class AmlWidgetsError(Exception):
    """Any error that aml_widgets raises on purpose.

    Parameters
    ----------
    exception_message : str
        The value, the rule and the way out, in one or two sentences.
    inner_exception : object, optional
        Another error that led to this one, as v1 shows it.
    target, details, message_format, message_parameters, reference_code : object, optional
        What v1 puts into the error's document.
    value : object, optional
        What was refused or not found.
    """

    _v1_name: ClassVar[str] = "AzureMLException"
    """Name in v1; a class without one of its own goes by that of its first kind that has one."""

    # What a class of a program has that does not call `__init__`.
    inner_exception: object = None
    target: object = None
    details: object = None
    message_format: object = None
    message_parameters: object = None
    reference_code: object = None
    value: object = None

    def __init__(
        self,
        exception_message: str,
        inner_exception: object = None,
        target: object = None,
        details: object = None,
        message_format: object = None,
        message_parameters: object = None,
        reference_code: object = None,
        *,
        value: object = None,
    ) -> None:
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception
        self.target = target
        self.details = details
        self.message_format = message_format
        self.message_parameters = message_parameters
        self.reference_code = reference_code
        self.value = value

    @cached_property
    def message(self) -> str:
        """The value, the rule and the way out; what Python would show, for a class whose `__init__` does not set it."""
        return super().__str__()

    @property
    def class_name(self) -> str:
        """Name of its class for readers: v1's where v1's import names are on."""
        return v1_error_text.find_name(type(self)) if v1_names.is_on() else type(self).__name__

    def print_stacktrace(self) -> None:
        """Print where it was raised, and the errors that led to it, as v1's errors can."""
        import traceback

        traceback.print_exception(self)

    def __str__(self) -> str:
        return v1_error_text.to_block(self) if v1_names.is_on() else str(self.message)

    def __repr__(self) -> str:
        return v1_error_text.to_block(self, is_full=True) if v1_names.is_on() else super().__repr__()

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by calling the class: several build their message from other arguments than the message itself.
        return _remake, (type(self), self.args), self.__dict__


def message_of(error: BaseException) -> str:
    """Give what an error says, to be put into another text: of ours the message alone, whatever `str()` makes of it."""
    return str(error.message if isinstance(error, AmlWidgetsError) else error)


def _remake(kind: type[AmlWidgetsError], arguments: tuple[object, ...]) -> AmlWidgetsError:
    error = kind.__new__(kind)
    error.args = arguments
    return error


class UsageError(AmlWidgetsError):
    """Something was asked for wrongly, or is not there."""

    _v1_name = "UserErrorException"
    _error_code = "UserError"


class ServiceError(AmlWidgetsError):
    """What v1's service would have refused, or could not do. `status_code` is the HTTP status that it answered with."""

    _v1_name = "ServiceException"
    status_code: int | None = 500


class AggregatedError(AmlWidgetsError):
    """Several errors as one.

    Parameters
    ----------
    exceptions_list : iterable of str, or str
        Their messages.
    **keywords : object
        What `AmlWidgetsError` takes.
    """

    _v1_name = "AzureMLAggregatedException"

    def __init__(self, exceptions_list: Iterable[str] | str, **keywords: Any) -> None:
        message = exceptions_list if isinstance(exceptions_list, str) else "\n".join(exceptions_list)
        super().__init__(message, **keywords)


class WorkspaceError(AmlWidgetsError):
    """A workspace that cannot be had or made.

    Parameters
    ----------
    exception_message : str
        The message.
    found_multiple : bool, optional
        Whether several workspaces were found where one was asked for.
    **keywords : object
        What `AmlWidgetsError` takes.
    """

    _v1_name = "WorkspaceException"

    def __init__(self, exception_message: str, found_multiple: bool = False, **keywords: Any) -> None:
        super().__init__(exception_message, **keywords)
        self.found_multiple = found_multiple


class ProjectError(AmlWidgetsError):
    """The place that runs are to go to is not there."""

    _v1_name = "ProjectSystemException"


class ExecutionError(AmlWidgetsError):
    """A script that cannot be run, or is not watched any more."""

    _v1_name = "ExperimentExecutionException"


class TargetError(AmlWidgetsError):
    """A compute target that cannot be had, made or used."""

    _v1_name = "ComputeTargetException"


class ModelError(AmlWidgetsError):
    """A model that cannot be had or made.

    Parameters
    ----------
    exception_message : str
        The message.
    status_code : int, optional
        An HTTP status, as v1's service gave it.
    logger : logging.Logger, optional
        Where the message is logged too.
    **keywords : object
        What `AmlWidgetsError` takes.
    """

    _v1_name = "WebserviceException"
    status_code: int | None = None

    def __init__(
        self,
        exception_message: str,
        status_code: int | None = None,
        logger: logging.Logger | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(exception_message, **keywords)
        self.status_code = status_code
        if logger is not None:
            logger.error("%s", exception_message)


class SnapshotError(AmlWidgetsError):
    """A source folder that cannot be copied."""

    _v1_name = "SnapshotException"
