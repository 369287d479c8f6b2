"""The documents behind `log_confusion_matrix`, `log_accuracy_table`, `log_residuals` and `log_predictions`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aml_widgets.core.errors import InvalidMetric
from aml_widgets.core.records import MetricKind
from aml_widgets.tracking.values import show, show_type


@dataclass(frozen=True, slots=True)
class Schema:
    """What a document of one kind must say of itself."""

    kind: MetricKind
    schema_type: str
    schema_version: str
    keys: tuple[str, ...]
    example: str


CONFUSION_MATRIX = Schema(
    MetricKind.CONFUSION_MATRIX,
    "confusion_matrix",
    "1.0.0",
    ("class_labels", "matrix"),
    "{'class_labels': ['a', 'b'], 'matrix': [[5, 1], [0, 7]]}",
)
ACCURACY_TABLE = Schema(
    MetricKind.ACCURACY_TABLE,
    "accuracy_table",
    "1.0.1",
    ("probability_tables", "percentile_tables", "probability_thresholds", "percentile_thresholds", "class_labels"),
    "{'probability_tables': [[[TP, FP, TN, FN], ...], ...], ...}",
)
RESIDUALS = Schema(
    MetricKind.RESIDUALS,
    "residuals",
    "1.0.0",
    ("bin_edges", "bin_counts"),
    "{'bin_edges': [0, 1, 2], 'bin_counts': [3, 4]}",
)
PREDICTIONS = Schema(
    MetricKind.PREDICTIONS,
    "predictions",
    "1.0.0",
    ("bin_averages", "bin_errors", "bin_counts", "bin_edges"),
    "{'bin_averages': [...], 'bin_errors': [...], 'bin_counts': [...], 'bin_edges': [...]}",
)


def to_document(name: str, value: object, schema: Schema) -> bytes:
    """Check a document and give it as JSON.

    Parameters
    ----------
    name : str
        The metric, for messages.
    value : dict or str
        The document, or its JSON. Only its ``data`` may be given; what surrounds it is added.
    schema : Schema
        The kind.

    Returns
    -------
    bytes
        JSON as UTF-8. NaN and infinities are written as Python writes them.

    Raises
    ------
    InvalidMetric
        If it is no such document.
    """
    document = _parse(name, value)
    if "data" not in document and all(key in document for key in schema.keys):
        document = {"data": document}
    document = {"schema_type": schema.schema_type, "schema_version": schema.schema_version, **document}
    if document["schema_type"] != schema.schema_type:
        raise InvalidMetric(
            f"Metric {name!r} got a document of schema type {show(document['schema_type'])}, and this call takes "
            f"{schema.schema_type!r}. Use the log_... call of that type.",
            value=value,
        )
    data = document.get("data")
    if not isinstance(data, Mapping):
        raise _wrong(name, schema, "must have its values under 'data'", value)
    missing = [key for key in schema.keys if key not in data]
    if missing:
        raise _wrong(name, schema, f"lacks {', '.join(map(repr, missing))} under 'data'", value)
    _check_lengths(name, schema, data)
    try:
        return json.dumps(document, default=_to_plain, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidMetric(
            f"The document for metric {name!r} cannot be written as JSON: {error}. Use lists, numbers and text.",
            value=value,
        ) from error


def _parse(name: str, value: object) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise InvalidMetric(
                f"Invalid JSON provided for metric {name!r}: {error}. Give a dict, or JSON of an object.", value=value
            ) from error
    if not isinstance(value, Mapping):
        raise InvalidMetric(
            f"The document for metric {name!r} must be a dict or the JSON of one, got {show(value)}, "
            f"{show_type(value)}.",
            value=value,
        )
    return value


def _check_lengths(name: str, schema: Schema, data: Mapping[str, object]) -> None:
    if schema.kind == MetricKind.CONFUSION_MATRIX:
        labels, rows = _count(data["class_labels"]), _to_plain(data["matrix"])
        if not isinstance(rows, Sequence) or any(_count(row) != len(rows) for row in rows) or len(rows) != labels:
            raise _wrong(name, schema, f"needs a square matrix with one row for each of its {labels} labels", data)
    elif schema.kind in (MetricKind.RESIDUALS, MetricKind.PREDICTIONS):
        edges, counts = _count(data["bin_edges"]), _count(data["bin_counts"])
        if edges != counts + 1:
            raise _wrong(name, schema, f"has {edges} bin edges for {counts} bins, and needs one more than bins", data)


def _count(values: object) -> int:
    return len(values) if hasattr(values, "__len__") else -1


def _wrong(name: str, schema: Schema, what: str, value: object) -> InvalidMetric:
    return InvalidMetric(
        f"The {schema.schema_type} for metric {name!r} {what}. An example: {schema.example}.", value=value
    )


def _to_plain(value: object) -> object:
    """Give arrays and NumPy numbers as JSON knows them."""
    to_list = getattr(value, "tolist", None)
    if callable(to_list):
        return to_list()
    if isinstance(value, (set, frozenset, range)):
        return list(value)
    if hasattr(value, "__iter__"):
        return list(value)
    if isinstance(value, (list, tuple)):
        return value
    raise TypeError(f"{show_type(value)} is no JSON value")
