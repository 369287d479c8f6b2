"""The URI of a workspace, and of files in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.tracking._tracking_service.utils import _get_store

from aml_widgets import Workspace
from aml_widgets.core.errors import UserError
from aml_widgets.mlflow_plugin.tracking_store import PluginTrackingStore
from aml_widgets.store.plugin_uri import parse_plugin_uri, to_files_uri, to_plugin_uri

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)


@example(["0:"], "")  # no drive
@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["", "runs", "runs/a b%2F/-/é"]))
def test_a_uri_says_which_folder_and_path_are_meant(names: list[str], path: str) -> None:
    folder = Path("/", *names)

    uri = to_plugin_uri(folder)

    assert uri.isascii()
    assert uri.startswith("aml-widgets:///")
    assert parse_plugin_uri(uri) == (folder, "")
    assert parse_plugin_uri(to_files_uri(uri, path)) == (folder, path)
    assert parse_plugin_uri(to_files_uri(uri, path).replace(":///", ":/")) == (folder, path)  # as MLflow appends to it


@pytest.mark.parametrize(
    "uri", ["", "file:///a", "aml-widgets://host/a", "aml-widgets:///", "aml-widgets:a", "http://a"]
)
def test_what_is_no_uri_of_a_workspace_is_refused(uri: str) -> None:
    with pytest.raises(UserError, match="get_mlflow_tracking_uri"):
        parse_plugin_uri(uri)


def test_mlflow_finds_the_workspace_by_its_uri(uri: str) -> None:
    assert isinstance(_get_store(uri), PluginTrackingStore)


def test_a_folder_without_a_workspace_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(MlflowException, match="There is no workspace at") as caught:
        PluginTrackingStore(to_plugin_uri(tmp_path / "nothing"))

    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert not (tmp_path / "nothing").exists()


def test_the_uri_of_a_workspace_is_that_of_its_folder(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "runs")

    assert workspace.get_mlflow_tracking_uri() == to_plugin_uri(tmp_path / "runs")
