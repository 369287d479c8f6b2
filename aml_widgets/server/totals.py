"""How many runs a query gives, counted again only when something changed: most polls hear of nothing."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

_MAX_TOTALS = 500


class Totals:
    """Numbers that are known, by workspace, query and cursor. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, str, str], int] = OrderedDict()

    def find(self, location: str, given: Mapping[str, Any], cursor: str) -> int | None:
        """Give the number that was true at a cursor, None where it is not known."""
        with self._lock:
            return self._known.get(self._key(location, given, cursor))

    def keep(self, location: str, given: Mapping[str, Any], cursor: str, total: int) -> None:
        """Remember a number."""
        with self._lock:
            self._known[self._key(location, given, cursor)] = total
            while len(self._known) > _MAX_TOTALS:
                self._known.popitem(last=False)

    @staticmethod
    def _key(location: str, given: Mapping[str, Any], cursor: str) -> tuple[str, str, str]:
        return (location, json.dumps(given, sort_keys=True), cursor)
