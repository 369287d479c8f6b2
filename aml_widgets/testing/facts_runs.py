"""Facts about single runs: what is known of them, their life, their place among others, their files."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import (
    ExperimentNotFound,
    InvalidName,
    PropertyExists,
    RunExists,
    RunNotFound,
)
from aml_widgets.core.records import ArtifactRecord, MetricKind, NewRun, RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.store.liveness import this_process
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.seeded import HOSTILE_TEXTS, append_log
from aml_widgets.testing.support import new_run

TEXTS = (*HOSTILE_TEXTS, "", "λ 🚀", "x" * 10_000)

UNKNOWN_RUN_CALLS: dict[str, Callable[[RunStore], object]] = {
    "get_run": lambda store: store.get_run("nowhere"),
    "set_status": lambda store: store.set_status("nowhere", RunStatus.RUNNING),
    "update_run": lambda store: store.update_run("nowhere", display_name="x"),
    "touch": lambda store: store.touch("nowhere"),
    "log_metric": lambda store: store.log_metric("nowhere", "loss", 1.0),
    "log_metrics": lambda store: store.log_metrics("nowhere", {"loss": 1.0, "other": 2.0}),
    "log_columns": lambda store: store.log_columns("nowhere", "loss", {None: [1.0]}),
    "summarize_metrics": lambda store: store.summarize_metrics("nowhere"),
    "latest_metrics": lambda store: store.latest_metrics(["nowhere"]),
    "read_history": lambda store: store.read_history("nowhere", "loss"),
    "read_envelope": lambda store: store.read_envelope("nowhere", "loss"),
    "changes_since": lambda store: store.changes_since("nowhere"),
    "record_artifact": lambda store: store.record_artifact(
        "nowhere", ArtifactRecord(path="a", size_bytes=0, written_at=0.0)
    ),
    "list_artifacts": lambda store: store.list_artifacts("nowhere"),
}


class RunFacts:
    """What holds for one run."""

    def test_a_run_that_is_to_be_cancelled_can_only_end(self, store: RunStore) -> None:
        run = new_run(store)
        revised = store.set_status(run.run_id, RunStatus.CANCEL_REQUESTED)

        for status in (RunStatus.PREPARING, RunStatus.RUNNING, RunStatus.FINALIZING):
            assert store.set_status(run.run_id, status) == revised
        assert store.set_status(run.run_id, RunStatus.CANCELED).status is RunStatus.CANCELED

    def test_a_new_run_is_as_little_as_was_given(self, store: RunStore) -> None:
        experiment = store.open_experiment("diabetes")

        run = store.create_run(NewRun(experiment_id=experiment.experiment_id))

        assert store.get_run(run.run_id) == run
        assert (run.experiment_id, run.experiment_name) == (experiment.experiment_id, "diabetes")
        assert (run.status, run.target, run.number) == (RunStatus.NOT_STARTED, "local", 1)
        assert (run.root_run_id, run.parent_run_id) == (run.run_id, None)
        assert (run.display_name, run.description, run.run_type, run.error, run.writer) == (None,) * 5
        assert (run.started_at, run.ended_at) == (None, None)
        assert (dict(run.tags), dict(run.properties)) == ({}, {})

    def test_a_new_run_keeps_all_that_was_given(self, store: RunStore) -> None:
        given = NewRun(
            experiment_id=store.open_experiment("diabetes").experiment_id,
            run_id="diabetes_1700000000_0123abcd",
            display_name="ridge",
            description="first\nsecond",
            run_type="azureml.scriptrun",
            status=RunStatus.RUNNING,
            target="cluster",
            tags={"model": "ridge", "baseline": None},
            properties={"azureml.git.branch": "main"},
            writer=this_process(),
        )

        run = store.create_run(given)

        for name in (
            "run_id",
            "display_name",
            "description",
            "run_type",
            "status",
            "target",
            "tags",
            "properties",
            "writer",
        ):
            assert getattr(run, name) == getattr(given, name)
        assert run.started_at == run.created_at
        assert store.get_run(run.run_id) == run

    @pytest.mark.parametrize("text", TEXTS, ids=ascii)
    def test_text_of_a_run_is_kept_exactly(self, store: RunStore, text: str) -> None:
        run = new_run(
            store,
            display_name=text,
            description=text,
            run_type=text,
            target=text,
            tags={text: text},
            properties={text: text},
        )

        error = RunError(code=text, message=text, traceback=text, error_type=text)
        run = store.set_status(run.run_id, RunStatus.FAILED, error=error)

        found = store.get_run(run.run_id)
        assert (found.display_name, found.description, found.run_type, found.target) == (text,) * 4
        assert (dict(found.tags), dict(found.properties)) == ({text: text}, {text: text})
        assert found.error == error

    def test_runs_are_numbered_in_their_experiment(self, store: RunStore) -> None:
        numbers = [new_run(store, experiment=name).number for name in ("a", "a", "b", "a", "b")]

        assert numbers == [1, 2, 1, 3, 2]

    def test_ids_are_given_and_differ(self, store: RunStore) -> None:
        ids = {new_run(store).run_id for _ in range(10)}

        assert len(ids) == 10

    def test_an_id_is_never_used_twice(self, store: RunStore) -> None:
        run = new_run(store, run_id="mine", display_name="first")

        with pytest.raises(RunExists, match="mine"):
            new_run(store, run_id="mine", experiment="other")

        assert store.get_run("mine").display_name == run.display_name

    @pytest.mark.parametrize(
        "run_id", ["a", "0", "a" * 250, "HD_0123_1", "diabetes_1-2"], ids=lambda run_id: run_id[:20]
    )
    def test_an_id_that_is_a_safe_folder_name_is_taken(self, store: RunStore, run_id: str) -> None:
        assert new_run(store, run_id=run_id).run_id == run_id

    @pytest.mark.parametrize(
        "run_id", ["", ".", "..", "a/b", "a\\b", "-a", "_a", "a.b", "a b", "a\n", "a\0", "é", "٣", "a" * 251], ids=ascii
    )
    def test_an_id_that_is_no_safe_folder_name_is_refused(self, store: RunStore, run_id: str) -> None:
        with pytest.raises(InvalidName):
            new_run(store, run_id=run_id)

    def test_a_run_needs_its_experiment_and_its_parent(self, store: RunStore) -> None:
        with pytest.raises(ExperimentNotFound, match="nowhere"):
            store.create_run(NewRun(experiment_id="nowhere"))
        with pytest.raises(RunNotFound, match="nowhere"):
            new_run(store, parent_run_id="nowhere")

    @pytest.mark.parametrize("call", UNKNOWN_RUN_CALLS.values(), ids=UNKNOWN_RUN_CALLS.keys())
    def test_an_unknown_run_is_not_found(self, store: RunStore, call: Callable[[RunStore], object]) -> None:
        new_run(store)

        with pytest.raises(RunNotFound, match="nowhere") as caught:
            call(store)

        assert caught.value.value == "nowhere"

    # -- what may change

    def test_only_what_is_given_changes(self, store: RunStore) -> None:
        run = new_run(store, display_name="old", description="kept", tags={"a": "1"})

        changed = store.update_run(run.run_id, display_name="new")

        assert changed == replace(run, display_name="new", last_seen_at=changed.last_seen_at)
        assert store.update_run(run.run_id, description="").description == ""

    def test_tags_are_merged_and_removed(self, store: RunStore) -> None:
        run = new_run(store, tags={"a": "1", "b": "2", "c": None})

        changed = store.update_run(run.run_id, tags={"a": None, "d": "4"}, remove_tags=["b", "never there"])

        assert dict(changed.tags) == {"a": None, "c": None, "d": "4"}
        assert dict(store.get_run(run.run_id).tags) == dict(changed.tags)

    def test_properties_are_added_and_never_change(self, store: RunStore) -> None:
        run = new_run(store, properties={"a": "1"})
        store.update_run(run.run_id, properties={"b": "2"})

        store.update_run(run.run_id, properties={"a": "1"})  # the same again is no change
        with pytest.raises(PropertyExists, match="'a'"):
            store.update_run(run.run_id, properties={"c": "3", "a": "other"}, display_name="never")

        found = store.get_run(run.run_id)
        assert dict(found.properties) == {"a": "1", "b": "2"}
        assert found.display_name is None

    def test_an_ended_run_can_still_be_described(self, store: RunStore) -> None:
        run = new_run(store)
        store.set_status(run.run_id, RunStatus.COMPLETED)

        changed = store.update_run(run.run_id, display_name="best", tags={"best": None}, properties={"model": "1"})

        assert (changed.display_name, dict(changed.tags), dict(changed.properties)) == (
            "best",
            {"best": None},
            {"model": "1"},
        )
        assert changed.status is RunStatus.COMPLETED

    def test_a_sign_of_life_moves_its_time_alone(self, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
        run = new_run(store)
        later = run.created_at + 10
        monkeypatch.setattr(clock, "now", lambda: later)

        store.touch(run.run_id)

        assert store.get_run(run.run_id) == replace(run, last_seen_at=later)

    def test_what_was_logged_is_a_sign_of_life(self, store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
        run = new_run(store)
        later = run.created_at + 10
        monkeypatch.setattr(clock, "now", lambda: later)

        store.log_metric(run.run_id, "loss", 0.5)

        assert store.get_run(run.run_id).last_seen_at == later

    def test_a_time_given_by_hand_is_no_sign_of_death(self, store: RunStore) -> None:
        run = new_run(store)
        for i in range(1_100):
            store.log_metric(run.run_id, "loss", float(i), logged_at=float(i))  # as an import of old points does

        last_seen_at = store.get_run(run.run_id).last_seen_at

        assert last_seen_at is not None
        assert last_seen_at >= run.created_at

    # -- parents and children

    def test_children_know_their_parent_and_root(self, store: RunStore) -> None:
        root = new_run(store)
        child = new_run(store, parent_run_id=root.run_id)
        grandchild = new_run(store, parent_run_id=child.run_id)

        assert (child.parent_run_id, child.root_run_id) == (root.run_id, root.run_id)
        assert (grandchild.parent_run_id, grandchild.root_run_id) == (child.run_id, root.run_id)
        assert [root.number, child.number, grandchild.number] == [1, 2, 3]

    def test_a_parent_that_ended_takes_children(self, store: RunStore) -> None:
        parent = new_run(store)
        store.set_status(parent.run_id, RunStatus.COMPLETED)

        child = new_run(store, parent_run_id=parent.run_id)

        assert child.status is RunStatus.RUNNING

    # -- files

    def test_files_are_listed_by_path(self, store: RunStore) -> None:
        run = new_run(store)
        records = [
            ArtifactRecord(path=path, size_bytes=len(path), written_at=1.5)
            for path in ("outputs/b", "a", "outputs/a", "<img src=x>", "größe")
        ]
        for record in records:
            store.record_artifact(run.run_id, record)

        assert store.list_artifacts(run.run_id) == sorted(records, key=lambda record: record.path)
        assert store.list_artifacts(new_run(store).run_id) == []

    def test_a_file_recorded_again_is_replaced(self, store: RunStore) -> None:
        run = new_run(store)
        store.record_artifact(run.run_id, ArtifactRecord(path="a", size_bytes=1, written_at=1.0))
        again = ArtifactRecord(path="a", size_bytes=2, written_at=2.0)

        store.record_artifact(run.run_id, again)

        assert store.list_artifacts(run.run_id) == [again]

    def test_an_ended_run_takes_files(self, store: RunStore) -> None:
        run = new_run(store)
        store.set_status(run.run_id, RunStatus.COMPLETED)

        size_bytes = store.artifacts.put(run.run_id, "outputs/model", io.BytesIO(b"model"))
        store.record_artifact(run.run_id, ArtifactRecord(path="outputs/model", size_bytes=size_bytes, written_at=1.0))

        assert [artifact.size_bytes for artifact in store.list_artifacts(run.run_id)] == [5]

    def test_a_log_has_its_size_now(self, store: RunStore) -> None:
        run = new_run(store)
        append_log(store, run, "logs/a.txt", "one\n")

        append_log(store, run, "logs/a.txt", "two\n")

        assert [(artifact.size_bytes, artifact.is_log) for artifact in store.list_artifacts(run.run_id)] == [(8, True)]

    def test_metrics_of_artifact_kinds_are_kept_apart(self, store: RunStore) -> None:
        run = new_run(store)
        for kind in MetricKind:
            columns = {"x" if kind is MetricKind.ROW else None: [f"uri of {kind}"]}
            store.log_columns(run.run_id, kind.value, columns, kind=kind, description=f"a {kind}")

        found = [(one.key.name, one.kind, one.description, one.last) for one in store.summarize_metrics(run.run_id)]

        assert found == [(kind.value, kind, f"a {kind}", f"uri of {kind}") for kind in MetricKind]
