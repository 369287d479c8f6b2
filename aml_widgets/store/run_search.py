r"""What somebody types into a search box, as conditions of a query.

Words must occur in a run: ``ridge "two words"``. Conditions are

- ``status:failed``, any status of a run; several are one of them,
- ``tag:model`` for a tag that is there, ``tag:model=ridge`` for its value,
- ``experiment:name``, ``id:…``, ``name:…`` for text in one place,
- ``loss > 0.3`` for the latest number of a metric, ``min(loss) < 0.1`` and ``max(accuracy) >= 0.9`` for its extremes.

A minus before one of them turns it around: ``-tag:model``. Case is ignored. Quotes keep together what would be understood otherwise:
``"val loss" < 0.1``, ``experiment:"first steps"``, ``"status:failed"`` for the text; inside, ``\"`` is a quote and ``\\`` a
backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSearch:
    """What a search asks of a run, beside what a query asks already."""

    statuses: frozenset[RunStatus] | None = None
    text: tuple[str, ...] = ()
    texts: tuple[TextCondition, ...] = ()
    tag_conditions: tuple[TagCondition, ...] = ()
    conditions: tuple[MetricCondition, ...] = ()

    def narrow(self, query: RunQuery) -> RunQuery:
        """Give a query that asks for both."""
        statuses = self.statuses
        if statuses is None or query.statuses is None:
            statuses = query.statuses if statuses is None else statuses
        else:
            statuses &= query.statuses
        return replace(
            query,
            statuses=statuses,
            text=query.text + self.text,
            texts=query.texts + self.texts,
            tag_conditions=query.tag_conditions + self.tag_conditions,
            conditions=query.conditions + self.conditions,
        )


def parse_search(text: str) -> RunSearch:
    """Read a search. Use it as ``parse_search(text).narrow(query)``.

    Raises
    ------
    UserError
        For a part that cannot be understood; the message names it and the rule, `value` is the part.
    """
    reader = _Reader(text)
    while reader.read_one():
        pass
    return reader.result()


_STATUSES = {status.value.casefold(): status for status in RunStatus}
_TEXT_FIELDS = {
    "id": RunField.RUN_ID,
    "name": RunField.DISPLAY_NAME,
    "experiment": RunField.EXPERIMENT_NAME,
}
_FIELDS = ("status", "tag", *_TEXT_FIELDS)
_ASPECTS = {"last": MetricAspect.LAST, "min": MetricAspect.LOW, "max": MetricAspect.HIGH}

_BLANKS = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_MINUS = re.compile(r"-(?!\s|$)")  # alone it is text
_FIELD = re.compile(r"([A-Za-z_]+):(?!//)")
_OPERATOR = re.compile(r"\s*(<=|>=|!=|==|<|>|=)")
_ASPECT = re.compile(r"(last|min|max)\(", re.IGNORECASE)
_NUMBER = re.compile(r"\s*([^\s<>=!\"]+)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_FLOAT = re.compile(
    r"[+-]?([0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(e[+-]?[0-9]{1,9})?|[+-]?inf(inity)?|nan", re.IGNORECASE
)

_WORD = r'[^\s"<>=!]|!(?!=)'
_BARE_WORD = re.compile(rf"(?:{_WORD})+")
_BARE_VALUE = re.compile(r'[^\s"]+')
_BARE_KEY = re.compile(r'[^\s"=]+')
_BARE_METRIC = re.compile(rf"(?:(?!\))(?:{_WORD}))+")


class _Word(NamedTuple):
    """Text with what was quoted taken out of its quotes."""

    text: str
    is_quoted: bool


class _Reader:
    """Reads a search from left to right, one part after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._begin = 0  # of the part that is being read
        self._wanted: set[RunStatus] = set()
        self._unwanted: set[RunStatus] = set()
        self._words: list[str] = []
        self._texts: list[TextCondition] = []
        self._tags: list[TagCondition] = []
        self._conditions: list[MetricCondition] = []

    def result(self) -> RunSearch:
        """Give what was read."""
        statuses: frozenset[RunStatus] | None = None
        if self._wanted or self._unwanted:
            statuses = (frozenset(self._wanted) or frozenset(RunStatus)) - self._unwanted
        return RunSearch(
            statuses=statuses,
            text=tuple(self._words),
            texts=tuple(self._texts),
            tag_conditions=tuple(self._tags),
            conditions=tuple(self._conditions),
        )

    def read_one(self) -> bool:
        """Read one part; False at the end."""
        self._take(_BLANKS)
        if self._place == len(self._text):
            return False
        self._begin = self._place
        is_negated = self._take(_MINUS) is not None
        field = self._take(_FIELD)
        if field is not None:
            self._read_field(field[1], is_negated=is_negated)
            return True
        aspect = self._take(_ASPECT)
        if aspect is not None:
            self._read_extreme(_ASPECTS[aspect[1].lower()], is_negated=is_negated)
            return True
        word = self._read_word(_BARE_WORD)
        operator = self._take(_OPERATOR)
        if operator is not None:
            self._add_condition(word, operator[1], MetricAspect.LAST, is_negated=is_negated)
        elif not word.text:
            if not word.is_quoted:
                raise self._wrong("here is neither a word nor a condition")
        elif is_negated:
            self._texts.append(TextCondition(text=word.text, is_negated=True))
        else:
            self._words.append(word.text)
        return True

    def _read_field(self, name: str, *, is_negated: bool) -> None:
        known = name.lower()
        if known not in _FIELDS:
            self._read_word(_BARE_VALUE)
            raise self._wrong(
                f"{name!r} cannot be searched in, only {', '.join(_FIELDS)} can",
                "Put it in quotes to search for the text",
            )
        if known == "tag":
            self._read_tag(is_negated=is_negated)
            return
        value = self._read_word(_BARE_VALUE).text
        if not value:
            raise self._wrong(f"a value stands behind '{known}:', without a blank")
        if known != "status":
            self._texts.append(TextCondition(text=value, field=_TEXT_FIELDS[known], is_negated=is_negated))
            return
        status = _STATUSES.get(value.casefold())
        if status is None:
            known_statuses = ", ".join(one.value for one in RunStatus)
            raise self._wrong(f"{value!r} is no status of a run", f"The statuses are {known_statuses}")
        (self._unwanted if is_negated else self._wanted).add(status)

    def _read_tag(self, *, is_negated: bool) -> None:
        key = self._read_word(_BARE_KEY)
        if not key.text and not key.is_quoted:
            raise self._wrong("the key of a tag stands behind 'tag:', without a blank")
        value = None
        if self._text.startswith("=", self._place):
            self._place += 1
            value = self._read_word(_BARE_VALUE).text
        self._tags.append(TagCondition(key=key.text, value=value, is_negated=is_negated))

    def _read_extreme(self, aspect: MetricAspect, *, is_negated: bool) -> None:
        name = self._read_word(_BARE_METRIC)
        is_closed = self._text.startswith(")", self._place)
        operator = None
        if is_closed:
            self._place += 1
            operator = self._take(_OPERATOR)
        if operator is None:
            self._read_word(_BARE_VALUE)
            raise self._wrong(
                "behind 'last(', 'min(' or 'max(' stand the name of a metric, ')', one of < <= > >= = != and a number",
                "Put it in quotes to search for the text",
            )
        self._add_condition(name, operator[1], aspect, is_negated=is_negated)

    def _add_condition(self, name: _Word, operator: str, aspect: MetricAspect, *, is_negated: bool) -> None:
        if not name.text:
            self._take(_NUMBER)
            raise self._wrong(f"the name of a metric stands before {operator!r}")
        number = self._read_number(operator)
        operator = "=" if operator == "==" else operator
        if isinstance(number, float) and number != number and operator not in ("=", "!="):  # noqa: PLR0124 - NaN alone differs from itself
            raise self._wrong("no number is below or above NaN", "Use = or != with it")
        self._conditions.append(
            MetricCondition(name=name.text, operator=operator, number=number, of=aspect, is_negated=is_negated)
        )

    def _read_number(self, operator: str) -> float | int:
        found = self._take(_NUMBER)
        text = "" if found is None else found[1]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        what = f"not {text!r}" if text else "and nothing does"
        raise self._wrong(f"a number stands behind {operator!r}, {what}", "Put it in quotes to search for the text")

    def _read_word(self, bare: re.Pattern[str]) -> _Word:
        """Read text up to where a word ends outside of quotes."""
        parts = list(self._read_parts(bare))
        return _Word("".join(part.text for part in parts), any(part.is_quoted for part in parts))

    def _read_parts(self, bare: re.Pattern[str]) -> Iterator[_Word]:
        while self._place < len(self._text):
            quoted = self._take(_QUOTED)
            if quoted is not None:
                yield _Word(re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), is_quoted=True)
                continue
            if self._text.startswith('"', self._place):
                self._place = len(self._text)
                raise self._wrong("quotes come in pairs", 'Close it, or write \\" inside of quotes')
            found = self._take(bare)
            if found is None:
                return
            yield _Word(found[0], is_quoted=False)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._place)
        if found is not None:
            self._place = found.end()
        return found

    def _wrong(self, rule: str, way_out: str = "Correct it, or leave it out") -> UserError:
        part = self._text[self._begin : max(self._place, self._begin + 1)].strip()
        shown = part if len(part) <= 100 else f"{part[:100]}…"
        return UserError(f"In the search, {shown!r} cannot be understood: {rule}. {way_out}.", value=part)
