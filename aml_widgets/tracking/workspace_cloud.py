"""What v1 does with a workspace in the cloud, and nothing here can: each call says what to do instead."""

from __future__ import annotations

from typing import NoReturn

from aml_widgets.core.cloud_only import absent_attribute, cloud_only
from aml_widgets.tracking.workspace_facts import WorkspaceFacts

_SECRETS = "An address or a password is kept by ws.get_default_keyvault().set_secret(name, value)."
_RIGHTS = "A workspace is a folder, ws.location, and who may use it is a matter of the rights on that folder."
_IMAGES = "Environments are built on this machine: environment.build_local(ws) builds one, and no registry is needed."


class WorkspaceCloud(WorkspaceFacts):
    """Refuses what only a cloud can do."""

    @property
    def discovery_url(self) -> str:
        """In v1 the address of the cloud's services; here asking for it raises CloudOnly, and `hasattr` says no."""
        raise absent_attribute(
            "Workspace.discovery_url",
            "get_portal_url() is a link to where the workspace is, get_mlflow_tracking_uri() what MLflow takes as its address.",
        )

    @property
    def service_context(self) -> object:
        """In v1 what talks to the cloud's services; here asking for it raises CloudOnly, and `hasattr` says no."""
        raise absent_attribute(
            "Workspace.service_context", "What reads and writes this workspace's runs is its attribute store."
        )

    def list_keys(self) -> NoReturn:
        """Raise CloudOnly: a workspace here has no keys."""
        raise cloud_only("Workspace.list_keys", f"Files and runs are read without keys. {_SECRETS}")

    def sync_keys(self, no_wait: bool = False) -> NoReturn:
        """Raise CloudOnly: a workspace here has no keys."""
        del no_wait
        raise cloud_only("Workspace.sync_keys", "Files and runs are read without keys; leave the call out.")

    def diagnose_workspace(self, diagnose_parameters: object) -> NoReturn:
        """Raise CloudOnly: there are no services to look into."""
        del diagnose_parameters
        raise cloud_only(
            "Workspace.diagnose_workspace",
            "Workspace.open(ws.location, create=False) says what is wrong with the folder, if anything is.",
        )

    def update_dependencies(self, container_registry: object = None, force: bool = False) -> NoReturn:
        """Raise CloudOnly: a workspace here stands on no other resources."""
        del container_registry, force
        raise cloud_only("Workspace.update_dependencies", _IMAGES)

    def add_private_endpoint(
        self,
        private_endpoint_config: object,
        private_endpoint_auto_approval: bool = True,
        location: str | None = None,
        show_output: bool = True,
        tags: object = None,
    ) -> NoReturn:
        """Raise CloudOnly: a workspace here is in no network."""
        del private_endpoint_config, private_endpoint_auto_approval, location, show_output, tags
        raise cloud_only("Workspace.add_private_endpoint", _RIGHTS)

    def delete_private_endpoint_connection(self, private_endpoint_connection_name: str) -> NoReturn:
        """Raise CloudOnly: a workspace here is in no network."""
        del private_endpoint_connection_name
        raise cloud_only("Workspace.delete_private_endpoint_connection", _RIGHTS)

    def set_connection(self, name: str, category: str, target: str, authType: str, value: str) -> NoReturn:  # noqa: N803 - v1's name
        """Raise CloudOnly: a workspace here has no connections."""
        del name, category, target, authType, value
        raise cloud_only("Workspace.set_connection", _SECRETS)

    def list_connections(self, category: str | None = None, target: str | None = None) -> NoReturn:
        """Raise CloudOnly: a workspace here has no connections."""
        del category, target
        raise cloud_only("Workspace.list_connections", _SECRETS)

    def get_connection(self, name: str) -> NoReturn:
        """Raise CloudOnly: a workspace here has no connections."""
        del name
        raise cloud_only("Workspace.get_connection", _SECRETS)

    def delete_connection(self, name: str) -> NoReturn:
        """Raise CloudOnly: a workspace here has no connections."""
        del name
        raise cloud_only("Workspace.delete_connection", _SECRETS)
