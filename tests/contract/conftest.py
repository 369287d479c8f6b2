"""The contract's assertions explain themselves when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_widgets.store.artifacts import FolderArtifactStore

pytest.register_assert_rewrite(
    "aml_widgets.testing.facts_changes",
    "aml_widgets.testing.facts_envelopes",
    "aml_widgets.testing.facts_experiments",
    "aml_widgets.testing.facts_extras",
    "aml_widgets.testing.facts_histories",
    "aml_widgets.testing.facts_list_changes",
    "aml_widgets.testing.facts_listing",
    "aml_widgets.testing.facts_models",
    "aml_widgets.testing.facts_params",
    "aml_widgets.testing.facts_points",
    "aml_widgets.testing.facts_properties",
    "aml_widgets.testing.facts_run_lists",
    "aml_widgets.testing.facts_runs",
    "aml_widgets.testing.facts_status",
    "aml_widgets.testing.facts_trash",
    "aml_widgets.testing.facts_values",
    "aml_widgets.testing.support",
)


@pytest.fixture
def files(tmp_path: Path) -> FolderArtifactStore:
    return FolderArtifactStore(tmp_path / "runs")
