"""The version of the schema, and the way from one to the next."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from aml_widgets.core.errors import StoreError
from aml_widgets.core.records import (
    MetricAspect,
    MetricHistory,
    MetricOrder,
    NewRun,
    RunOrder,
    RunOrderKey,
    RunQuery,
    RunRecord,
    RunView,
    ViewType,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite import schema
from aml_widgets.store.sqlite.store import DATABASE_NAME, SqliteRunStore
from aml_widgets.testing import seeded
from aml_widgets.testing.seeded_children import run_with_children
from aml_widgets.testing.seeded_files import run_with_every_fact

from .conftest import bring_back


def header(folder: Path) -> tuple[int, int, int]:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    values = tuple(
        connection.execute(f"pragma {name}").fetchone()[0] for name in ("application_id", "user_version", "page_size")
    )
    connection.close()
    return values[0], values[1], values[2]


def test_a_new_store_says_whose_it_is_and_of_which_version(store: SqliteRunStore, folder: Path) -> None:
    store.close()

    assert header(folder) == (schema.APPLICATION_ID, schema.VERSION, schema.PAGE_BYTES)


def test_an_older_store_is_brought_forward_with_all_it_holds(
    store: SqliteRunStore, run: RunRecord, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.log_metric(run.run_id, "loss", 0.5)
    store.close()
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "create table later (x);\ninsert into later values (7);")
    )
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)

    migrated = SqliteRunStore.open(folder)

    assert header(folder)[1] == schema.VERSION
    assert migrated._database.reader().execute("select x from later").fetchall() == [(7,)]
    assert list(migrated.read_history(run.run_id, "loss").values) == [0.5]
    migrated.close()


def test_a_migration_that_fails_changes_nothing(
    store: SqliteRunStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    version = schema.VERSION
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "create table later (x);\ninsert into nowhere values (7);")
    )
    monkeypatch.setattr(schema, "VERSION", version + 1)

    with pytest.raises(StoreError, match="nowhere"):
        SqliteRunStore.open(folder)

    connection = sqlite3.connect(folder / DATABASE_NAME)
    assert header(folder)[1] == version
    assert connection.execute("select count(*) from sqlite_schema where name = 'later'").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize(
    ("version", "digest"),
    [
        (1, "c64f16a9f2320b64c3be61fa9c3e86e50311098d821511e57a6b7e9ea85d1f08"),
        (2, "7d1b82a5c46aeba5de99527de29546417724bdbffbff29d89b747dd9a2fc9e8d"),
        (3, "bc290e6f7138fce3f6d67137e6b036a461849edd30cf98b29e4bb855e55ee51e"),
    ],
)
def test_a_released_script_never_changes(version: int, digest: str) -> None:
    assert hashlib.sha256(schema.MIGRATIONS[version - 1].encode()).hexdigest() == digest


def test_a_database_from_before_the_run_browser_is_brought_forward(folder: Path) -> None:
    old = SqliteRunStore.open(folder)
    experiment_id = old.open_experiment("ridge").experiment_id
    for i in range(6):
        run = old.create_run(
            NewRun(experiment_id=experiment_id, status=RunStatus.RUNNING, display_name=f"run {i}", tags={"i": str(i)})
        )
        old.log_columns(run.run_id, "loss", {None: [float(i), float(-i), i / 2]})
        if i % 3:
            old.set_status(run.run_id, RunStatus.COMPLETED)
    before = old.list_runs(RunQuery()).runs
    child = old.create_run(NewRun(experiment_id=experiment_id, parent_run_id=before[0].run_id))
    cursor = old.changes_since(before[0].run_id).cursor
    old.close()
    bring_back(folder, 2)
    assert header(folder)[1] == 2

    store = SqliteRunStore.open(folder)

    assert header(folder)[1] == schema.VERSION >= 3
    assert store.list_runs(RunQuery()).runs == before
    assert store.list_runs(RunQuery(parent_run_id=before[0].run_id)).runs == (child,)
    assert {run.archived_at for run in before} == {run.trashed_at for run in before} == {None}
    assert store.changes_since(before[0].run_id, cursor).metrics == ()
    for order in (
        RunOrder(by=RunOrderKey.NAME, is_descending=True),
        RunOrder(by=RunOrderKey.CREATED, is_descending=True),
        MetricOrder(name="loss"),
        MetricOrder(name="loss", of=MetricAspect.LOW, ascending=True),
        MetricOrder(name="loss", of=MetricAspect.HIGH),
    ):
        assert store.list_runs(RunQuery(order_by=order)).runs == before
    store.archive_run(before[0].run_id, is_archived=True)
    store.trash_run(before[1].run_id)
    store.purge_run(before[1].run_id)
    assert store.list_runs(RunQuery(view=RunView.ACTIVE)).runs == before[2:]
    assert store.create_run(NewRun(experiment_id=experiment_id)).number == 8
    store.close()


def test_a_database_from_before_there_were_params_is_brought_forward(folder: Path) -> None:
    old = SqliteRunStore.open(folder)
    experiment_id = old.open_experiment("ridge").experiment_id
    before = old.create_run(NewRun(experiment_id=experiment_id, status=RunStatus.RUNNING, tags={"a": "b"}))
    cursor = old.changes_since(before.run_id).cursor
    old.close()
    bring_back(folder, 3)
    assert header(folder)[1] == 3

    store = SqliteRunStore.open(folder)

    assert header(folder)[1] == schema.VERSION >= 4
    assert store.get_run(before.run_id) == before
    assert store.changes_since(before.run_id, cursor).run is None
    store.log_params(before.run_id, {"alpha": "1"})
    store.extras.put("model", "m", "{}", run_id=before.run_id)
    assert store.list_runs(RunQuery()).runs[0].params == {"alpha": "1"}
    assert store.extras.list("model", run_id=before.run_id) == [("m", "{}")]
    store.close()


def everything(store: SqliteRunStore) -> list[object]:
    """Give all that can be read of a store's runs and experiments."""
    facts: list[object] = [store.get_info(), store.list_experiments(ViewType.ALL), store.list_metric_names()]
    for run in store.list_runs(RunQuery(include_children=True, limit=1_000)).runs:
        summaries = store.summarize_metrics(run.run_id)
        histories = store.read_histories(run.run_id, [one.key.name for one in summaries])
        facts += [run, repr(summaries), store.list_artifacts(run.run_id)]
        facts += [(key, *map(repr, vars_of(histories[key]))) for key in sorted(histories, key=repr)]
        facts += [repr(store.read_envelope(run.run_id, one.key.name, one.key.column)) for one in summaries]
    return facts


def vars_of(history: MetricHistory) -> list[list[object]]:
    return [list(history.seqs), list(history.steps), list(history.values), list(history.times)]


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_nothing_of_an_older_database_is_lost(folder: Path, version: int) -> None:
    old = SqliteRunStore.open(folder)
    for make in (
        seeded.every_kind_run,
        seeded.hostile_run,
        seeded.nan_run,
        seeded.failed_run,
        seeded.run_with_logs,
        run_with_every_fact,
    ):
        make(old)
    run_with_children(old, 5)
    seeded.long_run(old, 3_000)
    before = everything(old)
    old.close()
    bring_back(folder, version)
    assert header(folder)[1] == version

    store = SqliteRunStore.open(folder)

    assert header(folder)[1] == schema.VERSION
    assert everything(store) == before
    for run in store.list_runs(RunQuery(include_children=True, limit=1_000)).runs:
        assert store.which_fit([run.run_id], RunQuery(include_children=True, text=(run.run_id,))) == {run.run_id}
    store.close()
    again = SqliteRunStore.open(folder)
    assert everything(again) == before
    again.close()


def test_a_program_from_before_can_go_on_while_another_brings_the_schema_forward(folder: Path) -> None:
    """One that has the database open already: what it writes is seen, though it may take the row of a run that is deleted."""
    store = SqliteRunStore.open(folder)
    experiment_id = store.open_experiment("ridge").experiment_id
    run = store.create_run(NewRun(experiment_id=experiment_id, status=RunStatus.COMPLETED))
    store.trash_run(run.run_id)
    store.purge_run(run.run_id)

    old = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
    old.execute(
        "insert into run (run_id, experiment, number, status, is_terminal, root, target, created_at, tags, properties, revision) "
        "values ('of-old', 1, 2, 'Completed', 1, 0, 'local', 1.0, '{}', '{}', 100)"
    )
    old.execute("update run set root = id where root = 0")
    old.execute("update revision set value = 100")
    old.close()

    assert [one.run_id for one in store.list_runs(RunQuery(view=RunView.ACTIVE)).runs] == ["of-old"]
    store.trash_run("of-old")
    store.purge_run("of-old")
    assert store.create_run(NewRun(experiment_id=experiment_id)).number == 3
    store.close()


def test_a_workspace_that_another_process_is_making_is_no_other_programs(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_NAME
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("pragma journal_mode = wal")
    has_looked = False

    class Observed(sqlite3.Connection):
        def execute(self, sql: str, parameters: object = ()) -> sqlite3.Cursor:
            nonlocal has_looked
            cursor = super().execute(sql, parameters)  # type: ignore[arg-type] # as it was given
            if sql == "pragma application_id" and not has_looked:
                has_looked = True
                schema.migrate(other, str(path), "made meanwhile")
            return cursor

    connection = sqlite3.connect(path, isolation_level=None, factory=Observed)

    first, second = (schema.read_version(connection, str(path)) for _ in range(2))

    assert (first, second) == (0, schema.VERSION)
    connection.close()
    other.close()
