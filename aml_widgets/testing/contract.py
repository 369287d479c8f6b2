"""What every store upholds, for every layer above it."""

from __future__ import annotations

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


class RunStoreContract(
    ExperimentFacts,
    RunFacts,
    StatusFacts,
    ListingFacts,
    RunListFacts,
    ListChangeFacts,
    TrashFacts,
    ValueFacts,
    HistoryFacts,
    EnvelopeFacts,
    ChangeFacts,
    PointFacts,
    ParamFacts,
    ExtraFacts,
    PropertyFacts,
    ModelFacts,
):
    """All facts about a store. A subclass gives the fixture ``store``: one that is empty, for each test anew."""
