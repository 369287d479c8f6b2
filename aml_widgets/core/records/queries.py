"""Which runs to list, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from aml_widgets.core.records.metrics import MetricAspect
from aml_widgets.core.records.runs import RunRecord
from aml_widgets.core.status import RunStatus


class RunView(str, Enum):
    """Which runs to list, by where they are kept."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    TRASH = "trash"
    ALL = "all"  # active and archived, never the trash

    __str__ = str.__str__


class RunOrderKey(str, Enum):
    """By what runs are ordered, beside metrics."""

    CREATED = "created"
    NAME = "name"
    STATUS = "status"
    DURATION = "duration"

    __str__ = str.__str__


class RunField(str, Enum):
    """Where in a run a text is looked for; anywhere: id, display name, experiment, description, keys and values of tags."""

    ANYWHERE = "anywhere"
    RUN_ID = "run_id"
    DISPLAY_NAME = "display_name"
    EXPERIMENT_NAME = "experiment_name"

    __str__ = str.__str__


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricOrder:
    """Order runs by a number of a metric, the latest or an extreme; runs without one are left out, those with NaN come last."""

    name: str
    column: str | None = None
    ascending: bool = False
    of: MetricAspect = MetricAspect.LAST


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOrder:
    """Order runs by something of their record. Of equals the newer comes first.

    A name is the display name, or the id where there is none, ignoring the case of ASCII letters. Statuses are in the order of a
    run's life. Runs that have not started have no duration and come last.
    """

    by: RunOrderKey
    is_descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCondition:
    """What a number of a metric must be. It does not hold for a run without one, so that the negated condition does.

    NaN is equal to NaN and to nothing else, and neither below nor above anything.
    """

    name: str
    operator: str  # one of < <= > >= = !=
    number: float | int
    column: str | None = None
    of: MetricAspect = MetricAspect.LAST
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TextCondition:
    """Text that must occur in a run, or must not, ignoring case."""

    text: str
    field: RunField = RunField.ANYWHERE
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCondition:
    """A tag that a run must have, or must not, ignoring case: of this key, and where `value` is given, of this value.

    The empty value is also that of a tag without one.
    """

    key: str
    value: str | None = None
    is_negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs to list. Every condition given must hold.

    `tags` and `properties` map a key to the value it must have, to a frozenset of which it must be one, or to ``...`` where
    only the key must exist. Without `parent_run_id`, only top-level runs are listed unless `include_children` is set; with it,
    its direct children, or with `include_children` all its descendants. In the trash, those count as top-level whose parent is
    not in it.

    Each of the words in `text` must occur in a run, as in a `TextCondition`; `run_search` makes the conditions behind it of
    what somebody typed. `running_first` lists those that go on before those that have ended, each in the order asked for.
    """

    experiment_id: str | None = None
    run_type: str | None = None
    statuses: frozenset[RunStatus] | None = None
    tags: Mapping[str, object] = field(default_factory=dict)
    properties: Mapping[str, object] = field(default_factory=dict)
    parent_run_id: str | None = None
    include_children: bool = False
    view: RunView = RunView.ALL
    text: tuple[str, ...] = ()
    texts: tuple[TextCondition, ...] = ()
    tag_conditions: tuple[TagCondition, ...] = ()
    conditions: tuple[MetricCondition, ...] = ()
    order_by: MetricOrder | RunOrder | None = None  # without it: newest first
    running_first: bool = False
    limit: int = 100
    page_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """Some runs, and where the next ones start (None at the end)."""

    runs: tuple[RunRecord, ...]
    next_page_token: str | None
