"""Handing files over to be registered, with what is noted of them."""

from __future__ import annotations

from collections.abc import Iterable

from aml_widgets.core.errors import InvalidModel, UserError
from aml_widgets.core.records import ModelFile, ModelRecord, NewModel, RunRecord
from aml_widgets.store.protocol import ModelStore
from aml_widgets.tracking import facts
from aml_widgets.tracking.provenance import find_user
from aml_widgets.tracking.values import check_unicode, show, show_type


def register_files(
    models: ModelStore,
    name: str,
    path: str,
    files: Iterable[ModelFile],
    *,
    tags: object,
    properties: object,
    model_framework: object,
    model_framework_version: object,
    description: object,
    run: RunRecord | None = None,
) -> ModelRecord:
    """Register files that were found; the name is checked already."""
    new_model = NewModel(
        name=name,
        path=path,
        run_id=None if run is None else run.run_id,
        experiment_name=None if run is None else run.experiment_name,
        description=to_text_or_none("description", description),
        framework=to_text_or_none("model_framework", model_framework),
        framework_version=to_text_or_none("model_framework_version", model_framework_version),
        created_by=find_user(),
        tags={} if tags is None else facts.to_tags(tags),
        properties={} if properties is None else facts.to_properties(properties),
    )
    return models.create_model(new_model, files)


def refuse_cloud_arguments(**arguments: object) -> None:
    """Refuse what has no meaning here, rather than lose it without a word."""
    for name, value in arguments.items():
        if value is not None:
            raise UserError(
                f"There are no datasets and no deployments here, got {name}={show(value)}. Leave it out; what the model was made "
                "of can be noted in its properties.",
                value=value,
            )


def to_text_or_none(what: str, value: object) -> str | None:
    """Check a note for people.

    Raises
    ------
    InvalidModel
        For what is no text.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidModel(
            f"The model's {what} must be text, got {show(value)}, {show_type(value)}. Use str(...).", value=value
        )
    return check_unicode(value, f"The model's {what}")
