"""The log streams of the run: a picker, and the end of the one that was picked."""

from __future__ import annotations

from pathlib import PurePosixPath

import ipywidgets

from aml_widgets.core.errors import AmlWidgetsError, ArtifactNotFound
from aml_widgets.core.log_order import in_order, newest_group
from aml_widgets.core.pieces import read_pieces
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.widgets.log_window import MAX_COUNTED_BYTES, LogWindow
from aml_widgets.widgets.panels.controls import button_html, select_html, text_html
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.log_text import LogText
from aml_widgets.widgets.panels.parts import markup, set_markup
from aml_widgets.widgets.text import escape, name_text, shorten, size_text
from aml_widgets.widgets.view_state import ViewState

_NEWEST = ""
_TALL_ROWS = 20
_MAX_LAST_LINE = 400


class LogsPanel:
    """Log files with a live tail.

    It shows the first log of the newest stage until the user picks another one or scrolls up. What the browser can do alone
    it does (`page/logs.js`): staying at the end or at its place, search, wrap, line numbers; it tells the kernel whether the
    user reads at the end, so that nothing is taken away from under somebody who reads further up.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._state: ViewState | None = None
        self._path: str | None = None
        self._window = self._new_window()
        self._is_following = True
        self._problem = ""
        self._picker = markup("aml-log-picker")
        self._sizes = markup("aml-log-sizes")
        self._tools = markup("aml-log-tools")
        self._tools.value = _tools_html(
            wraps=host.settings.value.wraps_log, has_numbers=host.settings.value.numbers_log
        )
        self._note = markup("aml-note", "aml-log-note")
        self._bar = ipywidgets.HBox([self._picker, self._sizes, self._tools])
        self._bar.add_class("aml-log-bar")
        self._text = LogText()
        self.widget = ipywidgets.VBox([self._bar, self._note, self._text.widget])
        self.widget.add_class("aml-section")
        self.widget.add_class("aml-logs")
        self._show_class("aml-log-wraps", is_on=host.settings.value.wraps_log)
        self._show_class("aml-log-numbered", is_on=host.settings.value.numbers_log)
        for verb, handler in (
            ("log-pick", self._on_pick),
            ("log-follow", self._on_follow),
            ("log-earlier", self._on_earlier),
            ("log-download", self._on_download),
            ("log-wrap", self._on_wrap),
            ("log-numbers", self._on_numbers),
        ):
            host.page.on(verb, handler)

    @property
    def last_line(self) -> str:
        """The last line that is shown with something in it, without colours; empty where there is none."""
        return shorten(self._window.tail.last_line, _MAX_LAST_LINE)

    def update(self, state: ViewState) -> None:
        """Show the logs that there are, and what the one that is shown has grown by."""
        self._state = state
        logs = in_order(artifact for artifact in state.artifacts.values() if artifact.is_log)
        self._bar.layout.display = None if logs else "none"
        if not logs:
            self._text.widget.layout.display = "none"
            nothing = "This run has written no log yet." if state.expects_more else "This run has written no log."
            set_markup(self._note, f"{nothing} Prints are kept for runs used in a <code>with</code> block.")
            return
        self._choose(logs)
        self._show_picker(logs)
        self._read_on()

    def _choose(self, logs: list[ArtifactRecord]) -> None:
        """Keep what was picked, and what is read; else go on to the newest stage of the run."""
        paths = {log.path for log in logs}
        picked = self._host.settings.value.log_path
        if picked in paths:
            path = picked
        elif self._path in paths and not self._is_following:
            path = self._path
        else:
            newest = newest_group(logs)
            path = self._path if self._path in {log.path for log in newest} else newest[0].path
        if path != self._path:
            self._path = path
            self._window = self._new_window()
            self._is_following = True

    def _new_window(self) -> LogWindow:
        path = self._path or ""
        return LogWindow(lambda start, max_bytes: self._host.read_artifact(path, start, max_bytes))

    def _show_picker(self, logs: list[ArtifactRecord]) -> None:
        picked = self._host.settings.value.log_path
        value = picked if picked is not None and any(log.path == picked for log in logs) else _NEWEST
        newest = self._path if value == _NEWEST else newest_group(logs)[0].path
        options = [
            (_NEWEST, f"Newest: {_shown_path(newest or '')}"),
            *((log.path, _shown_path(log.path)) for log in logs),
        ]
        set_markup(self._picker, select_html("Log file", "log-pick", options, value, shows_label=False))
        # Apart from the picker, which would close under the user's hands if it were written anew whenever a log grows.
        sizes = {log.path: size_text(log.size_bytes) for log in logs}
        listed = "|".join([sizes.get(newest or "", ""), *sizes.values()])
        self._sizes.value = f'<span hidden data-aml-sizes="{escape(listed)}"></span>'

    def _read_on(self) -> None:
        """Read what the shown log has grown by; of a long one the end only."""
        if self._state is None or self._path is None:
            return
        log = self._state.artifacts[self._path]
        try:
            self._window.advance(log.size_bytes, log.written_at, is_following=self._is_following)
            if self._host.settings.value.numbers_log:
                self._window.count_lines()
            self._problem = ""
        except ArtifactNotFound:
            self._problem = "This log is not there any more."
        except AmlWidgetsError as error:
            self._problem = f"This log cannot be read now: {escape(shorten(error.message, 400))}"
        self._show()

    def _show(self) -> None:
        window = self._window
        self._text.widget.layout.display = None if window.tail.offset else "none"
        self._show_class("aml-log-held", is_on=window.is_held and bool(window.tail.offset))
        self._show_class("aml-log-tall", is_on=window.tail.row_count > _TALL_ROWS)
        numbers = self._host.settings.value.numbers_log
        self._text.show(window, owner=self._path or "", first_number=(window.lines_before or 0) if numbers else 0)
        set_markup(self._note, self._problem or self._note_html())

    def _note_html(self) -> str:
        window = self._window
        if not window.size_bytes:
            is_over = self._state is None or not self._state.expects_more
            return "Nothing was printed." if is_over else "Nothing was printed yet."
        size = escape(size_text(window.size_bytes))
        shown = escape(size_text(window.tail.offset - window.start))
        if window.is_held:
            note = f"{shown} of {size}, more has come since"
        elif window.start:
            note = f"the last {shown} of {size}"
        else:
            note = size
        if self._host.settings.value.numbers_log and window.lines_before is None:
            note += "; lines are numbered from the first one shown, because there is more than "
            note += f"{escape(size_text(MAX_COUNTED_BYTES))} before it"
        return note

    def _on_pick(self, _argument: str, path: str) -> None:
        if self._state is None or (path != _NEWEST and path not in self._state.artifacts):
            return
        self._host.settings.change(log_path=path or None)
        self._is_following = True
        self.update(self._state)

    def _on_follow(self, _argument: str, value: str) -> None:
        self._is_following = bool(value)
        if self._is_following:
            self._window.go_to_end()
            if self._state is not None:
                self.update(self._state)

    def _on_earlier(self, _argument: str, _value: str) -> None:
        try:
            self._window.load_earlier()
            if self._host.settings.value.numbers_log:
                self._window.count_lines()
            self._problem = ""
        except AmlWidgetsError as error:
            self._problem = f"What is before this cannot be read now: {escape(shorten(error.message, 400))}"
        self._is_following = False
        self._show()

    def _on_wrap(self, _argument: str, value: str) -> None:
        self._host.settings.change(wraps_log=bool(value))
        self._show_class("aml-log-wraps", is_on=bool(value))

    def _on_numbers(self, _argument: str, value: str) -> None:
        self._host.settings.change(numbers_log=bool(value))
        self._show_class("aml-log-numbered", is_on=bool(value))
        self._read_on()

    def _on_download(self, _argument: str, _value: str) -> None:
        if self._path is None or self._state is None:
            return
        size_bytes = self._state.artifacts[self._path].size_bytes
        chunks = read_pieces(self._host.read_artifact, self._path, size_bytes)
        self._host.page.send_file(PurePosixPath(self._path).name, "text/plain", chunks)

    def _show_class(self, name: str, *, is_on: bool) -> None:
        if is_on:
            self.widget.add_class(name)
        else:
            self.widget.remove_class(name)


def _shown_path(path: str) -> str:
    """Write a path for a list; one that may turn the direction of writing is kept apart from what follows it."""
    shown = name_text(path, 100)
    return shown if shown.isascii() else f"\N{FIRST STRONG ISOLATE}{shown}\N{POP DIRECTIONAL ISOLATE}"


def _tools_html(*, wraps: bool, has_numbers: bool) -> str:
    """Write the controls. They are never written anew: the page presses them, and nobody's search is lost."""
    search = text_html("Search in this log", "", placeholder="Search", local="log-search")
    return (
        '<div class="aml-log-tools-row">'
        + button_html("Follow", "", local="log-follow", is_pressed=True, title="Stay at the end as the log grows")
        + button_html("Wrap", "", local="log-wrap", is_pressed=wraps, title="Break long lines")
        + button_html("Numbers", "", local="log-numbers", is_pressed=has_numbers, title="Line numbers")
        + button_html("Download", "log-download", title="Save the whole file")
        + f'<span class="aml-log-search" data-lm-suppress-shortcuts="true">{search}'
        + button_html("Previous match", "", local="log-previous", icon="\N{UPWARDS ARROW}")
        + button_html("Next match", "", local="log-next", icon="\N{DOWNWARDS ARROW}")
        + '<output class="aml-log-count aml-note" aria-live="polite"></output></span></div>'
    )
