"""v1's documents: what is read of them, what is drawn of them, and what is said of those that are wrong."""

from __future__ import annotations

import itertools
import json
import math
import re

import numpy as np
import pytest

from aml_widgets.core.records import MetricKind
from aml_widgets.testing import seeded_documents
from aml_widgets.widgets.chart import ChartForm
from aml_widgets.widgets.document_charts import (
    MACRO,
    MICRO,
    precision_recall_curves,
    predictions_chart,
    predictions_text,
    residuals_chart,
    residuals_text,
    roc_chart,
    roc_curves,
)
from aml_widgets.widgets.documents import (
    AccuracyTable,
    ConfusionMatrix,
    Document,
    Predictions,
    Residuals,
    ThresholdTables,
    WrongDocument,
    parse_document,
)
from aml_widgets.widgets.panels.matrix_html import BOTH, COUNTS, MAX_CLASSES, RATES, accuracy_text, matrix_html
from aml_widgets.widgets.pictures import picture_of


def parse(kind: MetricKind, data: object) -> Document:
    return parse_document(kind, json.dumps({"schema_type": kind.value, "data": data}).encode())


def matrix(data: object) -> ConfusionMatrix:
    document = parse(MetricKind.CONFUSION_MATRIX, data)
    assert isinstance(document, ConfusionMatrix)
    return document


def tables(*counts: list[list[int]]) -> ThresholdTables:
    return ThresholdTables(thresholds=np.empty(0), counts=tuple(np.array(one, dtype=float) for one in counts))


# A perfect classifier over three thresholds, and one that guesses: rows of TP, FP, TN, FN.
PERFECT = [[10, 90, 0, 0], [10, 0, 90, 0], [0, 0, 90, 10]]
GUESS = [[10, 90, 0, 0], [5, 45, 45, 5], [0, 0, 90, 10]]


def test_a_confusion_matrix_has_rates_of_the_true_class() -> None:
    found = matrix({"class_labels": ["a", "b"], "matrix": [[3, 1], [0, 0]]})

    assert found.accuracy == 0.75
    assert found.rates[0].tolist() == [0.75, 0.25]
    assert np.isnan(found.rates[1]).all()  # no example of the class
    assert accuracy_text(found) == "accuracy 75.00% (3 of 4)"


def test_the_table_of_a_matrix_shows_counts_rates_or_both_and_totals() -> None:
    found = matrix({"class_labels": ["a<b>", "b"], "matrix": [[3, 1], [0, 1200]]})

    counts, rates, both = (matrix_html(found, shown, "card") for shown in (COUNTS, RATES, BOTH))

    assert "a&lt;b&gt;" in counts
    assert "<b>" not in counts
    assert ">1,200</td>" in counts
    assert '<td class="aml-total">1,204</td>' in counts
    assert ">75.0%</td>" in rates
    assert ">3<small>75.0%</small></td>" in both


@pytest.mark.parametrize("n_classes", [3, 40])
def test_classes_that_begin_alike_are_told_apart_by_the_ends_of_their_names(n_classes: int) -> None:
    labels = [f"a rather long name of class number {place}" for place in range(n_classes)]
    counts = np.eye(n_classes).tolist()

    html = matrix_html(matrix({"class_labels": labels, "matrix": counts}), COUNTS, "card")

    shown = re.findall(r'<th scope="col" title="([^"]+)"><span>([^<]+)</span>', html)
    assert [title for title, _ in shown] == labels
    assert len({text for _, text in shown}) == n_classes
    assert all(len(text) <= 20 for _, text in shown)


def test_a_matrix_of_too_many_classes_is_cut_and_says_so() -> None:
    size = MAX_CLASSES + 30

    html = matrix_html(matrix({"matrix": np.eye(size).tolist()}), COUNTS, "card")

    assert f"The first {MAX_CLASSES} of {size} classes" in html
    assert len(html) < 200_000


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        (MetricKind.CONFUSION_MATRIX, {"matrix": [[1, 2]]}, "not square"),
        (MetricKind.CONFUSION_MATRIX, {"matrix": []}, "no class"),
        (MetricKind.CONFUSION_MATRIX, {"matrix": [[1, 2], [3]]}, "unequal length"),
        (MetricKind.CONFUSION_MATRIX, {"matrix": [["x"]]}, "something else than numbers"),
        (MetricKind.CONFUSION_MATRIX, {"class_labels": ["a"], "matrix": [[1, 2], [3, 4]]}, "1 labels"),
        (MetricKind.CONFUSION_MATRIX, {}, "'matrix' is missing"),
        (MetricKind.ACCURACY_TABLE, {}, "no class"),
        (MetricKind.ACCURACY_TABLE, {"probability_tables": 3}, "is no list"),
        (MetricKind.ACCURACY_TABLE, {"probability_tables": [[[1, 2, 3]]]}, "four counts"),
        (MetricKind.ACCURACY_TABLE, {"probability_tables": [GUESS], "class_labels": ["a", "b"]}, "2 labels"),
        (MetricKind.RESIDUALS, {"bin_edges": [0, 1], "bin_counts": [1, 2]}, "one more is needed"),
        (MetricKind.RESIDUALS, {"bin_edges": [1, 0], "bin_counts": [1]}, "do not ascend"),
        (MetricKind.RESIDUALS, {"bin_edges": [0, math.inf], "bin_counts": [1]}, "do not ascend"),
        (MetricKind.RESIDUALS, {"bin_edges": [0], "bin_counts": []}, "no bin"),
        (
            MetricKind.PREDICTIONS,
            {"bin_edges": [0, 1], "bin_counts": [1], "bin_averages": [1, 2], "bin_errors": [1]},
            "2 averages",
        ),
    ],
)
def test_a_wrong_document_is_said(kind: MetricKind, data: object, said: str) -> None:
    with pytest.raises(WrongDocument, match=said):
        parse(kind, data)


@pytest.mark.parametrize("content", [b"", b"{not json", b"[1, 2]", b"\xff\xfe", b'{"data": 3}', b"[" * 100_000])
def test_what_is_no_document_is_said(content: bytes) -> None:
    with pytest.raises(WrongDocument):
        parse_document(MetricKind.RESIDUALS, content)


def test_a_document_may_lack_what_surrounds_its_data() -> None:
    found = parse_document(MetricKind.RESIDUALS, b'{"bin_edges": [0, 1], "bin_counts": [4]}')

    assert isinstance(found, Residuals)
    assert found.counts.tolist() == [4.0]


def test_roc_of_a_perfect_classifier_and_of_a_guess() -> None:
    micro, macro, perfect, guess = roc_curves(tables(PERFECT, GUESS), ["perfect", "guess"])

    assert (perfect.area, guess.area) == (1.0, 0.5)
    assert (micro.label, macro.label) == (MICRO, MACRO)
    assert micro.is_average
    assert macro.area == pytest.approx(0.75)
    assert 0.5 < micro.area < 1.0
    for curve in (micro, macro, perfect, guess):
        assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0.0, 0.0, 1.0, 1.0)
        assert (np.diff(curve.x) >= 0).all()


def test_precision_and_recall_of_a_perfect_classifier_and_of_a_guess() -> None:
    curves = {curve.label: curve for curve in precision_recall_curves(tables(PERFECT, GUESS), ["perfect", "guess"])}

    assert curves["perfect"].area == pytest.approx(1.0)
    assert curves["guess"].area == pytest.approx(0.1)  # the part of positives
    assert curves[MACRO].area == pytest.approx(0.55)
    assert all(np.isfinite(curve.y).all() for curve in curves.values())


def test_a_class_without_examples_has_no_curve_and_no_area() -> None:
    nothing = [[0, 5, 5, 0], [0, 0, 10, 0]]

    roc = {curve.label: curve for curve in roc_curves(tables(GUESS, nothing, GUESS), ["a", "none", "b"])}

    assert not len(roc["none"].x)
    assert math.isnan(roc["none"].area)
    assert roc[MACRO].area == pytest.approx(0.5)
    assert MICRO not in roc  # other thresholds than the others


def test_one_class_has_no_averages() -> None:
    assert [curve.label for curve in roc_curves(tables(GUESS), ["a"])] == ["a"]
    assert roc_chart("accuracy", roc_curves(tables(GUESS), ["a"])).raw_lines[0].y.tolist() == [0.0, 1.0]


def test_a_seeded_accuracy_table_has_areas_that_scikit_would_give() -> None:
    document = parse(MetricKind.ACCURACY_TABLE, seeded_documents.accuracy_table(3))

    assert isinstance(document, AccuracyTable)
    assert document.by_probability is not None
    areas = [curve.area for curve in roc_curves(document.by_probability, document.labels) if not curve.is_average]
    # By trapezoids over FP/(FP+TN) and TP/(TP+FN), worked out with Python's own sums.
    expected = []
    for table in seeded_documents.accuracy_table(3)["probability_tables"]:  # type: ignore[attr-defined]  # a list
        places = sorted({(fp / (fp + tn), tp / (tp + fn)) for tp, fp, tn, fn in table} | {(0.0, 0.0), (1.0, 1.0)})
        pairs = itertools.pairwise(places)
        expected.append(sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairs))
    assert areas == pytest.approx(expected)


def test_residuals_are_bars_from_zero() -> None:
    document = parse(MetricKind.RESIDUALS, {"bin_edges": [-1, 0, 1], "bin_counts": [3, None]})

    assert isinstance(document, Residuals)
    chart = residuals_chart("residuals", document)
    assert chart.form is ChartForm.BARS
    assert chart.lines[0].y.tolist() == [3.0, 0.0]
    assert chart.y_range is not None
    assert chart.y_range[0] == 0.0


def test_predictions_are_a_band_over_the_middle_of_the_bins() -> None:
    data = {"bin_edges": [0, 2, 4], "bin_counts": [1, 0], "bin_averages": [1.5, None], "bin_errors": [-0.5, None]}

    document = parse(MetricKind.PREDICTIONS, data)

    assert isinstance(document, Predictions)
    chart = predictions_chart("predictions", document)
    middle, lower, upper = chart.lines
    assert middle.x.tolist() == [1.0, 3.0]
    assert (lower.y[0], middle.y[0], upper.y[0]) == (1.0, 1.5, 2.0)
    assert np.isnan(middle.y[1])
    assert chart.nonfinite_count == 1


def test_the_largest_floats_have_ranges_that_can_be_drawn() -> None:
    predictions = parse(
        MetricKind.PREDICTIONS,
        {"bin_edges": [-1e308, 0, 1e308], "bin_counts": [1, 1], "bin_averages": [0, 1e308], "bin_errors": [0, 1e308]},
    )
    residuals = parse(MetricKind.RESIDUALS, {"bin_edges": [-1e308, 1.7e308], "bin_counts": [1.7e308]})
    assert isinstance(predictions, Predictions)
    assert isinstance(residuals, Residuals)

    for chart in (predictions_chart("p", predictions), residuals_chart("r", residuals)):
        for low, high in (chart.x_range or (0.0, 0.0), chart.y_range or (0.0, 0.0)):
            assert low < high
            assert math.isfinite(high - low)
        assert picture_of(chart).count("inf") == 0
    assert "inf" not in residuals_text(residuals) + predictions_text(predictions)


def test_a_cell_that_is_not_known_is_a_dash_and_leaves_the_accuracy_open() -> None:
    found = matrix({"class_labels": ["a", "b"], "matrix": [[None, 1], [0, 5]]})

    html = matrix_html(found, COUNTS, "card")

    assert np.isnan(found.counts[0, 0])
    assert math.isnan(found.accuracy)
    assert np.isnan(found.rates[0]).all()
    assert found.rates[1].tolist() == [0.0, 1.0]
    assert accuracy_text(found) == "accuracy not known: 1 of 4 cells has no count"
    assert '<td class="aml-hit"><span class="aml-zero">\N{EN DASH}</span></td>' in html
    assert html.count('<td class="aml-total">\N{EN DASH}</td>') == 3  # its row, its column, and all
    assert '<td class="aml-total">6</td>' in html
    assert "50%" not in matrix_html(found, BOTH, "card")


def test_what_no_count_can_be_is_not_known() -> None:
    found = matrix({"class_labels": ["a", "b"], "matrix": [[float("inf"), 1e308], [1e308, 5]]})

    assert accuracy_text(found) == "accuracy not known: 3 of 4 cells have no count"
    assert matrix_html(found, RATES, "card").count("inf") == 0
