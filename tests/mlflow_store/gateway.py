"""A proxy before a tracking server, as a team's server has one: it can refuse, answer for a server that is away, and keep silent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_KEPT = {"content-type", "content-length", "accept"}


class Gateway:
    """Hands requests on, or answers them itself.

    Parameters
    ----------
    uri : str
        The server behind it.

    Attributes
    ----------
    refuse : callable
        Gives for a request's method and path the status to answer it with, None to hand it on.
    silent : callable
        Says for a method and path whether it gets no answer before `speak`.
    """

    def __init__(self, uri: str) -> None:
        self._behind = uri
        self.refuse: Callable[[str, str], int | None] = lambda method, path: None
        self.silent: Callable[[str, str], bool] = lambda method, path: False
        self.waiting = threading.Event()
        self._speaks = threading.Event()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True  # whoever asked waits no longer

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if gateway.silent(self.command, self.path):
                    gateway.waiting.set()
                    gateway._speaks.wait()
                status, content, kind = gateway.refuse(self.command, self.path), b"<html>a proxy</html>", "text/html"
                if status is None:
                    headers = {name: value for name, value in self.headers.items() if name.lower() in _KEPT}
                    where = f"{gateway._behind}{self.path}"
                    try:
                        reply = requests.request(self.command, where, data=body, headers=headers, timeout=60)
                    except requests.ConnectionError:
                        status = 502
                    else:
                        status, content, kind = reply.status_code, reply.content, reply.headers.get("Content-Type", "")
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - so http.server wants it

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_port}"

    def speak(self) -> None:
        """Answer what was kept waiting, and keep nothing waiting any more."""
        self.silent = lambda method, path: False
        self._speaks.set()

    def serve(self) -> None:
        """Answer until it is closed."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Answer no more."""
        self.speak()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def running_gateway(uri: str) -> Iterator[Gateway]:
    """Have a proxy before a server as long as it is needed."""
    gateway = Gateway(uri)
    thread = threading.Thread(target=gateway.serve, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.close()
        thread.join()
