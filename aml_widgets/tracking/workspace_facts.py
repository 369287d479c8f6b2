"""What a workspace is: its name, its place, and what is noted of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import UserError
from aml_widgets.store import registry, uri
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking import facts, workspace_config
from aml_widgets.tracking.values import check_unicode, show, show_type

LOCAL = "local"
"""What stands for a subscription and a resource group, of which a folder has none."""


class WorkspaceFacts:
    """Holds one workspace for the parts of `Workspace`, which are one class each."""

    def _open_store(
        self, store: RunStore, place: Path | str, subscription_id: str | None = None, resource_group: str | None = None
    ) -> None:
        info = store.get_info()
        if isinstance(place, Path):
            registry.note_opened(place)
        else:
            registry.note_opened_server(place)
        self._store = store
        self._place = place
        self._name = info["name"]
        self._workspace_id = info["workspace_id"]
        self._subscription_id = str(subscription_id or info.get("subscription_id") or LOCAL)
        self._resource_group = str(resource_group or info.get("resource_group") or LOCAL)

    @property
    def name(self) -> str:
        """The workspace's name."""
        return self._name

    @property
    def location(self) -> str:
        """The folder that the workspace is in, or the address of its tracking server."""
        return str(self._place)

    @property
    def subscription_id(self) -> str:
        """What was given as one; ``local`` otherwise."""
        return self._subscription_id

    @property
    def resource_group(self) -> str:
        """What was given as one; ``local`` otherwise."""
        return self._resource_group

    @property
    def workspace_id(self) -> str:
        """An id that no other workspace has, and that stays when the folder is moved."""
        return self._workspace_id

    @property
    def sku(self) -> str:
        """Always ``basic``, as of v1's smallest workspaces."""
        return "basic"

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags that the workspace was created with, or that `update` gave it."""
        tags: dict[str, str | None] = json.loads(self._store.get_info().get("tags") or "{}")
        return tags

    @property
    def store(self) -> RunStore:
        """What reads and writes the workspace's runs."""
        return self._store

    def get_details(self) -> dict[str, Any]:
        """Give what is known of the workspace.

        Returns
        -------
        dict
            v1's keys; those that only a cloud can fill are None.
        """
        info = self._store.get_info()
        return {
            "id": self._scope(),
            "name": self.name,
            "location": self.location,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "tags": self.tags,
            "workspaceid": self.workspace_id,
            "description": info.get("description", ""),
            "friendlyName": info.get("friendly_name", self.name),
            "creationTime": info["created_at"],
            "sku": self.sku,
            "storageAccount": self.location,
            "containerRegistry": None,
            "keyVault": None,
            "applicationInsights": None,
            "identityPrincipalId": None,
            "identityTenantId": None,
            "identityType": None,
        }

    def update(
        self,
        friendly_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, object] | None = None,
        image_build_compute: object = None,
        service_managed_resources_settings: object = None,
        primary_user_assigned_identity: object = None,
        allow_public_access_when_behind_vnet: object = None,
        v1_legacy_mode: object = None,
    ) -> dict[str, Any]:
        """Change what is noted of the workspace; what is not given stays.

        Parameters
        ----------
        friendly_name, description : str, optional
            Texts for people.
        tags : dict, optional
            They take the place of those there are.
        image_build_compute, service_managed_resources_settings, primary_user_assigned_identity : object, optional
            v1's settings of the cloud; they are refused.
        allow_public_access_when_behind_vnet, v1_legacy_mode : object, optional
            The same.

        Returns
        -------
        dict
            What `get_details` gives then.

        Raises
        ------
        CloudOnly
            For a setting of the cloud. Then nothing was changed.
        UserError
            For what is no text, or no tags.
        """
        refused = {
            "image_build_compute": image_build_compute,
            "service_managed_resources_settings": service_managed_resources_settings,
            "primary_user_assigned_identity": primary_user_assigned_identity,
            "allow_public_access_when_behind_vnet": allow_public_access_when_behind_vnet,
            "v1_legacy_mode": v1_legacy_mode,
        }
        for name, value in refused.items():
            if value is not None:
                raise cloud_only(
                    f"Workspace.update({name}=…)", "Leave it out; friendly_name, description and tags are kept here."
                )
        given = {
            "friendly_name": _to_text_or_none("friendly_name", friendly_name),
            "description": _to_text_or_none("description", description),
            "tags": None if tags is None else json.dumps(facts.to_tags(tags)),
        }
        self._store.set_info({key: value for key, value in given.items() if value is not None})
        return self.get_details()

    def get_portal_url(self) -> str:
        """Give a link to something that exists: the workspace's folder, or the page of its tracking server.

        Returns
        -------
        str
            A ``file:`` URI, or the server's address.
        """
        return self._place.as_uri() if isinstance(self._place, Path) else self._place

    def get_mlflow_tracking_uri(self, _with_auth: bool = False) -> str:
        """Give the URI by which MLflow works on this workspace: ``mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())``.

        Runs that MLflow makes are runs here at once, and the other way round. MLflow is not needed for anything else; install it with
        ``pip install 'aml-widgets[mlflow]'``.

        Parameters
        ----------
        _with_auth : bool, optional
            Accepted for v1's sake; there is never a token in it.

        Returns
        -------
        str
            ``aml-widgets:///`` and the path of the workspace's folder; of a tracking server, its address.
        """
        from aml_widgets.store.plugin_uri import to_plugin_uri

        del _with_auth
        return to_plugin_uri(self._place) if isinstance(self._place, Path) else self._place

    def write_config(self, path: str | os.PathLike[str] | None = None, file_name: str | None = None) -> None:
        """Write a configuration file that `from_config` finds.

        Parameters
        ----------
        path : str or path, optional
            The folder to put ``.azureml/config.json`` into (``aml_config/config.json`` where that folder is there already). The
            current one without it.
        file_name : str, optional
            Another name than ``config.json``.
        """
        config = {"Id": self.workspace_id, "Scope": self._scope()}
        if not self._is_named():
            config["location"] = self.location
        workspace_config.write(config, path, file_name)

    def _is_named(self) -> bool:
        return self._place == uri.get_home() / self._name

    def _scope(self) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"
        )


def _to_text_or_none(what: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise UserError(
            f"The workspace's {what} must be text, got {show(value)}, {show_type(value)}. Use str(...).", value=value
        )
    return check_unicode(value, f"The workspace's {what}")
