"""One tracking server for all tests, emptied for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets.store.mlflow import changes, prompt_reading, server_state
from aml_widgets.store.mlflow.store import MlflowStore
from tests.mlflow_store.tracking_server import TrackingServer, running_server


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    with running_server(tmp_path_factory.mktemp("tracking_server")) as server:
        yield server


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    """A server that a test may stop; it starts it again."""
    with running_server(tmp_path_factory.mktemp("own_server")) as server:
        yield server


@pytest.fixture(autouse=True)
def few_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What writes would be tried for minutes. What reads is asked as it is for users who say nothing, with shorter pauses."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setattr(prompt_reading, "USERS_OWN", ())
    monkeypatch.setattr(prompt_reading, "PAUSES_SECONDS", (0.01, 0.02))


@pytest.fixture(autouse=True)
def whole_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine, too, a look reads all there is; how it is bounded, `test_long_histories` says."""
    monkeypatch.setattr(changes, "LOOK_SECONDS", 600.0)
    monkeypatch.setattr(server_state, "TURN_SECONDS", 600.0)


@pytest.fixture(autouse=True)
def none_left_sending(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test opened sends nothing any more when the test has ended: not to a server that is gone, nor while others are tested."""
    opened: list[MlflowStore] = []
    begin = MlflowStore.__init__

    def remember(store: MlflowStore, *arguments: object, **more: object) -> None:
        opened.append(store)
        begin(store, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(MlflowStore, "__init__", remember)

    yield

    for store in opened:
        store.close()


@pytest.fixture
def server(shared_server: TrackingServer) -> TrackingServer:
    shared_server.empty()
    return shared_server


@pytest.fixture
def store(server: TrackingServer, tmp_path: Path) -> Iterator[MlflowStore]:
    store = MlflowStore(server.uri, tmp_path / "home")
    yield store
    store.close()


@pytest.fixture
def client(server: TrackingServer) -> MlflowClient:
    """Plain MLflow."""
    return MlflowClient(server.uri)
