"""The text that Azure ML v1's errors have in `str()`: a block of their class, their message and their document.

It is asked for where errors are shown, so nothing in here may fail, whatever a program has put into its error.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aml_widgets.core.errors import AmlWidgetsError

_OURS = "aml_widgets."
_NAMED_AS_IN_V1 = "aml_widgets.azureml."
_SERVICE = "ServiceException"


def find_name(kind: type[AmlWidgetsError]) -> str:
    """Give the name that a class of errors goes by in v1; one of a program's own keeps its name."""
    return _name_of(_find_kind(kind))


def to_document(error: AmlWidgetsError, *, is_full: bool = True) -> dict[str, Any]:
    """Give the document of an error, as v1 serializes it.

    Parameters
    ----------
    error : AmlWidgetsError
        The error.
    is_full : bool, optional
        With the format of its message and what was put into it.

    Returns
    -------
    dict
        ``{"error": {"code", "inner_error", "message", "target", "details", …}}``, each where it is known. Kinds of errors that
        v1 gave no code have none.
    """
    inside: dict[str, Any] = {}
    for code in _codes(_find_kind(type(error))):
        inside = {"code": code, "inner_error": inside} if inside else {"code": code}
    inside["message"] = error.message
    facts = {"target": error.target, "details": error.details}
    if is_full:
        facts["message_format"] = error.message_format
        if error.message_parameters is not None:
            facts["message_parameters"] = _to_json(error.message_parameters, None)
    facts["reference_code"] = error.reference_code
    return {"error": inside | {key: value for key, value in facts.items() if value is not None}}


def to_block(error: AmlWidgetsError, *, is_full: bool = False) -> str:
    """Write an error as v1's `str()` does, or in full as its `repr()` does."""
    name = find_name(type(error))
    document = _to_json(to_document(error, is_full=is_full), 4)
    if name == _SERVICE:
        status = getattr(error, "status_code", None)
        return f"{name}:\n\tCode: {status}\n\tMessage: {error.message}\n\tDetails:\n\n\tHeaders: {{}}\n\tInnerException: {document}"
    return (
        f"{name}:\n\tMessage: {error.message}\n\tInnerException {error.inner_exception}\n\tErrorResponse \n{document}"
    )


def _find_kind(kind: type) -> type:
    """Give the first of a class's kinds that v1 has a name for, or that is a program's own."""
    return next(each for each in kind.__mro__ if "_v1_name" in vars(each) or _is_named_as_in_v1(each.__module__))


def _is_named_as_in_v1(module: str) -> bool:
    return not module.startswith(_OURS) or module.startswith(_NAMED_AS_IN_V1)


def _name_of(kind: type) -> str:
    name = vars(kind).get("_v1_name", kind.__name__)
    return str(name)


def _codes(kind: type) -> list[str]:
    """Give the codes of a class and its kinds, the innermost first, each once."""
    codes: list[str] = []
    for each in kind.__mro__:
        code = getattr(each, "_error_code", None)
        if code is None:
            break
        if not codes or codes[-1] != code:
            codes.append(code)
    return codes


def _to_json(document: object, indent: int | None) -> str:
    try:
        return json.dumps(document, indent=indent, default=str)
    except (
        ValueError,
        TypeError,
        RecursionError,
    ):  # what a program put in refers to itself, or has keys that are no text
        return json.dumps({"error": {"message": str(document)}}, indent=indent)
