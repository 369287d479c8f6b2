"""Why a run failed."""

from __future__ import annotations

from aml_widgets.core.records import RunError
from aml_widgets.widgets.panels.copying import copy_html
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.text import escape, shorten
from aml_widgets.widgets.view_state import ViewState

_MAX_MESSAGE = 4_000
_MAX_TRACEBACK = 40_000


class ErrorPanel:
    """The run's error document: code, message and, folded, the traceback."""

    def __init__(self) -> None:
        self.widget = markup("aml-error")

    def update(self, state: ViewState) -> None:
        """Show the run's error, if it has one."""
        set_markup(self.widget, error_html(state))


def error_html(state: ViewState, *, max_traceback: int = _MAX_TRACEBACK) -> str:
    """Write out a run's error; empty where there is none."""
    error = state.run.error if state.run is not None else None
    if error is None:
        return ""
    kind = f"{error.code} ({error.error_type})" if error.error_type else error.code
    traceback = ""
    if error.traceback:
        text = _end_of(error.traceback, max_traceback)
        traceback = f"<details><summary>Traceback</summary><div class='aml-mono'>{escape(text)}</div></details>"
    return (
        f'<div class="aml-box aml-look-bad"><b>{escape(kind)}</b>'
        f'<div class="aml-message">{escape(shorten(error.message, _MAX_MESSAGE))}</div>{traceback}</div>'
    )


def error_document_html(error: RunError | None) -> str:
    """Write out all that an error document has, for the details of a run; empty where there is none."""
    if error is None:
        return ""
    rows = [("Code", error.code), ("Type", error.error_type), ("Message", shorten(error.message, _MAX_MESSAGE))]
    parts = [
        f'<tr class="aml-copyable"><th scope="row">{label}</th><td><div class="aml-fact-cell"><div class="aml-fact-value">'
        f'<span class="aml-text aml-copied">{escape(text)}</span></div>{copy_html(f"Copy {label}", f"error {label}")}</div></td></tr>'
        for label, text in rows
        if text
    ]
    traceback = ""
    if error.traceback:
        text = _end_of(error.traceback, _MAX_TRACEBACK)
        traceback = (
            '<div class="aml-copyable aml-traceback"><div class="aml-traceback-head"><span>Traceback</span>'
            f"{copy_html('Copy the traceback', 'traceback')}</div>"
            '<div class="aml-mono aml-value-box aml-copied" tabindex="0" role="region" aria-label="Traceback" '
            f'data-aml-key="details traceback">{escape(text)}</div></div>'
        )
    return (
        '<details class="aml-details-fold aml-look-bad" data-aml-key="details error" open>'
        '<summary class="aml-details-title">Error</summary>'
        f'<table class="aml-table aml-facts-table"><tbody>{"".join(parts)}</tbody></table>{traceback}</details>'
    )


def _end_of(traceback: str, max_length: int) -> str:
    """Cut a long traceback at its beginning: the end says most."""
    if len(traceback) <= max_length:
        return traceback
    return f"(the first {len(traceback) - max_length:,} characters are left out)\n{traceback[-max_length:]}"
