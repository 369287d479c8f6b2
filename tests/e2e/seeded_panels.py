"""What the tests of the run page's panels and of comparisons seed: files, logs, children and pictures."""

from __future__ import annotations

import math
import struct
import zlib
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord, MetricKind
from aml_widgets.core.status import RunStatus
from tests.e2e.seeded_runs import add_run

if TYPE_CHECKING:
    from aml_widgets.core.records import RunRecord
    from aml_widgets.store.protocol import RunStore

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1<|script>"\'&amp; \u202etxt.exe'
"""Markup, quotes, an entity and a turn of the direction of writing, as the name of a file."""
DRIVER_LOG = "azureml-logs/70_driver_log.txt"


def add_file(store: RunStore, run: RunRecord, path: str, content: str | bytes, *, is_log: bool = False) -> None:
    """Put content behind a file of a run, made where it is missing."""
    data = content if isinstance(content, bytes) else content.encode()
    target = store.artifacts.append_path(run.run_id, path)
    with target.open("ab") as file:
        file.write(data)
    size_bytes = 0 if is_log else target.stat().st_size
    store.record_artifact(
        run.run_id, ArtifactRecord(path=path, size_bytes=size_bytes, written_at=clock.now(), is_log=is_log)
    )


def picture(red: int, green: int, blue: int, size: int = 32) -> bytes:
    """Draw a square of one colour, as PNG."""
    rows = b"".join(b"\0" + bytes((red, green, blue)) * size for _ in range(size))

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def add_compared(store: RunStore, count: int, *, points: int = 60, going_on: int = 0) -> list[RunRecord]:
    """Add runs ``compared 0`` and so on, with a loss, an accuracy, a seed, tags and pictures; the first ones go on."""
    runs = []
    for place in range(count):
        losses = [math.exp(-step / 20) + place / 10 for step in range(points)]
        tags: dict[str, str | None] = {"rate": str(place), "same": "yes"}
        run = add_run(store, f"compared {place}", end=None, losses=losses, tags=tags)
        accuracies = [1 - math.exp(-step / (20 + place)) for step in range(points)]
        store.log_columns(run.run_id, "val/accuracy", {None: accuracies})
        store.log_columns(run.run_id, "seed", {None: [place]})
        for step in range(2):
            add_file(store, run, f"outputs/sample_{step}.png", picture(40 * (place % 6), 90 * step, 120))
        names = [f"outputs/sample_{step}.png" for step in range(2)]
        store.log_columns(run.run_id, "sample", {None: names}, kind=MetricKind.IMAGE)
        if place >= going_on:
            run = store.set_status(run.run_id, RunStatus.COMPLETED)
        runs.append(run)
    return runs
