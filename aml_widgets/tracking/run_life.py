"""A run's life, from its start to its end."""

from __future__ import annotations

import contextlib
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, RunGoesOn, RunIsTerminal, StoreError, UserError, message_of
from aml_widgets.core.records import ArtifactRecord, RunError, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.submission import RUN_TYPE, RunFolder
from aml_widgets.tracking.run_base import FLUSH_SECONDS
from aml_widgets.tracking.run_files import RunFiles
from aml_widgets.tracking.values import show, show_type
from aml_widgets.tracking.warn import warn_softly

if TYPE_CHECKING:
    from aml_widgets.tracking.capture import OutputCapture
    from aml_widgets.tracking.experiment import Experiment

USER_LOG = "logs/user_log.txt"

R = TypeVar("R", bound="RunLife")


class RunLife(RunFiles):
    """How a run starts and ends."""

    def __init__(self, experiment: Experiment, record: RunRecord, outputs: Path | None) -> None:
        super().__init__(experiment, record, outputs)
        self._captures: list[tuple[OutputCapture | None, str | None]] = []
        self._has_ended_here = False

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
        if self._has_ended_here and self._record.status == RunStatus.COMPLETED:
            return
        trouble = self._end(RunStatus.COMPLETED if _set_status else None)
        self._raise_if_lost(trouble)
        if trouble is not None:
            raise trouble

    def fail(self, error_details: object = None, error_code: str | None = None, _set_status: bool = True) -> None:
        """Upload the tracked folder and end the run as ``Failed``. A run that has failed stays so, and is given the reason if it has none.

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
        if self._has_ended_here and self._record.status == RunStatus.FAILED:
            if self._lacks(error):
                self._set_status(RunStatus.FAILED, error)
            return
        trouble = self._end(RunStatus.FAILED if _set_status else None, error)
        if trouble is not None:
            raise trouble

    def clean(self) -> list[str]:
        """Remove what the run has left in the folder that its script ran in. The run's files in the workspace stay.

        That folder is removed anyway when the script has ended and all its files are saved. What is still there then could not be
        saved.

        Returns
        -------
        list of str
            The paths of the files that were removed; empty for a run that is no submitted one.

        Raises
        ------
        RunGoesOn
            If the run has not ended. `cancel` ends it.
        """
        folder = RunFolder.of(self._run_id)
        if self._record.run_type != RUN_TYPE or not folder.path.is_dir():
            return []
        if not self._refresh().status.is_terminal:
            raise RunGoesOn(
                f"Run {self._run_id} goes on in {str(folder.working_folder)!r}. End it with run.cancel(), or wait for its end with "
                "run.wait_for_completion(), before its folder is removed.",
                value=self._run_id,
            )
        from aml_widgets.submit.supervision.finishing import remove_folder

        files = sorted(str(one) for one in folder.path.rglob("*") if one.is_symlink() or not one.is_dir())
        remove_folder(folder)
        return [one for one in files if not os.path.lexists(one)]

    def cancel(self) -> None:
        """End the run as ``Canceled`` and upload the tracked folder. A run that was cancelled stays so.

        A submitted run is asked to end: its script gets a moment to do so, then it is ended by force. This returns at once;
        `wait_for_completion` waits until it has ended.

        Raises
        ------
        RunIsTerminal
            If the run has completed or failed.
        """
        if self._has_ended_here and self._record.status == RunStatus.CANCELED:
            return
        if self._record.run_type == RUN_TYPE:
            from aml_widgets.tracking.engines import cancel_run

            self._record = cancel_run(self._store, self._run_id)
            return
        trouble = self._end(RunStatus.CANCELED)
        if trouble is not None:
            raise trouble

    def __enter__(self: R) -> R:  # noqa: PYI019 - typing.Self is Python 3.11's
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
        elif self._find_status() in (RunStatus.FAILED, RunStatus.CANCELED):  # somebody ended it otherwise
            self._upload_quietly()
        else:
            self.complete()

    def _end(self, status: RunStatus | None, error: RunError | None = None) -> StoreError | None:
        """Upload and set the status, each whether or not the other works; give what went wrong.

        Where another program has ended the run in the same way, such as a logger of MLflow's, what this one tracks is uploaded all the same,
        and the reason is kept that the other did not know.
        """
        if status is not None:
            try:
                self._check_can_end(status)
            except RunIsTerminal:
                self._upload_quietly()
                raise
        has_ended = status is not None and self._record.status == status
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
        if status is not None and (not has_ended or self._lacks(error)):
            try:
                self._set_status(status, error)
            except StoreError as store_error:
                trouble = trouble or store_error
        self._has_ended_here = status is not None  # what comes after that has nothing more to upload
        if interrupt is not None:
            raise interrupt
        return trouble

    def _lacks(self, error: RunError | None) -> bool:
        """Say whether an error is one for a run that has none."""
        return error is not None and self._record.error is None

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
        status = self._find_status()
        if status.is_terminal and status != RunStatus.FAILED:
            self._upload_quietly()
            return
        try:
            self.fail(exc)
        except AmlWidgetsError as error:
            warn_softly(f"Run {self._run_id} failed, and that could not be stored: {message_of(error)}")

    def _upload_quietly(self) -> None:
        """Upload what this run tracks where another program has ended it otherwise: its files are its files all the same."""
        if self._has_ended_here:
            return
        self._has_ended_here = True
        try:
            self._upload_outputs()
        except StoreError as error:
            warn_softly(f"Outputs of run {self._run_id} could not be uploaded: {message_of(error)}")

    def _start_capture(self) -> OutputCapture | None:
        from aml_widgets.tracking.capture import OutputCapture

        try:
            capture = OutputCapture(self._store.artifacts.append_path(self._run_id, USER_LOG))
            self._store.record_artifact(
                self._run_id, ArtifactRecord(path=USER_LOG, size_bytes=0, written_at=clock.now(), is_log=True)
            )
        except (AmlWidgetsError, OSError) as error:
            warn_softly(f"What run {self._run_id} prints is shown only, its log cannot be written: {message_of(error)}")
            return None
        capture.start()
        return capture


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
        name = details.class_name if isinstance(details, AmlWidgetsError) else type(details).__name__
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
        return message_of(exc)
    except Exception:  # noqa: BLE001 - the user's own exception must not be hidden by what is wrong with its text
        return f"<{type(exc).__name__} without a text>"


def _after_colon(text: str) -> str:
    return f": {text}" if text.strip() else ""  # KeyboardInterrupt has no text


def is_clean_exit(exc: BaseException) -> bool:
    """Say whether an exception only ends the program, and well."""
    return isinstance(exc, SystemExit) and exc.code in (None, 0)


def _find_cwd() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - text is what chdir takes back
    except OSError:  # the folder was deleted
        return None
