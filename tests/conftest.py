"""What every test shares: no test touches the workspaces of whoever runs it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from aml_widgets.core import v1_names

# Never a wall-clock limit: the machine that runs the tests may be busy.
settings.register_profile("aml_widgets", deadline=None)
settings.load_profile("aml_widgets")


@pytest.fixture(scope="session", autouse=True)
def isolated_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Named workspaces and the default one live in a temporary folder; processes started by tests inherit it."""
    home = tmp_path_factory.mktemp("aml_widgets_home")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AML_WIDGETS_HOME", str(home))
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing is asked of, or told to, a place outside
        yield home


@pytest.fixture(autouse=True)
def no_variables_left() -> Iterator[None]:
    """A test that sets variables of the environment takes them back: they name the workspace of the tests after it."""
    before = _own_variables()

    yield

    assert _own_variables() == before


def _own_variables() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if name.startswith(("AML", "AZUREML", "MLFLOW", "JUPYTER"))}


@pytest.fixture(autouse=True)
def no_server(no_variables_left: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Jupyter server is known: neither that of the terminal that the tests run in, nor one that a test started before."""
    monkeypatch.setenv("AML_WIDGETS_SERVER_URL", "")


def pytest_collection_finish() -> None:
    """Take back the import names of Azure ML v1, which modules of tests turn on by importing `aml_widgets.azureml`, before any fixture."""
    take_v1_names_back()


@pytest.fixture(autouse=True)
def no_v1_names() -> Iterator[None]:
    """Scripts that a test submits have no import names of Azure ML v1, unless the test itself turns them on; and none are left behind."""
    take_v1_names_back()

    yield

    take_v1_names_back()


def take_v1_names_back() -> None:
    for entry in [
        entry for entry in sys.path or () if v1_names.is_names_folder(entry)
    ]:  # a test may have taken the path away
        sys.path.remove(entry)
