"""v1's machine for one user: here a target on this machine that has one run at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from aml_widgets.tracking.compute_named import ComputeTargetProvisioningConfiguration, NamedTarget
from aml_widgets.tracking.compute_status import ComputeInstanceStatus


class ComputeInstanceProvisioningConfiguration(ComputeTargetProvisioningConfiguration):
    """What a `ComputeInstance` is made of: `ComputeInstance.provisioning_configuration` gives one."""


class ComputeInstance(NamedTarget):
    """v1's machine for one user: a target on this machine that has one run at a time.

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

    type = "ComputeInstance"

    @staticmethod
    def provisioning_configuration(
        vm_size: str = "",
        ssh_public_access: bool = False,
        admin_user_ssh_public_key: str | None = None,
        vnet_resourcegroup_name: str | None = None,
        vnet_name: str | None = None,
        subnet_name: str | None = None,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
        assigned_user_object_id: str | None = None,
        assigned_user_tenant_id: str | None = None,
    ) -> ComputeInstanceProvisioningConfiguration:
        """Say what a machine should be like, for `ComputeTarget.create`.

        Parameters
        ----------
        vm_size : str, optional
            Kept and given back, and of no effect, as is what is not told here.
        ssh_public_access : bool, optional
            Not kept.
        admin_user_ssh_public_key, vnet_resourcegroup_name, vnet_name, subnet_name : str, optional
            Not kept.
        tags : dict, optional
            Kept and given back.
        description : str, optional
            Kept and given back.
        assigned_user_object_id, assigned_user_tenant_id : str, optional
            Not kept.

        Returns
        -------
        ComputeInstanceProvisioningConfiguration
            To be given to `ComputeTarget.create`.
        """
        del ssh_public_access, admin_user_ssh_public_key, vnet_resourcegroup_name, vnet_name, subnet_name
        del assigned_user_object_id, assigned_user_tenant_id
        details = {"vm_size": vm_size, "tags": tags, "description": description}
        return ComputeInstanceProvisioningConfiguration(ComputeInstance, 1, details)

    @property
    def status(self) -> ComputeInstanceStatus:
        """What `get_status` gives."""
        return self.get_status()

    def get_status(self) -> ComputeInstanceStatus:
        """Say how it is.

        Returns
        -------
        ComputeInstanceStatus
            That it is running.

        Raises
        ------
        TargetNotFound
            If it was deleted.
        """
        return ComputeInstanceStatus(creation_time=self.created_on, vm_size=self.vm_size)

    def start(self, wait_for_completion: bool = False, show_output: bool = False) -> NoReturn:
        """Refuse: it is this machine, which is on.

        Parameters
        ----------
        wait_for_completion, show_output : bool, optional
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del wait_for_completion, show_output
        self._refuse("start")

    def stop(self, wait_for_completion: bool = False, show_output: bool = False) -> NoReturn:
        """Refuse: it is this machine, which is yours to switch off.

        Parameters
        ----------
        wait_for_completion, show_output : bool, optional
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del wait_for_completion, show_output
        self._refuse("stop")

    def restart(self, wait_for_completion: bool = False, show_output: bool = False) -> NoReturn:
        """Refuse: it is this machine, which is yours to start again.

        Parameters
        ----------
        wait_for_completion, show_output : bool, optional
            Not looked at.

        Raises
        ------
        CloudOnly
            Always.
        """
        del wait_for_completion, show_output
        self._refuse("restart")
