"""Rows of a log as HTML. Everything in it is escaped, and classes and colours are of our own making only."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from aml_widgets.widgets.ansi import PLAIN, Colour, Row, Run, Style
from aml_widgets.widgets.text import escape

MAX_SHOWN_LENGTH = 4_000
"""How many characters of a line are shown before the user asks for all of it."""
_HEAD_LENGTH = 2_000
_TAIL_LENGTH = 500

_PALETTE = (
    (0, 0, 0),
    (205, 49, 49),
    (13, 128, 80),
    (148, 108, 0),
    (36, 114, 200),
    (168, 50, 168),
    (6, 125, 150),
    (229, 229, 229),
    (102, 102, 102),
    (241, 76, 76),
    (35, 209, 139),
    (245, 245, 67),
    (59, 142, 234),
    (214, 112, 214),
    (41, 184, 219),
    (255, 255, 255),
)
"""The sixteen colours where they lie on a colour of the log's own. On ours the style sheet chooses, by theme."""
_LEAST_CONTRAST = 4.5


def rows_html(rows: Iterable[Row], previous_number: int | None = None) -> str:
    """Write rows, each an element of its own, so that lines can be numbered by the style sheet.

    Parameters
    ----------
    rows : iterable of Row
        In their order.
    previous_number : int, optional
        The number of the row before, None if there is none.
    """
    parts = []
    for row in rows:
        parts.append(row_html(row, 1 if previous_number is None else row.number - previous_number))
        previous_number = row.number
    return "".join(parts)


def row_html(row: Row, line_count: int = 1) -> str:
    """Write one row. `line_count` is how many lines of the file it stands for, when some were written over."""
    style = f' style="counter-increment:aml-line {line_count}"' if line_count != 1 else ""
    cut = f'<span class="aml-log-cut">{row.cut_length:,} characters before </span>' if row.cut_length else ""
    if row.length > MAX_SHOWN_LENGTH:
        hidden_length = row.length - _HEAD_LENGTH - _TAIL_LENGTH
        content = (
            _runs_html(row.between(0, _HEAD_LENGTH))
            + '<button type="button" class="aml-log-more" data-aml-local="log-long" aria-expanded="false">'
            + f"{hidden_length:,} more characters</button><span hidden>"
            + _runs_html(row.between(_HEAD_LENGTH, row.length - _TAIL_LENGTH))
            + "</span>"
            + _runs_html(row.between(row.length - _TAIL_LENGTH, row.length))
        )
    else:
        content = _runs_html(row.runs)
    return f"<div{style}>{cut}{content or '<br>'}</div>"  # without the <br> an empty line would not be copied


def _runs_html(runs: Iterable[Run]) -> str:
    return "".join(
        escape(text) if style is PLAIN or style == PLAIN else f"<span{_attributes(style)}>{escape(text)}</span>"
        for text, style in runs
    )


@lru_cache(maxsize=2048)
def _attributes(style: Style) -> str:
    classes = [
        name
        for name, is_on in (
            ("aml-t-bold", style.is_bold),
            ("aml-t-dim", style.is_dim),
            ("aml-t-italic", style.is_italic),
            ("aml-t-underlined", style.is_underlined),
            ("aml-t-struck", style.is_struck),
        )
        if is_on
    ]
    foreground, background = style.foreground, style.background
    if style.is_inverse:
        foreground, background = background, foreground
        if background is None:  # the log's own colours, the other way round
            classes.append("aml-t-inverse")
    inline = ""
    if background is not None:
        inline = _on_background(foreground, background)
    elif isinstance(foreground, int):
        if not style.is_inverse:
            classes.append(f"aml-t-{foreground}")
    elif foreground is not None and not style.is_inverse:
        classes.append("aml-t-rgb")
        inline = f"--aml-t:{_hex(foreground)}"
    return (f' class="{" ".join(classes)}"' if classes else "") + (f' style="{inline}"' if inline else "")


def _on_background(foreground: Colour | None, background: Colour) -> str:
    """Keep text readable on a colour of the log's own, whatever the theme."""
    below = _rgb(background)
    text = _rgb(foreground) if foreground is not None else None
    if text is None or _contrast(text, below) < _LEAST_CONTRAST:
        text = max(((0, 0, 0), (255, 255, 255)), key=lambda colour: _contrast(colour, below))
    return f"color:{_hex(text)};background:{_hex(below)}"


def _rgb(colour: Colour) -> tuple[int, int, int]:
    return _PALETTE[colour] if isinstance(colour, int) else colour


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Give the contrast of two colours as WCAG 2 defines it, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
        for share in (one / 255 for one in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
