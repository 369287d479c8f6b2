"""Compute targets: named places on this machine where submitted runs wait for their turn, and Ray clusters."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, ClassVar, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import InvalidTarget
from aml_widgets.submit.engines import targets
from aml_widgets.tracking.arguments import check_workspace
from aml_widgets.tracking.compute_state import ComputeState
from aml_widgets.tracking.workspace import Workspace

if TYPE_CHECKING:
    from aml_widgets.tracking.compute_named import ComputeTargetProvisioningConfiguration


class ComputeTarget(ComputeState):
    """A named compute target. ``ComputeTarget(workspace, name)`` opens one that is there; `LocalTarget.create` and
    `RayTarget.create` make one, and `create` does by a description of v1's.

    Give it, or its name, as ``compute_target`` of a `ScriptRunConfig` or as ``run_config.target``. The target ``"local"`` is
    always there and needs no object.

    Parameters
    ----------
    workspace : Workspace
        A workspace, as in v1. Targets are the machine's: all workspaces of a user share them.
    name : str
        The target's name.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    """

    type = ""
    """What kind of target it is, ``"Local"`` or ``"Ray"``, or what v1 calls it."""

    _kind: ClassVar[str] = ""

    def __new__(cls, workspace: Workspace | None, name: str) -> ComputeTarget:
        """Make an object of the class that the target has, as v1 does."""
        del workspace
        from aml_widgets.tracking.compute_v1 import find_class

        record = targets.get_target(name)
        kind = record.kind
        if cls is ComputeTarget:
            return super().__new__(RayTarget if kind == targets.RAY_KIND else find_class(record))
        if kind != cls._kind:
            raise InvalidTarget(
                f"The compute target {name!r} is no {cls.__name__}: its type is {kind!r}. Open it with ComputeTarget(workspace, {name!r}).",
                value=name,
            )
        return super().__new__(cls)

    def __init__(self, workspace: Workspace | None, name: str) -> None:
        if workspace is not None:
            check_workspace(workspace, "A compute target is asked for in a workspace")
        self._workspace = workspace
        self._name = targets.get_target(name).name

    @staticmethod
    def create(
        workspace: Workspace, name: str, provisioning_configuration: ComputeTargetProvisioningConfiguration
    ) -> ComputeTarget:
        """Make a target on this machine by what v1 says of one in the cloud, or change the one of that name.

        Parameters
        ----------
        workspace : Workspace
            A workspace, as in v1.
        name : str
            1 to 64 ASCII letters, digits, ``-`` and ``_``, the first a letter or digit.
        provisioning_configuration : ComputeTargetProvisioningConfiguration
            What ``AmlCompute.provisioning_configuration(max_nodes=4)`` gives, or that of `ComputeInstance`.

        Returns
        -------
        ComputeTarget
            The target, which is ready.

        Raises
        ------
        InvalidTargetName
            For a name that the rules refuse, and for ``"local"``.
        InvalidTarget
            For what is no such configuration, and for the name of a target that is a Ray cluster.
        """
        from aml_widgets.tracking.compute_named import create

        return create(workspace, name, provisioning_configuration)

    @staticmethod
    def attach(workspace: Workspace, name: str, attach_configuration: object) -> NoReturn:
        """Refuse: there is nothing in a cloud to be attached.

        Parameters
        ----------
        workspace : Workspace
            A workspace, as in v1.
        name : str
            What it would be called.
        attach_configuration : object
            What it would be.

        Raises
        ------
        CloudOnly
            Always.
        """
        del workspace, name, attach_configuration
        raise cloud_only(
            "ComputeTarget.attach",
            "Scripts run on this machine: LocalTarget.create('name', max_concurrent_runs=2) makes a target with a queue, and "
            "RayTarget.create('name', address) one that is a Ray cluster.",
        )

    @staticmethod
    def list(workspace: Workspace | None = None) -> builtins.list[ComputeTarget]:
        """List the named targets of this machine.

        Parameters
        ----------
        workspace : Workspace, optional
            Accepted for v1's sake.

        Returns
        -------
        list of ComputeTarget
            By name.
        """
        return [ComputeTarget(workspace, target.name) for target in targets.list_targets()]

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def workspace(self) -> Workspace | None:
        """The workspace that it was asked for in."""
        return self._workspace

    def delete(self) -> None:
        """Delete the target.

        Raises
        ------
        TargetInUse
            If runs wait for it or work on it.
        TargetNotFound
            If it was deleted before.
        """
        targets.delete_target(self._name)

    def __eq__(self, other: object) -> bool:
        return self._name == other._name if isinstance(other, ComputeTarget) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._name)

    def __reduce__(self) -> tuple[object, ...]:
        return (ComputeTarget, (self._workspace, self._name))


class LocalTarget(ComputeTarget):
    """A target on this machine that has so many runs at a time; the others wait, in order of submission.

    Parameters
    ----------
    workspace : Workspace
        A workspace, as in v1.
    name : str
        The target's name.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    """

    @staticmethod
    def create(name: str, max_concurrent_runs: int = 4) -> LocalTarget:  # type: ignore[override]  # it needs no more
        """Make a target, or open the one of that name and let it have so many runs.

        Parameters
        ----------
        name : str
            1 to 64 ASCII letters, digits, ``-`` and ``_``, the first a letter or digit.
        max_concurrent_runs : int, optional
            How many runs it may have at once.

        Returns
        -------
        LocalTarget
            The target.

        Raises
        ------
        InvalidTargetName
            For a name that the rules refuse, and for ``"local"``.
        InvalidTarget
            For a number that is no integer from 1.
        """
        targets.set_target(name, max_concurrent_runs)
        return LocalTarget(None, name)

    type = targets.LOCAL_KIND
    _kind = targets.LOCAL_KIND

    @property
    def max_concurrent_runs(self) -> int:
        """How many runs it may have at once, as it is now."""
        return targets.get_target(self._name).max_concurrent_runs

    def update(self, max_concurrent_runs: int) -> None:
        """Let it have so many runs at once from now on; those that have a place go on.

        Parameters
        ----------
        max_concurrent_runs : int
            The number.

        Raises
        ------
        TargetNotFound
            If it was deleted.
        InvalidTarget
            For a number that is no integer from 1.
        """
        targets.update_target(self._name, max_concurrent_runs)

    def __repr__(self) -> str:
        return f"LocalTarget(name={self._name!r})"


class RayTarget(ComputeTarget):
    """A Ray cluster that runs are submitted to as Ray jobs. Needs ``pip install 'aml-widgets[ray]'``.

    The workspace, and the folder in ``AML_WIDGETS_HOME``, must lie where the cluster's nodes reach them by the same paths: on the
    one machine that is the cluster, or on a file system that all share. A run that finds otherwise fails before its script
    is started, and says so.

    Parameters
    ----------
    workspace : Workspace
        A workspace, as in v1.
    name : str
        The target's name.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    """

    type = targets.RAY_KIND
    _kind = targets.RAY_KIND

    @staticmethod
    def create(name: str, address: str) -> RayTarget:  # type: ignore[override]  # it needs no more
        """Make a target, or open the one of that name and let it be at this address from now on.

        Whether somebody answers there is asked when a run is submitted.

        Parameters
        ----------
        name : str
            1 to 64 ASCII letters, digits, ``-`` and ``_``, the first a letter or digit.
        address : str
            Where the cluster takes jobs, which is the address of its dashboard, such as ``"http://127.0.0.1:8265"``.

        Returns
        -------
        RayTarget
            The target.

        Raises
        ------
        InvalidTargetName
            For a name that the rules refuse, and for ``"local"``.
        InvalidTarget
            For an address that is none.
        """
        targets.set_ray_target(name, address)
        return RayTarget(None, name)

    @property
    def address(self) -> str:
        """Where the cluster takes jobs, as it is now."""
        address = targets.get_target(self._name).address
        assert address is not None
        return address

    def __repr__(self) -> str:
        return f"RayTarget(name={self._name!r}, address={self.address!r})"
