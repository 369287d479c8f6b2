"""A reverse proxy in front of a Jupyter server, as JupyterHub and web servers put one there."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

_MAX_HEAD_BYTES = 1 << 20


class ReverseProxy:
    """Answers at an address of its own, below a prefix, with what a server behind it says, and keeps the path and the host.

    Parameters
    ----------
    prefix : str
        With slashes around it. Anything else is not found: what leaves the prefix leaves what people can reach.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._behind: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()  # the loop holds what waits for a stream by weak references only
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="reverse-proxy", daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.refused: list[str] = []
        """Paths that were asked for and are not below the prefix."""

    @property
    def port(self) -> int:
        """Where it listens, on 127.0.0.1."""
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Where people reach the server."""
        return f"http://127.0.0.1:{self.port}{self._prefix}"

    def forward_to(self, port: int) -> None:
        """Ask the server at this port of 127.0.0.1 from now on."""
        self._behind = port

    def close(self) -> None:
        """Listen no more, and end all connections."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_MAX_HEAD_BYTES)

    async def _end(self) -> None:
        self._server.close()
        await asyncio.sleep(0)  # connections that were just taken get their tasks
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # A browser may open a connection and never use it, and may be gone at any time.
        with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
            path = first.split(" ")[1]
            if not path.startswith(self._prefix):
                self.refused.append(path)
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                await self._forward(first, lines, reader, writer)
        writer.close()

    async def _forward(
        self, first: str, lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        given = {name.lower(): value for name, value in headers}
        if "upgrade" not in given:  # one request a connection, so that what follows needs no reading
            headers = [(name, value) for name, value in headers if name.lower() != "connection"]
            headers.append(("Connection", "close"))
        headers += [
            ("X-Forwarded-For", "192.0.2.7"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", given["host"]),
        ]
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        lines = [first, *(f"{name}: {value}" for name, value in headers)]
        behind_writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        ways = [asyncio.ensure_future(_copy(*way)) for way in ((reader, behind_writer), (behind_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)  # whoever is gone needs no answer
        finally:
            for way in ways:
                way.cancel()
            behind_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
