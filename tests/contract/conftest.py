"""The contract's assertions explain themselves when they fail."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "aml_widgets.testing.facts_changes",
    "aml_widgets.testing.facts_envelopes",
    "aml_widgets.testing.facts_experiments",
    "aml_widgets.testing.facts_histories",
    "aml_widgets.testing.facts_list_changes",
    "aml_widgets.testing.facts_listing",
    "aml_widgets.testing.facts_models",
    "aml_widgets.testing.facts_properties",
    "aml_widgets.testing.facts_run_lists",
    "aml_widgets.testing.facts_runs",
    "aml_widgets.testing.facts_trash",
    "aml_widgets.testing.facts_values",
    "aml_widgets.testing.support",
)
