"""Facts about parameters of runs."""

# ruff: noqa: D102 - the name of a test is its documentation
from __future__ import annotations

import pytest

from aml_widgets.core.errors import ParamExists, RunNotFound, UserError
from aml_widgets.core.records import NewRun, RunQuery
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.testing.support import Viewer, new_run


class ParamFacts:
    """What holds for texts that are written once."""

    def test_params_come_back_as_they_were_set_in_lists_as_well(self, store: RunStore) -> None:
        params = {"alpha": "0.1", "größe/λ 🚀": "ja\n", "": "", "long": "x" * 10_000}
        run = new_run(store)

        store.log_params(run.run_id, params)

        assert store.get_run(run.run_id).params == params
        assert list(store.get_run(run.run_id).params) == list(params)
        assert store.list_runs(RunQuery()).runs[0].params == params

    def test_a_run_can_have_params_from_its_beginning(self, store: RunStore) -> None:
        experiment_id = store.open_experiment("facts").experiment_id

        run = store.create_run(NewRun(experiment_id=experiment_id, params={"alpha": "1"}))

        assert run.params == store.get_run(run.run_id).params == {"alpha": "1"}

    def test_a_param_cannot_change_and_then_none_of_the_call_is_set(self, store: RunStore) -> None:
        run = new_run(store)
        store.log_params(run.run_id, {"alpha": "1"})

        with pytest.raises(ParamExists, match="alpha"):
            store.log_params(run.run_id, {"beta": "2", "alpha": "3"})

        assert store.get_run(run.run_id).params == {"alpha": "1"}
        store.log_params(run.run_id, {"alpha": "1", "beta": "2"})
        assert store.get_run(run.run_id).params == {"alpha": "1", "beta": "2"}

    def test_a_run_that_has_ended_takes_params(self, store: RunStore) -> None:
        run = new_run(store, RunStatus.COMPLETED)

        store.log_params(run.run_id, {"alpha": "1"})

        assert store.get_run(run.run_id).params == {"alpha": "1"}
        assert store.get_run(run.run_id).status is RunStatus.COMPLETED

    def test_whoever_follows_a_run_or_a_list_hears_of_new_params_and_of_no_old_ones(self, store: RunStore) -> None:
        run = new_run(store)
        viewer = Viewer(store, run.run_id)
        viewer.look()
        cursor = store.run_list_changes().cursor

        store.log_params(run.run_id, {"alpha": "1"})

        changes = store.run_list_changes(cursor)
        assert [one.params for one in changes.runs] == [{"alpha": "1"}]
        seen = viewer.look().run
        assert seen is not None
        assert seen.params == {"alpha": "1"}
        store.log_params(run.run_id, {"alpha": "1"})
        assert store.run_list_changes(changes.cursor).runs == ()
        assert viewer.look().run is None

    def test_params_are_text_and_of_a_run_that_is_there(self, store: RunStore) -> None:
        run = new_run(store)

        with pytest.raises(UserError, match=r"str\(value\)"):
            store.log_params(run.run_id, {"alpha": 1})  # type: ignore[dict-item]
        with pytest.raises(RunNotFound):
            store.log_params("nobody", {"alpha": "1"})

        assert store.get_run(run.run_id).params == {}
