"""Facts about what other programs keep beside runs and experiments."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import threading

import pytest

from aml_widgets.core.errors import ExperimentNotFound, RunNotFound
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import new_run


class ExtraFacts:
    """What holds for texts under a kind and a key."""

    def test_a_text_comes_back_until_it_is_replaced_or_removed(self, store: RunStore) -> None:
        assert store.extras.get("model", "a") is None

        store.extras.put("model", "a", '{"λ": "🚀"}')
        assert store.extras.get("model", "a") == '{"λ": "🚀"}'
        assert store.extras.get("input", "a") is None

        store.extras.put("model", "a", "{}")
        assert store.extras.get("model", "a") == "{}"

        store.extras.remove("model", "a")
        store.extras.remove("model", "a")
        assert store.extras.get("model", "a") is None

    def test_texts_are_listed_by_their_owner_in_the_order_of_first_writing(self, store: RunStore) -> None:
        run, other = new_run(store), new_run(store)
        store.extras.put("model", "b", "1", run_id=run.run_id, experiment_id=run.experiment_id)
        store.extras.put("model", "a", "2", run_id=other.run_id)
        store.extras.put("model", "c", "3")
        store.extras.put("input", "b", "4", run_id=run.run_id)
        store.extras.put("model", "b", "5", run_id=run.run_id, experiment_id=run.experiment_id)

        assert store.extras.list("model") == [("b", "5"), ("a", "2"), ("c", "3")]
        assert store.extras.list("model", run_id=run.run_id) == [("b", "5")]
        assert store.extras.list("model", experiment_id=run.experiment_id) == [("b", "5")]
        assert store.extras.list("input", run_id=run.run_id) == [("b", "4")]
        assert store.extras.list("input", run_id=other.run_id) == []

    def test_an_owner_must_be_there(self, store: RunStore) -> None:
        with pytest.raises(RunNotFound):
            store.extras.put("model", "a", "1", run_id="nobody")
        with pytest.raises(ExperimentNotFound):
            store.extras.put("model", "a", "1", experiment_id="nothing")

        assert store.extras.get("model", "a") is None

    def test_updates_of_many_threads_are_all_kept(self, store: RunStore) -> None:
        run = new_run(store)

        def count() -> None:
            for _ in range(20):
                store.extras.update("counter", "n", lambda old: str(int(old or "0") + 1), run_id=run.run_id)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert store.extras.list("counter", run_id=run.run_id) == [("n", "80")]
        assert store.extras.update("counter", "n", lambda old: f"{old}!") == "80!"
        assert store.extras.list("counter", run_id=run.run_id) == [("n", "80!")]

    def test_an_update_that_fails_changes_nothing(self, store: RunStore) -> None:
        store.extras.put("counter", "n", "1")

        def fail(_: str | None) -> str:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            store.extras.update("counter", "n", fail)

        assert store.extras.get("counter", "n") == "1"

    def test_texts_of_a_run_go_with_it(self, store: RunStore) -> None:
        run, other = new_run(store, RunStatus.COMPLETED), new_run(store)
        store.extras.put("model", "a", "1", run_id=run.run_id)
        store.extras.put("model", "b", "2", run_id=other.run_id)

        store.trash_run(run.run_id)
        assert store.extras.get("model", "a") == "1"
        store.purge_run(run.run_id)

        assert store.extras.list("model") == [("b", "2")]

    def test_texts_of_an_experiment_go_with_it(self, store: RunStore) -> None:
        experiment_id = store.open_experiment("empty").experiment_id
        store.extras.put("model", "a", "1", experiment_id=experiment_id)

        store.delete_experiment(experiment_id)

        assert store.extras.get("model", "a") is None
