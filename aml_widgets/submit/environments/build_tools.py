"""The tools that build environments (uv, venv and pip, conda), and how one is run: its lines as they come, and an end on request."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aml_widgets.core.errors import EnvironmentBuildError, EnvironmentBuildStopped
from aml_widgets.submit.environments.environment_spec import EnvironmentSpec, hide_credentials, names_local_folder

_POLL_SECONDS = 0.2
_LAST_LINES_SECONDS = 2.0
_GRACE_SECONDS = 5.0
_KEPT_LINES = 30
_CONDA_NAMES = ("micromamba", "mamba", "conda")

_TELL_UV = ("UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_NO_INDEX")

# A supervisor that is killed can end nobody any more: the system is asked to. It takes the program's place, with its number.
_DIE_WITH_PARENT = """\
import ctypes, os, signal, sys
parent = int(sys.argv[1])
ctypes.CDLL(None).prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG
if os.getppid() != parent:
    os.kill(os.getpid(), signal.SIGKILL)
try:
    os.execvp(sys.argv[2], sys.argv[2:])
except OSError as error:
    sys.exit(f"{sys.argv[2]!r} cannot be started: {error.strerror}.")
"""

_QUIET = {
    # They would install elsewhere than into the new environment, ask questions, or draw bars into a log.
    "CONDA_ALWAYS_YES": "true",
    "MAMBA_ALWAYS_YES": "true",
    "NO_COLOR": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_PROGRESS_BAR": "off",
    "PIP_USER": "0",
    "PYTHONUNBUFFERED": "1",
    "UV_NO_PROGRESS": "1",
    "UV_PYTHON_DOWNLOADS": "never",
}
_LEFT_OUT = frozenset(
    {
        *("CONDA_DEFAULT_ENV", "CONDA_PREFIX", "VIRTUAL_ENV"),
        *("PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PIP_ROOT", "PIP_TARGET"),
        *(
            "PYTHONHOME",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "UV_PROJECT_ENVIRONMENT",
            "UV_PYTHON",
            "UV_SYSTEM_PYTHON",
            "UV_TARGET",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Console:
    """Where a build tells what it does, and where it hears that it shall stop.

    Parameters
    ----------
    write_log : callable
        Takes one line, without its end.
    stop : callable
        Says whether the build shall stop.
    """

    write_log: Callable[[str], None]
    stop: Callable[[], bool]

    def say(self, line: str) -> None:
        """Write a line, without credentials."""
        self.write_log(hide_credentials(line))

    def run(self, command: Sequence[str | Path], *, folder: Path) -> None:
        """Run a tool in a folder until it ends.

        Raises
        ------
        EnvironmentBuildError
            If it cannot be started or fails; with its last lines.
        EnvironmentBuildStopped
            If it was ended because `stop` said so.
        """
        shown = " ".join(str(part) for part in command)
        self.say(f"$ {shown}")
        try:
            process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
                _end_with_this_process(command),
                cwd=folder,
                env={**{name: text for name, text in os.environ.items() if name not in _LEFT_OUT}, **_QUIET},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what it starts can be ended with it
            )
        except OSError as error:
            raise EnvironmentBuildError(
                f"{str(command[0])!r} cannot be started: {error.strerror or error}.", value=shown
            ) from error
        last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        try:
            self._follow(process, last_lines)
        finally:
            _end(process)
        if process.returncode != 0:
            raise EnvironmentBuildError(
                f"{Path(command[0]).name} ended with exit code {process.returncode} while building the environment. "
                "Its last lines:\n" + "\n".join(last_lines),
                value=process.returncode,
            )

    def _follow(self, process: subprocess.Popen[bytes], last_lines: deque[str]) -> None:
        assert process.stdout is not None
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        # A thread, because nothing else reads a pipe with a time-out on every platform. It ends with the pipe.
        threading.Thread(target=_read_lines, args=(process.stdout, lines), daemon=True).start()
        while True:
            self._check_stop()
            is_running = process.poll() is None
            try:
                line = lines.get(timeout=_POLL_SECONDS if is_running else _LAST_LINES_SECONDS)
            except queue.Empty:
                if is_running:
                    continue
                break  # something that it started holds the pipe open
            if line is None:
                break
            last_lines.append(hide_credentials(line))
            self.write_log(last_lines[-1])
        while process.poll() is None:  # it closed its output and goes on
            self._check_stop()
            try:
                process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue

    def _check_stop(self) -> None:
        if self.stop():
            raise EnvironmentBuildStopped("Building the environment was stopped.")


def _end_with_this_process(command: Sequence[str | Path]) -> list[str]:
    """Give a command line whose program the system kills, where it can, when this process is killed."""
    parts = [str(part) for part in command]
    if not sys.platform.startswith("linux") or shutil.which(parts[0]) is None:  # what is missing is to be said to be so
        return parts
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *parts]


def find_uv() -> Path | None:
    """Give the uv on ``PATH``, else the one beside this interpreter's packages; None where neither answers."""
    on_path = shutil.which("uv")
    places = [] if on_path is None else [Path(on_path).absolute()]
    if importlib.util.find_spec("uv") is not None:
        with contextlib.suppress(ImportError, AttributeError, FileNotFoundError):  # a package without its program
            places.append(Path(importlib.import_module("uv").find_uv_bin()))
    # A version manager's shim is there for each program that any of its versions has, and fails for the others.
    return next((place for place in places if _ask([place, "--version"])), None)


def find_conda() -> Path | None:
    """Give micromamba, mamba or conda, whichever is on ``PATH``, else the conda that this process was started from."""
    found = next(filter(None, map(shutil.which, _CONDA_NAMES)), None) or shutil.which(os.environ.get("CONDA_EXE", ""))
    return Path(found).absolute() if found is not None else None


def find_pythons_of_uv() -> list[Path]:
    """List the interpreters that uv itself installed, where there is an uv."""
    uv = find_uv()
    folder = _ask([uv, "python", "dir"]) if uv is not None else ""
    return sorted(Path(folder).glob("*/bin/python3.*[0-9]")) if folder else []


def build_with_uv(uv: Path, base: Path, spec: EnvironmentSpec, attempt: Path, console: Console) -> Path:
    """Build a virtual environment with uv; return its interpreter."""
    target = attempt / "environment"
    console.run([uv, "venv", "--no-project", "--python", base, target], folder=attempt)
    interpreter = _interpreter_in(target)
    if spec.pip_lines:
        with _Requirements(attempt, [*_read_pip_settings(spec.pip_lines), *spec.pip_lines]) as file:
            # pip takes the best version of all indexes, and these are lines for pip.
            options = ["--index-strategy", "unsafe-best-match"]
            # uv takes a package that it once built of a folder for the same until its pyproject.toml changes.
            options += ["--refresh"] if names_local_folder(spec.pip_lines) else []
            console.run(
                [uv, "pip", "install", "--python", interpreter, *options, "--requirement", file], folder=attempt
            )
    return interpreter


def build_with_venv(base: Path, spec: EnvironmentSpec, attempt: Path, console: Console) -> Path:
    """Build a virtual environment with Python's own venv, and pip in it; return its interpreter."""
    target = attempt / "environment"
    console.run([base, "-I", "-m", "venv", target], folder=attempt)
    interpreter = _interpreter_in(target)
    if spec.pip_lines:
        with _Requirements(attempt, spec.pip_lines) as file:
            console.run([interpreter, "-I", "-m", "pip", "install", "--requirement", file], folder=attempt)
    return interpreter


def build_with_conda(conda: Path, spec: EnvironmentSpec, attempt: Path, console: Console) -> Path:
    """Build a conda environment; return its interpreter."""
    target = attempt / "environment"
    pip: list[object] = [{"pip": list(spec.pip_lines)}] if spec.pip_lines else []
    content = {
        "channels": list(spec.channels) or ["conda-forge"],
        "dependencies": [f"python{spec.python.text}", "pip", *spec.conda_packages, *pip],
    }
    file = attempt / "environment.yml"
    _write_privately(file, json.dumps(content, indent=1))  # all JSON is YAML
    try:
        is_micromamba = conda.stem.lower() == "micromamba"
        create = ["create", "--yes"] if is_micromamba else ["env", "create"]
        console.run([conda, *create, "--prefix", target, "--file", file], folder=attempt)
    finally:
        file.unlink(missing_ok=True)
    return _interpreter_in(target)


class _Requirements:
    """A requirements file that is there while it is used: its lines may hold a password."""

    def __init__(self, folder: Path, lines: Sequence[str]) -> None:
        self._file = folder / "requirements.txt"
        self._lines = lines

    def __enter__(self) -> Path:
        _write_privately(self._file, "".join(f"{line}\n" for line in self._lines))
        return self._file

    def __exit__(self, *exc_info: object) -> None:
        self._file.unlink(missing_ok=True)


def _write_privately(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as writer:
        writer.write(text)


def _interpreter_in(folder: Path) -> Path:
    """Give the Python of an environment that was just built."""
    places = ("bin/python", "Scripts/python.exe", "python.exe")
    found = next((folder / place for place in places if os.access(folder / place, os.X_OK)), None)
    if found is None:
        raise EnvironmentBuildError(f"The environment built in {str(folder)!r} has no Python in it.", value=str(folder))
    return found


def _read_pip_settings(pip_lines: Sequence[str]) -> list[str]:
    """Give lines that tell uv where pip gets packages from: uv reads no settings of pip's, and a house that keeps its
    packages on a server of its own must not get those of the same names from elsewhere.
    """
    has_own = any(line.startswith(("-i", "--index-url", "--no-index")) for line in pip_lines)
    is_told = any(name in os.environ for name in _TELL_UV) or any(path.exists() for path in _uv_settings_files())
    if has_own or is_told:
        return []
    settings: dict[str, str] = {}
    rows = [row.partition("=") for row in _ask([sys.executable, "-m", "pip", "config", "list"]).splitlines()]
    for section in ("global.", "install.", ":env:."):  # the later wins
        settings.update({key.removeprefix(section): text for key, _, text in rows if key.startswith(section)})
    lines: list[str] = []
    for option in ("index-url", "extra-index-url", "find-links"):
        lines.extend(f"--{option} {place}" for place in _unquote(settings.get(option, "''")).split())
    if _unquote(settings.get("no-index", "''")).lower() in {"1", "true", "yes", "on"}:
        lines.append("--no-index")
    return lines


def _uv_settings_files() -> list[Path]:
    own = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - no error without a home
    return [Path(own) / "uv" / "uv.toml", Path("/etc/uv/uv.toml")]


def _unquote(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return ""


def _ask(command: Sequence[str | Path]) -> str:
    """Give what a program prints, nothing where it fails."""
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30.0, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.decode("utf-8", "replace").strip()


def _read_lines(stream: IO[bytes], lines: queue.SimpleQueue[str | None]) -> None:
    with stream:  # closed here and nowhere else: closing waits for a reader
        for line in stream:
            lines.put(line.decode("utf-8", "replace").rstrip("\r\n"))
    lines.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a tool that still runs, and what it started: politely first."""
    if process.poll() is not None:
        return
    _signal(process, force=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    _signal(process, force=True)  # compilers that it left behind, too
    process.wait()


def _signal(process: subprocess.Popen[bytes], *, force: bool) -> None:
    if os.name != "posix":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL if force else signal.SIGTERM)
