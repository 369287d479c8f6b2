"""What importing the package costs a training script."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figure import Figure, compare

_HEAVY = ("ipywidgets", "bqplot", "numpy", "tornado", "mlflow", "pandas", "PIL", "psutil")


def _seconds(statement: str) -> float:
    program = f"import time; start = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    return float(output)


def imports() -> list[Figure]:
    """The package alone, and with the names that a training script uses."""
    figures = []
    for name, statement, limit in (
        ("import aml_widgets", "import aml_widgets", 2),
        ("... import Workspace, Experiment, Run", "from aml_widgets import Workspace, Experiment, Run", 6),
    ):
        pairs = [(_seconds(statement) * 1e3, _seconds("import sqlite3, json, logging") * 1e3) for _ in range(11)]
        figures.append(compare(name, "import sqlite3, json, logging", limit, pairs, unit="ms"))
        loaded = subprocess.run(
            [sys.executable, "-c", f"{statement}\nimport sys; print(*[m for m in {_HEAVY!r} if m in sys.modules])"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        figures.append(Figure(f"{name}: heavy modules loaded", len(loaded), 1, "modules", len(loaded), 0, "(absolute)"))
    return figures
