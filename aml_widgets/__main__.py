"""Run ``python -m aml_widgets``."""

from __future__ import annotations

from aml_widgets.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
