"""What every change of a record has in common: it is counted, and what it leaves unsaid stays."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping


def bump(connection: sqlite3.Connection) -> int:
    """Count one more change of a record in this workspace and give the count."""
    # not `returning`: between such a statement and its row a signal handler could not commit what it writes
    connection.execute("update revision set value = value + 1")
    (value,) = connection.execute("select value from revision").fetchone()
    return int(value)


def changed_json(stored: str, changes: Mapping[str, str | None], remove: Iterable[str]) -> str:
    """Change and remove entries of a stored JSON object."""
    values = {**json.loads(stored), **changes}
    for key in remove:
        values.pop(key, None)
    return json.dumps(values)
