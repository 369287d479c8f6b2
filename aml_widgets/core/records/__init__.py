"""Frozen values that travel between store, API and faces.

Times are float seconds since the epoch, UTC, in fields named ``…_at``.
"""

from aml_widgets.core.records.changes import RunChanges, RunListChanges
from aml_widgets.core.records.metrics import (
    Bucket,
    LatestMetric,
    MetricAspect,
    MetricHistory,
    MetricKey,
    MetricKind,
    MetricNews,
    MetricSummary,
    MetricValue,
    NewPoint,
)
from aml_widgets.core.records.models import ModelFile, ModelQuery, ModelRecord, NewModel
from aml_widgets.core.records.queries import (
    MetricCondition,
    MetricOrder,
    RunField,
    RunOrder,
    RunOrderKey,
    RunPage,
    RunQuery,
    RunView,
    TagCondition,
    TextCondition,
)
from aml_widgets.core.records.runs import (
    SCRIPT_RUN_TYPE,
    SNAPSHOT_ID,
    ArtifactRecord,
    ExperimentRecord,
    NewRun,
    RunError,
    RunRecord,
    Tags,
    ViewType,
    WriterProcess,
)

__all__ = [
    "SCRIPT_RUN_TYPE",
    "SNAPSHOT_ID",
    "ArtifactRecord",
    "Bucket",
    "ExperimentRecord",
    "LatestMetric",
    "MetricAspect",
    "MetricCondition",
    "MetricHistory",
    "MetricKey",
    "MetricKind",
    "MetricNews",
    "MetricOrder",
    "MetricSummary",
    "MetricValue",
    "ModelFile",
    "ModelQuery",
    "ModelRecord",
    "NewModel",
    "NewPoint",
    "NewRun",
    "RunChanges",
    "RunError",
    "RunField",
    "RunListChanges",
    "RunOrder",
    "RunOrderKey",
    "RunPage",
    "RunQuery",
    "RunRecord",
    "RunView",
    "TagCondition",
    "Tags",
    "TextCondition",
    "ViewType",
    "WriterProcess",
]
