"""The run that a submitted script finds itself in: it logs like any other, and whoever started the script decides how it ends."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from aml_widgets.core.errors import AmlWidgetsError, ArtifactExists, PropertyExists, StoreError, message_of
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.submit.submission import REPORTED_ERROR, RunFolder
from aml_widgets.tracking import context, provenance
from aml_widgets.tracking.arguments import read_run
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.run_details import to_error_document
from aml_widgets.tracking.run_life import is_clean_exit, to_run_error
from aml_widgets.tracking.warn import logger, warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

_known: dict[tuple[str, str], SubmittedRun] = {}
_lock = threading.Lock()


class _SubmittedRun(Run):
    """A submitted run, inside of its script: what `Run.get_context` gives there.

    Its status is not the script's to change. It follows from how the script ends: ``Completed``, or ``Failed`` after an uncaught
    exception or with an exit code that is not 0. Why it ended with that, `fail` says best.
    """

    @property
    def input_datasets(self) -> dict[str, Any]:
        """No datasets: v1's name, for scripts that ask."""
        return {}

    @property
    def output_datasets(self) -> dict[str, Any]:
        """No datasets: v1's name, for scripts that ask."""
        return {}

    def start(self) -> None:
        """Do nothing: the script runs, so its run has started."""

    def complete(self, _set_status: bool = True) -> None:
        """Make sure that everything is stored. The run completes when its script has ended.

        Raises
        ------
        PointsLost
            If the store did not take some points.
        """
        del _set_status
        self.flush()

    def fail(self, error_details: object = None, error_code: str | None = None, _set_status: bool = True) -> None:
        """Note what went wrong. The run fails if its script does, by an exception or an exit code; with an exit code, this is its error.

        Parameters
        ----------
        error_details : str or BaseException, optional
            Why.
        error_code : str, optional
            A word for programs; ``UserError`` without it.
        """
        del _set_status
        error = to_run_error(error_details, error_code)
        if error is None:
            return
        document = json.dumps(to_error_document(error), ensure_ascii=False).encode("utf-8", "replace").decode()
        try:
            self._record = self._store.update_run(self._run_id, properties={REPORTED_ERROR: document})
        except PropertyExists:
            logger.warning(
                "Run %s has reported an error already, which stays; this one is only here: %s", self.id, error.message
            )

    def cancel(self) -> None:
        """Warn, and do nothing: a script ends itself by ending, and `cancel` ends it from anywhere else."""
        warn_softly(
            f"Run {self._run_id} is not cancelled from inside its own script. End the script with sys.exit(), or cancel the run "
            "from another process."
        )

    def __enter__(self) -> _SubmittedRun:
        return self  # what the script prints is in the driver log already

    def __exit__(self, exc_type: object, exc: BaseException | None, tb: object) -> None:
        if exc is None or is_clean_exit(exc):
            self.complete()
            return
        try:
            self.fail(exc)
        except AmlWidgetsError as error:  # nothing may take the place of the exception that is on its way
            warn_softly(f"Run {self._run_id} has an error, and that could not be stored: {message_of(error)}")

    def _bring_outputs(self, model_path: object) -> None:
        """Copy what a model is to be made of from the script's folder into the run: collecting it takes some seconds more."""
        from aml_widgets.submit.supervision.collecting import OUTPUTS, to_name, walk
        from aml_widgets.tracking.model_sources import to_model_path

        path, is_folder_only = to_model_path(model_path)
        folder = RunFolder.of(self._run_id).working_folder
        if path.split("/")[0] != OUTPUTS:
            return
        place = folder / path
        if place.is_dir():
            files = [(to_name(f"{path}/{below}"), file, status) for below, file, status in walk(place)]
        elif place.is_file() and not is_folder_only:
            files = [(path, place, place.stat())]
        else:
            return
        known = {one.path: (one.size_bytes, one.written_at) for one in self._store.list_artifacts(self._run_id)}
        for name, file, status in files:
            written_at = status.st_mtime_ns / 1e9
            if known.get(name) == (status.st_size, written_at):  # it was collected as it is
                continue
            try:  # not final: the script may go on writing the file
                size_bytes = self._store.artifacts.put(self._run_id, name, file, is_final=False)
            except ArtifactExists:
                warn_softly(
                    f"Run {self._run_id} has another {name!r}, which was uploaded before. That is what the model gets, not the file "
                    f"in the script's folder. Register a file of another name to have that."
                )
                continue
            record = ArtifactRecord(path=name, size_bytes=size_bytes, written_at=written_at)
            self._store.record_artifact(self._run_id, record)

    def _look_after(self) -> None:
        """Do nothing: as long as the script runs, so does what looks after it."""

    def _describe_interpreter(self) -> None:
        """Say what the script runs with. The first of its processes that asks for its run does so."""
        if provenance.PYTHON_VERSION in self._record.properties:
            return
        try:
            facts = provenance.describe_interpreter()
            self._record = self._store.update_run(self._run_id, properties=facts)
        except PropertyExists:  # another was faster
            return
        except StoreError as error:
            logger.warning("What run %s runs with could not be stored: %s", self._run_id, message_of(error))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as where it is: in a process of the same script a copy is the script's run, elsewhere one like any other."""
        return (_reopen, (self._experiment.workspace, self._run_id))


SubmittedRun = _SubmittedRun
"""The class has v1's name, as `OfflineRun` has."""


def open_submitted_run(
    location: str, run_id: str, subscription_id: str | None = None, resource_group: str | None = None
) -> SubmittedRun:
    """Open the run of this script; the same object every time.

    Raises
    ------
    RunNotFound
        If the workspace has no such run.
    StoreError
        If the workspace cannot be opened.
    """
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.workspace import reopen_workspace
    from aml_widgets.tracking.workspace_facts import LOCAL

    with _lock:
        known = _known.get((location, run_id))
        if known is None:
            workspace = reopen_workspace(location, subscription_id or LOCAL, resource_group or LOCAL)
            record = read_run(workspace, run_id)
            experiment = Experiment.from_record(workspace, workspace.store.get_experiment(record.experiment_id))
            known = SubmittedRun.__new__(SubmittedRun)
            known._open(experiment, record, None)  # noqa: SLF001 - one of its own
            known._describe_interpreter()  # noqa: SLF001
            _known[location, run_id] = known
    return known


def _reopen(workspace: Workspace, run_id: str) -> Run:
    here = context.get_context(allow_offline=True)
    return here if isinstance(here, SubmittedRun) and here.id == run_id else Run.get(workspace, run_id)
