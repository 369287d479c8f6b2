"""Whether a run meets a query, and its place in an order: what both stores have in common."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Union

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import (
    MetricCondition,
    RunField,
    RunOrder,
    RunOrderKey,
    RunQuery,
    RunRecord,
    RunView,
    TagCondition,
    Tags,
    TextCondition,
)
from aml_widgets.core.status import RunStatus

Number = Union[float, int]

OPERATORS: Mapping[str, Callable[[Number, Number], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}

STATUS_RANKS: Mapping[RunStatus, int] = {
    status: rank
    for rank, status in enumerate(
        (
            RunStatus.NOT_STARTED,
            RunStatus.QUEUED,
            RunStatus.STARTING,
            RunStatus.PROVISIONING,
            RunStatus.PREPARING,
            RunStatus.RUNNING,
            RunStatus.FINALIZING,
            RunStatus.CANCEL_REQUESTED,
            RunStatus.NOT_RESPONDING,
            RunStatus.COMPLETED,
            RunStatus.FAILED,
            RunStatus.CANCELED,
        )
    )
}
"""The order of a run's life, those that have ended last."""

_INT64 = (-(2**63), 2**63 - 1)
_ASCII_LOWER = bytes(range(ord("A"))) + bytes(range(ord("a"), ord("z") + 1)) + bytes(range(ord("Z") + 1, 256))


class RunFilter:
    """The conditions of a query that are about what is said of a run: its texts, tags and properties.

    The words are prepared once, for ten thousand runs.
    """

    def __init__(self, query: RunQuery) -> None:
        self._tags = query.tags
        self._properties = query.properties
        texts = (*(TextCondition(text=word) for word in query.text), *query.texts)
        self._texts = [(one.field, one.text.casefold(), one.is_negated) for one in texts]
        self._tag_conditions = query.tag_conditions
        is_anywhere = any(field is RunField.ANYWHERE for field, _, _ in self._texts)
        self.needs_tags = bool(query.tags or query.tag_conditions or is_anywhere)
        self.needs_properties = bool(query.properties)
        self.needs_any = self.needs_tags or self.needs_properties or bool(self._texts)

    def fits(
        self,
        run_id: str,
        display_name: str | None,
        experiment_name: str,
        description: str | None,
        tags: Tags,
        properties: Mapping[str, str],
    ) -> bool:
        """Say whether all of them hold."""
        return (
            _has_all(tags, self._tags)
            and _has_all(properties, self._properties)
            and all(_holds_tag(tags, condition) for condition in self._tag_conditions)
            and (
                not self._texts
                or self._fits_texts(run_id, display_name or "", experiment_name, description or "", tags)
            )
        )

    def _fits_texts(self, run_id: str, display_name: str, experiment_name: str, description: str, tags: Tags) -> bool:
        known = {
            RunField.RUN_ID: (run_id,),
            RunField.DISPLAY_NAME: (display_name,),
            RunField.EXPERIMENT_NAME: (experiment_name,),
            RunField.ANYWHERE: (run_id, display_name, experiment_name, description, *_texts_of(tags)),
        }
        return all(
            any(word in text.casefold() for text in known[field]) != is_negated
            for field, word, is_negated in self._texts
        )

    def fits_record(self, record: RunRecord) -> bool:
        """Say whether they hold for a record."""
        return not self.needs_any or self.fits(
            record.run_id,
            record.display_name,
            record.experiment_name,
            record.description,
            record.tags,
            record.properties,
        )


def _texts_of(tags: Tags) -> Iterable[str]:
    for key, value in tags.items():
        yield key
        if value is not None:
            yield value


def _has_all(have: Mapping[str, str | None], wanted: Mapping[str, object]) -> bool:
    for key, value in wanted.items():
        if key not in have:
            return False
        if isinstance(value, frozenset):
            if have[key] not in value:
                return False
        elif value is not ... and have[key] != value:
            return False
    return True


def _holds_tag(tags: Tags, condition: TagCondition) -> bool:
    key = condition.key.casefold()
    wanted = None if condition.value is None else condition.value.casefold()
    has_it = any(
        known.casefold() == key and wanted in (None, (value or "").casefold()) for known, value in tags.items()
    )
    return has_it != condition.is_negated


def is_in_view(archived_at: float | None, trashed_at: float | None, view: RunView) -> bool:
    """Say whether a view shows a run that was archived or put into the trash then, or never."""
    if view is RunView.TRASH:
        return trashed_at is not None
    return trashed_at is None and (view is RunView.ALL or (archived_at is not None) == (view is RunView.ARCHIVED))


# -- numbers


def check_conditions(query: RunQuery) -> None:
    """Raise UserError for an operator that there is not, or a number that it cannot be used with."""
    for condition in query.conditions:
        if condition.operator not in OPERATORS:
            raise UserError(
                f"{condition.operator!r} does not compare numbers of {condition.name!r}. Use one of {' '.join(OPERATORS)}.",
                value=condition.operator,
            )
        if math.isnan(machine_number(condition.number)) and condition.operator not in ("=", "!="):
            raise UserError(
                f"No number of {condition.name!r} is {condition.operator} NaN. Use = or != with it.",
                value=condition.number,
            )


def holds(condition: MetricCondition, number: Number | None) -> bool:
    """Say whether a condition holds for the number that a run has, None where it has none."""
    if number is None:
        return condition.is_negated
    wanted = machine_number(condition.number)
    if math.isnan(wanted):
        is_so = math.isnan(number) == (condition.operator == "=")
    else:
        is_so = OPERATORS[condition.operator](number, wanted)
    return is_so != condition.is_negated


def machine_number(number: Number) -> Number:
    """Give a number that a database can compare with: an integer of more than 64 bits becomes the nearest float."""
    if isinstance(number, float) or _INT64[0] <= number <= _INT64[1]:
        return number
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


# -- orders


def order_key(record: RunRecord, order: RunOrder, now: float) -> bytes | int | float | None:
    """Give what runs are ordered by, None for one that comes last in any direction."""
    if order.by is RunOrderKey.NAME:
        return name_key(record.run_id if record.display_name is None else record.display_name)
    if order.by is RunOrderKey.STATUS:
        return STATUS_RANKS[record.status]
    if order.by is RunOrderKey.DURATION:
        started_at = record.started_at
        if record.status.is_terminal:
            # as in the expression that the database has an index for
            return (record.ended_at or record.created_at) - (record.created_at if started_at is None else started_at)
        return None if started_at is None else now - started_at
    return 0  # the order of creation is that of equals


def name_key(name: str) -> bytes:
    """Give what names are ordered by: as SQLite compares text without the case of ASCII letters."""
    return name.encode("utf-8", "surrogatepass").translate(_ASCII_LOWER)
