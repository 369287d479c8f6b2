"""What programs read: JSON with the names of our fields, ASCII only, valid for every value that can be logged."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from aml_widgets.core.records import ArtifactRecord, MetricSummary, RunRecord


def run_reply(record: RunRecord) -> dict[str, Any]:
    """Give the JSON form of a run."""
    return asdict(record)


def metric_reply(summary: MetricSummary) -> dict[str, Any]:
    """Give the JSON form of what is known of a series; its key's parts are fields of their own."""
    fields = summary._asdict()
    key = fields.pop("key")
    return {"name": key.name, "column": key.column, **fields}


def artifact_reply(artifact: ArtifactRecord) -> dict[str, Any]:
    """Give the JSON form of a file."""
    return asdict(artifact)


def write_document(document: object) -> None:
    """Write one document."""
    sys.stdout.write(json.dumps(_plain(document), indent=2, allow_nan=False) + "\n")


def write_line(document: Mapping[str, object]) -> None:
    """Write one object of a stream, on a line of its own, at once."""
    sys.stdout.write(json.dumps(_plain(document), allow_nan=False) + "\n")
    sys.stdout.flush()


def write_list(documents: Iterable[Mapping[str, object]]) -> None:
    """Write one document that is a list, each element on a line, as they come."""
    sys.stdout.write("[")
    separator = "\n"
    for document in documents:
        sys.stdout.write(separator + json.dumps(_plain(document), allow_nan=False))
        separator = ",\n"
    sys.stdout.write("\n]\n")


def _plain(value: object) -> object:
    """Give a value that JSON has; what it does not have becomes text that Python and JavaScript read as numbers."""
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 10_000:
        return hex(value)  # Python refuses to write integers of thousands of digits in decimal
    return value
