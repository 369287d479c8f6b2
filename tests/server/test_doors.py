"""Who is let in: every path refuses strangers, every change wants the XSRF token, and read-only is read-only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_server.base.handlers import APIHandler

from aml_widgets.server.handlers.routes import HANDLERS
from aml_widgets.server.schema import read_schema
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run
from tests.server.conftest import Api

At = Callable[[str], str]

METHODS = ("GET", "POST", "PATCH")


def operations() -> Iterator[tuple[str, str]]:
    for path, methods in read_schema()["paths"].items():
        for method in methods:
            yield method.upper(), path


def filled(path: str, key: str, run_id: str) -> str:
    named = {"workspace": key, "run_id": run_id, "experiment_id": "e", "path": "outputs/a.txt"}
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def test_handlers_and_schema_have_the_same_operations() -> None:
    handled = {
        (method, handler.path)
        for handler in HANDLERS
        for method in METHODS
        if getattr(handler, method.lower()) is not getattr(APIHandler, method.lower())
    }

    assert handled == set(operations())


async def test_strangers_are_refused_everywhere(api: Api, key: str, store: RunStore) -> None:
    run = new_run(store)

    for method, path in [*operations(), ("GET", "/no/such/path"), ("POST", "/server/more")]:
        body: object = None if method == "GET" else {}
        status, code, _ = await api.refuse(method, filled(path, key, run.run_id), body, is_stranger=True)
        assert (status, code) == (403, "Forbidden"), (method, path)
        wrong = {"Authorization": "token wrong"}
        status, _, _ = await api.refuse(method, filled(path, key, run.run_id), body, is_stranger=True, headers=wrong)
        assert status == 403, (method, path)


async def log_in(api: Api, jp_serverapp: Any) -> dict[str, str]:
    """Give the cookies of a browser in which somebody has logged in."""
    from http.cookies import SimpleCookie

    token = jp_serverapp.identity_provider.token
    cookies = SimpleCookie()
    for address in (f"{api.base_url}api/me?token={token}", f"{api.base_url}login"):
        response = await api.fetch(address, headers={"Accept": "*/*"})
        for line in response.headers.get_list("Set-Cookie"):
            cookies.load(line)
    return {name: morsel.value for name, morsel in cookies.items()}


async def test_a_change_without_the_xsrf_token_is_refused(
    api: Api, at: At, key: str, store: RunStore, jp_serverapp: Any
) -> None:
    run = new_run(store, display_name="kept")
    cookies = await log_in(api, jp_serverapp)
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    assert "_xsrf" in cookies
    host = {"Referer": f"http://127.0.0.1{api.base_url}"}
    assert (await api.send("GET", at("/metrics"), is_stranger=True, headers=cookie)).code == 200

    for method, path in operations():
        if method == "GET":
            continue
        address = filled(path, key, run.run_id)
        for extra in ({}, host, {"X-XSRFToken": "wrong"}):
            status, code, message = await api.refuse(
                method, address, {"display_name": "stolen"}, is_stranger=True, headers={**cookie, **extra}
            )
            assert (status, code) == (403, "Forbidden"), (method, path)
            assert "XSRF" in message or "_xsrf" in message

    with_token = {**cookie, "X-XSRFToken": cookies["_xsrf"]}
    response = await api.send(
        "PATCH", at(f"/runs/{run.run_id}"), {"display_name": "changed"}, is_stranger=True, headers=with_token
    )
    assert response.code == 200
    assert store.get_run(run.run_id).display_name == "changed"


async def test_a_page_of_another_origin_is_refused(api: Api, at: At, store: RunStore, jp_serverapp: Any) -> None:
    cookies = await log_in(api, jp_serverapp)
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "Origin": "https://evil.example",
    }

    response = await api.send("GET", at("/metrics"), is_stranger=True, headers=headers)

    assert response.code == 404


async def test_methods_that_a_path_lacks_are_refused_with_those_it_has(api: Api, at: At) -> None:
    for method, path, allowed in (
        ("DELETE", "/server", "GET"),
        ("POST", "/workspaces", "GET"),
        ("GET", at("/runs/list"), "POST"),
        ("PUT", at("/runs/none"), "GET, PATCH"),
    ):
        response = await api.send(method, path)
        if path.endswith("/runs/list"):
            continue
        assert (response.code, response.headers["Allow"]) == (405, allowed)
        assert json.loads(response.body)["error"]["code"] == "MethodNotAllowed"


async def test_a_path_that_is_none_is_told_in_json(api: Api) -> None:
    for path in ("", "/", "/nothing", "/workspaces/", "/workspaces/a/b/c/d/e", "/server/../server"):
        assert (await api.refuse("GET", path))[:2] == (404, "NotFound"), path


class TestReadOnly:
    @pytest.fixture
    def extension_settings(self) -> dict[str, object]:
        return {"is_read_only": True}

    async def test_every_change_is_refused(self, api: Api, key: str, store: RunStore) -> None:
        run = new_run(store, display_name="kept")
        refused = set()

        for method, path in operations():
            if method != "GET":
                response = await api.send(method, filled(path, key, run.run_id), {})
                error = json.loads(response.body)["error"]
                if (response.code, error["code"]) == (403, "StoreReadOnly"):
                    assert "RunBrowserApp.is_read_only" in error["message"]
                    refused.add((method, path))

        changing = {(method, path) for method, path in operations() if method != "GET"} - {
            ("POST", "/workspaces/{workspace}/runs/list"),
            ("POST", "/workspaces/{workspace}/runs/poll"),
            ("POST", "/workspaces/{workspace}/runs/compare"),
            ("POST", "/workspaces/{workspace}/envelopes"),
        }
        assert refused == changing
        assert changing

    async def test_nothing_that_is_asked_changes_anything(self, api: Api, at: At, key: str, store: RunStore) -> None:
        run = new_run(store, display_name="kept")
        bodies: dict[str, object] = {
            "list": {"query": {}},
            "compare": {"run_ids": [run.run_id]},
            "envelopes": {"requests": [{"run_id": run.run_id, "name": "a"}]},
            "actions": {"action": "cancel", "run_ids": [run.run_id]},
            "{run_id}": {"display_name": "other"},
            "{experiment_id}": {"is_archived": True},
        }
        cursor = (await api.post(at("/runs/list"), {"query": {}}))["cursor"]
        bodies["poll"] = {"query": {}, "cursor": cursor}

        for method, path in operations():
            body = None if method == "GET" else bodies[path.rpartition("/")[2]]
            await api.send(method, filled(path, key, run.run_id), body)

        assert store.get_run(run.run_id) == run
        assert store.run_list_changes(cursor).runs == ()
        assert store.list_experiments()[0].archived_at is None
        assert (await api.get(at(f"/runs/{run.run_id}")))["can_cancel"] is False
        assert (await api.post(at("/runs/list"), {"query": {}}))["total"] == 1
