"""Whether the process that writes a run still lives."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from time import monotonic

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import SCRIPT_RUN_TYPE, RunError, RunRecord, WriterProcess
from aml_widgets.core.status import RunStatus

SETTLE_AFTER_SECONDS = 60.0
"""How old the last sign of life must be before a run whose process is gone is settled as failed."""

SETTLE_SUBMITTED_AFTER_SECONDS = 7 * 86_400.0
"""The same for a submitted run: those who look after it know better how it ended, and have its files, but may never look."""

RESTARTED_AFTER_SECONDS = 120.0
"""How old it must be before another boot of the same host counts as the end of the process."""

PROCESS_ENDED = "ProcessEnded"

_START_TOLERANCE_SECONDS = 2.0  # the system derives start times from a clock that is being adjusted
_ALIVE_FOR_SECONDS = 1.0

_gone: set[WriterProcess] = set()
_alive_until: dict[WriterProcess, float] = {}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a store has to show, and perhaps to write, for a run that has not ended.

    Attributes
    ----------
    status : RunStatus or None
        The status to show instead of the record's; None: the record's own.
    settle_error : RunError or None
        Where given, the run is over: write it as ``Failed`` with this error and with `ended_at`.
    ended_at : float or None
        The last sign of life, given with `settle_error`: the run did not go on until somebody looked.
    """

    status: RunStatus | None = None
    settle_error: RunError | None = None
    ended_at: float | None = None


_AS_IT_IS = Judgement()


def this_process() -> WriterProcess:
    """Describe this process, so that others can tell later whether it still lives."""
    return _describe(os.getpid())


def describe_process(pid: int) -> WriterProcess | None:
    """Describe another process of this machine, None if there is none of that number."""
    started_at = _find_start(pid)
    return None if started_at is None else replace(this_process(), pid=pid, process_started_at=started_at)


@lru_cache(maxsize=1)
def _describe(pid: int) -> WriterProcess:
    """Describe this process, anew after a fork."""
    started_at = _find_start(pid)
    assert started_at is not None, "this process runs"
    return WriterProcess(host=socket.gethostname(), namespace=_namespace(), pid=pid, process_started_at=started_at)


def is_alive(process: WriterProcess, last_seen_at: float) -> bool | None:
    """Say whether a process still lives, asking the system anew.

    Parameters
    ----------
    process : WriterProcess
        The process, as it described itself.
    last_seen_at : float
        When it is known to have lived.

    Returns
    -------
    bool or None
        None for one on another machine or in another container: nobody here can tell.
    """
    me = this_process()
    if process.namespace == me.namespace:
        return process == me or (process not in _gone and _lives(process, last_seen_at))
    is_restarted = is_same_machine(process, me) and _boot(process) != _boot(me)
    return False if is_restarted else None


def is_same_machine(one: WriterProcess, other: WriterProcess) -> bool:
    """Say whether two processes are known to be of one machine, perhaps of different boots."""
    return one.host == other.host and _machine(one) == _machine(other) != ""


def judge(record: RunRecord, now: float) -> Judgement:
    """Say whether a run that has not ended still has its process.

    Parameters
    ----------
    record : RunRecord
        The run as it is stored.
    now : float
        Seconds since the epoch, UTC.
    """
    writer = record.writer
    if writer is None or record.status.is_terminal:
        return _AS_IT_IS
    last_seen_at = max(at for at in (record.last_seen_at, record.started_at, record.created_at) if at is not None)
    silent_seconds = now - last_seen_at
    is_submitted = record.run_type == SCRIPT_RUN_TYPE
    settle_after_seconds = SETTLE_SUBMITTED_AFTER_SECONDS if is_submitted else SETTLE_AFTER_SECONDS
    me = this_process()
    if writer.namespace == me.namespace:
        if _is_alive(writer, me, last_seen_at):
            return _AS_IT_IS
        if silent_seconds <= settle_after_seconds:
            return Judgement(status=RunStatus.NOT_RESPONDING)
        return _settle(writer, last_seen_at, "ended")
    is_restarted = is_same_machine(writer, me) and _boot(writer) != _boot(me)
    if is_restarted and is_submitted and silent_seconds <= settle_after_seconds:
        return Judgement(status=RunStatus.NOT_RESPONDING)
    if is_restarted and silent_seconds > RESTARTED_AFTER_SECONDS:
        return _settle(writer, last_seen_at, "ended when the machine was restarted,")
    return _AS_IT_IS  # on another machine or in another container: nobody here can tell


def find_end(ended_at: float | None, now: float, started_at: float) -> float:
    """Give when a run ended that is said to have ended at some time, None for now: not before it started, and not in the future.

    The clock that said so may be another machine's, or may have been set since.
    """
    return now if ended_at is None else max(started_at, min(ended_at, now))


def _settle(writer: WriterProcess, last_seen_at: float, what: str) -> Judgement:
    seen = datetime.fromtimestamp(last_seen_at, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    message = (
        f"The process that wrote this run (pid {writer.pid} on {writer.host}) {what} without completing it; "
        f"it was last seen at {seen}. What it logged until then is kept. "
        "Look into its log for the reason, and start a new run."
    )
    return Judgement(
        status=RunStatus.NOT_RESPONDING,
        settle_error=RunError(code=PROCESS_ENDED, message=message),
        ended_at=last_seen_at,
    )


def _is_alive(writer: WriterProcess, me: WriterProcess, last_seen_at: float) -> bool:
    if writer == me:
        return True
    if writer in _gone:
        return False
    moment = monotonic()
    if _alive_until.get(writer, 0.0) > moment:
        return True
    if not _lives(writer, last_seen_at):
        _alive_until.pop(writer, None)
        return False
    _alive_until[writer] = moment + _ALIVE_FOR_SECONDS
    return True


def _lives(process: WriterProcess, last_seen_at: float) -> bool:
    """Ask the system for a process of this namespace."""
    started_at = _find_start(process.pid)
    if started_at is None:
        _gone.add(process)
        return False
    # Another process has the number now if it started at another time and after the writer was last seen. The second
    # half keeps a writer alive whose start seems to move because the machine's clock was set.
    is_other = (
        abs(started_at - process.process_started_at) > _START_TOLERANCE_SECONDS
        and started_at > last_seen_at + _START_TOLERANCE_SECONDS
    )
    return not is_other


def _find_start(pid: int) -> float | None:
    """Give when the process with that number started, None if there is none; 0 where it is hidden from us."""
    try:
        import psutil
    except ImportError:  # in the interpreter of a script that was submitted, which has no package of ours but this one
        return _find_start_without_psutil(pid)
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # killed, and its parent has not asked yet
            return None
        return process.create_time()
    except psutil.AccessDenied:
        return 0.0
    except psutil.NoSuchProcess:
        return 0.0 if _is_hidden(pid) else None


def _find_start_without_psutil(pid: int) -> float | None:
    """Do the same with what Linux says in ``/proc``."""
    if not sys.platform.startswith("linux"):
        raise StoreUnavailable(
            "Whether a run's process lives is found out with the package psutil, which this Python does not have. "
            "Add psutil to the packages of the script's environment.",
            value="psutil",
        )
    try:
        # The name of the program, in parentheses, may hold anything; state and start time stand behind it.
        status = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = next(line for line in Path("/proc/stat").read_bytes().splitlines() if line.startswith(b"btime "))
    except (FileNotFoundError, ProcessLookupError):
        return 0.0 if _is_hidden(pid) else None
    except PermissionError:
        return 0.0
    if status[0] in (b"Z", b"X", b"x"):
        return None
    return int(boot.split()[1]) + int(status[19]) / os.sysconf("SC_CLK_TCK")


def _is_hidden(pid: int) -> bool:
    """Whether the process is another user's that ``/proc`` does not show (mounted with ``hidepid``)."""
    if os.name != "posix":
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return False  # ours and yet not shown: the number of a thread


def _namespace() -> str:
    """Say in which world our process id means something: boot, PID namespace, and the machine where it has an id."""
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot_id}/{Path('/proc/self/ns/pid').readlink()}/{_machine_id()}"
    except OSError:
        # No Linux: the numbers are the machine's, and a process start time tells one boot from another.
        return f"{sys.platform}/{socket.gethostname()}"


def _machine_id() -> str:
    """Give the id that tells machines of one host name apart, empty where there is none (in many containers)."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _boot(process: WriterProcess) -> str:
    return process.namespace.partition("/")[0]


def _machine(process: WriterProcess) -> str:
    return process.namespace.rpartition("/")[2]
