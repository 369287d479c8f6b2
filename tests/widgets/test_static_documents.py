"""Documents and pictures in the static view: drawn from files, bounded, and never in the way."""

from __future__ import annotations

import io
import json
import logging
import random
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image

from aml_widgets.core import clock
from aml_widgets.core.records import ArtifactRecord, MetricKind, NewRun, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import seeded_documents as seeded
from aml_widgets.testing.seeded import tiny_png
from aml_widgets.widgets import static_documents
from aml_widgets.widgets.documents import parse_document
from aml_widgets.widgets.fallback import MAX_SAVED_BYTES, fallback_html, fallback_text, saved_size
from aml_widgets.widgets.picture_files import WrongPicture, show_small
from aml_widgets.widgets.static_documents import MAX_PICTURE_BYTES, MAX_PICTURES, StaticDocuments
from aml_widgets.widgets.view_state import ViewState, advance
from tests.widgets.building import running
from tests.widgets.test_fallback import ALLOWED_ATTRIBUTES, ALLOWED_TAGS, inspect, state_of

Make = Callable[[MemoryRunStore], RunRecord]


def static_html(store: MemoryRunStore, run_id: str) -> str:
    documents = StaticDocuments(lambda path, size: store.artifacts.read(run_id, path, start=0, max_bytes=size))
    state = state_of(store, run_id)
    return fallback_html(state, documents.draw(state).htmls)


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def test_documents_are_drawn_and_named_without_their_uris() -> None:
    store = MemoryRunStore()
    run = seeded.run_with_documents(store)

    html = static_html(store, run.run_id)

    assert html.count("data:image/svg+xml") == 4  # ROC, precision over recall, residuals, predictions
    assert html.count("data:image/png") == 2
    for text in ("accuracy 85.37% (286 of 335)", "AUC 0.973", "2836 residuals in 20 bins", "193 predictions"):
        assert text in html
    assert "confusion matrix in documents/" in html
    assert "picture in samples_11.png" in fallback_text(state_of(store, run.run_id))


@pytest.mark.parametrize(
    "make", [seeded.run_with_documents, seeded.run_with_large_documents, seeded.run_with_hostile_documents]
)
def test_files_never_become_markup(make: Make) -> None:
    store = MemoryRunStore()

    found = inspect(static_html(store, make(store).run_id))

    assert found.tags <= ALLOWED_TAGS
    assert found.attributes <= ALLOWED_ATTRIBUTES
    assert all(source.startswith(("data:image/svg+xml;base64,", "data:image/png;base64,")) for source in found.sources)


def test_what_cannot_be_read_is_said_by_its_path() -> None:
    store = MemoryRunStore()
    run = seeded.run_with_large_documents(store)

    html = static_html(store, run.run_id)

    assert re.search(r"Not shown: <code>not there</code> .*has no file", html)
    assert re.search(r"Not shown: <code>broken</code> The file is no JSON", html)
    assert re.search(r"Not shown: <code>vector.svg</code> It is no PNG", html)
    assert "100 classes, accuracy" in html


def test_a_file_is_read_once_while_it_stays_as_it_is() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    reads = []
    store.artifacts.put(run_id, "a.png", io.BytesIO(tiny_png(20, 20)))
    store.record_artifact(run_id, ArtifactRecord(path="a.png", size_bytes=9, written_at=1.0))
    store.log_columns(run_id, "a", {None: ["a.png"]}, kind=MetricKind.IMAGE)

    def read(path: str, size: int) -> bytes:
        reads.append(path)
        return store.artifacts.read(run_id, path, start=0, max_bytes=size)

    documents = StaticDocuments(read)
    first = documents.draw(state_of(store, run_id))
    assert documents.draw(state_of(store, run_id)) == first
    assert reads == ["a.png"]
    store.record_artifact(run_id, ArtifactRecord(path="a.png", size_bytes=9, written_at=2.0))
    documents.draw(state_of(store, run_id))
    assert reads == ["a.png", "a.png"]


def test_the_first_pictures_are_shown_and_the_others_counted() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    for place in range(MAX_PICTURES + 3):
        store.artifacts.put(run_id, f"{place}.png", io.BytesIO(tiny_png(20, 20)))
        store.log_columns(run_id, f"picture {place}", {None: [f"{place}.png"]}, kind=MetricKind.IMAGE)

    html = static_html(store, run_id)

    assert html.count("data:image/png") == MAX_PICTURES
    assert "3 more documents and pictures in the live view" in html


def test_a_small_picture_is_never_larger_than_it_may_be() -> None:
    noise = Image.frombytes("RGB", (900, 600), random.Random(1).randbytes(900 * 600 * 3))

    picture = show_small(png(noise), MAX_PICTURE_BYTES)

    assert len(picture.source) <= len("data:image/png;base64,") + 8_000
    assert picture.note.endswith("900 \N{MULTIPLICATION SIGN} 600 pixels")
    assert abs(picture.width / picture.height - 1.5) < 0.1


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\nbroken", b"GIF89a"])
def test_what_is_no_picture_has_no_small_one(content: bytes) -> None:
    with pytest.raises(WrongPicture):
        show_small(content, MAX_PICTURE_BYTES)


def test_a_run_of_everything_at_its_longest_is_bounded_as_it_is_saved() -> None:
    store = MemoryRunStore()
    face = "\N{GRINNING FACE}"
    experiment = store.open_experiment(face * 100)
    tags = {f"{face * 50}{place}": face * 200 for place in range(60)}
    new = NewRun(experiment_id=experiment.experiment_id, display_name=face * 500, tags=tags)
    run_id = store.create_run(new).run_id
    for place in range(60):
        store.log_columns(run_id, f"{face * 60}{place}", {None: [step * 0.1 + place for step in range(300)]})
        store.log_metric(run_id, f"{place} {face * 60}", face * 2_000)
    for place in range(8):
        image = Image.frombytes("RGB", (200, 200), random.Random(place).randbytes(120_000))
        store.artifacts.put(run_id, f"{place}.png", io.BytesIO(png(image)))
        store.log_columns(run_id, f"picture {place}", {None: [f"{place}.png"]}, kind=MetricKind.IMAGE)
        path = f"logs/{face * 50}{place}.txt"
        store.record_artifact(run_id, ArtifactRecord(path=path, size_bytes=5, written_at=clock.now(), is_log=True))
    error = RunError(code=face * 900, message=face * 9_000, traceback=face * 20_000)
    store.set_status(run_id, RunStatus.FAILED, error=error)

    html, text = static_html(store, run_id), fallback_text(state_of(store, run_id))

    assert saved_size(html) + saved_size(text) <= MAX_SAVED_BYTES - 2_000
    assert "more charts" in html
    assert "data:image/png" in html
    assert saved_size(text) == len(json.dumps(text)) - 2


def test_child_runs_tags_and_logs_are_said() -> None:
    store = MemoryRunStore()
    experiment = store.open_experiment("x")
    run_id = store.create_run(
        NewRun(experiment_id=experiment.experiment_id, tags={"stage": "final", "best": None})
    ).run_id
    store.set_status(run_id, RunStatus.RUNNING)
    for place in range(12):
        child = NewRun(experiment_id=experiment.experiment_id, parent_run_id=run_id)
        child_id = store.create_run(child).run_id
        store.set_status(child_id, RunStatus.RUNNING)
        error = RunError(code="UserError", message="x") if place > 9 else None
        store.set_status(child_id, RunStatus.COMPLETED if place < 10 else RunStatus.FAILED, error=error)
    for place in range(12):
        record = ArtifactRecord(path=f"logs/{place:02}.txt", size_bytes=2_048, written_at=1.0, is_log=True)
        store.record_artifact(run_id, record)
    state = advance(ViewState(run_id=run_id), store.changes_since(run_id))

    for shown in (fallback_html(state), fallback_text(state)):
        assert "Tags: stage: final, best" in shown
        assert "12 child runs: 10 completed, 2 failed" in shown
        assert re.search(r"Logs: logs/00\.txt \(2.*kB\), .*logs/09\.txt \(2.*kB\) and 2 more", shown)


def test_in_a_hurry_what_is_large_is_left_to_the_next_time() -> None:
    store = MemoryRunStore()
    run_id = running(store)
    for path, size in (("small.png", 900), ("large.png", 900_000)):
        store.artifacts.put(run_id, path, io.BytesIO(tiny_png(20, 20)))
        store.record_artifact(run_id, ArtifactRecord(path=path, size_bytes=size, written_at=1.0))
        store.log_columns(run_id, path, {None: [path]}, kind=MetricKind.IMAGE)
    state = replace(
        state_of(store, run_id),
        artifacts={
            path: ArtifactRecord(path=path, size_bytes=size, written_at=1.0)
            for path, size in (("small.png", 900), ("large.png", 900_000))
        },
    )
    documents = StaticDocuments(lambda path, size: store.artifacts.read(run_id, path, start=0, max_bytes=size))

    quick = documents.draw(state, max_seconds=10.0)
    whole = documents.draw(state)
    again = documents.draw(state, max_seconds=0.0)

    assert (len(quick.htmls), quick.is_whole) == (1, False)
    assert (len(whole.htmls), whole.is_whole) == (2, True)
    assert again == whole


def test_one_that_cannot_be_drawn_is_said_and_the_others_are_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> str:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(static_documents, "residuals_chart", fail)
    store = MemoryRunStore()
    run = seeded.run_with_documents(store)

    with caplog.at_level(logging.CRITICAL):
        html = static_html(store, run.run_id)

    assert re.search(r"Not shown: <code>documents/\S+</code> It could not be drawn \(ZeroDivisionError\)", html)
    assert "193 predictions" in html


def test_a_cell_that_is_not_known_is_a_dash_in_the_static_view() -> None:
    matrix = parse_document(MetricKind.CONFUSION_MATRIX, b'{"data": {"matrix": [[null, 1], [0, 5]]}}')

    html = static_documents.document_html("m", matrix)

    assert html.count(">\N{EN DASH}</td>") == 1
    assert "accuracy not known" in html
