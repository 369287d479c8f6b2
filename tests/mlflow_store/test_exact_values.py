from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.core.errors import StoreCorrupt
from aml_widgets.core.records import ArtifactRecord, MetricKind, MetricValue
from aml_widgets.store.mlflow.exact_values import (
    Column,
    Columns,
    File,
    Record,
    Row,
    decode_line,
    decode_piece,
    encode_line,
    encode_piece,
)
from aml_widgets.store.mlflow.heads_tag import Head
from aml_widgets.testing.support import exact, kinds_of_values

_TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
_VALUES = st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), _TEXTS)
_STEPS = st.integers(-(2**63), 2**63 - 1)
_TIMES = st.floats(allow_nan=False, allow_infinity=False)


def comparable(record: Record) -> object:
    if isinstance(record, Row):
        values = [(name, exact(value)) for name, value in record.values.items()]
        return (record.logged_at, values, list(record.steps))
    if isinstance(record, Columns):
        columns = [(one.name, one.first_step, [exact(value) for value in one.values]) for one in record.columns]
        return (record.logged_at, record.name, record.kind, record.description, columns)
    return record


@given(st.dictionaries(st.text(), st.tuples(_VALUES, _STEPS), min_size=1, max_size=4), _TIMES)
def test_a_row_comes_back_as_it_was(given: dict[str, tuple[MetricValue, int]], logged_at: float) -> None:
    row = Row(logged_at, {name: value for name, (value, _) in given.items()}, [step for _, step in given.values()])

    line = encode_line(row)

    assert line.isascii()
    assert "\n" not in line
    assert comparable(decode_line(line)) == comparable(row)


@given(st.lists(st.tuples(st.none() | st.text(), _STEPS, st.lists(_VALUES, max_size=5)), max_size=3), _TEXTS)
def test_columns_come_back_as_they_were(given: list[tuple[str | None, int, list[MetricValue]]], text: str) -> None:
    record = Columns(1.5, "name", MetricKind.ROW, text, [Column(*one) for one in given])

    assert comparable(decode_line(encode_line(record))) == comparable(record)


@pytest.mark.parametrize("value", kinds_of_values().values(), ids=kinds_of_values().keys())
def test_every_sort_of_value_is_kept_exactly(value: MetricValue) -> None:
    record = decode_line(encode_line(Row(0.0, {"a": value}, [0])))

    assert isinstance(record, Row)
    assert exact(record.values["a"]) == exact(value)


def test_a_file_comes_back_as_it_was() -> None:
    file = File(ArtifactRecord(path="größe/\ud800", size_bytes=3, written_at=1.25, is_log=True))

    assert decode_line(encode_line(file)) == file


def test_a_piece_holds_its_lines() -> None:
    lines = [encode_line(Row(0.0, {"a": "line\nbreak"}, [0])), encode_line(Row(1.0, {"a": math.nan}, [1]))]

    assert decode_piece(encode_piece(lines)) == lines
    assert decode_piece(b"") == []


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "[1]", '["r"]', '["r",1,2,3]', '["x",1]', '["c",1,"n","no kind","",[]]']
)
def test_what_is_no_line_is_told(line: str) -> None:
    with pytest.raises(StoreCorrupt, match="no line of exact values"):
        decode_line(line)


def test_a_piece_that_ends_within_a_line_is_told() -> None:
    with pytest.raises(StoreCorrupt):
        decode_piece(b'["r",1,{"a":1},0')


def test_a_head_comes_back_with_its_lines() -> None:
    head = Head(3, 70, 2, 12.5, (encode_line(Row(0.0, {"a": 1}, [0])), encode_line(Row(0.0, {"b": "x"}, [0]))))

    assert Head.decode(head.encode()) == head
    assert head.count == 72
    with pytest.raises(StoreCorrupt, match=r"aml\.values"):
        Head.decode("nonsense")
