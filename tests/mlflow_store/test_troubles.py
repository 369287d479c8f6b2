"""A server that is away, that refuses, or that is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST, TEMPORARILY_UNAVAILABLE

from aml_widgets.core.errors import RunNotFound, StoreReadOnly, StoreUnavailable, UserError
from aml_widgets.store.mlflow.connection import Connection, Missing
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.uri import is_tracking_uri, open_store
from aml_widgets.testing.support import Viewer, new_run
from tests.mlflow_store.tracking_server import TrackingServer


def test_a_lost_server_is_told_and_heals_by_itself(own_server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(own_server.uri, tmp_path)
    run = new_run(store)
    store.log_metric(run.run_id, "loss", 1.0)
    viewer = Viewer(store, run.run_id)
    viewer.look()

    own_server.stop()
    store._connection._answered_at = 0.0  # as if some seconds had passed
    with pytest.raises(StoreUnavailable, match=f"{own_server.uri} .* when it is back"):
        viewer.look()
    own_server.start()
    store.log_metric(run.run_id, "loss", 2.0)
    (news,) = viewer.look().metrics

    assert list(news.points.values) == [2.0]


def test_an_address_where_nobody_listens_is_told_at_once() -> None:
    store = open_store("http://127.0.0.1:9")

    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9 .* Check host, port and path"):
        store.get_info()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MlflowException("no such run", RESOURCE_DOES_NOT_EXIST), Missing),
        (MlflowException("not yours", PERMISSION_DENIED), StoreReadOnly),
        (MlflowException("API request failed with error code 401"), StoreReadOnly),
        (MlflowException("later", TEMPORARILY_UNAVAILABLE), StoreUnavailable),
        (MlflowException.invalid_parameter_value("bad key"), UserError),
        (requests.ConnectionError("refused"), StoreUnavailable),
        (requests.Timeout("slow"), StoreUnavailable),
    ],
)
def test_errors_of_the_server_are_ours_with_its_reason(
    server: TrackingServer, error: Exception, expected: type[Exception]
) -> None:
    connection = Connection(server.uri)

    with pytest.raises(expected) as caught, connection.errors("Run a is read"):
        raise error

    assert str(error)[:20] in str(caught.value)
    assert caught.value.__cause__ is error


def test_a_run_that_is_gone_is_not_found(store: MlflowStore) -> None:
    for run_id in ("0" * 32, "nowhere", "", "../x", "a b"):
        with pytest.raises(RunNotFound):
            store.get_run(run_id)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://127.0.0.1:5000", True),
        ("https://team.example/mlflow", True),
        ("databricks", True),
        ("databricks://profile", True),
        ("sqlite:///mlflow.db", True),
        ("sqlite:////abs/mlflow.db", True),
        ("sqlite:///runs", False),
        ("./runs", False),
        ("C:/runs", False),
        ("aml-widgets:///runs", False),
        (Path("mlflow.db"), False),
        (None, False),
    ],
)
def test_which_locations_are_mlflows(location: object, expected: bool) -> None:
    assert is_tracking_uri(location) == expected


def test_mlflow_is_loaded_when_a_server_is_asked_and_not_before() -> None:
    program = (
        "import sys; from aml_widgets.store.uri import open_store; open_store('http://127.0.0.1:9');"
        "assert not {'mlflow', 'requests'} & set(sys.modules), 'loaded'"
    )

    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_server_without_tls_is_told_at_once(server: TrackingServer, tmp_path: Path) -> None:
    store = MlflowStore(server.uri.replace("http://", "https://"), tmp_path)

    with pytest.raises(StoreUnavailable, match="SSL"):
        store.get_info()
    with pytest.raises(StoreUnavailable, match="65535"):
        MlflowStore("http://127.0.0.1:99999", tmp_path).get_info()
