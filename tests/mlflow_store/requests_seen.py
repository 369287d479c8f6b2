"""What a process asks of a server, counted at the lowest place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests


@contextmanager
def counted() -> Iterator[list[str]]:
    """Give a list that grows by the path of each request, with what it asks a page from."""
    seen: list[str] = []
    original = requests.Session.request

    def request(self: requests.Session, method: str, url: str, **kwargs: object) -> requests.Response:
        parts = urlsplit(url)
        is_paged = "page_token" in parse_qs(parts.query) or "page_token" in str(kwargs.get("params"))
        seen.append(f"{method} {parts.path.partition('/mlflow/')[2]}{' from a place' if is_paged else ''}")
        return original(self, method, url, **kwargs)  # type: ignore[arg-type]  # passed on as they come

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "request", request)
        yield seen
