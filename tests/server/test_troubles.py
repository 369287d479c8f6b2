"""Stores that are slow, hang or fail: the server and the other workspaces do not wait for them."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPError

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.server.workers import Workers
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.uri import workspace_key
from aml_widgets.testing import seeded
from aml_widgets.testing.support import new_run, wait_until
from aml_widgets.tracking.workspace import Workspace
from tests.server.conftest import Api

At = Callable[[str], str]


@pytest.fixture
def extension_settings() -> dict[str, object]:
    return {"store_timeout_seconds": 1.0}


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch, store: RunStore, workspace: Workspace) -> Iterator[threading.Event]:
    """Make the workspace `team` hang when its metrics are listed, until the event is set."""
    goes_on = threading.Event()
    store_class = type(store)
    list_metric_names = store_class.list_metric_names

    def hang(self: Any, limit: int = 500) -> list[str]:
        if str(workspace.location) in str(self.own_paths):
            goes_on.wait(60)
        return list_metric_names(self, limit)

    monkeypatch.setattr(store_class, "list_metric_names", hang)
    yield goes_on
    goes_on.set()


async def test_a_store_that_hangs_is_told_and_holds_up_nobody_else(
    api: Api, at: At, home: Path, hanging: threading.Event, key: str
) -> None:
    other = Workspace.open(home / "other")
    other_key = workspace_key(other.location)
    stuck = [asyncio.ensure_future(api.send("GET", at("/metrics"))) for _ in range(12)]

    for _ in range(5):
        assert await api.get(f"/workspaces/{other_key}/metrics") == {"names": []}
        await api.get("/server")
    answers = await asyncio.gather(*stuck)

    assert {answer.code for answer in answers} == {503}
    error = json.loads(answers[0].body)["error"]
    assert error["code"] == "StoreUnavailable"
    assert "did not answer within 1 seconds" in error["message"]
    shown = {one["key"]: one["error"] for one in (await api.get("/workspaces"))["workspaces"]}
    assert "answer" in shown[key]
    assert shown[other_key] is None
    hanging.set()
    codes = [(await api.send("GET", at("/metrics"))).code for _ in range(20)]  # as soon as its threads are free
    assert codes[-1] == 200


async def test_what_nobody_expected_of_one_workspace_hides_no_other(
    api: Api,
    home: Path,
    key: str,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = Workspace.open(home / "other")
    open_workspace = Workspace.open

    def fail(location: object, **options: Any) -> Workspace:
        if str(location) == workspace.location:
            raise ValueError("nobody expected this")
        return open_workspace(str(location), **options)

    monkeypatch.setattr(Workspace, "open", fail)
    await api.get("/workspaces")  # pages ask again and again, and the log is told once

    shown = {one["key"]: one["error"] for one in (await api.get("/workspaces"))["workspaces"]}

    assert shown[workspace_key(other.location)] is None
    assert workspace.location in shown[key]
    assert "ValueError" in shown[key]
    (told,) = [record for record in caplog.records if record.name == "aml_widgets.server"]
    assert told.exc_info is not None
    assert "nobody expected this" in str(told.exc_info[1])


async def test_polls_are_not_logged(api: Api, at: At, store: RunStore, caplog: pytest.LogCaptureFixture) -> None:
    run = new_run(store)
    cursor = (await api.post(at("/runs/list"), {"query": {}}))["cursor"]
    caplog.clear()

    with caplog.at_level(logging.INFO):
        await api.post(at("/runs/poll"), {"query": {}, "cursor": cursor})
        await api.get(at(f"/runs/{run.run_id}/changes"))

    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


async def test_polls_do_not_keep_an_idle_server_alive(api: Api, at: At, store: RunStore, jp_serverapp: Any) -> None:
    run = new_run(store)
    before = jp_serverapp.web_app.settings.get("api_last_activity")

    await api.get(at(f"/runs/{run.run_id}/changes"))

    assert jp_serverapp.web_app.settings.get("api_last_activity") == before


async def test_a_file_that_shrinks_while_it_is_sent_is_not_taken_for_whole(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(store)
    seeded.append_log(store, run, "logs/user_log.txt", "x" * (3 << 20))
    read = type(store.artifacts).read

    def shrink(self: Any, run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        return b"" if start else read(self, run_id, path, start=start, max_bytes=max_bytes)

    monkeypatch.setattr(type(store.artifacts), "read", shrink)

    with pytest.raises((HTTPError, OSError, AssertionError, KeyError)):
        response = await api.send("GET", at(f"/runs/{run.run_id}/files/logs/user_log.txt"))
        assert len(response.body) == 3 << 20


async def test_a_zip_that_breaks_off_is_not_taken_for_whole(
    api: Api, at: At, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    run = new_run(store)
    path = store.artifacts.append_path(run.run_id, "logs/user_log.txt")
    path.write_bytes(os.urandom(8 << 20))
    seeded.append_log(store, run, "logs/user_log.txt", "end")
    read = type(store.artifacts).read

    def fail(self: Any, run_id: str, path: str, *, start: int = 0, max_bytes: int | None = None) -> bytes:
        if start > 4 << 20:
            raise ZeroDivisionError("a mistake of ours")
        return read(self, run_id, path, start=start, max_bytes=max_bytes)

    monkeypatch.setattr(type(store.artifacts), "read", fail)

    with pytest.raises((HTTPError, OSError, KeyError)):
        await api.send("GET", at(f"/runs/{run.run_id}/zip"), what="logs")


def test_threads_are_few_and_what_waits_is_bounded() -> None:
    workers = Workers("It", max_threads=2, max_waiting=3)
    goes_on, both = threading.Event(), threading.Barrier(3)
    began: list[int] = []

    def work(place: int) -> int:
        began.append(place)
        if place < 2:
            both.wait(60)
            goes_on.wait(60)
        return place

    async def ask() -> None:
        asked = [asyncio.ensure_future(workers.run(partial(work, place), timeout_seconds=60)) for place in range(2)]
        await asyncio.sleep(0)
        await asyncio.to_thread(both.wait, 60)  # both threads are at work
        asked += [asyncio.ensure_future(workers.run(partial(work, place), timeout_seconds=60)) for place in (2, 3, 4)]
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable, match="3 questions wait"):
            await workers.run(partial(work, 5), timeout_seconds=60)
        assert sorted(began) == [0, 1]
        goes_on.set()
        assert await asyncio.gather(*asked) == [0, 1, 2, 3, 4]

    asyncio.run(ask())
    workers.close()


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    workers = Workers("It", max_threads=1)
    goes_on, began = threading.Event(), threading.Event()
    done: list[str] = []

    def hang() -> bool:
        began.set()
        return goes_on.wait(60)

    async def ask() -> None:
        first = asyncio.ensure_future(workers.run(hang, timeout_seconds=60))
        await asyncio.to_thread(began.wait, 60)
        with pytest.raises(StoreUnavailable, match="did not answer within 0.01 seconds"):
            await workers.run(lambda: done.append("late"), timeout_seconds=0.01)
        goes_on.set()
        assert await first
        assert await workers.run(lambda: "next", timeout_seconds=60) == "next"

    asyncio.run(ask())
    assert done == []
    workers.close()


def test_closing_drops_what_waits_and_ends_the_threads() -> None:
    workers = Workers("It", max_threads=1)
    goes_on, began, closed = threading.Event(), threading.Event(), threading.Event()

    def hang() -> bool:
        began.set()
        return goes_on.wait(60)

    async def ask() -> None:
        first = asyncio.ensure_future(workers.run(hang, timeout_seconds=60))
        second = asyncio.ensure_future(workers.run(lambda: "never", timeout_seconds=60))
        await asyncio.to_thread(began.wait, 60)
        workers.close(closed.set)
        workers.close()
        goes_on.set()
        assert await first
        with pytest.raises(StoreUnavailable, match="being closed"):
            await second
        with pytest.raises(StoreUnavailable, match="being closed"):
            await workers.run(lambda: "late", timeout_seconds=60)

    asyncio.run(ask())
    wait_until(closed.is_set)


def test_threads_without_work_end_and_new_ones_begin() -> None:
    workers = Workers("It", max_threads=2, idle_seconds=0.01)
    closed = threading.Event()

    async def ask() -> list[threading.Thread]:
        threads = []
        for _ in range(30):
            threads.append(await workers.run(threading.current_thread, timeout_seconds=60))
            await asyncio.sleep(0.005)  # about as long as a thread stays, so that some end just when they are needed
        return threads

    threads = asyncio.run(ask())
    for thread in threads:
        thread.join(60)
    workers.close(closed.set)

    assert closed.wait(60)
    assert all(thread.daemon for thread in threads)


async def test_a_browser_that_goes_away_in_the_middle_of_a_file_is_no_error(
    api: Api, at: At, store: RunStore, jp_http_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    run = new_run(store)
    store.artifacts.append_path(run.run_id, "logs/user_log.txt").write_bytes(b"x" * (64 << 20))
    path = f"{api.base_url}aml-widgets/api{at(f'/runs/{run.run_id}/files/logs/user_log.txt')}"
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {text}" for name, text in api.headers.items())]
    caplog.clear()

    reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
    writer.write("\r\n".join([*lines, "", ""]).encode())
    first = await reader.read(1_000)
    writer.transport.abort()
    for _ in range(20):
        await api.get("/server")  # the server goes on, and has seen to the other one by now

    assert first.startswith(b"HTTP/1.1 200 OK")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
