"""Runs to look at: one for each thing that a view has to get right."""

from __future__ import annotations

import io
import json
import math
import random
import struct
import zlib
from array import array
from collections.abc import Sequence

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord, MetricKind, MetricValue, NewRun, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore

EXPERIMENT = "seeded"

HOSTILE_TEXTS = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "&lt;b&gt;already escaped&lt;/b&gt;",
    "{{7*7}} ${7*7} %s %(x)s",
    "\u202eright to left\u202c",
    "line\nbreak\ttab\rreturn",
    "nul\0 bell\x07 escape\x1b[31m",
    "[link](javascript:alert(1)) **bold** $x^2$",
)

TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "train.py", line 12, in <module>\n'
    "    train(alpha=0.1)\n"
    '  File "train.py", line 7, in train\n'
    '    raise ValueError("the loss is not a number")\n'
    "ValueError: the loss is not a number\n"
)


def _start(store: RunStore, display_name: str, status: RunStatus = RunStatus.RUNNING, **facts: str) -> RunRecord:
    experiment = store.open_experiment(EXPERIMENT)
    return store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id,
            display_name=display_name,
            status=status,
            writer=this_process(),
            **facts,  # type: ignore[arg-type]  # the few that are text
        )
    )


def _log_losses(store: RunStore, run: RunRecord, n_steps: int) -> None:
    for step in range(n_steps):
        loss = 1.0 / (1 + step)
        store.log_metrics(run.run_id, {"loss": loss, "accuracy": 1.0 - loss / 2}, step)


def _add_file(store: RunStore, run: RunRecord, path: str, content: bytes) -> None:
    size_bytes = store.artifacts.put(run.run_id, path, io.BytesIO(content))
    store.record_artifact(run.run_id, ArtifactRecord(path=path, size_bytes=size_bytes, written_at=clock.now()))


def append_log(store: RunStore, run: RunRecord, path: str, text: str) -> None:
    """Append to a log stream of a run, as the process that writes it does."""
    with open(store.artifacts.append_path(run.run_id, path), "ab") as log:
        log.write(text.encode())
    size_bytes = store.artifacts.size(run.run_id, path) or 0
    if not any(artifact.path == path for artifact in store.list_artifacts(run.run_id)):
        record = ArtifactRecord(path=path, size_bytes=size_bytes, written_at=clock.now(), is_log=True)
        store.record_artifact(run.run_id, record)


def artifact_uri(run: RunRecord, path: str) -> str:
    """Give the text that a metric of an artifact kind holds."""
    return f"aml://artifactId/ExperimentRun/dcid.{run.run_id}/{path}"


def empty_run(store: RunStore) -> RunRecord:
    """Make a run that was created, and no more."""
    return _start(store, "empty", RunStatus.NOT_STARTED)


def running_run(store: RunStore) -> RunRecord:
    """Make a run that goes on, written by this process: two metrics of 20 points, a value logged once, a growing log."""
    run = _start(store, "running", description="A run that goes on.")
    store.log_metric(run.run_id, "alpha", 0.1)
    _log_losses(store, run, 20)
    append_log(store, run, "logs/user_log.txt", "epoch 1\nepoch 2\n")
    return store.get_run(run.run_id)


def finished_run(store: RunStore) -> RunRecord:
    """Make a run that completed, with metrics, tags, properties and a file."""
    run = _start(store, "finished")
    store.update_run(
        run.run_id,
        tags={"model": "ridge", "baseline": None},
        properties={"azureml.git.branch": "main", "azureml.git.dirty": "False"},
    )
    store.log_metric(run.run_id, "alpha", 0.1)
    _log_losses(store, run, 20)
    _add_file(store, run, "outputs/model.json", b'{"alpha": 0.1}')
    return store.set_status(run.run_id, RunStatus.COMPLETED)


def failed_run(store: RunStore) -> RunRecord:
    """Make a run that failed with an exception."""
    run = _start(store, "failed")
    _log_losses(store, run, 5)
    append_log(store, run, "logs/user_log.txt", f"epoch 1\n{TRACEBACK}")
    error = RunError(
        code="UserError",
        message="User program failed with ValueError: the loss is not a number",
        traceback=TRACEBACK,
        error_type="ValueError",
    )
    return store.set_status(run.run_id, RunStatus.FAILED, error=error)


def wide_run(store: RunStore, n_metrics: int = 60, n_steps: int = 30) -> RunRecord:
    """Make a running run with many metrics, all logged at every step."""
    run = _start(store, f"wide: {n_metrics} metrics")
    for step in range(n_steps):
        store.log_metrics(run.run_id, {f"metric {i:02}": math.sin(step / 5 + i) for i in range(n_metrics)}, step)
    return store.get_run(run.run_id)


def long_run(store: RunStore, n_points: int = 100_000) -> RunRecord:
    """Make a running run with one long noisy metric and a single spike of 10 in its middle."""
    run = _start(store, f"long: {n_points} points")
    noise = random.Random(0)  # noqa: S311 - a picture, not a secret
    values = array("d", (math.exp(-3 * i / n_points) + noise.gauss(0, 0.02) for i in range(n_points)))
    if n_points:
        values[n_points // 2] = 10.0
    store.log_columns(run.run_id, "loss", {None: values})
    return store.get_run(run.run_id)


def every_kind_run(store: RunStore) -> RunRecord:
    """Make a completed run that has every kind of metric, and every type of value."""
    run = _start(store, "every kind")
    singles: dict[str, MetricValue] = {
        "float": 0.25,
        "int": 7,
        "big int": 2**100,
        "true": True,
        "false": False,
        "text": "relu",
        "empty text": "",
        "none": None,
        "nan": math.nan,
        "infinity": math.inf,
    }
    for name, value in singles.items():
        store.log_metric(run.run_id, name, value)
    _log_losses(store, run, 10)
    store.log_columns(run.run_id, "list", {None: [3, 1, 4, 1, 5]}, description="digits of pi")
    store.log_columns(run.run_id, "empty list", {None: []})
    store.log_columns(run.run_id, "mixed list", {None: [1, 2.5, "three", None, True]})
    for i in range(5):
        store.log_columns(run.run_id, "rows", {"x": [i], "y": [i * i / 2]}, kind=MetricKind.ROW)
    store.log_columns(run.run_id, "one row", {"x": [1], "label": ["a"]}, kind=MetricKind.ROW)
    table: dict[str | None, Sequence[MetricValue]] = {
        "x": [0.0, 1.0, 2.0],
        "y": [1.0, 0.5, 0.25],
        "label": ["a", "b", "c"],
    }
    store.log_columns(run.run_id, "table", table, kind=MetricKind.ROW)
    _add_file(store, run, "roc_1.png", tiny_png())
    store.log_columns(run.run_id, "roc", {None: [artifact_uri(run, "roc_1.png")]}, kind=MetricKind.IMAGE)
    for kind, data in _DOCUMENTS.items():
        document = {"schema_type": kind.value, "schema_version": "1.0.0", "data": data}
        _add_file(store, run, kind.value, json.dumps(document).encode())
        store.log_columns(run.run_id, kind.value, {None: [artifact_uri(run, kind.value)]}, kind=kind)
    return store.set_status(run.run_id, RunStatus.COMPLETED)


_DOCUMENTS: dict[MetricKind, dict[str, object]] = {
    MetricKind.CONFUSION_MATRIX: {"class_labels": ["cat", "dog"], "matrix": [[8, 2], [1, 9]]},
    MetricKind.ACCURACY_TABLE: {
        "probability_tables": [[[9, 10, 0, 1], [0, 10, 0, 10]], [[10, 9, 1, 0], [0, 10, 0, 10]]],
        "percentile_tables": [[[9, 10, 0, 1], [0, 10, 0, 10]], [[10, 9, 1, 0], [0, 10, 0, 10]]],
        "probability_thresholds": [0.5, 1.0],
        "percentile_thresholds": [0.5, 1.0],
        "class_labels": ["cat", "dog"],
    },
    MetricKind.RESIDUALS: {"bin_edges": [-1.0, 0.0, 1.0], "bin_counts": [3, 4]},
    MetricKind.PREDICTIONS: {
        "bin_averages": [0.5, 1.5],
        "bin_errors": [0.1, 0.2],
        "bin_counts": [3, 4],
        "bin_edges": [0.0, 1.0, 2.0],
    },
}


def hostile_run(store: RunStore) -> RunRecord:
    """Make a failed run whose every text tries to be more than text."""
    experiment = store.open_experiment(EXPERIMENT)
    evil = HOSTILE_TEXTS[0]
    run = store.create_run(
        NewRun(
            experiment_id=experiment.experiment_id,
            display_name=evil,
            description=HOSTILE_TEXTS[1],
            run_type=evil,
            status=RunStatus.RUNNING,
            target=evil,
            tags=dict.fromkeys(HOSTILE_TEXTS, evil),
            properties=dict.fromkeys(HOSTILE_TEXTS, evil),
            writer=this_process(),
        )
    )
    for text in HOSTILE_TEXTS:
        store.log_metric(run.run_id, text, text)
        for step in range(3):
            store.log_metric(run.run_id, f"{text} numbers", step / 2)
    store.log_columns(
        run.run_id,
        f"{evil} table",
        {evil: [1.0, 2.0], HOSTILE_TEXTS[1]: [3.0, 4.0], "text": [evil, HOSTILE_TEXTS[1]]},
        kind=MetricKind.ROW,
        description=evil,
    )
    _add_file(store, run, f"outputs/{evil}.html", b"<script>alert(1)</script>")
    append_log(store, run, f"logs/{evil}.txt", "\n".join(HOSTILE_TEXTS))
    error = RunError(code=evil, message=HOSTILE_TEXTS[1], traceback="\n".join(HOSTILE_TEXTS), error_type=evil)
    return store.set_status(run.run_id, RunStatus.FAILED, error=error)


def nan_run(store: RunStore) -> RunRecord:
    """Make a running run whose curves have holes: one with NaN and infinities between numbers, one with nothing but NaN."""
    run = _start(store, "not a number")
    for step in range(30):
        broken = (
            math.nan if step % 5 == 2 else math.inf if step == 11 else -math.inf if step == 19 else 1.0 / (1 + step)
        )
        store.log_metrics(run.run_id, {"loss": broken, "all nan": math.nan}, step)
    return store.get_run(run.run_id)


def run_with_logs(store: RunStore, n_lines: int = 500) -> RunRecord:
    """Make a running run with several log streams, one of them long, and files beside them."""
    run = _start(store, "logs")
    append_log(store, run, "logs/user_log.txt", "".join(f"step {i}: loss {1 / (1 + i):.4f}\n" for i in range(n_lines)))
    append_log(
        store,
        run,
        "azureml-logs/70_driver_log.txt",
        "driver started\n\x1b[32mgreen\x1b[0m and a long line " + "·" * 400,
    )
    append_log(store, run, "logs/empty.txt", "")
    _add_file(store, run, "outputs/model.bin", bytes(range(256)))
    _add_file(store, run, "outputs/sub folder/größe.csv", b"x,y\n1,2\n")
    return store.get_run(run.run_id)


def tiny_png(width: int = 8, height: int = 8) -> bytes:
    """Make a valid picture without any library."""
    rows = b"".join(
        b"\0" + bytes((x * 255 // width, y * 255 // height, 128)[i] for x in range(width) for i in range(3))
        for y in range(height)
    )

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
