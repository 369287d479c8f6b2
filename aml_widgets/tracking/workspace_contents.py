"""What is in a workspace: experiments, runs, models, environments, and what v1 lists beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ViewType
from aml_widgets.tracking.arguments import check_workspace
from aml_widgets.tracking.values import show
from aml_widgets.tracking.workspace_facts import WorkspaceFacts

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.environment import Environment
    from aml_widgets.tracking.compute import ComputeTarget
    from aml_widgets.tracking.datastore import Datastore
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.keyvault import Keyvault
    from aml_widgets.tracking.model import Model
    from aml_widgets.tracking.run import Run


class WorkspaceContents(WorkspaceFacts):
    """Finds what a workspace holds."""

    DEFAULT_CPU_CLUSTER_NAME: ClassVar[str] = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME: ClassVar[str] = "gpu-cluster"

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The active experiments by name."""
        from aml_widgets.tracking.experiment import Experiment

        records = self._store.list_experiments(ViewType.ACTIVE_ONLY)
        return {record.name: Experiment.from_record(check_workspace(self), record) for record in records}

    @property
    def environments(self) -> dict[str, Environment]:
        """The newest version of each registered environment by its name."""
        from aml_widgets.submit.configuration.environment import Environment

        return Environment.list(self)

    @property
    def models(self) -> dict[str, Model]:
        """The latest version of each registered model by its name."""
        from aml_widgets.tracking.model import Model

        return {model.name: model for model in Model.list(check_workspace(self), latest=True)}

    @property
    def compute_targets(self) -> dict[str, ComputeTarget]:
        """The named compute targets of this machine by name; ``"local"`` is always there, and not among them."""
        from aml_widgets.tracking.compute import ComputeTarget

        return {target.name: target for target in ComputeTarget.list(check_workspace(self))}

    def get_default_compute_target(self, type: str) -> ComputeTarget | None:  # noqa: A002 - v1's name
        """Give the compute target that has the name of v1's default ones. Give `ScriptRunConfig` a name instead.

        Parameters
        ----------
        type : str
            ``CPU`` for the target ``cpu-cluster``, ``GPU`` for ``gpu-cluster``.

        Returns
        -------
        ComputeTarget or None
            None where no target has that name.

        Raises
        ------
        UserError
            For another type.
        """
        names = {"cpu": self.DEFAULT_CPU_CLUSTER_NAME, "gpu": self.DEFAULT_GPU_CLUSTER_NAME}
        name = names.get(type.lower()) if isinstance(type, str) else None
        if name is None:
            raise UserError(f"{show(type)} is no type of compute target. Give 'CPU' or 'GPU'.", value=type)
        return self.compute_targets.get(name)

    # -- data and secrets

    @property
    def datastores(self) -> dict[str, Datastore]:
        """The registered datastores by name, the default one among them."""
        from aml_widgets.tracking import datastore

        return datastore.all_of(check_workspace(self))

    def get_default_datastore(self) -> Datastore:
        """Give the datastore that is used where none is named.

        Returns
        -------
        Datastore
            The default one.
        """
        from aml_widgets.tracking import datastore

        return datastore.get_default(check_workspace(self))

    def set_default_datastore(self, name: str) -> None:
        """Say which datastore is used where none is named.

        Parameters
        ----------
        name : str
            A registered one.
        """
        from aml_widgets.tracking import datastore

        datastore.set_default(check_workspace(self), name)

    def get_default_keyvault(self) -> Keyvault:
        """Give what keeps the workspace's secrets.

        Returns
        -------
        Keyvault
            The workspace's only one.
        """
        from aml_widgets.tracking.keyvault import Keyvault

        return Keyvault(check_workspace(self))

    # -- what nothing here makes, so that there is none

    @property
    def datasets(self) -> dict[str, object]:
        """Registered datasets by name: always empty, as there are none here."""
        return {}

    @property
    def images(self) -> dict[str, object]:
        """Container images by name: always empty, as none are built here."""
        return {}

    @property
    def webservices(self) -> dict[str, object]:
        """Web services by name: always empty, as nothing is deployed here."""
        return {}

    @property
    def linked_services(self) -> dict[str, object]:
        """Linked services by name: always empty, as there are none here."""
        return {}

    @property
    def private_endpoints(self) -> dict[str, object]:
        """Private endpoints by name: always empty, as there are none here."""
        return {}

    # -- runs

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

        return Run.get(check_workspace(self), run_id)
