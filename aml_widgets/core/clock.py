"""The present moment and new ids, in one place so that tests can turn them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

now: Callable[[], float] = time.time
"""Seconds since the epoch, UTC."""


def new_id() -> str:
    """Make an id that no other run or experiment has (a random UUID)."""
    return str(uuid.uuid4())
