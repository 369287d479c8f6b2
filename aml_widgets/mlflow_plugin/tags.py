"""The tag in which a run names its models, as MLflow had it before there were logged models."""

from __future__ import annotations

import json
from typing import Any

from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_MODELS

from aml_widgets.core.records import Tags


def add_logged_model(tags: Tags, model: Any) -> str:
    """Give the new value of the tag. Raises TypeError for what is no model."""
    from mlflow.models import Model

    if not isinstance(model, Model):
        raise TypeError(f"Argument 'mlflow_model' should be mlflow.models.Model, got '{type(model)}'")
    known = json.loads(tags.get(MLFLOW_LOGGED_MODELS) or "[]")
    return json.dumps([*known, model.get_tags_dict()])
