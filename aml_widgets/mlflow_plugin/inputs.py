"""What runs were given and made: data sets, and models of MLflow's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    RunInputs,
    RunOutputs,
    _DatasetSummary,
)
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from mlflow.utils.validation import _validate_dataset_inputs

from aml_widgets.core.records import RunRecord
from aml_widgets.store.protocol import RunStore

_KIND = "mlflow.inputs"
_MAX_SUMMARIES = 1_000
_DATASET_FIELDS = ("name", "digest", "source_type", "source", "schema", "profile")

_Facts = dict[str, list[Any]]


class Inputs:
    """Inputs and outputs of the runs of a workspace, one JSON text for each run.

    Parameters
    ----------
    store : RunStore
        Keeps them.
    """

    def __init__(self, store: RunStore) -> None:
        self._store = store

    # -- read

    def get(self, run_id: str) -> tuple[RunInputs, RunOutputs]:
        """Read what a run has."""
        text = self._store.extras.get(_KIND, run_id)
        return self.none() if text is None else _to_entities(json.loads(text))

    def get_all(self, experiment_id: str) -> dict[str, tuple[RunInputs, RunOutputs]]:
        """Read what the runs of an experiment have; those that have nothing are left out."""
        texts = self._store.extras.list(_KIND, experiment_id=experiment_id)
        return {run_id: _to_entities(json.loads(text)) for run_id, text in texts}

    def none(self) -> tuple[RunInputs, RunOutputs]:
        """Give what a run has that has nothing."""
        return RunInputs(dataset_inputs=[], model_inputs=[]), RunOutputs([])

    def summarize_datasets(self, experiment_ids: Iterable[str]) -> list[_DatasetSummary]:
        """Name the data sets of some experiments, each once for a context."""
        found: dict[tuple[str, str, str, str | None], None] = {}
        for experiment_id in experiment_ids:
            for inputs, _ in self.get_all(experiment_id).values():
                for one in inputs.dataset_inputs:
                    contexts = [tag.value for tag in one.tags if tag.key == MLFLOW_DATASET_CONTEXT]
                    found[experiment_id, one.dataset.name, one.dataset.digest, contexts[0] if contexts else None] = None
        return [_DatasetSummary(*one) for one in list(found)[:_MAX_SUMMARIES]]

    # -- written

    def add_inputs(
        self, record: RunRecord, datasets: Sequence[DatasetInput] | None, models: Sequence[LoggedModelInput] | None
    ) -> None:
        """Add what a run was given. A data set that it has already stays as it is."""
        for one in datasets or []:
            if one.dataset is None:
                raise MlflowException(
                    "Dataset input must have a dataset associated with it.", error_code=databricks_pb2.INTERNAL_ERROR
                )
        _validate_dataset_inputs(list(datasets or []))
        new_datasets = [_describe_dataset(one) for one in datasets or []]
        new_models = [model.model_id for model in models or []]

        def add(facts: _Facts) -> None:
            known = {(one["dataset"]["name"], one["dataset"]["digest"]) for one in facts["datasets"]}
            for one in new_datasets:
                key = (one["dataset"]["name"], one["dataset"]["digest"])
                if key not in known:
                    known.add(key)
                    facts["datasets"].append(one)
            facts["models"] += [model_id for model_id in new_models if model_id not in facts["models"]]

        self._change(record, add)

    def add_outputs(self, record: RunRecord, models: Sequence[LoggedModelOutput]) -> None:
        """Add models that a run has made."""
        new = [[model.model_id, model.step] for model in models]
        self._change(record, lambda facts: facts["outputs"].extend(new))

    def _change(self, record: RunRecord, change: Callable[[_Facts], None]) -> None:
        def rewrite(text: str | None) -> str:
            facts: _Facts = {"datasets": [], "models": [], "outputs": []} if text is None else json.loads(text)
            change(facts)
            return json.dumps(facts)

        self._store.extras.update(
            _KIND, record.run_id, rewrite, run_id=record.run_id, experiment_id=record.experiment_id
        )


def _describe_dataset(given: DatasetInput) -> dict[str, Any]:
    return {
        "dataset": {field: getattr(given.dataset, field) for field in _DATASET_FIELDS},
        "tags": [[tag.key, tag.value] for tag in given.tags or []],
    }


def _to_entities(facts: _Facts) -> tuple[RunInputs, RunOutputs]:
    datasets = [
        DatasetInput(Dataset(**one["dataset"]), [InputTag(key, value) for key, value in one["tags"]])
        for one in facts["datasets"]
    ]
    models = [LoggedModelInput(model_id) for model_id in facts["models"]]
    outputs = [LoggedModelOutput(model_id, step) for model_id, step in facts["outputs"]]
    return RunInputs(dataset_inputs=datasets, model_inputs=models), RunOutputs(outputs)
