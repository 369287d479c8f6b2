"""Records of models in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.records import ModelRecord
from aml_widgets.store.models import StoredModel


class MemoryModelRows:
    """Keeps records of models in memory, from any thread of one process."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._last_versions: dict[str, int] = {}
        self._models: dict[tuple[str, int], StoredModel] = {}

    def reserve_version(self, name: str) -> tuple[int, float]:
        """Give a version of a name that nobody was given or will be, and the time now."""
        with self._lock:
            self._last_versions[name] = self._last_versions.get(name, 0) + 1
            return self._last_versions[name], clock.now()

    def insert(self, stored: StoredModel) -> None:
        """Keep a record."""
        with self._lock:
            self._models[stored.record.name, stored.record.version] = stored

    def find(self, name: str, version: int | None) -> StoredModel | None:
        """Give one version, or the latest there is."""
        with self._lock:
            if version is None:
                version = max((known for of_name, known in self._models if of_name == name), default=0)
            return self._models.get((name, version))

    def read_records(self, name: str | None, run_id: str | None) -> list[ModelRecord]:
        """Give the records of a name and of a run, registered last first."""
        with self._lock:
            records = [stored.record for stored in self._models.values()]
        found = [one for one in reversed(records) if name in (None, one.name) and run_id in (None, one.run_id)]
        return sorted(found, key=lambda record: (record.created_at, record.version), reverse=True)

    def change(self, name: str, version: int, change: Callable[[ModelRecord], ModelRecord]) -> ModelRecord | None:
        """Replace description, tags and properties by those that `change` gives."""
        with self._lock:
            stored = self._models.get((name, version))
            if stored is None:
                return None
            new = change(stored.record)
            record = replace(
                stored.record, description=new.description, tags=dict(new.tags), properties=dict(new.properties)
            )
            self._models[name, version] = stored._replace(record=record)
            return record

    def delete(self, name: str, version: int) -> str | None:
        """Forget a version; give the place of its files."""
        with self._lock:
            stored = self._models.pop((name, version), None)
            return None if stored is None else stored.folder


if TYPE_CHECKING:
    from aml_widgets.store.models import ModelRows

    _proof: type[ModelRows] = MemoryModelRows
