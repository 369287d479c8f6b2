"""What a notebook shows of a run where no live view is: saved, exported, opened without its kernel."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from aml_widgets.core import clock
from aml_widgets.core.records import RunRecord
from aml_widgets.widgets.fallback import fallback_html, fallback_text
from aml_widgets.widgets.static_documents import ReadArtifact, StaticDocuments
from aml_widgets.widgets.view_state import MetricState, ViewState

STATIC_SECONDS = 30.0
"""How often the static view of a run that goes on is renewed at most."""

QUICK_SECONDS = 0.25
"""How long drawing documents and pictures may take in the thread of the user."""


class StaticOutput:
    """A static view as an output of its own, beside the live one.

    It lies before the live view, because its style sheet hides what follows it where that is no live view; the live view's
    style sheet hides it in turn. It is an output of its own because to renew a part of an output makes JupyterLab draw all of
    it anew: the view would flicker and jump.

    Parameters
    ----------
    read_artifact : callable
        Gives the beginning of one of the run's files, for documents and pictures.
    """

    def __init__(self, read_artifact: ReadArtifact) -> None:
        self._documents = StaticDocuments(read_artifact)
        self._display_id = uuid.uuid4().hex
        self._lock = threading.Lock()  # of its own: whoever ends a run does not wait for what the view draws
        self._is_open = False
        self._begun_count = 0
        self._written_count = 0
        self._shown: _Shown | None = None

    @property
    def css_class(self) -> str:
        """The class of its element."""
        return f"aml-static-{self._display_id}"

    @property
    def is_open(self) -> bool:
        """Whether it has a place in a notebook."""
        return self._is_open

    def open(self) -> None:
        """Take a place in the output of the running cell. It is empty: nothing would hide it until the live view is there."""
        display(self._bundle("", ""), display_id=self._display_id)
        with self._lock:
            self._is_open, self._shown = True, None

    def show(self, state: ViewState, *, is_quick: bool = False) -> None:
        """Write a state into its place, unless a later one is written meanwhile. Safe from any thread.

        When `is_quick`, documents and pictures that take long are left to the next time.
        """
        with self._lock:
            self._begun_count += 1
            number = self._begun_count
        drawn = self._documents.draw(state, max_seconds=QUICK_SECONDS if is_quick else None)
        bundle = self._bundle(fallback_html(state, drawn.htmls), fallback_text(state))
        with self._lock:
            if not self._is_open or number < self._written_count:
                return
            self._written_count, self._shown = number, _Shown.of(state, is_whole=drawn.is_whole)
            display(bundle, display_id=self._display_id, update=True)

    def close(self) -> None:
        """Write no more into its place; what stands there stays."""
        with self._lock:
            self._is_open = False

    def is_due(self, state: ViewState, *, is_over: bool) -> bool:
        """Whether it shows less than it should, and may be sent again already."""
        with self._lock:
            before = self._shown
            if not self._is_open:
                return False  # not shown in a notebook
        if before is None or not before.is_whole:
            return True
        now = _Shown.of(state)
        if now.run == before.run and now.metrics is before.metrics and now.has_more == before.has_more:
            return False
        is_told = now.run is not None and before.run is not None and now.run.status is before.run.status
        is_first = bool(now.metrics) and not before.metrics
        # A clock that was set back must not silence it.
        is_complete = before.has_more and not now.has_more
        return is_over or not is_told or is_first or is_complete or not 0 <= now.at - before.at < STATIC_SECONDS

    def _bundle(self, html: str, text: str) -> dict[str, object]:
        """Give it as an output, with the rule that hides the live view's place where no live view is in it.

        A notebook opened without its kernel has a message of ipywidgets there, that a model was not found.
        """
        name = self.css_class
        rule = f".jp-OutputArea-child:has(.{name}) + .jp-OutputArea-child:not(:has(.aml-run)) {{ display: none; }}"
        return {"text/html": f'<div class="{name}"><style>{rule}</style>{html}</div>', "text/plain": text}


class _Shown(NamedTuple):
    """What a static view was made of, and when."""

    run: RunRecord | None
    metrics: Mapping[str, MetricState]
    at: float
    is_whole: bool
    has_more: bool

    @classmethod
    def of(cls, state: ViewState, *, is_whole: bool = True) -> _Shown:
        # A sign of life alone is no news to somebody who opens the notebook next year.
        run = state.run if state.run is None else replace(state.run, last_seen_at=None)
        return cls(run, state.metrics, clock.now(), is_whole, state.has_more)


def display(bundle: dict[str, object], *, display_id: str | None = None, update: bool = False) -> None:
    """Put a bundle of MIME types into the output of the running cell, or renew it where it stands."""
    from IPython.display import display as show

    show(bundle, raw=True, display_id=display_id, update=update)  # type: ignore[no-untyped-call]  # IPython's
