"""Reading what says which model is meant."""

from __future__ import annotations

from collections.abc import Mapping

from aml_widgets.core.errors import InvalidModel, UserError
from aml_widgets.tracking import queries
from aml_widgets.tracking.values import show, show_type


def parse_id(model_id: object) -> tuple[str, int]:
    """Give the name and the version of an id.

    Raises
    ------
    InvalidModel
        For what is no id.
    """
    name, _, version = model_id.rpartition(":") if isinstance(model_id, str) else ("", "", "")
    if not name or not (version.isascii() and version.isdecimal() and len(version) < 20):
        raise InvalidModel(f"{show(model_id)} is no id of a model. Give one such as 'name:1'.", value=model_id)
    return name, int(version)


def to_version(version: object) -> int | None:
    """Give back a version, or None for the latest.

    Raises
    ------
    InvalidModel
        For what is no int.
    """
    if version is None or type(version) is int:
        return version
    raise InvalidModel(
        f"The version of a model must be an int, got {show(version)}, {show_type(version)}. Leave it out for the latest.",
        value=version,
    )


def to_filter(given: object, what: str) -> Mapping[str, object]:
    """Read what `queries.to_filter` reads, and v1's list of keys and of ``[key, value]``."""
    if not isinstance(given, (list, tuple)):
        return queries.to_filter(given, what)
    wanted: dict[str, object] = {}
    for item in given:
        pair = [item, ...] if isinstance(item, str) else item
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise UserError(
                f"Models cannot be chosen by {what}={show(given)}. Give keys that must exist, [key, value] pairs, or a dict.",
                value=given,
            )
        key, value = pair
        wanted[key] = value if value is None or value is ... else str(value)
    return wanted
