"""Lists of runs: pages, searches, what changed, and what is done with several."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_widgets.core.errors import RunExists
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.seeded import artifact_uri
from aml_widgets.testing.seeded_files import add_file
from aml_widgets.testing.support import new_run
from aml_widgets.tracking import provenance
from aml_widgets.tracking.workspace import Workspace
from tests.server.conftest import Api

At = Callable[[str], str]


async def list_names(api: Api, at: At, **query: object) -> list[str]:
    reply = await api.post(at("/runs/list"), {"query": query})
    return [run["display_name"] for run in reply["runs"]]


async def test_pages_follow_each_other_and_know_how_many_there_are(api: Api, at: At, store: RunStore) -> None:
    names = [f"run {place}" for place in range(5)]
    for name in names:
        new_run(store, display_name=name)
    seen, token = [], None

    while True:
        reply = await api.post(at("/runs/list"), {"query": {}, "limit": 2, "page_token": token})
        assert reply["total"] == 5
        seen += [run["display_name"] for run in reply["runs"]]
        token = reply["next_page_token"]
        if token is None:
            break

    assert seen == names[::-1]


async def test_pages_give_every_run_once_while_others_come_and_go(api: Api, at: At, store: RunStore) -> None:
    runs = [new_run(store, RunStatus.COMPLETED, display_name=str(place)) for place in range(12)]
    gone = {1: "delete", 5: "archive", 9: "purge"}
    seen: list[str] = []
    token = None

    for place in range(20):
        reply = await api.post(at("/runs/list"), {"query": {}, "limit": 2, "page_token": token})
        seen += [run["display_name"] for run in reply["runs"]]
        token = reply["next_page_token"]
        if token is None:
            break
        new_run(store, display_name=f"new {place}")
        for name, action in gone.items():
            if name == 11 - 2 * place:  # one of those seen just now, by which the token was made
                for one in ("delete", action) if action == "purge" else (action,):
                    await api.post(at("/runs/actions"), {"action": one, "run_ids": [runs[name].run_id]})

    assert seen == [str(place) for place in reversed(range(12)) if str(place) in seen]
    assert set(map(str, range(12))) - set(seen) <= set(map(str, gone))
    assert {str(place) for place in range(12) if place not in gone} <= set(seen)


async def test_rows_have_the_metrics_asked_for_exactly(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    store.log_columns(run.run_id, "loss", {None: [3.0, 1.0, 2.0]})
    store.log_metric(run.run_id, "nan", math.nan)
    store.log_metric(run.run_id, "big", 2**70)
    store.log_metric(run.run_id, "text", "ä" * 2_000)
    store.log_metric(run.run_id, "other", 1)

    reply = await api.post(at("/runs/list"), {"query": {"metrics": ["loss", "nan", "big", "text", "none"]}})

    metrics = reply["runs"][0]["metrics"]
    assert metrics["loss"] == {"last": 2.0, "low": 1.0, "high": 3.0, "count": 3}
    assert metrics["nan"] == {"last": {"float": "NaN"}, "low": None, "high": None, "count": 1}
    assert metrics["big"]["last"] == {"integer": str(2**70)}
    assert len(metrics["text"]["last"]) == 500
    assert metrics.keys() == {"loss", "nan", "big", "text"}


async def test_runs_are_found_by_search_status_experiment_and_order(api: Api, at: At, store: RunStore) -> None:
    low = new_run(store, display_name="low", experiment="a", tags={"team": "blue"})
    store.log_columns(low.run_id, "loss", {None: [0.1, 0.2]})
    high = new_run(store, display_name="high", experiment="b")
    store.log_columns(high.run_id, "loss", {None: [0.9, 0.8]})
    store.set_status(high.run_id, RunStatus.FAILED)
    new_run(store, display_name="child", parent_run_id=low.run_id, experiment="a")

    assert await list_names(api, at, search="metric-free words") == []
    assert await list_names(api, at, search="HIGH") == ["high"]
    assert await list_names(api, at, search="status:failed") == ["high"]
    assert await list_names(api, at, search="tag:team=blue") == ["low"]
    assert await list_names(api, at, search="loss > 0.3") == ["high"]
    assert await list_names(api, at, statuses=["Failed", "Completed"]) == ["high"]
    assert await list_names(api, at, experiment_id=low.experiment_id) == ["low"]
    assert await list_names(api, at, parent_run_id=low.run_id) == ["child"]
    assert await list_names(api, at, include_children=True) == ["child", "high", "low"]
    assert await list_names(api, at, running_first=True) == ["low", "high"]
    assert await list_names(api, at, order={"by": "name"}) == ["high", "low"]
    assert await list_names(api, at, order={"by": "name", "is_descending": True}) == ["low", "high"]
    assert await list_names(api, at, order={"by": "metric", "metric": "loss", "of": "high"}) == ["low", "high"]


async def test_runs_of_a_notebook_are_found_by_its_path_below_the_root(
    api: Api, at: At, store: RunStore, jp_root_dir: Path
) -> None:
    for name, path in (("here", str(jp_root_dir / "a" / "b.ipynb")), ("there", "/elsewhere/a/b.ipynb")):
        new_run(store, display_name=name, properties={provenance.NOTEBOOK_PATH: path})

    assert await list_names(api, at, notebook="a/b.ipynb") == ["here"]
    assert await list_names(api, at, notebook="b.ipynb") == []


async def test_what_is_wrong_with_a_query_is_told(api: Api, at: At, store: RunStore) -> None:
    new_run(store)
    wrong: list[Any] = [
        {},
        {"query": {"search": "x" * 2_001}},
        {"query": {"search": "loss > high"}},
        {"query": {"search": "status:sleeping"}},
        {"query": {"order": {"by": "metric"}}},
        {"query": {"order": {"by": "size"}}},
        {"query": {"view": "gone"}},
        {"query": {}, "limit": 0},
        {"query": {}, "limit": 501},
        {"query": {}, "page_token": "nonsense"},
        {"query": {"surprise": 1}},
    ]
    for body in wrong:
        status, _, message = await api.refuse("POST", at("/runs/list"), body)
        assert status == 400, body
        assert message
    for raw in (b"", b"{", b'{"query": {"search": "\\ud800"}}', b'{"query": NaN}', b"\xff\xfe", b"[" * 100_000):
        assert (await api.refuse("POST", at("/runs/list"), raw_body=raw))[:2] == (400, "UserError"), raw[:20]
    assert (await api.refuse("POST", at("/runs/list"), raw_body=b" " * (5 << 20)))[0] == 400


async def test_a_poll_tells_what_is_new_what_fits_and_the_sparkline(api: Api, at: At, store: RunStore) -> None:
    old = new_run(store, display_name="old")
    query = {"search": "old", "metrics": ["loss"]}
    cursor = (await api.post(at("/runs/list"), {"query": query}))["cursor"]

    quiet = await api.post(at("/runs/poll"), {"query": query, "cursor": cursor})
    store.log_columns(old.run_id, "loss", {None: [float(place) for place in range(1_000)]})
    fresh = new_run(store, display_name="fresh")
    news = await api.post(
        at("/runs/poll"),
        {
            "query": query,
            "cursor": quiet["cursor"],
            "sparkline_metric": "loss",
            "sparkline_run_ids": [old.run_id, fresh.run_id, "none"],
        },
    )
    again = await api.post(at("/runs/poll"), {"query": query, "cursor": news["cursor"]})

    assert (quiet["changed"], quiet["removed"], quiet["total"]) == ([], [], 1)
    assert {one["run"]["display_name"]: one["fits"] for one in news["changed"]} == {"old": True, "fresh": False}
    assert next(one["run"]["metrics"] for one in news["changed"] if one["fits"])["loss"]["count"] == 1_000
    assert news["total"] == 1
    (sparkline,) = news["sparklines"].values()
    assert sparkline["count"] == 1_000
    assert len(sparkline["values"]) <= 32
    assert sparkline["values"][-1] == 999.0
    assert (again["changed"], again["total"]) == ([], 1)


async def test_a_poll_that_is_not_understood_is_refused(api: Api, at: At) -> None:
    assert (await api.refuse("POST", at("/runs/poll"), {"query": {}}))[0] == 400
    assert (await api.refuse("POST", at("/runs/poll"), {"query": {}, "cursor": "nonsense"}))[0] == 400
    assert (await api.refuse("POST", at("/runs/poll"), {"query": {}, "cursor": ""}))[0] == 400


async def test_a_total_that_is_known_is_not_counted_again(
    api: Api, at: At, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_run(workspace.store)
    store_class = type(workspace.store)
    count_runs, counted = store_class.count_runs, []
    cursor = (await api.post(at("/runs/list"), {"query": {}}))["cursor"]

    def count(self: Any, query: Any) -> int:
        counted.append(query)
        return count_runs(self, query)

    monkeypatch.setattr(store_class, "count_runs", count)
    totals = []
    for _ in range(4):
        reply = await api.post(at("/runs/poll"), {"query": {}, "cursor": cursor})
        cursor = reply["cursor"]
        totals.append(reply["total"])

    assert totals == [1, 1, 1, 1]
    assert len(counted) == 1


async def test_runs_are_archived_deleted_restored_and_purged(api: Api, at: At, store: RunStore) -> None:
    kept, gone = new_run(store, display_name="kept"), new_run(store, display_name="gone")
    for run in (kept, gone):
        store.set_status(run.run_id, RunStatus.COMPLETED)

    async def act(action: str, *run_ids: str) -> list[Any]:
        reply = await api.post(at("/runs/actions"), {"action": action, "run_ids": list(run_ids)})
        results: list[Any] = reply["results"]
        assert [one["run_id"] for one in results] == list(run_ids)
        return results

    (archived,) = await act("archive", kept.run_id)
    assert archived["run"]["archived_at"] is not None
    assert await list_names(api, at) == ["gone"]
    assert await list_names(api, at, view="archived") == ["kept"]
    await act("unarchive", kept.run_id)
    first, second = await act("delete", gone.run_id, "none")
    assert first["run"]["trashed_at"] is not None
    assert second["error"]["code"] == "RunNotFound"
    assert await list_names(api, at, view="all") == ["kept"]
    assert await list_names(api, at, view="trash") == ["gone"]
    await act("restore", gone.run_id)
    assert await list_names(api, at) == ["gone", "kept"]
    (refused,) = await act("purge", gone.run_id)
    assert refused["error"]["code"] == "RunNotInTrash"
    add_file(store, gone, "outputs/model.bin", b"large")
    file = at(f"/runs/{gone.run_id}/files/outputs/model.bin")
    await act("delete", gone.run_id)
    assert (await api.send("GET", file)).body == b"large"
    (purged,) = await act("purge", gone.run_id)
    assert (purged["run"], purged["error"]) == (None, None)
    for path in (at(f"/runs/{gone.run_id}"), file):
        assert (await api.refuse("GET", path))[:2] == (404, "RunNotFound")
    assert store.artifacts.size(gone.run_id, "outputs/model.bin") is None
    with pytest.raises(RunExists):
        new_run(store, run_id=gone.run_id)
    assert new_run(store, experiment=gone.experiment_name).number == gone.number + 1


async def test_a_run_that_goes_on_is_cancelled_and_not_deleted(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)

    deleted = await api.post(at("/runs/actions"), {"action": "delete", "run_ids": [run.run_id]})
    cancelled = await api.post(at("/runs/actions"), {"action": "cancel", "run_ids": [run.run_id]})
    again = await api.post(at("/runs/actions"), {"action": "cancel", "run_ids": [run.run_id]})

    assert deleted["results"][0]["error"]["code"] == "RunGoesOn"
    assert cancelled["results"][0]["run"]["status"] == "Canceled"
    assert again["results"][0]["error"] is None


async def test_an_action_that_is_not_understood_is_refused(api: Api, at: At) -> None:
    for body in ({"action": "explode", "run_ids": ["a"]}, {"action": "delete", "run_ids": []}, {"action": "delete"}):
        assert (await api.refuse("POST", at("/runs/actions"), body))[0] == 400


async def test_runs_are_compared_in_the_order_asked(api: Api, at: At, store: RunStore) -> None:
    line = "/usr/bin/python train.py --alpha 0.1 data.csv more.csv --alpha 0.2"
    one = new_run(store, properties={provenance.COMMAND_LINE: line})
    store.log_columns(one.run_id, "loss", {None: [2.0, 1.0]})
    other = new_run(store)
    from aml_widgets.core.records import MetricKind

    store.log_columns(other.run_id, "roc", {None: [artifact_uri(other, "roc.png")]}, kind=MetricKind.IMAGE)

    reply = await api.post(at("/runs/compare"), {"run_ids": [other.run_id, "none", one.run_id, one.run_id]})

    assert [one["run"]["run_id"] for one in reply["runs"]] == [other.run_id, one.run_id]
    assert reply["missing"] == ["none"]
    assert reply["runs"][0]["images"] == [{"name": "roc", "path": "roc.png", "step": 0}]
    assert reply["runs"][1]["parameters"] == {"alpha": "0.1 0.2", "Argument 1": "data.csv", "Argument 2": "more.csv"}
    assert reply["runs"][1]["summaries"][0]["low"] == 1.0
    for run_ids in ([], ["a"] * 51):
        assert (await api.refuse("POST", at("/runs/compare"), {"run_ids": run_ids}))[0] == 400
