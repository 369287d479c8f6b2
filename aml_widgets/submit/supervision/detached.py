"""Programs of this package that go on when whoever started them ends: supervisors and what starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import WriterProcess
from aml_widgets.store.liveness import describe_process, this_process
from aml_widgets.store.uri import get_home
from aml_widgets.submit.environments.importable import own_interpreter

if TYPE_CHECKING:
    import psutil

OWNER_VARIABLE = "AML_WIDGETS_SCRIPT_OF"
"""In the environment of all processes of a script: the run. By it they are found when their parents are gone. What is started
here is no script's, and does not have it."""

_TAIL_BYTES = 2_000

# The package is taken from where this process has it, which a new interpreter may not find by itself, and only the package: what else
# lies in that folder must not come before the standard library. The fork leaves a process whose parent is not the one that starts it,
# so that nobody who ends that one's children, or never asks after them, has to do with it.
_PROGRAM = """\
import os, sys
folder, module = sys.argv[1:3]
sys.argv[:] = [module, *sys.argv[3:]]
if hasattr(os, "fork"):
    pid = os.fork()
    if pid:
        os.write(1, str(pid).encode())
        os._exit(0)
    os.dup2(2, 1)
sys.path.insert(0, folder)
import aml_widgets
del sys.path[0]
if folder not in sys.path:
    sys.path.append(folder)
import importlib
importlib.import_module(module).main(sys.argv[1:])
"""


def start_detached(
    module: str,
    arguments: Iterable[str],
    *,
    folder: Path,
    log: Path,
    interpreter: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> WriterProcess:
    """Start ``main(arguments)`` of a module in a process that has nothing to do with this one any more; return when it was started.

    Parameters
    ----------
    module : str
        Full name of a module of this package.
    arguments : iterable of str
        What its ``main`` is given.
    folder : Path
        Its current folder.
    log : Path
        Gets what it prints; appended to.
    interpreter : str, optional
        The Python that runs it; without it this process's, or one that can do it.
    variables : mapping of str, optional
        Its environment variables; this process's without them.

    Returns
    -------
    WriterProcess
        The process that was started.

    Raises
    ------
    StoreUnavailable
        If it cannot be started.
    """
    command = [interpreter or own_interpreter(), *_to_arguments(module, arguments)]
    environment = {name: value for name, value in (variables or os.environ).items() if name != OWNER_VARIABLE}
    environment["AML_WIDGETS_HOME"] = str(get_home())  # absolute: the current folder will be another one
    try:
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
                creationflags=_WINDOWS_FLAGS,
            )
        if sys.platform == "win32":
            _started.append(process)
            return _describe(process.pid)
        answer = process.communicate()[0]  # it forks at once
    except OSError as error:
        raise StoreUnavailable(
            f"{module} cannot be started: {error}. See to {command[0]} and to {folder}.", value=module
        ) from error
    if process.returncode != 0:
        raise StoreUnavailable(
            f"{module} could not be started (exit code {process.returncode}): {read_tail(log)}", value=module
        )
    return _describe(int(answer))


def find_detached(module: str, arguments: Iterable[str]) -> WriterProcess | None:
    """Find a living process on this machine that was started with these arguments, whoever started it."""
    import psutil

    wanted = [module, *arguments]
    found = []
    for process in psutil.process_iter(["cmdline", "create_time", "status"]):
        given = process.info["cmdline"] or []
        if _is_program(given) and given[4:] == wanted and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append((process.info["create_time"], process.pid))
    return _describe(max(found)[1]) if found else None  # the last: the one that forked it may not have left yet


def is_detached(process: psutil.Process) -> bool:
    """Whether a process was started here. Raises psutil's errors for one that is gone."""
    return _is_program(process.cmdline())


def _is_program(command_line: Sequence[str]) -> bool:
    return command_line[2:3] == [_PROGRAM]


def _to_arguments(module: str, arguments: Iterable[str]) -> list[str]:
    import aml_widgets.core

    package_folder = str(Path(aml_widgets.core.__path__[0]).absolute().parent.parent)
    return ["-c", _PROGRAM, package_folder, module, *arguments]


def _describe(pid: int) -> WriterProcess:
    has_ended = replace(this_process(), pid=pid, process_started_at=clock.now())
    return describe_process(pid) or has_ended


def read_tail(log: Path) -> str:
    """Give the last lines of a log as text, empty where there is none."""
    try:
        with log.open("rb") as reader:
            reader.seek(max(0, reader.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return reader.read().decode(errors="replace").strip()
    except OSError:
        return ""


if sys.platform == "win32":
    _WINDOWS_FLAGS = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    _started: list[subprocess.Popen[bytes]] = []  # kept, so that Python does not warn of processes that go on
else:
    _WINDOWS_FLAGS = 0
