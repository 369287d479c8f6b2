"""Leaving secrets out of what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_widgets.submit.environment_spec import hide_credentials

MASK = "********"

_SECRET_WORDS = ("TOKEN", "KEY", "PASSWORD", "PASSWD", "SECRET", "CREDENTIAL")
_VARIABLES = "environmentVariables"


def looks_secret(name: str) -> bool:
    """Whether the value of something of this name is probably to be kept to oneself."""
    return any(word in name.upper() for word in _SECRET_WORDS)


def hide_secrets(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give a definition without secrets: values of environment variables that are named like one, passwords, and credentials in
    addresses. The rest stays as it is.
    """
    return {key: _hide(key, value) for key, value in content.items()}


def _hide(key: str, value: Any) -> Any:
    if key == _VARIABLES and isinstance(value, Mapping):
        return {name: MASK if looks_secret(name) else _hide("", one) for name, one in value.items()}
    if key == "password" and value is not None:
        return MASK
    if isinstance(value, Mapping):
        return hide_secrets(value)
    if isinstance(value, list):
        return [_hide("", one) for one in value]
    return hide_credentials(value) if isinstance(value, str) else value
