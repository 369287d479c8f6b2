"""The widget behind `RunDetails`: what it is made of, and how it follows a run in a store."""

from __future__ import annotations

import logging
import threading
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import NamedTuple

import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, UserError
from aml_widgets.core.records import RunRecord
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.signals import status_changed
from aml_widgets.widgets.cells import CellExecution, current_execution, has_kernel
from aml_widgets.widgets.fallback import fallback_html, fallback_text
from aml_widgets.widgets.kinds import tabs_for
from aml_widgets.widgets.page import Page
from aml_widgets.widgets.panels.error import ErrorPanel
from aml_widgets.widgets.panels.header import HeaderPanel
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.panels.tabs import TabsPanel
from aml_widgets.widgets.settings import settings_of
from aml_widgets.widgets.text import escape
from aml_widgets.widgets.view_state import MetricState, ViewState, advance, fall_silent
from aml_widgets.widgets.watcher import Watcher, watcher

logger = logging.getLogger("aml_widgets.widgets")

DEFAULT_REFRESH_SECONDS = 10.0
MIN_REFRESH_SECONDS = 0.1
STATIC_SECONDS = 30.0
"""How often the static view of a run that goes on is renewed at most."""

_views_of_cells: dict[str, tuple[str, weakref.WeakSet[RunView]]] = {}  # by cell id: execution id, what it showed


class RunView:
    """Shows one run of a store.

    What is shown is held by the widget on the page, and so lives until it is closed; the watcher holds the view weakly.
    One lock guards state and panels: the watcher's thread and the handlers of clicks take turns.

    Parameters
    ----------
    store : RunStore
        Where the run is kept.
    run_id : str
        The run to show.
    refresh_seconds : float, optional
        How long after one look at the store the next one follows.
    watcher : Watcher, optional
        Who refreshes it; the kernel's unless a test gives its own.
    cancel : callable, optional
        Asks for the run to be cancelled, where somebody else runs it.
    """

    def __init__(
        self,
        store: RunStore,
        run_id: str,
        *,
        refresh_seconds: float = DEFAULT_REFRESH_SECONDS,
        watcher: Watcher = watcher,
        cancel: Callable[[], None] | None = None,
    ) -> None:
        self._cancel = cancel
        self._store = store
        self._run_id = run_id
        self._watcher = watcher
        self._lock = threading.RLock()
        self._refresh_seconds = _checked_interval(refresh_seconds)
        self._state = ViewState(run_id=run_id)
        self._parts: _Parts | None = None
        self._display_id = uuid.uuid4().hex
        self._static_of: _Static | None = None
        self._cells: set[str | None] = set()

    @property
    def run_id(self) -> str:
        """The run that is shown."""
        return self._run_id

    @property
    def state(self) -> ViewState:
        """What is shown now."""
        return self._state

    @property
    def refresh_seconds(self) -> float:
        """How long after one look at the store the next one follows, in seconds."""
        return self._refresh_seconds

    @refresh_seconds.setter
    def refresh_seconds(self, seconds: float) -> None:
        self._refresh_seconds = _checked_interval(seconds)
        self._watcher.reschedule(self)

    @property
    def widget(self) -> ipywidgets.VBox:
        """The widget, made if there is none, with what is known of the run but without its charts and logs.

        Those are drawn by the first `refresh`, in the watcher's thread, so that the cell need not wait for them.
        """
        with self._lock:
            if self._parts is None:
                self._state = ViewState(run_id=self._run_id)
                self._read()
                host = Host(
                    store=self._store,
                    run_id=self._run_id,
                    lock=self._lock,
                    page=Page(self._lock),
                    settings=settings_of(self._run_id),
                    open_run=self._open_run,
                    cancel=self._cancel,
                )
                host.page.on("tab", lambda _argument, key: self._keep_tab(host, key))
                run_type = self._state.run.run_type if self._state.run else None
                self._parts = _Parts(host, run_type, hides=_static_class(self._display_id))
                self._parts.root.aml_view = self  # who shows the widget need not hold the view
                self._draw_facts()
            return self._parts.root

    def show(self) -> None:
        """Show the view in the running cell and watch the run; without a kernel, print it once."""
        if not has_kernel():
            self._read()
            print(fallback_text(self._state))  # noqa: T201 - a plain prompt has no other place to show it
            return
        root = self.widget
        self._note_cell(current_execution())
        view = {"version_major": 2, "version_minor": 0, "model_id": root.model_id}
        # The static view lies before the live one, because its style sheet hides what follows it where that is no live
        # view; it is filled afterwards, because until the live one is there nothing would hide it.
        _display(_static_bundle(self._display_id, ""), display_id=self._display_id)
        # Without a text of its own: where the live view cannot be, the static one says all.
        _display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""})
        with self._lock:
            self._static_of = None
            self._show_static()
        self._watcher.add(self)

    def close(self) -> None:
        """Take the view off the page and free all its models. May be called twice."""
        self._watcher.remove(self)
        with self._lock:
            parts, self._parts = self._parts, None
            self._static_of = None
            self._cells.clear()
        if parts is not None:
            parts.root.aml_view = None
            close_tree(parts.root)

    def refresh(self) -> bool:
        """Ask the store what is new and show it; say whether more can come."""
        with self._lock:
            if self._parts is None:
                return False
            try:
                try:
                    self._read()
                    if self._state.has_ended:  # what was written between the end and this look, such as a last log line
                        self._read()
                finally:
                    self._draw_all()  # what is known, whatever reading met
                self._keep_alive()
                is_over = self._state.has_ended and self._state.silence is None
                if self._is_static_due(is_over=is_over):
                    self._show_static()
            except Exception as error:
                self._parts.header.update(
                    self._state, refresh_seconds=self._refresh_seconds, problem=f"{type(error).__name__}: {error}"
                )
                raise  # to the edge of the thread, which logs it
            return not is_over

    @staticmethod
    def _keep_tab(host: Host, key: str) -> None:
        host.settings.change(tab=key)
        host.page.widget.tab = key

    def _open_run(self, run_id: str) -> None:
        """Show another run inside this view, with a way back."""
        raise NotImplementedError(run_id)

    def _read(self) -> None:
        try:
            changes = self._store.changes_since(self._run_id, self._state.cursor)
        except UserError:
            # The cursor is of another store, because the one behind this location was replaced: begin anew.
            logger.warning("The history of run %s begins anew; its view is read again.", self._run_id)
            self._state = ViewState(run_id=self._run_id)
        except AmlWidgetsError as error:
            self._state = fall_silent(self._state, error.message, at=clock.now())
        else:
            self._state = advance(self._state, changes, heard_at=clock.now())

    def _draw_facts(self) -> None:
        parts = self._parts
        if parts is None:
            return
        parts.header.update(self._state, refresh_seconds=self._refresh_seconds)
        parts.error.update(self._state)
        parts.tabs.update_bar(self._state)

    def _draw_all(self) -> None:
        self._draw_facts()
        if self._parts is not None:
            self._parts.tabs.update(self._state)

    def _keep_alive(self) -> None:
        """Say for a run of this very process that it lives: a cell that trains may not log for long."""
        run = self._state.run
        if run is None or run.status.is_terminal or run.writer is None or run.writer != this_process():
            return
        try:
            self._store.touch(self._run_id)
        except AmlWidgetsError as error:  # the next read says so on the page
            logger.warning("No sign of life could be written for run %s: %s", self._run_id, error)

    def _is_static_due(self, *, is_over: bool) -> bool:
        """Whether the static view shows less than it should, and may be sent again already."""
        before = self._static_of
        if before is None:
            return False  # not shown in a notebook
        now = _Static.of(self._state)
        if now.run == before.run and now.metrics is before.metrics:
            return False
        is_told = now.run is not None and before.run is not None and now.run.status is before.run.status
        is_first = bool(now.metrics) and not before.metrics
        # A clock that was set back must not silence it.
        return is_over or not is_told or is_first or not 0 <= now.at - before.at < STATIC_SECONDS

    def _show_static(self) -> None:
        """Put into the notebook what it shows where the live view is not: saved, exported, without its kernel.

        It is an output of its own, hidden by the live view's style sheet, because to renew a part of an output makes
        JupyterLab draw all of it anew: the view would flicker and jump.
        """
        self._static_of = _Static.of(self._state)
        bundle = _static_bundle(self._display_id, fallback_html(self._state), fallback_text(self._state))
        _display(bundle, display_id=self._display_id, update=True)

    def _note_cell(self, execution: CellExecution | None) -> None:
        """Close what an earlier run of this cell showed: its output is gone from the page, its models would stay."""
        if execution is None:
            self._cells.add(None)  # shown nobody knows where, so nobody knows when it is gone
            return
        execution_id, views = _views_of_cells.get(execution.cell_id, ("", weakref.WeakSet()))
        if execution_id != execution.execution_id:
            for view in views:
                view.leave_cell(execution.cell_id, is_shown_anew=view is self)
            views = weakref.WeakSet()
        views.add(self)
        _views_of_cells[execution.cell_id] = (execution.execution_id, views)
        self._cells.add(execution.cell_id)

    def leave_cell(self, cell_id: str, *, is_shown_anew: bool) -> None:
        """Note that a cell was run again; a view that is shown nowhere else closes."""
        self._cells.discard(cell_id)
        if not self._cells and not is_shown_anew:
            self.close()


class _Static(NamedTuple):
    """What a static view was made of, and when."""

    run: RunRecord | None
    metrics: Mapping[str, MetricState]
    at: float

    @classmethod
    def of(cls, state: ViewState) -> _Static:
        # A sign of life alone is no news to somebody who opens the notebook next year.
        run = state.run if state.run is None else replace(state.run, last_seen_at=None)
        return cls(run, state.metrics, clock.now())


class _Parts:
    """The panels of one view and the widget that holds them."""

    def __init__(self, host: Host, run_type: str | None, *, hides: str) -> None:
        self.header = HeaderPanel(host)
        self.error = ErrorPanel()
        self.tabs = TabsPanel(tabs_for(run_type, host), chosen=host.settings.value.tab)
        style = markup()
        style.layout.display = "none"
        style.value = (
            f"<style>{_style_sheet()}\n.{hides}, .jp-OutputArea-child:has(.{hides}) {{ display: none; }}</style>"
        )
        gone = markup("aml-gone")
        gone.value = _gone_kernel_html(host.run_id)
        panels = (self.header, self.error, self.tabs)
        self.body = ipywidgets.VBox([panel.widget for panel in panels])
        self.body.add_class("aml-body")
        self.root = ipywidgets.VBox([style, gone, self.body, host.page.widget])
        self.root.add_class("aml-run")


def close_tree(root: ipywidgets.Widget) -> None:
    """Close a widget and all that it is made of, so that kernel and page forget them."""
    found: dict[int, ipywidgets.Widget] = {}
    waiting = [root]
    while waiting:
        widget = waiting.pop()
        if id(widget) not in found:
            found[id(widget)] = widget
            waiting.extend(_widgets_in([getattr(widget, key) for key in widget.keys]))
    for widget in found.values():
        widget.close()


def _widgets_in(values: object) -> Iterator[ipywidgets.Widget]:
    if isinstance(values, ipywidgets.Widget):
        yield values
    elif isinstance(values, dict):
        for value in values.values():
            yield from _widgets_in(value)
    elif isinstance(values, (list, tuple)):
        for value in values:
            yield from _widgets_in(value)


def _display(bundle: dict[str, object], *, display_id: str | None = None, update: bool = False) -> None:
    from IPython.display import display

    display(bundle, raw=True, display_id=display_id, update=update)  # type: ignore[no-untyped-call]  # IPython's


def _static_bundle(display_id: str, html: str, text: str = "") -> dict[str, object]:
    """Give the static view as an output, with the rule that hides the live one's place where no live view is in it.

    A notebook opened without its kernel has a message of ipywidgets there, that a model was not found.
    """
    name = _static_class(display_id)
    rule = f".jp-OutputArea-child:has(.{name}) + .jp-OutputArea-child:not(:has(.aml-run)) {{ display: none; }}"
    return {"text/html": f'<div class="{name}"><style>{rule}</style>{html}</div>', "text/plain": text}


def _gone_kernel_html(run_id: str) -> str:
    """Say what to do when the kernel is gone; the style sheet shows it then, because nobody else is there to do it."""
    code = f'RunDetails(ws.get_run("{run_id}")).show()'
    return (
        '<div class="aml-box aml-look-warn"><b>The kernel that showed this is gone.</b> Show the run again: '
        f"<code>{escape(code)}</code></div>"
    )


def _static_class(display_id: str) -> str:
    return f"aml-static-{display_id}"


@cache
def _style_sheet() -> str:
    folder = resources.files("aml_widgets.widgets") / "style"
    sheets = sorted((sheet for sheet in folder.iterdir() if sheet.name.endswith(".css")), key=lambda sheet: sheet.name)
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


def _checked_interval(seconds: float) -> float:
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if is_number and MIN_REFRESH_SECONDS <= seconds < float("inf"):
        return float(seconds)
    raise UserError(
        f"refresh_seconds is {seconds!r}; it is a number of seconds, at least {MIN_REFRESH_SECONDS}, "
        f"and {DEFAULT_REFRESH_SECONDS:g} without it.",
        value=seconds,
    )


def _on_status_changed(run_id: str, _store: RunStore) -> None:
    watcher.wake(run_id)


status_changed.connect(_on_status_changed)
