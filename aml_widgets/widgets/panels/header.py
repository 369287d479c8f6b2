"""Which run this is, how it stands, and how fresh that is."""

from __future__ import annotations

import math

import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.records import RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.text import clock_text, duration_text, escape, shorten, time_text
from aml_widgets.widgets.view_state import ViewState

INTERVALS_UNTIL_STALE = 3

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


class HeaderPanel:
    """The head of the view.

    The times tick in the browser by CSS alone, without a message: while the kernel is busy they go on, and when it is
    dead they stop after `INTERVALS_UNTIL_STALE` refresh intervals and give way to a notice, so nothing stale looks live.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._identity = markup("aml-identity")
        self._times = markup("aml-times")
        self._silence = markup("aml-silence")
        self.widget = ipywidgets.VBox([self._identity, self._times, self._silence])
        self.widget.add_class("aml-header")

    def update(self, state: ViewState, *, refresh_seconds: float = 10.0, problem: str | None = None) -> None:
        """Show a state, of which the next news is due in `refresh_seconds`.

        `problem` says why a part of the view could not be drawn, where one could not.
        """
        set_markup(self._identity, _identity_html(state))
        set_markup(self._times, _times_html(state, refresh_seconds))
        set_markup(self._silence, _silence_html(state) + _gone_writer_html(state) + _problem_html(problem))


def status_html(status: RunStatus) -> str:
    """Show a status by word, sign and colour."""
    look, sign = _LOOKS.get(status, _LOOK_OF_WAITING)
    final = " aml-final" if status.is_terminal else ""  # what is shown stays true, with and without a kernel
    return (
        f'<span class="aml-status aml-look-{look}{final}" role="status">'
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


def _identity_html(state: ViewState) -> str:
    run = state.run
    if run is None:
        return (
            '<div class="aml-title"><span class="aml-status aml-look-wait">Loading</span>'
            f'<span class="aml-id">{escape(state.run_id)}</span></div>'
        )
    name = run.display_name or f"Run {run.number}"
    description = (
        f'<div class="aml-description">{escape(shorten(run.description, 500))}</div>' if run.description else ""
    )
    return (
        f'<div class="aml-title">{status_html(run.status)}'
        f'<span class="aml-name" title="{escape(name)}">{escape(shorten(name, 200))}</span></div>'
        f'<div class="aml-where"><span>Experiment <b>{escape(run.experiment_name)}</b></span>'
        f"<span>Run {run.number}</span>"
        f'<span>Id <code class="aml-id">{escape(run.run_id)}</code></span></div>{description}'
    )


def _times_html(state: ViewState, refresh_seconds: float) -> str:
    run = state.run
    if run is None or state.heard_at is None:
        return ""
    stale_after = max(1, math.ceil(INTERVALS_UNTIL_STALE * refresh_seconds))
    # Of a run that has not ended, the span until the store answered is true whatever happened since.
    seconds = duration_seconds(run, state.heard_at)
    facts = []
    if run.started_at is None:
        facts.append(_fact("Created", escape(time_text(run.created_at))))
    else:
        facts.append(_fact("Started", escape(time_text(run.started_at))))
    if run.ended_at is not None:
        facts.append(_fact("Ended", escape(time_text(run.ended_at))))
    if seconds is not None:
        is_over = not state.expects_more or state.silence is not None
        known = escape(duration_text(seconds))
        facts.append(
            _fact("Duration", known if is_over else _duration_html(known, seconds, state.heard_at, stale_after))
        )
    if not state.has_ended and state.silence is None:
        facts.append(_fact("Updated", _freshness_html(state.heard_at, stale_after)))
    return f'<div class="aml-facts">{"".join(facts)}</div>'


def _duration_html(known: str, seconds: float, heard_at: float, stale_after: int) -> str:
    age = max(0.0, clock.now() - heard_at)
    ticking = _ticking("aml-clock", seconds + age, stale_after)
    return _until_stale_html(ticking, f"at least {known}", stale_after - age)


def _freshness_html(heard_at: float, stale_after: int) -> str:
    at = escape(clock_text(heard_at))
    age = max(0.0, clock.now() - heard_at)
    ticking = _ticking("aml-age", age, stale_after)
    return _until_stale_html(f"{ticking} ago &middot; {at}", f"<b>no news since {at}</b>", stale_after - age)


def _until_stale_html(fresh: str, stale: str, for_seconds: float) -> str:
    """Show one text for so long, then the other, without anybody having to say so."""
    delay = f"animation-delay:{for_seconds:.1f}s"
    return (
        f'<span class="aml-freshness"><span class="aml-fresh" style="{delay}">{fresh}</span>'
        f'<span class="aml-stale" style="{delay}">{stale}</span></span>'
    )


def _ticking(name: str, seconds: float, for_seconds: int) -> str:
    """Show a number of seconds that grows by one each second, for so long."""
    start = int(seconds)
    return (
        f'<span class="aml-ticking {name}" style="--aml-from:{start};--aml-to:{start + for_seconds};'
        f"animation-duration:{for_seconds}s;animation-timing-function:steps({for_seconds},end);"
        f'animation-delay:-{seconds - start:.2f}s"></span>'
    )


def _fact(label: str, value_html: str) -> str:
    return (
        f'<div class="aml-fact"><span class="aml-label">{label}</span><span class="aml-value">{value_html}</span></div>'
    )


def _silence_html(state: ViewState) -> str:
    if state.silence is None:
        return ""
    shown = f"What is shown is from {time_text(state.heard_at)}." if state.heard_at is not None else ""
    return (
        '<div class="aml-box aml-look-warn" role="alert"><b>The store cannot be reached</b> since '
        f"{escape(time_text(state.silence.since))}: {escape(shorten(state.silence.reason, 1000))}"
        f'<div class="aml-message">{escape(shown)}</div></div>'
    )


def gone_writer_text(run: RunRecord) -> str:
    """Say what it means that a run does not respond, and what ends it."""
    seen = f"; last sign of life {time_text(run.last_seen_at)}" if run.last_seen_at is not None else ""
    return f"The process that wrote this run is gone{seen}."


def _gone_writer_html(state: ViewState) -> str:
    run = state.run
    if run is None or run.status is not RunStatus.NOT_RESPONDING:
        return ""
    return (
        f'<div class="aml-box aml-look-warn">{escape(gone_writer_text(run))} '
        "<code>run.complete()</code> or <code>run.fail()</code> ends it.</div>"
    )


def _problem_html(problem: str | None) -> str:
    if problem is None:
        return ""
    return (
        '<div class="aml-box aml-look-warn" role="alert"><b>A part of this view could not be drawn</b>: '
        f"{escape(shorten(problem, 1000))}</div>"
    )
