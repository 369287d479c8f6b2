"""A workspace in a folder, and the program called on it: in this process, in another one, and on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aml_widgets.cli.main import main
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.workspace import Workspace


class Outcome(NamedTuple):
    code: int
    output: str
    errors: str


Call = Callable[..., Outcome]
Start = Callable[..., "subprocess.Popen[bytes]"]
OnTerminal = Callable[..., str]
Examine = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = Workspace.open(tmp_path / "runs")

    yield opened

    opened.store.close()


@pytest.fixture
def store(workspace: Workspace) -> RunStore:
    return workspace.store


@pytest.fixture
def call(workspace: Workspace, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Call the program in this process, on the workspace."""

    def call_it(*arguments: str) -> Outcome:
        capfdbinary.readouterr()
        code = main(["--workspace", workspace.location, *arguments])
        sys.stdout.flush()
        output, errors = capfdbinary.readouterr()
        return Outcome(code, output.decode("utf-8", "surrogateescape"), errors.decode())

    return call_it


@pytest.fixture
def start(workspace: Workspace) -> Iterator[Start]:
    """Start the program in a process of its own, on the workspace; what is left of it in the end is ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start_it(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "aml_widgets", "--workspace", workspace.location, *arguments]
        # Without a buffer, or `communicate` would not see what `readline` has read ahead.
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
        process = subprocess.Popen(command, **{**pipes, **options})  # type: ignore[call-overload]
        started.append(process)
        return process  # type: ignore[no-any-return]

    yield start_it

    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give Jupyter folders of its own for what is the user's; the environment's come after them."""
    folder = tmp_path / "jupyter"
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(folder / "config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder / "data"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    return folder


@pytest.fixture
def examine(capfdbinary: pytest.CaptureFixture[bytes]) -> Examine:
    """Call the doctor; give its document, with the exit code beside it."""

    def call_it(*arguments: str) -> dict[str, Any]:
        capfdbinary.readouterr()
        code = main(["doctor", "--json", *arguments])
        document: dict[str, Any] = json.loads(capfdbinary.readouterr().out)
        return {**document, "code": code}

    return call_it


@pytest.fixture
def on_terminal(workspace: Workspace) -> OnTerminal:
    """Call the program on a terminal so many characters wide; give what the terminal was sent."""
    pty = pytest.importorskip("pty")

    def call_it(columns: int, *arguments: str, **environment: str) -> str:
        leader, follower = pty.openpty()
        _set_size(follower, columns)
        process = subprocess.Popen(
            [sys.executable, "-m", "aml_widgets", "--workspace", workspace.location, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=follower,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )
        os.close(follower)
        content = b""
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not chunk:
                break
            content += chunk
        os.close(leader)
        process.wait()
        return content.decode().replace("\r\n", "\n")

    return call_it


def _set_size(descriptor: int, columns: int) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
