"""MLflow's model registry, which has no place here: our own is `Run.register_model` and `Model`."""

from __future__ import annotations

from mlflow.store.model_registry.abstract_store import AbstractStore

from aml_widgets.mlflow_plugin.answers import answering
from aml_widgets.store.plugin_uri import parse_plugin_uri


@answering(AbstractStore, kept=())
class PluginModelRegistry(AbstractStore):
    """Refuses every call by name.

    Parameters
    ----------
    store_uri : str
        The URI of a workspace.
    tracking_uri : str, optional
        The tracking store that goes with it.
    """

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)  # type: ignore[no-untyped-call]  # MLflow's
        parse_plugin_uri(store_uri or "")
