"""Where the file lies that a metric of pictures or documents was logged as."""

from __future__ import annotations

from aml_widgets.core.records import MetricKind, MetricValue
from aml_widgets.widgets.view_state import MetricState


def artifact_path(metric: MetricState) -> str | None:
    """Give the path of the file behind a picture or another kind that is kept as a file, None for the others."""
    if metric.kind in (MetricKind.SCALAR, MetricKind.ROW):
        return None
    return path_in(metric.columns[None].last) if None in metric.columns else None


def path_in(value: MetricValue) -> str | None:
    """Give the path that was logged, by itself or within v1's URI ``aml://artifactId/ExperimentRun/dcid.<run id>/<path>``."""
    if not isinstance(value, str):
        return None
    head, mark, rest = value.partition("/dcid.")
    return rest.partition("/")[2] if mark and head.startswith("aml://") else value
