"""The API's description, ``api.schema.json``: requests are checked against it, and the browser's types are made from it."""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from aml_widgets.core.errors import UserError

ROOT = "/aml-widgets/api"
MAX_BODY_BYTES = 2 << 20

_INTEGER = re.compile(r"-?[0-9]{1,30}")
_MAX_SHOWN = 300


@lru_cache(maxsize=1)
def read_schema() -> dict[str, Any]:
    """Read the description, an OpenAPI 3.1 document."""
    schema: dict[str, Any] = json.loads(files(__package__).joinpath("api.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def validator_of(name: str) -> Draft202012Validator:
    """Give what checks a document against a schema of the description."""
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": read_schema()["components"]["schemas"]}}
    )


def read_query(path: str, method: str, given: Mapping[str, Sequence[bytes]]) -> dict[str, Any]:
    """Read the arguments behind the ``?`` that an operation has; others are passed over.

    Parameters
    ----------
    path, method : str
        The operation, as the description names it.
    given : mapping of str to sequence of bytes
        All arguments, undone of their quoting. Their text counts as it is, with each space and control character.

    Returns
    -------
    dict
        Those that were given, numbers as such.

    Raises
    ------
    UserError
        For one that is missing, or not as described.
    """
    found: dict[str, Any] = {}
    for parameter in read_schema()["paths"][path][method].get("parameters", ()):
        if parameter["in"] != "query":
            continue
        name = parameter["name"]
        if not given.get(name):
            if parameter["required"]:
                raise UserError(f"The argument {name!r} is missing. Add ?{name}=… to the address.", value=name)
            continue
        found[name] = _to_value(name, given[name][-1], parameter["schema"])
    return found


def read_body(path: str, method: str, content: bytes) -> dict[str, Any]:
    """Read the JSON document that a request brings.

    Raises
    ------
    UserError
        Unless it is JSON, and as the description has it.
    """
    if len(content) > MAX_BODY_BYTES:
        raise UserError(
            f"The request has {len(content):,} bytes, {MAX_BODY_BYTES:,} is the most. Ask for less at once.",
            value=len(content),
        )
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
        # A lone half of a surrogate pair is JSON, and text that no store takes.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UserError(f"The request is not JSON in UTF-8: {_cut(str(error))}. Send such a document.") from error
    operation = read_schema()["paths"][path][method]
    name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    problem = next(validator_of(name).iter_errors(document), None)  # of very many, one is enough
    if problem is not None:
        raise UserError(f"The request is not as api.schema.json has it: {_tell(problem)}.", value=_place(problem))
    result: dict[str, Any] = document
    return result


def _to_value(name: str, content: bytes, schema: Mapping[str, Any]) -> object:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UserError(
            f"The argument {name!r} is not UTF-8. Quote it as encodeURIComponent does.", value=name
        ) from error
    value: object = text
    if schema.get("type") == "integer":
        if not _INTEGER.fullmatch(text):
            raise UserError(f"The argument {name!r} must be an integer, got {_cut(text)!r}. Give one.", value=text)
        value = int(text)
    problem = next(Draft202012Validator(dict(schema)).iter_errors(value), None)
    if problem is not None:
        raise UserError(f"The argument {name!r} is not as api.schema.json has it: {_tell(problem)}.", value=text)
    return value


def _refuse_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON, it is written as an object")


def _tell(problem: ValidationError) -> str:
    place, message = _place(problem), problem.message
    if len(message) > _MAX_SHOWN:  # it begins with all that was given, and ends with what is wrong with that
        message = message.replace(repr(problem.instance), reprlib.repr(problem.instance), 1)
    return _cut(f"at {place}: {message}" if place else message)


def _place(problem: ValidationError) -> str:
    return "/".join(map(str, problem.absolute_path))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
