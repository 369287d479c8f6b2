"""Files as a tree: folders, their sums, the order, the filter."""

from __future__ import annotations

import math

import pytest

from aml_widgets.core.records import ArtifactRecord
from aml_widgets.widgets.file_tree import (
    MAX_DEPTH,
    SORT_LARGEST,
    SORT_NEWEST,
    build_tree,
    find_folder,
    folders_in,
    matching,
    moment_text,
    newest_of,
    records_in,
)


def record(path: str, size_bytes: int = 1, written_at: float = 1.0) -> ArtifactRecord:
    return ArtifactRecord(path=path, size_bytes=size_bytes, written_at=written_at)


def test_folders_sum_up_what_is_below_them() -> None:
    root = build_tree([record("outputs/a/x", 10, 5.0), record("outputs/y", 20, 3.0), record("z", 1)])

    outputs = find_folder(root, "outputs")

    assert outputs is not None
    assert (outputs.size_bytes, outputs.file_count, outputs.changed_at) == (30, 2, 5.0)
    assert [row.name for row in outputs.files] == ["y"]
    assert (root.size_bytes, root.file_count) == (31, 3)
    assert len(records_in(root)) == 3
    assert find_folder(root, "nowhere") is None


def test_names_are_sorted_as_people_do_and_logs_come_first() -> None:
    paths = ["a/f", "outputs/f", "logs/f", *(f"epoch {i}.bin" for i in (10, 9, 1))]

    root = build_tree(record(path) for path in paths)

    assert [folder.name for folder in root.folders] == ["logs", "outputs", "a"]
    assert [row.name for row in root.files] == ["epoch 1.bin", "epoch 9.bin", "epoch 10.bin"]


@pytest.mark.parametrize(("sort", "expected"), [(SORT_NEWEST, ["b", "a"]), (SORT_LARGEST, ["a", "b"])])
def test_other_orders(sort: str, expected: list[str]) -> None:
    records = [record("a", 9, 1.0), record("b", 2, 2.0), record("x/a", 9, 1.0), record("y/b", 2, 2.0)]

    root = build_tree(records, sort=sort)

    assert [row.name for row in root.files] == expected
    assert [folder.files[0].name for folder in root.folders] == expected


def test_a_path_without_end_does_not_nest_without_end() -> None:
    root = build_tree([record("/".join(["a"] * 1_500))])

    assert len(list(folders_in(root))) == MAX_DEPTH + 1
    assert records_in(root)[0].path.count("/") == 1_499


def test_the_filter_wants_every_word_in_any_order_and_any_capitals() -> None:
    records = [record("outputs/Model.bin"), record("outputs/model.txt"), record("logs/model.txt")]

    assert [one.path for one in matching(records, "MODEL outputs")] == ["outputs/Model.bin", "outputs/model.txt"]
    assert matching(records, "[") == []


def test_the_newest_file_and_its_moment() -> None:
    records = {one.path: one for one in (record("a", written_at=1.0), record("b", written_at=2.0))}

    assert newest_of(records) == records["b"]
    assert newest_of({}) is None
    assert len(moment_text(0.0, 0.0)) == 8
    assert moment_text(0.0, 1e9).startswith(("1970-01-01", "1969-12-31"))


@pytest.mark.parametrize("at", [1e12, -1e12, 1e300, math.inf, math.nan, 253_402_300_799.0])
def test_a_moment_that_no_calendar_has_breaks_nothing(at: float) -> None:
    assert moment_text(at, 1e9)
    assert moment_text(1e9, at)
