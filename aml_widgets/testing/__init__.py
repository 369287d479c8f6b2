"""For tests of stores and faces: the facts that every store upholds, and runs to look at.

A store proves itself by a subclass that supplies it::

    class TestMyStore(RunStoreContract):
        @pytest.fixture
        def store(self, tmp_path: Path) -> RunStore:
            return MyStore(tmp_path)

Seeded runs need neither pytest nor Hypothesis. For readable failures of the contract, call
``pytest.register_assert_rewrite("aml_widgets.testing")`` in a ``conftest.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aml_widgets.testing.seeded import (
    empty_run,
    every_kind_run,
    failed_run,
    finished_run,
    hostile_run,
    long_run,
    nan_run,
    run_with_logs,
    running_run,
    wide_run,
)

if TYPE_CHECKING:
    from aml_widgets.testing.contract import RunStoreContract

__all__ = [
    "RunStoreContract",
    "empty_run",
    "every_kind_run",
    "failed_run",
    "finished_run",
    "hostile_run",
    "long_run",
    "nan_run",
    "run_with_logs",
    "running_run",
    "wide_run",
]


def __getattr__(name: str) -> object:
    if name == "RunStoreContract":
        from aml_widgets.testing.contract import RunStoreContract

        return RunStoreContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
