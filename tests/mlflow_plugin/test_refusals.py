"""What has no place here is refused by name, whatever MLflow may add."""

from __future__ import annotations

import inspect

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.abstract_store import AbstractStore as AbstractRegistry
from mlflow.store.tracking.abstract_store import AbstractStore

from aml_widgets.mlflow_plugin.answers import answering
from aml_widgets.mlflow_plugin.model_registry import PluginModelRegistry
from aml_widgets.mlflow_plugin.tracking_store import _KEPT, PluginTrackingStore


def methods_of(base: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(base, callable) if not name.startswith("_")]


REFUSED = [
    name
    for name in methods_of(AbstractStore)
    if getattr(PluginTrackingStore, name) is not getattr(AbstractStore, name)
    and getattr(PluginTrackingStore, name).__qualname__.startswith(("AbstractStore.", "Gateway", "MCP"))
]


def test_every_method_of_mlflows_is_answered_or_refused() -> None:
    inherited = {
        name for name in methods_of(AbstractStore) if getattr(PluginTrackingStore, name) is getattr(AbstractStore, name)
    }

    assert inherited == _KEPT
    assert {"search_traces", "start_trace", "register_scorer", "create_issue"} <= set(REFUSED)
    assert not {"get_run", "log_batch", "search_logged_models"} & set(REFUSED)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_the_call(uri: str, name: str) -> None:
    store = PluginTrackingStore(uri)

    with pytest.raises(MlflowException, match=f"^{name} is not implemented") as caught:
        getattr(store, name)()

    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_the_call_that_mlflow_has_no_answer_to_is_refused(uri: str) -> None:
    with pytest.raises(MlflowException, match="^link_traces_to_run is not implemented"):
        PluginTrackingStore(uri).link_traces_to_run(["t"], "r")


def test_what_a_later_mlflow_adds_is_refused(uri: str) -> None:
    class Later(AbstractStore):
        def brew_coffee(self) -> str:
            return "coffee"

    @answering(Later, kept=_KEPT)
    class Store(PluginTrackingStore, Later):
        pass

    with pytest.raises(MlflowException, match="brew_coffee is not implemented"):
        Store(uri).brew_coffee()


@pytest.mark.parametrize("name", methods_of(AbstractRegistry))
def test_the_model_registry_refuses_all(uri: str, name: str) -> None:
    with pytest.raises(MlflowException, match=f"^{name} is not implemented") as caught:
        getattr(PluginModelRegistry(uri, uri), name)()  # type: ignore[abstract]  # `answering` has answered
    assert caught.value.error_code == "NOT_IMPLEMENTED"


def test_a_client_hears_of_it(client: MlflowClient, run_id: str) -> None:
    with pytest.raises(MlflowException, match="create_registered_model is not implemented"):
        client.create_registered_model("ridge")
