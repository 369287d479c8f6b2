"""The widget behind `RunDetails`: what it is made of, and how it follows a run in a store."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from functools import cache
from importlib import resources

import bqplot
import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, RunNotFound, UserError, message_of
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import RUN_TYPE
from aml_widgets.tracking.engines import look_after
from aml_widgets.tracking.signals import status_changed
from aml_widgets.widgets.cells import CellExecution, current_execution, has_kernel
from aml_widgets.widgets.children import is_active
from aml_widgets.widgets.fallback import fallback_text
from aml_widgets.widgets.kinds import tabs_for
from aml_widgets.widgets.nested import Nest
from aml_widgets.widgets.page import MISSING_HTML, Page
from aml_widgets.widgets.panels.charts import ChartsPanel
from aml_widgets.widgets.panels.error import ErrorPanel
from aml_widgets.widgets.panels.header import Controls, HeaderPanel
from aml_widgets.widgets.panels.host import Host
from aml_widgets.widgets.panels.parts import close_tree, markup
from aml_widgets.widgets.panels.tabs import TabsPanel
from aml_widgets.widgets.run_names import name_of
from aml_widgets.widgets.settings import settings_of
from aml_widgets.widgets.static_output import StaticOutput, display
from aml_widgets.widgets.text import escape
from aml_widgets.widgets.view_state import ViewState, advance, fall_silent
from aml_widgets.widgets.watcher import Watcher, watcher

logger = logging.getLogger("aml_widgets.widgets")

DEFAULT_REFRESH_SECONDS = 10.0
MIN_REFRESH_SECONDS = 0.1
SERVER_JITTER = 0.5
PARENT_SECONDS = 0.25
"""So soon a child's status is shown by its parent; children that end one after the other are shown together."""
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
    page_url : str, optional
        Where the run has a page of its own in a browser.
    around : Nest, optional
        The place in another view that it is shown in.
    """

    def __init__(
        self,
        store: RunStore,
        run_id: str,
        *,
        refresh_seconds: float = DEFAULT_REFRESH_SECONDS,
        watcher: Watcher = watcher,
        cancel: Callable[[], None] | None = None,
        page_url: str | None = None,
        around: Nest | None = None,
    ) -> None:
        self._cancel = cancel
        self._page_url = page_url
        self._store = store
        self._run_id = run_id
        self._watcher = watcher
        self._around = around
        self._nest: Nest | None = None
        self._lock = threading.RLock() if around is None else around.lock
        self._refresh_seconds = _checked_interval(refresh_seconds)
        self._state = ViewState(run_id=run_id)
        self._parts: _Parts | None = None
        self._static = StaticOutput(
            lambda path, max_bytes: store.artifacts.read(run_id, path, start=0, max_bytes=max_bytes)
        )
        self._cells: set[str | None] = set()
        self._paused_at: float | None = None
        self._is_asked_for = False
        self._problem: str | None = None
        self._is_cancelling = False
        self._trouble: str | None = None

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
    def jitter(self) -> float:
        """By what share of that the pause may be longer, at random: a server has many who look at it."""
        return SERVER_JITTER if self._store.is_server else 0.0

    @property
    def paused_at(self) -> float | None:
        """Since when refreshing is paused, in seconds since the epoch; None while it goes on."""
        return self._paused_at

    def pause(self) -> None:
        """Pause refreshing, or go on with it: what is shown stays as it is, and the run is not touched."""
        with self._lock:
            self._paused_at = clock.now() if self._paused_at is None else None
            self._draw_facts()
        if self._paused_at is None:
            self.refresh_now()

    def refresh_now(self) -> None:
        """Look at the store as soon as can be, also when refreshing is paused or the run has ended."""
        self._is_asked_for = True
        self._watcher.add(self)

    def cancel(self) -> None:
        """Ask for the run to be cancelled. It is done by the watcher's thread, for it may take a while."""
        self._is_cancelling = True
        self.refresh_now()

    def set_interval(self, seconds: float) -> None:
        """Change how often the view is refreshed, and say so in it."""
        self.refresh_seconds = seconds
        with self._lock:
            self._draw_facts()

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
                    page_url=self._page_url,
                    watcher=self._watcher,
                )
                host.page.on("tab", lambda _argument, key: self._keep_tab(host, key))
                run_type = self._state.run.run_type if self._state.run else None
                tab = host.settings.value.tab or _first_tab(self._state)
                self._parts = _Parts(host, self, run_type, tab=tab, hides=self._static.css_class)
                self._nest = Nest(
                    self._parts.root,
                    host.page,
                    self._lock,
                    run_id=self._run_id,
                    name=self._name,
                    make=self._make_inner,
                    around=self._around,
                )
                self._parts.root.aml_view = self  # who shows the widget need not hold the view
                self._draw_facts()
            return self._parts.root

    def show(self) -> None:
        """Show the view in the running cell and watch the run; without a kernel, print it once."""
        if not has_kernel():
            self._read()
            while self._state.has_more and self._state.silence is None:  # it is printed once, so it has to be all
                self._read()
            print(fallback_text(self._state))  # noqa: T201 - a plain prompt has no other place to show it
            return
        root = self.widget
        self._note_cell(current_execution())
        view = {"version_major": 2, "version_minor": 0, "model_id": root.model_id}
        self._static.open()
        # Without a text of its own: where the live view cannot be, the static one says all.
        display({"application/vnd.jupyter.widget-view+json": view, "text/plain": ""})
        self._watcher.add(self)
        self._static.show(self._state, is_quick=True)

    def figure(self, name: str) -> bqplot.Figure:
        """Give the figure that a metric is drawn in, made if there is none. Raises UserError where no chart has the name."""
        with self._lock:
            _ = self.widget
            assert self._parts is not None
            for panel in self._parts.panels:
                if isinstance(panel, ChartsPanel):
                    panel.update(self._state)
                    return panel.figure(name)
        raise UserError(f"The view of run {self._run_id} has no charts, and so none of {name!r}.", value=name)

    def close(self) -> None:
        """Take the view off the page and free all its models. May be called twice."""
        self._watcher.remove(self)
        with self._lock:
            if self._nest is not None:
                self._nest.leave()
            parts, self._parts, self._nest = self._parts, None, None
            self._static.close()
            self._cells.clear()
        if parts is not None:
            parts.root.aml_view = None
            close_tree(parts.root)

    def refresh(self) -> bool:
        """Ask the store what is new and show it; say whether more can come.

        The lock is let go of while the store is asked and between panels, so that a click never waits for all of it.
        """
        with self._lock:
            if self._parts is None:
                return False
            is_paused = self._paused_at is not None and not self._is_asked_for
            self._is_asked_for = False
        if is_paused:
            self._keep_alive()
            return True
        self._cancel_if_asked()
        self._look_after()
        self._read()
        if self._state.has_ended and not self._state.has_more:
            self._read()  # what was written between the end and this look, such as a last log line
        self._draw_all()
        self._keep_alive()
        state = self._state
        is_over = state.has_ended and state.silence is None and not state.has_more
        if self._static.is_due(state, is_over=is_over):
            self._static.show(state)
        if state.has_more and state.silence is None:
            self._watcher.hasten(self, 0.0)  # behind the views that are due already
        # Children may go on when their parent has ended.
        return not is_over or any(is_active(child.status) for child in state.children.values())

    def _cancel_if_asked(self) -> None:
        if not self._is_cancelling or self._cancel is None:
            return
        self._is_cancelling = False
        try:
            self._cancel()
        except AmlWidgetsError as error:
            self._trouble = f"The run could not be cancelled: {error.message}"
        else:
            self._trouble = None

    def _look_after(self) -> None:
        """Let the engine of a submitted run go on with what was interrupted: its supervisor may be gone, or its queue's keeper."""
        run = self._state.run
        if run is not None and run.run_type == RUN_TYPE:
            look_after(self._store, run)

    @staticmethod
    def _keep_tab(host: Host, key: str) -> None:
        host.settings.change(tab=key)
        host.page.widget.tab = key

    def _open_run(self, run_id: str) -> None:
        """Show another run inside this view, with a way back."""
        if self._nest is not None:
            self._nest.open(run_id)

    def _make_inner(self, run_id: str, nest: Nest) -> RunView:
        return RunView(self._store, run_id, refresh_seconds=self._refresh_seconds, watcher=self._watcher, around=nest)

    def _name(self) -> str:
        return self._run_id if self._state.run is None else name_of(self._state.run)

    def keep_end(self) -> None:
        """Write the end of the run into the notebook at once, in the thread that ended it.

        A notebook that is run without anybody before it is over with its last cell: its kernel is gone before the watcher
        has looked. The view's lock is not taken, for the end of a training does not wait for a view.
        """
        if not self._static.is_open:
            return
        state = self._state
        changes = self._store.changes_since(self._run_id, state.cursor)
        if changes.run is not None and changes.run.status.is_terminal:
            self._static.show(advance(state, changes, heard_at=clock.now()), is_quick=True)

    def _read(self) -> None:
        """Take in what is new. Only whoever refreshes calls it: the watcher's thread, and `widget` before that."""
        state = self._state
        try:
            changes = self._store.changes_since(self._run_id, state.cursor)
        except UserError:
            # The cursor is of another store, because the one behind this location was replaced: begin anew.
            logger.warning("The history of run %s begins anew; its view is read again.", self._run_id)
            state = ViewState(run_id=self._run_id)
        except AmlWidgetsError as error:
            state = fall_silent(state, error.message, at=clock.now(), is_missing=isinstance(error, RunNotFound))
        else:
            state = advance(state, changes, heard_at=clock.now())
        with self._lock:
            self._state = state
            if self._paused_at is not None:
                self._paused_at = state.heard_at

    def _draw_facts(self) -> None:
        parts = self._parts
        if parts is None:
            return
        parts.header.update(self._state, problem=self._problem, trouble=self._trouble)
        parts.error.update(self._state)
        parts.tabs.update_bar(self._state)

    def _draw_all(self) -> None:
        """Draw every panel, also when one of them cannot be: that is said in the header, and raised in the end."""
        with self._lock:
            parts = self._parts
        if parts is None:
            return
        failure: Exception | None = None
        for panel in parts.panels:
            parts.page.give_way()
            with self._lock:
                if self._parts is None:  # closed in the meantime
                    return
                try:
                    panel.update(self._state)
                except Exception as error:  # noqa: BLE001 - whatever it is, the other panels are drawn; raised below
                    failure = failure or error
        with self._lock:
            self._problem = None if failure is None else f"{type(failure).__name__}: {message_of(failure)}"
            self._draw_facts()
        if failure is not None:
            raise failure  # to the edge of the thread, which logs it

    def _keep_alive(self) -> None:
        """Say for a run of this very process that it lives: a cell that trains may not log for long."""
        run = self._state.run
        if run is None or run.status.is_terminal or run.writer is None or run.writer != this_process():
            return
        try:
            self._store.touch(self._run_id)
        except AmlWidgetsError as error:  # the next read says so on the page
            logger.warning("No sign of life could be written for run %s: %s", self._run_id, message_of(error))

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


class _Parts:
    """The panels of one view and the widget that holds them."""

    def __init__(self, host: Host, controls: Controls, run_type: str | None, *, tab: str, hides: str) -> None:
        self.header = HeaderPanel(host, controls)
        self.error = ErrorPanel()
        tabs = tabs_for(run_type, host)
        self.tabs = TabsPanel(tabs, chosen=tab)
        self.panels = tuple(panel for tab in tabs for panel in tab.panels)
        self.page = host.page
        style = markup()
        style.layout.display = "none"
        style.value = (
            f"<style>{_style_sheet()}\n.{hides}, .jp-OutputArea-child:has(.{hides}) {{ display: none; }}</style>"
        )
        gone = markup("aml-gone")
        gone.value = _gone_kernel_html(host.run_id)
        self.body = ipywidgets.VBox([self.header.widget, self.error.widget, self.tabs.widget])
        self.body.add_class("aml-body")
        missing = markup("aml-missing")
        missing.value = MISSING_HTML
        self.root = ipywidgets.VBox([style, gone, missing, self.body, host.page.widget])
        self.root.add_class("aml-run")


def _first_tab(state: ViewState) -> str:
    """Choose what is shown first of a run that nobody has looked at: of one without metrics, what it has."""
    if state.metrics or not state.has_ended:
        return "metrics"
    if state.children:
        return "children"
    return "logs" if any(artifact.is_log for artifact in state.artifacts.values()) else "metrics"


def _gone_kernel_html(run_id: str) -> str:
    """Say what to do when the kernel is gone; the style sheet shows it then, because nobody else is there to do it."""
    code = f'RunDetails(ws.get_run("{run_id}")).show()'
    return (
        '<div class="aml-box aml-look-warn"><b>The kernel that showed this is gone.</b> Show the run again: '
        f"<code>{escape(code)}</code></div>"
    )


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
    for view in watcher.views_of():
        if isinstance(view, RunView) and run_id in view.state.children:
            watcher.hasten(view, PARENT_SECONDS)
    for view in watcher.views_of(run_id):
        try:
            view.keep_end()
        except Exception:  # the watcher tries again, and the user's run has ended well all the same
            logger.exception("The end of run %s could not be kept in the notebook.", run_id)


status_changed.connect(_on_status_changed)
