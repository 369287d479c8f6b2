"""Which cards of a run there are, in which section, in which order and on which page. Pure values."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from time import thread_time

PINNED_KEY = "*"
PLAIN_KEY = "."  # names without a prefix
_PREFIX_KEY = "/"  # followed by the prefix

# What is searched has to be found soon, and nothing can stop an expression that goes back and forth: one that might take
# more than so many steps for a name is refused.
_MAX_PATTERN = 200
_MAX_STEPS = 2_000_000
_SEARCHED_LENGTHS = (300, 100)  # characters of a name; fewer where the expression would take too long for more
_MAX_SECONDS = 0.2  # for all names together
_GROUP = re.compile(r"\((?:\?(?:P<\w+>|<?[=!]|[a-zA-Z-]*:))?(?P<content>[^()]*)\)(?P<repeat>[*+?]|\{[0-9]*,?[0-9]*\})?")
_REPEAT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>[0-9]*)(?P<comma>,?)(?P<most>[0-9]*)\})[?+]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Some cards under one heading.

    Attributes
    ----------
    key : str
        By which settings know it.
    title : str
        The heading; empty where there is none.
    names : tuple of str
        The metrics on this page, none where the section is collapsed.
    count : int
        How many metrics the section has on all pages.
    """

    key: str
    title: str
    names: tuple[str, ...]
    count: int
    is_collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    """One page of cards.

    Attributes
    ----------
    number, page_count : int
        Which page it is, from 0, and how many there are, at least 1.
    first, open_count : int
        The place of its first card among those that are not collapsed, from 0, and how many of those there are.
    matched_count, total_count : int
        How many metrics the filter lets through, of how many.
    unsearched_count : int
        How many of them the filter was not asked about, because that took too long.
    """

    sections: tuple[Section, ...]
    number: int
    page_count: int
    first: int
    open_count: int
    matched_count: int
    total_count: int
    unsearched_count: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics on this page, in order."""
        return tuple(name for section in self.sections for name in section.names)


@dataclass(frozen=True, slots=True)
class NameFilter:
    """What names are looked for; made by `name_filter`.

    Attributes
    ----------
    searched_length : int
        So many characters of a name are searched for `pattern`.
    """

    text: str = ""
    pattern: re.Pattern[str] | None = None
    searched_length: int = 0
    _known: dict[str, bool] = field(default_factory=dict, compare=False, repr=False)

    def __bool__(self) -> bool:
        return bool(self.text) or self.pattern is not None

    def find(self, names: Iterable[str]) -> tuple[list[str], int]:
        """Give the names that are let through, and how many were not searched because that took too long.

        What was found out is kept, so that it goes on from there the next time.
        """
        if self.pattern is None:
            return [name for name in names if self.text in name.casefold()], 0
        found, left_count, until = [], 0, thread_time() + _MAX_SECONDS
        for name in names:
            is_found = self._known.get(name)
            if is_found is None:
                if left_count or thread_time() > until:
                    left_count += 1
                    continue
                is_found = self._known[name] = self.pattern.search(name[: self.searched_length]) is not None
            if is_found:
                found.append(name)
        return found, left_count


def name_filter(text: str, *, is_regex: bool) -> NameFilter:
    """Make a filter; case does not count.

    Raises
    ------
    ValueError
        If it is no regular expression, with a message for the user.
    """
    if not is_regex or not text:
        return NameFilter(text.casefold())
    if len(text) > _MAX_PATTERN:
        raise ValueError(f"A regular expression has at most {_MAX_PATTERN} characters here, this one {len(text):,}.")
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"This is no regular expression: {error}.") from error
    for length in _SEARCHED_LENGTHS:
        # Where white space and comments do not count, the expression is not what it looks like.
        if not pattern.flags & re.VERBOSE and _step_count(text, length) <= _MAX_STEPS:
            return NameFilter(pattern=pattern, searched_length=length)
    raise ValueError(
        "This regular expression might take for ever: it has repetitions of repetitions, or many of them, or many choices."
    )


def _step_count(text: str, length: int) -> float:
    """Say how many steps an expression that compiles may take at most on a text; infinite where that cannot be said."""
    if re.search(r"\\[1-9]|\(\?P=", text):
        return math.inf
    plain = re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\.", "x", text, flags=re.DOTALL))
    count = float(length)  # it is tried from each place
    while group := _GROUP.search(plain):
        content, repeat = group["content"], group["repeat"] or ""
        if repeat not in ("", "?") and ("|" in content or _REPEAT.search(content)):
            return math.inf  # what repeats itself in different ways can be divided in any number of ways
        count *= 1 + content.count("|")
        inside = content.replace("|", "x") + ("x" if repeat else "")
        plain = plain[: group.start()] + inside + repeat + plain[group.end() :]
    count *= 1 + plain.count("|")
    for found in _REPEAT.finditer(plain):
        count *= _choice_count(found, length)
    return count


def _choice_count(repeat: re.Match[str], length: int) -> int:
    """Say how often something may be repeated in a text at most; twice where it may be left out."""
    if repeat["sign"]:
        return 2 if repeat["sign"] == "?" else length
    if repeat["comma"] and not repeat["most"]:
        return max(length, int(repeat["least"] or 0))
    return max(1, int(repeat["most"] or repeat["least"] or 1))


def section_key(name: str) -> str:
    """Give the section that a metric belongs to, by what stands before the first slash of its name."""
    prefix, slash, rest = name.partition("/")
    return f"{_PREFIX_KEY}{prefix}" if slash and prefix.strip() and rest else PLAIN_KEY


def arrange(
    names: Iterable[str],
    *,
    wanted: NameFilter | None = None,
    pinned: Collection[str] = (),
    collapsed: Collection[str] = (),
    page: int = 0,
    page_size: int = 30,
) -> CardPage:
    """Put metrics into sections and pages.

    Pinned metrics come first, then names without a prefix, then one section for each prefix; all in the order in which
    they were logged first.

    Parameters
    ----------
    names : iterable of str
        All metrics that have a card.
    wanted : NameFilter, optional
        Which of them to show, then without sections; all without it, or with an empty one.
    pinned : collection of str
        Metrics that come first, in this order.
    collapsed : collection of str
        Keys of sections of which only the heading is shown.
    page : int
        The page wanted, from 0; the last one where there are fewer.
    page_size : int
        How many cards a page has at most.

    Returns
    -------
    CardPage
        Only the sections that have something to show on the page, and collapsed ones.
    """
    all_names = list(names)
    matched, unsearched_count = wanted.find(all_names) if wanted else (all_names, 0)
    known = set(matched)
    first = [name for name in pinned if name in known]
    is_pinned = set(first)
    # Pinned ones and names without a prefix come first, whenever they were logged.
    groups: dict[str, list[str]] = {PINNED_KEY: first, PLAIN_KEY: []}
    for name in matched:
        if name not in is_pinned:
            # What was looked for lies side by side: `train/loss` and `val/loss` are to be compared.
            groups.setdefault(PLAIN_KEY if wanted else section_key(name), []).append(name)
    groups = {key: group for key, group in groups.items() if group}
    titles = {key: _title(key, is_first=key == next(iter(groups))) for key in groups}
    # Without a heading nobody could open it, and what is found is shown.
    closed = {key for key in groups if key in collapsed and titles[key] and not wanted}
    open_count = sum(len(group) for key, group in groups.items() if key not in closed)
    page_count = max(1, -(-open_count // page_size))
    number = min(max(0, page), page_count - 1)
    start, end = number * page_size, (number + 1) * page_size
    sections, place = [], 0
    for key, group in groups.items():
        if key in closed:
            # It stands on the page of what follows it; at the very end, on the last one.
            if start <= place < end or (place == open_count and number == page_count - 1):
                sections.append(Section(key=key, title=titles[key], names=(), count=len(group), is_collapsed=True))
            continue
        names_here = tuple(group[max(0, start - place) : max(0, end - place)])
        place += len(group)
        if names_here:
            sections.append(Section(key=key, title=titles[key], names=names_here, count=len(group)))
    return CardPage(
        sections=tuple(sections),
        number=number,
        page_count=page_count,
        first=start,
        open_count=open_count,
        matched_count=len(matched),
        total_count=len(all_names),
        unsearched_count=unsearched_count,
    )


def _title(key: str, *, is_first: bool) -> str:
    if key == PINNED_KEY:
        return "Pinned"
    if key == PLAIN_KEY:
        return "" if is_first else "Others"
    return key.removeprefix(_PREFIX_KEY)
