"""What the doctor says, looked up."""

from __future__ import annotations

from typing import Any


def found(document: dict[str, Any], area: str, check: str) -> list[dict[str, Any]]:
    """Give the findings of an area whose check begins so."""
    return [one for one in document["checks"] if one["area"] == area and one["check"].startswith(check)]


def only(document: dict[str, Any], area: str, check: str) -> dict[str, Any]:
    """Give the only one there is."""
    (one,) = found(document, area, check)
    return one
