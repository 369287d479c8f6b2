"""A run's status and details, its logs, and waiting for its end."""

from __future__ import annotations

import json
import os
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aml_widgets.core.errors import ArtifactNotFound, NotFound, RunFailed, RunInterrupted, RunNotFound
from aml_widgets.core.records import ArtifactRecord, RunError, RunRecord
from aml_widgets.core.status import POST_PROCESSING_STATUSES
from aml_widgets.core.text import shorten_middle
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.submission import REPORTED_ERROR as REPORTED_ERROR  # noqa: PLC0414 - the faces take it from here
from aml_widgets.submit.submission import RUN_DEFINITION, RUN_TYPE
from aml_widgets.tracking import portal
from aml_widgets.tracking.log_streaming import LogStreamer
from aml_widgets.tracking.run_base import RunBase
from aml_widgets.tracking.signals import status_changed

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.environment import Environment

LOG_FOLDERS = ("logs/", "azureml-logs/", "user_logs/", "system_logs/")

_SHORTEST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 2.0
_WAIT_GROWTH = 1.3
_MAX_REASON = 600
_NO_ERROR = "No reason is known. See run.get_all_logs()."


class RunDetails(RunBase):
    """What is known of a run, and how it ends."""

    def get_status(self) -> str:
        """Ask the store for the status now.

        Returns
        -------
        str
            ``Running``, ``Completed``, ``Failed``, ``Canceled``, ...
        """
        if not self._record.status.is_terminal:
            self._look_after()
            self._refresh()
        return self._record.status.value

    def get_detailed_status(self) -> dict[str, Any]:
        """Ask the store for the status now, with what there is to say about it.

        Returns
        -------
        dict
            ``status`` and ``details``.
        """
        status = self.get_status()
        return {"status": status, "details": None if self._record.error is None else self._record.error.message}

    def get_details(self) -> dict[str, Any]:
        """Ask the store for everything that is known of the run.

        Returns
        -------
        dict
            ``runId``, ``target``, ``status``, ``startTimeUtc``, ``endTimeUtc`` (once it has ended), ``error``, ``properties``,
            ``runDefinition`` (of a submitted run), ``logFiles`` (URIs by name), ... as in v1. Times are ISO 8601, UTC.
        """
        self._look_after()
        record = self._refresh()
        details: dict[str, Any] = {
            "runId": record.run_id,
            "target": record.target,
            "status": record.status.value,
            "startTimeUtc": _to_iso(record.started_at),
        }
        if record.ended_at is not None:
            details["endTimeUtc"] = _to_iso(record.ended_at)
        details |= {
            "services": {},
            "error": None if record.error is None else to_error_document(record.error),
            "warnings": [{"source": "script", "message": text} for text in find_warnings(record)],
            "properties": dict(record.properties),
            "inputDatasets": [],
            "outputDatasets": [],
            "runDefinition": read_definition(record),
            "logFiles": {log.path: self._file_uri(log.path) for log in self._list_logs()},
            "submittedBy": record.properties.get("aml_widgets.user"),
        }
        return details

    def get_details_with_logs(self) -> dict[str, Any]:
        """Ask the store for everything that is known of the run, with the text of its logs.

        Returns
        -------
        dict
            As `get_details` gives it, but ``logFiles`` has contents.
        """
        details = self.get_details()
        details["logFiles"] = {path: self._read_log(path) for path in details["logFiles"]}
        return details

    def get_all_logs(self, destination: str | os.PathLike[str] | None = None) -> list[str]:
        """Copy the run's logs to a local folder.

        Parameters
        ----------
        destination : str or path, optional
            The folder, made if it is missing. A temporary one without it.

        Returns
        -------
        list of str
            Where they were written.
        """
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="aml_widgets-")) if destination is None else Path(destination)
        targets = []
        for log in self._list_logs():
            target = folder / log.path
            try:
                self._store.artifacts.copy_to(self._run_id, log.path, target)
            except ArtifactNotFound:  # made known, and nothing written yet
                continue
            targets.append(str(target))
        return targets

    def wait_for_completion(
        self, show_output: bool = False, wait_post_processing: bool = False, raise_on_error: bool = True
    ) -> dict[str, Any]:
        """Wait until the run has ended.

        Parameters
        ----------
        show_output : bool, optional
            Print the run's log as it grows.
        wait_post_processing : bool, optional
            Wait also while files are being uploaded (``Finalizing``) and while it is being cancelled. A submitted run is always
            waited for to its end: before that it is not known whether it failed.
        raise_on_error : bool, optional
            Raise if the run failed.

        Returns
        -------
        dict
            What `get_details` gives.

        Raises
        ------
        RunFailed
            If it failed, and `raise_on_error` is set.
        RunInterrupted
            If waiting with `show_output` was interrupted. The run goes on.
        RunNotFound
            If it was deleted meanwhile: for good, or into the trash before it ended.
        """
        is_submitted = self._record.run_type == RUN_TYPE
        show = None
        try:
            if show_output:
                show = LogStreamer(self._store, self._run_id, self.get_portal_url(), is_submitted=is_submitted)
            self._wait(show, is_patient=wait_post_processing or is_submitted)
        except KeyboardInterrupt:
            if not show_output:
                raise
            raise RunInterrupted(
                f"The output of run {self._run_id} is not shown any more, because showing it was interrupted. The run itself goes "
                f"on; workspace.get_run({self._run_id!r}) gives it again, and its cancel() ends it.",
                value=self._run_id,
            ) from None  # where in the waiting it was is of no interest
        details = self.get_details()
        if show is not None:
            show.sum_up(find_warnings(self._record), None if raise_on_error else details["error"])
        if raise_on_error and details["status"] == "Failed":
            reason = "" if self._record.error is None else shorten_reason(self._record.error.message)
            end = "" if reason.endswith((".", "!", "?")) else "."
            raise RunFailed(
                json.dumps(details["error"] or _NO_ERROR, indent=4),
                sentence=f"Run {self._run_id} failed: {reason or 'no reason is known'}{end} See run.get_details()['error'] and "
                "run.get_all_logs().",
                value=details,
            )
        return details

    def get_environment(self) -> Environment:
        """Give the environment that a submitted run's script runs in, as it was submitted.

        Returns
        -------
        Environment
            A copy; changing it changes no run.

        Raises
        ------
        NotFound
            If the run was not submitted, or its definition cannot be read.
        """
        from aml_widgets.submit.configuration.environment import Environment

        definition = (read_definition(self._record) or {}).get("environment")
        if not isinstance(definition, dict):
            raise NotFound(
                f"Run {self._run_id} has no run definition that can be read, so its environment is not known. Only runs of "
                "experiment.submit() have one; get_details() says what this one ran with.",
                value=self._run_id,
            )
        return Environment.from_dict(definition)

    def get_portal_url(self) -> str:
        """Give a link to the run's page in the run browser, or to its files where no Jupyter server with it is known.

        Returns
        -------
        str
            In kernels and terminals of such a server, the URL of the page, without a token; else MLflow's page of the run where the
            workspace is on a tracking server, and the ``file:`` URI of the folder with the run's files where it is a folder.
        """
        location = self._experiment.workspace.location
        page = portal.find_run_page(location, self._run_id)
        if page is None and location.startswith(("http://", "https://")):
            page = f"{location.rstrip('/')}/#/experiments/{self._record.experiment_id}/runs/{self._run_id}"
        return self._store.artifacts.locate(self._run_id) if page is None else page

    # -- inside

    def _file_uri(self, path: str) -> str:
        return self._store.artifacts.locate(self._run_id, path)

    def _list_logs(self) -> list[ArtifactRecord]:
        return [
            one for one in self._store.list_artifacts(self._run_id) if one.is_log or one.path.startswith(LOG_FOLDERS)
        ]

    def _read_log(self, path: str) -> str:
        try:
            return self._store.artifacts.read(self._run_id, path).decode("utf-8", "replace")
        except ArtifactNotFound:  # made known, and nothing written yet
            return ""

    def _look_after(self) -> None:
        """Let the engine of a submitted run do its part; of another run there is nobody but its own process."""
        if self._record.run_type == RUN_TYPE:
            from aml_widgets.tracking.engines import look_after

            look_after(self._store, self._record)

    def _wait(self, show: LogStreamer | None, *, is_patient: bool) -> None:
        changed = threading.Event()

        def wake(run_id: str, store: RunStore) -> None:
            del store
            if run_id == self._run_id:
                changed.set()

        status_changed.connect(wake)  # a run that another thread of this process ends need not be waited for
        try:
            wait_seconds = _SHORTEST_WAIT_SECONDS
            while True:
                changed.clear()
                self._look_after()
                is_over = self._look_for_end(is_patient=is_patient)
                if show is not None and is_over:
                    show.finish()
                elif show is not None and show.advance():
                    wait_seconds = _SHORTEST_WAIT_SECONDS
                if is_over:
                    return
                changed.wait(wait_seconds)
                wait_seconds = min(wait_seconds * _WAIT_GROWTH, _LONGEST_WAIT_SECONDS)
        finally:
            status_changed.disconnect(wake)

    def _look_for_end(self, *, is_patient: bool) -> bool:
        """Say whether the run has ended. Raises RunNotFound for one that was deleted: its end may never be told."""
        try:
            record = self._refresh()
        except RunNotFound as error:
            raise RunNotFound(
                f"Run {self._run_id} was deleted for good before its end was seen, so there is nothing to wait for any more.",
                value=self._run_id,
            ) from error
        is_over = _is_over(record, is_patient=is_patient)
        if record.trashed_at is not None and not is_over:  # MLflow takes nothing for it, not even its end
            raise RunNotFound(
                f"Run {self._run_id} is in the trash and has not ended: it is {record.status}. It is not waited for there. Restore it "
                "in the run browser, or with MLflow's restore_run, to wait for it.",
                value=self._run_id,
            )
        return is_over


def shorten_reason(message: str) -> str:
    """Give why a run failed as it can stand in a message; its beginning and its end where an exception has said very much."""
    return shorten_middle(message.strip(), _MAX_REASON)


def to_error_document(error: RunError) -> dict[str, Any]:
    """Give v1's error document."""
    inside: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.error_type is not None or error.traceback is not None:
        inside["debugInfo"] = {
            "type": error.error_type,
            "message": error.message.removeprefix(f"User program failed with {error.error_type}").removeprefix(": "),
            "stackTrace": error.traceback,
        }
    return {"error": inside}


def read_definition(record: RunRecord) -> dict[str, Any] | None:
    """Give the run definition of a submitted run; None for a run without one, or with one that cannot be read."""
    return _read_json(record.properties.get(RUN_DEFINITION, "")) or None


def find_warnings(record: RunRecord) -> list[str]:
    """Give what there is to say about a run beside its error: what its script reported with ``fail``."""
    reported = _read_json(record.properties.get(REPORTED_ERROR, "")).get("error")
    message = reported.get("message") if isinstance(reported, dict) else None
    if not isinstance(message, str) or (record.error is not None and message in record.error.message):
        return []
    return [message]


def _read_json(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_over(record: RunRecord, *, is_patient: bool) -> bool:
    return record.status.is_terminal or (not is_patient and record.status in POST_PROCESSING_STATUSES)


def _to_iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, tz=timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
