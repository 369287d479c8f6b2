"""Facts about the workspace and its experiments."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

from datetime import datetime

import pytest

from aml_widgets.core.errors import Conflict, ExperimentInUse, ExperimentNotFound
from aml_widgets.core.records import NewRun, ViewType
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run


class ExperimentFacts:
    """What holds for experiments, and for the workspace as a whole."""

    def test_a_renamed_experiment_is_the_same_with_all_its_runs(self, store: RunStore) -> None:
        experiment = store.open_experiment("before")
        other = store.open_experiment("other")
        run = store.create_run(NewRun(experiment_id=experiment.experiment_id))
        cursor = store.run_list_changes().cursor

        renamed = store.rename_experiment(experiment.experiment_id, "größe/λ 🚀")

        assert renamed == store.get_experiment(experiment.experiment_id)
        assert renamed.name == "größe/λ 🚀"
        assert store.get_run(run.run_id).experiment_name == "größe/λ 🚀"
        assert [one.experiment_name for one in store.run_list_changes(cursor).runs] == ["größe/λ 🚀"]
        with pytest.raises(Conflict, match="other"):
            store.rename_experiment(experiment.experiment_id, "other")
        store.set_archived(other.experiment_id, is_archived=True)
        assert store.rename_experiment(experiment.experiment_id, "other").name == "other"

    def test_the_workspace_knows_its_name_id_and_age(self, store: RunStore) -> None:
        info = store.get_info()

        assert info["name"]
        assert info["workspace_id"]
        assert datetime.fromisoformat(info["created_at"].replace("Z", "+00:00")).tzinfo is not None

    def test_facts_of_the_workspace_are_set_and_the_others_kept(self, store: RunStore) -> None:
        before = dict(store.get_info())

        store.set_info({"description": "ours <b>", "name": "renamed"})

        assert dict(store.get_info()) == {**before, "description": "ours <b>", "name": "renamed"}

    def test_a_closed_store_may_be_closed_again_and_opens_by_itself(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_metric(run.run_id, "loss", 0.5)

        store.close()
        store.close()
        store.log_metric(run.run_id, "loss", 0.25)

        assert list(store.read_history(run.run_id, "loss").values) == [0.5, 0.25]

    def test_an_experiment_opened_twice_is_the_same(self, store: RunStore) -> None:
        first = store.open_experiment("diabetes")

        again = store.open_experiment("diabetes")

        assert again == first
        assert store.get_experiment(first.experiment_id) == first
        assert (first.name, first.archived_at, dict(first.tags)) == ("diabetes", None, {})

    def test_names_that_differ_in_case_are_two_experiments(self, store: RunStore) -> None:
        lower, upper = store.open_experiment("a"), store.open_experiment("A")

        assert lower.experiment_id != upper.experiment_id

    def test_an_unknown_experiment_is_not_found(self, store: RunStore) -> None:
        with pytest.raises(ExperimentNotFound, match="nowhere"):
            store.get_experiment("nowhere")
        with pytest.raises(ExperimentNotFound, match="nowhere"):
            store.set_archived("nowhere", True)
        with pytest.raises(ExperimentNotFound, match="nowhere"):
            store.tag_experiment("nowhere", {"a": "b"})
        with pytest.raises(ExperimentNotFound, match="nowhere"):
            store.delete_experiment("nowhere")

    def test_experiments_are_listed_by_name_and_state(self, store: RunStore) -> None:
        for name in ("c", "a", "b"):
            store.open_experiment(name)
        store.set_archived(store.open_experiment("b").experiment_id, True)

        assert [one.name for one in store.list_experiments()] == ["a", "c"]
        assert [one.name for one in store.list_experiments(ViewType.ARCHIVED_ONLY)] == ["b"]
        assert [one.name for one in store.list_experiments(ViewType.ALL)] == ["a", "b", "c"]

    def test_opening_an_archived_name_makes_another_experiment(self, store: RunStore) -> None:
        old = store.open_experiment("diabetes")
        archived = store.set_archived(old.experiment_id, True)

        new = store.open_experiment("diabetes")

        assert archived.archived_at is not None
        assert new.experiment_id != old.experiment_id
        assert store.get_experiment(old.experiment_id) == archived

    def test_reactivating_is_refused_while_another_has_the_name(self, store: RunStore) -> None:
        old = store.open_experiment("diabetes")
        store.set_archived(old.experiment_id, True)
        new = store.open_experiment("diabetes")

        with pytest.raises(Conflict, match="diabetes"):
            store.set_archived(old.experiment_id, False)

        store.set_archived(new.experiment_id, True)
        assert store.set_archived(old.experiment_id, False).archived_at is None
        assert store.open_experiment("diabetes").experiment_id == old.experiment_id

    def test_archiving_twice_changes_nothing(self, store: RunStore) -> None:
        experiment = store.open_experiment("diabetes")
        archived = store.set_archived(experiment.experiment_id, True)

        assert store.set_archived(experiment.experiment_id, True) == archived

    def test_tags_of_an_experiment_are_merged_and_removed(self, store: RunStore) -> None:
        experiment_id = store.open_experiment("diabetes").experiment_id
        store.tag_experiment(experiment_id, {"a": "1", "b": None, "": "empty key"})

        tagged = store.tag_experiment(experiment_id, {"a": "2"}, remove=["b", "never there"])

        assert dict(tagged.tags) == {"a": "2", "": "empty key"}
        assert store.get_experiment(experiment_id) == tagged

    def test_an_experiment_without_runs_can_be_deleted(self, store: RunStore) -> None:
        experiment_id = store.open_experiment("diabetes").experiment_id

        store.delete_experiment(experiment_id)

        assert store.list_experiments(ViewType.ALL) == []
        with pytest.raises(ExperimentNotFound):
            store.get_experiment(experiment_id)

    def test_an_experiment_with_runs_stays(self, store: RunStore) -> None:
        run = new_run(store)

        with pytest.raises(ExperimentInUse, match="rchive"):
            store.delete_experiment(run.experiment_id)

        assert store.get_run(run.run_id).experiment_id == run.experiment_id
