"""What goes wrong is told in JSON, with a status that every error of ours has, and never as a page."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import aml_widgets
from aml_widgets.core.errors import (
    AmlWidgetsError,
    Conflict,
    NotFound,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TargetUnavailable,
    UserError,
)
from aml_widgets.server.handlers import base
from aml_widgets.server.handlers.base import STATUSES
from aml_widgets.server.schema import read_body
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run
from tests.server.conftest import Api
from tests.server.test_doors import filled, operations

At = Callable[[str], str]

PARTS_OF_THE_SERVER = ("core", "store", "submit", "tracking", "server")
ELSEWHERE = (
    "aml_widgets.store.mlflow",  # turns its own errors into those of `core` where it is asked
    "aml_widgets.submit.engines.ray_worker",  # in a script's own process, as the next one
    "aml_widgets.submit.supervision.driver",
    "aml_widgets.azureml",  # v1's names for errors that only programs raise
)


def errors_below(kind: type[AmlWidgetsError]) -> Iterator[type[AmlWidgetsError]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("aml_widgets.") and not one.__module__.startswith(ELSEWHERE):
            yield one
            yield from errors_below(one)


def every_error() -> list[type[AmlWidgetsError]]:
    """Give every error of ours that a request could end with, also those that are not in `core.errors`."""
    for part in PARTS_OF_THE_SERVER:
        for module in walk_packages([str(Path(aml_widgets.__path__[0], part))], f"aml_widgets.{part}."):
            if not module.name.startswith(ELSEWHERE):
                import_module(module.name)
    return sorted(set(errors_below(AmlWidgetsError)), key=lambda kind: kind.__name__)


def test_every_error_of_ours_has_a_status() -> None:
    without = [kind.__name__ for kind in every_error() if not issubclass(kind, tuple(known for known, _ in STATUSES))]

    assert without == []


def test_no_status_is_hidden_behind_that_of_a_wider_error() -> None:
    kinds = [kind for kind, _ in STATUSES]
    hidden = [
        narrow.__name__ for place, narrow in enumerate(kinds) if any(issubclass(narrow, wide) for wide in kinds[:place])
    ]

    assert hidden == []


async def test_every_error_of_ours_is_passed_on_with_its_reason(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {
        UserError: 400,
        NotFound: 404,
        Conflict: 409,
        StoreReadOnly: 403,
        StoreFull: 507,
        StoreUnavailable: 503,
        TargetUnavailable: 503,
        StoreError: 500,
    }
    raised: list[AmlWidgetsError] = []

    def fail(_self: object, limit: int = 500) -> list[str]:
        raise raised[-1]

    monkeypatch.setattr(type(store), "list_metric_names", fail)
    for kind in every_error():
        raised.append(kind(f"It went wrong as a <b>{kind.__name__}</b>."))
        status, code, message = await api.refuse("GET", at("/metrics"))

        assert (code, message) == (kind.__name__, str(raised[-1]))
        assert status >= 400
        for wide, its_status in expected.items():
            if kind is wide:
                assert status == its_status, kind


async def test_a_mistake_of_ours_is_logged_and_not_shown(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_self: object, limit: int = 500) -> list[str]:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(type(store), "list_metric_names", fail)

    status, code, message = await api.refuse("GET", at("/metrics"))

    assert (status, code) == (500, "InternalServerError")
    assert "secret" not in message
    assert "secret detail" in caplog.text


async def test_no_answer_can_be_taken_for_a_page(api: Api, key: str, store: RunStore) -> None:
    run = new_run(store)
    bodies: dict[str, object] = {
        "list": {"query": {}},
        "poll": {"query": {}, "cursor": "<script>"},
        "actions": {"action": "archive", "run_ids": ["<script>"]},
        "compare": {"run_ids": ["<script>"]},
        "envelopes": {"requests": [{"run_id": "<script>", "name": "<script>"}]},
    }
    answered: set[int] = set()

    for method, path in [*operations(), ("GET", "/<script>alert(1)</script>")]:
        for run_id in (run.run_id, "%3Cscript%3E"):
            body = None if method == "GET" else bodies.get(path.rpartition("/")[2], {"<script>": 1})
            response = await api.send(method, filled(path, key, run_id), body)
            answered.add(response.code)
            assert response.headers["Content-Type"] in {"application/json", "application/zip"}, (method, path)
            assert response.headers["X-Content-Type-Options"] == "nosniff", (method, path)
            assert "default-src 'none'" in response.headers["Content-Security-Policy"], (method, path)
            assert "no-" in response.headers["Cache-Control"], (method, path)
            if response.code >= 400:
                assert set(json.loads(response.body)) == {"error"}

    assert answered >= {200, 400, 404}


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b"\xff", b'"' + b"x" * 10_000 + b'"'])
async def test_every_change_and_question_refuses_what_is_no_document_of_its_kind(
    api: Api, key: str, store: RunStore, raw: bytes
) -> None:
    run = new_run(store, display_name="kept")

    for method, path in operations():
        if method != "GET":
            status, code, _ = await api.refuse(method, filled(path, key, run.run_id), raw_body=raw)
            assert (status, code) == (400, "UserError"), (method, path)
    assert store.get_run(run.run_id) == run


async def test_every_path_of_a_workspace_refuses_one_that_is_not_there(api: Api) -> None:
    bodies: dict[str, Any] = {
        "list": {"query": {}},
        "poll": {"query": {}, "cursor": "a"},
        "actions": {"action": "archive", "run_ids": ["a"]},
        "compare": {"run_ids": ["a"]},
        "envelopes": {"requests": [{"run_id": "a", "name": "a"}]},
        "{experiment_id}": {"is_archived": True},
        "{run_id}": {},
    }
    queries = {"rows": "?name=a", "log": "?path=a", "zip": "?what=logs"}

    for method, path in operations():
        if "{workspace}" in path:
            end = path.rpartition("/")[2]
            body = None if method == "GET" else bodies[end]
            address = filled(path, "0" * 16, "a") + queries.get(end, "")
            assert (await api.refuse(method, address, body))[:2] == (404, "WorkspaceNotFound"), (method, path)


async def test_a_long_request_is_understood_off_the_event_loop(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(store)
    threads: list[threading.Thread] = []

    def read_and_note(path: str, method: str, content: bytes) -> dict[str, Any]:
        threads.append(threading.current_thread())
        return read_body(path, method, content)

    monkeypatch.setattr(base, "read_body", read_and_note)

    tags = {f"key {place}": "v" * 10 for place in range(base.SHORT_BODY_BYTES // 10)}
    reply = await api.patch(at(f"/runs/{run.run_id}"), {"tags": tags})
    await api.patch(at(f"/runs/{run.run_id}"), {"display_name": "short"})

    assert reply["run"]["tags"] == tags
    assert [thread is threading.current_thread() for thread in threads] == [False, True]


async def test_very_much_at_once_is_refused_with_what_is_wrong_with_it(api: Api, at: At) -> None:
    much: dict[str, object] = {
        "/runs/actions": {"action": "delete", "run_ids": ["a" * 30] * 5_000},
        "/runs/compare": {"run_ids": ["a"] * 5_000},
        "/runs/list": {"query": {"statuses": ["Running"] * 5_000}},
        "/envelopes": {"requests": [{"run_id": "a", "name": "b"}] * 5_000},
    }
    for path, body in much.items():
        status, _, message = await api.refuse("POST", at(path), body)
        assert status == 400
        assert "too long" in message
        assert len(message) < 1_000
