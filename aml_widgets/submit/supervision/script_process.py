"""The process of a script with all that it started: begun in a session of its own, and ended politely first, then by force."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aml_widgets.core.records import WriterProcess
from aml_widgets.store.liveness import this_process
from aml_widgets.submit.supervision import adoption
from aml_widgets.submit.supervision.detached import OWNER_VARIABLE

if TYPE_CHECKING:
    import psutil

_PAUSE_SECONDS = 0.05
_FORCE_SECONDS = (
    10.0  # how long to wait for what was killed: a process in the midst of a disk access ends when that is done
)
_START_TOLERANCE_SECONDS = 2.0


class Script(Protocol):
    """A script that was started, wherever it runs."""

    @property
    def pid(self) -> int:
        """The number of its first process, on the machine that it runs on."""
        ...

    @property
    def identity(self) -> WriterProcess | None:
        """Its first process; None on a machine whose processes nobody here can tell."""
        ...

    def poll(self) -> int | None:
        """Give the exit code, negative for a signal; None as long as it runs, and where nobody can know it."""
        ...

    def end(self, grace_seconds: float) -> int | None:
        """End it with all that it started; give its exit code, None where nobody can know it."""
        ...

    def end_leftovers(self, grace_seconds: float) -> int:
        """End what it started and left behind; say how many processes that were."""
        ...


class ScriptProcess:
    """A script that was started.

    Parameters
    ----------
    run_id : str
        Its run.
    process : subprocess.Popen
        Its first process.
    """

    def __init__(self, run_id: str, process: subprocess.Popen[bytes]) -> None:
        self.run_id = run_id
        self._process = process
        self._identity = _identify(process.pid)

    @classmethod
    def start(
        cls, run_id: str, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path
    ) -> ScriptProcess:
        """Start a script whose standard output and error go straight into a file, so that no byte can be lost on the way.

        Call it from the main thread: on Linux a script is ended with the *thread* that started it.

        Raises
        ------
        OSError
            If it cannot be started.
        """
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            process = subprocess.Popen(  # noqa: S603 - what is run is what the user submitted
                command,
                cwd=folder,
                env={**environment, OWNER_VARIABLE: run_id},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        finally:
            os.close(file)
        return cls(run_id, process)

    @property
    def pid(self) -> int:
        """The number of its first process."""
        return self._process.pid

    @property
    def identity(self) -> WriterProcess:
        """Its first process."""
        return self._identity

    def poll(self) -> int | None:
        """Give the exit code, negative for a signal; None as long as it runs."""
        exit_code = self._process.poll()
        adoption.reap(self._process.pid)
        return exit_code

    def end(self, grace_seconds: float) -> int:
        """End it with all that it started; give its exit code.

        The first process is asked first, because it may have to tell the others; they are asked when it is gone. Whoever is left
        after the grace is killed.
        """
        deadline = time.monotonic() + grace_seconds
        if self._process.poll() is None:
            self._process.terminate()
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)
        self.end_leftovers(max(0.0, deadline - time.monotonic()))
        if self._process.poll() is None:
            self._process.kill()
        return self._process.wait()

    def end_leftovers(self, grace_seconds: float) -> int:
        """End what it started and left behind; say how many processes that were."""
        count = end_processes(self.run_id, self.identity, grace_seconds)
        adoption.reap(self._process.pid)
        return count


def end_processes(run_id: str, script: WriterProcess | None, grace_seconds: float) -> int:
    """End all processes of a run's script that are found: politely, and after the grace by force.

    Parameters
    ----------
    run_id : str
        The run.
    script : WriterProcess or None
        The script's first process, whose session they share unless they left it.
    grace_seconds : float
        How long they have.

    Returns
    -------
    int
        How many there were.
    """
    deadline = time.monotonic() + grace_seconds
    ended: set[int] = set()
    while found := [process for process in find_processes(run_id, script) if process.pid not in ended]:
        ended.update(process.pid for process in found)
        _signal(found, by_force=False)
    while (found := find_processes(run_id, script)) and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
    force_deadline = time.monotonic() + _FORCE_SECONDS
    while found and time.monotonic() < force_deadline:  # again and again: they may start others until they are dead
        ended.update(process.pid for process in found)
        _signal(found, by_force=True)
        time.sleep(_PAUSE_SECONDS)
        found = find_processes(run_id, script)
    return len(ended)


def find_processes(run_id: str, script: WriterProcess | None) -> list[psutil.Process]:
    """Find the processes of a run's script: those of its session, those that bear its mark, and those that this process has adopted.

    What a script submits itself is a run of its own: its supervisor has another session and no mark.
    """
    import psutil

    session = None
    if script is not None and script.namespace == this_process().namespace and not _is_taken(script):
        session = script.pid
    found = []
    processes = list(psutil.process_iter())
    descendants = adoption.find_descendants(processes)
    for process in processes:
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            is_ours = session is not None and _find_session(process.pid) == session
            # One that bears no mark has cleared its environment; one that bears another is of a run that the script has submitted.
            if (
                is_ours
                or process.environ().get(OWNER_VARIABLE, run_id if process.pid in descendants else None) == run_id
            ):
                found.append(process)
        except (psutil.Error, OSError):  # another user's, or gone meanwhile
            continue
    return found


def _is_taken(script: WriterProcess) -> bool:
    """Say whether another process has the number now, so that its session is not the script's."""
    import psutil

    try:
        started_at = psutil.Process(script.pid).create_time()
    except psutil.Error:
        return False
    return abs(started_at - script.process_started_at) > _START_TOLERANCE_SECONDS


def _find_session(pid: int) -> int | None:
    if sys.platform == "win32":
        return None
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _signal(processes: Iterable[psutil.Process], *, by_force: bool) -> None:
    import psutil

    for process in processes:
        try:
            if by_force:
                process.kill()
            else:
                process.terminate()
        except (psutil.Error, OSError):  # gone meanwhile
            continue


def _identify(pid: int) -> WriterProcess:
    import psutil

    try:
        started_at = psutil.Process(pid).create_time()
    except psutil.Error:  # it has ended already
        started_at = time.time()
    return replace(this_process(), pid=pid, process_started_at=started_at)


if TYPE_CHECKING:
    _proof: type[Script] = ScriptProcess
