"""Files of a run: as they are, as logs, and many of them in a zip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing

from aml_widgets.server.catalog import Source
from aml_widgets.server.handlers.base import ApiHandler, RangeRefused, reads
from aml_widgets.server.served_files import (
    BINARY,
    SECURITY_HEADERS,
    ServedFile,
    disposition,
    log_reply,
    open_artifact,
    open_snapshot_file,
    read_range,
    snapshot_reply,
    zip_pieces,
)
from aml_widgets.server.streaming import in_threads

DEFAULT_LOG_BYTES = 256 * 1024


class _SendingHandler(ApiHandler):
    """Sends bytes, piece by piece as the browser takes them."""

    async def send_pieces(self, source: Source, pieces: Iterator[bytes], media_type: str) -> None:
        """Send what is read of a workspace; one piece at most is on its way. Raises AmlWidgetsError."""
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Type", media_type)
        async with aclosing(in_threads(source, pieces)) as stream:
            async for piece in stream:
                self.write(piece)
                await self.flush()
        self.finish(set_content_type=media_type)

    async def send_file(self, source: Source, file: ServedFile, *, is_download: bool) -> None:
        """Send a file, or the part of it that is asked for. Raises AmlWidgetsError."""
        media_type = file.media_type
        is_inline = media_type != BINARY and not is_download
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("Content-Disposition", disposition(file.path, is_inline=is_inline))
        asked = read_range(self.request.headers.get("Range"), file.size_bytes)
        first, last = (0, file.size_bytes - 1) if asked is None else asked
        if asked is not None and last < first:
            raise RangeRefused(file.size_bytes)
        if asked is not None:
            self.set_status(206)
            self.set_header("Content-Range", f"bytes {first}-{last}/{file.size_bytes}")
        self.set_header("Content-Length", str(last - first + 1))
        await self.send_pieces(source, file.pieces(first, last), media_type)


class FileHandler(_SendingHandler):
    """A file of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/files/{path}"

    @reads
    async def get(self, key: str, run_id: str, path: str) -> None:
        """Answer with its bytes."""
        is_download = self.query.get("download") == "1"
        source = await self.browser.catalog.get(key)
        file = await source.ask(lambda workspace: open_artifact(workspace.store, run_id, path))
        await self.send_file(source, file, is_download=is_download)


class SnapshotFileHandler(_SendingHandler):
    """A source file of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/snapshot/{path}"

    @reads
    async def get(self, key: str, run_id: str, path: str) -> None:
        """Answer with its bytes."""
        source = await self.browser.catalog.get(key)
        file = await source.ask(lambda workspace: open_snapshot_file(workspace.store, run_id, path))
        await self.send_file(source, file, is_download=False)


class ZipHandler(_SendingHandler):
    """Many files of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/zip"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with a zip that is written while it is sent."""
        what = self.query["what"]
        source = await self.browser.catalog.get(key)
        pieces = await source.ask(lambda workspace: zip_pieces(workspace.store, run_id, what))
        self.set_header("Content-Disposition", disposition(f"{run_id}-{what}.zip", is_inline=False))
        await self.send_pieces(source, pieces, "application/zip")


class SnapshotHandler(ApiHandler):
    """The source files of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/snapshot"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with their paths."""
        await self.answer(key, lambda workspace: snapshot_reply(workspace.store, run_id))


class LogHandler(ApiHandler):
    """A log of a run."""

    path = "/workspaces/{workspace}/runs/{run_id}/log"

    @reads
    async def get(self, key: str, run_id: str) -> None:
        """Answer with a part of it."""
        query = self.query
        start, max_bytes = query.get("start", 0), query.get("max_bytes", DEFAULT_LOG_BYTES)
        await self.answer(key, lambda workspace: log_reply(workspace.store, run_id, query["path"], start, max_bytes))
