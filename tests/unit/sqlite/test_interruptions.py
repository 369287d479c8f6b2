"""Writing and reading in the midst of another transaction of the same thread, as signal handlers and finalizers do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_widgets.core.records import MetricKind, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite import runs
from aml_widgets.store.sqlite.revision import bump
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.store.sqlite.tail import TailWriter


@pytest.fixture
def in_the_midst(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Call something once, when the next row is about to be appended: its names are known and nothing is committed."""

    def arrange(handler: Callable[[], object]) -> None:
        append = TailWriter.append

        def interrupted(self: TailWriter, *arguments: object) -> None:
            monkeypatch.setattr(TailWriter, "append", append)
            handler()
            append(self, *arguments)  # type: ignore[arg-type]  # passed on as they came

        monkeypatch.setattr(TailWriter, "append", interrupted)

    return arrange


def test_a_point_logged_by_a_signal_handler_and_the_one_it_interrupts_are_both_kept(
    store: SqliteRunStore, run: RunRecord, folder: Path, in_the_midst: Callable[[Callable[[], object]], None]
) -> None:
    store.log_metric(run.run_id, "known", 0.5)
    in_the_midst(lambda: store.log_metric(run.run_id, "known", 1.5))

    store.log_columns(run.run_id, "rows", {"x": [1], "y": [2]}, kind=MetricKind.ROW)

    other = SqliteRunStore.open(folder)
    assert list(other.read_history(run.run_id, "known").values) == [0.5, 1.5]
    assert list(other.read_history(run.run_id, "rows", "x").values) == [1]
    assert list(other.read_history(run.run_id, "rows", "y").values) == [2]
    other.close()


def test_new_names_of_both_are_kept_apart(
    store: SqliteRunStore, run: RunRecord, in_the_midst: Callable[[Callable[[], object]], None]
) -> None:
    in_the_midst(lambda: store.log_metrics(run.run_id, {"b": 2.0, "c": "text"}))

    store.log_metrics(run.run_id, {"a": 1.0, "b": 3.0})

    store.log_metrics(run.run_id, {"a": 1.5, "b": 3.5})
    assert list(store.read_history(run.run_id, "a").values) == [1.0, 1.5]
    assert list(store.read_history(run.run_id, "b").values) == [2.0, 3.0, 3.5]
    assert list(store.read_history(run.run_id, "c").values) == ["text"]


@pytest.mark.parametrize("error", [SystemExit(1), TimeoutError("took too long"), ValueError("no more")])
def test_what_a_handler_wrote_stays_when_it_raises(
    store: SqliteRunStore,
    run: RunRecord,
    folder: Path,
    in_the_midst: Callable[[Callable[[], object]], None],
    error: BaseException,
) -> None:
    def fail_and_raise() -> None:
        store.set_status(run.run_id, RunStatus.FAILED)
        raise error

    in_the_midst(fail_and_raise)

    with pytest.raises(type(error)) as raised:
        store.log_metric(run.run_id, "loss", 0.5)

    assert raised.value is error
    other = SqliteRunStore.open(folder)
    assert other.get_run(run.run_id).status is RunStatus.FAILED
    assert len(other.read_history(run.run_id, "loss")) == 0
    other.close()


def test_a_handler_reads_in_the_midst_of_reading(store: SqliteRunStore, run: RunRecord) -> None:
    store.log_metric(run.run_id, "loss", 0.5)

    def read_and_be_interrupted(connection: sqlite3.Connection) -> int:
        assert len(store.read_history(run.run_id, "loss")) == 1
        (count,) = connection.execute("select count(*) from tail").fetchone()
        return int(count)

    assert store._database.read(read_and_be_interrupted) == 1
    store.log_metric(run.run_id, "loss", 0.25)
    assert len(store.read_history(run.run_id, "loss")) == 2


def test_an_interrupted_read_leaves_no_moment_open(store: SqliteRunStore, run: RunRecord) -> None:
    def stop(connection: sqlite3.Connection) -> None:
        connection.execute("select count(*) from run").fetchone()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:
        store._database.read(stop)

    store.log_metric(run.run_id, "loss", 0.25)
    assert len(store.read_history(run.run_id, "loss")) == 1
    assert kept.value.__traceback__ is not None  # a notebook keeps it, with every frame that it went through


def test_an_interrupt_while_a_tail_is_loaded_leaves_no_wrong_steps(
    store: SqliteRunStore, run: RunRecord, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = SqliteRunStore.open(folder)
    for i in range(3):
        store.log_metrics(run.run_id, {"a": float(i), "b": float(i)})
    for i in range(2_000):
        other.log_metric(run.run_id, "a", float(i))  # seals, so that the first store has to load again
    know = TailWriter._know

    def interrupted(self: TailWriter, series: int, name: str, column: str, kind: str) -> None:
        know(self, series, name, column, kind)
        if name == "b":
            raise KeyboardInterrupt

    tail = store._points._tails[run.run_id]
    monkeypatch.setattr(TailWriter, "_know", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tail.catch_up(store._database.writer(), store._shapes)
    monkeypatch.undo()

    store.log_metric(run.run_id, "b", 9.0)
    assert list(other.read_history(run.run_id, "b").steps) == [0, 1, 2, 3]
    other.close()


def test_a_handler_in_the_midst_of_a_change_of_the_record_keeps_both(
    store: SqliteRunStore, run: RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_bump(connection: sqlite3.Connection) -> int:
        monkeypatch.setattr(runs, "bump", bump)
        revision = bump(connection)
        store.log_metric(run.run_id, "from_handler", 1.0)
        return revision

    monkeypatch.setattr(runs, "bump", interrupted_bump)

    store.update_run(run.run_id, display_name="renamed")

    assert store.get_run(run.run_id).display_name == "renamed"
    assert list(store.read_history(run.run_id, "from_handler").values) == [1.0]


@pytest.mark.parametrize("names", [["loss"], ["loss", "accuracy"]], ids=["one name", "two names"])
def test_a_handler_that_logs_right_after_a_row_was_stored_leaves_no_gap(
    store: SqliteRunStore, run: RunRecord, names: list[str]
) -> None:
    def log(value: float) -> None:
        if len(names) == 1:
            store.log_metric(run.run_id, names[0], value)
        else:
            store.log_metrics(run.run_id, dict.fromkeys(names, value))

    log(0.0)
    cursor = store._database.cursor
    assert isinstance(cursor, sqlite3.Cursor)
    real: sqlite3.Cursor = cursor

    class Disturbed:
        """Behaves as if a signal came between the statement and the line behind it."""

        def execute(self, statement: str, values: tuple[object, ...]) -> None:
            real.execute(statement, values)
            store._database.cursor = real
            log(2.0)

    store._database.cursor = Disturbed()  # type: ignore[assignment]  # as much of a cursor as the hot path uses
    log(1.0)
    log(3.0)

    for name in names:
        history = store.read_history(run.run_id, name)
        assert list(history.values) == [0.0, 1.0, 2.0, 3.0]
        assert list(history.steps) == [0, 1, 2, 3]
        assert list(history.seqs) == [1, 2, 3, 4]
