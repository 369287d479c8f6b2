"""How long to wait for a server: views want to hear soon that it is lost, and what writes would rather wait than fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_is_patient: ContextVar[bool] = ContextVar("is_patient", default=False)


@contextmanager
def patiently() -> Iterator[None]:
    """Let what is read meanwhile, in this thread, be tried as long as MLflow tries: writing depends on it."""
    token = _is_patient.set(True)
    try:
        yield
    finally:
        _is_patient.reset(token)


def is_patient() -> bool:
    """Say whether what is read now is for something that is written."""
    return _is_patient.get()
