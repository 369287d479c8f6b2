"""v1's clusters and machines by name: here targets on this machine, with as many runs at once as a cluster would have nodes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import InvalidTarget
from aml_widgets.submit.engines import queue, targets
from aml_widgets.tracking.compute import LocalTarget
from aml_widgets.tracking.compute_instance import ComputeInstance, ComputeInstanceProvisioningConfiguration
from aml_widgets.tracking.compute_named import HERE, ComputeTargetProvisioningConfiguration, NamedTarget
from aml_widgets.tracking.compute_status import AmlComputeNodeStateCounts, AmlComputeStatus, ScaleSettings
from aml_widgets.tracking.values import show

__all__ = [
    "AmlCompute",
    "AmlComputeProvisioningConfiguration",
    "ComputeInstance",
    "ComputeInstanceProvisioningConfiguration",
    "ComputeTargetProvisioningConfiguration",
    "find_class",
]


_IDLE_SECONDS = 1800


class AmlComputeProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What an `AmlCompute` is made of: `AmlCompute.provisioning_configuration` gives one."""

    scale_settings: ScaleSettings
    vm_priority: str


class AmlCompute(NamedTarget):
    """v1's cluster: a target on this machine that has as many runs at once as the cluster would have nodes.

    Parameters
    ----------
    workspace : Workspace
        A workspace, as in v1.
    name : str
        The name of any target on this machine.

    Raises
    ------
    TargetNotFound
        If there is none of that name.
    """

    type = "AmlCompute"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        vm_priority: str = "dedicated",
        min_nodes: int = 0,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int = 1800,
        admin_username: str | None = None,
        admin_user_password: str | None = None,
        admin_user_ssh_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
        remote_login_port_public_access: str = "NotSpecified",
        identity_type: str | None = None,
        identity_id: object = None,
        location: str | None = None,
        enable_node_public_ip: bool = True,
    ) -> AmlComputeProvisioningConfiguration:
        """Say what a cluster should be like, for `ComputeTarget.create`.

        Parameters
        ----------
        vm_size, vm_priority : str, optional
            Kept and given back, and of no effect, as is what is not told here.
        min_nodes : int, optional
            The same; at most `max_nodes`.
        max_nodes : int
            How many runs the target has at once.
        idle_seconds_before_scaledown : int, optional
            Kept and given back.
        admin_username, admin_user_password, admin_user_ssh_key : str, optional
            Not kept.
        vnet_resourcegroup_name, vnet_name, subnet_name : str, optional
            Not kept.
        tags : dict, optional
            Kept and given back.
        description : str, optional
            Kept and given back.
        remote_login_port_public_access, identity_type, identity_id, location, enable_node_public_ip : object, optional
            Not kept.

        Returns
        -------
        AmlComputeProvisioningConfiguration
            To be given to `ComputeTarget.create`.

        Raises
        ------
        InvalidTarget
            Without a `max_nodes` from 1, with more `min_nodes`, with `idle_seconds_before_scaledown` that is no integer from 0, or with
            another thing where a text is expected.
        """
        del admin_username, admin_user_password, admin_user_ssh_key, vnet_resourcegroup_name, vnet_name, subnet_name
        del remote_login_port_public_access, identity_type, identity_id, location, enable_node_public_ip
        least = 0 if min_nodes is None else min_nodes
        most = _check_nodes(max_nodes, least)
        idle = _check_idle(_IDLE_SECONDS if idle_seconds_before_scaledown is None else idle_seconds_before_scaledown)
        configuration = AmlComputeProvisioningConfiguration(
            AmlCompute,
            most,
            {
                "vm_size": vm_size,
                "vm_priority": vm_priority,
                "min_nodes": least,
                "idle_seconds": idle,
                "tags": tags,
                "description": description,
            },
        )
        configuration.vm_priority = vm_priority
        configuration.scale_settings = ScaleSettings(
            minimum_node_count=least,
            maximum_node_count=most,
            idle_seconds_before_scaledown=idle,
        )
        return configuration

    @property
    def vm_priority(self) -> str:
        """What was given as the priority of its machines."""
        return str(self._details().get("vm_priority") or "dedicated")

    @property
    def scale_settings(self) -> ScaleSettings:
        """How many runs it has at once, in v1's words."""
        return _read_scale(targets.get_target(self._name))

    @property
    def status(self) -> AmlComputeStatus:
        """What `get_status` gives."""
        return self.get_status()

    def get_status(self) -> AmlComputeStatus:
        """Say how it is.

        Returns
        -------
        AmlComputeStatus
            How many runs it may have at once, and how many it has.

        Raises
        ------
        TargetNotFound
            If it was deleted.
        """
        scale = self.scale_settings
        started = sum(entry.state is not queue.EntryState.WAITING for entry in queue.list_entries(self._name))
        return AmlComputeStatus(
            current_node_count=scale.maximum_node_count,
            target_node_count=scale.maximum_node_count,
            node_state_counts=AmlComputeNodeStateCounts(
                idle_node_count=max(scale.maximum_node_count - started, 0), running_node_count=started
            ),
            scale_settings=scale,
            creation_time=self.created_on,
            vm_size=self.vm_size,
            vm_priority=self.vm_priority,
        )

    def update(
        self,
        min_nodes: int | None = None,
        max_nodes: int | None = None,
        idle_seconds_before_scaledown: int | None = None,
    ) -> None:
        """Change what it was made with.

        Parameters
        ----------
        min_nodes, idle_seconds_before_scaledown : int, optional
            Kept and given back.
        max_nodes : int, optional
            How many runs it has at once from now on.

        Raises
        ------
        InvalidTarget
            With a `max_nodes` that is no integer from 1, with more `min_nodes`, or with `idle_seconds_before_scaledown` that is no integer
            from 0.
        TargetNotFound
            If it was deleted.
        """

        def change(record: targets.TargetRecord) -> tuple[int, str]:
            scale = _read_scale(record)
            least = scale.minimum_node_count if min_nodes is None else min_nodes
            most = _check_nodes(scale.maximum_node_count if max_nodes is None else max_nodes, least)
            idle = (
                scale.idle_seconds_before_scaledown
                if idle_seconds_before_scaledown is None
                else _check_idle(idle_seconds_before_scaledown)
            )
            details = {**json.loads(record.details or "{}"), "min_nodes": least, "idle_seconds": idle}
            return most, json.dumps(details)

        targets.change_target(self._name, change)

    def serialize(self) -> dict[str, Any]:
        """Give what is known of it.

        Returns
        -------
        dict
            With v1's keys, ready for JSON.
        """
        whole = super().serialize()
        whole["properties"]["properties"] = {
            "vmSize": self.vm_size,
            "vmPriority": self.vm_priority,
            "scaleSettings": self.scale_settings.serialize(),
        }
        whole["properties"]["status"] = self.get_status().serialize()
        return whole

    def list_nodes(self) -> NoReturn:
        """Refuse: it has no machines of its own.

        Raises
        ------
        CloudOnly
            Always.
        """
        self._refuse("list_nodes")

    def add_identity(self, identity_type: object, identity_id: object = None) -> NoReturn:
        """Refuse: its runs are processes of the user who submits them.

        Parameters
        ----------
        identity_type, identity_id : object
            Not kept.

        Raises
        ------
        CloudOnly
            Always.
        """
        del identity_type, identity_id
        self._refuse("add_identity")

    def remove_identity(self, identity_id: object = None) -> NoReturn:
        """Refuse: its runs are processes of the user who submits them.

        Parameters
        ----------
        identity_id : object, optional
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del identity_id
        self._refuse("remove_identity")

    @staticmethod
    def list_usages(workspace: object, show_all: bool = False, location: object = None) -> NoReturn:
        """Refuse: nobody counts how much of this machine is used.

        Parameters
        ----------
        workspace, show_all, location : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del workspace, show_all, location
        raise cloud_only("AmlCompute.list_usages", HERE)

    @staticmethod
    def list_quotas(workspace: object, location: object = None) -> NoReturn:
        """Refuse: this machine has no quotas.

        Parameters
        ----------
        workspace, location : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del workspace, location
        raise cloud_only("AmlCompute.list_quotas", HERE)

    @staticmethod
    def update_quotas(workspace: object, vm_family: object, limit: object = None, location: object = None) -> NoReturn:
        """Refuse: this machine has no quotas.

        Parameters
        ----------
        workspace, vm_family, limit, location : object
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del workspace, vm_family, limit, location
        raise cloud_only("AmlCompute.update_quotas", HERE)


def find_class(record: targets.TargetRecord) -> type[LocalTarget]:
    """Give the class that a target on this machine was made as."""
    made_as = json.loads(record.details or "{}").get("type")
    return {AmlCompute.type: AmlCompute, ComputeInstance.type: ComputeInstance}.get(made_as, LocalTarget)


def _read_scale(record: targets.TargetRecord) -> ScaleSettings:
    details = json.loads(record.details or "{}")
    most = record.max_concurrent_runs
    return ScaleSettings(
        minimum_node_count=min(
            details.get("min_nodes", 0), most
        ),  # LocalTarget.create(name, 2) knows of no smallest number
        maximum_node_count=most,
        idle_seconds_before_scaledown=details.get("idle_seconds", _IDLE_SECONDS),
    )


def _check_idle(seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        raise InvalidTarget(
            f"idle_seconds_before_scaledown must be an integer from 0, got {show(seconds)}. It is of no effect here: leave it out.",
            value=seconds,
        )
    return seconds


def _check_nodes(max_nodes: object, min_nodes: object) -> int:
    if isinstance(max_nodes, bool) or not isinstance(max_nodes, int) or max_nodes < 1:
        raise InvalidTarget(
            f"max_nodes is how many runs the target has at once: it must be an integer from 1, got {show(max_nodes)}. "
            "AmlCompute.provisioning_configuration(max_nodes=4) has four.",
            value=max_nodes,
        )
    if isinstance(min_nodes, bool) or not isinstance(min_nodes, int) or not 0 <= min_nodes <= max_nodes:
        raise InvalidTarget(
            f"min_nodes must be an integer from 0 to max_nodes, which is {max_nodes}, got {show(min_nodes)}.",
            value=min_nodes,
        )
    return max_nodes
