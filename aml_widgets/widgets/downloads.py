"""Files that the browser saves, sent piece by piece as the page asks for them."""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.core.file_names import safe_file_name
from aml_widgets.core.pieces import in_pieces

logger = logging.getLogger("aml_widgets.widgets")

MAX_OPEN = 16
"""So many downloads can be under way in a view; pages that went away in the middle of one leave it behind."""

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)

Send = Callable[[dict[str, object], "list[bytes] | None"], None]


class Downloads:
    """The downloads of one view.

    A page that is told of a file asks for piece after piece, so one piece at most is on its way, however large the file is
    and however slow the connection.

    Parameters
    ----------
    send : callable
        Sends content and binary buffers to the pages of the view.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._open: dict[str, _Download] = {}

    def begin(
        self, name: str, media_type: str, chunks: Iterable[bytes], *, total_bytes: int | None = None, page: str = ""
    ) -> str:
        """Tell a page of a file, or any page; return the download's id. Nothing is read yet."""
        download = _Download(pieces=in_pieces(chunks), page=page)
        file_id = uuid.uuid4().hex
        with self._lock:
            while len(self._open) >= MAX_OPEN:
                del self._open[next(iter(self._open))]
            self._open[file_id] = download
        media_type = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
        content = {"name": safe_file_name(name), "type": media_type, "total": total_bytes, "page": page}
        self._send({"file": file_id, "what": "begin", **content}, None)
        return file_id

    def send_next(self, file_id: str, page: str) -> None:
        """Send the next piece, or the word that there is none, or why there will be none."""
        with self._lock:
            download = self._open.get(file_id)
            if download is not None and not download.page:
                download.page = page  # the first one that asks
        answer: dict[str, object] = {"file": file_id, "page": page}
        if download is None:
            reason = "The kernel knows no more of it. Please begin again."
            self._send({**answer, "what": "failed", "reason": reason}, None)
            return
        if download.page != page:
            return
        with download.lock:  # no other: reading may take a while
            try:
                piece = next(download.pieces, None)
            except Exception as error:  # whatever it is, the user is told
                logger.warning("A download failed.", exc_info=True)
                self.stop(file_id)
                reason = (
                    error.message
                    if isinstance(error, AmlWidgetsError)
                    else f"{type(error).__name__}: {message_of(error)}"
                )
                self._send({**answer, "what": "failed", "reason": reason}, None)
                return
            if piece is None:
                self.stop(file_id)
                self._send({**answer, "what": "end", "bytes": download.sent_bytes}, None)
                return
            content = {**answer, "what": "piece", "count": download.count}
            download.count += 1
            download.sent_bytes += len(piece)
            self._send(content, [piece])

    def stop(self, file_id: str) -> None:
        """Forget a download."""
        with self._lock:
            self._open.pop(file_id, None)


@dataclass(slots=True, kw_only=True)
class _Download:
    pieces: Iterator[bytes]
    page: str
    count: int = 0
    sent_bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
