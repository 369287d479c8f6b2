"""The log streams of the run: a picker, and the end of the one that was picked."""

from __future__ import annotations

import re
from collections.abc import Iterable

import ipywidgets
from traitlets import Bunch

from aml_widgets.core.errors import AmlWidgetsError, ArtifactNotFound
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.widgets.log_tail import TAIL_BYTES, LogTail
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.subshells import answer_in_subshell
from aml_widgets.widgets.text import escape, shorten, size_text
from aml_widgets.widgets.view_state import ViewState


class LogsPanel:
    """Log files with a live tail.

    The text lies in a box that the browser fills from its end, so it stays scrolled to the end by itself and stays where
    the user scrolled to. It is a child per block of text, of which only the last is sent again when the log grows.
    """

    def __init__(self, host: Host) -> None:
        self._read_artifact = host.read_artifact
        self._lock = host.lock
        self._state: ViewState | None = None
        self._path: str | None = None
        self._is_picked = False
        self._is_filling_picker = False
        self._tail = LogTail()
        self._picker = ipywidgets.Dropdown(
            options=[], layout=ipywidgets.Layout(width="auto", max_width="100%", margin="0"), tooltip="Log file"
        )
        self._picker.observe(self._on_pick, names="value")
        answer_in_subshell(self._picker)
        self._note = markup("aml-note")
        self._blocks = ipywidgets.VBox([], layout=ipywidgets.Layout(width="auto", margin="0"))
        self._blocks.add_class("aml-log-text")
        scroller = ipywidgets.VBox([self._blocks], layout=ipywidgets.Layout(width="auto", margin="0"))
        scroller.add_class("aml-log")
        self._scroller = scroller
        heading = markup("aml-heading")
        heading.value = "Logs"
        self._bar = ipywidgets.HBox([heading, self._picker, self._note])
        self._bar.add_class("aml-bar")
        self.widget = ipywidgets.VBox([self._bar, scroller])
        self.widget.add_class("aml-section")
        self.widget.add_class("aml-logs")

    def update(self, state: ViewState) -> None:
        """Show the logs that there are, and what the one that is shown has grown by."""
        self._state = state
        logs = in_order(artifact for artifact in state.artifacts.values() if artifact.is_log)
        paths = [log.path for log in logs]
        has_logs = bool(paths)
        self._picker.layout.display = None if has_logs else "none"
        if not has_logs:
            self._scroller.layout.display = "none"
            nothing = "This run has written no log yet." if state.expects_more else "This run has written no log."
            set_markup(self._note, f"{nothing} Prints are kept for runs used in a <code>with</code> block.")
            return
        if not self._is_picked or self._path not in paths:
            path = newest_group(logs)[0].path
            if path != self._path:
                self._path, self._tail = path, LogTail()
        self._fill_picker(paths)
        self._read_on()

    def _fill_picker(self, paths: list[str]) -> None:
        self._is_filling_picker = True
        try:
            with self._picker.hold_sync():
                if list(self._picker.options) != paths:
                    self._picker.options = paths
                self._picker.value = self._path
        finally:
            self._is_filling_picker = False

    def _on_pick(self, change: Bunch) -> None:
        with self._lock:
            if self._is_filling_picker or change["new"] is None or change["new"] == self._path:
                return
            self._path, self._tail, self._is_picked = change["new"], LogTail(), True
            self._read_on()

    def _read_on(self) -> None:
        """Read what the shown log has grown by; of a long one the end only."""
        if self._state is None or self._path is None:
            return
        size = self._state.artifacts[self._path].size_bytes
        if size < self._tail.offset:  # it was written anew
            self._tail = LogTail()
        if size - self._tail.offset > TAIL_BYTES:
            self._tail = LogTail(start=size - TAIL_BYTES)
        try:
            if size > self._tail.offset:
                self._tail.feed(self._read_artifact(self._path, self._tail.offset, size - self._tail.offset))
        except ArtifactNotFound:
            set_markup(self._note, "This log is not there any more.")
        except AmlWidgetsError as error:
            set_markup(self._note, f"This log cannot be read now: {escape(shorten(error.message, 400))}")
        else:
            set_markup(self._note, self._note_html(size))
        self._scroller.layout.display = None if self._tail.offset else "none"
        self._show_blocks()

    def _note_html(self, size_bytes: int) -> str:
        if not size_bytes:
            is_over = self._state is None or not self._state.expects_more
            return "Nothing was printed." if is_over else "Nothing was printed yet."
        size = escape(size_text(size_bytes))
        return f"the last {escape(size_text(TAIL_BYTES))} of {size}" if self._tail.is_cut else size

    def _show_blocks(self) -> None:
        texts = self._tail.texts or [""]
        blocks = list(self._blocks.children)
        spare = blocks[len(texts) :]
        blocks = blocks[: len(texts)]
        while len(blocks) < len(texts):
            blocks.append(markup("aml-mono"))
        for block, text in zip(blocks, texts, strict=True):
            block.value = escape(text)
        if tuple(blocks) != self._blocks.children:
            self._blocks.children = tuple(blocks)
        for block in spare:
            block.layout.close()
            block.close()


def in_order(logs: Iterable[ArtifactRecord]) -> list[ArtifactRecord]:
    """Sort logs as v1 does: by the numbers in their paths, then by name."""
    return sorted(logs, key=lambda log: (_numbers(log.path), log.path))


def newest_group(logs: list[ArtifactRecord]) -> list[ArtifactRecord]:
    """Give the logs whose first number is the highest: those of the latest stage of the run."""
    latest = max(_numbers(log.path)[:1] for log in logs)
    return [log for log in logs if _numbers(log.path)[:1] == latest]


def _numbers(path: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"[0-9]{1,18}", path))
