"""The two ends of a transfer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore


@pytest.fixture
def source(tmp_path: Path) -> Iterator[SqliteRunStore]:
    store = SqliteRunStore.open(tmp_path / "source")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "memory"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    store = (
        SqliteRunStore.open(tmp_path / "target") if request.param == "sqlite" else MemoryRunStore(tmp_path / "files")
    )
    yield store
    store.close()
