"""Who reads hears soon that a server is lost, also within the moment in which it is still believed to be there."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import pytest
import requests
from mlflow import MlflowClient
from mlflow.protos import service_pb2
from mlflow.store.tracking.rest_store import RestStore

from aml_widgets.core.errors import RunNotFound, StoreUnavailable
from aml_widgets.core.status import RunStatus
from aml_widgets.store.mlflow import connection, prompt_reading
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from aml_widgets.widgets.run_view import RunView
from aml_widgets.widgets.watcher import Watcher
from tests.mlflow_store.gateway import running_gateway
from tests.mlflow_store.tracking_server import TrackingServer

USERS_OWN, PAUSES_SECONDS = prompt_reading.USERS_OWN, prompt_reading.PAUSES_SECONDS


@pytest.fixture(autouse=True)
def no_settings(few_retries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has not said how long to wait; and a server that has answered is believed to be there for ever."""
    monkeypatch.setattr(prompt_reading, "USERS_OWN", USERS_OWN)
    monkeypatch.setattr(prompt_reading, "PAUSES_SECONDS", PAUSES_SECONDS)
    for name in USERS_OWN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(connection, "BELIEVED_SECONDS", math.inf)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(prompt_reading, "sleep", found.append)
    return found


def test_a_view_tells_that_a_server_died_a_moment_ago(
    own_server: TrackingServer, tmp_path: Path, pauses: list[float]
) -> None:
    client = MlflowClient(own_server.uri)
    run_id = client.create_run("0").info.run_id
    view = RunView(MlflowStore(own_server.uri, tmp_path / "home"), run_id, watcher=Watcher())
    view.widget  # noqa: B018 - makes the widget
    view.refresh()
    assert view.state.silence is None

    own_server.stop()
    view.refresh()

    assert own_server.uri in str(view.state.silence)
    longest = [seconds * (1 + prompt_reading.JITTER) for seconds in prompt_reading.PAUSES_SECONDS]
    assert len(pauses) == len(longest)
    assert all(paused <= most for paused, most in zip(pauses, longest, strict=True))
    assert sum(longest) + prompt_reading.ONE_SECONDS < 15.0, "what a look waits at most for a run"
    own_server.start()
    view.refresh()
    assert view.state.silence is None
    view.close()


@pytest.mark.parametrize("status", [502, 503, 429])
def test_a_proxy_without_its_server_is_asked_three_times_and_what_comes_back_is_taken(
    server: TrackingServer, tmp_path: Path, pauses: list[float], status: int
) -> None:
    with running_gateway(server.uri) as gateway:
        store = MlflowStore(gateway.uri, tmp_path)
        run = new_run(store)
        asked: Counter[str] = Counter()

        def refuse(method: str, path: str) -> int | None:
            asked[method] += 1
            return status if asked[method] <= refused else None

        gateway.refuse, refused = refuse, 2
        assert store.get_run(run.run_id).run_id == run.run_id
        assert (asked["GET"], len(pauses)) == (3, 2)
        refused = 10
        with pytest.raises(StoreUnavailable, match=str(status)):
            store.get_run(run.run_id)
        assert asked["GET"] == 6
        store.close()


def test_a_silent_server_is_asked_once(
    server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    with running_gateway(server.uri) as gateway:
        store = MlflowStore(gateway.uri, tmp_path)
        run = new_run(store)
        monkeypatch.setitem(prompt_reading._WAITS, service_pb2.GetRun, 0.3)
        gateway.silent = lambda method, path: "runs/get" in path

        with pytest.raises(StoreUnavailable, match="timeout"):
            store.get_run(run.run_id)

        assert pauses == []
        gateway.speak()
        store.close()


def test_what_the_server_says_is_not_repeated(store: MlflowStore, pauses: list[float]) -> None:
    with pytest.raises(RunNotFound):
        store.get_run("0" * 32)

    assert pauses == []


@pytest.mark.parametrize("name", USERS_OWN)
def test_who_says_how_long_to_wait_is_heard(
    server: TrackingServer, monkeypatch: pytest.MonkeyPatch, pauses: list[float], name: str
) -> None:
    asked = []
    theirs = RestStore._call_endpoint

    def ask(self: RestStore, api: type, *rest: object, **more: object) -> object:
        asked.append(api.__name__)
        return theirs(self, api, *rest, **more)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(RestStore, "_call_endpoint", ask)
    client = Connection(server.uri).client
    client.search_experiments()
    assert asked == []

    monkeypatch.setenv(name, "1")
    client.search_experiments()

    assert asked == ["SearchExperiments"]


def test_what_writes_and_what_others_ask_is_mlflows_own(server: TrackingServer, pauses: list[float]) -> None:
    ours, theirs = Connection(server.uri).client, MlflowClient(server.uri)

    assert type(theirs._tracking_client.store) is RestStore
    assert ours._tracking_client.store is not theirs._tracking_client.store
    run_id = ours.create_run("0").info.run_id
    ours.log_metric(run_id, "loss", 0.5, step=3)
    assert [one.step for one in ours.get_metric_history(run_id, "loss")] == [3]
    assert [one.info.run_id for one in ours.search_runs(["0"])] == [run_id]
    found = ours.get_experiment_by_name("Default")
    assert found is not None
    assert found.experiment_id == ours.get_experiment("0").experiment_id == "0"


def test_what_is_read_for_writing_is_tried_as_long_as_mlflow_tries(
    server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MlflowStore(server.uri, tmp_path)
    run = new_run(store)
    asked: list[str] = []
    ask = prompt_reading._PromptStore._ask

    def note(self: prompt_reading._PromptStore, call: prompt_reading._Call) -> requests.Response:
        asked.append(call.endpoint)
        return ask(self, call)

    monkeypatch.setattr(prompt_reading._PromptStore, "_ask", note)

    store.log_params(run.run_id, {"alpha": "1"})
    store.update_run(run.run_id, tags={"owner": "me"})
    store.set_status(run.run_id, RunStatus.COMPLETED)
    store.open_experiment("another")
    new_run(store)

    assert asked == []
    store.get_run(run.run_id)
    assert asked
    store.close()
