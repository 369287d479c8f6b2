"""Runs with tables, documents and pictures of each kind, and with such as are broken or try to be markup."""

from __future__ import annotations

import io
import json
import math
import random
import zlib
from collections.abc import Mapping, Sequence

from aml_widgets.core.records import MetricKind, MetricValue, NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.seeded import tiny_png

EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>"\'&amp;'
EXPERIMENT = "documents"

Columns = Mapping["str | None", Sequence[MetricValue]]


def run_with_documents(store: RunStore) -> RunRecord:
    """Make a running run of one metric of each kind that is no line."""
    run = _start(store, "every card")
    numbers: dict[str, MetricValue] = {"alpha": 0.3, "best accuracy": 0.9371284, "n_samples": 442, "big": 2**70}
    for name, value in numbers.items():
        store.log_metric(run.run_id, name, value)
    others: dict[str, MetricValue] = {"model": "Ridge(alpha=0.3)", "is final": True, "nothing": None, "empty": ""}
    for name, value in others.items():
        store.log_metric(run.run_id, name, value)
    log_document(store, run, MetricKind.CONFUSION_MATRIX, "validation matrix", confusion_matrix(4))
    log_document(store, run, MetricKind.ACCURACY_TABLE, "accuracy", accuracy_table(3))
    log_document(store, run, MetricKind.RESIDUALS, "residuals", residuals())
    log_document(store, run, MetricKind.PREDICTIONS, "predictions", predictions())
    for place in range(12):
        log_picture(store, run, "samples", f"samples_{place}.png", tiny_png(40 + 10 * place, 60))
    log_picture(store, run, "transparent", "transparent.png", transparent_png())
    log_table(store, run, "best models", n_rows=57)
    store.log_columns(run.run_id, "phase", {None: [f"phase {place}: warming up" for place in range(45)]})
    return store.get_run(run.run_id)


def run_with_large_documents(store: RunStore) -> RunRecord:
    """Make a run of a hundred classes, fifty columns, a hundred tiles, and files that cannot be shown."""
    run = _start(store, "large and broken")
    for place in range(100):
        store.log_metric(run.run_id, f"score {place}", place / 7)
    log_document(store, run, MetricKind.CONFUSION_MATRIX, "hundred classes", confusion_matrix(100))
    log_document(store, run, MetricKind.ACCURACY_TABLE, "many classes", accuracy_table(40))
    wide: dict[str | None, Sequence[MetricValue]] = {
        f"column {place}": [place * row / 3 for row in range(30)] for place in range(49)
    }
    wide["text"] = [f"row {row}" for row in range(30)]
    store.log_columns(run.run_id, "fifty columns", wide, kind=MetricKind.ROW)
    _put(store, run, "broken", b"{not json")
    store.log_columns(run.run_id, "broken", {None: ["broken"]}, kind=MetricKind.CONFUSION_MATRIX)
    store.log_columns(run.run_id, "gone", {None: ["not there"]}, kind=MetricKind.RESIDUALS)
    log_picture(
        store, run, "no picture", "vector.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.pwned=1'/>"
    )
    store.log_columns(run.run_id, "empty rows", {"a": [], "b": []}, kind=MetricKind.ROW)
    store.log_columns(run.run_id, "holes", {"a": [1.5, 2.5], "note": ["x", "y"]}, kind=MetricKind.ROW)
    store.log_columns(run.run_id, "holes", {"b": [3], "note": ["only b"]}, kind=MetricKind.ROW)
    return store.get_run(run.run_id)


def run_with_hostile_documents(store: RunStore) -> RunRecord:
    """Make a run whose column names, labels, texts and paths try to be markup."""
    run = _start(store, EVIL)
    store.log_metric(run.run_id, f"number {EVIL}", 1.5)
    store.log_metric(run.run_id, f"text {EVIL}", EVIL)
    cells: Columns = {EVIL: [EVIL, EVIL * 3, "a\nb"], "number": [1.0, math.nan, 3.0]}
    store.log_columns(run.run_id, f"table {EVIL}", cells, kind=MetricKind.ROW)
    store.log_columns(run.run_id, f"texts {EVIL}", {None: [EVIL, EVIL + "2", "c" * 3_000]})
    matrix = {"class_labels": [EVIL, "\u202edetrevni", " "], "matrix": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}
    log_document(store, run, MetricKind.CONFUSION_MATRIX, f"matrix {EVIL}", matrix)
    table = accuracy_table(2)
    table["class_labels"] = [EVIL, "x" * 300]
    log_document(store, run, MetricKind.ACCURACY_TABLE, f"accuracy {EVIL}", table)
    store.log_columns(run.run_id, f"gone {EVIL}", {None: [EVIL]}, kind=MetricKind.PREDICTIONS)
    log_picture(store, run, f"picture {EVIL}", "evil <b>.png", tiny_png(30, 30))
    log_picture(store, run, f"page {EVIL}", "page.png", f"<html>{EVIL}</html>".encode())
    return store.get_run(run.run_id)


def confusion_matrix(n_classes: int) -> dict[str, object]:
    """Make a matrix whose diagonal is strong, with one class that never occurs where there are many."""
    source = random.Random(n_classes)  # noqa: S311 - nothing secret
    matrix = [
        [source.randint(60, 120) if row == column else int(source.random() ** 6 * 30) for column in range(n_classes)]
        for row in range(n_classes)
    ]
    if n_classes > 10:
        matrix[3] = [0] * n_classes
    labels = ["cat", "dog", "fox", "giraffe"] if n_classes == 4 else [f"class {place}" for place in range(n_classes)]
    return {"class_labels": labels, "matrix": matrix}


def accuracy_table(n_classes: int, n_thresholds: int = 40) -> dict[str, object]:
    """Make tables of classifiers that know less and less."""
    thresholds = [place / (n_thresholds - 1) for place in range(n_thresholds)]

    def table(class_number: int) -> list[list[int]]:
        positives, negatives, power = 100, 300, 2.0 + class_number / 2
        rows = []
        for threshold in thresholds:
            true_positives = round(positives * (1 - threshold**power))
            false_positives = round(negatives * (1 - threshold) ** power)
            rows.append([true_positives, false_positives, negatives - false_positives, positives - true_positives])
        return rows

    tables = [table(n_classes - place) for place in range(n_classes)]
    return {
        "probability_tables": tables,
        "percentile_tables": tables,
        "probability_thresholds": thresholds,
        "percentile_thresholds": thresholds,
        "class_labels": [f"class {place}" for place in range(n_classes)],
    }


def residuals() -> dict[str, object]:
    """Make a histogram of twenty bins in the form of a bell."""
    edges = [-5 + place / 2 for place in range(21)]
    counts = [round(400 * math.exp(-((edge + 0.25) ** 2) / 4)) for edge in edges[:-1]]
    return {"bin_edges": edges, "bin_counts": counts}


def predictions() -> dict[str, object]:
    """Make predictions that are low at the high end, with one empty bin."""
    edges = [float(10 * place) for place in range(11)]
    averages: list[float | None] = [middle - middle**2 / 400 for middle in ((low + 5) for low in edges[:-1])]
    errors: list[float | None] = [2 + place for place in range(10)]
    counts = [5 + 11 * place % 37 for place in range(10)]
    averages[8], errors[8], counts[8] = None, None, 0
    return {"bin_averages": averages, "bin_errors": errors, "bin_counts": counts, "bin_edges": edges}


def log_document(store: RunStore, run: RunRecord, kind: MetricKind, name: str, data: Mapping[str, object]) -> None:
    """Log a document as the API does: a file, and its path under the metric's name."""
    document = {"schema_type": kind.value, "schema_version": "1.0.0", "data": data}
    path = f"documents/{zlib.crc32(name.encode())}.json"
    _put(store, run, path, json.dumps(document).encode())
    store.log_columns(run.run_id, name, {None: [path]}, kind=kind)


def log_picture(store: RunStore, run: RunRecord, name: str, path: str, content: bytes) -> None:
    """Log a picture as the API does."""
    _put(store, run, path, content)
    store.log_columns(run.run_id, name, {None: [path]}, kind=MetricKind.IMAGE)


def log_table(store: RunStore, run: RunRecord, name: str, n_rows: int) -> None:
    """Log rows with text, a long text and holes among them, one call each."""
    columns: dict[str | None, Sequence[MetricValue]] = {
        "model": [f"Ridge(alpha={row / 10:g})" for row in range(n_rows)],
        "score": [1 - 1 / (row + 3) for row in range(n_rows)],
        "n": [row * 1_000 for row in range(n_rows)],
        "note": ["found by grid search " * 8 if row % 9 == 4 else "ok" if row % 2 else None for row in range(n_rows)],
    }
    store.log_columns(run.run_id, name, columns, kind=MetricKind.ROW)


def transparent_png() -> bytes:
    """Make a picture that is mostly transparent."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (160, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 15, 140, 85), fill=(213, 94, 0, 200))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def _start(store: RunStore, name: str) -> RunRecord:
    experiment = store.open_experiment(EXPERIMENT)
    run = store.create_run(NewRun(experiment_id=experiment.experiment_id, display_name=name, writer=this_process()))
    return store.set_status(run.run_id, RunStatus.RUNNING)


def _put(store: RunStore, run: RunRecord, path: str, content: bytes) -> None:
    store.artifacts.put(run.run_id, path, io.BytesIO(content))
