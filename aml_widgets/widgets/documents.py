"""What v1's documents say: confusion matrix, accuracy table, residuals and predictions, read from their JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aml_widgets.core.records import MetricKind
from aml_widgets.widgets.series import FloatArray

_MAX_COUNT = 1e300  # sums of these are floats


class WrongDocument(Exception):
    """Says, as a sentence for the reader of the view, why a document cannot be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """How often each class was taken for which.

    Attributes
    ----------
    counts : ndarray of float64, shape (n_classes, n_classes)
        Row: the true class, column: the predicted one. NaN where it is not known.
    """

    labels: tuple[str, ...]
    counts: FloatArray

    @property
    def rates(self) -> FloatArray:
        """Each count as a part of its row, the true class; NaN in rows without any, or with one that is not known."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return divide(self.counts, np.broadcast_to(totals, self.counts.shape))

    @property
    def accuracy(self) -> float:
        """The part of all that lies on the diagonal; NaN where there is nothing, or a count is not known."""
        total = float(self.counts.sum())
        return float(np.trace(self.counts)) / total if total else float("nan")

    @property
    def unknown_count(self) -> int:
        """How many cells have no count."""
        return int(np.isnan(self.counts).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdTables:
    """What is right and wrong of each class at each threshold.

    Attributes
    ----------
    thresholds : ndarray of float64
        As logged; empty where they were not.
    counts : tuple of ndarray of float64, each of shape (n_thresholds, 4)
        For each class true positives, false positives, true negatives and false negatives.
    """

    thresholds: FloatArray
    counts: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyTable:
    """A classifier's answers over its thresholds. One of the two kinds of tables may be None, not both."""

    labels: tuple[str, ...]
    by_probability: ThresholdTables | None
    by_percentile: ThresholdTables | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """A histogram of residuals: `edges` are one more than `counts`, ascending."""

    edges: FloatArray
    counts: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Mean and error of what was predicted, in bins of the true value; NaN where a bin is empty."""

    edges: FloatArray
    averages: FloatArray
    errors: FloatArray
    counts: FloatArray

    @property
    def centres(self) -> FloatArray:
        """The middle of each bin."""
        return middles_of(self.edges)


Document = ConfusionMatrix | AccuracyTable | Residuals | Predictions


def parse_document(kind: MetricKind, content: bytes) -> Document:
    """Read a document of a kind.

    Parameters
    ----------
    kind : MetricKind
        What it was logged as.
    content : bytes
        JSON, with or without what v1 writes around its ``data``.

    Returns
    -------
    Document
        With arrays whose lengths go together.

    Raises
    ------
    WrongDocument
        If it is something else.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WrongDocument(f"The file is no JSON: {error}.") from error
    data = document.get("data", document) if isinstance(document, Mapping) else None
    if not isinstance(data, Mapping):
        raise WrongDocument("The file has no values under 'data'.")
    if kind is MetricKind.CONFUSION_MATRIX:
        return _confusion_matrix(data)
    if kind is MetricKind.ACCURACY_TABLE:
        return _accuracy_table(data)
    if kind is MetricKind.RESIDUALS:
        edges, counts = _binned(data)
        return Residuals(edges=edges, counts=counts)
    if kind is MetricKind.PREDICTIONS:
        return _predictions(data)
    raise WrongDocument(f"Nothing is known of documents of kind {kind}.")


def divide(numerators: FloatArray, denominators: FloatArray) -> FloatArray:
    """Divide element by element; NaN where there is nothing to divide by."""
    quotients = np.full(numerators.shape, np.nan)
    np.divide(numerators, denominators, out=quotients, where=denominators != 0)
    return quotients


def middles_of(edges: FloatArray) -> FloatArray:
    """Give the middle of each bin."""
    middles: FloatArray = edges[:-1] / 2 + edges[1:] / 2  # halved first: the sum of the largest floats is beyond them
    return middles


def _confusion_matrix(data: Mapping[str, object]) -> ConfusionMatrix:
    counts = _counts(data.get("matrix"), "'matrix'")
    if not counts.size:
        raise WrongDocument("The matrix has no class.")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise WrongDocument(f"The matrix is not square: its shape is {_shape(counts)}.")
    labels = _labels(data.get("class_labels"), len(counts))
    if len(labels) != len(counts):
        raise WrongDocument(f"There are {len(labels):,} labels for a matrix of {len(counts):,} classes.")
    return ConfusionMatrix(labels=labels, counts=counts)


def _accuracy_table(data: Mapping[str, object]) -> AccuracyTable:
    by_probability = _tables(data, "probability")
    by_percentile = _tables(data, "percentile")
    either = by_probability or by_percentile
    if either is None:
        raise WrongDocument("The accuracy table has no class.")
    labels = _labels(data.get("class_labels"), len(either.counts))
    for tables in (by_probability, by_percentile):
        if tables is not None and len(tables.counts) != len(labels):
            raise WrongDocument(f"There are {len(labels):,} labels for tables of {len(tables.counts):,} classes.")
    return AccuracyTable(labels=labels, by_probability=by_probability, by_percentile=by_percentile)


def _tables(data: Mapping[str, object], by: str) -> ThresholdTables | None:
    tables = data.get(f"{by}_tables")
    if not tables:
        return None
    if not _is_list(tables):
        raise WrongDocument(f"'{by}_tables' is no list with a table for each class.")
    counts = []
    for place, table in enumerate(tables, 1):  # type: ignore[arg-type,var-annotated]  # a list, as just seen
        rows = _counts(table, f"Table {place} of '{by}_tables'")
        if rows.ndim != 2 or rows.shape[1] != 4:
            raise WrongDocument(
                f"Table {place} of '{by}_tables' has the shape {_shape(rows)}, where each threshold has four counts: "
                "true positives, false positives, true negatives, false negatives."
            )
        counts.append(rows)
    thresholds = data.get(f"{by}_thresholds")
    return ThresholdTables(
        thresholds=_numbers(thresholds, f"'{by}_thresholds'").ravel() if thresholds else np.empty(0),
        counts=tuple(counts),
    )


def _binned(data: Mapping[str, object]) -> tuple[FloatArray, FloatArray]:
    edges, counts = _numbers(data.get("bin_edges"), "'bin_edges'"), _counts(data.get("bin_counts"), "'bin_counts'")
    if edges.ndim != 1 or counts.ndim != 1 or len(edges) != len(counts) + 1:
        raise WrongDocument(f"There are {edges.size:,} bin edges for {counts.size:,} bins, and one more is needed.")
    if not len(counts):
        raise WrongDocument("There is no bin.")
    if not np.isfinite(edges).all() or (edges[1:] < edges[:-1]).any():
        raise WrongDocument("The bin edges do not ascend.")
    return edges, counts


def _predictions(data: Mapping[str, object]) -> Predictions:
    edges, counts = _binned(data)
    averages = _numbers(data.get("bin_averages"), "'bin_averages'")
    errors = _numbers(data.get("bin_errors"), "'bin_errors'")
    if averages.shape != counts.shape or errors.shape != counts.shape:
        raise WrongDocument(
            f"There are {averages.size:,} averages and {errors.size:,} errors for {counts.size:,} bins."
        )
    return Predictions(edges=edges, averages=averages, errors=errors, counts=counts)


def _numbers(values: object, what: str) -> FloatArray:
    """Give lists of numbers, as deep as they are, as an array; None is NaN."""
    if not _is_list(values):
        raise WrongDocument(f"{what} is missing or no list.")
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise WrongDocument(f"{what} holds something else than numbers, or lists of unequal length.") from error


def _counts(values: object, what: str) -> FloatArray:
    """Give lists of counts as an array; NaN stands for what is none."""
    counts = _numbers(values, what)
    return np.where(np.abs(counts) <= _MAX_COUNT, counts, np.nan)


def _labels(values: object, n_classes: int) -> tuple[str, ...]:
    if not values or not _is_list(values):
        return tuple(f"class {place}" for place in range(n_classes))
    return tuple(str(value) for value in values)  # type: ignore[attr-defined]  # a list, as just seen


def _is_list(values: object) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str)


def _shape(values: FloatArray) -> str:
    return " \N{MULTIPLICATION SIGN} ".join(str(length) for length in values.shape)
