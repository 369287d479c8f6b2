"""Fixtures of a queue whose dispatchers and runs are small real processes; what they start is ended with the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.store import liveness
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import open_store
from aml_widgets.submit.engines.queued_engine import QueuedEngine

from .small_runs import LocalStandIn, Starter, children, read_pids, wait_until


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own, and beside it the folder of what happens."""
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "story"
    folder.mkdir()
    yield folder
    (folder / "go").touch()  # whatever still works ends by itself
    while children:
        children.pop().wait()


@pytest.fixture
def location(folder: Path) -> Path:
    return folder.parent / "workspace"


@pytest.fixture
def store(location: Path) -> Iterator[RunStore]:
    store = open_store(location)
    yield store
    store.close()


@pytest.fixture
def starter(folder: Path) -> Iterator[Starter]:
    starter = Starter(folder)
    yield starter
    (folder / "go").touch()
    starter.end()
    for pid in read_pids(folder):
        wait_until(lambda pid=pid: liveness._find_start(pid) is None, "a small run ends")  # type: ignore[misc]


@pytest.fixture
def engine(starter: Starter) -> QueuedEngine:
    return QueuedEngine(local=LocalStandIn(), start_keeper=starter)
