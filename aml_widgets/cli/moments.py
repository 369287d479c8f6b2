"""When something was, and for how long: short where a person reads along, exact elsewhere."""

from __future__ import annotations

from aml_widgets.cli.tables import is_terminal
from aml_widgets.core import clock
from aml_widgets.core.records import RunRecord
from aml_widgets.core.text import count_text, duration_text, time_text

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def moment_text(at: float) -> str:
    """Write a moment: how long ago it was on a terminal, local time with its zone elsewhere."""
    return age_text(clock.now() - at) if is_terminal() else time_text(at)


def age_text(seconds: float) -> str:
    """Write how long ago something was, in its largest unit."""
    seconds = max(0.0, seconds)
    if seconds < _MINUTE:
        return f"{int(seconds)} s ago"
    if seconds < _HOUR:
        return f"{int(seconds // _MINUTE)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // _HOUR)} h ago"
    return f"{count_text(int(seconds // _DAY), 'day', 'days')} ago"


def running_text(record: RunRecord) -> str:
    """Write for how long a run has run, or ran; empty for one that has not started."""
    if record.started_at is None:
        return ""
    until = clock.now() if record.ended_at is None else record.ended_at
    return duration_text(until - record.started_at)
