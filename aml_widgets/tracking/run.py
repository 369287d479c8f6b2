"""One trial of an experiment: how it is found, and what it is as a value."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import RunNotFound, StoreError, UserError
from aml_widgets.core.records import RunQuery, RunRecord
from aml_widgets.submit.submission import RUN_TYPE
from aml_widgets.tracking import context
from aml_widgets.tracking.arguments import check_experiment, check_workspace, read_run
from aml_widgets.tracking.queries import iterate_runs
from aml_widgets.tracking.run_details import RunDetails
from aml_widgets.tracking.run_facts import RunFacts
from aml_widgets.tracking.run_files import make_outputs_folder
from aml_widgets.tracking.run_life import RunLife
from aml_widgets.tracking.run_metrics import RunMetrics
from aml_widgets.tracking.run_models import RunModels
from aml_widgets.tracking.run_secrets import RunSecrets

if TYPE_CHECKING:
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.submitted_run import SubmittedRun
    from aml_widgets.tracking.workspace import Workspace

RunFactory = Callable[["Experiment", RunRecord], "Run"]


def _make_script_run(experiment: Experiment, record: RunRecord) -> Run:
    from aml_widgets.tracking.script_run import ScriptRun

    return ScriptRun.from_record(experiment, record)


_type_providers: dict[str, RunFactory] = {RUN_TYPE: _make_script_run}


class Run(RunMetrics, RunLife, RunFacts, RunModels, RunSecrets, RunDetails):
    """One trial of an experiment.

    `Experiment.start_logging` makes a new one; this opens one that is there. Two objects of one run are equal.

    Parameters
    ----------
    experiment : Experiment
        The experiment that the run belongs to.
    run_id : str
        The run.
    outputs : str, path or bool, optional
        A folder whose files are uploaded when this object ends the run. By default none is.

    Raises
    ------
    RunNotFound
        If the experiment has no such run.
    """

    def __init__(
        self, experiment: Experiment, run_id: str, outputs: str | os.PathLike[str] | bool | None = None
    ) -> None:
        record = read_run(check_experiment(experiment).workspace, run_id)
        if record.experiment_id != experiment.id:
            raise RunNotFound(
                f"Run {run_id} belongs to the experiment {record.experiment_name!r}, not to {experiment.name!r}. "
                "workspace.get_run(run_id) finds it wherever it is.",
                value=run_id,
            )
        self._open(experiment, record, make_outputs_folder(False if outputs is None else outputs))

    def _open(self, experiment: Experiment, record: RunRecord, outputs: Path | None) -> None:
        super().__init__(experiment, record, outputs)

    @classmethod
    def from_record(cls, experiment: Experiment, record: RunRecord, outputs: Path | None = None) -> Run:
        """Make a run of a record that was just read."""
        run = cls.__new__(cls)
        run._open(experiment, record, outputs)  # noqa: SLF001 - one of its own
        return run

    # -- found

    @classmethod
    def get_context(
        cls, allow_offline: bool = True, used_for_context_manager: bool = False
    ) -> SubmittedRun | context.OfflineRun:
        """Give the run that this process belongs to.

        Parameters
        ----------
        allow_offline : bool, optional
            Where there is none, give one that prints what would be logged.
        used_for_context_manager : bool, optional
            Accepted for v1's sake.

        Returns
        -------
        SubmittedRun or OfflineRun
            In a submitted script its run, the same object every time. Elsewhere an offline one, a new one for every call.

        Raises
        ------
        RunNotFound
            If there is none and `allow_offline` is False.
        StoreError
            If the workspace of the script's run cannot be opened.
        """
        del used_for_context_manager
        return context.get_context(allow_offline=allow_offline)

    @classmethod
    def get_submitted_run(cls, **kwargs: Any) -> SubmittedRun | context.OfflineRun:
        """Give the run of this submitted script, as ``get_context(allow_offline=False)`` does, which v1 has in its place.

        Parameters
        ----------
        **kwargs
            What `get_context` takes beside `allow_offline`.

        Returns
        -------
        SubmittedRun
            The script's run.

        Raises
        ------
        RunNotFound
            If this process belongs to none.
        """
        return cls.get_context(allow_offline=False, **kwargs)

    @classmethod
    def get_docs_url(cls) -> NoReturn:
        """Raise CloudOnly: what there is to read of a class comes with it."""
        raise cloud_only(f"{cls.__name__}.get_docs_url", f"help({cls.__name__}) shows what there is to read of it.")

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """Open a run wherever it is in a workspace.

        Parameters
        ----------
        workspace : Workspace
            The workspace.
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
        workspace = check_workspace(workspace, "A run is in a workspace")
        return rebuild(workspace, read_run(workspace, run_id))

    @staticmethod
    def list(
        experiment: Experiment,
        type: str | None = None,  # noqa: A002 - v1's name
        tags: object = None,
        properties: object = None,
        status: object = None,
        include_children: bool = False,
        _rehydrate_runs: bool = True,
    ) -> Iterator[Run]:
        """Give the runs of an experiment, the newest first.

        Parameters
        ----------
        experiment : Experiment
            The experiment.
        type : str, optional
            Only runs of this type.
        tags : str or dict, optional
            A key that they have, or keys and values.
        properties : str or dict, optional
            The same for properties.
        status : str or list of str, optional
            Only runs of this status.
        include_children : bool, optional
            Runs below others, too.

        Yields
        ------
        Run
            One after the other; they are asked for in pages.
        """
        workspace = check_experiment(experiment).workspace
        query = RunQuery(experiment_id=experiment.id, include_children=include_children)
        records = iterate_runs(workspace.store, query, run_type=type, tags=tags, properties=properties, status=status)
        return (rebuild(workspace, record, experiment) for record in records)

    @staticmethod
    def list_by_compute(
        compute: object,
        type: str | None = None,  # noqa: A002 - v1's name
        tags: object = None,
        properties: object = None,
        status: object = None,
    ) -> Iterator[Run]:
        """Give the runs that work on a compute target, then those that wait for it, each in order, whatever their workspace.

        Parameters
        ----------
        compute : str or object
            The target's name, or what has it as its ``name``.
        type : str, optional
            Only runs of this type.
        tags : str or dict, optional
            A key that they have, or keys and values.
        properties : str or dict, optional
            The same for properties.
        status : str or list of str, optional
            Only runs of this status.

        Yields
        ------
        Run
            Those that were submitted on this machine and have not ended.

        Raises
        ------
        TargetNotFound
            If there is no such target.
        """
        from aml_widgets.tracking.by_compute import iterate_by_compute

        found = iterate_by_compute(compute, run_type=type, tags=tags, properties=properties, status=status)
        return (rebuild(workspace, record) for workspace, record in found)

    @staticmethod
    def add_type_provider(runtype: str, run_factory: RunFactory) -> None:
        """Say which class runs of a type have.

        Parameters
        ----------
        runtype : str
            The type.
        run_factory : callable
            Called with the experiment and the run's record; gives a `Run`.

        Raises
        ------
        UserError
            If the type has a class already.
        """
        if runtype in _type_providers:
            raise UserError(f"Runs of type {runtype!r} have a class already. Choose another type.", value=runtype)
        _type_providers[runtype] = run_factory

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, str]:
        return (self._experiment.workspace.workspace_id, self._run_id)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as where it is: a copy, in this process or in another, is the same run, and tracks no folder."""
        return (Run.get, (self._experiment.workspace, self._run_id))

    def __repr__(self) -> str:
        return (
            f"Run(Experiment: {self._experiment.name},\nId: {self._run_id},\nType: {self.type},\nStatus: {self.status})"
        )

    def _repr_html_(self) -> str:
        import html  # with its table of names it is slower to load than all the rest here
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        cells = {
            "Experiment": html.escape(self._experiment.name),
            "Id": html.escape(self._run_id),
            "Type": html.escape(self.type or ""),
            "Status": html.escape(self.status),
        }
        try:
            files = self._store.artifacts.locate(self._run_id)
            folder = html.escape(url2pathname(urlsplit(files).path) if files.startswith("file:") else files)
            cells["Files"] = f'<a href="{html.escape(files)}" target="_blank" rel="noopener">{folder}</a>'
            page = self.get_portal_url()
            if page.startswith(("http:", "https:")):
                name = "MLflow" if "/#/experiments/" in page else "Run browser"
                cells["Page"] = f'<a href="{html.escape(page)}" target="_blank" rel="noopener">{name}</a>'
        except StoreError:
            cells["Files"] = ""  # to be shown is no reason to fail
        return to_html_table(cells)


def get_run(experiment: Experiment, run_id: str, rehydrate: bool = True, clean_up: bool = True) -> Run:
    """Open a run of an experiment.

    Parameters
    ----------
    experiment : Experiment
        The experiment.
    run_id : str
        The run.
    rehydrate : bool, optional
        Give it the class that its type has.
    clean_up : bool, optional
        Accepted for v1's sake.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    RunNotFound
        If the experiment has no such run.
    """
    del clean_up
    run = Run(experiment, run_id)
    return Run.get(experiment.workspace, run.id) if rehydrate else run


def rebuild(
    workspace: Workspace, record: RunRecord, experiment: Experiment | None = None, outputs: Path | None = None
) -> Run:
    """Make a run of a record, of the class that its type has."""
    if experiment is None or experiment.id != record.experiment_id:
        from aml_widgets.tracking.experiment import Experiment

        experiment = Experiment.from_record(workspace, workspace.store.get_experiment(record.experiment_id))
    factory = _type_providers.get(record.run_type) if record.run_type is not None else None
    if factory is not None:
        return factory(experiment, record)
    return Run.from_record(experiment, record, outputs)


def to_html_table(cells: Mapping[str, str]) -> str:
    """Make a table of one row of cells that are HTML already."""
    import html

    head = "".join(f"<th>{html.escape(title)}</th>" for title in cells)
    row = "".join(f"<td>{cell}</td>" for cell in cells.values())
    return f'<table style="width:100%"><tr>{head}</tr><tr>{row}</tr></table>'
