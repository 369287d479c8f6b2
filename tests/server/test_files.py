"""Files of a run: never anything that a browser would run, never anything outside of the run's folder."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable

import pytest

from aml_widgets.core.status import RunStatus
from aml_widgets.server.served_files import read_range
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.snapshot import find_snapshot
from aml_widgets.testing import seeded
from aml_widgets.testing.seeded_files import SNAPSHOT_ID, add_file, run_with_every_fact
from aml_widgets.testing.support import new_run
from tests.server.conftest import Api
from tests.server.harmless import assert_is_harmless

At = Callable[[str], str]


@pytest.mark.parametrize(
    ("name", "media_type", "is_inline"),
    [
        ("a.png", "image/png", True),
        ("a.JPG", "image/jpeg", True),
        ("log.txt", "text/plain; charset=utf-8", True),
        ("a.py", "text/plain; charset=utf-8", True),
        ("a.html", "application/octet-stream", False),
        ("a.svg", "application/octet-stream", False),
        ("a.xml", "application/octet-stream", False),
        ("a.pdf", "application/octet-stream", False),
        ("a.js", "application/octet-stream", False),
        ("png", "application/octet-stream", False),
        ("noending", "application/octet-stream", False),
        ("a.png.html", "application/octet-stream", False),
    ],
)
async def test_a_file_is_served_as_data(
    api: Api, at: At, store: RunStore, name: str, media_type: str, is_inline: bool
) -> None:
    run = new_run(store)
    content = b"<script>alert(1)</script>"
    add_file(store, run, f"outputs/{name}", content)

    response = await api.send("GET", at(f"/runs/{run.run_id}/files/outputs/{name}"))
    saved = await api.send("GET", at(f"/runs/{run.run_id}/files/outputs/{name}"), download="1")

    assert (response.code, response.body, response.headers["Content-Type"]) == (200, content, media_type)
    assert response.headers["Content-Disposition"].startswith("inline" if is_inline else "attachment")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    for one in (response, saved):
        assert_is_harmless(one)


async def test_a_large_file_comes_whole_and_unpacked(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    content = os.urandom(1 << 20) * 5 + b"end"
    add_file(store, run, "outputs/large.txt", content)

    response = await api.send(
        "GET", at(f"/runs/{run.run_id}/files/outputs/large.txt"), headers={"Accept-Encoding": "gzip"}
    )

    assert response.body == content
    assert response.headers["Content-Length"] == str(len(content))
    assert response.headers["Content-Encoding"] == "identity"


async def test_an_empty_file_is_a_file(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    add_file(store, run, "outputs/empty.txt", b"")
    path = at(f"/runs/{run.run_id}/files/outputs/empty.txt")

    whole = await api.send("GET", path)
    part = await api.send("GET", path, headers={"Range": "bytes=0-"})

    assert (whole.code, whole.body) == (200, b"")
    assert_is_harmless(whole)
    assert (part.code, part.headers["Content-Range"]) == (416, "bytes */0")


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-9", 206, 0, 9),
        ("bytes=90-", 206, 90, 99),
        ("bytes=-10", 206, 90, 99),
        ("bytes=-1000", 206, 0, 99),
        ("bytes=99-99", 206, 99, 99),
        ("bytes=50-999999999999999999999999999999", 206, 50, 99),
        ("bytes=100-", 416, 0, -1),
        ("bytes=999999999999999999999999999999-", 416, 0, -1),
        ("bytes=-0", 416, 0, -1),
        ("bytes=9-0", 200, 0, 99),
        ("bytes=0-1,5-6", 200, 0, 99),
        ("bytes=-", 200, 0, 99),
        ("bytes=x-y", 200, 0, 99),
        ("lines=0-9", 200, 0, 99),
        (f"bytes={'9' * 5_000}-", 200, 0, 99),
        ("bytes=٣-", 200, 0, 99),
    ],
)
async def test_a_part_of_a_file_is_sent_where_one_is_asked_for(
    api: Api, at: At, store: RunStore, asked: str, status: int, first: int, last: int
) -> None:
    run = new_run(store)
    content = bytes(range(100))
    add_file(store, run, "outputs/a.bin", content)

    response = await api.send(
        "GET", at(f"/runs/{run.run_id}/files/outputs/a.bin"), headers={"Range": asked.encode().decode("latin-1")}
    )

    assert response.code == status
    if status == 416:
        assert response.headers["Content-Range"] == "bytes */100"
        assert json.loads(response.body)["error"]["code"] == "RangeNotSatisfiable"
        return
    assert response.body == content[first : last + 1]
    assert_is_harmless(response)
    if status == 206:
        assert response.headers["Content-Range"] == f"bytes {first}-{last}/100"


def test_no_range_of_an_empty_file_can_be_had() -> None:
    assert read_range("bytes=-5", 0) == (0, -1)
    assert read_range(None, 0) is None


async def test_a_log_is_read_in_parts_of_whole_characters(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    text = "größe 🦆 ende\n" * 50
    seeded.append_log(store, run, "logs/user_log.txt", text)
    size_bytes = len(text.encode())

    async def read(start: int, max_bytes: int) -> dict[str, object]:
        path = at(f"/runs/{run.run_id}/log")
        part: dict[str, object] = await api.get(path, path="logs/user_log.txt", start=start, max_bytes=max_bytes)
        return part

    for max_bytes in (1, 7, 64):
        place, parts = 0, []
        while place < size_bytes:
            part = await read(place, max_bytes)
            assert part["start"] == place
            parts.append(str(part["text"]))
            place = int(str(part["end"]))
        assert "".join(parts) == text

    end = await read(-9, 1_000)
    assert (end["text"], end["size_bytes"]) == (" ende\n", size_bytes)
    assert str((await read(3, 20))["text"]).startswith("ö") is False
    assert (await read(10**25, 10))["start"] == size_bytes
    assert (await read(-(10**25), 10))["start"] == 0


async def test_half_a_character_waits_for_its_other_half(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    duck = "🦆".encode()
    path = store.artifacts.append_path(run.run_id, "logs/user_log.txt")
    path.write_bytes(b"a" + duck[:2])

    async def read(start: int) -> tuple[object, object]:
        part = await api.get(at(f"/runs/{run.run_id}/log"), path="logs/user_log.txt", start=start)
        return part["text"], part["end"]

    assert await read(0) == ("a", 1)
    assert await read(1) == ("", 1)
    path.write_bytes(b"a" + duck)
    assert await read(1) == ("🦆", 5)
    path.write_bytes(b"a" + duck + b"\xf0\x9f")
    store.set_status(run.run_id, RunStatus.COMPLETED)
    assert await read(5) == ("\ufffd", 7)  # nothing more will come


async def test_a_log_that_is_known_and_not_written_yet_is_empty(api: Api, at: At, store: RunStore) -> None:
    from aml_widgets.core.records import ArtifactRecord

    run = new_run(store)
    store.record_artifact(
        run.run_id, ArtifactRecord(path="logs/user_log.txt", size_bytes=0, written_at=1.0, is_log=True)
    )

    part = await api.get(at(f"/runs/{run.run_id}/log"), path="logs/user_log.txt")

    assert (part["text"], part["size_bytes"]) == ("", 0)
    assert (await api.refuse("GET", at(f"/runs/{run.run_id}/log"), path="logs/none.txt"))[:2] == (
        404,
        "ArtifactNotFound",
    )
    assert (await api.refuse("GET", at(f"/runs/{run.run_id}/log")))[0] == 400
    for query in ({"start": "x"}, {"max_bytes": 0}, {"max_bytes": 1 << 21}):
        assert (await api.refuse("GET", at(f"/runs/{run.run_id}/log"), path="a", **query))[0] == 400


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("logs", {"logs/user_log.txt", "azureml-logs/70_driver_log.txt", "logs/empty.txt"}),
        ("outputs", {"outputs/model.bin", "outputs/sub folder/größe.csv"}),
        (
            "files",
            {
                "logs/user_log.txt",
                "azureml-logs/70_driver_log.txt",
                "logs/empty.txt",
                "outputs/model.bin",
                "outputs/sub folder/größe.csv",
            },
        ),
    ],
)
async def test_files_come_as_one_zip(api: Api, at: At, store: RunStore, what: str, names: set[str]) -> None:
    run = seeded.run_with_logs(store)

    response = await api.send("GET", at(f"/runs/{run.run_id}/zip"), what=what)

    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert_is_harmless(response)
    with zipfile.ZipFile(io.BytesIO(response.body)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == names
        for name in names:
            assert archive.read(name) == store.artifacts.read(run.run_id, name)


async def test_a_zip_of_nothing_is_empty_and_of_something_else_refused(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)
    path = at(f"/runs/{run.run_id}/zip")

    response = await api.send("GET", path, what="outputs")

    with zipfile.ZipFile(io.BytesIO(response.body)) as archive:
        assert archive.namelist() == []
    assert (await api.refuse("GET", path))[0] == 400
    assert (await api.refuse("GET", path, what="everything"))[0] == 400
    assert (await api.refuse("GET", path, what="snapshot"))[:2] == (404, "SnapshotNotFound")


async def test_a_snapshot_is_listed_read_and_sent(api: Api, at: At, store: RunStore) -> None:
    run = run_with_every_fact(store)
    path = at(f"/runs/{run.run_id}")

    listed = await api.get(f"{path}/snapshot")
    whole = await api.send("GET", f"{path}/snapshot/src/model.py")
    part = await api.send("GET", f"{path}/snapshot/src/model.py", headers={"Range": "bytes=6-10"})
    archive = await api.send("GET", f"{path}/zip", what="snapshot")

    assert listed["snapshot_id"] == SNAPSHOT_ID
    assert {one["path"] for one in listed["files"]} == {"train.py", "src/model.py", "conf/settings.json"}
    assert (whole.body, listed["is_cut"]) == (b"class Model:\n    pass\n", False)
    assert_is_harmless(whole)
    assert (part.code, part.body) == (206, b"Model")
    assert archive.body == find_snapshot(store.snapshots, SNAPSHOT_ID).read_bytes()
    assert (await api.refuse("GET", f"{path}/snapshot/none.py"))[:2] == (404, "ArtifactNotFound")


async def test_a_run_without_a_snapshot_has_no_source_files(api: Api, at: At, store: RunStore) -> None:
    run = new_run(store)

    reply = await api.get(at(f"/runs/{run.run_id}/snapshot"))

    assert reply == {"snapshot_id": None, "files": [], "is_cut": False}
    assert (await api.refuse("GET", at(f"/runs/{run.run_id}/snapshot/a.py")))[:2] == (404, "SnapshotNotFound")


async def test_a_broken_snapshot_says_so(api: Api, at: At, store: RunStore) -> None:
    run = run_with_every_fact(store)
    find_snapshot(store.snapshots, SNAPSHOT_ID).write_bytes(b"no zip")

    for end in ("/snapshot", "/snapshot/train.py"):
        status, code, message = await api.refuse("GET", at(f"/runs/{run.run_id}{end}"))
        assert (status, code) == (500, "SnapshotError")
        assert "damaged" in message
