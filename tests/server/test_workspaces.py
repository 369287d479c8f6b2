"""What the server says of itself, of its workspaces, and of the experiments in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import workspace_key
from aml_widgets.testing.support import new_run
from aml_widgets.tracking.workspace import Workspace
from tests.server.conftest import Api

At = Callable[[str], str]


@pytest.fixture
def extension_settings(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, object]:
    marked = getattr(request, "param", {})
    as_they_are = {"locations": marked["raw_locations"]} if "raw_locations" in marked else {}
    return as_they_are | {
        name: [str(tmp_path / one) for one in given] if name == "locations" else given
        for name, given in marked.items()
        if name != "raw_locations"
    }


def configured(**settings: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("extension_settings", [settings], indirect=True)


async def test_the_server_says_what_pages_have_to_keep_to(api: Api) -> None:
    reply = await api.get("/server")

    assert reply == {"version": version("aml-widgets"), "is_read_only": False, "min_interval_seconds": 2.0}


@configured(min_interval_seconds=7, is_read_only=True)
async def test_settings_are_heard(api: Api) -> None:
    reply = await api.get("/server")

    assert (reply["min_interval_seconds"], reply["is_read_only"]) == (7.0, True)


async def test_workspaces_of_the_home_are_listed(api: Api, workspace: Workspace, key: str, home: Path) -> None:
    (home / "no-workspace").mkdir()

    reply = await api.get("/workspaces")

    assert reply["workspaces"] == [
        {"key": key, "name": "team", "location": workspace.location, "source": "home", "error": None}
    ]


async def test_a_workspace_that_is_opened_somewhere_is_listed(api: Api, tmp_path: Path) -> None:
    assert (await api.get("/workspaces"))["workspaces"] == []
    elsewhere = Workspace.open(tmp_path / "elsewhere")
    new_run(elsewhere.store)

    (shown,) = (await api.get("/workspaces"))["workspaces"]

    assert (shown["name"], shown["location"], shown["source"]) == ("elsewhere", elsewhere.location, "opened")
    reply = await api.post(f"/workspaces/{shown['key']}/runs/list", {"query": {}})
    assert reply["total"] == 1


@configured(raw_locations=["~no-such-user-of-tests/runs"])
async def test_a_location_in_the_home_of_nobody_hides_no_other_workspace(
    api: Api, key: str, workspace: Workspace
) -> None:
    shown = {one["location"]: one for one in (await api.get("/workspaces"))["workspaces"]}

    assert shown[workspace.location]["key"] == key
    assert shown[workspace.location]["error"] is None
    assert "user" in shown["~no-such-user-of-tests/runs"]["error"]


async def test_a_home_that_cannot_be_read_hides_no_other_workspace(
    api: Api, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    Workspace.open(tmp_path / "elsewhere")
    iterdir = Path.iterdir

    def refuse(self: Path) -> Iterator[Path]:
        if self == home:
            raise PermissionError(13, "Permission denied", str(home))
        return iterdir(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    for _ in range(2):
        assert [one["name"] for one in (await api.get("/workspaces"))["workspaces"]] == ["elsewhere"]

    assert caplog.text.count("cannot be listed") == 1


@configured(locations=["named", "broken", "missing"])
async def test_folders_of_the_settings_are_listed_also_those_that_cannot_be_read(api: Api, tmp_path: Path) -> None:
    Workspace.open(tmp_path / "named")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "runs.db").write_bytes(b"no database, " * 100)

    shown = {one["name"]: one for one in (await api.get("/workspaces"))["workspaces"]}

    assert {one["source"] for one in shown.values()} == {"setting"}
    assert shown["named"]["error"] is None
    assert "not an SQLite database" in shown["broken"]["error"]
    assert str(tmp_path / "missing") in shown["missing"]["error"]
    status, code, _ = await api.refuse("GET", f"/workspaces/{shown['missing']['key']}/metrics")
    assert (status, code) == (404, "WorkspaceNotFound")
    status, code, _ = await api.refuse("GET", f"/workspaces/{shown['broken']['key']}/metrics")
    assert (status, code) == (500, "NotAStore")


@pytest.mark.parametrize("extension_settings", [{"locations": []}], indirect=True)
async def test_a_tracking_server_is_shown_with_why_it_cannot_be_read(
    api: Api, jp_serverapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aml_widgets.server.settings import SETTINGS_KEY

    web_app = jp_serverapp.web_app  # type: ignore[attr-defined]
    places = web_app.settings[SETTINGS_KEY].catalog._places
    monkeypatch.setattr(places, "_locations", ("http://127.0.0.1:9",))

    (shown,) = (await api.get("/workspaces"))["workspaces"]

    assert shown["location"] == "http://127.0.0.1:9"
    assert "does not answer" in shown["error"]
    status, code, _ = await api.refuse("GET", f"/workspaces/{shown['key']}/metrics")
    assert (status, code) == (503, "StoreUnavailable")


@configured(raw_locations=["http://ada:secret@127.0.0.1:9"])
async def test_an_address_with_a_password_is_neither_taken_nor_shown(api: Api) -> None:
    response = await api.send("GET", "/workspaces")

    assert b"must hold no user and password" in response.body
    assert b"secret" not in response.body


@configured(raw_locations=["http://127.0.0.1:9/?token=s3cret", "127.0.0.1:5000?token=s3cret"])
async def test_an_address_with_a_query_is_neither_taken_nor_shown(api: Api) -> None:
    response = await api.send("GET", "/workspaces")

    assert b"must end before any ? or #" in response.body
    assert b"s3cret" not in response.body


@configured(raw_locations=["HTTP://LocalHost:80/", "http://localhost"])
async def test_one_server_in_two_spellings_is_listed_once(api: Api) -> None:
    (shown,) = (await api.get("/workspaces"))["workspaces"]

    assert shown["location"] == "http://localhost"


@configured(workspaces_shown=["te*"])
async def test_only_workspaces_that_fit_the_patterns_are_shown(api: Api, workspace: Workspace, home: Path) -> None:
    other = Workspace.open(home / "other")

    assert [one["name"] for one in (await api.get("/workspaces"))["workspaces"]] == ["team"]
    status, _, message = await api.refuse("GET", f"/workspaces/{workspace_key(other.location)}/metrics")
    assert status == 404
    assert "RunBrowserApp.locations" in message


async def test_a_workspace_that_nobody_has_is_not_found(api: Api) -> None:
    for key in ("0" * 16, "..", "%2e%2e", "%2Fetc", "%00", "x" * 3_000):
        status, code, _ = await api.refuse("GET", f"/workspaces/{key}/experiments")
        assert (status, code) == (404, "WorkspaceNotFound"), key


async def test_experiments_have_counts_of_their_runs(api: Api, at: At, store: RunStore) -> None:
    running = new_run(store, experiment="a")
    new_run(store, experiment="a", parent_run_id=running.run_id)
    done = new_run(store, experiment="a")
    store.set_status(done.run_id, RunStatus.COMPLETED)
    store.open_experiment("b")

    first, second = (await api.get(at("/experiments")))["experiments"]

    assert (first["name"], first["run_count"], first["active_count"]) == ("a", 2, 1)
    assert first["last_run_at"] == done.created_at
    assert (second["name"], second["run_count"], second["last_run_at"]) == ("b", 0, None)


async def test_an_experiment_is_archived_and_comes_back(api: Api, at: At, store: RunStore) -> None:
    experiment_id = store.open_experiment("a").experiment_id

    reply = await api.patch(at(f"/experiments/{experiment_id}"), {"is_archived": True})

    assert reply["archived_at"] is not None
    assert (await api.get(at("/experiments")))["experiments"] == []
    assert len((await api.get(at("/experiments"), view="ArchivedOnly"))["experiments"]) == 1
    reply = await api.patch(at(f"/experiments/{experiment_id}"), {"is_archived": False})
    assert reply["archived_at"] is None
    assert len((await api.get(at("/experiments"), view="All"))["experiments"]) == 1


async def test_what_is_wrong_with_a_request_about_experiments_is_told(api: Api, at: At, store: RunStore) -> None:
    experiment_id = store.open_experiment("a").experiment_id

    assert (await api.refuse("GET", at("/experiments"), view="Some"))[:2] == (400, "UserError")
    assert (await api.refuse("PATCH", at("/experiments/none"), {"is_archived": True}))[0] == 404
    wrong: list[object] = [{}, {"is_archived": 1}, [], {"is_archived": True, "name": "b"}]
    for body in wrong:
        assert (await api.refuse("PATCH", at(f"/experiments/{experiment_id}"), body))[:2] == (400, "UserError")


async def test_names_of_metrics_are_listed(api: Api, at: At, store: RunStore) -> None:
    for place in range(3):
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 1.0)
        if place:
            store.log_metric(run.run_id, "größe/🦆", 1.0)

    assert (await api.get(at("/metrics")))["names"] == ["loss", "größe/🦆"]
