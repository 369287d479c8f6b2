"""Cards stand in sections by the prefix of their names, a page of them at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_widgets.widgets.panels import sections
from aml_widgets.widgets.panels.chart_controls import count_html
from aml_widgets.widgets.panels.sections import PINNED_KEY, PLAIN_KEY, arrange, name_filter
from aml_widgets.widgets.settings import ViewSettings

NAMES = ["train/loss", "lr", "val/loss", "train/deep/loss", "epoch", "/odd", "odd/"]


def test_names_without_a_prefix_come_first_and_the_first_part_makes_the_section() -> None:
    page = arrange(NAMES)

    assert [(section.title, section.names) for section in page.sections] == [
        ("", ("lr", "epoch", "/odd", "odd/")),
        ("train", ("train/loss", "train/deep/loss")),
        ("val", ("val/loss",)),
    ]
    assert (page.page_count, page.matched_count, page.total_count) == (1, 7, 7)


def test_pinned_ones_come_first_in_the_order_of_pinning() -> None:
    page = arrange(NAMES, pinned=["val/loss", "gone", "lr"])

    assert [(section.key, section.title, section.names) for section in page.sections] == [
        (PINNED_KEY, "Pinned", ("val/loss", "lr")),
        (PLAIN_KEY, "Others", ("epoch", "/odd", "odd/")),
        ("/train", "train", ("train/loss", "train/deep/loss")),
    ]


def test_a_collapsed_section_keeps_its_heading_and_count_and_makes_room() -> None:
    page = arrange([f"{section}/{place}" for section in "abc" for place in range(4)], collapsed={"/b"}, page_size=6)

    assert [(one.title, one.names, one.count, one.is_collapsed) for one in page.sections] == [
        ("a", ("a/0", "a/1", "a/2", "a/3"), 4, False),
        ("b", (), 4, True),
        ("c", ("c/0", "c/1"), 4, False),
    ]
    assert (page.open_count, page.page_count) == (8, 2)
    assert [one.title for one in arrange(["a/1", "b/1"], collapsed={"/a", "/b"}).sections] == ["a", "b"]


def test_what_has_no_heading_cannot_be_collapsed() -> None:
    assert arrange(["a", "b"], collapsed={PLAIN_KEY}).names == ("a", "b")


def test_a_page_beyond_the_last_is_the_last() -> None:
    page = arrange([f"m{place}" for place in range(70)], page=9, page_size=30)

    assert (page.number, page.page_count, page.first) == (2, 3, 60)
    assert page.names == tuple(f"m{place}" for place in range(60, 70))


def test_a_section_goes_on_on_the_next_page_with_its_whole_count() -> None:
    page = arrange([f"a/{place}" for place in range(40)], page=1, page_size=30)

    (section,) = page.sections
    assert (section.title, section.count, len(section.names)) == ("a", 40, 10)


@pytest.mark.parametrize(
    ("text", "is_regex", "found"),
    [
        ("", False, 7),
        ("LOSS", False, 3),
        ("(", False, 0),
        ("^train/.*loss$", True, 2),
        ("", True, 7),
        ("LR|epoch", True, 2),
    ],
)
def test_a_filter_finds_text_or_an_expression_whatever_the_case(text: str, is_regex: bool, found: int) -> None:
    page = arrange(NAMES, wanted=name_filter(text, is_regex=is_regex))

    assert (page.matched_count, page.total_count) == (found, 7)


def test_what_is_found_lies_side_by_side_also_from_a_collapsed_section() -> None:
    page = arrange(NAMES, wanted=name_filter("loss", is_regex=False), pinned=["val/loss"], collapsed={"/train"})

    assert [(section.title, section.names) for section in page.sections] == [
        ("Pinned", ("val/loss",)),
        ("Others", ("train/loss", "train/deep/loss")),
    ]


@pytest.mark.parametrize("text", ["(", "a{99999999999999999999}", "[z-a]", "x" * 1000])
def test_a_wrong_expression_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="regular expression"):
        name_filter(text, is_regex=True)


@given(
    names=st.lists(st.sampled_from(["a", "b", "x/1", "x/2", "y/1", "/", "z/"]), unique=True),
    pinned=st.lists(st.sampled_from(["a", "x/1", "y/1", "gone"]), unique=True),
    collapsed=st.frozensets(st.sampled_from([PINNED_KEY, PLAIN_KEY, "/x", "/y"])),
    page_size=st.integers(1, 4),
)
def test_each_name_is_on_exactly_one_page_or_in_one_collapsed_section(
    names: list[str], pinned: list[str], collapsed: frozenset[str], page_size: int
) -> None:
    pages = [arrange(names, pinned=pinned, collapsed=collapsed, page=0, page_size=page_size)]
    pages += [
        arrange(names, pinned=pinned, collapsed=collapsed, page=number, page_size=page_size)
        for number in range(1, pages[0].page_count)
    ]

    shown = [name for page in pages for name in page.names]
    closed = [section for page in pages for section in page.sections if section.is_collapsed]
    assert len(shown) == len(set(shown)) == pages[0].open_count
    assert len({section.key for section in closed}) == len(closed)
    assert len(shown) + sum(section.count for section in closed) == len(names)


@pytest.mark.parametrize(
    "text", ["(a+)+$", "(a|aa)+$", "((a*))*b", "(?:x?)*", "a*b*c*d*e", r"(a)\1", "(a{1,50}){1,50}"]
)
def test_expressions_that_may_take_for_ever_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for ever"):
        name_filter(text, is_regex=True)


@pytest.mark.parametrize(
    "text",
    [
        "^(train|val)/loss",
        "loss$",
        "(layer )?[0-9]+/.*",
        r"\(a\+\)+",
        "[(+*]+",
        "(?i:abc)+",
        "a{2}b?",
        "^.*loss.*$",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "(?:a|b|c)/(d|e)?",
    ],
)
def test_expressions_that_end_soon_are_taken(text: str) -> None:
    assert name_filter(text, is_regex=True).pattern is not None


@pytest.mark.parametrize(
    "text",
    [
        ".?" * 24 + "z$",
        "(?:a?)" * 24 + "z",
        "a??" * 24 + "z",
        "(a|a)" * 24 + "z",
        "a*a*a*b",
        "a{0,9}" * 9,
        "(?x)#[\n" + ".?" * 24 + "z#]",
        "(){60000}",
        "a{0}" + ".?" * 24 + "z",
        "(){60000,}",
    ],
)
def test_expressions_of_many_choices_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for ever"):
        name_filter(text, is_regex=True)


def test_names_are_searched_for_so_long_in_all_and_what_was_found_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([place * 0.1 for place in range(1_000)])
    monkeypatch.setattr(sections, "thread_time", lambda: next(seconds))
    names = [f"name {place}" for place in range(20)]
    wanted = name_filter("name .*", is_regex=True)

    first = arrange(names, wanted=wanted)

    assert first.matched_count + first.unsearched_count == 20
    assert 0 < first.matched_count < 10
    again = arrange(names, wanted=wanted)
    assert again.matched_count > first.matched_count


def test_text_is_looked_for_in_all_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_MAX_SECONDS", -1.0)

    page = arrange(NAMES, wanted=name_filter("loss", is_regex=False))

    assert (page.matched_count, page.unsearched_count) == (3, 0)


def test_how_many_names_were_not_searched_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_MAX_SECONDS", -1.0)
    chosen = ViewSettings(filter_text="loss", filter_is_regex=True)

    page = arrange(NAMES, wanted=name_filter("loss", is_regex=True))

    assert count_html(page, chosen) == "0 of 7 charts; 7 not searched, the expression takes too long"
