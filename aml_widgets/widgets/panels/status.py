"""How the status of a run and its duration look, wherever they are shown."""

from __future__ import annotations

from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.text import escape, time_text

_LOOKS = {
    RunStatus.COMPLETED: ("good", "\N{CHECK MARK}"),
    RunStatus.FAILED: ("bad", "\N{MULTIPLICATION X}"),
    RunStatus.CANCELED: ("off", "\N{BLACK SQUARE}"),
    RunStatus.CANCEL_REQUESTED: ("off", "\N{WHITE SQUARE}"),
    RunStatus.RUNNING: ("busy", "\N{BLACK CIRCLE}"),
    RunStatus.FINALIZING: ("busy", "\N{BLACK CIRCLE}"),
    RunStatus.NOT_RESPONDING: ("warn", "?"),
}
_LOOK_OF_WAITING = ("wait", "\N{WHITE CIRCLE}")


def look_of(status: RunStatus) -> tuple[str, str]:
    """Give the look (the end of a class ``aml-look-…``) and the sign of a status."""
    return _LOOKS.get(status, _LOOK_OF_WAITING)


def status_html(status: RunStatus, *, is_own: bool = True) -> str:
    """Show a status by word, sign and colour; `is_own` where it is that of the run whose view this is."""
    look, sign = look_of(status)
    # What is shown of a run that has ended stays true, with and without a kernel.
    final = " aml-final" if status.is_terminal and is_own else ""
    return (
        f'<span class="aml-status aml-look-{look}{final}">'
        f'<span class="aml-sign" aria-hidden="true">{sign}</span>{escape(status)}</span>'
    )


def duration_seconds(run: RunRecord, now: float) -> float | None:
    """Say how long a run has been running, None where it has not started."""
    if run.started_at is None:
        return None
    end = run.ended_at
    if end is None and run.status is RunStatus.NOT_RESPONDING:
        end = run.last_seen_at  # of what came after it nothing is known
    return max(0.0, (now if end is None else end) - run.started_at)


def gone_writer_text(run: RunRecord) -> str:
    """Say what it means that a run does not respond, and what ends it."""
    seen = f"; last sign of life {time_text(run.last_seen_at)}" if run.last_seen_at is not None else ""
    return f"The process that wrote this run is gone{seen}."
