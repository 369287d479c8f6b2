"""The language of the search box."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import (
    MetricAspect,
    MetricCondition,
    RunField,
    RunQuery,
    TagCondition,
    TextCondition,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.run_search import RunSearch, parse_search


def quote(text: str) -> str:
    """Write text so that all of it is taken as it is."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- what each part means


def test_words_and_phrases() -> None:
    assert parse_search('  ridge\t"two words"\n un"spl it"ted ') == RunSearch(
        text=("ridge", "two words", "unspl itted")
    )
    assert parse_search("") == parse_search(" ") == parse_search('""') == RunSearch()
    assert parse_search(r'"a \"b\" \\ c" d\e') == RunSearch(text=('a "b" \\ c', "d\\e"))
    assert parse_search("a - b 12:30 http://x/y ü:z !") == RunSearch(
        text=("a", "-", "b", "12:30", "http://x/y", "ü:z", "!")
    )


def test_words_that_must_not_be_there() -> None:
    assert parse_search('-ridge -"two words" in-between') == RunSearch(
        text=("in-between",),
        texts=(TextCondition(text="ridge", is_negated=True), TextCondition(text="two words", is_negated=True)),
    )


def test_statuses() -> None:
    assert parse_search("status:failed").statuses == frozenset({RunStatus.FAILED})
    assert parse_search("Status:FAILED status:running").statuses == frozenset({RunStatus.FAILED, RunStatus.RUNNING})
    assert parse_search("-status:failed").statuses == frozenset(RunStatus) - {RunStatus.FAILED}
    assert parse_search("status:failed -status:failed").statuses == frozenset()
    assert parse_search('"status:failed"') == RunSearch(text=("status:failed",))


def test_tags() -> None:
    assert parse_search('tag:model tag:model=ridge tag:"a b"="c = d" tag:a=b=c tag:note= -tag:x').tag_conditions == (
        TagCondition(key="model"),
        TagCondition(key="model", value="ridge"),
        TagCondition(key="a b", value="c = d"),
        TagCondition(key="a", value="b=c"),
        TagCondition(key="note", value=""),
        TagCondition(key="x", is_negated=True),
    )


def test_text_in_one_place() -> None:
    assert parse_search('id:ab_12 name:"first try" -experiment:old name:a>b').texts == (
        TextCondition(text="ab_12", field=RunField.RUN_ID),
        TextCondition(text="first try", field=RunField.DISPLAY_NAME),
        TextCondition(text="old", field=RunField.EXPERIMENT_NAME, is_negated=True),
        TextCondition(text="a>b", field=RunField.DISPLAY_NAME),
    )


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=", "!="])
@pytest.mark.parametrize("blanks", ["", " ", "  \t"])
def test_numbers(operator: str, blanks: str) -> None:
    for name, written in (("loss", "loss"), ("train/acc", "train/acc"), ("val loss", '"val loss"'), ("a<b", '"a<b"')):
        for number, text in (
            (0.3, ".3"),
            (-2, "-2"),
            (1e-5, "1E-5"),
            (math.inf, "inf"),
            (2**80, str(2**80)),
            (1.0, "1."),
        ):
            (condition,) = parse_search(f"x {written}{blanks}{operator}{blanks}{text} y").conditions
            assert condition == MetricCondition(name=name, operator=operator, number=number)
            assert type(condition.number) is type(number)


def test_extremes_of_numbers() -> None:
    assert parse_search('min(loss) < 0.1 max("val acc")>=1 -last(x)==2').conditions == (
        MetricCondition(name="loss", operator="<", number=0.1, of=MetricAspect.LOW),
        MetricCondition(name="val acc", operator=">=", number=1, of=MetricAspect.HIGH),
        MetricCondition(name="x", operator="=", number=2, is_negated=True),
    )
    assert parse_search('"min(loss)" < 0.1').conditions == (
        MetricCondition(name="min(loss)", operator="<", number=0.1),
    )


def test_nan_is_found_by_being_equal_to_itself() -> None:
    (condition,) = parse_search("loss = nan").conditions
    assert math.isnan(condition.number)


@pytest.mark.parametrize(
    ("search", "part", "rule"),
    [
        ("ridge stauts:failed", "stauts:failed", "status, tag, id, name, experiment"),
        ("status:broken x", "status:broken", "NotResponding"),
        ("status: failed", "status:", "without a blank"),
        ("name:", "name:", "without a blank"),
        ("-tag:", "-tag:", "key of a tag"),
        ('x "two words', '"two words', "pairs"),
        ("loss > high", "loss > high", "number"),
        ("loss >", "loss >", "number"),
        ("a=b c", "a=b", "number"),
        ("loss > 0.3x", "loss > 0.3x", "number"),
        ("loss >> 3", "loss >", "number"),
        ("x < 3", None, None),
        ("< 3", "< 3", "name of a metric"),
        ("loss > nan", "loss > nan", "NaN"),
        ("min(loss", "min(loss", "name of a metric"),
        ("min(loss) 3", "min(loss)", "name of a metric"),
        ("loss > 0x10", "loss > 0x10", "number"),
        ("loss > 1_000", "loss > 1_000", "number"),
        ("loss > ٣", "loss > ٣", "number"),
    ],
)
def test_what_cannot_be_understood_is_named_with_the_rule(search: str, part: str | None, rule: str | None) -> None:
    if part is None or rule is None:
        parse_search(search)
        return

    with pytest.raises(UserError, match=re.escape(rule)) as caught:
        parse_search(search)

    assert caught.value.value == part
    assert repr(part) in caught.value.message


def test_a_search_narrows_what_is_asked_already() -> None:
    query = RunQuery(
        statuses=frozenset({RunStatus.FAILED, RunStatus.RUNNING}),
        text=("a",),
        experiment_id="e",
        tags={"t": "1"},
        limit=7,
    )

    narrowed = parse_search("b -c status:failed status:completed tag:u x > 1").narrow(query)

    assert narrowed == RunQuery(
        statuses=frozenset({RunStatus.FAILED}),
        text=("a", "b"),
        texts=(TextCondition(text="c", is_negated=True),),
        tag_conditions=(TagCondition(key="u"),),
        conditions=(MetricCondition(name="x", operator=">", number=1),),
        experiment_id="e",
        tags={"t": "1"},
        limit=7,
    )
    assert parse_search("").narrow(query) == query
    assert parse_search("status:failed").narrow(RunQuery()).statuses == frozenset({RunStatus.FAILED})


# -- whatever is typed


_ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
_PIECES = st.sampled_from(
    ["loss", '"', "\\", " ", "-", "<", "<=", "!=", "=", "!", ">", "0.3", "nan", "inf", "status:", "failed", "tag:", "id:", "min(", ")", ":", "//", "e9"]
)  # fmt: skip


@given(_ANYTHING | st.lists(_PIECES | _ANYTHING, max_size=12).map("".join))
@example('"\\')
@example("min(" * 50)
@example("loss > " + "9" * 5_000)
@example("loss > 1e" + "9" * 100)
def test_anything_typed_is_understood_or_refused_with_its_part(search: str) -> None:
    refused = None
    found = RunSearch()
    try:
        found = parse_search(search)
    except UserError as error:
        refused = error.value

    assert refused is None or (isinstance(refused, str) and refused and refused in search)
    assert all(found.text)
    assert all(condition.operator in ("<", "<=", ">", ">=", "=", "!=") for condition in found.conditions)


_NON_EMPTY = st.text(st.characters(exclude_categories=()), min_size=1, max_size=20)
_NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**30), 10**30)
_STATUSES = st.none() | st.frozensets(st.sampled_from(RunStatus), min_size=1)


@given(
    text=st.lists(_NON_EMPTY, max_size=3),
    texts=st.lists(
        st.builds(TextCondition, text=_NON_EMPTY, field=st.sampled_from(RunField), is_negated=st.booleans())
    ),
    tags=st.lists(st.builds(TagCondition, key=_NON_EMPTY, value=st.none() | _NON_EMPTY, is_negated=st.booleans())),
    conditions=st.lists(
        st.builds(
            MetricCondition,
            name=_NON_EMPTY,
            operator=st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
            number=_NUMBERS,
            of=st.sampled_from(MetricAspect),
            is_negated=st.booleans(),
        )
    ),
    statuses=_STATUSES,
)
def test_what_is_written_in_quotes_is_read_as_it_was_meant(
    text: list[str],
    texts: list[TextCondition],
    tags: list[TagCondition],
    conditions: list[MetricCondition],
    statuses: frozenset[RunStatus] | None,
) -> None:
    fields = {RunField.RUN_ID: "id:", RunField.DISPLAY_NAME: "name:", RunField.EXPERIMENT_NAME: "experiment:"}
    aspects = {MetricAspect.LAST: "last", MetricAspect.LOW: "min", MetricAspect.HIGH: "max"}
    texts = [one for one in texts if one.is_negated or one.field in fields]  # anything else is in `text`
    parts = [quote(word) for word in text]
    parts += [f"{'-' * one.is_negated}{fields.get(one.field, '')}{quote(one.text)}" for one in texts]
    for tag in tags:
        value = "" if tag.value is None else f"={quote(tag.value)}"
        parts.append(f"{'-' * tag.is_negated}tag:{quote(tag.key)}{value}")
    for one in conditions:
        parts.append(f"{'-' * one.is_negated}{aspects[one.of]}({quote(one.name)}) {one.operator} {one.number!r}")
    parts += [f"status:{status}" for status in statuses or ()]

    found = parse_search(" ".join(parts))

    assert found == RunSearch(
        statuses=statuses,
        text=tuple(text),
        texts=tuple(texts),
        tag_conditions=tuple(tags),
        conditions=tuple(conditions),
    )
