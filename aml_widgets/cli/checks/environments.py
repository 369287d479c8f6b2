"""Where Jupyter runs and where its kernels do: environments that may differ, each with an aml_widgets of its own or none."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from aml_widgets.cli.checks import versions
from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.checks.interpreters import (
    Interpreter,
    Question,
    find_requirement,
    find_script_python,
)

AREA = "environments"

_PYTHON = re.compile(r"(python|pypy)[0-9.]*w?(\.exe)?", re.IGNORECASE)
_START_TOLERANCE_SECONDS = 2.0  # the system derives start times from a clock that is being adjusted
_WIDGET_PACKAGES = ("ipywidgets", "bqplot", "anywidget")
_JUPYTER_VARIABLES = re.compile(r"JUPYTER|PYTHON|HOME$|XDG_|APPDATA|USERPROFILE|PATH$|VIRTUAL_ENV|CONDA_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Jupyter server: one that runs, or one that could be started.

    Attributes
    ----------
    label : str
        What a user knows it by.
    question : tuple
        Its interpreter, and the variables to ask it with.
    url : str or None
        Where it answers, if it runs.
    token : str
        What it asks for. Never to be shown.
    """

    label: str
    question: Question
    url: str | None = None
    token: str = ""


def find_servers(here: Interpreter) -> list[Server]:
    """Find the Jupyter servers that run, and those of this environment and of ``PATH``."""
    found: list[Server] = []
    if "jupyter-server" in here.packages:
        found.append(Server(label="here", question=(here.path, None)))
    on_path = shutil.which("jupyter-lab")
    if on_path is not None:
        python = find_script_python(on_path)
        if python and (python, None) not in [one.question for one in found]:
            found.append(Server(label="jupyter-lab on PATH", question=(python, None)))
    return found


def find_running(runtime_folders: Iterable[str]) -> tuple[list[Server], list[Finding]]:
    """Find the servers that have left a note of themselves; nothing is removed, also of those that are gone."""
    servers: list[Server] = []
    findings: list[Finding] = []
    for folder in dict.fromkeys(runtime_folders):
        for note in sorted(Path(folder).glob("jpserver-*.json")):
            try:
                info = json.loads(note.read_text(encoding="utf-8"))
                pid, url = int(info["pid"]), str(info["url"])
                written_at = note.stat().st_mtime
            except (OSError, ValueError, KeyError, TypeError):  # being written, or another program's
                continue
            if not _is_there(pid, written_at):
                continue
            question = _find_process(pid)
            label = f"server on port {info.get('port')}"
            if question is not None:
                servers.append(Server(label=label, question=question, url=url, token=str(info.get("token", ""))))
            else:
                findings.append(
                    Finding(
                        area=AREA,
                        check=label,
                        level=Level.INFO,
                        text=f"its process {pid} is another user's or tells nothing: not looked at",
                    )
                )
    return servers, findings


def _is_there(pid: int, written_at: float) -> bool:
    """Whether the process lives that left a note then, and no other has its number now."""
    import psutil

    try:
        return psutil.Process(pid).create_time() < written_at + _START_TOLERANCE_SECONDS
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError, OverflowError):  # of a number that no process can have
        return False


def _find_process(pid: int) -> Question | None:
    """Give the interpreter of a process, as it was started: what it leads to would not say which environment it is of."""
    import psutil

    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        variables = process.environ()
        folder = process.cwd()
    except psutil.Error:
        return None
    if not command or not _PYTHON.fullmatch(Path(command[0]).name):
        return None
    path = command[0]
    if not os.path.dirname(path):  # noqa: PTH120 - a Path has no empty parent
        path = shutil.which(path, path=variables.get("PATH")) or ""
    path = os.path.join(folder, path) if path else ""  # noqa: PTH118 - leaves absolute ones as they are
    kept = tuple(sorted((name, text) for name, text in variables.items() if _JUPYTER_VARIABLES.search(name)))
    return (path, kept) if path else None


# -- kernels


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A kernel that a server offers."""

    name: str
    folder: str
    question: Question | None
    command: str


def find_kernels(servers: Iterable[Interpreter]) -> list[Kernel]:
    """Find the kernels of Python that servers offer, each once; `question` is None for one that no interpreter starts."""
    found: dict[tuple[str, str], Kernel] = {}
    for server in servers:
        for name, spec in (server.kernels or {}).items():
            if "error" in spec:
                continue  # told by check_broken_kernels
            argv = [str(word) for word in spec["argv"]]
            if str(spec["language"]).lower() != "python" or not argv:
                continue
            path = _find_kernel_python(argv[0], server, spec["env"])
            variables = _with_variables(spec["env"])
            question = (path, variables) if path else None
            key = (spec["folder"], path)
            found[key] = Kernel(name=name, folder=spec["folder"], question=question, command=argv[0])
    return list(found.values())


def _find_kernel_python(program: str, server: Interpreter, variables: Mapping[str, Any]) -> str:
    """Give the interpreter that a kernel's command names, as Jupyter understands it; empty for another program."""
    version = server.version.split(".")
    if program in ("python", f"python{version[0]}", f"python{'.'.join(version[:2])}"):
        return server.path
    if not _PYTHON.fullmatch(Path(program).name):
        return ""
    if os.path.dirname(program):  # noqa: PTH120 - a Path has no empty parent
        return program
    return shutil.which(program, path=variables.get("PATH")) or program


def _with_variables(own: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    if not own:
        return None
    filled = {name: Template(str(text)).safe_substitute(os.environ) for name, text in own.items()}
    return tuple(sorted({**os.environ, **filled}.items()))


# -- what is said of them


def check_server(server: Server, answer: Interpreter | str, here: Interpreter) -> Iterator[Finding]:
    """Say whether a server's environment has this package, in this version."""
    if isinstance(answer, str):
        yield Finding(
            area=AREA,
            check=server.label,
            level=Level.WARNING,
            text=f"{server.question[0]} could not be asked: {answer}",
        )
        return
    if answer.prefix == here.prefix:  # `python` and `python3` of one environment are one
        return  # told among the versions
    yield _compare(server.label, answer, here, lacking="it shows no run browser", lacking_level=Level.WARNING)


def check_kernels(
    kernels: list[Kernel], answers: Mapping[Question, Interpreter | str], here: Interpreter
) -> Iterator[Finding]:
    """Say of each kernel whether notebooks that use it can log and show runs."""
    is_any_fit = any(
        isinstance(answer, Interpreter) and answer.has_package
        for kernel in kernels
        if kernel.question is not None
        for answer in [answers[kernel.question]]
    )
    told: set[tuple[str, str, object]] = set()
    for kernel in kernels:
        label = f"kernel {kernel.name}"
        if kernel.question is None:
            text = f"it is started by {kernel.command}, and not looked at"
            yield Finding(area=AREA, check=label, level=Level.INFO, text=text)
            continue
        answer = answers[kernel.question]
        if isinstance(answer, str):
            yield Finding(
                area=AREA,
                check=label,
                level=Level.WARNING,
                text=f"{kernel.question[0]}, which {kernel.folder} names, does not work: {answer}. If its environment is gone, remove "
                "the kernel",
                command=_remove_kernel(here, kernel),
            )
            continue
        _, variables = kernel.question
        if (kernel.name, answer.prefix, variables) in told:  # another server of the same environment offers it, too
            continue
        told.add((kernel.name, answer.prefix, variables))
        lacking_level = Level.WARNING if is_any_fit else Level.PROBLEM
        yield _compare(
            label, answer, here, lacking="its notebooks cannot import aml_widgets", lacking_level=lacking_level
        )
        if answer.has_package and answer.path != here.path:
            missing = [name for name in _WIDGET_PACKAGES if name not in answer.packages]
            if missing:
                yield Finding(
                    area=AREA,
                    check=label,
                    level=Level.PROBLEM,
                    text=f"{answer.prefix} lacks {', '.join(missing)}: RunDetails shows no live widget there",
                    command=answer.install(*missing),
                )
            else:
                yield from versions.check_floors(answer, area=AREA, where=f" of {label}")


def check_broken_kernels(servers: Iterable[Interpreter]) -> Iterator[Finding]:
    """Say which kernels no server offers because their file cannot be read."""
    found = {
        (name, str(spec["folder"])): (str(spec["error"]), server)
        for server in servers
        for name, spec in (server.kernels or {}).items()
        if "error" in spec
    }
    for (name, folder), (error, server) in found.items():
        file = os.path.join(folder, "kernel.json")  # noqa: PTH118 - text is what is shown
        yield Finding(
            area=AREA,
            check=f"kernel {name}",
            level=Level.WARNING,
            text=f"{file} cannot be read, and Jupyter leaves the kernel out: {error}. Mend the file, or remove the kernel",
            command=server.command("-m", "jupyter_client.kernelspecapp", "remove", name),
        )


def check_subshells(server: Interpreter | None, kernels: Iterable[Interpreter]) -> Iterator[Finding]:
    """Say whether the widget's controls are answered while a cell runs."""
    if server is None or "jupyterlab" not in server.packages:
        return
    with_kernel = [one.packages["ipykernel"] for one in kernels if "ipykernel" in one.packages]
    is_new_lab = _leading(server.packages["jupyterlab"]) >= (4, 4)
    slow = sorted({version for version in with_kernel if _leading(version) < (7, 0)})
    if not with_kernel:
        return
    if is_new_lab and not slow:
        text = "JupyterLab and ipykernel talk over subshells: the widget answers while a cell runs"
    else:
        what = f"ipykernel {', '.join(slow)}" if slow else f"JupyterLab {server.packages['jupyterlab']}"
        text = f"{what} knows no subshells (ipykernel 7 and JupyterLab 4.4 do): some of the widget's controls wait for the cell's end"
    yield Finding(area=AREA, check="subshells", level=Level.INFO, text=text)


def _compare(label: str, there: Interpreter, here: Interpreter, *, lacking: str, lacking_level: Level) -> Finding:
    """Say which version another environment has."""
    own_version = here.packages.get("aml-widgets")
    if not there.has_package:
        reason = there.import_error or ""
        is_missing = reason.startswith("ModuleNotFoundError") and "'aml_widgets'" in reason
        why = f"aml_widgets is not installed in {there.prefix}" if is_missing else reason
        return Finding(
            area=AREA,
            check=label,
            level=lacking_level,
            text=f"Python {there.version}: {lacking}: {why}",
            command=there.install(find_requirement(own_version)),
        )
    if there.path != here.path and own_version is not None and there.package_version != own_version:
        return Finding(
            area=AREA,
            check=label,
            level=Level.WARNING,
            text=f"{there.prefix} has aml_widgets {there.package_version}, and this environment {own_version}",
            command=there.install(find_requirement(own_version)),
        )
    return Finding(
        area=AREA,
        check=label,
        level=Level.OK,
        text=f"aml_widgets {there.package_version}, Python {there.version}, {there.prefix}",
    )


def _remove_kernel(here: Interpreter, kernel: Kernel) -> str | None:
    return here.command("-m", "jupyter_client.kernelspecapp", "remove", kernel.name) if here.jupyter else None


def _leading(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
