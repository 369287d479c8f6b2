"""The live view of one run in a notebook cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aml_widgets.core.errors import UserError
from aml_widgets.tracking.run import Run
from aml_widgets.widgets.run_view import DEFAULT_REFRESH_SECONDS, RunView
from aml_widgets.widgets.text import shorten
from aml_widgets.widgets.widget_data import widget_data

if TYPE_CHECKING:
    import bqplot

SUBMITTED_TYPES = ("azureml.scriptrun",)
"""Types of runs that another process carries out, so that they can be cancelled from here."""


class RunDetails:
    """A live view of a run: how it stands, its values, charts and logs.

    It reads the store and nothing else, so it shows runs of this kernel, of other processes and of last year alike.
    While the run goes on it is brought up to date every `refresh_seconds`, also while a cell is running, and at once
    when this kernel changes the run's status. When the run has ended it stops for good.

    Parameters
    ----------
    run_instance : Run
        The run to show.
    refresh_seconds : float, optional
        How long after one look at the store the next one follows.

    Examples
    --------
    >>> from aml_widgets import RunDetails  # doctest: +SKIP
    >>> RunDetails(run).show()  # doctest: +SKIP
    """

    def __init__(self, run_instance: Run, *, refresh_seconds: float = DEFAULT_REFRESH_SECONDS) -> None:
        if not isinstance(run_instance, Run):
            raise UserError(_not_a_run_text(run_instance), value=run_instance)
        self._run = run = run_instance
        url = run.get_portal_url()
        self._view = RunView(
            run.experiment.workspace.store,
            run.id,
            refresh_seconds=refresh_seconds,
            cancel=run.cancel if run.type in SUBMITTED_TYPES else None,
            page_url=url if url.startswith(("http://", "https://")) else None,  # a browser follows no file: link
        )

    @property
    def refresh_seconds(self) -> float:
        """How long after one look at the store the next one follows, in seconds."""
        return self._view.refresh_seconds

    @refresh_seconds.setter
    def refresh_seconds(self, seconds: float) -> None:
        self._view.refresh_seconds = seconds

    def show(self, render_lib: object = None, widget_settings: object = None) -> None:  # noqa: ARG002 - v1's signature
        """Show the view in the cell that is running, and return at once.

        A second `show` is the same view in another place. When a cell is run again, what it showed before is closed.
        `render_lib` and `widget_settings` are v1's and change nothing.
        """
        self._view.show()

    def get_widget_data(self, widget_settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Read the run once and give what a view shows, with v1's keys.

        Parameters
        ----------
        widget_settings : dict, optional
            Given back under the key of this name.

        Returns
        -------
        dict
            ``status``, ``run_id``, ``run_properties``, ``run_metrics`` (with all their values), ``run_logs`` (the end of the
            newest one), ``child_runs``, ``children_metrics``, ``workbench_run_details_uri``, ``graph``, ``widget_settings``,
            ``loading``.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        return widget_data(self._run, widget_settings)

    def figure(self, name: str) -> bqplot.Figure:
        """Give the figure that a metric is drawn in, to play with.

        It is the one in the view and goes on being drawn there: what you change of its look stays, its data follow the run.
        When one of its axes is made logarithmic, another figure takes its place, with your look.

        Parameters
        ----------
        name : str
            The metric.

        Raises
        ------
        UserError
            If the run has no chart of that name.
        """
        return self._view.figure(name)

    def close(self) -> None:
        """Take the view off the page and free what it holds. May be called twice; `show` makes it anew."""
        self._view.close()

    def _ipython_display_(self) -> None:
        self._view.show()

    def __repr__(self) -> str:
        return f"RunDetails(Run {self._view.run_id})"


def _not_a_run_text(value: object) -> str:
    is_id = isinstance(value, str)
    way_out = (
        f"ws.get_run({value!r})" if is_id and len(repr(value)) <= 100 else "ws.get_run(run_id)" if is_id else "run"
    )
    return (
        f"RunDetails shows a Run, got {shorten(repr(value), 100)}, a {type(value).__name__}. Use RunDetails({way_out})"
        + ("." if is_id else ", where run is what experiment.start_logging() or ws.get_run(run_id) gives.")
    )
