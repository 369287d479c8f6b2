"""Logged models of MLflow 3: made by a run as a rule, with files of their own and metrics."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from mlflow.entities import LoggedModel, LoggedModelParameter, LoggedModelStatus, LoggedModelTag, Metric
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.store.entities.paged_list import PagedList
from mlflow.utils.name_utils import _generate_random_name
from mlflow.utils.search_utils import SearchLoggedModelsPaginationToken, SearchLoggedModelsUtils
from mlflow.utils.validation import _validate_logged_model_name

from aml_widgets.core import clock
from aml_widgets.core.errors import RunNotFound
from aml_widgets.core.records import RunRecord
from aml_widgets.mlflow_plugin.entities import ARTIFACTS, below, to_milliseconds
from aml_widgets.mlflow_plugin.experiments import Experiments
from aml_widgets.mlflow_plugin.place import Place
from aml_widgets.store.protocol import RunStore

_KIND = "mlflow.logged_model"
_MODELS = "models"
_DEFAULT_PAGE = 100

_Facts = dict[str, Any]


class LoggedModels:
    """The logged models of a workspace, one JSON text each.

    Of a metric that is logged to a model again and again the latest point is kept here, for each run and data set; the run has all of them.

    Parameters
    ----------
    place : Place
        The workspace.
    experiments : Experiments
        Its experiments.
    """

    def __init__(self, place: Place, experiments: Experiments) -> None:
        self._place = place
        self._store: RunStore = place.store
        self._experiments = experiments

    # -- read

    def get(self, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
        """Read a model."""
        text = self._store.extras.get(_KIND, model_id)
        facts = None if text is None else json.loads(text)
        if facts is None or (facts["is_deleted"] and not allow_deleted):
            raise _not_found(model_id)
        return _to_entity(facts)

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None,
        datasets: list[dict[str, Any]] | None,
        max_results: int | None,
        order_by: list[dict[str, Any]] | None,
        page_token: str | None,
    ) -> PagedList[LoggedModel]:
        """Find models in MLflow's filter language. A page token is one of the very search that gave it."""
        if datasets and not all(one.get("dataset_name") for one in datasets):
            raise MlflowException(
                "`dataset_name` in the `datasets` clause must be specified.",
                error_code=databricks_pb2.INVALID_PARAMETER_VALUE,
            )
        asked = (list(experiment_ids), filter_string or None, order_by or None)
        given = SearchLoggedModelsPaginationToken(*asked)
        if page_token:
            given = SearchLoggedModelsPaginationToken.decode(page_token)
            given.validate(*asked)
        known = {one.experiment_id for one in map(self._experiments.find, experiment_ids)}
        models = [json.loads(text) for one in known for _, text in self._store.extras.list(_KIND, experiment_id=one)]
        found = [_to_comparable(facts) for facts in models if not facts["is_deleted"]]
        found = SearchLoggedModelsUtils.filter_logged_models(found, filter_string, datasets)
        found = SearchLoggedModelsUtils.sort(found, order_by)
        start, end = given.offset, given.offset + (max_results or _DEFAULT_PAGE)
        token = replace(given, offset=end).encode() if end < len(found) else None
        return PagedList([_as_given(model) for model in found[start:end]], token)

    # -- written

    def create(
        self,
        experiment_id: str,
        name: str | None,
        source_run_id: str | None,
        tags: Sequence[LoggedModelTag] | None,
        params: Sequence[LoggedModelParameter] | None,
        model_type: str | None,
    ) -> LoggedModel:
        """Create a model whose files are still to come: below those of its run, where it has one in this workspace."""
        _validate_logged_model_name(name)
        experiment = self._experiments.find_active(experiment_id)
        model_id = f"m-{uuid.uuid4().hex}"
        location = self._experiments.location_of(experiment.experiment_id)
        run = self._find_run(source_run_id)
        if run is None:
            artifact_location = below(location, _MODELS, model_id, ARTIFACTS)
        else:
            location = self._experiments.location_of(run.experiment_id)
            artifact_location = below(location, run.run_id, ARTIFACTS, _MODELS, model_id)
        now = to_milliseconds(clock.now())
        facts: _Facts = {
            "experiment_id": experiment.experiment_id,
            "model_id": model_id,
            "name": name or _generate_random_name(),
            "artifact_location": artifact_location,
            "creation_timestamp": now,
            "last_updated_timestamp": now,
            "model_type": model_type,
            "source_run_id": source_run_id,
            "status": LoggedModelStatus.PENDING.to_int(),
            "tags": {tag.key: tag.value for tag in tags or []},
            "params": {param.key: param.value for param in params or []},
            "metrics": [],
            "is_deleted": False,
        }
        run_id = None if run is None else run.run_id
        self._store.extras.put(
            _KIND, model_id, json.dumps(facts), run_id=run_id, experiment_id=experiment.experiment_id
        )
        return _to_entity(facts)

    def _find_run(self, run_id: str | None) -> RunRecord | None:
        try:
            return None if run_id is None else self._store.get_run(run_id)
        except RunNotFound:
            return None

    def finalize(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say that all of a model is there, or that it failed."""
        return self._change(model_id, lambda facts: facts.update(status=LoggedModelStatus(status).to_int()))

    def delete(self, model_id: str) -> None:
        """Hide a model; its files stay."""
        self._change(model_id, lambda facts: facts.update(is_deleted=True))

    def set_tags(self, model_id: str, tags: Sequence[LoggedModelTag]) -> None:
        """Set tags."""
        self._change(model_id, lambda facts: facts["tags"].update({tag.key: tag.value for tag in tags}))

    def delete_tag(self, model_id: str, key: str) -> None:
        """Remove a tag."""

        def remove(facts: _Facts) -> None:
            if key not in facts["tags"]:
                raise MlflowException(
                    f"No tag with key {key!r} found for model with ID {model_id!r}.",
                    error_code=databricks_pb2.RESOURCE_DOES_NOT_EXIST,
                )
            del facts["tags"][key]

        self._change(model_id, remove)

    def log_params(self, model_id: str, params: Sequence[LoggedModelParameter]) -> None:
        """Set parameters."""
        self._change(model_id, lambda facts: facts["params"].update({param.key: param.value for param in params}))

    def log_metrics(self, run_id: str, metrics: Sequence[Metric]) -> None:
        """Keep the latest point of each metric that was logged to a model, for each run and data set."""
        of_models: dict[str, list[Metric]] = {}
        for metric in metrics:
            if metric.model_id is not None:
                of_models.setdefault(metric.model_id, []).append(metric)
        for model_id, its_metrics in of_models.items():
            new = [_describe_metric(metric, run_id) for metric in its_metrics]
            self._change(model_id, partial(_merge_metrics, new=new))

    def _change(self, model_id: str, change: Callable[[_Facts], object]) -> LoggedModel:
        def rewrite(text: str | None) -> str:
            if text is None:
                raise _not_found(model_id)
            facts: _Facts = json.loads(text)
            change(facts)
            facts["last_updated_timestamp"] = to_milliseconds(clock.now())
            return json.dumps(facts)

        return _to_entity(json.loads(self._store.extras.update(_KIND, model_id, rewrite)))


def _describe_metric(metric: Metric, run_id: str) -> dict[str, Any]:
    return {
        "key": metric.key,
        "value": float(metric.value),
        "timestamp": metric.timestamp,
        "step": metric.step or 0,
        "dataset_name": metric.dataset_name,
        "dataset_digest": metric.dataset_digest,
        "run_id": run_id,
    }


def _merge_metrics(facts: _Facts, *, new: Sequence[dict[str, Any]]) -> None:
    known = {_identity(one): one for one in facts["metrics"]}
    for one in new:
        old = known.get(_identity(one))
        if old is None or (one["step"], one["timestamp"]) >= (old["step"], old["timestamp"]):
            known[_identity(one)] = one
    facts["metrics"] = list(known.values())


def _identity(metric: dict[str, Any]) -> tuple[object, ...]:
    return (metric["key"], metric["dataset_name"], metric["dataset_digest"], metric["run_id"])


def _to_entity(facts: _Facts) -> LoggedModel:
    return _as_given(_to_comparable(facts))


def _as_given(model: LoggedModel) -> LoggedModel:
    """Say that there are no metrics as MLflow does, whose own search cannot read that."""
    model.metrics = model.metrics or None
    return model


def _to_comparable(facts: _Facts) -> LoggedModel:
    given = {key: value for key, value in facts.items() if key not in ("metrics", "is_deleted")}
    metrics = [Metric(**one, model_id=facts["model_id"]) for one in facts["metrics"]]
    return LoggedModel(**given, metrics=metrics)


def _not_found(model_id: str) -> MlflowException:
    return MlflowException(
        f"Logged model with ID '{model_id}' not found.", error_code=databricks_pb2.RESOURCE_DOES_NOT_EXIST
    )
