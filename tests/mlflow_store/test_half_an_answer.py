"""Of what a server tells, a part may not come: then nothing of it is taken in, and the next time all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.core.records import ExperimentRecord, RunQuery
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing.support import new_run
from tests.mlflow_store.tracking_server import TrackingServer


def test_a_run_whose_experiment_could_not_be_asked_for_is_known_the_next_time(
    store: MlflowStore, server: TrackingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = new_run(store).run_id
    store.log_metric(run_id, "loss", 0.5)
    assert store.wait_until_sent(run_id, 60) == 0
    reader = MlflowStore(server.uri, tmp_path / "reader")

    def refuse(_experiment_id: str) -> ExperimentRecord:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(reader, "_find_experiment", refuse)
        with pytest.raises(StoreUnavailable, match="away"):
            reader.changes_since(run_id)

    assert reader.get_run(run_id).run_id == run_id
    assert [one.key.name for one in reader.changes_since(run_id).metrics] == ["loss"]
    assert [one.run_id for one in reader.list_runs(RunQuery()).runs] == [run_id]
