"""Facts about cursors: everything that is new, once."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ArtifactRecord, MetricKey, MetricKind, MetricValue, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.facts_histories import wild_value
from aml_widgets.testing.seeded import append_log
from aml_widgets.testing.support import Viewer, check_buckets, check_summary, new_run, read_all


class ChangeFacts:
    """What holds for readers that hold a cursor."""

    def test_the_first_look_shows_all(self, store: RunStore) -> None:
        parent = new_run(store)
        child = new_run(store, parent_run_id=parent.run_id)
        new_run(store, parent_run_id=child.run_id)
        store.log_metric(parent.run_id, "loss", 0.5)
        store.log_columns(parent.run_id, "empty", {None: []})
        store.log_metric(child.run_id, "loss", 0.25)
        store.record_artifact(parent.run_id, ArtifactRecord(path="b", size_bytes=1, written_at=1.0))
        append_log(store, parent, "a", "text")

        changes = store.changes_since(parent.run_id)

        assert changes.run == store.get_run(parent.run_id)
        assert [news.key for news in changes.metrics] == [MetricKey("loss"), MetricKey("empty")]
        assert [news.summary for news in changes.metrics] == store.summarize_metrics(parent.run_id)
        assert all(news.is_opening for news in changes.metrics)
        assert list(changes.artifacts) == store.list_artifacts(parent.run_id)
        assert list(changes.children) == [store.get_run(child.run_id)]

    @pytest.mark.parametrize("n_before", [0, 1_023, 1_500])
    def test_an_empty_metric_is_news(self, store: RunStore, n_before: int) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "before", {None: [0.5] * n_before})
        cursor = store.changes_since(run.run_id).cursor
        store.log_columns(run.run_id, "empty", {None: []})
        store.log_columns(run.run_id, "rows", {"x": [], "y": []}, kind=MetricKind.ROW)
        for _ in range(n_before):
            store.log_metric(run.run_id, "before", 0.5)

        changes = store.changes_since(run.run_id, cursor)
        after = store.changes_since(run.run_id, changes.cursor)
        store.log_metric(run.run_id, "empty", 0.25)
        (filled,) = store.changes_since(run.run_id, after.cursor).metrics

        news = {one.key: len(one.points) for one in changes.metrics if one.key.name != "before"}
        assert news == {MetricKey("empty"): 0, MetricKey("rows", "x"): 0, MetricKey("rows", "y"): 0}
        assert after.metrics == ()
        assert (list(filled.points.values), list(filled.points.steps)) == ([0.25], [0])

    def test_nothing_new_is_nothing(self, store: RunStore) -> None:
        run = new_run(store)
        new_run(store, parent_run_id=run.run_id)
        store.log_metric(run.run_id, "loss", 0.5)
        append_log(store, run, "log", "text")
        viewer = Viewer(store, run.run_id)
        viewer.look()
        new_run(store)  # of no concern to this run

        for _ in range(2):
            changes = viewer.look()
            assert changes.run is None
            assert (changes.metrics, changes.artifacts, changes.children) == ((), (), ())

    def test_an_old_cursor_still_works(self, store: RunStore) -> None:
        run = new_run(store)
        cursor = store.changes_since(run.run_id).cursor
        for i in range(3):
            store.log_metric(run.run_id, "loss", float(i))
            store.changes_since(run.run_id, cursor)

        (news,) = store.changes_since(run.run_id, cursor).metrics

        assert list(news.points.values) == [0.0, 1.0, 2.0]

    def test_changes_of_the_record_are_told(self, store: RunStore) -> None:
        run = new_run(store, RunStatus.NOT_STARTED)
        viewer = Viewer(store, run.run_id)
        viewer.look()
        changes: list[Callable[[], RunRecord]] = [
            lambda: store.set_status(run.run_id, RunStatus.RUNNING),
            lambda: store.update_run(run.run_id, tags={"a": "1"}),
            lambda: store.update_run(run.run_id, remove_tags=["a"]),
            lambda: store.update_run(run.run_id, properties={"p": "1"}),
            lambda: store.update_run(run.run_id, display_name="name"),
            lambda: store.update_run(run.run_id, description="text"),
            lambda: store.set_status(run.run_id, RunStatus.FAILED, error=RunError(code="c", message="m")),
            lambda: store.update_run(run.run_id, tags={"after": "the end"}),
        ]

        for change in changes:
            changed = change()
            assert viewer.look().run == changed
            assert viewer.look().run is None

    def test_logging_and_signs_of_life_are_no_change_of_the_record(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        viewer.look()

        store.touch(run.run_id)
        store.log_metric(run.run_id, "loss", 0.5)

        changes = viewer.look()
        assert changes.run is None
        assert len(changes.metrics) == 1

    def test_the_same_status_again_is_no_change(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        viewer.look()

        store.set_status(run.run_id, RunStatus.RUNNING)

        assert viewer.look().run is None

    def test_children_are_told_when_new_or_changed(self, store: RunStore) -> None:
        parent = new_run(store)
        viewer = Viewer(store, parent.run_id)
        viewer.look()

        first = new_run(store, parent_run_id=parent.run_id)
        second = new_run(store, parent_run_id=parent.run_id)
        assert [child.run_id for child in viewer.look().children] == [first.run_id, second.run_id]

        grandchild = new_run(store, parent_run_id=second.run_id)
        store.log_metric(first.run_id, "loss", 0.5)
        assert viewer.look().children == ()

        store.set_status(grandchild.run_id, RunStatus.COMPLETED)
        ended = store.set_status(second.run_id, RunStatus.COMPLETED)
        changes = viewer.look()
        assert (changes.run, list(changes.children)) == (None, [ended])

    def test_files_are_told_when_recorded_and_logs_when_grown(self, store: RunStore) -> None:
        run = new_run(store)
        append_log(store, run, "log", "one")
        viewer = Viewer(store, run.run_id)
        viewer.look()

        record = ArtifactRecord(path="file", size_bytes=3, written_at=1.0)
        store.record_artifact(run.run_id, record)
        assert viewer.look().artifacts == (record,)

        append_log(store, run, "log", "two")
        (log,) = viewer.look().artifacts
        assert (log.path, log.size_bytes, log.is_log) == ("log", 6, True)
        assert viewer.look().artifacts == ()

        again = ArtifactRecord(path="file", size_bytes=4, written_at=2.0)
        store.record_artifact(run.run_id, again)
        assert viewer.look().artifacts == (again,)

    def test_a_log_that_started_empty_is_told_when_it_grows(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        viewer.look()

        append_log(store, run, "log", "")
        assert [log.size_bytes for log in viewer.look().artifacts] == [0]

        append_log(store, run, "log", "text")
        assert [log.size_bytes for log in viewer.look().artifacts] == [4]

    def test_a_run_that_ended_is_told_with_its_last_points(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        viewer.look()
        store.log_metric(run.run_id, "loss", 0.5)
        ended = store.set_status(run.run_id, RunStatus.COMPLETED)

        changes = viewer.look()

        assert changes.run == ended
        assert viewer.points == read_all(store, run.run_id)

    @pytest.mark.parametrize("look_every", [1, 7, 100, 1_023, 1_024, 1_025, 2_500])
    def test_looking_again_and_again_gives_the_whole_history(self, store: RunStore, look_every: int) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        n_calls = 300 if look_every == 1 else 3_300
        for i in range(n_calls):
            if i % look_every == 0:
                viewer.look()
            values: dict[str, MetricValue] = {"dense": i / 2}
            if i % 7 == 0:
                values["sparse"] = wild_value(i)
            if 1_500 <= i < 2_000:
                values["late"] = i
            if i % 3:
                store.log_metrics(run.run_id, values, i if i % 2 else None)
            else:
                store.log_metric(run.run_id, "single", wild_value(i))
        viewer.look()

        assert viewer.points == read_all(store, run.run_id)

    def test_lists_and_rows_between_looks_give_the_whole_history(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        for i in range(12):
            viewer.look()
            store.log_columns(run.run_id, "list", {None: [wild_value(j) for j in range(i * 100)]})
            columns: dict[str | None, list[MetricValue]] = {"x": list(range(i * 50))}
            if i % 2:
                columns["y"] = [wild_value(j) for j in range(i * 50)]
            store.log_columns(run.run_id, "table", columns, kind=MetricKind.ROW)
            if i % 3 == 0:
                viewer.look()
            store.log_metric(run.run_id, "list", -1.0)
        viewer.look()

        assert {key: points for key, points in viewer.points.items() if points} == read_all(store, run.run_id)

    @pytest.mark.parametrize("max_buckets", [2, 50, 1_000])
    def test_a_long_metric_opens_as_buckets_and_goes_on_as_points(self, store: RunStore, max_buckets: int) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "long", {None: [i / 2 for i in range(3_000)]})
        store.log_columns(run.run_id, "short", {None: [1.0]})
        history = store.read_history(run.run_id, "long")

        changes = store.changes_since(run.run_id, max_buckets=max_buckets)

        long, short = changes.metrics
        check_buckets(long.buckets, history, max_buckets)
        assert len(long.points) == 0
        assert long.summary is not None
        check_summary(long.summary, history)
        assert (list(short.points.values), list(short.buckets)) == ([1.0], [])

        for i in range(1_200):  # more than `max_buckets` of them too
            store.log_metric(run.run_id, "long", float(i))
        (later,) = store.changes_since(run.run_id, changes.cursor, max_buckets=max_buckets).metrics
        assert (later.key, later.is_opening, list(later.buckets)) == (MetricKey("long"), False, [])
        assert list(later.points.values) == [float(i) for i in range(1_200)]
        assert list(later.points.seqs) == list(range(3_002, 4_202))

    @pytest.mark.parametrize("max_new_points", [0, 7, 100, 1_500])
    def test_series_with_too_many_new_points_are_opened_again_and_no_others(
        self, store: RunStore, max_new_points: int
    ) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id, max_new_points=max_new_points)  # which checks each of its news
        viewer.look()
        opened: list[set[str]] = []
        for n_calls in (1, 8, 100, 101, 200, 1_100):
            for i in range(n_calls):
                values: dict[str, MetricValue] = {"dense": i / 2}
                if i % 14 == 0:
                    values["sparse"] = wild_value(i)
                store.log_metrics(run.run_id, values)
            if n_calls == 200:
                store.log_columns(run.run_id, "list", {None: [wild_value(i) for i in range(1_501)]})
            opened.append({news.key.name for news in viewer.look().metrics if news.is_opening})

        assert viewer.points == read_all(store, run.run_id)
        assert viewer.look().metrics == ()
        dense, both = {"dense"}, {"dense", "sparse"}
        assert (
            opened
            == {
                0: [both, both, both, both, {*both, "list"}, both],
                7: [set(), dense, both, both, {*both, "list"}, both],
                100: [set(), set(), set(), dense, {"dense", "list"}, dense],
                1_500: [set(), set(), set(), set(), {"list"}, set()],
            }[max_new_points]
        )

    @pytest.mark.parametrize(
        "new",
        [
            [[i / 2] for i in range(101)],
            [[f"text {i}"] for i in range(101)],
            [[float(i) if i % 3 else f"text {i}" for i in range(300)]],
            [[float(i) for i in range(5_000)], [7]],
        ],
        ids=["calls", "texts", "numbers and texts", "a long list"],
    )
    @pytest.mark.parametrize("n_before", [0, 15, 3_000])
    def test_a_series_that_is_opened_again_is_told_as_on_opening(
        self, store: RunStore, n_before: int, new: list[list[MetricValue]]
    ) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "much", {None: [i / 4 for i in range(n_before)]})
        store.log_metrics(run.run_id, {"much": 1, "little": 1.0, "nothing": 1.0})
        cursor = store.changes_since(run.run_id).cursor
        for values in new:
            store.log_columns(run.run_id, "much", {None: values})
        store.log_metric(run.run_id, "little", 2.0)

        changes = store.changes_since(run.run_id, cursor, max_buckets=20, max_new_points=100)
        as_points = store.changes_since(run.run_id, cursor, max_buckets=20, max_new_points=10_000)

        much, little = changes.metrics
        assert much == store.changes_since(run.run_id, max_buckets=20, max_new_points=0).metrics[0]
        assert much.is_opening
        check_buckets(much.buckets, store.read_history(run.run_id, "much"), 20)
        assert (little.is_opening, little.summary, list(little.points.values)) == (False, None, [2.0])
        assert [len(one.points) for one in as_points.metrics] == [sum(map(len, new)), 1]
        assert not any(one.is_opening for one in as_points.metrics)
        store.log_metric(run.run_id, "much", 8)
        (later,) = store.changes_since(run.run_id, changes.cursor, max_buckets=20, max_new_points=100).metrics
        assert (later.key, later.is_opening, list(later.points.values)) == (much.key, False, [8])

    def test_a_short_series_that_is_opened_again_comes_as_points(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "a", 0.5)
        cursor = store.changes_since(run.run_id).cursor
        for value in (1.5, "text"):
            store.log_metric(run.run_id, "a", value)

        (news,) = store.changes_since(run.run_id, cursor, max_new_points=1).metrics

        assert (news.is_opening, list(news.points.values), list(news.buckets)) == (True, [0.5, 1.5, "text"], [])

    def test_what_is_no_number_comes_beside_the_buckets(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: [float(i) if i % 2 else f"text {i}" for i in range(3_000)]})

        (news,) = store.changes_since(run.run_id, max_buckets=20).metrics

        check_buckets(news.buckets, store.read_history(run.run_id, "a"), 20)
        assert list(news.points.values) == [f"text {i}" for i in range(2_960, 3_000, 2)]
        assert list(news.points.steps) == list(range(2_960, 3_000, 2))

    def test_as_many_points_as_buckets_come_as_points(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_columns(run.run_id, "a", {None: [float(i) for i in range(100)]})

        (exact_news,) = store.changes_since(run.run_id, max_buckets=100).metrics
        (bucket_news,) = store.changes_since(run.run_id, max_buckets=99).metrics

        assert (len(exact_news.points), len(exact_news.buckets)) == (100, 0)
        assert len(bucket_news.points) == 0
        assert sum(bucket.count for bucket in bucket_news.buckets) == 100

    def test_a_cursor_that_is_not_the_runs_is_refused(self, store: RunStore) -> None:
        run, other = new_run(store), new_run(store)
        store.log_metric(other.run_id, "loss", 0.5)
        of_other = store.changes_since(other.run_id).cursor

        for cursor in (
            of_other,
            "",
            "nonsense",
            "ü",
            "{}",
            "\0",
            "[" * 100_000,
            base64.b64encode(b"[1, 2]").decode(),
            of_other[:-5],
        ):
            with pytest.raises(UserError):
                store.changes_since(run.run_id, cursor)

    def test_a_cursor_is_text_that_json_can_carry(self, store: RunStore) -> None:
        run = new_run(store)
        append_log(store, run, "logs/größe 🚀.txt", "text")

        cursor = store.changes_since(run.run_id).cursor

        assert cursor.isascii()
        assert cursor.isprintable()
