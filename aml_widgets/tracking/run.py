"""One trial: what it is, and its life from start to end."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, RunIsTerminal, RunNotFound, StoreError, UserError
from aml_widgets.core.records import ArtifactRecord, RunError, RunQuery, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import RUN_TYPE
from aml_widgets.tracking import context
from aml_widgets.tracking.arguments import check_experiment, check_workspace, read_run
from aml_widgets.tracking.queries import iterate_runs
from aml_widgets.tracking.run_base import FLUSH_SECONDS
from aml_widgets.tracking.run_details import RunDetails
from aml_widgets.tracking.run_facts import RunFacts
from aml_widgets.tracking.run_files import RunFiles, make_outputs_folder
from aml_widgets.tracking.run_metrics import RunMetrics
from aml_widgets.tracking.run_models import RunModels
from aml_widgets.tracking.values import show, show_type
from aml_widgets.tracking.warn import warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.capture import OutputCapture
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.submitted_run import SubmittedRun
    from aml_widgets.tracking.workspace import Workspace

USER_LOG = "logs/user_log.txt"

RunFactory = Callable[["Experiment", RunRecord], "Run"]


def _make_script_run(experiment: Experiment, record: RunRecord) -> Run:
    from aml_widgets.tracking.script_run import ScriptRun

    return ScriptRun.from_record(experiment, record)


_type_providers: dict[str, RunFactory] = {RUN_TYPE: _make_script_run}


class Run(RunMetrics, RunFiles, RunFacts, RunModels, RunDetails):
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
        self._captures: list[tuple[OutputCapture | None, str | None]] = []

    @classmethod
    def from_record(cls, experiment: Experiment, record: RunRecord, outputs: Path | None = None) -> Run:
        """Make a run of a record that was just read."""
        run = cls.__new__(cls)
        run._open(experiment, record, outputs)  # noqa: SLF001 - one of its own
        return run

    # -- its life

    def start(self) -> None:
        """Say that the run is running."""
        self._set_status(RunStatus.RUNNING)

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> None:
        """Wait until everything that was logged here is in the store.

        In a workspace on this machine it is there when `log` returns. On a tracking server it may still be on its way; after a moment
        of waiting it is printed how much is.

        Parameters
        ----------
        timeout_seconds : float, optional
            How long to wait for a server, also for one that is away.

        Raises
        ------
        PointsLost
            If the store did not take some points.
        StoreUnavailable
            If not all was sent in time. It waits on this machine, and is sent when the server is back.
        """
        trouble = self._wait_until_sent(timeout_seconds)
        self._raise_if_lost(trouble)
        if trouble is not None:
            raise trouble

    def complete(self, _set_status: bool = True) -> None:
        """Upload the tracked folder and end the run as ``Completed``. A run that has completed stays so.

        Raises
        ------
        PointsLost
            If the store did not take some points; the run has ended all the same, if the store takes that.
        RunIsTerminal
            If the run has failed or was cancelled.
        """
        if self._record.status == RunStatus.COMPLETED:
            return
        trouble = self._end(RunStatus.COMPLETED if _set_status else None)
        self._raise_if_lost(trouble)
        if trouble is not None:
            raise trouble

    def fail(self, error_details: object = None, error_code: str | None = None, _set_status: bool = True) -> None:
        """Upload the tracked folder and end the run as ``Failed``. A run that has failed stays so.

        Parameters
        ----------
        error_details : str or BaseException, optional
            Why; an exception is kept with its traceback.
        error_code : str, optional
            A word for programs; ``UserError`` without it.

        Raises
        ------
        RunIsTerminal
            If the run has completed or was cancelled.
        """
        error = to_run_error(error_details, error_code)
        if self._record.status == RunStatus.FAILED:
            return
        trouble = self._end(RunStatus.FAILED if _set_status else None, error)
        if trouble is not None:
            raise trouble

    def cancel(self) -> None:
        """End the run as ``Canceled`` and upload the tracked folder. A run that was cancelled stays so.

        A submitted run is asked to end: its script gets a moment to do so, then it is ended by force. This returns at once;
        `wait_for_completion` waits until it has ended.

        Raises
        ------
        RunIsTerminal
            If the run has completed or failed.
        """
        if self._record.status == RunStatus.CANCELED:
            return
        if self._record.run_type == RUN_TYPE:
            from aml_widgets.tracking.engines import cancel_run

            self._record = cancel_run(self._store, self._run_id)
            return
        trouble = self._end(RunStatus.CANCELED)
        if trouble is not None:
            raise trouble

    def __enter__(self) -> Run:
        status = self._refresh().status
        if status.is_terminal:
            raise RunIsTerminal(
                f"Run {self._run_id} has ended as {status}, and cannot be entered again. Start a new one.",
                value=self._run_id,
            )
        if status == RunStatus.NOT_STARTED:
            self.start()
        self._captures.append((self._start_capture(), _find_cwd()))
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, tb: object) -> None:
        capture, cwd = self._captures.pop()
        is_failure = exc is not None and not is_clean_exit(exc)
        if capture is not None:
            if is_failure and exc is not None:
                capture.write("traceback", "".join(traceback.format_exception(exc)))
            capture.stop()
        if cwd is not None and cwd != _find_cwd():
            with contextlib.suppress(OSError):  # the folder was deleted meanwhile: that is no reason not to end
                os.chdir(cwd)
        if is_failure:
            self._fail_quietly(exc)
        elif self._find_status() not in (RunStatus.FAILED, RunStatus.CANCELED):  # somebody ended it otherwise
            self.complete()

    def _end(self, status: RunStatus | None, error: RunError | None = None) -> StoreError | None:
        """Upload and set the status, each whether or not the other works; give what went wrong."""
        if status is not None:
            self._check_can_end(status)
            if self._record.status == status:
                return None
        trouble: StoreError | None = None
        try:
            self._upload_outputs()
        except StoreError as store_error:
            trouble = store_error
        interrupt: KeyboardInterrupt | None = None
        try:
            trouble = self._wait_until_sent(FLUSH_SECONDS) or trouble
        except KeyboardInterrupt as error_of_wait:  # the waiting ends, and the run all the same
            interrupt = error_of_wait
        if status is not None:
            try:
                self._set_status(status, error)
            except StoreError as store_error:
                trouble = trouble or store_error
        if interrupt is not None:
            raise interrupt
        return trouble

    def _check_can_end(self, status: RunStatus) -> None:
        try:
            known = self._refresh().status
        except StoreError:
            return  # setting the status will say so
        if known.is_terminal and known != status:
            raise RunIsTerminal(
                f"Run {self._run_id} has ended as {known} and cannot become {status}. Start a new run.",
                value=self._run_id,
            )

    def _find_status(self) -> RunStatus:
        try:
            return self._refresh().status
        except StoreError:
            return self._record.status

    def _fail_quietly(self, exc: BaseException | None) -> None:
        """End as failed while an exception is on its way: nothing may take its place."""
        if self._find_status().is_terminal:
            return
        try:
            self.fail(exc)
        except AmlWidgetsError as error:
            warn_softly(f"Run {self._run_id} failed, and that could not be stored: {error}")

    def _start_capture(self) -> OutputCapture | None:
        from aml_widgets.tracking.capture import OutputCapture

        try:
            capture = OutputCapture(self._store.artifacts.append_path(self._run_id, USER_LOG))
            self._store.record_artifact(
                self._run_id, ArtifactRecord(path=USER_LOG, size_bytes=0, written_at=clock.now(), is_log=True)
            )
        except (AmlWidgetsError, OSError) as error:
            warn_softly(f"What run {self._run_id} prints is shown only, its log cannot be written: {error}")
            return None
        capture.start()
        return capture

    # -- found

    @staticmethod
    def get_context(
        allow_offline: bool = True, used_for_context_manager: bool = False
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


def to_run_error(details: object, code: str | None) -> RunError | None:
    """Make the error of a failed run from text or an exception.

    Raises
    ------
    UserError
        For anything else.
    """
    if details is None:
        return None if code is None else RunError(code=str(code), message="")
    if isinstance(details, str):
        return RunError(code=str(code or "UserError"), message=details)
    if isinstance(details, BaseException):
        name = type(details).__name__
        return RunError(
            code=str(code or "UserError"),
            message=f"User program failed with {name}{_after_colon(_to_text(details))}",
            traceback="".join(traceback.format_exception(details)),
            error_type=name,
        )
    raise UserError(
        f"error_details must be text or an exception, got {show(details)}, {show_type(details)}. Use str(...).",
        value=details,
    )


def _to_text(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception:  # noqa: BLE001 - the user's own exception must not be hidden by what is wrong with its text
        return f"<{type(exc).__name__} without a text>"


def _after_colon(text: str) -> str:
    return f": {text}" if text.strip() else ""  # KeyboardInterrupt has no text


def to_html_table(cells: Mapping[str, str]) -> str:
    """Make a table of one row of cells that are HTML already."""
    import html

    head = "".join(f"<th>{html.escape(title)}</th>" for title in cells)
    row = "".join(f"<td>{cell}</td>" for cell in cells.values())
    return f'<table style="width:100%"><tr>{head}</tr><tr>{row}</tr></table>'


def is_clean_exit(exc: BaseException) -> bool:
    """Say whether an exception only ends the program, and well."""
    return isinstance(exc, SystemExit) and exc.code in (None, 0)


def _find_cwd() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - text is what chdir takes back
    except OSError:  # the folder was deleted
        return None
