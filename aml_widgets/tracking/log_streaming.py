"""Prints the logs of a run as they grow, in v1's form."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_widgets.core.errors import ArtifactNotFound
from aml_widgets.core.text import shorten_middle
from aml_widgets.store.protocol import RunStore

FOLLOWED_LOGS = re.compile(r"(user_logs/std_log[\D]*[0]*(?:_ps)?\.txt)|(azureml-logs/[\d]{2}.+\.txt)")
"""The logs of a submitted run that are streamed; their names sort in the order in which they are begun, but for that of a build."""

_READ_BYTES = 1 << 20
_MAX_TEXT = 10_000  # of an error; a traceback is usually a tenth of it
_RANK = re.compile(r"(?P<name>.+?)_(?:rank_|worker_)?(?P<rank>\d+)(?P<end>(?:_ps)?\.txt)")


@dataclass(slots=True)
class _Followed:
    """One log, and how much of it was printed."""

    path: str
    offset: int = 0
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace"))


class LogStreamer:
    """Prints one log of a run after the other, each to its end before the next one begins.

    A log that grows when a later one has begun, as that of a build does, is not left: what is new in it follows below its title.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    url : str
        What is printed as the place to look at the run.
    is_submitted : bool, optional
        Print the logs that `FOLLOWED_LOGS` names, as of a submitted script; else every log.
    write : callable, optional
        Takes the text; without it, it goes to what ``sys.stdout`` is at that moment.
    """

    def __init__(
        self,
        store: RunStore,
        run_id: str,
        url: str,
        *,
        is_submitted: bool = False,
        write: Callable[[str], object] | None = None,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._url = url
        self._is_submitted = is_submitted
        self._write_to = write
        self._followed: list[_Followed] = []
        self._titled: _Followed | None = None  # whose lines the text ends with
        self._is_ending = False
        self._ends_with_newline = True
        self._write(f"RunId: {run_id}\nWeb View: {url}\n")

    def advance(self) -> bool:
        """Print what is new; say whether anything was, or is about to be."""
        return self._advance(is_over=False)

    def finish(self) -> None:
        """Print what is left once the run has ended."""
        self._advance(is_over=True)

    def sum_up(self, warnings: Iterable[str] = (), error: Mapping[str, Any] | None = None) -> None:
        """Print how it ended."""
        for followed in self._followed:
            self._write(followed.decoder.decode(b"", final=True))  # a character that was cut off at the end
        if not self._followed:
            self._write("\nThe run has no log: what is printed is kept by `with` blocks and submitted scripts.\n")
        self._end_line()
        self._write(f"\nExecution Summary\n=================\nRunId: {self._run_id}\nWeb View: {self._url}\n")
        told = list(warnings)
        if told:
            self._write("\nWarnings:\n" + "".join(f"{warning}\n" for warning in told))
        if error is not None:
            self._write(f"\nError:\n{json.dumps(_shorten_texts(error), indent=4, ensure_ascii=False)}\n")

    def _advance(self, *, is_over: bool) -> bool:
        # The list comes before the reading: once a later log is there, the earlier one is read to an end that it has reached.
        known = {followed.path for followed in self._followed}
        waiting = [path for path in self._list_logs() if path not in known]
        # The one whose lines stand last goes on first.
        grown = [one.path for one in sorted(self._followed, key=self._is_elsewhere) if self._print_growth(one)]
        is_new = bool(grown)
        has_grown = is_new and self._followed[-1].path in grown
        while waiting:
            if self._followed and not is_over and (has_grown or not self._is_ending):
                self._is_ending = True  # it is looked at once more: its last lines may come when the next log begins
                return True
            self._is_ending = False
            self._followed.append(_Followed(waiting.pop(0)))
            self._title(self._followed[-1])
            has_grown = self._print_growth(self._followed[-1])
            is_new = is_new or has_grown
        return is_new

    def _is_elsewhere(self, followed: _Followed) -> bool:
        return followed is not self._titled

    def _list_logs(self) -> list[str]:
        logs = self._store.list_artifacts(self._run_id)
        if self._is_submitted:
            return choose_logs(one.path for one in logs)
        return sorted(one.path for one in logs if one.is_log)

    def _title(self, followed: _Followed) -> None:
        self._end_line()
        title = f"Streaming {followed.path}"
        self._write(f"\n{title}\n{'=' * len(title)}\n\n")
        self._titled = followed

    def _print_growth(self, followed: _Followed) -> bool:
        is_new = False
        while data := self._read(followed):
            if self._titled is not followed:
                self._title(followed)
            self._write(followed.decoder.decode(data))
            is_new = True
        return is_new

    def _read(self, followed: _Followed) -> bytes:
        try:
            data = self._store.artifacts.read(self._run_id, followed.path, start=followed.offset, max_bytes=_READ_BYTES)
        except ArtifactNotFound:  # made known, and nothing written yet
            return b""
        followed.offset += len(data)
        return data

    def _end_line(self) -> None:
        if not self._ends_with_newline:
            self._write("\n")

    def _write(self, text: str) -> None:
        if not text:
            return
        self._ends_with_newline = text.endswith("\n")
        if self._write_to is not None:
            self._write_to(text)
        else:
            _print(text)


def _shorten_texts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give an error document as it can be printed: an exception may have said a million characters."""
    return {
        key: _shorten_texts(value)
        if isinstance(value, Mapping)
        else shorten_middle(value, _MAX_TEXT)
        if isinstance(value, str)
        else value
        for key, value in document.items()
    }


def choose_logs(paths: Iterable[str]) -> list[str]:
    """Give the logs of a submitted run that are streamed, in order.

    Of logs that several processes write, one each, only the first process's is given.
    """
    followed = sorted(path for path in paths if FOLLOWED_LOGS.fullmatch(path))
    first_ranks: dict[str, int] = {}
    for path in followed:
        name, rank = _split_rank(path)
        first_ranks[name] = min(rank, first_ranks.get(name, rank))
    return [path for path in followed if _split_rank(path)[1] == first_ranks[_split_rank(path)[0]]]


def _split_rank(path: str) -> tuple[str, int]:
    """Split a path into what the logs of all processes share, and the number of the process; -1 for one without."""
    match = _RANK.fullmatch(path)
    return (path, -1) if match is None else (match["name"] + match["end"], int(match["rank"]))


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:  # a terminal that knows few characters
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
