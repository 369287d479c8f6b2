"""What v1 has for looking at what it does: its log records in a file, and a logger that says more for a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path

_DEFAULT_FILE = "azureml.log"
_NAMESPACES = ("aml_widgets", "azureml")
_FORMAT = "%(asctime)s|%(name)s|%(levelname)s|%(message)s"


class diagnostic_log:  # noqa: N801 - v1's name
    """Writes what loggers say, with every detail, to the end of a file, between `start_capture` and `stop_capture` or in a ``with``.

    Unlike v1's it prints nothing, and leaves the loggers as it found them.

    Parameters
    ----------
    log_path : str, optional
        The file, ``azureml.log`` in the current folder without it.
    namespaces : iterable of str, optional
        Names of loggers; those of this package without it.
    context_name : str, optional
        What the first and the last line call it.
    """

    def __init__(
        self,
        log_path: str | None = None,
        namespaces: Iterable[str] | None = None,
        context_name: str | None = None,
    ) -> None:
        self._path = Path(log_path or _DEFAULT_FILE).absolute()
        self._loggers = [logging.getLogger(name) for name in namespaces or _NAMESPACES]
        self._name = context_name or self._path.stem
        self._handler: logging.Handler | None = None
        self._levels: list[int] = []

    def start_capture(self) -> None:
        """Begin to write; nothing happens where that has begun."""
        if self._handler is not None:
            return
        self._handler = logging.FileHandler(self._path, encoding="utf-8")
        formatter = logging.Formatter(_FORMAT)
        formatter.converter = time.gmtime
        self._handler.setFormatter(formatter)
        self._levels = [logger.level for logger in self._loggers]
        for logger in self._loggers:
            logger.setLevel(logging.DEBUG)
            logger.addHandler(self._handler)
        self._note("begins")

    def stop_capture(self) -> None:
        """End to write; nothing happens where nothing is written."""
        if self._handler is None:
            return
        self._note("ends")
        for logger, level in zip(self._loggers, self._levels, strict=True):
            logger.removeHandler(self._handler)
            logger.setLevel(level)
        self._handler.close()
        self._handler = None

    def __enter__(self) -> None:
        self.start_capture()

    def __exit__(self, *_: object) -> None:
        self.stop_capture()

    def _note(self, what: str) -> None:
        assert self._handler is not None
        record = logging.LogRecord(__name__, logging.INFO, "", 0, f"{self._name} {what}", (), None)
        self._handler.handle(record)


class NewLoggingLevel:
    """Gives a logger another level for the length of a ``with`` block.

    Parameters
    ----------
    logger_name : str
        The logger.
    level : int, optional
        The level, ``logging.WARNING`` without it.
    """

    def __init__(self, logger_name: str, level: int = logging.WARNING) -> None:
        self._logger = logging.getLogger(logger_name)
        self._level = level
        self._level_before = logging.NOTSET

    def __enter__(self) -> logging.Logger:
        self._level_before = self._logger.level
        self._logger.setLevel(self._level)
        return self._logger

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level_before)
