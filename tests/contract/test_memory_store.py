from __future__ import annotations

import pytest

from aml_widgets.store.memory import MemoryRunStore
from aml_widgets.testing import RunStoreContract
from aml_widgets.testing.facts_repeats import RepeatFacts


class TestMemoryRunStore(RunStoreContract, RepeatFacts):
    @pytest.fixture
    def store(self) -> MemoryRunStore:
        return MemoryRunStore()
