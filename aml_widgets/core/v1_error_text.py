"""The text that Azure ML v1's errors have in `str()`: a block of their class, their message and their document.

It is asked for where errors are shown, so nothing in here may fail, whatever a program has put into its error. Of an error inside
another one the block has the message alone, also where something between them writes it with `str()`: blocks in blocks would be hard to
read, and an error that refers to itself would have no end.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aml_widgets.core.error_kinds import AmlWidgetsError

_OURS = "aml_widgets."
_NAMED_AS_IN_V1 = "aml_widgets.azureml."
_SERVICE = "ServiceException"
_MAX_DEPTH = 50
_LEFT_OUT = "…"

_written: ContextVar[tuple[int, ...]] = ContextVar("_written", default=())
"""The errors that are being written, by their `id`, each inside the one before."""


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
    """Write an error as v1's `str()` does, or in full as its `repr()` does; while another one is written, its message alone."""
    around = _written.get()
    if id(error) in around or len(around) > _MAX_DEPTH:
        return _LEFT_OUT
    before = _written.set((*around, id(error)))
    try:
        return _to_text(error.message) if around else _write(error, is_full=is_full)
    finally:
        _written.reset(before)


def _write(error: AmlWidgetsError, *, is_full: bool) -> str:
    name, message = find_name(type(error)), _to_text(error.message)
    document = _to_json(to_document(error, is_full=is_full), 4)
    if name == _SERVICE:
        status = getattr(error, "status_code", None)
        return f"{name}:\n\tCode: {status}\n\tMessage: {message}\n\tDetails:\n\n\tHeaders: {{}}\n\tInnerException: {document}"
    return f"{name}:\n\tMessage: {message}\n\tInnerException {_to_text(error.inner_exception)}\n\tErrorResponse \n{document}"


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
    import json

    try:
        return json.dumps(document, indent=indent, default=_to_text)
    except (
        ValueError,
        TypeError,
        RecursionError,
    ):  # what a program put in goes in circles, or has keys that are no text
        return json.dumps(_to_plain(document, ()), indent=indent)


def _to_plain(value: object, around: tuple[int, ...]) -> object:
    """Give what JSON takes, whatever it is made from; `around` has what it lies in, by their `id`."""
    if id(value) in around or len(around) > _MAX_DEPTH:
        return _LEFT_OUT
    inside = (*around, id(value))
    if isinstance(value, Mapping):
        return {_to_text(key): _to_plain(one, inside) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_plain(one, inside) for one in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else _to_text(value)


def _to_text(value: object) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a program's own `__str__` may do anything
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"
