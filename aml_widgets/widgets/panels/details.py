"""What is known of the run beside its numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import ipywidgets

from aml_widgets.core.records import RunRecord
from aml_widgets.tracking.fact_groups import Fact, FactGroup, groups_of
from aml_widgets.tracking.provenance import SNAPSHOT_ID, SNAPSHOT_SKIPPED
from aml_widgets.widgets.panels.controls import text_html
from aml_widgets.widgets.panels.copying import copy_html
from aml_widgets.widgets.panels.error import error_document_html
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.panels.snapshot import SnapshotView
from aml_widgets.widgets.previews import PreviewProblem, pretty_json
from aml_widgets.widgets.previews import text_html as content_html
from aml_widgets.widgets.text import ELLIPSIS, count_text, escape, name_text, shorten
from aml_widgets.widgets.view_state import ViewState

_GROUPS = ("run", "parameters", "tags", "git", "script", "command", "environment", "packages", "properties")
_FILTER_FROM = 20
_MAX_ROWS = 200
_FOLDED_FROM, _FOLDED_LINES = 300, 5
_MAX_TEXT = 20_000
_MAX_JSON = 50_000


class DetailsPanel:
    """Facts, tags, properties and the like as tables. Each group has a place of its own, so one that changed is sent alone."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._wanted = ""
        self._run: RunRecord | None = None
        self._error = markup("aml-details-group")
        self._tools = markup("aml-details-tools")
        self._groups = {key: markup("aml-details-group") for key in _GROUPS}
        self._snapshot = SnapshotView(host)
        self._snapshot_title = markup("aml-details-group")
        self._none = markup("aml-note")
        self.widget = ipywidgets.VBox(
            [self._error, self._tools, *self._groups.values(), self._none, self._snapshot_title, self._snapshot.widget]
        )
        self.widget.add_class("aml-details")
        host.page.on("details-filter", lambda _, wanted: self._filter(wanted))
        host.page.on("details-run", lambda run_id, _: host.open_run(run_id))

    def update(self, state: ViewState) -> None:
        """Show what is known of the run."""
        if state.run is None or state.run == self._run:
            return
        self._run = state.run
        set_markup(self._error, error_document_html(state.run.error))
        self._draw(state.run)
        set_markup(self._snapshot_title, '<h3 class="aml-details-title aml-details-only">Snapshot</h3>')
        properties = state.run.properties
        self._snapshot.show(properties.get(SNAPSHOT_ID, ""), properties.get(SNAPSHOT_SKIPPED, ""))

    def _draw(self, run: RunRecord) -> None:
        groups = {group.key: group for group in groups_of(run)}
        row_count = sum(len(group.facts) for group in groups.values())
        is_long = row_count > _FILTER_FROM + len(groups["run"].facts)
        if is_long and not self._tools.value:  # once: nobody is to be disturbed in typing
            field = text_html("Filter the details", "details-filter", placeholder="Filter the details")
            set_markup(self._tools, f'<div class="aml-files-tools">{field}</div>')
        elif not self._tools.value:
            set_markup(self._tools, "")
        found = 0
        for key, place in self._groups.items():
            group = groups.get(key)
            facts = [fact for fact in group.facts if _has(fact, self._wanted)] if group else []
            found += len(facts)
            is_shown = group is not None and (facts or not self._wanted)
            set_markup(place, _group_html(group, facts, is_filtered=bool(self._wanted)) if group and is_shown else "")
        set_markup(self._none, "Nothing has that in its name or value." if self._wanted and not found else "")

    def _filter(self, wanted: str) -> None:
        self._wanted = wanted.strip().casefold()
        if self._run is not None:
            self._draw(self._run)


def _has(fact: Fact, wanted: str) -> bool:
    return not wanted or wanted in fact.label.casefold() or wanted in (fact.text or "").casefold()


def _group_html(group: FactGroup, facts: Sequence[Fact], *, is_filtered: bool) -> str:
    key = f"{group.key} found" if is_filtered else group.key  # what is found is shown, however the group was before
    is_open = " open" if group.is_open or is_filtered else ""
    count = f' <span class="aml-note aml-number">{len(facts):,}</span>' if group.key != "run" and facts else ""
    return (
        f'<details class="aml-details-fold" data-aml-key="details {key}"{is_open}>'
        f'<summary class="aml-details-title">{escape(group.title)}{count}</summary>{_table_html(group, facts)}</details>'
    )


def _table_html(group: FactGroup, facts: Sequence[Fact]) -> str:
    if not facts:
        return f'<div class="aml-note">{escape(group.note)}</div>'
    rows = "".join(_row_html(group.key, place, fact) for place, fact in enumerate(facts[:_MAX_ROWS]))
    hidden = len(facts) - _MAX_ROWS
    more = f'<div class="aml-note">and {hidden:,} more; filter to see them</div>' if hidden > 0 else ""
    return f'<table class="aml-table aml-facts-table"><tbody>{rows}</tbody></table>{more}'


def _row_html(group: str, place: int, fact: Fact) -> str:
    label = escape(name_text(fact.label))
    if fact.run_id:
        value = (
            f'<button type="button" class="aml-row-link aml-copied" data-aml-do="details-run" title="Show this run" '
            f'data-aml-with="{escape(fact.run_id)}" data-aml-key="details-run {place}">{escape(fact.text)}</button>'
        )
    elif fact.text is None:
        value = '<span class="aml-note">no value</span>'
    else:
        value = value_html(fact.text, f"{group} {fact.label}")
    copy = copy_html(f"Copy {name_text(fact.label, 80)}", f"{group} {place}") if fact.text else ""
    return (
        f'<tr class="aml-copyable"><th scope="row" title="{escape(shorten(fact.label, 1_000))}">{label}</th>'
        f'<td><div class="aml-fact-cell"><div class="aml-fact-value">{value}</div>{copy}</div></td></tr>'
    )


def value_html(text: str, key: str) -> str:
    """Write a value of any length: a long one folded, JSON set out when it is opened."""
    shown = shorten(text, _MAX_TEXT)
    cut = (
        f'<div class="aml-note">{len(text):,} characters, of which the first {_MAX_TEXT:,} are here.</div>'
        if shown != text
        else ""
    )
    pretty = _pretty(text)
    is_long = len(text) > _FOLDED_FROM or text.count("\n") >= _FOLDED_LINES
    if not is_long and pretty is None:
        return f'<span class="aml-text aml-copied">{content_html(shown)}</span>'
    kind = (
        "JSON"
        if pretty is not None
        else count_text(text.count("\n") + 1, "line", "lines")
        if "\n" in text
        else f"{len(text):,} characters"
    )
    first = content_html(" ".join(text[:400].split())[:100])
    dots = ELLIPSIS if len(text) > 100 else ""
    body = content_html(shorten(pretty, _MAX_TEXT) if pretty is not None else shown)
    # What is copied is the value as it is, also where it is shown set out.
    original = f'<span class="aml-copied" hidden>{content_html(shown)}</span>' if pretty is not None else ""
    look = "aml-mono aml-value-box" if pretty is not None else "aml-mono aml-value-box aml-copied"
    return (
        f'<details data-aml-key="{escape(f"value {key}")}"><summary><span class="aml-value-first">{first}{dots}</span> '
        f'<span class="aml-note">{escape(kind)}</span></summary><div class="{look}" tabindex="0">{body}</div>{cut}</details>{original}'
    )


def _pretty(text: str) -> str | None:
    """Set out a value that is a JSON object or list; None for any other."""
    stripped = text.strip()
    if len(stripped) > _MAX_JSON or stripped[:1] + stripped[-1:] not in ("{}", "[]") or len(stripped) < 6:
        return None
    try:
        json.loads(stripped)
        return pretty_json(stripped)
    except (ValueError, RecursionError, PreviewProblem):
        return None
