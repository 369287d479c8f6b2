"""How facts of a run read on a screen. Whatever comes from a run is escaped before it is put into HTML."""

from __future__ import annotations

import html

from aml_widgets.core.text import (
    ELLIPSIS,
    clock_text,
    count_text,
    duration_text,
    exact_text,
    local_moment,
    name_text,
    number_text,
    shorten,
    shorten_middle,
    size_text,
    time_text,
    value_text,
)

__all__ = [
    "ELLIPSIS",
    "clock_text",
    "count_text",
    "duration_text",
    "escape",
    "exact_text",
    "local_moment",
    "name_text",
    "number_text",
    "shorten",
    "shorten_middle",
    "size_text",
    "time_text",
    "value_text",
]


def escape(text: object) -> str:
    """Make any text safe as HTML content and as the value of a quoted attribute."""
    return html.escape(str(text), quote=True)
