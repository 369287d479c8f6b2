"""A Jupyter server with the extension in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aml_widgets.testing.support import wait_until

BASE_URL = "/a%40b/"


@contextmanager
def jupyter_server(folder: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Start a server and give its URL and its token; it ends with the block.

    Parameters
    ----------
    folder : Path
        Where it keeps what it keeps, and its log.
    home : Path
        The home of the workspaces that it shows.
    """
    runtime, root = folder / "runtime", folder / "root"
    root.mkdir(parents=True)
    environment = {
        **os.environ,
        "AML_WIDGETS_HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(runtime),
    }
    options = {
        "ServerApp.base_url": BASE_URL,
        "ServerApp.jpserver_extensions": "{'aml_widgets.server': True}",
        "ServerApp.open_browser": "False",
        "ServerApp.port": "0",
        "ServerApp.root_dir": str(root),
        "ServerApp.allow_root": "True",
    }
    command = [sys.executable, "-m", "jupyter_server", *(f"--{name}={value}" for name, value in options.items())]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            wait_until(lambda: process.poll() is not None or _is_up(runtime), timeout_seconds=120)
            assert process.poll() is None, (folder / "server.log").read_text()
            facts = json.loads(next(runtime.glob("jpserver-*.json")).read_text())
            yield facts["url"].rstrip("/"), facts["token"]
        finally:
            process.terminate()


def _is_up(runtime: Path) -> bool:
    import urllib.error
    import urllib.request

    for file in runtime.glob("jpserver-*.json"):
        try:
            facts = json.loads(file.read_text())
            with urllib.request.urlopen(f"{facts['url']}api", timeout=10):
                return True
        except (urllib.error.URLError, ValueError, OSError):
            return False
    return False
