"""What a supervisor says: to the readers of a run in its log files, and with every detail in its own log."""

from __future__ import annotations

import re
import socket
import sys
import traceback
from contextlib import suppress
from datetime import datetime, timezone
from typing import TextIO

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, message_of
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.store_place import refuse_if_gone

_NO_NODE = re.compile(r"[^A-Za-z0-9._-]")


def name_node() -> str:
    """Name this machine, as a part of a file's name."""
    return _NO_NODE.sub("-", socket.gethostname())[:100] or "node"


class Notes:
    """Notes of a run's preparation, and from `begin_release` on of what comes after its script.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    is_printed : bool, optional
        Whether standard output is the supervisor's log. A process that clears up after one prints nothing: what it prints is its
        user's.
    """

    def __init__(self, store: RunStore, run_id: str, *, is_printed: bool = True) -> None:
        self._is_printed = is_printed
        self._store = store
        self._run_id = run_id
        self._paths = (f"azureml-logs/65_job_prep-{name_node()}.txt", "logs/azureml/job_prep_azureml.log")
        self._known: set[str] = set()

    def begin_release(self) -> None:
        """Go over to the files of what comes after the script."""
        self._paths = (f"azureml-logs/75_job_post-{name_node()}.txt", "logs/azureml/job_release_azureml.log")

    def tell(self, text: str) -> None:
        """Note something for whoever looks at the run."""
        self._append(self._paths[0], f"{_now()} {text}\n")
        self.detail(text)

    def detail(self, text: str) -> None:
        """Note something for whoever wants to know exactly."""
        self._print(text, sys.stdout)
        self._append(self._paths[1], f"{_now()} {text}\n")

    def fault(self, what: str) -> None:
        """Note an exception that is being handled, as what it is: a mistake of ours."""
        self.tell(what)
        self.detail(traceback.format_exc())

    def _append(self, path: str, text: str) -> None:
        try:
            append_to_log(self._store, self._run_id, path, text, is_known=path in self._known)
            self._known.add(path)
        except (AmlWidgetsError, OSError) as error:  # notes are the lesser good; standard output may have them
            self._print(f"{path} cannot be written: {message_of(error)}", sys.stderr)

    def _print(self, text: str, stream: TextIO) -> None:
        if not self._is_printed:
            return
        with suppress(OSError):  # the supervisor's log, on a full disk: that must not end who has to tell of it
            print(f"{_now()} {text}", file=stream, flush=True)


def append_to_log(store: RunStore, run_id: str, path: str, text: str, *, is_known: bool) -> None:
    """Append text to a log stream of a run, and make it known before its first line. Raises StoreError, OSError."""
    refuse_if_gone(store)
    file = store.artifacts.append_path(run_id, path)
    if not is_known:
        file.touch()
        store.record_artifact(run_id, ArtifactRecord(path=path, size_bytes=0, written_at=clock.now(), is_log=True))
    with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(text)


def _now() -> str:
    return datetime.fromtimestamp(clock.now(), tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%fZ")
