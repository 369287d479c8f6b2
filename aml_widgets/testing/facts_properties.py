"""Facts about whatever may be logged in whatever order, against a model in plain Python."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aml_widgets.core.records import MetricKey, MetricKind, MetricValue
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import Viewer, check_buckets, check_summary, exact, new_run, read_all

_SETTINGS = settings(
    deadline=None,
    max_examples=50,
    # The store is made once for all examples, each of which makes runs of its own; and every store inherits these tests.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow],
)

_INT64 = st.integers(-(2**63), 2**63 - 1)
_VALUES = st.one_of(
    st.floats(),
    _INT64,
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(st.characters(exclude_categories=()), max_size=20),
)
_STEPS = st.none() | st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1_000)
_COLUMN_NAMES = st.sampled_from(["x", "y", ""]) | st.text(max_size=5)
_SCALAR_NAMES = st.sampled_from(["loss", "a\0b", "größe", "x" * 300]) | st.text(min_size=1, max_size=5).map(
    "s {}".format
)
_ROW_NAMES = st.sampled_from(["rows", "more rows"])


@dataclass(frozen=True)
class _Log:
    """One call: some metrics at one step."""

    values: dict[str, MetricValue]
    step: int | None


@dataclass(frozen=True)
class _LogColumns:
    """One call: many points of one name."""

    name: str
    columns: dict[str | None, list[MetricValue]]
    kind: MetricKind


@st.composite
def _lists(draw: st.DrawFn) -> _LogColumns:
    return _LogColumns(draw(_SCALAR_NAMES), {None: draw(st.lists(_VALUES, max_size=8))}, MetricKind.SCALAR)


@st.composite
def _tables(draw: st.DrawFn) -> _LogColumns:
    length = draw(st.integers(0, 4))
    column = st.lists(_VALUES, min_size=length, max_size=length)
    columns = draw(st.dictionaries(_COLUMN_NAMES, column, min_size=1, max_size=3))
    return _LogColumns(draw(_ROW_NAMES), dict(columns.items()), MetricKind.ROW)


_CALLS = st.one_of(
    st.builds(_Log, st.dictionaries(_SCALAR_NAMES, _VALUES, min_size=1, max_size=1), _STEPS),
    st.builds(_Log, st.dictionaries(_SCALAR_NAMES, _VALUES, min_size=1, max_size=4), _STEPS),
    _lists(),
    _tables(),
)


@dataclass
class _Model:
    """What a run must hold: for each series its points as (seq, step, exact value)."""

    seq: int = 0
    series: dict[MetricKey, list[tuple[int, int, object]]] = field(default_factory=dict)

    def take(self, call: _Log | _LogColumns) -> None:
        if isinstance(call, _Log):
            self.seq += 1
            for name, value in call.values.items():
                self._append(MetricKey(name), self.seq, call.step, value)
            return
        for column, values in call.columns.items():
            self.series.setdefault(MetricKey(call.name, column), [])
            for place, value in enumerate(values, start=1):
                self._append(MetricKey(call.name, column), self.seq + place, None, value)
        self.seq += max(1, *map(len, call.columns.values()))  # a call without points takes a place as well

    def _append(self, key: MetricKey, seq: int, step: int | None, value: MetricValue) -> None:
        points = self.series.setdefault(key, [])
        if step is None:
            step = points[-1][1] + 1 if points else 0
        points.append((seq, step, exact(value)))


def _do(store: RunStore, run_id: str, call: _Log | _LogColumns) -> None:
    if isinstance(call, _LogColumns):
        store.log_columns(run_id, call.name, call.columns, kind=call.kind)
    elif len(call.values) == 1:
        ((name, value),) = call.values.items()
        store.log_metric(run_id, name, value, call.step)
    else:
        store.log_metrics(run_id, call.values, call.step)


class PropertyFacts:
    """What holds whatever is logged."""

    @_SETTINGS
    @given(
        calls=st.lists(_CALLS, max_size=25),
        look_every=st.integers(1, 10),
        is_reopened=st.booleans(),
        n_before=st.sampled_from([0, 0, 1_010]),
    )
    def test_whatever_is_logged_comes_back(
        self, store: RunStore, calls: list[_Log | _LogColumns], look_every: int, is_reopened: bool, n_before: int
    ) -> None:
        run_id = new_run(store).run_id
        model = _Model()
        viewer = Viewer(store, run_id)

        for i in range(n_before):  # so that what follows crosses the point at which a store rearranges what it has
            first = _Log({"loss": i / 2}, None)
            _do(store, run_id, first)
            model.take(first)
        for i, call in enumerate(calls):
            if i % look_every == 0:
                viewer.look()
            if is_reopened and i == len(calls) // 2:
                store.close()
            _do(store, run_id, call)
            model.take(call)
        viewer.look()

        self._check(store, run_id, model)
        assert {key: points for key, points in viewer.points.items() if points} == {
            key: points for key, points in read_all(store, run_id).items() if points
        }
        store.set_status(run_id, RunStatus.COMPLETED)
        self._check(store, run_id, model)
        assert all(not news.metrics for news in [viewer.look()])

    def _check(self, store: RunStore, run_id: str, model: _Model) -> None:
        found = read_all(store, run_id)
        assert {key: [point[:3] for point in points] for key, points in found.items()} == model.series
        assert len({point[3] for points in found.values() for point in points}) <= model.seq  # one time for each call
        for summary in store.summarize_metrics(run_id):
            history = store.read_history(run_id, summary.key.name, summary.key.column)
            check_summary(summary, history)
            for max_buckets in (2, 3, 1_000):
                buckets = store.read_envelope(run_id, summary.key.name, summary.key.column, max_buckets=max_buckets)
                check_buckets(buckets, history, max_buckets)

    @_SETTINGS
    @given(
        before=st.lists(_VALUES, max_size=30),
        after=st.lists(_VALUES, max_size=30),
        max_buckets=st.integers(2, 40),
        n_floats=st.sampled_from([0, 0, 5, 1_100]),
    )
    def test_opening_and_later_changes_are_everything(
        self, store: RunStore, before: list[MetricValue], after: list[MetricValue], max_buckets: int, n_floats: int
    ) -> None:
        run_id = new_run(store).run_id
        store.log_columns(run_id, "a", {None: [*before, *(i / 2 for i in range(n_floats))]})
        viewer = Viewer(store, run_id, max_buckets=max_buckets)

        viewer.look()
        n_points = len(viewer.points[MetricKey("a")])
        n_in_buckets = viewer.bucket_counts[MetricKey("a")]
        for value in after:
            store.log_metric(run_id, "a", value)
        viewer.look()

        n_numbers = n_floats + sum(exact(value)[0] == "float" or _is_int64(value) for value in before)
        n_total = len(before) + n_floats
        assert n_in_buckets in (0, n_numbers)
        if n_total <= max_buckets:
            assert (n_points, n_in_buckets) == (n_total, 0)
        elif n_in_buckets:
            assert n_points == min(n_total - n_numbers, max_buckets)
        assert [point[2] for point in viewer.points[MetricKey("a")][n_points:]] == [exact(value) for value in after]


def _is_int64(value: MetricValue) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63
