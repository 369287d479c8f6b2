"""What a script writes comes into its run: its logs as they grow, its outputs when they are finished, and at the end all of it.

A file that came with the sources and is as it came is no result of the run, and is not copied.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, cast

from aml_widgets.core.errors import AmlWidgetsError, ArtifactExists, InvalidArtifact, message_of
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.store.artifacts import MAX_COMPONENT_BYTES
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.store_place import refuse_if_gone
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.growing_files import GrowingFile, Journal
from aml_widgets.submit.supervision.run_state import read_json, write_json

OUTPUTS = "outputs"

SETTLED_SECONDS = 3.0
"""How long an output must be as it is before it is copied while the script runs."""
_COPIES_PAUSE = 10.0  # how many times longer than copying a file took it is left alone: a checkpoint is rewritten often

_REFUSED = re.compile(r"[\\%\x00-\x1f\x7f]|[\ud800-\udfff]")


class Signature(NamedTuple):
    """What changes when a file is written."""

    size_bytes: int
    modified_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        """Take it from what the system says of a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class _Changed(Exception):
    """A file was written to while it was copied."""


@dataclass(slots=True)
class _Output:
    """What is known of one file below ``outputs``."""

    signature: Signature
    since: float
    copied: Signature | None = None
    not_before: float = 0.0


def remember_brought(submission: Submission, folder: RunFolder) -> None:
    """Write down what the sources brought along in the folders that are copied."""
    brought = {}
    for name in (OUTPUTS, *submission.watched_folders):
        for below, _, status in walk(folder.working_folder / name):
            brought[f"{name}/{below}"] = list(Signature.of(status))
    write_json(folder.brought_files, brought)


def walk(folder: Path) -> Iterator[tuple[str, Path, os.stat_result]]:
    """Give the plain files under a folder as far as they can be looked at, in order; what goes meanwhile is passed over.

    Links to files count as files, as they do to whoever opens them; links to folders, which may lead round, are not followed.
    """
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            file = Path(parent, name)
            try:
                status = file.stat()
            except OSError:
                continue
            if stat.S_ISREG(status.st_mode):
                yield file.relative_to(folder).as_posix(), file, status


class Collector:
    """Brings the files of one run's script into the run.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    submission : Submission
        Says which folders.
    folder : RunFolder
        Where the script works.
    tell : callable
        Takes a note for the readers of the run.
    """

    def __init__(self, store: RunStore, submission: Submission, folder: RunFolder, tell: Callable[[str], None]) -> None:
        self._store = store
        self._run_id = submission.run_id
        self._folder = folder
        self._tell = tell
        brought = read_json(folder.brought_files) or {}
        self._brought = {path: Signature(*cast("list[int]", signature)) for path, signature in brought.items()}
        self._watched = [name for name in map(self._check_folder, submission.watched_folders) if name is not None]
        self._collects_outputs = submission.collects_outputs and OUTPUTS not in self._watched
        self._journal = Journal(folder.path / "streams.jsonl")
        self._logs: dict[str, GrowingFile] = {}
        self._outputs: dict[str, _Output] = {}
        self._told: set[str] = set()
        self._unsaved: dict[str, str] = {}
        self._had_folder = bool(brought) or folder.brought_files.exists() or folder.working_folder.is_dir()

    def is_folder_gone(self) -> bool:
        """Say whether the working folder, from which files were to be saved, has been removed, and what was in it with it."""
        is_wanted = self._collects_outputs or bool(self._watched)
        return is_wanted and self._had_folder and not self._folder.working_folder.is_dir()

    def collect(self) -> None:
        """Copy what is new in the logs, and outputs that seem finished."""
        for path, file, _ in self._find_logs():
            self._attempt(path, self._log(path, file).copy)
        if self._collects_outputs:
            for below, file, status in walk(self._folder.working_folder / OUTPUTS):
                path = f"{OUTPUTS}/{below}"
                self._attempt(path, lambda path=path, file=file, status=status: self._look_at(path, file, status))  # type: ignore[misc]  # bound now

    def finish(self) -> dict[str, str]:
        """Copy all there is, once nobody writes any more; give the files that could not be saved, and why."""
        self._unsaved.clear()
        logs = {path: self._log(path, file) for path, file, _ in self._find_logs()}
        for path, log in logs.items():
            self._attempt(path, lambda log=log: log.copy(is_last=True))  # type: ignore[misc]  # bound now
            self._attempt(path, lambda path=path: self._store.artifacts.keep(self._run_id, to_name(path)))  # type: ignore[misc]
        if self._collects_outputs:
            for below, file, status in walk(self._folder.working_folder / OUTPUTS):
                path = f"{OUTPUTS}/{below}"
                self._attempt(path, lambda path=path, file=file, status=status: self._save(path, file, status))  # type: ignore[misc]
        return dict(self._unsaved)

    # -- logs

    def _find_logs(self) -> Iterator[tuple[str, Path, os.stat_result]]:
        for name in self._watched:
            for below, file, status in walk(self._folder.working_folder / name):
                path = f"{name}/{below}"
                is_hidden = any(part.startswith(".") for part in below.split("/"))
                if not is_hidden and self._brought.get(path) != Signature.of(status):
                    yield path, file, status

    def _log(self, path: str, file: Path) -> GrowingFile:
        if path not in self._logs:
            self._logs[path] = GrowingFile(
                self._store, self._run_id, self._name(path), file, self._journal, self._tell_once
            )
        return self._logs[path]

    def _check_folder(self, name: str) -> str | None:
        parts = PurePosixPath(name.replace(os.sep, "/")).parts
        if not parts or parts[0].startswith("/") or ".." in parts:
            self._tell(f"The folder {name!r} is not watched: it is not one below the script's working folder.")
            return None
        return "/".join(parts)

    # -- outputs

    def _look_at(self, path: str, file: Path, status: os.stat_result) -> None:
        signature, now = Signature.of(status), time.monotonic()
        known = self._outputs.get(path)
        if known is None:
            known = self._outputs[path] = _Output(signature, now)
        if known.signature != signature:
            known.signature, known.since = signature, now
        is_due = now - known.since >= SETTLED_SECONDS and now >= known.not_before
        if not is_due or signature in (known.copied, self._brought.get(path)):
            return
        try:
            with open(file, "rb") as reader:
                steady = cast("BinaryIO", _SteadyReader(reader, signature))
                self._put(self._name(path), steady, signature, is_final=False)
        except (_Changed, FileNotFoundError):
            return  # the next look will find it as it is then
        finally:
            known.not_before = time.monotonic() + _COPIES_PAUSE * (time.monotonic() - now)
        known.copied = signature

    def _save(self, path: str, file: Path, status: os.stat_result) -> None:
        signature = Signature.of(status)
        if signature == self._brought.get(path):
            return
        known = self._outputs.get(path)
        name = self._name(path)
        if known is not None and known.copied == signature:
            self._store.artifacts.keep(self._run_id, name)
            return
        try:
            self._put(name, file, signature, is_final=True)
        except ArtifactExists:
            # The script has uploaded another content under this name, and that stays.
            other = _second_name(name)
            self._put(other, file, signature, is_final=True)
            self._tell(
                f"The run has another {path!r}, which was uploaded before; what is in the folder now is {other!r}."
            )

    def _put(self, name: str, content: BinaryIO | Path, signature: Signature, *, is_final: bool) -> None:
        size_bytes = self._store.artifacts.put(self._run_id, name, content, is_final=is_final)
        record = ArtifactRecord(path=name, size_bytes=size_bytes, written_at=signature.modified_ns / 1e9)
        self._store.record_artifact(self._run_id, record)

    # -- both

    def _attempt(self, path: str, work: Callable[[], object]) -> None:
        """Do something with one file. What goes wrong with one does not touch the others."""
        try:
            refuse_if_gone(self._store)
            work()
        except (InvalidArtifact, ArtifactExists) as error:  # nobody could ever save it
            self._tell_once(f"{path!r} is not kept: {message_of(error)}")
        except (AmlWidgetsError, OSError) as error:
            self._unsaved[path] = message_of(error)
            self._tell_once(f"{path!r} could not be saved yet: {message_of(error)}")

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._tell(text)

    def _name(self, path: str) -> str:
        name = to_name(path)
        if name != path:
            self._tell_once(f"{path!r} is kept as {name!r}: its own name cannot be kept everywhere.")
        return name


class _SteadyReader:
    """Reads a file, and raises at its end if it was written to meanwhile."""

    def __init__(self, reader: BinaryIO, signature: Signature) -> None:
        self._reader = reader
        self._signature = signature

    def read(self, size_bytes: int = -1) -> bytes:
        chunk = self._reader.read(size_bytes)
        if not chunk and Signature.of(os.fstat(self._reader.fileno())) != self._signature:
            raise _Changed
        return chunk


def to_name(path: str) -> str:
    """Give the name under which a file is kept: its own, unless that has what cannot be kept everywhere.

    Such characters become ``%`` and two hexadecimal digits for each byte, and a name that is too long is cut and ends with a hash.
    """
    is_odd = any(_REFUSED.search(part.replace("%", "")) for part in path.split("/"))
    return "/".join(_to_component(part, is_odd=is_odd) for part in path.split("/"))


def _to_component(part: str, *, is_odd: bool) -> str:
    if is_odd:
        part = _REFUSED.sub(lambda match: "".join(f"%{byte:02X}" for byte in os.fsencode(match.group())), part)
    data = part.encode()
    if len(data) <= MAX_COMPONENT_BYTES:
        return part
    digest = hashlib.sha256(data).hexdigest()[:16]
    return data[: MAX_COMPONENT_BYTES - 17].decode(errors="ignore") + f"-{digest}"


def _second_name(name: str) -> str:
    folder, _, base = name.rpartition("/")
    stem, dot, ending = base.rpartition(".")
    second = f"{stem or base} (in the folder at the end){dot if stem else ''}{ending if stem else ''}"
    return to_name(f"{folder}/{second}")
