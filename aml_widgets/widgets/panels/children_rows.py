"""How the children of a run are written as HTML: the bar of their statuses, their table, and the controls of both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from aml_widgets.core.records import MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.widgets import children as kin
from aml_widgets.widgets.children import ChildRow, RowPage
from aml_widgets.widgets.panels.controls import button_html, select_html
from aml_widgets.widgets.panels.status import look_of, status_html
from aml_widgets.widgets.run_names import name_of, number_text
from aml_widgets.widgets.text import (
    count_text,
    duration_text,
    escape,
    exact_text,
    name_text,
    shorten,
    time_text,
    value_text,
)

N_COLOURS = 8
TICK_SECONDS = 120
"""So long the duration of a child that runs ticks on the page by itself; then somebody has to write it anew."""

_MAX_METRICS = 500
_MAX_PLAIN_NAME = 12  # a longer one may be cut off by the page
_TITLES = {
    kin.NUMBER: "#",
    kin.NAME: "Name",
    kin.STATUS: "Status",
    kin.STARTED: "Started (UTC)",
    kin.DURATION: "Duration",
    kin.LAST: "Last",
    kin.STEP: "Step",
}
_SPOKEN = {kin.NUMBER: "run number", kin.STARTED: "start"}
_NUMERIC = frozenset({kin.NUMBER, kin.DURATION, kin.BEST, kin.LAST, kin.STEP})
_WITH_METRIC = frozenset({kin.BEST, kin.LAST, kin.STEP})
_NOTHING = '<span class="aml-note" aria-label="none">\N{EN DASH}</span>'


def statuses_html(counts: Sequence[tuple[RunStatus, int]]) -> str:
    """Show how many children have which status, as a bar and in words."""
    total = sum(count for _, count in counts)
    parts = "".join(
        f'<span class="aml-look-{look_of(status)[0]}" style="flex-grow:{count}"></span>' for status, count in counts
    )
    words = "".join(
        f'<li class="aml-look-{look_of(status)[0]}"><span class="aml-sign" aria-hidden="true">{look_of(status)[1]}</span>'
        f"{count:,} {escape(_spoken_status(status))}</li>"
        for status, count in counts
    )
    return (
        f'<div class="aml-children-bar" aria-hidden="true">{parts}</div>'
        f'<ul class="aml-children-counts"><li><b>{count_text(total, "child run", "child runs")}</b></li>{words}</ul>'
    )


def metric_html(names: Sequence[str], metric: str, goal: str) -> str:
    """Write the controls that choose the metric, and whether low or high is good."""
    if not names:
        return ""
    # As JSON, because a page would give a name with a NUL or a carriage return back as another one.
    options = [(json.dumps(name), name_text(name, 60)) for name in dict.fromkeys([*names[:_MAX_METRICS], metric])]
    goals = [(kin.MINIMIZE, "lowest is best"), (kin.MAXIMIZE, "highest is best")]
    return (
        '<div class="aml-children-controls">'
        f"{select_html('Compare by', 'child-metric', options, json.dumps(metric))}"
        f"{select_html('Best value', 'child-goal', goals, goal, shows_label=False)}</div>"
    )


def table_html(
    page: RowPage,
    *,
    metric: str,
    column: str,
    is_descending: bool,
    places: Mapping[str, int],
    has_numbers: bool = True,
) -> str:
    """Write a page of rows. `places` are those of the children among the lines of the chart, by their id.

    Without `has_numbers`, as where all children are plain MLflow's, there is no column of numbers to be seen.
    """
    shown = [name for name in kin.COLUMNS if metric or name not in _WITH_METRIC]
    heads = "".join(_head_html(name, metric, is_sorted=name == column, is_descending=is_descending) for name in shown)
    rows = "".join(_row_html(row, places.get(row.run.run_id), has_metric=bool(metric)) for row in page.rows)
    numbers = "" if has_numbers else " aml-has-no-numbers"
    return (
        '<div class="aml-children-scroll" data-aml-key="child-table" tabindex="0" role="group" aria-label="Child runs">'
        f'<table class="aml-children-table{numbers}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def pager_html(page: RowPage) -> str:
    """Write the buttons that turn the pages, nothing where there is one page."""
    if page.page_count == 1:
        return ""
    last = page.page_count - 1
    return (
        '<nav class="aml-children-pager" aria-label="Pages of child runs">'
        f"{button_html('First', 'child-page', '0', is_disabled=page.page == 0)}"
        f"{button_html('Previous', 'child-page', 'previous', is_disabled=page.page == 0)}"
        f'<span class="aml-note">{page.start + 1:,}\N{EN DASH}{page.start + len(page.rows):,} of {page.total:,}</span>'
        f"{button_html('Next', 'child-page', 'next', is_disabled=page.page == last)}"
        f"{button_html('Last', 'child-page', str(last), is_disabled=page.page == last)}</nav>"
    )


def parent_html(parent_run_id: str) -> str:
    """Write the way to the run that this one is a child of."""
    label = f"\N{UPWARDS ARROW} Parent run {shorten(parent_run_id, 40)}"
    return button_html(label, "child-parent", title=f"Show the parent run {parent_run_id}")


def number_html(value: MetricValue) -> str:
    """Write a logged value, in full as its tooltip."""
    if value is None:
        return _NOTHING
    exact, shown = shorten(exact_text(value), 200), shorten(value_text(value), 24)
    return escape(shown) if shown == exact else f'<span title="{escape(exact)}">{escape(shown)}</span>'


def swatch_html(place: int) -> str:
    """Show the colour, and from the ninth line on the dash, of a line."""
    return (
        f'<span class="aml-swatch aml-dash-{place // N_COLOURS}" aria-hidden="true" '
        f'style="--aml-swatch:var(--aml-line-{place % N_COLOURS + 1})"></span>'
    )


def _head_html(column: str, metric: str, *, is_sorted: bool, is_descending: bool) -> str:
    title = f"Best {metric}" if column == kin.BEST else _TITLES[column]
    text = f"Best {name_text(metric, 24)}" if column == kin.BEST else title
    order = ("descending" if is_descending else "ascending") if is_sorted else "none"
    sign = ("\N{BLACK DOWN-POINTING SMALL TRIANGLE}" if is_descending else "\N{BLACK UP-POINTING SMALL TRIANGLE}") * (
        is_sorted
    )
    spoken = f"Sort by {_SPOKEN.get(column, title)}"
    numeric = " aml-is-numeric" if column in _NUMERIC else ""
    return (
        f'<th scope="col" class="aml-child-{column}{numeric}" aria-sort="{order}">'
        f'<button type="button" class="aml-sort" title="{escape(spoken)}" data-aml-do="child-sort" '
        f'data-aml-with="{column}" data-aml-key="child-sort {column}">{escape(text)}'
        f'<span class="aml-sort-sign" aria-hidden="true">{sign}</span></button></th>'
    )


def _row_html(row: ChildRow, place: int | None, *, has_metric: bool) -> str:
    """Write a row. Its cells have no classes: when one row changes, the whole page of them goes to the browser."""
    run = row.run
    child_id = escape(run.run_id)
    name = name_of(run)
    shown = name_text(name, 80)
    title = f' title="{escape(shorten(name, 400))}"' if shown != name or len(name) > _MAX_PLAIN_NAME else ""
    swatch = swatch_html(place) if place is not None else ""
    started = _NOTHING if run.started_at is None else escape(" ".join(time_text(run.started_at).split(" ")[:2]))
    # What it does is said by its row, which a click anywhere on it opens too.
    button = (
        f'<button type="button" class="aml-child-open"{title} data-aml-key="child {child_id}">{escape(shown)}</button>'
    )
    cells = [number_text(run) or _NOTHING, "", status_html(run.status, is_own=False), started, _duration_html(row)]
    if has_metric:
        cells += [
            number_html(row.best),
            number_html(row.last),
            _NOTHING if row.last_step is None else f"{row.last_step:,}",
        ]
    written = [f"<td>{cell}</td>" for cell in cells]
    written[1] = f'<th scope="row">{swatch}{button}</th>'
    return f'<tr data-aml-do="child-open" data-aml-with="{child_id}">{"".join(written)}</tr>'


def _duration_html(row: ChildRow) -> str:
    if row.duration_seconds is None:
        return _NOTHING
    if not kin.is_active(row.run.status):
        return escape(duration_text(row.duration_seconds))
    start = int(row.duration_seconds)
    style = (
        f"--aml-from:{start};--aml-to:{start + TICK_SECONDS};animation-duration:{TICK_SECONDS}s;"
        f"animation-timing-function:steps({TICK_SECONDS},end);animation-delay:-{row.duration_seconds - start:.2f}s"
    )
    return f'<span class="aml-ticking aml-clock" style="{style}"></span>'


def _spoken_status(status: RunStatus) -> str:
    """Write a status as a word in a sentence: ``NotResponding`` is not responding."""
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in str(status))
    return text.strip()
