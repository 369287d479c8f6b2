"""Where experiments and runs are kept: a folder, found by its path, its name, or a configuration file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import StoreError, WorkspaceExists, WorkspaceNotFound, message_of
from aml_widgets.store import uri
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking import facts, workspace_config
from aml_widgets.tracking.warn import logger
from aml_widgets.tracking.workspace_cloud import WorkspaceCloud
from aml_widgets.tracking.workspace_contents import WorkspaceContents
from aml_widgets.tracking.workspace_deletion import delete_workspace
from aml_widgets.tracking.workspace_names import DEFAULT_NAME, check_workspace_name, open_named, place_of


class Workspace(WorkspaceContents, WorkspaceCloud):
    """A workspace that exists, by the names that Azure ML gives it.

    `Workspace.open` takes a folder, and `Workspace.from_config` needs nothing.

    Parameters
    ----------
    subscription_id : str
        Accepted for v1's sake; any text.
    resource_group : str
        The same.
    workspace_name : str
        A workspace below the home of named workspaces.
    auth, sku, tags : object, optional
        Accepted for v1's sake, as are the names that begin with ``_``.

    Raises
    ------
    WorkspaceNotFound
        If there is none of that name.
    """

    def __init__(
        self,
        subscription_id: str,
        resource_group: str,
        workspace_name: str,
        auth: object = None,
        _location: object = None,
        _disable_service_check: bool = False,
        _workspace_id: object = None,
        sku: str = "basic",
        tags: object = None,
        _cloud: str = "AzureCloud",
    ) -> None:
        del auth, _location, _disable_service_check, _workspace_id, sku, tags, _cloud
        store = open_named(workspace_name)
        self._open_store(store, uri.get_home() / workspace_name, subscription_id, resource_group)

    @classmethod
    def _from_store(
        cls, store: RunStore, place: Path | str, config: workspace_config.Config | None = None
    ) -> Workspace:
        """Make a workspace of a store that is open."""
        workspace = cls.__new__(cls)
        if config is None:
            workspace._open_store(store, place)  # noqa: SLF001 - one of its own
        else:
            workspace._open_store(store, place, config.subscription_id, config.resource_group)  # noqa: SLF001
        return workspace

    # -- found

    @staticmethod
    def open(location: str | os.PathLike[str], *, create: bool = True) -> Workspace:
        """Open the workspace in a folder, or an MLflow tracking server as one.

        Parameters
        ----------
        location : str or path
            The folder, also as ``sqlite:///folder``. Or what MLflow calls a tracking URI: ``http://host:5000``, ``databricks``, or
            ``sqlite:///mlflow.db`` (a file of MLflow's own).
            What is logged to it is not queued yet: each call returns when the server has it.
        create : bool, optional
            Make a new workspace where there is none.

        Returns
        -------
        Workspace
            It is named as its folder, or as its server's address.

        Raises
        ------
        WorkspaceNotFound
            If there is none, and `create` is False.
        StoreError
            If it cannot be opened, or the server does not answer.
        """
        return Workspace._from_store(uri.open_store(location, create=create), place_of(location))

    @staticmethod
    def from_config(
        path: str | os.PathLike[str] | None = None,
        auth: object = None,
        _logger: object = None,
        _file_name: str | None = None,
    ) -> Workspace:
        """Open the workspace that a configuration file names, or the user's default one where there is no file.

        Parameters
        ----------
        path : str or path, optional
            The file, or the folder to search from, which goes up through the parents. The current folder without it.
        auth : object, optional
            Accepted for v1's sake.
        _file_name : str, optional
            Look for this name only.

        Returns
        -------
        Workspace
            One of that name below the home of named workspaces, made if it is missing.

        Raises
        ------
        WorkspaceNotFound
            If `path` is given, and there is no configuration file.
        InvalidConfig
            If the file cannot be understood.
        """
        del auth, _logger
        config = workspace_config.find(path, _file_name)
        server = uri.find_tracking_uri()
        if config is None and path is None and server is not None:
            return Workspace.open(server)
        if config is None:
            logger.debug("No configuration file; the default workspace is opened.")
            return Workspace._from_store(open_named(DEFAULT_NAME, create=True), uri.get_home() / DEFAULT_NAME)
        if config.location is not None:
            return Workspace._from_store(uri.open_store(config.location), place_of(config.location), config)
        name = check_workspace_name(config.workspace_name)
        return Workspace._from_store(open_named(name, create=True), uri.get_home() / name, config)

    @staticmethod
    def create(
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        create_resource_group: bool = True,
        sku: str = "basic",
        tags: Mapping[str, object] | None = None,
        friendly_name: str | None = None,
        storage_account: object = None,
        key_vault: object = None,
        app_insights: object = None,
        container_registry: object = None,
        adb_workspace: object = None,
        primary_user_assigned_identity: object = None,
        cmk_keyvault: object = None,
        resource_cmk_uri: object = None,
        hbi_workspace: bool = False,
        default_cpu_compute_target: object = None,
        default_gpu_compute_target: object = None,
        private_endpoint_config: object = None,
        private_endpoint_auto_approval: bool = True,
        exist_ok: bool = False,
        show_output: bool = True,
        user_assigned_identity_for_cmk_encryption: object = None,
        system_datastores_auth_mode: str = "accessKey",
        v1_legacy_mode: object = None,
        *,
        description: str | None = None,
    ) -> Workspace:
        """Create a workspace below the home of named workspaces.

        Parameters
        ----------
        name : str
            3 to 33 letters, digits, ``-`` and ``_``, the first an ASCII letter or digit.
        auth : object, optional
            Accepted for v1's sake, as are all that are not named below: what they are about is not here.
        subscription_id, resource_group : str, optional
            Kept, and given back by the properties of these names.
        tags : dict, optional
            Kept, and given back by `tags`.
        friendly_name, description : str, optional
            Kept, and given back by `get_details`.
        exist_ok : bool, optional
            Open it if it is there already.

        Returns
        -------
        Workspace
            The workspace.

        Raises
        ------
        WorkspaceExists
            If it is there already, and `exist_ok` is False.
        InvalidName
            For a bad name.
        """
        del auth, location, create_resource_group, sku, storage_account, key_vault, app_insights, container_registry
        del adb_workspace, primary_user_assigned_identity, cmk_keyvault, resource_cmk_uri, hbi_workspace
        del (
            default_cpu_compute_target,
            default_gpu_compute_target,
            private_endpoint_config,
            private_endpoint_auto_approval,
        )
        del show_output, user_assigned_identity_for_cmk_encryption, system_datastores_auth_mode, v1_legacy_mode
        checked_tags = {} if tags is None else facts.to_tags(tags)
        folder = uri.get_home() / check_workspace_name(name)
        try:
            store = uri.open_store(folder, create=False)
        except WorkspaceNotFound:
            store = uri.open_store(folder)
        else:
            if not exist_ok:
                raise WorkspaceExists(
                    f"A workspace {name!r} is there already, in {str(folder)!r}. Use Workspace.get(name), or exist_ok=True.",
                    value=name,
                )
            return Workspace._from_store(store, folder)
        given = {
            "subscription_id": subscription_id,
            "resource_group": resource_group,
            "friendly_name": friendly_name,
            "description": description,
            "tags": json.dumps(checked_tags) if checked_tags else None,
        }
        store.set_info({key: value for key, value in given.items() if value})
        return Workspace._from_store(store, folder)

    @staticmethod
    def get(
        name: str,
        auth: object = None,
        subscription_id: str | None = None,
        resource_group: str | None = None,
        location: str | None = None,
        cloud: str = "AzureCloud",
        id: str | None = None,  # noqa: A002 - v1's name
    ) -> Workspace:
        """Open a workspace below the home of named workspaces.

        Parameters
        ----------
        name : str
            The workspace.
        auth, subscription_id, resource_group, location, cloud, id : object, optional
            Accepted for v1's sake.

        Returns
        -------
        Workspace
            The workspace.

        Raises
        ------
        WorkspaceNotFound
            If there is none of that name.
        """
        del auth, subscription_id, resource_group, location, cloud, id
        return Workspace._from_store(open_named(name), uri.get_home() / name)

    @staticmethod
    def list(
        subscription_id: str | None = None, auth: object = None, resource_group: str | None = None
    ) -> dict[str, Any]:
        """List the workspaces below the home of named workspaces.

        Parameters
        ----------
        subscription_id, auth, resource_group : object, optional
            Accepted for v1's sake.

        Returns
        -------
        dict of str to list of Workspace
            By name; each list has one workspace. What cannot be opened is left out, and the log of aml_widgets says why.
        """
        del subscription_id, auth, resource_group
        found: dict[str, Any] = {}
        home = uri.get_home()
        for folder in sorted(home.iterdir()) if home.is_dir() else ():
            if not folder.is_dir() or not uri.is_workspace_name(folder.name):
                continue
            try:
                workspace = Workspace.open(folder, create=False)
            except WorkspaceNotFound:
                continue
            except StoreError as error:
                logger.warning("The workspace in %s is not listed: %s", folder, message_of(error))
                continue
            found.setdefault(workspace.name, []).append(workspace)
        return found

    @staticmethod
    def setup() -> Workspace:
        """Open what `from_config` opens, as v1 does; it asks nothing.

        Returns
        -------
        Workspace
            The one that a configuration file names, or the user's default one.
        """
        return Workspace.from_config()

    # -- deleted

    def delete(self, delete_dependent_resources: bool = False, no_wait: bool = False) -> None:
        """Delete the workspace's folder, unless there is work in it: no run, model or other work is ever taken with it.

        What else lies in the folder stays.

        Parameters
        ----------
        delete_dependent_resources, no_wait : bool, optional
            Accepted for v1's sake.

        Raises
        ------
        Conflict
            If it holds runs, models, environments, files in datastores, or secrets; the message says how to delete all of it.
        CloudOnly
            If it is a tracking server.
        """
        del delete_dependent_resources, no_wait
        delete_workspace(self)

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Workspace):
            return NotImplemented
        return self._workspace_id == other._workspace_id

    def __hash__(self) -> int:
        return hash(self._workspace_id)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as where it is: a copy, in this process or in another, opens the same folder."""
        return (reopen_workspace, (self.location, self._subscription_id, self._resource_group))

    def __repr__(self) -> str:
        if not self._is_named():
            return f"Workspace.open({self.location!r})"
        return (
            f"Workspace.create(name={self.name!r}, subscription_id={self.subscription_id!r}, "
            f"resource_group={self.resource_group!r})"
        )


def reopen_workspace(location: str, subscription_id: str, resource_group: str) -> Workspace:
    """Open the workspace that another process has open, by the names that it has there.

    Raises
    ------
    WorkspaceNotFound
        If it is gone.
    """
    workspace = Workspace.open(location, create=False)
    workspace._subscription_id, workspace._resource_group = subscription_id, resource_group  # noqa: SLF001 - one of its own
    return workspace
