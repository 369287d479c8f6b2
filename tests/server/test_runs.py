"""One run: what it is, what is new of it, its series and rows, and its change."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_widgets.core.records import MetricKind, RunChanges
from aml_widgets.core.status import RunStatus
from aml_widgets.server import one_run, run_news
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.testing import seeded
from aml_widgets.testing.seeded_files import run_with_every_fact
from aml_widgets.testing.support import new_run
from aml_widgets.tracking.workspace import Workspace
from tests.server.conftest import Api

At = Callable[[str], str]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[RunChanges]:
    """Give a list that grows by what each look of the server at a run's changes gave."""
    seen: list[RunChanges] = []
    original = SqliteRunStore.changes_since

    def changes_since(self: SqliteRunStore, *args: Any, **kwargs: Any) -> RunChanges:
        seen.append(original(self, *args, **kwargs))
        return seen[-1]

    monkeypatch.setattr(SqliteRunStore, "changes_since", changes_since)
    return seen


async def test_a_run_comes_with_what_can_be_done_with_it(
    api: Api, at: At, workspace: Workspace, store: RunStore
) -> None:
    run = new_run(store, display_name="größe", tags={"a": None}, properties={"b": "c"})

    reply = await api.get(at(f"/runs/{run.run_id}"))

    assert reply["run"]["display_name"] == "größe"
    assert (reply["run"]["tags"], reply["run"]["properties"]) == ({"a": None}, {"b": "c"})
    assert (reply["workspace_name"], reply["can_cancel"], reply["folder"]) == ("team", True, None)
    assert Path(reply["location"]).name == run.run_id
    found: dict[str, Any] = {}
    exec(reply["code"], found)
    assert found["run"].id == run.run_id
    store.set_status(run.run_id, RunStatus.COMPLETED)
    assert (await api.get(at(f"/runs/{run.run_id}")))["can_cancel"] is False


async def test_a_folder_below_the_root_is_named_as_the_file_browser_knows_it(api: Api, jp_root_dir: Path) -> None:
    shown, hidden = Workspace.open(jp_root_dir / "runs here"), Workspace.open(jp_root_dir / ".hidden")
    folders = []
    for workspace in (shown, hidden):
        run = seeded.run_with_logs(workspace.store)
        from aml_widgets.store.uri import workspace_key

        folders.append((await api.get(f"/workspaces/{workspace_key(workspace.location)}/runs/{run.run_id}"))["folder"])

    assert folders[0].startswith("runs here/")
    assert (jp_root_dir / folders[0] / "logs" / "user_log.txt").is_file()
    assert folders[1] is None


@pytest.mark.parametrize(
    "end", ["", "/changes", "/details", "/rows?name=a", "/log?path=a", "/snapshot", "/zip?what=logs"]
)
async def test_a_run_that_is_not_there_is_not_found(api: Api, at: At, workspace: Workspace, end: str) -> None:
    for run_id in ("none", "%2e%2e", "a%2Fb", "%00", "%C3%A4", "x" * 2_000):
        status, code, _ = await api.refuse("GET", at(f"/runs/{run_id}{end}"))
        assert (status, code) in {(404, "RunNotFound"), (400, "InvalidName")}, run_id
    assert (await api.refuse("GET", at(f"/runs/%FF{end}")))[0] == 400


async def test_a_run_is_renamed_described_and_tagged(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store, tags={"old": "1", "kept": "2"})
    change = {"display_name": "new", "description": "why", "tags": {"a": "b", "c": None}, "remove_tags": ["old"]}

    reply = await api.patch(at(f"/runs/{run.run_id}"), change)

    assert (reply["run"]["display_name"], reply["run"]["description"]) == ("new", "why")
    assert reply["run"]["tags"] == {"kept": "2", "a": "b", "c": None}
    assert store.get_run(run.run_id).tags == {"kept": "2", "a": "b", "c": None}
    assert (await api.patch(at(f"/runs/{run.run_id}"), {}))["run"]["display_name"] == "new"
    assert (await api.patch(at(f"/runs/{run.run_id}"), {"description": ""}))["run"]["description"] == ""


async def test_a_change_that_is_not_understood_changes_nothing(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store, display_name="kept")
    wrong: list[Any] = [
        {"display_name": None},
        {"display_name": "x" * 1_001},
        {"status": "Completed"},
        {"tags": {"a": 1}},
        {"display_name": "other", "tags": {"": "no key"}},
        {"remove_tags": "old"},
        None,
    ]
    for body in wrong:
        assert (await api.refuse("PATCH", at(f"/runs/{run.run_id}"), body))[0] == 400, body
    assert store.get_run(run.run_id) == run
    assert (await api.refuse("PATCH", at("/runs/none"), {"display_name": "a"}))[:2] == (404, "RunNotFound")


async def test_every_value_comes_exactly(api: Api, at: At, store: RunStore) -> None:
    run = seeded.every_kind_run(store)

    reply = await api.get(at(f"/runs/{run.run_id}/changes"))

    values = {(one["name"], one["column"]): one["points"]["values"] for one in reply["metrics"]}
    assert values["float", None] == [0.25]
    assert values["int", None] == [7]
    assert values["big int", None] == [{"integer": str(2**100)}]
    assert values["true", None][0] is True
    assert values["none", None] == [None]
    assert values["nan", None] == [{"float": "NaN"}]
    assert values["infinity", None] == [{"float": "Infinity"}]
    assert values["mixed list", None] == [1, 2.5, "three", None, True]
    assert values["empty list", None] == []
    assert values["table", "label"] == ["a", "b", "c"]
    assert {one["kind"] for one in reply["metrics"]} == {kind.value for kind in MetricKind}
    assert {one["path"] for one in reply["artifacts"]} >= {"roc_1.png"}
    assert reply["can_cancel"] is False


async def test_integers_that_the_browser_cannot_count_come_as_text(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    for value in (2**53, 2**53 + 1, -(2**53) - 1, -(2**63), 10**5_000):
        store.log_metric(run.run_id, "n", value, step=2**62)

    (series,) = (await api.get(at(f"/runs/{run.run_id}/changes")))["metrics"]

    first, *others = series["points"]["values"]
    assert first == 2**53
    assert [one["integer"] for one in others] == [str(2**53 + 1), str(-(2**53) - 1), str(-(2**63)), f"1{'0' * 5_000}"]
    assert series["points"]["steps"] == [{"integer": str(2**62)}] * 5


async def test_text_that_is_no_text_elsewhere_comes_whole(api: Api, at: At, store: RunStore) -> None:
    run = seeded.hostile_run(store)

    reply = await api.get(at(f"/runs/{run.run_id}/changes"))

    names = {one["name"] for one in reply["metrics"]}
    assert set(seeded.HOSTILE_TEXTS) <= names
    assert reply["run"]["tags"].keys() == set(seeded.HOSTILE_TEXTS)
    for name in sorted(names):
        rows = await api.get(at(f"/runs/{run.run_id}/rows"), name=name)
        assert rows["total"] > 0, name


async def test_news_are_only_what_is_new(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    store.log_columns(run.run_id, "loss", {None: [3.0, 2.0]})
    store.log_metric(run.run_id, "quiet", 1)
    first = await api.get(at(f"/runs/{run.run_id}/changes"))

    idle = await api.get(at(f"/runs/{run.run_id}/changes"), cursor=first["cursor"])
    store.log_metric(run.run_id, "loss", 1.0)
    seeded.append_log(store, run, "logs/user_log.txt", "a line\n")
    new_run(store, parent_run_id=run.run_id, display_name="child")
    second = await api.get(at(f"/runs/{run.run_id}/changes"), cursor=idle["cursor"])

    assert all(one["is_opening"] and one["summary"] is not None for one in first["metrics"])
    assert (idle["run"], idle["metrics"], idle["artifacts"], idle["children"]) == (None, [], [], [])
    assert idle["can_cancel"] is True
    assert (first["has_more"], idle["has_more"]) == (False, False)
    (news,) = second["metrics"]
    assert (news["name"], news["is_opening"], news["points"]["values"]) == ("loss", False, [1.0])
    assert [one["path"] for one in second["artifacts"]] == ["logs/user_log.txt"]
    assert [one["display_name"] for one in second["children"]] == ["child"]


async def test_a_series_with_very_many_new_points_is_opened_again_and_no_other(
    api: Api, at: At, store: RunStore, looks: list[RunChanges]
) -> None:
    run = new_run(store)
    store.log_metrics(run.run_id, {"loss": 0.0, "quiet": 1.0, "slow": 1.0})
    cursor = (await api.get(at(f"/runs/{run.run_id}/changes")))["cursor"]
    values = array("d", range(1, run_news.MAX_NEW_POINTS + 2))
    values[17] = -1e9
    store.log_columns(run.run_id, "loss", {None: values})
    store.log_metric(run.run_id, "slow", 2.0)
    looks.clear()

    reply = await api.get(at(f"/runs/{run.run_id}/changes"), cursor=cursor, max_buckets=100)

    news = {one["name"]: one for one in reply["metrics"]}
    assert {name: one["is_opening"] for name, one in news.items()} == {"loss": True, "slow": False}
    buckets = news["loss"]["buckets"]
    assert sum(buckets["count"]) == len(values) + 1
    assert len(buckets["count"]) <= 100
    assert min(buckets["low"]) == -1e9
    assert news["loss"]["summary"]["count"] == len(values) + 1
    assert news["slow"]["points"]["values"] == [2.0]
    assert len(looks) == 1, "one look, so one moment"
    after = await api.get(at(f"/runs/{run.run_id}/changes"), cursor=reply["cursor"])
    assert after["metrics"] == []


async def test_an_opening_of_very_many_series_has_fewer_buckets_of_each(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(store)
    for place in range(10):
        store.log_columns(run.run_id, f"m{place}", {None: array("d", range(3_000))})
    monkeypatch.setattr(run_news, "MAX_COLUMN_LENGTHS", 1_000)

    reply = await api.get(at(f"/runs/{run.run_id}/changes"))

    assert all(len(one["buckets"]["count"]) <= 100 for one in reply["metrics"])
    assert all(sum(one["buckets"]["count"]) == 3_000 for one in reply["metrics"])


async def test_news_of_very_many_series_are_openings_where_they_are_too_long_together(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(store)
    names = [f"m{place}" for place in range(10)]
    store.log_metrics(run.run_id, dict.fromkeys(names, 0.5))
    cursor = (await api.get(at(f"/runs/{run.run_id}/changes")))["cursor"]
    for name in names[:-1]:
        store.log_columns(run.run_id, name, {None: array("d", range(3_000))})
    store.log_metric(run.run_id, names[-1], 1.5)
    monkeypatch.setattr(run_news, "MAX_COLUMN_LENGTHS", 1_000)

    reply = await api.get(at(f"/runs/{run.run_id}/changes"), cursor=cursor)

    *long, short = reply["metrics"]
    assert len(long) == 9
    assert all(len(one["buckets"]["count"]) <= 100 for one in long)
    assert all(sum(one["buckets"]["count"]) == 3_001 for one in long)
    assert (short["is_opening"], short["points"]["values"]) == (False, [1.5])
    assert (await api.get(at(f"/runs/{run.run_id}/changes"), cursor=reply["cursor"]))["metrics"] == []


async def test_an_opening_that_gets_no_shorter_is_not_asked_for_twice(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch, looks: list[RunChanges]
) -> None:
    run = new_run(store)
    for place in range(3):
        store.log_columns(run.run_id, f"m{place}", {None: array("d", range(100))})
    monkeypatch.setattr(run_news, "MAX_COLUMN_LENGTHS", 20)

    few = await api.get(at(f"/runs/{run.run_id}/changes"), max_buckets=run_news.MIN_BUCKETS)
    assert len(looks) == 1
    fewer = await api.get(at(f"/runs/{run.run_id}/changes"), max_buckets=run_news.MIN_BUCKETS + 1)

    assert len(looks) == 3
    assert [one["buckets"] for one in fewer["metrics"]] == [one["buckets"] for one in few["metrics"]]


async def test_a_cursor_or_number_that_is_none_is_refused(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    path = at(f"/runs/{run.run_id}/changes")

    for query in ({"cursor": "nonsense"}, {"max_buckets": 0}, {"max_buckets": 2_001}, {"max_buckets": "many"}):
        assert (await api.refuse("GET", path, **query))[:2] == (400, "UserError"), query
    assert (await api.refuse("GET", f"{path}?max_buckets={'9' * 5_000}"))[0] == 400
    assert (await api.refuse("GET", f"{path}?cursor=%FF"))[0] == 400


async def test_rows_of_a_table_are_paged_from_both_ends(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    for place in range(5):
        columns: dict[str | None, list[Any]] = {"x": [place]} if place == 2 else {"x": [place], "y": [f"row {place}"]}
        store.log_columns(run.run_id, "table", columns, kind=MetricKind.ROW)

    async def rows(**query: object) -> Any:
        return await api.get(at(f"/runs/{run.run_id}/rows"), name="table", **query)

    middle, end = await rows(start=1, limit=2), await rows(start=-2, limit=100)
    none, beyond = await rows(start=10**25), await rows(start=-(10**25), limit=1)

    assert middle["columns"] == ["x", "y"]
    assert middle["rows"] == [
        [{"has_value": True, "value": 1}, {"has_value": True, "value": "row 1"}],
        [{"has_value": True, "value": 2}, {"has_value": False, "value": None}],
    ]
    assert (middle["start"], middle["total"], len(middle["seqs"])) == (1, 5, 2)
    assert (end["start"], [row[0]["value"] for row in end["rows"]]) == (3, [3, 4])
    assert (none["start"], none["rows"]) == (5, [])
    assert (beyond["start"], beyond["rows"][0][0]["value"]) == (0, 0)
    empty = await api.get(at(f"/runs/{run.run_id}/rows"), name="none")
    assert (empty["columns"], empty["total"]) == ([], 0)


async def test_rows_that_are_not_understood_are_refused(api: Api, at: At, store: RunStore) -> None:
    path = at(f"/runs/{new_run(store).run_id}/rows")

    assert (await api.refuse("GET", path))[:2] == (400, "UserError")
    for query in ({"start": "x"}, {"start": "1.5"}, {"limit": 0}, {"limit": 1_001}, {"limit": ""}):
        assert (await api.refuse("GET", path, name="a", **query))[0] == 400, query


async def test_a_name_with_spaces_and_control_characters_is_taken_as_it_is(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    names = [" loss", "loss ", "a\tb", "a+b", "a&b=c", "a%20b"]
    for place, name in enumerate(names):
        store.log_metric(run.run_id, name, place)

    found = [(await api.get(at(f"/runs/{run.run_id}/rows"), name=name))["rows"][0][0]["value"] for name in names]

    assert found == list(range(len(names)))


async def test_facts_come_in_groups(api: Api, at: At, store: RunStore) -> None:
    run = run_with_every_fact(store)

    reply = await api.get(at(f"/runs/{run.run_id}/details"))

    groups = {group["key"]: group["facts"] for group in reply["groups"]}
    assert {"run", "tags", "git", "command", "environment", "packages", "properties"} <= groups.keys()
    assert {"label": "Parent run", "text": run.parent_run_id, "run_id": run.parent_run_id} in groups["run"]


async def test_series_come_in_ranges_of_steps_also_where_one_fails(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    values = [math.inf if place == 7 else float(place) for place in range(1_000)]
    store.log_columns(run.run_id, "loss", {None: values})
    requests = [
        {"run_id": run.run_id, "name": "loss", "max_buckets": 10},
        {"run_id": run.run_id, "name": "loss", "first_step": 4.5, "last_step": 7.9},
        {
            "run_id": run.run_id,
            "name": "loss",
            "first_step": {"float": "-Infinity"},
            "last_step": {"integer": "1" * 40},
        },
        {"run_id": run.run_id, "name": "none"},
        {"run_id": "none", "name": "loss"},
        {"run_id": run.run_id, "name": "loss", "first_step": {"float": "NaN"}},
        {"run_id": run.run_id, "name": "loss", "first_step": {"float": "Infinity"}},
    ]

    coarse, few, whole, empty, missing, nan, beyond = (await api.post(at("/envelopes"), {"requests": requests}))[
        "envelopes"
    ]

    assert len(coarse["buckets"]["count"]) <= 10
    assert sum(coarse["buckets"]["count"]) == sum(whole["buckets"]["count"]) == 1_000
    assert few["buckets"]["first_step"] == [5, 6, 7]
    assert few["buckets"]["last"][-1] == {"float": "Infinity"}
    assert few["buckets"]["low"][-1] == {"float": "NaN"}
    assert (empty["buckets"]["count"], empty["error"]) == ([], None)
    assert (missing["buckets"], "none" in missing["error"]) == (None, True)
    assert "NaN" in nan["error"]
    assert beyond["buckets"]["count"] == []


async def test_many_series_at_once_have_fewer_buckets_each(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = seeded.long_run(store, 5_000)
    monkeypatch.setattr(one_run, "MAX_BUCKETS_TOGETHER", 100)

    reply = await api.post(at("/envelopes"), {"requests": [{"run_id": run.run_id, "name": "loss"}] * 10})

    assert all(len(one["buckets"]["count"]) <= 10 for one in reply["envelopes"])
    for requests in ([], [{"run_id": "a", "name": "b"}] * 101, [{"run_id": "a"}], [{"run_id": "a", "name": 1}]):
        assert (await api.refuse("POST", at("/envelopes"), {"requests": requests}))[0] == 400
