"""A Jupyter server with the extension, in this process, and a workspace that it shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

# These fixtures and hooks are for the tests of this folder alone: some of them would change what every test does.
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.pytest_tornasync import AsyncHTTPServerClient
from tornado.httpclient import HTTPResponse

from aml_widgets.server.schema import ROOT, read_schema
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import workspace_key
from aml_widgets.tracking.workspace import Workspace

HTTP_REFUSED = 400


class Api:
    """Asks the server as a page does, and checks each reply against the schema."""

    def __init__(self, client: AsyncHTTPServerClient, base_url: str, headers: Mapping[str, str]) -> None:
        self._client = client
        self.base_url = base_url
        self.headers = dict(headers)

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        /,
        *,
        raw_body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        is_stranger: bool = False,
        **query: object,
    ) -> HTTPResponse:
        """Send a request as it is, and give whatever comes back. `path` is quoted already."""
        address = f"{self.base_url.rstrip('/')}{ROOT}{path}" + (f"?{urlencode(query)}" if query else "")
        content = raw_body if raw_body is not None else None if body is None else json.dumps(body).encode()
        response: HTTPResponse = await self._client.fetch(  # type: ignore[no-untyped-call]
            address,
            method=method,
            body=content,
            headers={**({} if is_stranger else self.headers), **(headers or {})},
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            request_timeout=60,
        )
        check_reply(method, path, response)
        return response

    async def fetch(self, address: str, **options: Any) -> HTTPResponse:
        """Ask for any address of the server, without logging in."""
        response: HTTPResponse = await self._client.fetch(  # type: ignore[no-untyped-call]
            address, raise_error=False, follow_redirects=False, **options
        )
        return response

    async def get(self, path: str, /, **query: Any) -> Any:
        """Give the document that a GET brings."""
        return _document(await self.send("GET", path, **query))

    async def post(self, path: str, body: object) -> Any:
        """Give the document that a POST brings."""
        return _document(await self.send("POST", path, body))

    async def patch(self, path: str, body: object) -> Any:
        """Give the document that a PATCH brings."""
        return _document(await self.send("PATCH", path, body))

    async def refuse(self, method: str, path: str, body: object = None, /, **options: Any) -> tuple[int, str, str]:
        """Give status, code and message of a request that must fail."""
        response = await self.send(method, path, body, **options)
        assert response.code >= HTTP_REFUSED, response.body
        error = json.loads(response.body)["error"]
        return response.code, error["code"], error["message"]


def check_reply(method: str, path: str, response: HTTPResponse) -> None:
    """See that a reply is as the schema has it."""
    operation = find_operation(method, path)
    status = str(response.code)
    if operation is None or (status not in operation["responses"] and not status.startswith(("4", "5"))):
        assert status.startswith("4"), (method, path, response.code)
        operation = {"responses": {}}
    described = operation["responses"].get(status)
    schema: Mapping[str, Any] = {"$ref": "#/components/schemas/Error"}
    if described is not None:
        media_type = response.headers["Content-Type"].partition(";")[0]
        assert media_type in described["content"], media_type
        schema = described["content"][media_type]["schema"]
        if schema.get("format") == "binary":
            return
    assert response.headers["Content-Type"] == "application/json"
    whole = {**schema, "components": read_schema()["components"]}
    Draft202012Validator(whole).validate(json.loads(response.body))


def find_operation(method: str, path: str) -> Any:
    """Find the operation that a path belongs to; words come before ids."""
    parts = path.partition("?")[0].split("/")
    fitting = [template for template in read_schema()["paths"] if _fits(parts, template.split("/"))]
    fitting.sort(key=lambda template: template.count("{"))
    return read_schema()["paths"][fitting[0]].get(method.lower()) if fitting else None


def _fits(parts: list[str], template: list[str]) -> bool:
    if template[-1] == "{path}" and len(parts) > len(template):
        parts = parts[: len(template)]
    return len(parts) == len(template) and all(
        wanted == part or wanted.startswith("{") for part, wanted in zip(parts, template, strict=True)
    )


def _document(response: HTTPResponse) -> Any:
    assert response.code < HTTP_REFUSED, response.body
    return json.loads(response.body)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home of its own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("AML_WIDGETS_HOME", str(folder))
    return folder


@pytest.fixture
def workspace(home: Path) -> Workspace:
    return Workspace.open(home / "team")


@pytest.fixture
def store(workspace: Workspace) -> RunStore:
    return workspace.store


@pytest.fixture
def key(workspace: Workspace) -> str:
    return workspace_key(workspace.location)


@pytest.fixture
def extension_settings() -> dict[str, object]:
    """Settings of the extension; a test module that needs some gives its own."""
    return {}


@pytest.fixture  # type: ignore[no-redef]  # a fixture is replaced by one of its name
def jp_server_config(
    extension_settings: dict[str, object],
) -> dict[str, object]:
    return {
        "ServerApp": {"jpserver_extensions": {"aml_widgets.server": True}},
        "RunBrowserApp": extension_settings,
    }


@pytest.fixture
def api(
    home: Path,
    jp_serverapp: object,
    http_server_client: AsyncHTTPServerClient,
    jp_auth_header: Mapping[str, str],
    jp_base_url: str,
) -> Api:
    return Api(http_server_client, jp_base_url, jp_auth_header)


@pytest.fixture
def at(key: str) -> Callable[[str], str]:
    """Give paths of the workspace."""
    return lambda path: f"/workspaces/{key}{path}"
