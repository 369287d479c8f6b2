"""Why a run failed."""

from __future__ import annotations

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
        text = error.traceback
        if len(text) > max_traceback:  # the end of a traceback says most
            text = f"(the first {len(text) - max_traceback:,} characters are left out)\n{text[-max_traceback:]}"
        traceback = f"<details><summary>Traceback</summary><div class='aml-mono'>{escape(text)}</div></details>"
    return (
        f'<div class="aml-box aml-look-bad"><b>{escape(kind)}</b>'
        f'<div class="aml-message">{escape(shorten(error.message, _MAX_MESSAGE))}</div>{traceback}</div>'
    )
