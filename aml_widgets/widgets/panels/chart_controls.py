"""The controls of the charts as HTML: axes and smoothing, a menu of all the rest, filter, and the pager."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aml_widgets.widgets.panels import icons
from aml_widgets.widgets.panels.controls import button_html, check_html, menu_html, select_html, slider_html, text_html
from aml_widgets.widgets.panels.sections import CardPage, Section
from aml_widgets.widgets.settings import X_METRIC, X_RELATIVE, X_STEP, X_WALL, ViewSettings
from aml_widgets.widgets.text import count_text, escape, name_text, shorten

MAX_SMOOTHING = 0.99
MAX_LISTED = 200
SIZES = ("small", "medium", "large")
MAX_COLUMNS = 4
TYPED = "typed"  # an x axis whose metric is typed, because there are too many to list

_SLIDER_STEPS = 100
_MAX_AT_A_GLANCE = 3


def slider_place(smoothing: float) -> float:
    """Give the slider's place for a weight: steps are finer the nearer it is to one."""
    return round(-math.log10(1 - min(max(smoothing, 0.0), MAX_SMOOTHING)) * _SLIDER_STEPS / 2)


def smoothing_at(place: float) -> float:
    """Give the weight of the past at a place of the slider, 0 to 100."""
    if not math.isfinite(place):
        return 0.0
    return round(1 - 10 ** (-2 * min(max(place, 0.0), _SLIDER_STEPS) / _SLIDER_STEPS), 3)


def filter_html(settings: ViewSettings, number: int) -> str:
    """Write the filter field. A new `number` makes it another field, so that what was typed into the last one is gone."""
    return text_html(
        "Filter charts by name", "chart-filter", settings.filter_text, argument=str(number), placeholder="Filter charts"
    )


def filter_kind_html(settings: ViewSettings) -> str:
    """Write what the filter is."""
    return check_html(
        "Regex",
        "chart-filter-regex",
        is_checked=settings.filter_is_regex,
        title="Read the filter as a regular expression",
    )


def needs_filter(page: CardPage, settings: ViewSettings) -> bool:
    """Whether there is a filter: a few charts are seen at a glance."""
    return page.total_count > _MAX_AT_A_GLANCE or bool(settings.filter_text)


def count_html(page: CardPage, settings: ViewSettings, n_waiting: int = 0) -> str:
    """Say how many charts the filter lets through, or how many in sight are still to be drawn."""
    if n_waiting:
        return f"drawing {count_text(n_waiting, 'chart', 'charts')} \N{HORIZONTAL ELLIPSIS}"
    if settings.filter_text:
        left = (
            f"; {page.unsearched_count:,} not searched, the expression takes too long" if page.unsearched_count else ""
        )
        return f"{page.matched_count:,} of {count_text(page.total_count, 'chart', 'charts')}{left}"
    return count_text(page.total_count, "chart", "charts") if page.total_count > 1 else ""


def settings_html(settings: ViewSettings, metric_names: Sequence[str], number: int) -> str:
    """Write the controls of axes, smoothing and layout."""
    plain = ViewSettings()
    n_changed = sum(getattr(settings, name) != getattr(plain, name) for name in _IN_MENU)
    more = [
        check_html("Log x", "chart-x-log", is_checked=settings.x_log, title="Logarithmic x axis"),
        check_html("Log y", "chart-y-log", is_checked=settings.y_log, title="Logarithmic y axis"),
        check_html(
            "Cut outliers",
            "chart-outliers",
            is_checked=settings.cuts_outliers,
            title="Leave outliers out of the y axis",
        ),
        select_html("Columns", "chart-columns", _COLUMNS, str(settings.columns)),
        select_html("Size", "chart-size", [(size, size.capitalize()) for size in SIZES], settings.size),
        button_html("Reset", "chart-defaults", title="Show charts as at first", is_disabled=is_unset(settings)),
    ]
    controls = [
        _x_html(settings, metric_names, number),
        slider_html(
            "Smoothing",
            "chart-smoothing",
            slider_place(settings.smoothing),
            low=0,
            high=_SLIDER_STEPS,
            step=1,
            shown=f"{settings.smoothing:.3f}".rstrip("0").rstrip(".") if settings.smoothing else "off",
        ),
        menu_html(
            f"More ({n_changed})" if n_changed else "More",
            "".join(more),
            "chart-settings",
            title="Axes, outliers, columns and size",
            classes="aml-stays",
        ),
    ]
    return f'<div class="aml-chart-settings">{"".join(controls)}</div>'


def is_unset(settings: ViewSettings) -> bool:
    """Whether the charts' look is as at first."""
    return all(getattr(settings, name) == value for name, value in unset_look().items())


def unset_look() -> dict[str, object]:
    """Give the settings that the reset button sets."""
    plain = ViewSettings()
    names = ("x", "x_log", "y_log", "smoothing", "cuts_outliers", "columns", "size")
    return {name: getattr(plain, name) for name in names}


def pager_html(page: CardPage) -> str:
    """Write which charts are shown, and buttons to the others; nothing where all are."""
    if page.page_count == 1:
        return ""
    shown = f"Charts {page.first + 1:,}\N{EN DASH}{page.first + len(page.names):,} of {page.open_count:,}"
    is_first, is_last = page.number == 0, page.number == page.page_count - 1
    before = (
        _turn("First charts", "first", icons.FIRST, is_first),
        _turn("Previous", "previous", icons.PREVIOUS, is_first),
    )
    after = _turn("Next", "next", icons.NEXT, is_last), _turn("Last charts", "last", icons.LAST, is_last)
    return f'<nav class="aml-pager" aria-label="Pages of charts">{"".join(before)}<span>{shown}</span>{"".join(after)}</nav>'


def heading_html(section: Section) -> str:
    """Write the heading of a section, which opens and closes it."""
    with_key = escape(section.key)
    return (
        f'<button type="button" class="aml-section-head" aria-expanded="{"false" if section.is_collapsed else "true"}" '
        f'data-aml-do="chart-section" data-aml-with="{with_key}" data-aml-key="chart-section {with_key}" '
        f'title="{escape(section.title)}"><span class="aml-turn" aria-hidden="true">{icons.NEXT}</span>'
        f'<span class="aml-heading">{escape(name_text(section.title, 120))}</span> '
        f'<span class="aml-note">{section.count:,}</span></button>'
    )


def wrong_filter_html(message: str) -> str:
    """Say what is wrong with the filter."""
    return f'<span class="aml-wrong" role="alert">{escape(shorten(message, 300))} The charts before stay.</span>'


def nothing_found_html(settings: ViewSettings) -> str:
    """Say that no name has what is looked for, and offer the way out."""
    clear = button_html("Clear the filter", "chart-filter-clear")
    return f"No chart has <b>{escape(shorten(settings.filter_text, 80))}</b> in its name. {clear}"


_IN_MENU = ("x_log", "y_log", "cuts_outliers", "columns", "size")
_COLUMNS = [("0", "Auto"), *((str(count), str(count)) for count in range(1, MAX_COLUMNS + 1))]


def _turn(label: str, where: str, picture: str, is_disabled: bool) -> str:
    return button_html(label, "chart-page", where, icon=picture, is_disabled=is_disabled)


def _x_html(settings: ViewSettings, metric_names: Sequence[str], number: int) -> str:
    options = [(X_STEP, "Step"), (X_RELATIVE, "Time since the start"), (X_WALL, "Time of day")]
    chosen = settings.x.removeprefix(X_METRIC) if settings.x.startswith(X_METRIC) else ""
    is_typed = len(metric_names) > MAX_LISTED
    value = settings.x
    field = ""
    if is_typed:
        options.append((TYPED, "A metric"))
        if settings.x.startswith(X_METRIC):
            value = TYPED
            field = text_html(
                "Name of the metric on the x axis", "chart-x-name", chosen, argument=str(number), placeholder="Its name"
            )
    else:
        names = metric_names if not chosen or chosen in metric_names else [*metric_names, chosen]
        options += [(f"{X_METRIC}{name}", name_text(name, 60)) for name in names]
    return select_html("X axis", "chart-x", options, value) + field
