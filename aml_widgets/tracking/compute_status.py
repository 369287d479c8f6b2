"""What `AmlCompute.get_status` and `ComputeInstance.get_status` give: v1's names for how a compute target is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleSettings:
    """How many runs a target has at once, in v1's words for it.

    Attributes
    ----------
    minimum_node_count : int
        What was given as one. Nothing here is switched off.
    maximum_node_count : int
        How many runs it has at once.
    idle_seconds_before_scaledown : int
        What was given as such.
    """

    minimum_node_count: int
    maximum_node_count: int
    idle_seconds_before_scaledown: int

    def serialize(self) -> dict[str, Any]:
        """Give it as v1 writes it.

        Returns
        -------
        dict
            With v1's keys.
        """
        return {
            "minNodeCount": self.minimum_node_count,
            "maxNodeCount": self.maximum_node_count,
            "nodeIdleTimeBeforeScaleDown": f"PT{self.idle_seconds_before_scaledown}S",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AmlComputeNodeStateCounts:
    """How many of a target's places have a run. The other counts are 0.

    Attributes
    ----------
    idle_node_count, running_node_count : int
        Places without a run, and with one.
    """

    idle_node_count: int
    running_node_count: int
    leaving_node_count: int = 0
    preempted_node_count: int = 0
    preparing_node_count: int = 0
    unusable_node_count: int = 0

    def serialize(self) -> dict[str, Any]:
        """Give it as v1 writes it.

        Returns
        -------
        dict
            With v1's keys.
        """
        return {
            "preparingNodeCount": self.preparing_node_count,
            "runningNodeCount": self.running_node_count,
            "idleNodeCount": self.idle_node_count,
            "unusableNodeCount": self.unusable_node_count,
            "leavingNodeCount": self.leaving_node_count,
            "preemptedNodeCount": self.preempted_node_count,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AmlComputeStatus:
    """How an `AmlCompute` is. A node is one place for a run, and all places are there from the start.

    Attributes
    ----------
    current_node_count, target_node_count : int
        How many runs it may have at once.
    node_state_counts : AmlComputeNodeStateCounts
        How many it has.
    scale_settings : ScaleSettings
        What it was made with.
    creation_time : datetime
        When it was made.
    vm_size, vm_priority : str
        What was given as such. They say nothing of this machine.
    allocation_state, provisioning_state : str
        Always ``Steady`` and ``Succeeded``.
    """

    current_node_count: int
    target_node_count: int
    node_state_counts: AmlComputeNodeStateCounts
    scale_settings: ScaleSettings
    creation_time: datetime
    vm_size: str
    vm_priority: str
    allocation_state: str = "Steady"
    provisioning_state: str = "Succeeded"
    errors: None = None

    @property
    def modified_time(self) -> datetime:
        """As `creation_time`, as are the two that follow."""
        return self.creation_time

    @property
    def allocation_state_transition_time(self) -> datetime:
        """As `creation_time`."""
        return self.creation_time

    @property
    def provisioning_state_transition_time(self) -> datetime:
        """As `creation_time`."""
        return self.creation_time

    def serialize(self) -> dict[str, Any]:
        """Give it as v1 writes it.

        Returns
        -------
        dict
            With v1's keys, ready for JSON.
        """
        made = self.creation_time.isoformat()
        return {
            "currentNodeCount": self.current_node_count,
            "targetNodeCount": self.target_node_count,
            "nodeStateCounts": self.node_state_counts.serialize(),
            "allocationState": self.allocation_state,
            "allocationStateTransitionTime": made,
            "errors": self.errors,
            "creationTime": made,
            "modifiedTime": made,
            "provisioningState": self.provisioning_state,
            "provisioningStateTransitionTime": made,
            "scaleSettings": self.scale_settings.serialize(),
            "vmPriority": self.vm_priority,
            "vmSize": self.vm_size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeInstanceStatus:
    """How a `ComputeInstance` is.

    Attributes
    ----------
    creation_time : datetime
        When it was made.
    vm_size : str
        What was given as such. It says nothing of this machine.
    state : str
        Always ``Running``.
    """

    creation_time: datetime
    vm_size: str
    state: str = "Running"
    errors: None = None

    @property
    def modified_time(self) -> datetime:
        """As `creation_time`."""
        return self.creation_time

    def serialize(self) -> dict[str, Any]:
        """Give it as v1 writes it.

        Returns
        -------
        dict
            With v1's keys, ready for JSON.
        """
        made = self.creation_time.isoformat()
        return {
            "errors": self.errors,
            "creationTime": made,
            "modifiedTime": made,
            "state": self.state,
            "vmSize": self.vm_size,
        }
