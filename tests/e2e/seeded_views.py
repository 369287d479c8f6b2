"""Runs for the browser tests of the live view, made inside the notebook's kernel."""

from __future__ import annotations

import io
import math
import struct
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aml_widgets.core import clock
from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import ArtifactRecord, MetricKind, MetricValue, NewRun, RunChanges, RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.tracking.signals import status_changed
from aml_widgets.widgets.run_view import RunView

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>"\'&amp;'

Columns = Mapping["str | None", Sequence[MetricValue]]


class FlakyStore(MemoryRunStore):
    """A store that can be told not to answer."""

    reason: str | None = None

    def changes_since(
        self,
        run_id: str,
        cursor: str | None = None,
        *,
        max_buckets: int = MAX_BUCKETS,
        max_new_points: int | None = None,
    ) -> RunChanges:
        if self.reason is not None:
            raise StoreUnavailable(self.reason)
        return super().changes_since(run_id, cursor, max_buckets=max_buckets, max_new_points=max_new_points)


store = FlakyStore()


def new_run(name: str | None = None, *, experiment: str = "diabetes", description: str | None = None) -> str:
    experiment_id = store.open_experiment(experiment).experiment_id
    record = store.create_run(
        NewRun(experiment_id=experiment_id, display_name=name, description=description, writer=this_process())
    )
    store.set_status(record.run_id, RunStatus.RUNNING)
    return record.run_id


def log_curve(run_id: str, name: str, n_points: int) -> None:
    values = array("d", (2 * math.exp(-place / 40) + 0.1 for place in range(n_points)))
    store.log_columns(run_id, name, {None: values})


def write_log(run_id: str, content: str | bytes, path: str = "logs/user_log.txt") -> None:
    with store.artifacts.append_path(run_id, path).open("ab") as log:
        log.write(content if isinstance(content, bytes) else content.encode())
    store.record_artifact(run_id, ArtifactRecord(path=path, size_bytes=0, written_at=clock.now(), is_log=True))


def complete(run_id: str) -> None:
    store.set_status(run_id, RunStatus.COMPLETED)
    status_changed.emit(run_id, store)  # as the logging API does


def fail(run_id: str, message: str = "Found 442 and 441 samples.", code: str = "UserError") -> None:
    error = RunError(code=code, message=message, error_type="ValueError", traceback=f"Traceback:\n  {message}\n")
    store.set_status(run_id, RunStatus.FAILED, error=error)


def long_error() -> str:
    """A message of one long word and of long lines, such as a traceback has."""
    return f"the rows do not match: {'x' * 900}\n  {'result = model.fit(features, targets), ' * 8}"


def not_responding() -> str:
    """A run whose process was never seen again after it began, and printed nothing."""
    gone = replace(this_process(), pid=2**30, process_started_at=1.0)
    experiment_id = store.open_experiment("diabetes").experiment_id
    run_id = store.create_run(NewRun(experiment_id=experiment_id, display_name="killed", writer=gone)).run_id
    store.set_status(run_id, RunStatus.RUNNING)
    write_log(run_id, "")
    return run_id


def many_lines() -> str:
    """A table of twenty columns beside texts, a long number and pictures of two sizes."""
    run_id = new_run("many lines")
    waves: Columns = {f"w{line}": [line + math.sin(place / 9) for place in range(60)] for line in range(20)}
    store.log_columns(run_id, "weights", waves, kind=MetricKind.ROW)
    store.log_metric(run_id, "seed", 1180591620717411303424)
    store.log_columns(run_id, "classes", {None: ["ridge", "lasso", "elastic net"]})
    store.log_columns(run_id, "confusion_matrix_of_validation", {None: ["confusion"]}, kind=MetricKind.CONFUSION_MATRIX)
    for name, size in (("small", (60, 40)), ("large", (260, 200))):
        store.artifacts.put(run_id, f"{name}.png", io.BytesIO(_png(*size)))
        store.log_columns(run_id, name, {None: [f"{name}.png"]}, kind=MetricKind.IMAGE)
    return run_id


def every_kind() -> str:
    run_id = new_run("every kind", description="One metric of each kind.")
    store.log_metrics(run_id, {"alpha": 0.3, "n_samples": 442, "model": "Ridge(alpha=0.3)", "is_final": True})
    for name in ("loss", "val/loss"):
        log_curve(run_id, name, 200)
    rates = [place / 50 for place in range(51)]
    columns: Columns = {"fpr": rates, "tpr": [rate**0.4 for rate in rates]}
    store.log_columns(run_id, "roc", columns, kind=MetricKind.ROW)
    waves: Columns = {f"layer {layer}": [math.sin(place / (5 + layer)) for place in range(80)] for layer in range(3)}
    store.log_columns(run_id, "gradients", waves, kind=MetricKind.ROW)
    store.log_columns(run_id, "best", {"alpha": [0.3], "found by": ["grid"]}, kind=MetricKind.ROW)
    store.log_columns(run_id, "gaps", {None: [1.0, 2.0, math.nan, 2.5, math.inf, 3.0, 2.0, -math.inf, 1.0]})
    store.artifacts.put(run_id, "plots/ramp.png", io.BytesIO(_png(160, 90)))
    store.log_columns(run_id, "ramp", {None: ["plots/ramp.png"]}, kind=MetricKind.IMAGE)
    store.log_columns(run_id, "confusion", {None: ["confusion"]}, kind=MetricKind.CONFUSION_MATRIX)
    write_log(run_id, "".join(f"epoch {place}: loss {2 * math.exp(-place / 40):.4f}\n" for place in range(120)))
    write_log(run_id, b"\x1b[32mbroken \xff bytes\x1b[0m\n 10%\r 50%\r100% done\n")
    return run_id


def many_metrics(n_metrics: int) -> str:
    run_id = new_run(f"{n_metrics} metrics")
    for place in range(n_metrics):
        log_curve(run_id, f"layer {place // 6}/weight {place}", 100)
    return run_id


def one_spike_in_a_million() -> str:
    run_id = new_run("one spike in a million")
    values = array("d", (math.sin(place / 1e5) for place in range(1_000_000)))
    values[654_321] = 50.0
    store.log_columns(run_id, "noisy", {None: values})
    return run_id


def hostile() -> str:
    run_id = new_run(HOSTILE, experiment=HOSTILE, description=HOSTILE)
    for name in (HOSTILE, "a" * 300, "\u202edetrevni", "two\nlines", " "):
        log_curve(run_id, name, 5)
    store.log_metrics(run_id, {"text " + HOSTILE: HOSTILE, "number " + HOSTILE: 1.5})
    columns: Columns = {HOSTILE: [1, 2, 3], "y" + HOSTILE: [1, 4, 9], "z": [1, 2, 3]}
    store.log_columns(run_id, "rows " + HOSTILE, columns, kind=MetricKind.ROW)
    pair: Columns = {HOSTILE: [1, 2, 3], "y" + HOSTILE: [1, 4, 9]}
    store.log_columns(run_id, "pair " + HOSTILE, pair, kind=MetricKind.ROW)
    store.log_columns(run_id, "image " + HOSTILE, {None: [HOSTILE]}, kind=MetricKind.IMAGE)
    write_log(run_id, HOSTILE + "\n</div></pre><b>bold</b>\n", path="logs/<b>name & co.txt")
    store.set_status(
        run_id, RunStatus.FAILED, error=RunError(code=HOSTILE, message=HOSTILE, error_type=HOSTILE, traceback=HOSTILE)
    )
    return run_id


def show(run_id: str, refresh_seconds: float = 0.5) -> RunView:
    view = RunView(store, run_id, refresh_seconds=refresh_seconds)
    view.show()
    return view


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (
        b"\0" + b"".join(bytes((255 * x // width, 255 * y // height, 120)) for x in range(width)) for y in range(height)
    )
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )
