"""Long content, read in threads as fast as the browser takes it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from typing import cast

from aml_widgets.core.errors import AmlWidgetsError
from aml_widgets.server.catalog import Source


async def in_threads(source: Source, pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Give pieces one after the other, each read off the event loop when it is asked for. Raises AmlWidgetsError."""
    try:
        while (piece := await source.ask(lambda _: next(pieces, None))) is not None:
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:  # of a generator, which holds files open; one that hangs cannot be closed
            with suppress(AmlWidgetsError, ValueError):
                await source.ask(lambda _: cast("object", close()))
