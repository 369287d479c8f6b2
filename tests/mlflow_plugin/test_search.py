"""Finding runs in MLflow's language gives what MLflow's own store gives."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

from aml_widgets import Experiment, Workspace

FILTERS = [
    None,
    "metrics.loss < 0.5",
    "metrics.loss >= 0.25 and params.alpha != '1'",
    "metrics.`val loss` != 3",
    "tags.mlflow.runName IS NOT NULL and metrics.loss > 0",
    "params.alpha LIKE '1%'",
    "params.beta IS NULL",
    "tags.owner = 'ada'",
    "tags.owner != 'ada'",
    "tags.owner ILIKE 'A%' and metrics.loss > 0.1",
    "tags.mlflow.runName LIKE 'run 1%'",
    "attributes.run_name LIKE '%5'",
    "attributes.status = 'FINISHED'",
    "status != 'FAILED'",
    "attributes.start_time > 1600000000500",
    "attributes.end_time <= 1600000001500",
    "attributes.user_id = 'nobody'",
    "dataset.name = 'nothing'",
]
ORDERS = [
    None,
    ["metrics.loss ASC"],
    ["metrics.loss DESC"],
    ["metrics.`val loss` DESC", "params.alpha ASC"],
    ["params.alpha DESC", "start_time DESC"],
    ["tags.owner ASC", "attributes.run_name DESC"],
    ["attributes.status ASC", "attributes.start_time DESC"],
    ["attributes.end_time DESC"],
]


def fill(client: MlflowClient) -> str:
    """Make the same runs in any store."""
    chance = random.Random(7)
    experiment_id = str(client.create_experiment("ridge"))
    for i in range(30):
        run = client.create_run(experiment_id, start_time=1_600_000_000_000 + 50 * i, run_name=f"run {i}")
        run_id = run.info.run_id
        metrics = [Metric("loss", chance.choice([0.1, 0.25, 0.5, math.nan]), t, 0) for t in range(chance.randint(0, 3))]
        if i % 3:
            metrics.append(Metric("val loss", float(i % 4), 0, 0))
        params = [Param("alpha", str(i % 12))] + ([Param("beta", "x")] if i % 2 else [])
        tags = [RunTag("owner", chance.choice(["ada", "bob"]))] if i % 5 else []
        client.log_batch(run_id, metrics, params, tags)
        if i % 4:
            client.set_terminated(run_id, chance.choice(["FINISHED", "FAILED", "KILLED"]), 1_600_000_000_000 + 60 * i)
        if i % 10 == 9:
            client.delete_run(run_id)
    return experiment_id


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[MlflowClient, str]]:
    """Ours and MLflow's own store, with the same runs."""
    folder = tmp_path_factory.mktemp("search")
    workspace = Workspace.open(folder / "ours")
    clients = [MlflowClient(workspace.get_mlflow_tracking_uri()), MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")]
    return [(client, fill(client)) for client in clients]


@pytest.mark.filterwarnings("default")
def names(client: MlflowClient, experiment_id: str, **query: Any) -> list[str]:
    return [run.info.run_name for run in client.search_runs([experiment_id], **query)]


@pytest.mark.parametrize("filter_string", FILTERS)
def test_a_filter_finds_what_mlflow_finds(both: list[tuple[MlflowClient, str]], filter_string: str | None) -> None:
    ours, theirs = (sorted(names(*one, filter_string=filter_string)) for one in both)

    assert ours == theirs
    assert ours or filter_string in ("attributes.user_id = 'nobody'", "dataset.name = 'nothing'")


@pytest.mark.parametrize("order_by", ORDERS)
def test_an_order_is_mlflows(both: list[tuple[MlflowClient, str]], order_by: list[str] | None) -> None:
    ours, theirs = (names(*one, order_by=order_by) for one in both)

    assert ours == theirs


@pytest.mark.parametrize("view", [ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL])
def test_views_are_mlflows(both: list[tuple[MlflowClient, str]], view: int) -> None:
    ours, theirs = (sorted(names(*one, run_view_type=view)) for one in both)

    assert ours == theirs != []


def test_pages_give_every_run_once(both: list[tuple[MlflowClient, str]]) -> None:
    client, experiment_id = both[0]
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        page = client.search_runs([experiment_id], max_results=7, order_by=["metrics.loss"], page_token=token or None)
        assert len(page) <= 7
        found += [run.info.run_id for run in page]
        token = page.token

    assert found == [run.info.run_id for run in client.search_runs([experiment_id], order_by=["metrics.loss"])]


def test_no_bound_means_all_runs(both: list[tuple[MlflowClient, str]]) -> None:
    client, experiment_id = both[0]

    found = client._tracking_client.store.search_runs([experiment_id], None, ViewType.ALL, max_results=None)

    everything = client.search_runs([experiment_id], run_view_type=ViewType.ALL)
    assert [run.info.run_id for run in found] == [run.info.run_id for run in everything] != []
    assert found.token is None


@pytest.mark.parametrize(
    ("bound", "rule"), [(None, "a positive integer"), (0, "a positive integer"), (10**6, "at most 50000")]
)
def test_a_wrong_bound_is_told_what_is_wrong_with_it(client: MlflowClient, bound: int | None, rule: str) -> None:
    with pytest.raises(MlflowException, match=f"Invalid value {bound} for parameter 'max_results'.*{rule}"):
        client.search_experiments(max_results=bound)


def test_what_is_found_has_all_that_a_run_has(both: list[tuple[MlflowClient, str]]) -> None:
    client, experiment_id = both[0]

    for run in client.search_runs([experiment_id], max_results=5):
        same = client.get_run(run.info.run_id)
        assert (dict(run.info), run.data.params, run.data.tags) == (dict(same.info), same.data.params, same.data.tags)
        assert repr(run.data.metrics) == repr(same.data.metrics)


def test_wrong_words_are_mlflows_errors(both: list[tuple[MlflowClient, str]]) -> None:
    client, experiment_id = both[0]

    wrong: list[dict[str, Any]] = [
        {"filter_string": "nonsense"},
        {"filter_string": "metrics.loss LIKE 'a'"},
        {"order_by": ["nonsense.x"]},
        {"max_results": 0},
        {"max_results": 10**6},
    ]
    for query in wrong:
        with pytest.raises(MlflowException) as caught:
            client.search_runs([experiment_id], **query)
        assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert client.search_runs(["nothing"]) == []


def test_a_change_on_our_side_is_found_at_once(client: MlflowClient, workspace: Workspace) -> None:
    experiment = Experiment(workspace, "ridge")
    run = experiment.start_logging(outputs=False)
    assert client.search_runs([experiment.id], "metrics.loss < 1") == []

    run.log("loss", 0.5)
    assert len(client.search_runs([experiment.id], "metrics.loss < 1")) == 1
    run.log("loss", 1.5)
    assert client.search_runs([experiment.id], "metrics.loss < 1") == []
    run.complete()


def test_paths_need_no_workspace_of_mlflows(both: list[tuple[MlflowClient, str]], tmp_path: Path) -> None:
    assert not (tmp_path / "mlruns").exists()
    assert not Path("mlruns").exists()
