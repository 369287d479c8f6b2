"""A confusion matrix as an HTML table in the manner of a heat map."""

from __future__ import annotations

import math

import numpy as np

from aml_widgets.widgets.documents import ConfusionMatrix
from aml_widgets.widgets.text import count_text, escape, number_text, shorten, shorten_middle

COUNTS, RATES, BOTH = "counts", "rates", "both"
MAX_CLASSES = 120

_MAX_ROOMY_CLASSES = 12
_ROOMY_LETTERS, _COMPACT_LETTERS = 20, 13  # of a class's name; more would be cut off by the page, at the end
# Mixed in no more than this, the text keeps its contrast in every theme.
_DEEPEST = 55
_LARGE = 1e15  # from here on digits say nothing


def matrix_html(matrix: ConfusionMatrix, shown: str, key: str) -> str:
    """Write a matrix with counts, rates of the true class, or both; the colour is that of the rate.

    The page writes the tooltips of the cells (`matrix.js`), because ten thousand of them would be most of the HTML.
    """
    n_classes = min(len(matrix.labels), MAX_CLASSES)
    is_roomy = n_classes <= _MAX_ROOMY_CLASSES
    counts, rates = matrix.counts, matrix.rates
    highest = float(np.nanmax(rates, initial=0.0)) or 1.0  # the deepest colour is that of the highest rate
    labels = [
        escape(class_text(label, _ROOMY_LETTERS if is_roomy else _COMPACT_LETTERS))
        for label in matrix.labels[:n_classes]
    ]
    titles = [escape(shorten(label, 200)) for label in matrix.labels[:n_classes]]
    heads = "".join(
        f'<th scope="col" title="{title}"><span>{label}</span></th>'
        for label, title in zip(labels, titles, strict=True)
    )
    row_totals, column_totals = counts.sum(axis=1), counts.sum(axis=0)
    rows = "".join(
        f'<tr><th scope="row" title="{titles[true]}"><span>{labels[true]}</span></th>'
        + "".join(
            _cell_html(
                float(counts[true, place]),
                float(rates[true, place]),
                shown,
                highest=highest,
                is_hit=true == place,
                is_roomy=is_roomy,
            )
            for place in range(n_classes)
        )
        + f'<td class="aml-total">{cell_text(float(row_totals[true]))}</td></tr>'
        for true in range(n_classes)
    )
    totals = "".join(f'<td class="aml-total">{cell_text(float(total))}</td>' for total in column_totals[:n_classes])
    size = "aml-roomy" if is_roomy else "aml-compact"
    return (
        f'<div class="aml-scroll aml-matrix-scroll" data-aml-key="matrix {escape(key)}" tabindex="0" role="region" aria-label="Confusion matrix">'
        f'<table class="aml-matrix {size}"><thead><tr><th scope="col" class="aml-corner"><span class="aml-note">true \N{RIGHTWARDS ARROW WITH TIP DOWNWARDS} predicted</span></th>'
        f'{heads}<th scope="col" class="aml-total">total</th></tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row">total</th>{totals}<td class="aml-total">{cell_text(float(counts.sum()))}</td></tr></tfoot>'
        f"</table></div>{_cut_html(len(matrix.labels), n_classes)}"
    )


def width_of(matrix: ConfusionMatrix) -> int:
    """Say about how many pixels wide a matrix is."""
    n_classes = min(len(matrix.labels), MAX_CLASSES)
    if n_classes > _MAX_ROOMY_CLASSES:
        return 150 + 26 * n_classes
    widths = [min(150, 7 * len(class_text(label, _ROOMY_LETTERS))) + 13 for label in matrix.labels[:n_classes]]
    return max(62, *widths) + sum(max(45, width) for width in widths) + 40


def accuracy_text(matrix: ConfusionMatrix) -> str:
    """Say how much lies on the diagonal."""
    n_unknown = matrix.unknown_count
    if n_unknown:
        has = "has" if n_unknown == 1 else "have"
        return f"accuracy not known: {n_unknown:,} of {count_text(matrix.counts.size, 'cell', 'cells')} {has} no count"
    total = float(matrix.counts.sum())
    if not total:
        return "nothing was counted"
    hits = float(np.trace(matrix.counts))
    return f"accuracy {matrix.accuracy:.2%} ({cell_text(hits)} of {cell_text(total)})"


def class_text(label: str, max_length: int) -> str:
    """Write the name of a class for its place beside a matrix."""
    return shorten_middle(label if label.strip() else repr(label), max_length)


def cell_text(count: float) -> str:
    """Write how often something was counted; a dash where that is not known."""
    if math.isnan(count):
        return "\N{EN DASH}"
    return f"{count:,.0f}" if count.is_integer() and abs(count) < _LARGE else number_text(round(count, 4))


def _cell_html(count: float, rate: float, shown: str, *, highest: float, is_hit: bool, is_roomy: bool) -> str:
    kind = ' class="aml-hit"' if is_hit else ""
    if math.isnan(count):
        return f'<td{kind}><span class="aml-zero">{cell_text(count)}</span></td>'
    if not count and not is_roomy:
        return f"<td{kind}></td>"
    if not count:
        zero = "0" if shown == COUNTS else _rate_text(rate)
        return f'<td{kind}><span class="aml-zero">{zero}</span></td>'
    depth = 0 if math.isnan(rate) else round(min(max(rate / highest, 0.0), 1.0) * _DEEPEST)
    text = cell_text(count) if shown == COUNTS else _rate_text(rate)
    if shown == BOTH:
        text = f"{cell_text(count)}<small>{_rate_text(rate)}</small>"
    return f'<td{kind} style="--p:{depth}%">{text}</td>'


def _rate_text(rate: float) -> str:
    if math.isnan(rate):
        return "\N{EN DASH}"
    return f"{rate:.0%}" if rate in (0.0, 1.0) else f"{rate:.1%}"


def _cut_html(n_classes: int, n_shown: int) -> str:
    if n_classes == n_shown:
        return ""
    return f'<div class="aml-note">The first {n_shown} of {n_classes:,} classes; all are in the file.</div>'
