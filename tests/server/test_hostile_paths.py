"""Nothing outside of a run's folder is ever sent, whatever is asked for and whatever lies in the folder."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from tornado.httpclient import HTTPError

from aml_widgets.core.records import RunRecord
from aml_widgets.store.artifacts import FolderArtifactStore
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.testing import seeded
from aml_widgets.testing.seeded_files import SNAPSHOT_ID, add_file, run_with_every_fact, run_with_hostile_files
from aml_widgets.testing.support import new_run
from tests.server.conftest import Api
from tests.server.harmless import assert_is_harmless

At = Callable[[str], str]


def folder_of(store: RunStore, run: RunRecord) -> Path:
    assert isinstance(store.artifacts, FolderArtifactStore)
    return store.artifacts.root / run.run_id


HOSTILE_PATHS = [
    "../secret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "outputs/../../secret.txt",
    "outputs/%2e%2e/%2e%2e/secret.txt",
    "..%5csecret.txt",
    "..%5Csecret.txt",
    "%5c%5chost%5cshare",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "%00",
    "outputs/a.txt%00.png",
    "%252e%252e/secret.txt",
    "outputs%2f..%2f..%2fsecret.txt",
    "%c0%ae%c0%ae/secret.txt",
    "%ff",
    "outputs",
    "outputs/",
    ".",
    "..",
    "link.txt",
    "folder/secret.txt",
    "loop",
    "fifo",
    "x" * 10_000,
    "/".join(["x"] * 3_000),
    "file:%2f%2f%2fetc%2fpasswd",
    "C:%5cwindows",
    "%F0%9F%A6%86" * 100,
]


@pytest.mark.parametrize("kind", ["files", "snapshot"])
async def test_no_path_leaves_the_runs_folder(api: Api, at: At, store: RunStore, kind: str) -> None:
    run = run_with_every_fact(store)
    add_file(store, run, "outputs/a.txt", b"inside")
    folder = folder_of(store, run)
    (folder.parent / "secret.txt").write_bytes(b"SECRET")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "folder").symlink_to(folder.parent, target_is_directory=True)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "fifo")

    for path in HOSTILE_PATHS:
        response = await api.send("GET", at(f"/runs/{run.run_id}/{kind}/{path}"))
        assert response.code in {400, 404}, path
        assert b"SECRET" not in response.body
        assert b"root:" not in response.body
        _, _, message = await api.refuse("GET", at(f"/runs/{run.run_id}/log"), path="../secret.txt")
        assert "SECRET" not in message


async def test_no_log_is_read_outside_of_the_runs_folder(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    seeded.append_log(store, run, "logs/user_log.txt", "a line\n")
    folder = folder_of(store, run)
    (folder.parent / "secret.txt").write_bytes(b"SECRET")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")

    for path in HOSTILE_PATHS:
        status, _, message = await api.refuse("GET", at(f"/runs/{run.run_id}/log?path={path}"))
        assert status in {400, 404}, path
        assert "SECRET" not in message


async def test_file_names_that_try_to_be_more_are_only_names(api: Api, at: At, store: RunStore) -> None:
    run = run_with_hostile_files(store)

    for record in store.list_artifacts(run.run_id):
        response = await api.send("GET", at(f"/runs/{run.run_id}/files/{quote(record.path, safe='')}"))
        assert response.code == 200, record.path
        assert len(response.body) == record.size_bytes
        assert_is_harmless(response)
        disposition = response.headers["Content-Disposition"]
        assert disposition.isascii()
        assert disposition.count('"') == 2


async def test_a_file_that_became_a_link_is_sent_neither_alone_nor_in_a_zip(
    api: Api, at: At, store: RunStore, tmp_path: Path
) -> None:
    run = new_run(store)
    secret = tmp_path / "secret.txt"
    secret.write_bytes(b"SECRET" * 1_000)
    add_file(store, run, "outputs/a.txt", b"x" * 6_000)
    add_file(store, run, "outputs/b/c.txt", b"x" * 6_000)
    folder = folder_of(store, run)
    (folder / "outputs" / "a.txt").unlink()
    (folder / "outputs" / "a.txt").symlink_to(secret)
    (folder / "outputs" / "b").rename(folder / "moved")
    (folder / "outputs" / "b").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "c.txt").write_bytes(b"SECRET" * 1_000)

    for path in ("outputs/a.txt", "outputs/b/c.txt"):
        status, _, message = await api.refuse("GET", at(f"/runs/{run.run_id}/files/{path}"))
        assert status in {400, 404}
        assert "SECRET" not in message
    for what in ("outputs", "files"):
        try:
            response = await api.send("GET", at(f"/runs/{run.run_id}/zip"), what=what)
        except (HTTPError, OSError, KeyError):
            continue  # broken off, so that nobody takes it for whole
        with zipfile.ZipFile(io.BytesIO(response.body)) as archive:
            assert all(b"SECRET" not in archive.read(name) for name in archive.namelist())


async def test_a_snapshot_with_names_that_lead_out_is_only_read(api: Api, at: At, store: RunStore) -> None:
    run = run_with_every_fact(store)
    names = ["../secret.txt", "/etc/passwd", "C:\\windows", "a/../../b", "<script>.html"]
    with zipfile.ZipFile(find_snapshot(store.snapshots, SNAPSHOT_ID), "w") as archive:
        for name in names:
            archive.writestr(name, b"inside")

    listed = await api.get(at(f"/runs/{run.run_id}/snapshot"))
    answers = [await api.send("GET", at(f"/runs/{run.run_id}/snapshot/{quote(name, safe='')}")) for name in names]

    assert len(listed["files"]) <= len(names)
    for response in answers:
        assert response.code in {200, 400, 404}
        if response.code == 200:
            assert response.body == b"inside"
            assert_is_harmless(response)
