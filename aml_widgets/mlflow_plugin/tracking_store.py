"""The tracking store that MLflow finds behind ``aml-widgets:///folder``: each call in terms of the modules beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlflow.entities import (
    DatasetInput,
    Experiment,
    ExperimentTag,
    LoggedModel,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    Run,
    RunInfo,
    RunStatus,
    RunTag,
    ViewType,
    _DatasetSummary,
)
from mlflow.entities.metric import MetricWithRunId
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.tracking import SEARCH_MAX_RESULTS_DEFAULT, SEARCH_MAX_RESULTS_THRESHOLD
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.mlflow_tags import MLFLOW_LOGGED_MODELS
from mlflow.utils.search_utils import SearchUtils
from mlflow.utils.validation import (
    _validate_batch_log_data,
    _validate_batch_log_limits,
    _validate_metric,
    _validate_param,
    _validate_param_keys_unique,
    _validate_run_id,
    _validate_tag,
)

from aml_widgets.mlflow_plugin import intervals
from aml_widgets.mlflow_plugin.answers import answering, in_mlflow_words, not_implemented
from aml_widgets.mlflow_plugin.experiments import Experiments
from aml_widgets.mlflow_plugin.inputs import Inputs
from aml_widgets.mlflow_plugin.logged_models import LoggedModels
from aml_widgets.mlflow_plugin.metrics import Metrics
from aml_widgets.mlflow_plugin.place import open_place
from aml_widgets.mlflow_plugin.runs import Runs
from aml_widgets.mlflow_plugin.search import Search
from aml_widgets.mlflow_plugin.tags import add_logged_model

_KEPT = frozenset(
    {
        "end_async_logging",
        "flush_async_logging",
        "get_metric_history_bulk_interval_from_steps",
        "log_batch_async",
        "log_metric_async",
        "log_param_async",
        "search_runs",
        "set_tag_async",
        "shut_down_async_logging",
    }
)
"""Methods of MLflow's class that call others, which are here."""


@answering(AbstractStore, kept=_KEPT)
class PluginTrackingStore(AbstractStore):
    """Keeps MLflow's experiments, runs and logged models in a workspace.

    Parameters
    ----------
    store_uri : str
        Names the workspace, which must be there (`Workspace.get_mlflow_tracking_uri`).
    artifact_uri : str, optional
        Where a tracking server was told to put files.
    """

    @in_mlflow_words
    def __init__(self, store_uri: str, artifact_uri: str | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # MLflow's
        place = open_place(store_uri, artifact_uri)
        self._metrics = Metrics(place.store)
        self._inputs = Inputs(place.store)
        self._experiments = Experiments(place)
        self._runs = Runs(place, self._experiments, self._metrics, self._inputs)
        self._search = Search(place, self._experiments, self._metrics, self._inputs)
        self._models = LoggedModels(place, self._experiments)

    # -- experiments

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = SEARCH_MAX_RESULTS_DEFAULT,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Find experiments."""
        _check_max_results(max_results)
        return self._experiments.search(view_type, max_results, filter_string, order_by, page_token)

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: list[ExperimentTag] | None = None
    ) -> str:
        """Create an experiment; give its id."""
        return self._experiments.create(name, artifact_location, tags)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Read an experiment, deleted or not."""
        return self._experiments.get(experiment_id)

    def get_experiment_by_name(self, experiment_name: str) -> Experiment | None:
        """Read the experiment of a name, deleted or not, None where there is none."""
        return self._experiments.get_by_name(experiment_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Archive an experiment."""
        self._experiments.set_deleted(experiment_id, is_deleted=True)

    def restore_experiment(self, experiment_id: str) -> None:
        """Make an experiment active again."""
        self._experiments.set_deleted(experiment_id, is_deleted=False)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an experiment another name."""
        self._experiments.rename(experiment_id, new_name)

    def set_experiment_tag(self, experiment_id: str, tag: ExperimentTag) -> None:
        """Set a tag of an experiment."""
        self._experiments.set_tag(experiment_id, tag)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag of an experiment."""
        self._experiments.delete_tag(experiment_id, key)

    def filter_active_experiment_ids(self, experiment_ids: list[str]) -> list[str]:
        """Give those of some experiments that are not deleted."""
        active = {one.experiment_id for one in self.search_experiments(max_results=SEARCH_MAX_RESULTS_THRESHOLD)}
        return [one for one in experiment_ids if one in active]

    # -- runs

    def get_run(self, run_id: str) -> Run:
        """Read a run, deleted or not."""
        return self._runs.get(run_id)

    def create_run(
        self,
        experiment_id: str,
        user_id: str | None,
        start_time: int | None,
        tags: list[RunTag] | None,
        run_name: str | None,
    ) -> Run:
        """Create a run that goes on."""
        return self._runs.create(experiment_id, user_id, start_time, tags or [], run_name)

    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> RunInfo:
        """Change a run's status and name."""
        status = None if run_status is None else RunStatus.to_string(run_status)
        return self._runs.update_info(run_id, status, end_time, run_name)

    def delete_run(self, run_id: str) -> None:
        """Put a run into the trash."""
        self._runs.delete(run_id)

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the trash."""
        self._runs.restore(run_id)

    def _search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None,
        run_view_type: int,
        max_results: int | None,
        order_by: list[str] | None,
        page_token: str | None,
    ) -> tuple[list[Run], str | None]:
        if max_results is not None:  # MLflow's word for all of them
            _check_max_results(max_results)
        return self._search.search(experiment_ids, filter_string, run_view_type, max_results, order_by, page_token)

    # -- what is logged

    def log_metric(self, run_id: str, metric: Metric) -> None:
        """Append a point."""
        _validate_metric(metric.key, metric.value, metric.timestamp, metric.step)
        self._log(run_id, [metric], [], [])

    def log_param(self, run_id: str, param: Param) -> None:
        """Set a parameter."""
        self._log(run_id, [], [_validate_param(param.key, param.value)], [])

    def set_tag(self, run_id: str, tag: RunTag) -> None:
        """Set a tag."""
        self._log(run_id, [], [], [_validate_tag(tag.key, tag.value)])

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag."""
        self._runs.delete_tag(run_id, key)

    def log_batch(
        self, run_id: str, metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]
    ) -> None:
        """Log much at once: all parameters or nothing of the call, then all points, then all tags."""
        _validate_run_id(run_id)
        metrics, params, tags = _validate_batch_log_data(metrics, params, tags)
        _validate_batch_log_limits(metrics, params, tags)
        _validate_param_keys_unique(params)
        self._log(run_id, metrics, params, tags)

    def _log(self, run_id: str, metrics: Sequence[Metric], params: Sequence[Param], tags: Sequence[RunTag]) -> None:
        record = self._runs.find_active(run_id)
        self._runs.claim(record)
        self._runs.log_params(run_id, params)
        self._runs.log_metrics(run_id, metrics)
        self._models.log_metrics(run_id, metrics)
        self._runs.set_tags(run_id, {tag.key: tag.value for tag in tags})

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """Note in a tag of the run that it has a model, as MLflow did before it had logged models."""
        record = self._runs.find_active(run_id)
        self._runs.set_tags(run_id, {MLFLOW_LOGGED_MODELS: add_logged_model(record.tags, mlflow_model)})

    # -- metrics, read

    def get_metric_history(
        self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None
    ) -> PagedList[Metric]:
        """Read the points of a metric in the order they were written."""
        self._runs.find(run_id)
        start = SearchUtils.parse_start_offset_from_page_token(page_token)
        points, count = self._metrics.history_page(run_id, metric_key, start, max_results)
        end = start + len(points)
        return PagedList(points, SearchUtils.create_page_token(end) if end < count else None)

    def get_metric_history_bulk(
        self, run_ids: Sequence[str], metric_key: str, max_results: int
    ) -> list[MetricWithRunId]:
        """Read the points of a metric of some runs, run by run."""
        found: list[MetricWithRunId] = []
        for run_id in sorted(run_ids):
            found += intervals.in_time(self._metrics.history(run_id, metric_key), run_id)
        return found[:max_results]

    def get_metric_history_bulk_interval(
        self,
        run_ids: Sequence[str],
        metric_key: str,
        max_results: int,
        start_step: int | None,
        end_step: int | None,
    ) -> list[MetricWithRunId]:
        """Read points of a metric that are spread evenly over those between two steps, for each of some runs."""
        intervals.check(start_step, end_step)
        found: list[MetricWithRunId] = []
        for run_id in run_ids:
            self._runs.find(run_id)
            points = self._metrics.history(run_id, metric_key)
            found += intervals.sample(points, run_id, max_results, start_step, end_step)
        return found

    def get_max_step_for_metric(self, run_id: str, metric_key: str) -> int:
        """Give the largest step of a metric, 0 where there is none."""
        self._runs.find(run_id)
        return max((point.step for point in self._metrics.history(run_id, metric_key)), default=0)

    # -- inputs and outputs

    def log_inputs(
        self,
        run_id: str,
        datasets: list[DatasetInput] | None = None,
        models: list[LoggedModelInput] | None = None,
    ) -> None:
        """Add data sets and models that a run was given."""
        _validate_run_id(run_id)
        if datasets is not None and not isinstance(datasets, list):
            raise TypeError(f"Argument 'datasets' should be a list, got '{type(datasets)}'")
        self._inputs.add_inputs(self._runs.find_active(run_id), datasets, models)

    def log_outputs(self, run_id: str, models: list[LoggedModelOutput]) -> None:
        """Add models that a run has made."""
        self._inputs.add_outputs(self._runs.find_active(run_id), models)

    def link_traces_to_run(self, trace_ids: list[str], run_id: str) -> None:  # noqa: ARG002 - MLflow's names
        """Refuse: there are no traces here. MLflow's class has no answer of its own to this call."""
        raise not_implemented("link_traces_to_run")

    def _search_datasets(self, experiment_ids: Sequence[str]) -> list[_DatasetSummary]:
        return self._inputs.summarize_datasets(self._experiments.find(one).experiment_id for one in experiment_ids)

    # -- logged models

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: list[LoggedModelTag] | None = None,
        params: list[LoggedModelParameter] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Create a model whose files are still to come."""
        return self._models.create(experiment_id, name, source_run_id, tags, params, model_type)

    def search_logged_models(
        self,
        experiment_ids: list[str],
        filter_string: str | None = None,
        datasets: list[dict[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: list[dict[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Find models."""
        return self._models.search(experiment_ids, filter_string, datasets, max_results, order_by, page_token)

    def finalize_logged_model(self, model_id: str, status: LoggedModelStatus) -> LoggedModel:
        """Say that all of a model is there, or that it failed."""
        return self._models.finalize(model_id, status)

    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        """Read a model."""
        return self._models.get(model_id, allow_deleted=allow_deleted)

    def delete_logged_model(self, model_id: str) -> None:
        """Hide a model."""
        self._models.delete(model_id)

    def set_logged_model_tags(self, model_id: str, tags: list[LoggedModelTag]) -> None:
        """Set tags of a model."""
        self._models.set_tags(model_id, tags)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag of a model."""
        self._models.delete_tag(model_id, key)

    def log_logged_model_params(self, model_id: str, params: list[LoggedModelParameter]) -> None:
        """Set parameters of a model."""
        self._models.log_params(model_id, params)


def _check_max_results(max_results: int | None) -> None:
    wrong = f"Invalid value {max_results!r} for parameter 'max_results' supplied."
    if not isinstance(max_results, int) or max_results < 1:
        raise MlflowException.invalid_parameter_value(f"{wrong} It must be a positive integer.")
    if max_results > SEARCH_MAX_RESULTS_THRESHOLD:
        raise MlflowException.invalid_parameter_value(
            f"{wrong} It must be at most {SEARCH_MAX_RESULTS_THRESHOLD}: ask for the rest with the page token."
        )
