"""Values as they can stand in a message."""

from __future__ import annotations

SHOWN_CHARACTERS = 80


def show(value: object) -> str:
    """Give a value as it can stand in a message: its repr, cut short."""
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - a foreign repr may raise anything, and an error message must not
        text = f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def show_type(value: object) -> str:
    """Give the type of a value as it can stand in a message: ``an int``, ``a str``, ``an ndarray``."""
    name = type(value).__name__
    is_an = name.lower().startswith(("a", "e", "i", "o", "nd"))  # not u: a uint8, a UUID
    return f"{'an' if is_an else 'a'} {name}"
