"""Tags and properties as a store takes them: text, or for a tag no value at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aml_widgets.core.errors import UserError
from aml_widgets.tracking.values import check_name, check_unicode, show, show_type
from aml_widgets.tracking.warn import warn_user


def to_tags(tags: object) -> dict[str, str | None]:
    """Check tags; what is no text becomes text, with a warning.

    Raises
    ------
    UserError
        Unless it is a dict with names as keys.
    """
    return {
        key: None if value is None else _to_text(key, value, "Tag") for key, value in _items(tags, "tags", "tag(key)")
    }


def to_tag_keys(keys: object) -> list[str]:
    """Check the keys of tags that are to go."""
    if isinstance(keys, str):
        return [keys]
    if not isinstance(keys, Iterable):
        raise UserError(
            f"Tags to remove must be a list of keys, got {show(keys)}. Use remove_tags(['key']).", value=keys
        )
    return [check_name(key, "Key of a tag") for key in keys]


def to_properties(properties: object) -> dict[str, str]:
    """Check properties; what is no text becomes text, with a warning."""
    way_out = "add_properties({'key': 'value'})"
    return {key: _to_text(key, value, "Property") for key, value in _items(properties, "properties", way_out)}


def to_text_or_none(what: str, value: object) -> str | None:
    """Check a name or note for people; what is no text becomes text, with a warning."""
    return None if value is None else check_unicode(_to_text(what, value, "The run's"), f"The run's {what}")


def _items(given: object, what: str, way_out: str) -> list[tuple[str, object]]:
    if not isinstance(given, Mapping):
        raise UserError(
            f"The {what} must be a dict of keys and values, got {show(given)}, {show_type(given)}. "
            f"Use {way_out}, or a dict.",
            value=given,
        )
    return [(check_name(key, f"Key of {what}"), value) for key, value in given.items()]


def _to_text(key: str, value: object, what: str) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    text = str(value)
    warn_user(f"{what} {key!r} was given as {show(value)}, {show_type(value)}, and is kept as the text {text!r}.")
    return text
