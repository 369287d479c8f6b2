"""The logs of a run, from some place on and while they grow, and waiting for the run's end."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from aml_widgets.cli import json_output
from aml_widgets.cli.shell import EXIT_FINE, EXIT_RUN_FAILED, Shell
from aml_widgets.cli.visible import visible
from aml_widgets.core.errors import ArtifactNotFound
from aml_widgets.core.records import ArtifactRecord, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import ArtifactStore, RunStore

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

_SHORTEST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 1.0
_WAIT_GROWTH = 1.3
_READ_BYTES = 1 << 20
_LOOK_BACK_BYTES = 1 << 16

_PRINTED_BY_THE_SCRIPT = re.compile(r"azureml-logs/[78]0_driver_log(_\d+)?\.txt|user_logs/std_log.*\.txt")
_PRINTED_IN_A_BLOCK = "logs/user_log.txt"
_HOUSEKEEPING = re.compile(r"azureml-logs/(65_job_prep|75_job_post).*|logs/azureml/.*|system_logs/.*|.*\.json")


class LogWriter(Protocol):
    """Takes the content of logs."""

    def begin(self, path: str) -> None:
        """Say which log the following content is of."""
        ...

    def write(self, content: bytes) -> None:
        """Take content."""
        ...

    def finish(self) -> None:
        """Hear that nothing follows."""
        ...


class PlainWriter:
    """Passes logs through as they are, byte by byte; which log it is goes to standard error.

    Parameters
    ----------
    is_titled : bool
        Whether to say which log it is.
    """

    def __init__(self, *, is_titled: bool) -> None:
        self._is_titled = is_titled

    def begin(self, path: str) -> None:
        """Say which log the following content is of."""
        if self._is_titled:
            print(f"==> {visible(path)} <==", file=sys.stderr, flush=True)  # noqa: T201 - a program prints

    def write(self, content: bytes) -> None:
        """Write content, at once."""
        sys.stdout.buffer.write(content)
        sys.stdout.flush()

    def finish(self) -> None:
        """Hear that nothing follows."""


class JsonWriter:
    """Writes each line of a log as an object: ``run_id``, ``path``, ``text``.

    Parameters
    ----------
    run_id : str
        The run.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._path = ""
        self._begun = b""

    def begin(self, path: str) -> None:
        """Say which log the following content is of."""
        self.finish()
        self._path = path

    def write(self, content: bytes) -> None:
        """Write the lines that are whole."""
        *lines, self._begun = (self._begun + content).split(b"\n")
        for line in lines:
            self._write_line(line)

    def finish(self) -> None:
        """Write a last line that has no end."""
        if self._begun:
            self._write_line(self._begun)
        self._begun = b""

    def _write_line(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        json_output.write_line({"run_id": self._run_id, "path": self._path, "text": text})


class LogFollower:
    """Hands on a log of a run as it grows: one that was chosen, or whichever says most at the time.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    writer : LogWriter
        Takes the content.
    path : str or None
        The log; None for the one that `choose_log` gives. Then a log that is left is read to its end first.
    last_lines : int or None
        Begin so many lines before the end of the first log; None: at its start.
    """

    def __init__(
        self, store: RunStore, run_id: str, writer: LogWriter, *, path: str | None = None, last_lines: int | None = None
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._writer = writer
        self._chosen_path = path
        self._last_lines = last_lines
        self._path: str | None = None
        self._offset = 0

    def advance(self, *, is_over: bool = False) -> bool:
        """Hand on what is new; say whether anything was. While the run goes on, logs that only tell of housekeeping are left."""
        path = self._chosen_path or choose_log(self._store.list_artifacts(self._run_id), with_housekeeping=is_over)
        is_new = self._hand_on()
        if path is not None and path != self._path:
            lines = self._last_lines if self._path is None else None
            self._path, self._offset = path, 0
            if lines is not None:
                self._offset = find_last_lines(self._store.artifacts, self._run_id, path, lines)
            self._writer.begin(path)
            is_new = self._hand_on() or is_new
        return is_new

    def finish(self) -> None:
        """Hand on what is left when the run has ended; nothing follows it."""
        self.advance(is_over=True)
        self._writer.finish()

    def _hand_on(self) -> bool:
        if self._path is None:
            return False
        is_new = False
        while content := self._read(self._path):
            self._offset += len(content)
            self._writer.write(content)
            is_new = True
        return is_new

    def _read(self, path: str) -> bytes:
        try:
            return self._store.artifacts.read(self._run_id, path, start=self._offset, max_bytes=_READ_BYTES)
        except ArtifactNotFound:  # not there yet, or made known and nothing written
            return b""


def choose_log(artifacts: Iterable[ArtifactRecord], *, with_housekeeping: bool = True) -> str | None:
    """Give the log that says most of what a run does, None where there is none.

    What the script prints comes first, then what a ``with`` block kept, then the last other log by name, those of the housekeeping
    around the script after all others. Of logs of several processes it is the first one's.
    """
    paths = sorted(artifact.path for artifact in artifacts if artifact.is_log)
    for wanted in (_PRINTED_BY_THE_SCRIPT.fullmatch, _PRINTED_IN_A_BLOCK.__eq__):
        found = [path for path in paths if wanted(path)]
        if found:
            return min(found, key=lambda path: (len(path), path))
    others = [path for path in paths if not _HOUSEKEEPING.fullmatch(path)]
    candidates = others or (paths if with_housekeeping else [])
    return candidates[-1] if candidates else None


def find_last_lines(artifacts: ArtifactStore, run_id: str, path: str, count: int) -> int:
    """Give where the last lines of a file begin, in bytes from its start."""
    size = artifacts.size(run_id, path) or 0
    if count == 0:
        return size
    n_found = 0
    position = size
    while position > 0:
        start = max(0, position - _LOOK_BACK_BYTES)
        content = artifacts.read(run_id, path, start=start, max_bytes=position - start)
        end = len(content)
        if position == size and content.endswith(b"\n"):
            end -= 1  # the end of the last line begins no other
        while (end := content.rfind(b"\n", 0, end)) != -1:
            n_found += 1
            if n_found == count:
                return start + end + 1
        position = start
    return 0


def wait_for_end(workspace: Workspace, run_id: str, shell: Shell, follower: LogFollower | None) -> RunRecord:
    """Wait until a run has ended, handing on its log meanwhile.

    Ctrl-C ends the waiting and not the run; how to go on is said before KeyboardInterrupt goes on its way.
    """
    from aml_widgets.tracking.run import Run

    try:
        run = Run.get(workspace, run_id)
        wait_seconds = _SHORTEST_WAIT_SECONDS
        while True:
            # The status comes before the log: what stands in it when the run has ended is then all there is.
            is_over = RunStatus(run.get_status()).is_terminal
            if is_over and follower is not None:
                follower.finish()
            if is_over:
                return workspace.store.get_run(run_id)
            is_new = follower is not None and follower.advance()
            wait_seconds = _SHORTEST_WAIT_SECONDS if is_new else min(wait_seconds * _WAIT_GROWTH, _LONGEST_WAIT_SECONDS)
            time.sleep(wait_seconds)
    except KeyboardInterrupt:
        shell.say(
            f"run {run_id} goes on. `{shell.command('logs', '-f', run_id)}` shows its log, "
            f"`{shell.command('cancel', run_id)}` ends it."
        )
        raise


def tell_end(record: RunRecord, shell: Shell) -> int:
    """Say how a run has ended, and give the exit code for it."""
    from aml_widgets.tracking.run_details import shorten_reason

    if shell.is_json:
        json_output.write_line(json_output.run_reply(record))
    message = "" if record.error is None else record.error.message
    reason = shorten_reason(message)
    whole = "" if reason == message.strip() else f" `{shell.command('show', record.run_id)}` has all of it."
    shell.say(f"run {record.run_id} has ended as {record.status}{f': {reason}' if reason else ''}{whole}")
    return EXIT_FINE if record.status == RunStatus.COMPLETED else EXIT_RUN_FAILED
