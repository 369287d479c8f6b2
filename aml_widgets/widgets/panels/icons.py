"""Small pictures for buttons, drawn in the colour of the text around them."""

from __future__ import annotations


def icon(path: str, *, is_filled: bool = False) -> str:
    """Draw a path within a square of 16 as an SVG."""
    paint = 'fill="currentColor"' if is_filled else 'fill="none" stroke="currentColor" stroke-width="1.6"'
    return (
        '<svg class="aml-icon" viewBox="0 0 16 16" width="14" height="14" focusable="false">'
        f'<path d="{path}" {paint} stroke-linecap="round" stroke-linejoin="round"/></svg>'
    )


REFRESH = icon("M13 8a5 5 0 1 1-1.5-3.6M13 1.8v3h-3")
PAUSE = icon("M5.5 3v10M10.5 3v10")
GO_ON = icon("M5 3v10l8-5z", is_filled=True)
PIN = icon("M6 2h4l-.6 4.2 2.6 2.3v1H4v-1l2.6-2.3zM8 9.5V14")
SAVE = icon("M8 2.5v7.2M4.8 6.8 8 10l3.2-3.2M3 13.3h10")
WHOLE = icon("M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10")
FIRST = icon("M4 3v10M12 3 7 8l5 5")
PREVIOUS = icon("M10 3 5 8l5 5")
NEXT = icon("M6 3l5 5-5 5")
LAST = icon("M12 3v10M4 3l5 5-5 5")
