"""What a training script imports loads nothing heavy (decision D12)."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = frozenset(
    {
        *("bqplot", "IPython", "ipywidgets", "jupyter_server", "matplotlib", "mlflow", "numpy", "pandas", "pathspec"),
        *("PIL", "platformdirs", "psutil", "rich", "sklearn", "tornado", "traitlets"),
    }
)


@pytest.mark.parametrize(
    "statement",
    ["import aml_widgets", "from aml_widgets import Experiment, Model, Run, RunStatus, ViewType, Workspace, get_run"],
)
def test_importing_the_logging_api_loads_nothing_heavy(statement: str) -> None:
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert HEAVY.intersection(loaded) == set()
