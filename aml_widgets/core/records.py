"""Frozen values that travel between store, API and faces.

Times are float seconds since the epoch, UTC, in fields named ``…_at``.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Union

from aml_widgets.core.status import RunStatus

MetricValue = Union[float, int, bool, str, None]
"""What can be logged under a name: a machine number, or text, a truth value, None or an int of any size."""

SCRIPT_RUN_TYPE = "azureml.scriptrun"
"""The type of runs that were submitted; a supervisor writes them."""

SNAPSHOT_ID = "ContentSnapshotId"
"""The property that names the source snapshot of a run; several runs may have the same."""

Tags = Mapping[str, Union[str, None]]


class MetricKind(str, Enum):
    """What a metric's points are."""

    SCALAR = "scalar"  # `log` and `log_list`
    ROW = "row"  # `log_row` and `log_table`: columns that share their sequence
    IMAGE = "image"  # this and the kinds below hold the URI of an artifact
    CONFUSION_MATRIX = "confusion_matrix"
    ACCURACY_TABLE = "accuracy_table"
    RESIDUALS = "residuals"
    PREDICTIONS = "predictions"

    __str__ = str.__str__


class RunView(str, Enum):
    """Which runs to list, by where they are kept."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    TRASH = "trash"
    ALL = "all"  # active and archived, never the trash

    __str__ = str.__str__


class MetricAspect(str, Enum):
    """Which number of a series: the one written last, or the smallest or largest that is not NaN."""

    LAST = "last"
    LOW = "low"
    HIGH = "high"

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


class ViewType(str, Enum):
    """Which experiments to list, by their archived state."""

    ACTIVE_ONLY = "ActiveOnly"
    ARCHIVED_ONLY = "ArchivedOnly"
    ALL = "All"

    __str__ = str.__str__


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRecord:
    """A named set of runs."""

    experiment_id: str
    name: str
    created_at: float
    archived_at: float | None = None
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterProcess:
    """The process that owns a run: enough to tell, later and elsewhere, whether it still lives.

    `namespace` says in which world `pid` means something (boot of the machine and PID namespace of the container).
    """

    host: str
    namespace: str
    pid: int
    process_started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run failed."""

    code: str
    message: str
    traceback: str | None = None
    error_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """What is known of a run when it is created. Without `run_id` the store gives one."""

    experiment_id: str
    run_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    run_type: str | None = None
    status: RunStatus = RunStatus.NOT_STARTED
    parent_run_id: str | None = None
    target: str = "local"
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    writer: WriterProcess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One trial, as it stands now."""

    run_id: str
    number: int  # increasing in its experiment, from 1
    experiment_id: str
    experiment_name: str
    status: RunStatus
    created_at: float
    display_name: str | None = None
    description: str | None = None
    run_type: str | None = None
    parent_run_id: str | None = None
    root_run_id: str = ""
    target: str = "local"
    started_at: float | None = None
    ended_at: float | None = None
    last_seen_at: float | None = None  # the last sign of life of whoever writes the run
    error: RunError | None = None
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    writer: WriterProcess | None = None
    archived_at: float | None = None
    trashed_at: float | None = None


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


class MetricKey(NamedTuple):
    """Which series of a run: the metric's name and, for rows and tables, the column."""

    name: str
    column: str | None = None


class MetricSummary(NamedTuple):
    """What is known of a series without reading its history (a tuple, because a list of runs shows hundreds).

    `low` and `high` are the smallest and largest number that is not NaN, None where there is none. `first` and `last` are the
    values written first and last, whatever they are; both are None for a series without points.
    """

    key: MetricKey
    kind: MetricKind
    description: str
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    first: MetricValue = None
    last: MetricValue = None
    low: float | int | None = None
    high: float | int | None = None
    nonfinite_count: int = 0  # how many of the points are NaN or infinite
    last_step: int | None = None
    last_logged_at: float | None = None


class LatestMetric(NamedTuple):
    """The value logged last to a series, and how many there are."""

    key: MetricKey
    kind: MetricKind
    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    last: MetricValue = None
    last_step: int | None = None
    last_logged_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricHistory:
    """Points of one series, in the order they were written; all columns have the same length (n_points,).

    Attributes
    ----------
    seqs : range or array of int64
        Place in the run's order of writing, ascending. Columns of one row share it.
    steps : range or array of int64
        Place on the x axis. Any order, any repetition. A range where they count up by one.
    values : array of float64, array of int64, or list
        An array where all points are floats, or all are 64-bit integers; else a list that keeps each value's own type.
    times : array of float64
        Seconds since the epoch, UTC.
    """

    seqs: range | array[int]
    steps: range | array[int]
    values: array[float] | array[int] | list[MetricValue]
    times: array[float]

    def __len__(self) -> int:
        return len(self.seqs)


class Bucket(NamedTuple):
    """Consecutive numbers of a series, summed up (a tuple, because a picture is made of a thousand of them).

    `first` and `last` are the numbers written first and last, whatever they are. `low` and `high` are the extremes of the
    finite numbers, NaN where there is none: an infinity hides no spike behind it.
    """

    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    first_seq: int
    last_seq: int
    first_step: int
    last_step: int
    low_step: int  # smallest step in the bucket, and below the largest: steps need not ascend
    high_step: int
    first_logged_at: float
    last_logged_at: float
    first: float | int
    last: float | int
    low: float | int
    high: float | int
    nan_count: int = 0
    plus_count: int = 0  # of +inf
    minus_count: int = 0  # of -inf


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricNews:
    """What is new in one series.

    On opening (no cursor) a long series comes as `buckets` in order, that together cover all its numbers up to
    `points`; later only `points` come, to be appended. `is_opening` says that what is given replaces all that was known.
    A metric that is first logged after the cursor comes as points like any other, and may be new to the viewer.
    """

    key: MetricKey
    kind: MetricKind
    points: MetricHistory
    buckets: Sequence[Bucket] = ()
    is_opening: bool = False
    summary: MetricSummary | None = None  # given on opening only: later a viewer counts on from there by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRecord:
    """One file of a run. A log stream is an artifact that may still grow."""

    path: str
    size_bytes: int
    written_at: float
    is_log: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file to register with a model: its path in the model, and what is copied there.

    `source` is a local file or, as text, the path of a file of the run that the model comes from.
    """

    path: str
    source: Path | str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModel:
    """What is known of a model when it is registered. The store gives its version.

    `path` is the name of its file, or of the folder that all its files are below.
    """

    name: str
    path: str
    run_id: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    created_by: str | None = None
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """One version of a registered model, as it stands now. It outlives the run that it comes from."""

    name: str
    version: int  # increasing for its name, from 1; never given twice
    path: str  # of its file, or of the folder that all its files are below: one name
    is_folder: bool
    file_count: int
    size_bytes: int
    created_at: float
    created_by: str | None = None
    run_id: str | None = None
    experiment_name: str | None = None
    description: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    tags: Tags = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """Name and version as one text; no other model of the workspace has it, now or later."""
        return f"{self.name}:{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuery:
    """Which models to list. Every condition given must hold.

    `tags` and `properties` are those of a `RunQuery`. With `is_latest_only`, of all versions of a name that fit the newest is
    listed.
    """

    name: str | None = None
    version: int | None = None
    run_id: str | None = None
    framework: str | None = None
    tags: Mapping[str, object] = field(default_factory=dict)
    properties: Mapping[str, object] = field(default_factory=dict)
    is_latest_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChanges:
    """Everything that changed for one run since a cursor."""

    cursor: str
    run: RunRecord | None  # None: the record is as it was
    metrics: tuple[MetricNews, ...]
    artifacts: tuple[ArtifactRecord, ...]  # new files, and logs that have grown (with their size now)
    children: tuple[RunRecord, ...]  # direct children that are new or whose record changed


@dataclass(frozen=True, slots=True, kw_only=True)
class RunListChanges:
    """What changed among the runs of a workspace since a cursor.

    Attributes
    ----------
    cursor : str
        For asking again.
    runs : tuple of RunRecord
        Those that are new or whose record changed, also into or out of the trash, and of those that go on also those that have
        new points or look different; oldest first.
    removed : tuple of str
        Ids of runs that were deleted for good.
    is_stale : bool
        Too much changed to be told, or the cursor is too old: nothing is told, list again.
    """

    cursor: str
    runs: tuple[RunRecord, ...] = ()
    removed: tuple[str, ...] = ()
    is_stale: bool = False
