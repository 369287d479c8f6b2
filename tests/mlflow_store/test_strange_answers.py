"""A service that answers everything kindly, and is no tracking server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.workspace import Workspace

NO_SERVER = "no MLflow tracking server"


@contextmanager
def running_service(answer: Callable[[str], bytes]) -> Iterator[str]:
    """Run a service that answers each request with 200; `answer` gives what for its path. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def reply(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = reply  # noqa: N815 - so http.server wants it

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=service.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{service.server_port}"
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"",
        b'{"status": "ok"}',
        b'{"experiment": {}, "run": {"info": {}}}',
        b'{"experiment": {"experiment_id": ["1"]}}',
        b'{"experiments": 5}',
    ],
)
def test_what_is_no_tracking_server_is_no_workspace(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path))

    with running_service(lambda _: content) as address, pytest.raises(StoreUnavailable, match=NO_SERVER) as caught:
        Experiment(Workspace.open(address), "x").start_logging(outputs=False)

    assert address in str(caught.value)
    assert "Check host and port" in str(caught.value)


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.open_experiment("x"),
        lambda store: store.get_experiment("1"),
        lambda store: store.get_run("a" * 32),
        lambda store: store.get_info(),
    ],
    ids=["open_experiment", "get_experiment", "get_run", "get_info"],
)
def test_no_answer_without_an_id_is_believed(ask: Callable[[RunStore], object], tmp_path: Path) -> None:
    with running_service(lambda _: b"{}") as address, pytest.raises(StoreUnavailable, match=NO_SERVER):
        ask(MlflowStore(address, tmp_path))


def test_no_run_without_an_id_is_made(tmp_path: Path) -> None:
    def answer(path: str) -> bytes:
        has_experiment = "/experiments/get" in path
        return (
            b'{"experiment": {"experiment_id": "1", "name": "x", "lifecycle_stage": "active"}}'
            if has_experiment
            else b"{}"
        )

    with running_service(answer) as address, pytest.raises(StoreUnavailable, match=f"A run .* {NO_SERVER}"):
        new_run(MlflowStore(address, tmp_path))
