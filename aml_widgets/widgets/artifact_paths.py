"""Where the file lies that a metric of pictures or documents was logged as."""

from __future__ import annotations

from aml_widgets.core.artifact_paths import path_in
from aml_widgets.core.records import MetricKind
from aml_widgets.widgets.view_state import MetricState


def artifact_path(metric: MetricState) -> str | None:
    """Give the path of the file behind a picture or another kind that is kept as a file, None for the others."""
    if metric.kind in (MetricKind.SCALAR, MetricKind.ROW):
        return None
    return path_in(metric.columns[None].last) if None in metric.columns else None
