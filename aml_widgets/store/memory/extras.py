"""What other programs keep beside runs, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple


class _Extra(NamedTuple):
    text: str
    run_id: str | None
    experiment_id: str | None


class MemoryExtraStore:
    """Keeps texts in memory.

    Parameters
    ----------
    lock : threading.RLock
        The run store's: a run does not go while a text of it is written.
    check : Callable
        Raises NotFound for the id of a run or of an experiment that is not there.
    """

    def __init__(self, lock: threading.RLock, check: Callable[[str | None, str | None], None]) -> None:
        self._lock = lock
        self._check = check
        self._extras: dict[tuple[str, str], _Extra] = {}

    def put(
        self, kind: str, key: str, text: str, *, run_id: str | None = None, experiment_id: str | None = None
    ) -> None:
        """Write a text."""
        with self._lock:
            self._check(run_id, experiment_id)
            self._extras[kind, key] = _Extra(text, run_id, experiment_id)

    def get(self, kind: str, key: str) -> str | None:
        """Read a text."""
        with self._lock:
            found = self._extras.get((kind, key))
            return None if found is None else found.text

    def list(self, kind: str, *, run_id: str | None = None, experiment_id: str | None = None) -> list[tuple[str, str]]:
        """Give keys and texts in the order in which they were first written."""
        with self._lock:
            self._check(run_id, experiment_id)
            return [
                (key, extra.text)
                for (of_kind, key), extra in self._extras.items()
                if of_kind == kind and run_id in (None, extra.run_id) and experiment_id in (None, extra.experiment_id)
            ]

    def update(
        self,
        kind: str,
        key: str,
        change: Callable[[str | None], str],
        *,
        run_id: str | None = None,
        experiment_id: str | None = None,
    ) -> str:
        """Replace a text by what `change` makes of it."""
        with self._lock:
            self._check(run_id, experiment_id)
            old = self._extras.get((kind, key), _Extra("", None, None))
            text = change(old.text if (kind, key) in self._extras else None)
            self._extras[kind, key] = _Extra(text, run_id or old.run_id, experiment_id or old.experiment_id)
            return text

    def remove(self, kind: str, key: str) -> None:
        """Forget a text."""
        with self._lock:
            self._extras.pop((kind, key), None)

    def forget_run(self, run_id: str) -> None:
        """Forget the texts of a run."""
        self._extras = {at: extra for at, extra in self._extras.items() if extra.run_id != run_id}

    def forget_experiment(self, experiment_id: str) -> None:
        """Forget the texts of an experiment."""
        self._extras = {at: extra for at, extra in self._extras.items() if extra.experiment_id != experiment_id}


if TYPE_CHECKING:
    from aml_widgets.store.extras import ExtraStore

    _proof: type[ExtraStore] = MemoryExtraStore
