"""What a compute target says of itself by v1's names: how it was made, and that it is ready."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.submit.engines import targets

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

SUCCEEDED = "Succeeded"


class ComputeState:
    """What every compute target can be asked for. A target is ready as soon as it is made, so there is nothing to wait for."""

    _name: str
    _workspace: Workspace | None
    type: str

    @property
    def id(self) -> str:
        """Its workspace and its name, in the form of an id in the cloud."""
        scope = "" if self._workspace is None else self._workspace.get_details()["id"]
        return f"{scope}/computes/{self._name}"

    @property
    def location(self) -> str:
        """Always ``local``, where v1 has a region."""
        return "local"

    @property
    def tags(self) -> dict[str, str]:
        """The tags that it was made with."""
        return dict(self._details().get("tags") or {})

    @property
    def description(self) -> str | None:
        """The description that it was made with."""
        description: str | None = self._details().get("description")
        return description

    @property
    def created_on(self) -> datetime:
        """When it was made, in UTC."""
        return datetime.fromtimestamp(targets.get_target(self._name).created_at, tz=timezone.utc)

    @property
    def modified_on(self) -> datetime:
        """When it was made: later changes are not noted."""
        return self.created_on

    @property
    def provisioning_state(self) -> str:
        """Always ``Succeeded``, of a target that is there. Raises TargetNotFound of one that was deleted."""
        targets.get_target(self._name)
        return SUCCEEDED

    @property
    def provisioning_errors(self) -> None:
        """Always None."""
        return

    @property
    def cluster_resource_id(self) -> None:
        """Always None: nothing of the cloud is behind it."""
        return

    @property
    def cluster_location(self) -> None:
        """Always None."""
        return

    def wait_for_completion(
        self,
        show_output: bool = False,
        min_node_count: int | None = None,
        timeout_in_minutes: float = 25,
        is_delete_operation: bool = False,
    ) -> None:
        """Return at once: a target is ready when it is made, and gone when it is deleted.

        Parameters
        ----------
        show_output : bool, optional
            Print what it is.
        min_node_count : int, optional
            Accepted, not looked at.
        timeout_in_minutes : float, optional
            The same.
        is_delete_operation : bool, optional
            Whether it was deleted before.

        Raises
        ------
        TargetNotFound
            If it was deleted, and `is_delete_operation` is False.
        """
        del min_node_count, timeout_in_minutes
        state = SUCCEEDED if is_delete_operation else self.provisioning_state
        if show_output:
            said = "It is deleted." if is_delete_operation else self.describe()
            sys.stdout.write(f"{state}\n{said}\n")

    def refresh_state(self) -> None:
        """Do nothing: what it is asked for is read anew each time."""

    def get_status(self) -> object:
        """Give its state.

        Returns
        -------
        str or object
            ``Succeeded``; of an `AmlCompute` and a `ComputeInstance` an object that says more.

        Raises
        ------
        TargetNotFound
            If it was deleted.
        """
        return self.provisioning_state

    def detach(self) -> NoReturn:
        """Refuse: nothing was attached.

        Raises
        ------
        CloudOnly
            Always.
        """
        raise cloud_only(f"{type(self).__name__}.detach", "The target is on this machine: delete() forgets it.")

    def serialize(self) -> dict[str, Any]:
        """Give what is known of it.

        Returns
        -------
        dict
            With v1's keys, ready for JSON.
        """
        return {
            "id": self.id,
            "name": self._name,
            "location": self.location,
            "tags": self.tags,
            "properties": {
                "description": self.description,
                "computeType": self.type,
                "provisioningState": self.provisioning_state,
                "provisioningErrors": self.provisioning_errors,
            },
        }

    def describe(self) -> str:
        """Say what it is.

        Returns
        -------
        str
            One sentence.
        """
        return f"The compute target {self._name!r} is ready."

    def _details(self) -> dict[str, Any]:
        details: dict[str, Any] = json.loads(targets.get_target(self._name).details or "{}")
        return details
