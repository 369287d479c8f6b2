"""Where experiments and runs are kept: a folder, found by its path, its name, or a configuration file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aml_widgets.core.errors import InvalidName, StoreError, WorkspaceExists, WorkspaceNotFound
from aml_widgets.core.records import ViewType
from aml_widgets.store import registry, uri
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking import facts, workspace_config
from aml_widgets.tracking.values import show
from aml_widgets.tracking.warn import logger

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.environment import Environment
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.model import Model
    from aml_widgets.tracking.run import Run

DEFAULT_NAME = "default"
LOCAL = "local"
"""What stands for a subscription and a resource group, of which a folder has none."""


class Workspace:
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
    auth : object, optional
        Accepted for v1's sake, as is what follows.
    **cloud_arguments
        v1's arguments that have no meaning here.

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
        **cloud_arguments: object,
    ) -> None:
        del auth
        _check_cloud_arguments("Workspace", cloud_arguments)
        store = _open_named(workspace_name)
        self._open_store(store, uri.get_home() / workspace_name, subscription_id, resource_group)

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
        return Workspace._from_store(uri.open_store(location, create=create), _place_of(location))

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
            return Workspace._from_store(_open_named(DEFAULT_NAME, create=True), uri.get_home() / DEFAULT_NAME)
        if config.location is not None:
            return Workspace._from_store(uri.open_store(config.location), _place_of(config.location), config)
        name = check_workspace_name(config.workspace_name)
        return Workspace._from_store(_open_named(name, create=True), uri.get_home() / name, config)

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
        *,
        description: str | None = None,
        exist_ok: bool = False,
        show_output: bool = True,
        **cloud_arguments: object,
    ) -> Workspace:
        """Create a workspace below the home of named workspaces.

        Parameters
        ----------
        name : str
            3 to 33 letters, digits, ``-`` and ``_``, the first an ASCII letter or digit.
        auth, location, create_resource_group, sku, show_output : object, optional
            Accepted for v1's sake.
        subscription_id, resource_group : str, optional
            Kept, and given back by the properties of these names.
        tags : dict, optional
            Kept, and given back by `tags`.
        friendly_name, description : str, optional
            Kept, and given back by `get_details`.
        exist_ok : bool, optional
            Open it if it is there already.
        **cloud_arguments
            v1's arguments that have no meaning here.

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
        del auth, location, create_resource_group, sku, show_output
        _check_cloud_arguments("Workspace.create", cloud_arguments)
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
        return Workspace._from_store(_open_named(name), uri.get_home() / name)

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
                logger.warning("The workspace in %s is not listed: %s", folder, error)
                continue
            found.setdefault(workspace.name, []).append(workspace)
        return found

    # -- what it is

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
        """The tags that the workspace was created with."""
        tags: dict[str, str | None] = json.loads(self._store.get_info().get("tags") or "{}")
        return tags

    @property
    def store(self) -> RunStore:
        """What reads and writes the workspace's runs."""
        return self._store

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The active experiments by name."""
        from aml_widgets.tracking.experiment import Experiment

        records = self._store.list_experiments(ViewType.ACTIVE_ONLY)
        return {record.name: Experiment.from_record(self, record) for record in records}

    @property
    def environments(self) -> dict[str, Environment]:
        """The newest version of each registered environment by its name."""
        from aml_widgets.submit.configuration.environment import Environment

        return Environment.list(self)

    @property
    def models(self) -> dict[str, Model]:
        """The latest version of each registered model by its name."""
        from aml_widgets.tracking.model import Model

        return {model.name: model for model in Model.list(self, latest=True)}

    def get_run(self, run_id: str) -> Run:
        """Open a run, whatever its experiment.

        Parameters
        ----------
        run_id : str
            The run.

        Returns
        -------
        Run
            Of the class that its type has.

        Raises
        ------
        RunNotFound
            If there is none.
        """
        from aml_widgets.tracking.run import Run

        return Run.get(self, run_id)

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

    def get_portal_url(self) -> str:
        """Give a link to something that exists: the workspace's folder, or the page of its tracking server.

        Returns
        -------
        str
            A ``file:`` URI, or the server's address.
        """
        return self._place.as_uri() if isinstance(self._place, Path) else self._place

    def get_mlflow_tracking_uri(self) -> str:
        """Give the URI by which MLflow works on this workspace: ``mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())``.

        Runs that MLflow makes are runs here at once, and the other way round. MLflow is not needed for anything else; install it with
        ``pip install 'aml-widgets[mlflow]'``.

        Returns
        -------
        str
            ``aml-widgets:///`` and the path of the workspace's folder; of a tracking server, its address.
        """
        from aml_widgets.store.plugin_uri import to_plugin_uri

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


def _place_of(location: str | os.PathLike[str]) -> Path | str:
    """Give the folder of a workspace, or its server's address."""
    return location if uri.is_tracking_uri(location) else uri.to_folder(location)


def check_workspace_name(name: object) -> str:
    """Give back the name of a workspace below the home.

    Raises
    ------
    InvalidName
        Unless it is 3 to 33 letters, digits, ``-`` and ``_``, the first an ASCII letter or digit.
    """
    if not isinstance(name, str) or not uri.is_workspace_name(name):
        raise InvalidName(
            f"Workspace name {show(name)} must be 3 to 33 characters: first a letter or digit, then letters, digits, '-' and "
            "'_'. To use a folder of any name, call Workspace.open(folder).",
            value=name,
        )
    return name


def _open_named(name: str, *, create: bool = False) -> RunStore:
    folder = uri.get_home() / check_workspace_name(name)
    try:
        return uri.open_store(folder, create=create)
    except WorkspaceNotFound as error:
        raise WorkspaceNotFound(
            f"There is no workspace {name!r} in {str(folder.parent)!r}. Check the name, create it with "
            f"Workspace.create({name!r}), or open a folder elsewhere with Workspace.open(folder).",
            value=name,
        ) from error


_CLOUD_ARGUMENTS = frozenset(
    {
        "adb_workspace",
        "app_insights",
        "cmk_keyvault",
        "container_registry",
        "default_cpu_compute_target",
        "default_gpu_compute_target",
        "hbi_workspace",
        "key_vault",
        "primary_user_assigned_identity",
        "private_endpoint_auto_approval",
        "private_endpoint_config",
        "resource_cmk_uri",
        "sku",
        "storage_account",
        "system_datastores_auth_mode",
        "tags",
        "user_assigned_identity_for_cmk_encryption",
        "v1_legacy_mode",
        "_cloud",
        "_disable_service_check",
        "_location",
        "_workspace_id",
    }
)


def _check_cloud_arguments(what: str, given: Mapping[str, object]) -> None:
    unknown = sorted(set(given) - _CLOUD_ARGUMENTS)
    if unknown:
        raise TypeError(f"{what}() got an unexpected keyword argument {unknown[0]!r}")
