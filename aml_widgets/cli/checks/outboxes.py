"""What was logged to tracking servers and is not there yet: it waits below the home."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.moments import age_text
from aml_widgets.core import clock
from aml_widgets.core.text import count_text, size_text
from aml_widgets.store.addresses import hide_secrets
from aml_widgets.store.mlflow.files import server_key
from aml_widgets.store.registry import list_opened_servers

AREA = "workspace"

_LONG_SECONDS = 600.0


def check(home: Path, program: str) -> Iterator[Finding]:
    """Look at what waits for each server."""
    addresses = {server_key(address): address for address in list_opened_servers()}
    for folder in sorted((home / ".tracking").glob("*/outbox")):
        address = addresses.get(folder.parent.name)
        yield from _check_one(folder, None if address is None else hide_secrets(address), program)


def _check_one(folder: Path, address: str | None, program: str) -> Iterator[Finding]:
    shown = address or f"a server whose address is not known ({folder})"
    run_ids, size_bytes, written_at, refused = set(), 0, [], []
    for file in folder.glob("*/*"):
        try:
            status = file.stat()
        except FileNotFoundError:  # sent this moment
            continue
        if file.suffix == ".refused":
            refused.append(file)
        elif (file.suffix == ".jsonl" and status.st_size) or file.name == "end.json":
            run_ids.add(file.parent.name)
            size_bytes += status.st_size
            written_at.append(status.st_mtime)
    if refused:
        yield Finding(
            area=AREA,
            check="outbox",
            level=Level.WARNING,
            text=f"{shown} refused lines of {count_text(len({file.parent for file in refused}), 'run', 'runs')}; they are kept, one "
            "JSON document a line. Look at the first",
            command=f"head {shlex.quote(str(refused[0]))}",
        )
    if run_ids:
        seconds = clock.now() - min(written_at)
        waits = f"{size_text(size_bytes)} of {count_text(len(run_ids), 'run', 'runs')} wait for {shown}, first written {age_text(seconds)}"
        is_long = seconds > _LONG_SECONDS
        yield Finding(
            area=AREA,
            check="outbox",
            level=Level.WARNING if is_long else Level.INFO,
            text=f"{waits}. They are sent by whoever uses the server next, while it answers" if is_long else waits,
            command=f"{program} --workspace {shlex.quote(address)} runs" if is_long and address is not None else None,
        )
