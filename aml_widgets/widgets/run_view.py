"""The widget behind `RunDetails`: what it is made of, and how it follows a run in a store."""

from __future__ import annotations

import logging
import threading
import uuid
import weakref
from collections.abc import Iterator
from functools import cache
from importlib import resources

import ipywidgets

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, UserError
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.signals import status_changed
from aml_widgets.widgets.cells import CellExecution, current_execution, has_kernel
from aml_widgets.widgets.fallback import fallback_html, fallback_text
from aml_widgets.widgets.panels.charts import ChartsPanel
from aml_widgets.widgets.panels.error import ErrorPanel
from aml_widgets.widgets.panels.header import HeaderPanel
from aml_widgets.widgets.panels.logs import LogsPanel
from aml_widgets.widgets.panels.parts import markup
from aml_widgets.widgets.panels.values import ValuesPanel
from aml_widgets.widgets.view_state import ViewState, advance, fall_silent
from aml_widgets.widgets.watcher import Watcher, watcher

logger = logging.getLogger("aml_widgets.widgets")

DEFAULT_REFRESH_SECONDS = 10.0
MIN_REFRESH_SECONDS = 0.1

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
    """

    def __init__(
        self,
        store: RunStore,
        run_id: str,
        *,
        refresh_seconds: float = DEFAULT_REFRESH_SECONDS,
        watcher: Watcher = watcher,
    ) -> None:
        self._store = store
        self._run_id = run_id
        self._watcher = watcher
        self._lock = threading.RLock()
        self._refresh_seconds = _checked_interval(refresh_seconds)
        self._state = ViewState(run_id=run_id)
        self._parts: _Parts | None = None
        self._display_id = uuid.uuid4().hex
        self._static_of: tuple[object, ...] | None = None
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
                self._parts = _Parts(self._store, self._run_id, self._lock, hides=_static_class(self._display_id))
                self._parts.root.aml_view = self  # who shows the widget need not hold the view
                self._state = ViewState(run_id=self._run_id)
                self._read()
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
        _display({"application/vnd.jupyter.widget-view+json": view, "text/plain": f"RunDetails(Run {self._run_id})"})
        with self._lock:
            self._show_static(update=False)
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
                if is_over:
                    self._show_static(update=True)
            except Exception as error:
                self._parts.header.update(
                    self._state, refresh_seconds=self._refresh_seconds, problem=f"{type(error).__name__}: {error}"
                )
                raise  # to the edge of the thread, which logs it
            return not is_over

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
        parts.values.update(self._state)

    def _draw_all(self) -> None:
        self._draw_facts()
        if self._parts is not None:
            self._parts.charts.update(self._state)
            self._parts.logs.update(self._state)

    def _keep_alive(self) -> None:
        """Say for a run of this very process that it lives: a cell that trains may not log for long."""
        run = self._state.run
        if run is None or run.status.is_terminal or run.writer is None or run.writer != this_process():
            return
        try:
            self._store.touch(self._run_id)
        except AmlWidgetsError as error:  # the next read says so on the page
            logger.warning("No sign of life could be written for run %s: %s", self._run_id, error)

    def _show_static(self, *, update: bool) -> None:
        """Put what a saved notebook shows beside the live view, whose style sheet hides it while there is one.

        It is an output of its own, because to renew a part of an output makes JupyterLab draw all of it anew: the view
        would flicker and jump when the run ends. And a notebook that is opened later shows it, not a dead rectangle.
        """
        shown = (self._state.run, self._state.metrics)
        if update and (
            self._static_of is None or all(new is old for new, old in zip(shown, self._static_of, strict=True))
        ):
            return
        self._static_of = shown
        html = f'<div class="{_static_class(self._display_id)}">{fallback_html(self._state)}</div>'
        bundle: dict[str, object] = {"text/html": html, "text/plain": fallback_text(self._state)}
        _display(bundle, display_id=self._display_id, update=update)

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

    def __init__(self, store: RunStore, run_id: str, lock: threading.RLock, *, hides: str) -> None:
        def read_artifact(path: str, start: int, max_bytes: int | None) -> bytes:
            return store.artifacts.read(run_id, path, start=start, max_bytes=max_bytes)

        self.header = HeaderPanel()
        self.error = ErrorPanel()
        self.values = ValuesPanel(read_artifact)
        self.charts = ChartsPanel(lock)
        self.logs = LogsPanel(read_artifact, lock)
        style = markup()
        style.layout.display = "none"
        style.value = (
            f"<style>{_style_sheet()}\n.{hides}, .jp-OutputArea-child:has(.{hides}) {{ display: none; }}</style>"
        )
        panels = (self.header, self.error, self.values, self.charts, self.logs)
        self.root = ipywidgets.VBox([style, *(panel.widget for panel in panels)])
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


def _static_class(display_id: str) -> str:
    return f"aml-static-{display_id}"


@cache
def _style_sheet() -> str:
    return resources.files("aml_widgets.widgets").joinpath("style.css").read_text(encoding="utf-8")


def _checked_interval(seconds: float) -> float:
    if isinstance(seconds, (int, float)) and MIN_REFRESH_SECONDS <= seconds < float("inf"):
        return float(seconds)
    raise UserError(
        f"refresh_seconds is {seconds!r}; it is a number of seconds, at least {MIN_REFRESH_SECONDS}, "
        f"and {DEFAULT_REFRESH_SECONDS:g} without it.",
        value=seconds,
    )


def _on_status_changed(run_id: str, _store: RunStore) -> None:
    watcher.wake(run_id)


status_changed.connect(_on_status_changed)
