"""Somebody deleted a file that values of a run are in: what else there is can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.core.records import MetricOrder, NewPoint, RunQuery
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from tests.mlflow_store.tracking_server import TrackingServer


def test_lists_show_all_runs_and_only_the_damaged_one_lacks_its_metrics(
    store: MlflowStore, server: TrackingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, sound = new_run(store).run_id, new_run(store).run_id
    for run_id in (damaged, sound):
        store.log_points(run_id, [NewPoint("loss", step / 2, step, 1e9 + step) for step in range(500)])
        assert store.wait_until_sent(run_id, 60) == 0
    [piece] = server.find_files(f"{damaged}/artifacts/aml_widgets/values/*")
    piece.unlink()
    reader = MlflowStore(server.uri, tmp_path / "reader")

    by_loss = RunQuery(order_by=MetricOrder(name="loss", ascending=True))
    assert [one.run_id for one in reader.list_runs(by_loss).runs] == [sound]
    assert {one.run_id for one in reader.list_runs(RunQuery()).runs} == {damaged, sound}
    summaries = reader.summarize_runs([damaged, sound], ["loss"])
    assert [one.last for one in summaries[sound]] == [249.5]
    assert list(summaries[damaged]) == []
    assert reader.list_metric_names() == ["loss"]
    assert [one.last for one in reader.latest_metrics([sound])[sound]] == [249.5]
    told = [record.getMessage() for record in caplog.records if damaged in record.getMessage()]
    assert len(told) == 1
    assert piece.name in told[0]
    for ask in (lambda: reader.read_history(damaged, "loss"), lambda: reader.latest_metrics([damaged, sound])):
        with pytest.raises(StoreCorrupt, match=f"{piece.name}.*Bring it back"):
            ask()
    assert MlflowClient(server.uri).get_run(damaged).data.metrics == {"loss": 249.5}
