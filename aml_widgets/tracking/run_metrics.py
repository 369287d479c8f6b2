"""Log numbers, rows, pictures and documents, and read them again."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aml_widgets.core import clock
from aml_widgets.core.errors import ArtifactExists, InvalidMetric, NotFound, RunNotFound, StoreError
from aml_widgets.core.records import MetricKind, MetricValue, RunQuery
from aml_widgets.tracking import documents, tables
from aml_widgets.tracking.metric_history import PointHistory
from aml_widgets.tracking.metric_shapes import Rows, Summary, read_metrics, to_list
from aml_widgets.tracking.queries import iterate_runs
from aml_widgets.tracking.run_base import RunBase
from aml_widgets.tracking.values import (
    EXACT_NUMBERS,
    MAX_STEP,
    check_description,
    check_name,
    check_step,
    show,
    show_type,
    to_column,
    to_value,
)

LOST = (StoreError, RunNotFound)
"""What the store raises when it fails. A run that it does not find any more was there when this object was made."""

_TEXT = frozenset({str})
_NO_DESCRIPTION = ""  # the very object that is the default: all else, 0 among it, is looked at
_SUMMARIES_AT_ONCE = 200


class RunMetrics(RunBase):
    """The metrics of a run."""

    # `log` and `log_metrics` are called once per training step. What they do above the store is one look at the types, so
    # the store's methods are looked up once and the common case is told apart first.

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._log_metric = self._store.log_metric
        self._log_metrics = self._store.log_metrics
        self._descriptions: dict[str, str] = {}

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log one value under a name; it is stored when this returns.

        Parameters
        ----------
        name : str
            The metric, any text that is not empty.
        value : number, str, bool or None
            Numbers of any library are kept exactly. What is none of these is kept as its `repr`, with a warning.
        description : str, optional
            What the metric means; kept once for the metric.
        step : int, optional
            Place on the x axis, from 0. Without it, one after the metric's last.

        Raises
        ------
        InvalidMetric
            For a list (see `log_list`) or a bad step.
        RunIsTerminal
            If the run has ended.
        """
        kind = type(value)
        if (
            (kind is float or kind is int)
            and (step is None or (type(step) is int and 0 <= step <= MAX_STEP))
            and description is _NO_DESCRIPTION
            and type(name) is str
            and name
        ):
            try:
                self._log_metric(self._run_id, name, value, step)  # type: ignore[arg-type]  # its type was just compared
            except LOST as error:
                self._lose(error, 1)
            except UnicodeEncodeError:
                check_name(name)
                raise
            return
        name = check_name(name)
        checked = to_value(value, name)
        checked_step = check_step(step, name)
        description = check_description(description, name, has_step=True)
        self._try(1, self._log_described, name, checked, description, checked_step)

    def log_metrics(self, values: Mapping[str, object], step: int | None = None) -> None:
        """Log one value for each of several metrics, all at one time and in one transaction.

        Parameters
        ----------
        values : mapping of str to value
            Values as `log` takes them, by the metric's name.
        step : int, optional
            Place on the x axis for all of them. Without it, each counts by itself.

        Raises
        ------
        InvalidMetric
            For a value that `log` would refuse; then none is logged.
        RunIsTerminal
            If the run has ended.
        """
        if (
            type(values) is dict
            and EXACT_NUMBERS.issuperset(map(type, values.values()))
            and _TEXT.issuperset(map(type, values))
            and "" not in values
        ):
            checked: Mapping[str, MetricValue] = values
        else:
            checked = _check_values(values)
        if not checked:
            return
        if step is not None:
            step = check_step(step, next(iter(checked)))
        try:
            self._log_metrics(self._run_id, checked, step)
        except LOST as error:
            self._lose(error, len(checked))
        except UnicodeEncodeError:
            _check_values(values)
            raise

    def log_list(self, name: str, value: object, description: str = "") -> None:
        """Log many values under a name, in order.

        Parameters
        ----------
        name : str
            The metric.
        value : iterable of values
            A list, array, series, generator, ...; it may be empty. Where floats and ints are mixed, all become floats, unless
            that would round one.
        description : str, optional
            What the metric means.

        Raises
        ------
        InvalidMetric
            For text, a dict, a single value, or nested lists.
        RunIsTerminal
            If the run has ended.
        """
        name = check_name(name)
        description = check_description(description, name)
        column = to_column(value, name)
        self._log_columns(name, {None: column}, MetricKind.SCALAR, description)

    def log_row(self, name: str, description: str | None = None, **kwargs: object) -> None:
        """Log one row: a value for each of some columns.

        Rows of one metric may differ in their columns.

        Parameters
        ----------
        name : str
            The metric.
        description : str, optional
            What the metric means.
        **kwargs
            The values by column.

        Raises
        ------
        InvalidMetric
            Without a column, or for a list in place of a value.
        RunIsTerminal
            If the run has ended.
        """
        name = check_name(name)
        description = check_description(description, name)
        self._log_columns(name, tables.to_row(name, kwargs), MetricKind.ROW, description)

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Log several rows at once; further tables and rows of the name are appended.

        Parameters
        ----------
        name : str
            The metric.
        value : dict of str to list
            Equally long columns, or one value for each column.
        description : str, optional
            What the metric means.

        Raises
        ------
        InvalidMetric
            For uneven columns, and for a table without columns or rows.
        RunIsTerminal
            If the run has ended.
        """
        name = check_name(name)
        description = check_description(description, name)
        self._log_columns(name, tables.to_table(name, value), MetricKind.ROW, description)

    def log_image(self, name: str, path: object = None, plot: object = None, description: str = "") -> None:
        """Log a picture; it becomes a file of the run.

        Parameters
        ----------
        name : str
            The metric.
        path : str or path, optional
            A picture file: PNG, JPEG, GIF, BMP, TIFF, WebP, SGI, PBM/PGM/PPM, Sun raster, XBM or OpenEXR.
        plot : object, optional
            A matplotlib figure, the pyplot module, a PIL image, or an array of shape (height, width[, 3 or 4]).
        description : str, optional
            What the picture shows.

        Raises
        ------
        InvalidMetric
            For neither or both, and for what is no picture.
        RunIsTerminal
            If the run has ended.
        """
        from aml_widgets.tracking.images import to_picture

        name = check_name(name)
        description = check_description(description, name)
        picture = to_picture(name, path, plot, int(clock.now()))
        self._log_file(name, MetricKind.IMAGE, picture.path, picture.content, description)

    def log_confusion_matrix(self, name: str, value: object, description: str = "") -> None:
        """Log a confusion matrix.

        Parameters
        ----------
        name : str
            The metric, and the path of its file.
        value : dict or str
            ``{"schema_type": "confusion_matrix", "schema_version": "1.0.0", "data": {"class_labels": [...], "matrix":
            [[...], ...]}}`` or its JSON; what stands under ``data`` is enough.
        description : str, optional
            What the metric means.
        """
        self._log_document(name, value, documents.CONFUSION_MATRIX, description)

    def log_accuracy_table(self, name: str, value: object, description: str = "") -> None:
        """Log an accuracy table, from which ROC, precision-recall, lift and gain curves are drawn.

        Parameters
        ----------
        name : str
            The metric, and the path of its file.
        value : dict or str
            A document of schema type ``accuracy_table``, or its JSON.
        description : str, optional
            What the metric means.
        """
        self._log_document(name, value, documents.ACCURACY_TABLE, description)

    def log_residuals(self, name: str, value: object, description: str = "") -> None:
        """Log a histogram of residuals.

        Parameters
        ----------
        name : str
            The metric, and the path of its file.
        value : dict or str
            A document of schema type ``residuals`` with ``bin_edges`` and ``bin_counts``, or its JSON.
        description : str, optional
            What the metric means.
        """
        self._log_document(name, value, documents.RESIDUALS, description)

    def log_predictions(self, name: str, value: object, description: str = "") -> None:
        """Log predicted against true values, in bins.

        Parameters
        ----------
        name : str
            The metric, and the path of its file.
        value : dict or str
            A document of schema type ``predictions`` with ``bin_averages``, ``bin_errors``, ``bin_counts`` and ``bin_edges``, or
            its JSON.
        description : str, optional
            What the metric means.
        """
        self._log_document(name, value, documents.PREDICTIONS, description)

    # -- read

    def get_metrics(
        self, name: str | None = None, recursive: bool = False, run_type: str | None = None, populate: bool = False
    ) -> dict[str, Any]:
        """Read what was logged.

        Parameters
        ----------
        name : str, optional
            Only this metric.
        recursive : bool, optional
            Of all runs below this one, too.
        run_type : str, optional
            With `recursive`, only of descendants of this type.
        populate : bool, optional
            Give pictures and documents with their content, not as the URI of their file.

        Returns
        -------
        dict
            By the metric's name: a value that was logged once as it is, several as a list, rows as a dict of columns. With
            `recursive`, such a dict by run id; runs without metrics are left out.
        """
        if not recursive:
            return self._read_metrics(self._run_id, name, populate)
        below = RunQuery(parent_run_id=self._run_id, include_children=True)
        run_ids = [self._run_id, *(one.run_id for one in iterate_runs(self._store, below, run_type=run_type))]
        found: dict[str, Any] = {}
        for start in range(0, len(run_ids), _SUMMARIES_AT_ONCE):
            some = run_ids[start : start + _SUMMARIES_AT_ONCE]
            summaries = self._store.latest_metrics(some)
            for run_id in some:
                metrics = self._read_metrics(run_id, name, populate, summaries.get(run_id, ()))
                if metrics:
                    found[run_id] = metrics
        return found

    def get_metric_history(self, name: str, column: str | None = None) -> PointHistory:
        """Read every point of a metric with its step and time.

        Parameters
        ----------
        name : str
            The metric.
        column : str, optional
            Of rows, only this column. Without it, each value is a dict of the row's cells.

        Returns
        -------
        PointHistory
            Has ``steps``, ``values`` and ``times``; iterating gives points with ``step``, ``value`` and ``logged_at``.

        Raises
        ------
        NotFound
            If the run has no such metric or column.
        """
        summaries = self._store.summarize_metrics(self._run_id)
        columns = [summary.key.column for summary in summaries if summary.key.name == name]
        if not columns:
            known = ", ".join(dict.fromkeys(repr(summary.key.name) for summary in summaries)) or "none"
            raise NotFound(f"Run {self._run_id} has no metric {name!r}. It has: {known}.", value=name)
        if column is None and columns != [None]:
            histories = self._store.read_histories(self._run_id, [name])
            rows = Rows({key.column: history for key, history in histories.items()})
            steps, times = rows.steps_and_times()
            cells = rows.columns()
            values = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
            return PointHistory(name, steps, values, times)
        if column not in columns:
            known = ", ".join(map(repr, columns))
            raise NotFound(
                f"Metric {name!r} of run {self._run_id} has no column {column!r}. It has: {known}.", value=column
            )
        history = self._store.read_history(self._run_id, name, column)
        values_of_one = to_list(history) if isinstance(history.values, list) else history.values
        return PointHistory(name, history.steps, values_of_one, history.times)

    # -- inside

    def _try(self, count: int, write: Callable[..., object], *arguments: object) -> None:
        try:
            write(*arguments)
        except LOST as error:
            self._lose(error, count)

    def _log_described(self, name: str, value: MetricValue, description: str, step: int | None) -> None:
        if description and self._descriptions.get(name) != description:
            self._store.log_columns(self._run_id, name, {None: []}, description=description)
            self._descriptions[name] = description
        self._log_metric(self._run_id, name, value, step)

    def _log_columns(
        self, name: str, columns: Mapping[str | None, Sequence[MetricValue]], kind: MetricKind, description: str
    ) -> None:
        count = max(map(len, columns.values()))
        try:
            self._store.log_columns(self._run_id, name, columns, kind=kind, description=description)
        except LOST as error:
            self._lose(error, count)

    def _log_document(self, name: str, value: object, schema: documents.Schema, description: str) -> None:
        from aml_widgets.tracking.images import safe_file_name

        name = check_name(name)
        description = check_description(description, name)
        content = documents.to_document(name, value, schema)
        self._log_file(name, schema.kind, safe_file_name(name), content, description)

    def _log_file(self, name: str, kind: MetricKind, wished_path: str, content: object, description: str) -> None:
        """Write a file, and its URI as a point; the point's kind is checked before the file is written."""
        self._try(1, self._write_file_and_point, name, kind, wished_path, content, description)

    def _write_file_and_point(
        self, name: str, kind: MetricKind, wished_path: str, content: Any, description: str
    ) -> None:
        # Nothing is written for a run that has ended, or under a name that holds something else.
        self._store.log_columns(self._run_id, name, {None: []}, kind=kind, description=description)
        path = self._put_beside(wished_path, content)
        self._store.log_columns(self._run_id, name, {None: [artifact_uri(self._run_id, path)]}, kind=kind)

    def _put_beside(self, wished_path: str, content: Any) -> str:
        """Write a file under the path, or under the next one with a number that no other file has."""
        from aml_widgets.tracking.images import numbered

        number = 0
        while True:
            path = wished_path if number == 0 else numbered(wished_path, number)
            try:
                self._put(path, io.BytesIO(content) if isinstance(content, bytes) else content)
            except ArtifactExists:
                number += 1
            else:
                return path

    def _read_metrics(
        self, run_id: str, name: str | None, populate: bool, summaries: Sequence[Summary] | None = None
    ) -> dict[str, Any]:
        return read_metrics(
            self._store,
            run_id,
            name,
            summaries=summaries,
            populate=self._populate if populate else None,
        )

    def _populate(self, kind: MetricKind, uri: str) -> object:
        from aml_widgets.tracking.metric_files import read_artifact

        return read_artifact(self._store, kind, uri)


def artifact_uri(run_id: str, path: str) -> str:
    """Give v1's URI of a file of a run."""
    return f"aml://artifactId/ExperimentRun/dcid.{run_id}/{path}"


def _check_values(values: object) -> dict[str, MetricValue]:
    if not isinstance(values, Mapping):
        raise InvalidMetric(
            f"log_metrics takes a dict of metric names and values, got {show(values)}, {show_type(values)}. "
            "Use log(name, value) for one.",
            value=values,
        )
    return {check_name(name): to_value(value, str(name)) for name, value in values.items()}
