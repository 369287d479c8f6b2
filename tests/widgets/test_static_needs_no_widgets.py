"""What a saved notebook and a plain prompt show can be made where no widget can be."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import aml_widgets.widgets.fallback, aml_widgets.widgets.static_documents
print(sorted(name for name in ("ipywidgets", "bqplot", "anywidget") if name in sys.modules))
"""


def test_the_static_view_loads_no_widgets() -> None:
    printed = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120)

    assert printed.stdout.strip() == "[]"
