"""What v1's clusters and machines have in common here: they are targets on this machine, made of a description."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import InvalidTarget
from aml_widgets.submit.engines import targets
from aml_widgets.tracking import facts
from aml_widgets.tracking.arguments import check_workspace
from aml_widgets.tracking.compute import ComputeTarget, LocalTarget
from aml_widgets.tracking.values import show, show_type
from aml_widgets.tracking.warn import warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.run import Run
    from aml_widgets.tracking.workspace import Workspace

HERE = (
    "A compute target is a queue on this machine: its update(max_nodes=…) says how many runs it has at once, and "
    "RayTarget.create('name', address) is a cluster of your own."
)
"""What to do instead of what machines of a cloud have."""


class ComputeTargetProvisioningConfiguration:
    """What a target is made of by `ComputeTarget.create`.

    Parameters
    ----------
    target_class : type
        The class that the target has.
    max_concurrent_runs : int
        How many runs it may have at once.
    details : dict
        What else was said, to be given back by the target.

    Raises
    ------
    InvalidTarget
        For a size, priority or description that is no text.
    """

    def __init__(self, target_class: type[NamedTarget], max_concurrent_runs: int, details: Mapping[str, Any]) -> None:
        for key in ("vm_size", "vm_priority", "description"):
            _check_text(key, details.get(key))
        self._target_class = target_class
        self._max_concurrent_runs = max_concurrent_runs
        self._details = {
            **details,
            "tags": facts.to_tags(details.get("tags") or {}),
            "type": target_class.type,
        }
        self.vm_size = details["vm_size"]
        self.tags = self._details["tags"]
        self.description = details["description"]
        self.location = None

    def create(self, workspace: Workspace, name: str) -> ComputeTarget:
        """Make the target, or change the one of that name.

        Parameters
        ----------
        workspace : Workspace
            A workspace, as in v1.
        name : str
            The target's name.

        Returns
        -------
        ComputeTarget
            The target.

        Raises
        ------
        InvalidTarget, InvalidTargetName
            As by `ComputeTarget.create`.
        """
        targets.set_target(name, self._max_concurrent_runs, json.dumps(self._details))
        made = self._target_class(workspace, name)
        warn_softly(
            f"{made.describe()} What describes machines of a cloud, such as vm_size={self.vm_size!r}, is not looked at."
        )
        return made


class NamedTarget(LocalTarget):
    """A target on this machine under a name of v1's."""

    @staticmethod
    def create(  # type: ignore[override]  # v1's create, not that of a target with a number
        workspace: Workspace, name: str, provisioning_configuration: ComputeTargetProvisioningConfiguration
    ) -> ComputeTarget:
        """Make a target, as `ComputeTarget.create` does.

        Parameters
        ----------
        workspace : Workspace
            A workspace, as in v1.
        name : str
            The target's name.
        provisioning_configuration : ComputeTargetProvisioningConfiguration
            What it is made of.

        Returns
        -------
        ComputeTarget
            The target.

        Raises
        ------
        InvalidTarget, InvalidTargetName
            As by `ComputeTarget.create`.
        """
        return ComputeTarget.create(workspace, name, provisioning_configuration)

    @property
    def vm_size(self) -> str:
        """What was given as the size of its machines. It says nothing of this one."""
        return str(self._details().get("vm_size") or "")

    def get(self) -> None:
        """Do nothing, as `refresh_state`."""

    def describe(self) -> str:
        """Say what it is.

        Returns
        -------
        str
            One sentence.
        """
        count = self.max_concurrent_runs
        runs = "one run at a time" if count == 1 else f"up to {count} runs at once"
        return f"The compute target {self._name!r} is on this machine, with {runs}."

    def get_active_runs(
        self,
        type: str | None = None,  # noqa: A002 - v1's name
        tags: object = None,
        properties: object = None,
        status: object = None,
    ) -> Iterator[Run]:
        """Give the runs that wait for it or work on it, as `Run.list_by_compute` does.

        Parameters
        ----------
        type, tags, properties, status : object, optional
            As of `Run.list_by_compute`.

        Returns
        -------
        iterator of Run
            Those that work, then those that wait.
        """
        from aml_widgets.tracking.run import Run

        return Run.list_by_compute(self, type=type, tags=tags, properties=properties, status=status)

    @classmethod
    def supported_vmsizes(cls, workspace: object, location: object = None) -> NoReturn:
        """Refuse: there is no catalogue of machines.

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
        raise cloud_only(f"{cls.__name__}.supported_vmsizes", HERE)

    def _refuse(self, name: str) -> NoReturn:
        raise cloud_only(f"{type(self).__name__}.{name}", HERE)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self._workspace, self._name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self._name!r})"


def _check_text(key: str, text: object) -> None:
    if text is not None and not isinstance(text, str):
        raise InvalidTarget(
            f"{key} must be a text, got {show(text)}, {show_type(text)}. It is of no effect here, and may be left out.",
            value=text,
        )


def create(workspace: Workspace, name: str, configuration: object) -> ComputeTarget:
    """Make the target that a configuration describes, or change the one of that name.

    Raises
    ------
    InvalidTarget
        For what is no such configuration.
    """
    check_workspace(workspace, "A compute target is made in a workspace")
    if not isinstance(configuration, ComputeTargetProvisioningConfiguration):
        raise InvalidTarget(
            f"A compute target is made of a configuration, got {show(configuration)}, {show_type(configuration)}. "
            "AmlCompute.provisioning_configuration(max_nodes=4) gives one; LocalTarget.create(name, max_concurrent_runs=4) needs none.",
            value=configuration,
        )
    return configuration.create(workspace, name)
