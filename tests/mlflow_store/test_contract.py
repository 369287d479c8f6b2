"""The contract of all stores, on a real tracking server.

What MLflow cannot hold is stated here. Those facts are tried all the same, and one that came to hold would fail, so the list is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_widgets.core.errors import InvalidName
from aml_widgets.store.mlflow.store import MlflowStore
from aml_widgets.testing import RunStoreContract
from aml_widgets.testing.facts_changes import ChangeFacts
from aml_widgets.testing.facts_envelopes import EnvelopeFacts
from aml_widgets.testing.facts_experiments import ExperimentFacts
from aml_widgets.testing.facts_extras import ExtraFacts
from aml_widgets.testing.facts_histories import HistoryFacts
from aml_widgets.testing.facts_list_changes import ListChangeFacts
from aml_widgets.testing.facts_listing import ListingFacts
from aml_widgets.testing.facts_models import ModelFacts
from aml_widgets.testing.facts_params import ParamFacts
from aml_widgets.testing.facts_points import PointFacts
from aml_widgets.testing.facts_properties import PropertyFacts
from aml_widgets.testing.facts_run_lists import RunListFacts
from aml_widgets.testing.facts_runs import RunFacts
from aml_widgets.testing.facts_status import StatusFacts
from aml_widgets.testing.facts_trash import TrashFacts
from aml_widgets.testing.facts_values import ValueFacts
from tests.mlflow_store.tracking_server import TrackingServer

NO_PLACE = {ModelFacts, ExtraFacts}
"""Registered models and extras of ours: a server has its own, which other programs write to."""

IDS_ARE_THE_SERVERS = {
    "test_a_new_run_keeps_all_that_was_given",
    "test_an_id_is_never_used_twice",
    "test_an_id_that_is_a_safe_folder_name_is_taken",
    "test_neither_id_nor_number_of_a_deleted_run_are_given_again",
    "test_words_are_found_anywhere_in_what_a_person_wrote",
    "test_words_are_not_found_across_what_was_written",
    "test_text_is_found_in_one_place_and_can_be_left_out",
    "test_runs_are_ordered_by_name",
}
"""A server gives ids itself; an id that is asked for is refused."""

SNAPSHOTS_ARE_LOCAL = {
    "test_a_snapshot_goes_with_the_last_run_that_has_it",
    "test_a_snapshot_that_was_just_taken_stays_for_a_while",
    "test_a_property_that_names_no_snapshot_deletes_nothing",
}
"""Copies of sources are on one machine."""


@pytest.fixture
def store(server: TrackingServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MlflowStore]:
    name = request.node.originalname
    if name in IDS_ARE_THE_SERVERS:
        request.applymarker(pytest.mark.xfail(reason="a server gives ids itself", raises=InvalidName, strict=True))
    if name in SNAPSHOTS_ARE_LOCAL:
        request.applymarker(pytest.mark.xfail(reason="snapshots are local", raises=AssertionError, strict=True))
    store = MlflowStore(server.uri, tmp_path / "home")
    yield store
    store.close()


class TestMlflowStore(ExperimentFacts, StatusFacts, TrashFacts, ParamFacts, PointFacts):
    """What is cheap to ask of a server."""


@pytest.mark.long  # half an hour on a server
class TestMlflowStoreAtLength(
    RunFacts,
    ListingFacts,
    RunListFacts,
    ListChangeFacts,
    ValueFacts,
    HistoryFacts,
    EnvelopeFacts,
    ChangeFacts,
    PropertyFacts,
):
    """All other facts but those about what a server has no place for."""


def test_no_fact_is_forgotten() -> None:
    asked = {*TestMlflowStore.__bases__, *TestMlflowStoreAtLength.__bases__}
    assert set(RunStoreContract.__bases__) == asked | NO_PLACE
