"""Where the file lies that a picture or a document was logged as."""

from __future__ import annotations

from aml_widgets.core.records import MetricValue


def path_in(value: MetricValue) -> str | None:
    """Give the path that was logged, by itself or within v1's URI ``aml://artifactId/ExperimentRun/dcid.<run id>/<path>``."""
    if not isinstance(value, str):
        return None
    head, mark, rest = value.partition("/dcid.")
    return rest.partition("/")[2] if mark and head.startswith("aml://") else value
