"""Which run this is, how it stands, how fresh that is, and what can be done about it."""

from __future__ import annotations

import math
from typing import Protocol

import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.records import MetricKind, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking.provenance import HOST
from aml_widgets.widgets.panels.controls import button_html, confirm_html, select_html
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.icons import GO_ON, PAUSE, REFRESH
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.status import duration_seconds, gone_writer_text, status_html
from aml_widgets.widgets.run_names import name_of
from aml_widgets.widgets.series import is_number
from aml_widgets.widgets.text import (
    clock_text,
    count_text,
    duration_text,
    escape,
    exact_text,
    name_text,
    shorten,
    time_text,
    value_text,
)
from aml_widgets.widgets.view_state import ViewState, is_charted, step_reached

INTERVALS_UNTIL_STALE = 3
"""After so many intervals without news, what is shown is said to be old."""


INTERVALS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0)
MAX_TAGS = 12
MAX_NUMBERS = 4
_WHILE_READING = "The history is long: curves and last values go on until all of it is read."


class HeaderPanel:
    """The head of the view.

    The times tick in the browser by CSS alone, without a message: while the kernel is busy they go on, and when it is
    dead they stop after `INTERVALS_UNTIL_STALE` refresh intervals and give way to a notice, so nothing stale looks live.

    Parameters
    ----------
    host : Host
        The view.
    controls : Controls
        What the user can ask of the view as a whole.
    """

    def __init__(self, host: Host, controls: Controls) -> None:
        self._host = host
        self._controls = controls
        self._announced: RunStatus | None = None
        self._tells_of_reading = False
        self._identity = markup("aml-identity")
        self._buttons = markup("aml-view-controls")
        self._times = markup("aml-times")
        self._silence = markup("aml-silence")
        self._spoken = markup("aml-spoken")
        self._spoken.value = _spoken_html(
            ""
        )  # a live region speaks of what changes in it, so it has to be there before
        top = ipywidgets.HBox([self._identity, self._buttons])
        top.add_class("aml-header-top")
        self.widget = ipywidgets.VBox([top, self._times, self._silence, self._spoken])
        self.widget.add_class("aml-header")
        host.page.on("refresh", lambda _argument, _value: controls.refresh_now())
        host.page.on("pause", lambda _argument, _value: controls.pause())
        host.page.on("interval", lambda _argument, value: controls.set_interval(float(value)))
        host.page.on("cancel", lambda _argument, _value: controls.cancel())

    def update(self, state: ViewState, *, problem: str | None = None, trouble: str | None = None) -> None:
        """Show a state. `problem` says why a part of the view could not be drawn, `trouble` what else could not be done."""
        set_markup(self._identity, _identity_html(state, self._host.page_url))
        set_markup(self._buttons, self._buttons_html(state))
        set_markup(self._times, _times_html(state, self._controls.refresh_seconds, self._controls.paused_at))
        set_markup(self._silence, _silence_html(state) + _gone_writer_html(state) + _problem_html(problem, trouble))
        self._speak(state)

    def _speak(self, state: ViewState) -> None:
        """Tell who listens of another status, and that a long history is being read or is there.

        How much of it was read changes too often to be spoken; and what was so when the view was made is read with the view.
        """
        run, before = state.run, self._announced
        if run is None:
            return
        self._announced = run.status
        if before is None:
            return
        news = [str(run.status)] if run.status is not before else []
        if state.has_more and not self._tells_of_reading:
            news.append("its history is long and still being read")
        elif self._tells_of_reading and not state.has_more:
            news.append(f"its whole history is read, {count_text(state.point_count, 'point', 'points')}")
        self._tells_of_reading = state.has_more
        if news:
            self._spoken.value = _spoken_html(f"{name_of(run)}: {'; '.join(news)}")

    def _buttons_html(self, state: ViewState) -> str:
        run = state.run
        buttons = [button_html("Refresh now", "refresh", icon=REFRESH)]
        if run is None or not run.status.is_terminal:
            is_paused = self._controls.paused_at is not None
            label = "Go on refreshing" if is_paused else "Pause refreshing"
            buttons.append(button_html(label, "pause", icon=GO_ON if is_paused else PAUSE, is_pressed=is_paused))
            interval = self._controls.refresh_seconds
            options = [(f"{one:g}", f"every {one:g} s") for one in sorted({*INTERVALS, interval})]
            buttons.append(
                select_html("Interval of refreshing", "interval", options, f"{interval:g}", shows_label=False)
            )
        if self._host.cancel is not None and run is not None and _can_cancel(run.status):
            question = f"Cancel {shorten(name_of(run), 60)}? What it has logged stays."
            buttons.append(confirm_html("Cancel run", "cancel", question=question))
        return "".join(buttons)


class Controls(Protocol):
    """What the user can ask of a view as a whole."""

    @property
    def refresh_seconds(self) -> float:
        """How long after one look at the store the next one follows."""
        ...

    @property
    def paused_at(self) -> float | None:
        """Since when refreshing is paused, in seconds since the epoch; None while it goes on."""
        ...

    def refresh_now(self) -> None:
        """Look at the store once, as soon as can be, also when paused."""
        ...

    def pause(self) -> None:
        """Pause refreshing, or go on with it."""
        ...

    def cancel(self) -> None:
        """Ask for the run to be cancelled."""
        ...

    def set_interval(self, seconds: float) -> None:
        """Change `refresh_seconds`."""
        ...


def _can_cancel(status: RunStatus) -> bool:
    return not status.is_terminal and status is not RunStatus.CANCEL_REQUESTED


def _spoken_html(text: str) -> str:
    return f'<div class="aml-visually-hidden" role="status" aria-live="polite">{escape(text)}</div>'


def _identity_html(state: ViewState, page_url: str | None) -> str:
    run = state.run
    if run is None:
        return (
            '<div class="aml-title"><span class="aml-status aml-look-wait">Loading</span>'
            f'<span class="aml-id">{escape(state.run_id)}</span></div>'
        )
    name = name_of(run)
    host = run.properties.get(HOST) or (run.writer.host if run.writer else "")
    where = [
        f"<span>Experiment <b>{escape(run.experiment_name)}</b></span>",
        f"<span>Run <b>{run.number}</b></span>" if run.number else "",
        f'<span>Id <code class="aml-id">{escape(run.run_id)}</code></span>',
    ]
    if host:
        where.append(f'<span>on <b title="{escape(host)}">{escape(shorten(host, 60))}</b></span>')
    if page_url is not None:
        where.append(f'<a href="{escape(page_url)}" target="_blank" rel="noopener noreferrer">Run page</a>')
    description = (
        f'<div class="aml-description">{escape(shorten(run.description, 500))}</div>' if run.description else ""
    )
    return (
        f'<div class="aml-title">{status_html(run.status)}'
        f'<span class="aml-name" title="{escape(name)}">{escape(shorten(name, 200))}</span></div>'
        f'<div class="aml-where">{"".join(where)}</div>{_tags_html(run)}{description}'
    )


def _tags_html(run: RunRecord) -> str:
    if not run.tags:
        return ""
    shown = [
        f'<span class="aml-tag" title="{escape(_tag_text(key, value, 400))}">{escape(_tag_text(key, value, 60))}</span>'
        for key, value in list(run.tags.items())[:MAX_TAGS]
    ]
    n_more = len(run.tags) - MAX_TAGS
    more = f'<span class="aml-note">and {n_more:,} more</span>' if n_more > 0 else ""
    return f'<div class="aml-tags">{"".join(shown)}{more}</div>'


def _tag_text(key: str, value: str | None, max_length: int) -> str:
    return shorten(name_text(key) if value is None else f"{name_text(key)}: {value}", max_length)


def _times_html(state: ViewState, refresh_seconds: float, paused_at: float | None) -> str:
    run = state.run
    if run is None or state.heard_at is None:
        return ""
    stale_after = max(1, math.ceil(INTERVALS_UNTIL_STALE * refresh_seconds))
    # Of a run that has not ended, the span until the store answered is true whatever happened since.
    seconds = duration_seconds(run, state.heard_at)
    facts: list[str] = []
    if run.started_at is None:
        facts.append(_fact("Created", escape(time_text(run.created_at))))
    else:
        facts.append(_fact("Started", escape(time_text(run.started_at))))
    if run.ended_at is not None:
        facts.append(_fact("Ended", escape(time_text(run.ended_at))))
    if seconds is not None:
        is_over = not state.expects_more or state.silence is not None or paused_at is not None
        known = escape(duration_text(seconds))
        facts.append(
            _fact("Duration", known if is_over else _duration_html(known, seconds, state.heard_at, stale_after))
        )
    step = step_reached(state)
    if step is not None:
        facts.append(_fact("Step", f"{step:,}"))
    facts.extend(_number_facts(state))
    if paused_at is not None and not state.has_ended:
        facts.append(_fact("Paused", f"<b>as of {escape(clock_text(state.heard_at))}</b>"))
    elif not state.has_ended and state.silence is None:
        facts.append(_fact("Updated", _freshness_html(state.heard_at, stale_after)))
    if state.has_more:
        goes_on = state.silence is None and paused_at is None
        known = count_text(state.point_count, "point", "points")
        facts.append(_fact("Reading" if goes_on else "Read", f'<b title="{_WHILE_READING}">{escape(known)} so far</b>'))
    return f'<div class="aml-facts">{"".join(facts)}</div>'


def _number_facts(state: ViewState) -> list[str]:
    """Give the last values of the first few metrics that have a course."""
    facts: list[str] = []
    for metric in state.metrics.values():
        if len(facts) == MAX_NUMBERS:
            break
        series = metric.columns.get(None)
        if metric.kind is MetricKind.SCALAR and series is not None and is_charted(metric) and is_number(series.last):
            name = f'<span title="{escape(metric.name)}">{escape(name_text(metric.name, 24))}</span>'
            value = escape(shorten(value_text(series.last), 24))
            facts.append(_fact(name, f'<span title="{escape(shorten(exact_text(series.last), 100))}">{value}</span>'))
    return facts


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
    if state.silence.is_missing:
        return (
            '<div class="aml-box aml-look-bad" role="alert"><b>The store does not have this run.</b> '
            f"{escape(shorten(state.silence.reason, 1000))}</div>"
        )
    shown = f"What is shown is from {time_text(state.heard_at)}." if state.heard_at is not None else ""
    return (
        '<div class="aml-box aml-look-warn" role="alert"><b>The store cannot be reached</b> since '
        f"{escape(time_text(state.silence.since))}: {escape(shorten(state.silence.reason, 1000))}"
        f'<div class="aml-message">{escape(shown)}</div></div>'
    )


def _gone_writer_html(state: ViewState) -> str:
    run = state.run
    if run is None or run.status is not RunStatus.NOT_RESPONDING:
        return ""
    return (
        f'<div class="aml-box aml-look-warn">{escape(gone_writer_text(run))} '
        "<code>run.complete()</code> or <code>run.fail()</code> ends it.</div>"
    )


def _problem_html(problem: str | None, trouble: str | None) -> str:
    texts = []
    if problem is not None:
        texts.append(f"<b>A part of this view could not be drawn</b>: {escape(shorten(problem, 1000))}")
    if trouble is not None:
        texts.append(escape(shorten(trouble, 1000)))
    return "".join(f'<div class="aml-box aml-look-warn" role="alert">{text}</div>' for text in texts)
