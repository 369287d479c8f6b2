"""Run the benchmarks: ``python -m benchmarks [--only NAME ...] [--folder FOLDER] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from benchmarks import (
    browser,
    browsing,
    importing,
    mlflow_stores,
    processes,
    reading,
    run_lists,
    runs,
    submitting,
    viewing,
    writing,
)
from benchmarks.figure import Figure

GROUPS: dict[str, Callable[[Path], Figure | list[Figure] | tuple[Figure, ...]]] = {
    "one_call": writing.one_call,
    "million_calls": writing.million_calls,
    "wide_calls": writing.wide_calls,
    "long_list": writing.long_list,
    "kills": processes.kills,
    "cold": reading.cold,
    "changes": reading.changes,
    "envelope": reading.envelope,
    "eight_writers": processes.eight_writers,
    "lists": runs.lists,
    "run_lists": run_lists.run_lists,
    "viewing": viewing.viewing,
    "first_paint": browser.first_paint,
    "refresh_bytes": browser.refresh_bytes,
    "browsing_lists": browsing.lists,
    "browsing_pages": browsing.run_pages,
    "browsing_typing": browsing.typing,
    "submitting": submitting.submitting,
    "mlflow_client": mlflow_stores.mlflow_client,
    "mlflow_search": mlflow_stores.mlflow_search,
    "tracking_server": mlflow_stores.tracking_server,
    "imports": lambda _: importing.imports(),
}


def main() -> int:
    """Measure, print the table, write the JSON; 1 where a figure misses its limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=sorted(GROUPS), default=list(GROUPS), metavar="GROUP", help=", ".join(GROUPS)
    )
    parser.add_argument("--folder", type=Path, help="where to put the databases (default: a temporary folder)")
    parser.add_argument(
        "--json", type=Path, default=Path("benchmarks/results/latest.json"), help="where to write the figures"
    )
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="aml_widgets_bench_", dir=arguments.folder))
    figures: list[Figure] = []
    print(f"{'figure':54} {'ours':>12} {'baseline':>12}        {'ratio':>7} {'limit':>6}        against")
    try:
        for name in arguments.only:
            place = folder / name
            place.mkdir()
            found = GROUPS[name](place)
            for figure in [found] if isinstance(found, Figure) else found:
                figures.append(figure)
                verdict = "kept" if figure.is_kept else "MISSED"
                print(
                    f"{figure.name:54} {figure.ours:12.3f} {figure.baseline:12.3f} {figure.unit:6} {figure.ratio:7.2f} "
                    f"{figure.limit:6.1f} {verdict:6} {figure.against}",
                    flush=True,
                )
            shutil.rmtree(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "measured_at": datetime.now(timezone.utc).isoformat(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.platform(),
        "figures": [figure.to_json() for figure in figures],
    }
    arguments.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {arguments.json}.")
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
