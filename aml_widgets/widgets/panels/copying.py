"""Buttons that copy a text, done by the browser alone (`page/files.js`)."""

from __future__ import annotations

from aml_widgets.widgets.panels.icons import icon
from aml_widgets.widgets.text import escape

COPY = icon("M6 6h7.5v7.5H6zM3.5 10H2.5V2.5H10v1")


def copy_html(label: str, key: str, *, text: str | None = None) -> str:
    """Write a button that copies a text; without one, what the nearest ``.aml-copied`` inside of ``.aml-copyable`` says."""
    given = "" if text is None else f' data-aml-with="{escape(text)}"'
    return (
        f'<button type="button" class="aml-button aml-copy" data-aml-local="copy-text" data-aml-key="{escape(f"copy {key}")}" '
        f'title="{escape(label)}" aria-label="{escape(label)}"{given}><span aria-hidden="true">{COPY}</span></button>'
    )
