"""What all handlers share: reading requests by the schema, asking workspaces, and one place for all errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http.client import responses
from typing import Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from aml_widgets.core.errors import (
    AggregatedError,
    AmlWidgetsError,
    Conflict,
    ExecutionError,
    ModelError,
    NotFound,
    ProjectError,
    RunEnvironmentError,
    RunFailed,
    RunInterrupted,
    ServiceError,
    SnapshotError,
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TargetError,
    TargetUnavailable,
    UsageError,
    UserError,
    WorkspaceError,
    message_of,
)
from aml_widgets.server.replies import error_reply, why
from aml_widgets.server.schema import read_body, read_query
from aml_widgets.server.settings import SETTINGS_KEY, ServerSettings
from aml_widgets.server.values import to_json
from aml_widgets.tracking.workspace import Workspace

SHORT_BODY_BYTES = 4_096
"""A request of that length is understood within a few milliseconds; one of megabytes takes seconds."""

LONG_FACTOR = 10
"""How many times longer something may take that is done with many runs at once."""

STATUSES: tuple[tuple[type[AmlWidgetsError], int], ...] = (
    (UserError, 400),
    (NotFound, 404),
    (Conflict, 409),
    (StoreReadOnly, 403),
    (StoreFull, 507),
    (StoreUnavailable, 503),
    (StoreError, 500),
    (SnapshotError, 500),
    (TargetUnavailable, 503),
    (RunEnvironmentError, 500),
    (RunFailed, 409),
    (RunInterrupted, 503),
    (UsageError, 400),
    (ProjectError, 404),
    *((kind, 500) for kind in (AggregatedError, ExecutionError, ModelError, ServiceError, TargetError, WorkspaceError)),
)
"""Which error is answered with which status: the first that fits. A test sees that there is one for every error of ours."""


_Method = TypeVar("_Method", bound=Callable[..., Awaitable[None]])


def reads(method: _Method) -> _Method:
    """Let in whoever has logged in and may look; every method of a handler has this decorator or the next one."""
    return cast("_Method", web.authenticated(authorized("read")(method)))


def writes(method: _Method) -> _Method:
    """Let in whoever has logged in and may change things."""
    return cast("_Method", web.authenticated(authorized("write")(method)))


class RangeRefused(web.HTTPError):
    """None of the bytes that were asked for is in the file."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(416, f"The file has {size_bytes:,} bytes, and none of those asked for.")
        self.size_bytes = size_bytes


class ApiHandler(APIHandler):
    """A handler of the API."""

    auth_resource = "aml_widgets"
    path = ""
    """The path that it answers, as the schema names it."""

    _track_activity = False  # a page that looks at runs does not keep an idle server from being culled

    @property
    def browser(self) -> ServerSettings:
        """What the extension was set to."""
        settings: ServerSettings = self.settings[SETTINGS_KEY]
        return settings

    @property
    def query(self) -> dict[str, Any]:
        """The arguments behind the ``?``. Raises UserError."""
        return read_query(self.path, self._verb, self.request.query_arguments)

    async def read_body(self) -> dict[str, Any]:
        """Give the document that the request brings; a long one is read off the event loop. Raises UserError."""
        content = self.request.body
        if len(content) <= SHORT_BODY_BYTES:
            return read_body(self.path, self._verb, content)
        return await asyncio.to_thread(read_body, self.path, self._verb, content)

    async def answer(self, key: str, make: Callable[[Workspace], object], *, is_long: bool = False) -> None:
        """Answer with what is made of a workspace, and written, off the event loop. Raises AmlWidgetsError."""
        source = await self.browser.catalog.get(key)
        seconds = self.browser.timeout_seconds * (LONG_FACTOR if is_long else 1)
        content = await source.ask(lambda workspace: to_json(make(workspace)), timeout_seconds=seconds)
        self.finish(content)

    def refuse_if_read_only(self) -> None:
        """Refuse to change anything where the server is set so. Raises StoreReadOnly."""
        if self.browser.is_read_only:
            raise StoreReadOnly(
                "This server shows runs and changes none. Ask whoever runs it to set RunBrowserApp.is_read_only to False.",
                value=self.request.path,
            )

    def set_default_headers(self) -> None:
        """Keep answers out of caches."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-store")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write why: the one place that knows which error has which status."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        if isinstance(error, AmlWidgetsError):
            self.set_status(_status_of(error))
            self.finish(to_json({"error": why(error)}))
            return
        if isinstance(error, RangeRefused):
            self.set_header("Content-Range", f"bytes */{error.size_bytes}")
        if status_code == 405:
            self.set_header("Allow", ", ".join(self._allowed()))
        self.finish(to_json({"error": error_reply(_word(status_code), _message(status_code, error))}))

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with an error; where the answer has begun, break it off, so that nobody takes a part for the whole."""
        if self._headers_written:
            self.detach().close()
            return
        super().send_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is wrong with the server, not what is wrong with a request, nor that a browser went away."""
        if isinstance(value, (AmlWidgetsError, StreamClosedError)):
            self.log.debug("%s %s: %s", self.request.method, self.request.path, message_of(value))
            return
        super().log_exception(typ, value, tb)

    @property
    def _verb(self) -> str:
        assert self.request.method is not None
        return self.request.method.lower()

    def _allowed(self) -> list[str]:
        unimplemented = {name: getattr(APIHandler, name) for name in ("get", "post", "patch")}
        return [name.upper() for name in unimplemented if getattr(type(self), name) is not unimplemented[name]]


class UnknownHandler(ApiHandler):
    """Anything below the API's root that it does not have."""

    @reads
    async def get(self) -> None:
        """Refuse."""
        raise web.HTTPError(404)

    head = put = post = patch = delete = get


def _status_of(error: AmlWidgetsError) -> int:
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def _word(status_code: int) -> str:
    if status_code == 416:
        return "RangeNotSatisfiable"  # Python's word for it depends on its version
    return responses.get(status_code, "Unknown").replace(" ", "").replace("-", "")


def _message(status_code: int, error: BaseException | None) -> str:
    if isinstance(error, web.HTTPError):
        if error.log_message:
            return error.log_message % error.args if error.args else error.log_message
        return error.reason or responses.get(status_code, "Unknown")
    if status_code >= 500:
        return "The server failed; its log has the reason."
    return responses.get(status_code, "Unknown")
