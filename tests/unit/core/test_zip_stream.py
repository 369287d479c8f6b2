"""A zip that is written while it is sent."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from functools import partial

import pytest

from aml_widgets.core.errors import ArtifactNotFound, StoreUnavailable
from aml_widgets.core.zip_stream import CHUNK_BYTES, MISSING_NAME, ZipSource, safe_name, unique_name, zip_chunks


def source(path: str, *pieces: bytes, written_at: float = 1e9) -> ZipSource:
    return ZipSource(path=path, size_bytes=sum(map(len, pieces)), written_at=written_at, read=partial(iter, pieces))


def opened(chunks: Iterator[bytes]) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(chunks)))
    assert archive.testzip() is None
    return archive


def test_what_goes_in_comes_out() -> None:
    files = {"a/b.txt": b"text" * 1_000, "empty": b"", "größe.bin": os.urandom(3_000)}

    with opened(zip_chunks(source(path, content) for path, content in files.items())) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_files_are_read_only_as_far_as_chunks_are_taken() -> None:
    read: list[int] = []

    def pieces() -> Iterator[bytes]:
        for place in range(20):
            read.append(place)
            yield os.urandom(CHUNK_BYTES)

    large = ZipSource(path="large.bin", size_bytes=20 * CHUNK_BYTES, written_at=0.0, read=pieces)
    chunks = zip_chunks([large])
    first = next(chunks)

    assert len(first) <= CHUNK_BYTES
    assert len(read) <= 3
    archive = zipfile.ZipFile(io.BytesIO(first + b"".join(chunks)))
    assert archive.getinfo("large.bin").file_size == 20 * CHUNK_BYTES
    assert archive.testzip() is None


def test_a_file_that_cannot_be_read_is_told_of_in_the_zip() -> None:
    def gone() -> Iterator[bytes]:
        for piece in (b"",):
            raise ArtifactNotFound("it is gone", value=piece)
        yield b""

    def broken() -> Iterator[bytes]:
        yield b"begun"
        raise StoreUnavailable("the disk went away")

    sources = [
        ZipSource(path="gone.txt", size_bytes=1, written_at=0.0, read=gone),
        ZipSource(path="half.txt", size_bytes=9, written_at=0.0, read=broken),
        source("there.txt", b"there"),
    ]
    with opened(zip_chunks(sources)) as archive:
        assert archive.namelist() == ["half.txt", "there.txt", MISSING_NAME]
        told = archive.read(MISSING_NAME).decode()
    assert "gone.txt: it is gone" in told
    assert "half.txt: only a part of it is here. the disk went away" in told


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/etc/passwd", "etc/passwd"),
        ("../../up.txt", "up.txt"),
        ("a/../b", "a/b"),
        ("a\\b", "a/b"),
        ("C:/x", "C_/x"),
        ('<img src="x">', "_img src=_x__"),
        ("nul.txt", "_nul.txt"),
        ("line\nbreak", "linebreak"),
        ("a\u202egpj.exe", "agpj.exe"),
        (".github/.gitignore", ".github/.gitignore"),
        ("... .", "file"),
        ("dots...", "dots"),
        ("..", "file"),
        ("größe.csv", "größe.csv"),
    ],
)
def test_names_are_safe_to_unpack_anywhere(path: str, name: str) -> None:
    assert safe_name(path) == name


def test_no_two_files_have_one_name() -> None:
    taken: set[str] = set()

    names = [unique_name(name, taken) for name in ("a.txt", "A.txt", "a.txt", "x.d/file", "x.d/file")]

    assert names == ["a.txt", "A (2).txt", "a (3).txt", "x.d/file", "x.d/file (2)"]


def test_a_time_that_a_zip_cannot_hold_does_no_harm() -> None:
    with opened(zip_chunks([source("old", b"x", written_at=-1.0), source("late", b"x", written_at=1e12)])) as archive:
        assert [member.date_time[0] >= 1980 for member in archive.infolist()] == [True, True]
