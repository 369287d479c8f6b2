from __future__ import annotations

import pytest

from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import RunStoreContract


class TestMemoryRunStore(RunStoreContract):
    @pytest.fixture
    def store(self) -> MemoryRunStore:
        return MemoryRunStore()
