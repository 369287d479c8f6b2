"""A named set of runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import InvalidConfig, InvalidName, UserError
from aml_widgets.core.records import ExperimentRecord, NewRun, ViewType
from aml_widgets.core.status import RunStatus
from aml_widgets.tracking import context, facts, provenance
from aml_widgets.tracking.arguments import check_path, check_workspace
from aml_widgets.tracking.experiment_facts import ExperimentFacts
from aml_widgets.tracking.queries import to_filter
from aml_widgets.tracking.run import Run, rebuild, to_html_table
from aml_widgets.tracking.run_files import make_outputs_folder
from aml_widgets.tracking.signals import status_changed
from aml_widgets.tracking.values import check_name, show

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
    from aml_widgets.tracking.workspace import Workspace

_NAME = re.compile(r"[a-zA-Z0-9][\w\-]{0,254}")


class Experiment(ExperimentFacts):
    """A named set of runs; it is created if the workspace has none of that name.

    Parameters
    ----------
    workspace : Workspace
        Where it is.
    name : str
        1 to 255 letters, digits, ``-`` and ``_``, the first an ASCII letter or digit.

    Raises
    ------
    InvalidName
        For another name.
    UserError
        If the first argument is no workspace.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self._workspace = check_workspace(workspace)
        self._record = self._workspace.store.open_experiment(check_experiment_name(name))

    @classmethod
    def from_record(cls, workspace: Workspace, record: ExperimentRecord) -> Experiment:
        """Make an experiment of a record that was just read."""
        experiment = cls.__new__(cls)
        experiment._workspace = workspace  # noqa: SLF001 - one of its own
        experiment._record = record  # noqa: SLF001
        return experiment

    # -- runs

    def start_logging(
        self,
        name: str | None = None,
        run_id: str | None = None,
        outputs: str | os.PathLike[str] | bool | None = None,
        snapshot_directory: str | os.PathLike[str] | None = ".",
        display_name: str | None = None,
        description: str | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> Run:
        """Create a run and start it.

        Parameters
        ----------
        name : str, optional
            What to call it.
        run_id : str, optional
            A new id without it.
        outputs : str, path or bool, optional
            The folder whose files are uploaded as ``outputs/...`` when the run ends; it is made at once. ``outputs`` by default,
            none with False.
        snapshot_directory : str or path, optional
            The folder of sources to copy. One that is too large is passed over with a warning, and the run says why. None for
            no copy.
        display_name : str, optional
            The same as `name`, and wins over it.
        description : str, optional
            A note on the run.
        tags : dict, optional
            Tags to start with.

        Returns
        -------
        Run
            Its status is ``Running``.

        Raises
        ------
        UserError
            For a wrong argument; then there is no run.
        """
        from aml_widgets.store.liveness import this_process
        from aml_widgets.tracking.snapshots import start_snapshot

        checked_tags = {} if tags is None else facts.to_tags(tags)
        if snapshot_directory is not None:
            check_path(snapshot_directory, "snapshot_directory")
        what, wished_name = ("name", name) if display_name is None else ("display_name", display_name)
        display_name = facts.to_text_or_none(what, wished_name)
        description = facts.to_text_or_none("description", description)
        # Everything that takes time or may fail comes first: the run appears in one step, running, or not at all.
        properties = provenance.describe_process(context.get_notebook_path(), context.find_cell_id())
        properties |= start_snapshot(self._workspace, snapshot_directory)
        source = Path() if snapshot_directory is None else Path(snapshot_directory)
        properties |= provenance.describe_git(source, context.get_git_overrides())
        outputs_folder = make_outputs_folder(outputs)
        record = self._workspace.store.create_run(
            NewRun(
                experiment_id=self.id,
                run_id=run_id,
                display_name=display_name,
                description=description,
                status=RunStatus.RUNNING,
                tags=checked_tags,
                properties=properties,
                writer=this_process(),
            )
        )
        run = rebuild(self._workspace, record, self, outputs_folder)
        status_changed.emit(record.run_id, self._workspace.store)
        return run

    def submit(
        self,
        config: ScriptRunConfig,
        tags: Mapping[str, object] | None = None,
        run_id: str | None = None,
        show_output: bool = False,
    ) -> Run:
        """Run a script in a process of its own, which needs neither this process nor its notebook to go on.

        The source folder is copied first, and the script runs in a copy of it.

        Parameters
        ----------
        config : ScriptRunConfig
            What to run. It may be submitted again, for another run.
        tags : dict, optional
            Tags to start with.
        run_id : str, optional
            A new id without it.
        show_output : bool, optional
            Wait for the run's end, and print its log as it grows; whether it failed is printed too, and not raised.

        Returns
        -------
        Run
            At once, if its output is not shown.

        Raises
        ------
        UserError
            For a wrong argument, a script or a target that is missing (`ScriptNotFound`, `ConfigError`); then there is no run.
        SnapshotError
            If the source folder cannot be copied, or is too large; then there is no run.
        RunEnvironmentError
            If the interpreter is missing; then there is no run.
        RunInterrupted
            If showing the output was interrupted. The run goes on.
        """
        from aml_widgets.tracking.submission import submit

        run = submit(self, config, tags=tags, run_id=run_id)
        if show_output:
            run.wait_for_completion(show_output=True, raise_on_error=False)
        return run

    def get_runs(
        self,
        type: str | None = None,  # noqa: A002 - v1's name
        tags: object = None,
        properties: object = None,
        include_children: bool = False,
        status: object = None,
    ) -> Iterator[Run]:
        """Give the runs of the experiment, the newest first.

        Parameters
        ----------
        type : str, optional
            Only runs of this type.
        tags : str or dict, optional
            A key that they have, or keys and values.
        properties : str or dict, optional
            The same for properties.
        include_children : bool, optional
            Runs below others, too.
        status : str or list of str, optional
            Only runs of this status.

        Yields
        ------
        Run
            One after the other; they are asked for in pages.
        """
        return Run.list(self, type, tags, properties, status, include_children)

    # -- found

    @classmethod
    def get_docs_url(cls) -> NoReturn:
        """Raise CloudOnly: what there is to read of a class comes with it."""
        raise cloud_only(f"{cls.__name__}.get_docs_url", f"help({cls.__name__}) shows what there is to read of it.")

    @staticmethod
    def from_directory(path: str | os.PathLike[str], auth: object = None) -> Experiment:
        """Open the experiment that a configuration file in a folder names, as the first versions of v1 wrote them.

        Parameters
        ----------
        path : str or path
            The folder, or the file itself.
        auth : object, optional
            Accepted for v1's sake.

        Returns
        -------
        Experiment
            Made if it is missing.

        Raises
        ------
        WorkspaceNotFound
            If there is no configuration file.
        InvalidConfig
            If it names no experiment, or cannot be understood.
        """
        from aml_widgets.tracking import workspace_config
        from aml_widgets.tracking.workspace import Workspace

        config = workspace_config.find(path, None)
        if config is None or config.experiment_name is None:
            raise InvalidConfig(
                f"The config file of {show(os.fspath(path))} names a workspace and no experiment. Say which one: "
                "Experiment(Workspace.from_config(path), 'name').",
                value=os.fspath(path),
            )
        return Experiment(Workspace.from_config(path, auth), config.experiment_name)

    @staticmethod
    def list(
        workspace: Workspace,
        experiment_name: str | None = None,
        view_type: ViewType | str = ViewType.ACTIVE_ONLY,
        tags: object = None,
    ) -> Sequence[Experiment]:
        """List the experiments of a workspace by name.

        Parameters
        ----------
        workspace : Workspace
            The workspace.
        experiment_name : str, optional
            Only those of this name.
        view_type : ViewType or str, optional
            ``ActiveOnly``, ``ArchivedOnly`` or ``All``.
        tags : str or dict, optional
            A key that they have, or keys and values.

        Returns
        -------
        list of Experiment
            Ordered by name.
        """
        workspace = check_workspace(workspace)
        try:
            view = ViewType(view_type)
        except ValueError as error:
            known = ", ".join(one.value for one in ViewType)
            raise UserError(
                f"{show(view_type)} is no view of experiments. There are {known}.", value=view_type
            ) from error
        wanted = to_filter(tags, "tags")
        return [
            Experiment.from_record(workspace, record)
            for record in workspace.store.list_experiments(view)
            if (experiment_name is None or record.name == experiment_name)
            and all(key in record.tags and (value is ... or record.tags[key] == value) for key, value in wanted.items())
        ]

    @staticmethod
    def delete(workspace: Workspace, experiment_id: str) -> None:
        """Delete an experiment that has no runs.

        Parameters
        ----------
        workspace : Workspace
            The workspace.
        experiment_id : str
            The experiment's id, not its name.

        Raises
        ------
        ExperimentInUse
            If it has runs.
        """
        checked_id = check_name(experiment_id, "Id of an experiment")
        check_workspace(workspace).store.delete_experiment(checked_id)

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Experiment):
            return NotImplemented
        return (self._workspace.workspace_id, self.id) == (other._workspace.workspace_id, other.id)

    def __hash__(self) -> int:
        return hash((self._workspace.workspace_id, self.id))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as where it is: a copy, in this process or in another, is the same experiment."""
        return (_reopen, (self._workspace, self.id))

    def __repr__(self) -> str:
        return f"Experiment(Name: {self.name},\nWorkspace: {self._workspace.name})"

    def _repr_html_(self) -> str:
        import html

        url, folder = html.escape(self.get_portal_url()), html.escape(self._workspace.location)
        return to_html_table(
            {
                "Name": html.escape(self.name),
                "Workspace": html.escape(self._workspace.name),
                "Files": f'<a href="{url}" target="_blank" rel="noopener">{folder}</a>',
            }
        )


def _reopen(workspace: Workspace, experiment_id: str) -> Experiment:
    return Experiment.from_record(workspace, workspace.store.get_experiment(experiment_id))


def check_experiment_name(name: object) -> str:
    """Give back the name of an experiment.

    Raises
    ------
    InvalidName
        Unless it is 1 to 255 letters, digits, ``-`` and ``_``, the first an ASCII letter or digit.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidName(
            f"Experiment name {show(name)} must be 1 to 255 characters: first a letter or digit, then letters, digits, '-' and "
            "'_'. Replace the others, for example by '-'.",
            value=name,
        )
    return name
