"""Folders on drives that do not answer: nobody waits for them but those who ask for what is there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from aml_widgets.server.workers import Workers
from aml_widgets.store import registry
from aml_widgets.store.sqlite.store import DATABASE_NAME
from aml_widgets.store.uri import workspace_key
from aml_widgets.testing.support import wait_until
from aml_widgets.tracking.workspace import Workspace
from tests.server.conftest import Api


@pytest.fixture
def extension_settings() -> dict[str, object]:
    return {"store_timeout_seconds": 0.5}


Hang = Callable[[Path], threading.Event]


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hang]:
    """Let whoever looks at a folder, or lists it, wait until the event is set."""
    dead: dict[Path, threading.Event] = {}
    is_file, iterdir = Path.is_file, Path.iterdir

    def hanging_is_file(self: Path) -> bool:
        if self.parent in dead:
            dead[self.parent].wait(60)
        return is_file(self)

    def hanging_iterdir(self: Path) -> Iterator[Path]:
        if self in dead:
            dead[self].wait(60)
        return iterdir(self)

    def kill(folder: Path) -> threading.Event:
        return dead.setdefault(folder, threading.Event())

    monkeypatch.setattr(Path, "is_file", hanging_is_file)
    monkeypatch.setattr(Path, "iterdir", hanging_iterdir)
    yield kill
    for event in dead.values():
        event.set()


async def shown(api: Api) -> dict[str, str | None]:
    return {one["name"]: one["error"] for one in (await api.get("/workspaces"))["workspaces"]}


async def test_a_folder_that_hangs_hides_no_other(api: Api, home: Path, tmp_path: Path, hang: Hang) -> None:
    folders = [tmp_path / "a-dead", tmp_path / "dead", home / "team", tmp_path / "opened", home / "zoo"]
    for folder in folders:
        Workspace.open(folder)
    back = [hang(folder) for folder in folders[:2]]

    for _ in range(3):
        assert (await shown(api)).keys() == {folder.name for folder in folders}
        assert await api.get(f"/workspaces/{workspace_key(home / 'team')}/metrics") == {"names": []}
        assert (await api.refuse("GET", f"/workspaces/{'0' * 16}/metrics"))[0] == 404
    for event in back:
        event.set()

    assert await shown(api) == dict.fromkeys((folder.name for folder in folders), None)


async def test_a_folder_that_is_gone_is_not_listed_though_another_hangs(
    api: Api, home: Path, tmp_path: Path, hang: Hang
) -> None:
    for folder in (tmp_path / "dead", home / "gone", tmp_path / "gone too"):
        Workspace.open(folder)
    hang(tmp_path / "dead")
    for folder in (home / "gone", tmp_path / "gone too"):
        (folder / DATABASE_NAME).unlink()

    assert "gone" not in await shown(api)
    assert (await shown(api)).keys() == {"dead"}


async def test_a_home_that_hangs_hides_nothing_that_was_found_before(
    api: Api, home: Path, tmp_path: Path, hang: Hang, caplog: pytest.LogCaptureFixture
) -> None:
    Workspace.open(home / "team")
    Workspace.open(tmp_path / "opened")
    assert (await shown(api)).keys() == {"team", "opened"}
    back = hang(home)
    Workspace.open(home / "later")

    for _ in range(3):
        assert (await shown(api)).keys() == {"team", "opened"}
    assert await api.get(f"/workspaces/{workspace_key(home / 'team')}/metrics") == {"names": []}
    assert caplog.text.count("cannot be listed") == 1
    back.set()

    found: set[str] = set()
    for _ in range(100):  # as soon as the thread that hung is done
        found = found or set(await shown(api)) & {"later"}
    assert found == {"later"}


async def test_pages_that_ask_at_once_are_told_the_same(api: Api, home: Path) -> None:
    for name in ("first", "second"):
        Workspace.open(home / name)

    answers = await asyncio.gather(*(shown(api) for _ in range(8)))

    assert answers == [{"first": None, "second": None}] * 8


async def test_a_workspace_that_was_made_a_moment_ago_is_found(api: Api, home: Path) -> None:
    async def make_and_ask(place: int) -> object:
        folder = home / f"made-{place}"
        await asyncio.to_thread(Workspace.open, folder)
        return await api.get(f"/workspaces/{workspace_key(folder)}/metrics")

    assert await asyncio.gather(*(make_and_ask(place) for place in range(8))) == [{"names": []}] * 8


def test_what_is_remembered_is_told_without_a_look_at_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workspace.open(tmp_path / "opened")

    def refuse(folder: Path) -> bool:
        raise AssertionError(folder)

    monkeypatch.setattr(registry, "is_workspace", refuse)

    assert registry.list_opened() == [tmp_path / "opened"]


def test_threads_are_stuck_when_all_of_them_are() -> None:
    workers = Workers("It", max_threads=2)
    goes_on = threading.Event()
    began = [threading.Event(), threading.Event()]

    def work(place: int) -> None:
        began[place].set()
        goes_on.wait(60)

    async def ask() -> None:
        asked = []
        for place in range(2):
            assert not workers.is_stuck(0)
            asked.append(asyncio.ensure_future(workers.run(partial(work, place), timeout_seconds=60)))
            await asyncio.to_thread(began[place].wait, 60)
        assert not workers.is_stuck(3_600)
        await asyncio.to_thread(wait_until, lambda: workers.is_stuck(0))
        goes_on.set()
        await asyncio.gather(*asked)
        await asyncio.to_thread(wait_until, lambda: not workers.is_stuck(0))

    asyncio.run(ask())
    workers.close()
