"""How the stores answer what they cannot do: our errors become MLflow's, and what has no place here is refused by name.

Both is done to a whole class, over the methods of the class of MLflow's that it implements: so none is forgotten, and those that a later
MLflow adds are refused as well.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2

from aml_widgets.core.errors import (
    AmlWidgetsError,
    Conflict,
    ExperimentNotFound,
    NotFound,
    StoreError,
    StoreUnavailable,
    UserError,
)

_CODES = (
    (NotFound, databricks_pb2.RESOURCE_DOES_NOT_EXIST),
    (UserError, databricks_pb2.INVALID_PARAMETER_VALUE),
    (Conflict, databricks_pb2.INVALID_STATE),
    (StoreUnavailable, databricks_pb2.TEMPORARILY_UNAVAILABLE),
    (StoreError, databricks_pb2.INTERNAL_ERROR),
)

_Class = TypeVar("_Class", bound=type)
_Method = TypeVar("_Method", bound=Callable[..., Any])


def to_mlflow_error(error: AmlWidgetsError) -> MlflowException:
    """Say in MLflow's words what went wrong."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), databricks_pb2.INTERNAL_ERROR)
    message = error.message
    if isinstance(error, ExperimentNotFound):  # which programs know MLflow's store by
        message = f"No Experiment with id={error.value} exists"
    return MlflowException(message, error_code=code)


def in_mlflow_words(method: _Method) -> _Method:
    """Let a method raise MLflow's errors where it would raise ours."""

    @functools.wraps(method)
    def answer(*arguments: Any, **keywords: Any) -> Any:
        try:
            return method(*arguments, **keywords)
        except AmlWidgetsError as error:
            raise to_mlflow_error(error) from error

    return answer  # type: ignore[return-value]  # it takes and gives what the method does


def answering(base: type, *, kept: Collection[str]) -> Callable[[_Class], _Class]:
    """Make a class answer all that MLflow's class knows.

    Parameters
    ----------
    base : type
        MLflow's class.
    kept : collection of str
        Methods of it that are right as they are, because they call others that the class has.

    Returns
    -------
    callable
        The decorator of the class. Methods that the class has raise MLflow's errors; of those that it has not, each raises that it is not
        implemented.
    """

    def complete(answerer: _Class) -> _Class:
        for name, method in list(vars(answerer).items()):
            if callable(method) and not name.startswith("__"):
                setattr(answerer, name, in_mlflow_words(method))
        for name in dir(base):
            method = getattr(base, name)
            is_own = name in vars(answerer)
            if not (is_own or name in kept or name.startswith("_")) and callable(method):
                setattr(answerer, name, _refusing(name, method))
        answerer.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]  # each is answered now, if only with a refusal
        return answerer

    return complete


def _refusing(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def refuse(*_: Any, **__: Any) -> Any:
        raise not_implemented(name)

    refuse.__isabstractmethod__ = False  # type: ignore[attr-defined]  # `wraps` has copied the mark
    return refuse


def not_implemented(name: str) -> MlflowException:
    """Say that MLflow's call of this name has no place here."""
    return MlflowException(
        f"{name} is not implemented by the tracking store of aml_widgets, which keeps experiments, runs, their inputs and logged "
        "models. Use an MLflow tracking server for it.",
        error_code=databricks_pb2.NOT_IMPLEMENTED,
    )
