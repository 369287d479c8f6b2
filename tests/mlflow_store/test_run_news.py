"""What the run browser's server asks of a tracking server for one answer of a run's page."""

from __future__ import annotations

import pytest
from mlflow import MlflowClient

from aml_widgets.core.records import RunChanges
from aml_widgets.server.run_news import MAX_NEW_POINTS, read_changes
from aml_widgets.store.mlflow import changes, history_pages
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.store.protocol import MAX_BUCKETS
from aml_widgets.widgets.view_state import ViewState, advance
from tests.mlflow_store.follower import MANY_LOOKS
from tests.mlflow_store.requests_seen import counted
from tests.mlflow_store.test_plain_runs import log_plain, start_plain
from tests.mlflow_store.tracking_server import TrackingServer

PAGE = 2 * MAX_NEW_POINTS


def test_an_answer_takes_one_look_while_a_long_history_is_read(
    store: MlflowStore, client: MlflowClient, server: TrackingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "LOOK_SECONDS", 0.0)  # over at once, so that a look reads one page
    monkeypatch.setattr(history_pages, "HISTORY_PAGE", PAGE)
    run_id = start_plain(client)
    server.insert_history(run_id, "loss", range(5 * PAGE))
    log_plain(client, run_id, "short", range(100))
    client.set_terminated(run_id)

    state = ViewState(run_id=run_id)
    answers: list[RunChanges] = []
    while len(answers) < MANY_LOOKS and (not answers or state.has_more):
        with counted() as asked:
            answer = read_changes(store, run_id, state.cursor, MAX_BUCKETS)
        assert asked.count("GET runs/get") == 1
        assert sum("get-history" in one for one in asked) == 1
        answers.append(answer)
        state = advance(state, answer)

    assert [sorted({news.key.name for news in answer.metrics}) for answer in answers].count(["short"]) == 1
    of_loss = [news for answer in answers for news in answer.metrics if news.key.name == "loss"]
    assert [news.is_opening for news in of_loss] == [True] * 5 + [False], (
        "pages overlap by a point: few are left for the sixth"
    )
    counts = {name: metric.columns[None].number_count for name, metric in state.metrics.items()}
    assert counts == {"loss": 5 * PAGE, "short": 100}
    assert len(answers) <= 7
