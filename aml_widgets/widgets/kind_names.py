"""What documents and pictures are called, wherever they are named."""

from __future__ import annotations

from aml_widgets.core.records import MetricKind

KIND_NAMES = {
    MetricKind.CONFUSION_MATRIX: "confusion matrix",
    MetricKind.ACCURACY_TABLE: "accuracy table",
    MetricKind.RESIDUALS: "residuals",
    MetricKind.PREDICTIONS: "predictions",
    MetricKind.IMAGE: "picture",
}
