"""Copies what is printed and logged during a ``with`` block into a log stream of its run, line by line as it comes.

``sys.stdout`` and ``sys.stderr`` are replaced by streams that pass everything on to the old ones first, so printing works as
before whatever happens to the log. They belong to the process, and so do the captures: they may be nested, overlap, and end in
any order. Every capture that is active gets every line.

Log records are taken where they are made (`logging.setLogRecordFactory`). No handler is attached to any logger and no level is
changed: a handler on the root logger would make ``logging.basicConfig`` do nothing, and would silence the warnings that Python
prints as long as there is no handler. A record that a handler prints on a captured stream comes from there, and only once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from aml_widgets.tracking.warn import logger

_MAX_PENDING_CHARACTERS = 8_192  # a line without an end is written all the same

_LINE_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class OutputCapture:
    """Copies printed text and log records into a file until it is stopped.

    Parameters
    ----------
    path : Path
        The file; text is appended as UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._pending: dict[str, str] = {}
        # Reentrant: a signal handler may print while a line is being written.
        self._lock = threading.RLock()
        self._trouble: OSError | None = None

    def start(self) -> None:
        """Begin to copy."""
        _captured.add(self)

    def stop(self) -> None:
        """Copy no more. May be called twice."""
        _captured.remove(self)
        with self._lock:
            for source in list(self._pending):
                self._write_out(self._pending.pop(source))
            if self._file is not None:
                os.close(self._file)
                self._file = None
        self._tell_trouble()

    def write(self, source: str, text: str) -> None:
        """Append text; what `source` wrote since its last line end waits for the next one.

        The log is the lesser good: what goes wrong here is told in the log of aml_widgets and never raised.
        """
        with self._lock:
            pending = self._pending.get(source, "") + text
            end = max(pending.rfind("\n"), pending.rfind("\r")) + 1  # a progress bar's lines end with a return
            if end == 0 and len(pending) > _MAX_PENDING_CHARACTERS:
                end = len(pending)
            self._pending[source] = pending[end:]
            if end:
                self._write_out(pending[:end])
        self._tell_trouble()

    def renew_lock(self) -> None:
        """Begin anew after a fork, in the child; lines that are not finished are the parent's."""
        self._lock = threading.RLock()
        self._pending = {}

    def _write_out(self, text: str) -> None:
        if self._file is None or not text:
            return
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self._trouble = error
            broken, self._file = self._file, None
            with contextlib.suppress(OSError):  # the first error is the one that counts
                os.close(broken)

    def _tell_trouble(self) -> None:
        # Without the lock: what handles the record may print, here and in other threads.
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            logger.warning("The log of a run cannot be written any more (%s). What is printed is shown only.", trouble)


class _Captured:
    """The captures of this process, and what stands in for the streams while there are any."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.active: tuple[OutputCapture, ...] = ()
        self._streams: dict[str, TeeStream] = {}
        self._old_factory: Callable[..., logging.LogRecord] | None = None

    def add(self, capture: OutputCapture) -> None:
        with self._lock:
            self.active = (*self.active, capture)
            self._install()

    def remove(self, capture: OutputCapture) -> None:
        with self._lock:
            self.active = tuple(other for other in self.active if other is not capture)
            if not self.active:
                self._uninstall()

    def renew_locks(self) -> None:
        self._lock = threading.RLock()
        for capture in self.active:
            capture.renew_lock()

    def write(self, source: str, text: str) -> None:
        for capture in self.active:
            capture.write(source, text)

    def _install(self) -> None:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            # Somebody may have put a stream of their own over ours since (contextlib.redirect_stdout): what goes there does
            # not come to us, as it does not come to the screen. None: a Windows program without a console.
            if stream is not None and name not in self._streams:
                self._streams[name] = TeeStream(stream, name)
                setattr(sys, name, self._streams[name])
        if self._old_factory is None:
            self._old_factory = logging.getLogRecordFactory()
            logging.setLogRecordFactory(_make_record)

    def _uninstall(self) -> None:
        for name, stream in list(self._streams.items()):
            # What another put over ours keeps writing to it: it stays and passes everything on, as the old one would.
            if getattr(sys, name) is stream:
                setattr(sys, name, stream.aml_widgets_original)
            del self._streams[name]
        if logging.getLogRecordFactory() is _make_record:
            logging.setLogRecordFactory(self._old_factory or logging.LogRecord)
            self._old_factory = None

    def make_record(self, *arguments: Any, **keywords: Any) -> logging.LogRecord:
        record = (self._old_factory or logging.LogRecord)(*arguments, **keywords)
        if self.active and record.name is not None:  # `logging.makeLogRecord` copies records, which has no name yet
            _copy_record(record)
        return record


class TeeStream:
    """Stands in for a text stream: passes everything on to it, and copies what is written.

    Parameters
    ----------
    original : text stream
        What is stood in for. Everything but writing is its own.
    source : str
        ``"stdout"`` or ``"stderr"``.
    """

    def __init__(self, original: TextIO, source: str) -> None:
        self.aml_widgets_original = original
        self._aml_widgets_source = source

    def write(self, text: str) -> int:
        """Write to the original, then to the logs of the runs that capture."""
        count = self.aml_widgets_original.write(text)
        if _captured.active and isinstance(text, str):
            _captured.write(self._aml_widgets_source, text)
        return count

    def writelines(self, lines: Any) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name == "aml_widgets_original":  # asked of a half-made copy; else this would call itself for ever
            raise AttributeError(name)
        return getattr(self.aml_widgets_original, name)

    def __iter__(self) -> Any:
        return iter(self.aml_widgets_original)

    def __enter__(self) -> TeeStream:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.aml_widgets_original.__exit__(*exc_info)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return f"<copy of {self.aml_widgets_original!r} into a run's log>"


_captured = _Captured()


def _renew_locks() -> None:
    """After a fork, in the child: a thread that held a lock is not there to release it, and what it was writing is the parent's."""
    _captured.renew_locks()


if hasattr(os, "register_at_fork"):  # absent on Windows, which cannot fork
    os.register_at_fork(after_in_child=_renew_locks)


def _make_record(*arguments: Any, **keywords: Any) -> logging.LogRecord:
    return _captured.make_record(*arguments, **keywords)


def _copy_record(record: logging.LogRecord) -> None:
    log = logging.getLogger(record.name) if record.name != "root" else logging.getLogger()
    if log.disabled or _is_printed(log, record.levelno):
        return
    try:
        text = _Formatter(_LINE_FORMAT).format(record)
    except Exception:  # noqa: BLE001 - arguments that do not fit the message: logging itself tells when it is handled
        return
    _captured.write(f"logging-{threading.get_ident()}", f"{text}\n")


def _is_printed(log: logging.Logger, level: int) -> bool:
    """Whether a handler will print a record on one of our streams, from where it is copied."""
    has_handler = False
    current: logging.Logger | None = log
    while current is not None:
        for handler in current.handlers:
            has_handler = True
            if level >= handler.level and isinstance(getattr(handler, "stream", None), TeeStream):
                return True
        current = current.parent if current.propagate else None
    last_resort = logging.lastResort
    return (
        not has_handler and last_resort is not None and level >= last_resort.level and isinstance(sys.stderr, TeeStream)
    )


class _Formatter(logging.Formatter):
    """Formats a record without leaving traces on it: other formatters come after us."""

    def format(self, record: logging.LogRecord) -> str:
        kept = {name: record.__dict__.get(name) for name in ("message", "asctime", "exc_text")}
        had = {name for name in kept if name in record.__dict__}
        try:
            return super().format(record)
        finally:
            for name, value in kept.items():
                if name in had:
                    record.__dict__[name] = value
                else:
                    record.__dict__.pop(name, None)
