"""Finding runs in MLflow's filter language and order.

MLflow reads the language; which runs there are is asked of our store once, as rows, and their metrics are looked up only where they are asked
for. MLflow's entities are made for one page alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mlflow.entities import Run, RunInfo, RunInputs, RunOutputs, ViewType
from mlflow.utils.search_utils import SearchUtils

from aml_widgets.core.errors import ExperimentNotFound
from aml_widgets.core.records import RunQuery, RunRecord, RunView
from aml_widgets.mlflow_plugin.entities import to_run_data, to_run_info, to_tags
from aml_widgets.mlflow_plugin.experiments import Experiments
from aml_widgets.mlflow_plugin.inputs import Inputs
from aml_widgets.mlflow_plugin.metrics import Latest, Metrics, to_metrics
from aml_widgets.mlflow_plugin.place import Place

_ALL = 10**9


@dataclass
class _Data:
    """What MLflow's language asks of a run's data."""

    record: RunRecord
    latest: dict[str, Latest]

    @cached_property
    def metrics(self) -> dict[str, float]:
        return {name: point.value for name, point in self.latest.items()}

    @property
    def params(self) -> dict[str, str]:
        return dict(self.record.params)

    @cached_property
    def tags(self) -> dict[str, str]:
        return to_tags(self.record)


@dataclass
class _Row:
    """A run as MLflow's language looks at it: by the attributes of an entity."""

    info: RunInfo
    data: _Data
    inputs: RunInputs
    outputs: RunOutputs


class Search:
    """Searches the runs of a workspace, for MLflow.

    Parameters
    ----------
    place : Place
        The workspace.
    experiments : Experiments
        Its experiments.
    metrics : Metrics
        The metrics of its runs.
    inputs : Inputs
        What runs were given and made.
    """

    def __init__(self, place: Place, experiments: Experiments, metrics: Metrics, inputs: Inputs) -> None:
        self._place = place
        self._store = place.store
        self._experiments = experiments
        self._metrics = metrics
        self._inputs = inputs

    def search(
        self,
        experiment_ids: Iterable[object],
        filter_string: str | None,
        run_view_type: int,
        max_results: int | None,
        order_by: list[str] | None,
        page_token: str | None,
    ) -> tuple[list[Run], str | None]:
        """Give a page of runs, and the token of the next one. Without `max_results` there is one page."""
        rows = self._rows(list(experiment_ids), run_view_type)
        if _asks_for_metrics(filter_string, order_by):
            self._read_metrics(rows)
        found = SearchUtils.sort(SearchUtils.filter(rows, filter_string), order_by)
        page, token = SearchUtils.paginate(found, page_token, len(found) if max_results is None else max_results)
        missing = [row for row in page if not row.data.latest]
        self._read_metrics(missing)
        return [
            Run(row.info, to_run_data(row.data.record, to_metrics(row.data.latest)), row.inputs, row.outputs)
            for row in page
        ], token

    def _rows(self, experiment_ids: Sequence[object], view_type: int) -> list[_Row]:
        rows = []
        default, locations = self._place.run_files_uri(), self._experiments.locations()
        for experiment_id in dict.fromkeys(map(str, experiment_ids)):
            try:
                experiment = self._experiments.find(experiment_id)
            except ExperimentNotFound:
                continue  # as MLflow: where there is no experiment there are no runs
            inputs = self._inputs.get_all(experiment.experiment_id)
            none = self._inputs.none()
            location = locations.get(experiment.experiment_id, default)
            for record, is_deleted in self._records(
                experiment.experiment_id, view_type, is_archived=experiment.archived_at is not None
            ):
                info = to_run_info(record, location, is_deleted=is_deleted)
                rows.append(_Row(info, _Data(record, {}), *inputs.get(record.run_id, none)))
        return rows

    def _records(self, experiment_id: str, view_type: int, *, is_archived: bool) -> Iterable[tuple[RunRecord, bool]]:
        for view in (RunView.ALL, RunView.TRASH):
            is_deleted = is_archived or view is RunView.TRASH
            if view_type == ViewType.ALL or is_deleted == (view_type == ViewType.DELETED_ONLY):
                query = RunQuery(experiment_id=experiment_id, include_children=True, view=view, limit=_ALL)
                for record in self._store.list_runs(query).runs:
                    yield record, is_deleted

    def _read_metrics(self, rows: Sequence[_Row]) -> None:
        latest = self._metrics.latest([row.info.run_id for row in rows])
        for row in rows:
            row.data = _Data(row.data.record, latest[row.info.run_id])


def _asks_for_metrics(filter_string: str | None, order_by: list[str] | None) -> bool:
    kinds: list[Any] = [one.get("type") for one in SearchUtils.parse_search_filter(filter_string)]
    kinds += [SearchUtils.parse_order_by_for_search_runs(one)[0] for one in order_by or []]
    return "metric" in kinds
