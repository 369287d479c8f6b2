"""What a tracking server is not asked to keep: registered models and extras. MLflow's own client has both."""

from __future__ import annotations

from typing import NoReturn

from aml_widgets.core.errors import StoreError


class LackingModelStore:
    """Stands where registered models would be; every call says where they are instead."""

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreError(
            "Models of a workspace on an MLflow tracking server are in that server's model registry, which aml_widgets does not "
            "write to. Use mlflow.register_model(f'runs:/{run.id}/outputs/model', 'name'), or a workspace in a folder.",
            value=name,
        )


class LackingExtraStore:
    """Stands where extras would be: other programs keep theirs on the server themselves."""

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreError(
            "A workspace on an MLflow tracking server keeps no extras: datasets, logged models and the like are on the server. "
            "Use mlflow.MlflowClient for them, or a workspace in a folder.",
            value=name,
        )
