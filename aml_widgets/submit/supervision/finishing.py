"""The end of a submitted run: its files are saved, it gets its last status, and its folder goes."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

from aml_widgets.core.errors import AmlWidgetsError, RunIsTerminal, StoreError, message_of
from aml_widgets.core.records import RunError
from aml_widgets.core.status import RunStatus
from aml_widgets.core.text import shorten_middle
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.store_place import is_gone
from aml_widgets.submit.submission import RunFolder
from aml_widgets.submit.supervision.collecting import Collector
from aml_widgets.submit.supervision.notes import Notes, name_node
from aml_widgets.submit.supervision.outcomes import FILES_NOT_SAVED
from aml_widgets.submit.supervision.run_state import Outcome, release_room, write_outcome

_SHOWN_FILES = 5
_MAX_REASON = 600  # in a note: the run has all of it
_LONGEST_PAUSE_SECONDS = 5.0


def finish_run(
    store: RunStore,
    run_id: str,
    folder: RunFolder,
    outcome: Outcome,
    *,
    collector: Collector,
    notes: Notes,
    patience_seconds: float,
) -> None:
    """Save what the script left, end the run, and remove its folder unless something in it is not saved.

    Parameters
    ----------
    store : RunStore
        Where the run is.
    run_id : str
        The run.
    folder : RunFolder
        Where its script worked.
    outcome : Outcome
        How it ended; written down first, so that somebody else can go on from here.
    collector : Collector
        Saves the files.
    notes : Notes
        What readers are told.
    patience_seconds : float
        How long to try to write the last status to a store that does not take it; one whose folder was removed is not asked again.
    """
    try:
        write_outcome(folder, outcome)
    except OSError as error:
        notes.detail(f"How the script ended could not be written down: {error}")
    _begin_to_finalize(store, run_id, notes)
    unsaved = collector.finish()
    if unsaved:
        outcome = _with_unsaved(outcome, unsaved, folder)
    elif collector.is_folder_gone():
        text = (
            f"The working folder {str(folder.working_folder)!r} on {name_node()} was removed before the end of the run. What the script had "
            "written there and the run does not have yet is lost. Submit it again."
        )
        outcome = _with_text(outcome, text)
    notes.tell(
        f"The run ends as {outcome.status}."
        + (f" {shorten_middle(outcome.error.message, _MAX_REASON)}" if outcome.error else "")
    )
    if _end(store, run_id, folder, outcome, notes, patience_seconds) and not unsaved:
        remove_folder(folder)


def remove_folder(folder: RunFolder) -> None:
    """Remove a run's folder. What cannot be removed stays, without being taken for a run that is to be looked after."""
    folder.submission_file.unlink(missing_ok=True)
    for parent, folders, _ in os.walk(folder.path):
        for name in folders:  # a script may have made folders that nobody may change
            child = Path(parent, name)
            with contextlib.suppress(OSError):
                if not child.is_symlink() and child.stat().st_mode & stat.S_IRWXU != stat.S_IRWXU:
                    child.chmod(stat.S_IRWXU)
    shutil.rmtree(folder.path, ignore_errors=True)


def _begin_to_finalize(store: RunStore, run_id: str, notes: Notes) -> None:
    try:
        status = store.get_run(run_id).status
        if not status.is_terminal and status is not RunStatus.CANCEL_REQUESTED:
            store.set_status(run_id, RunStatus.FINALIZING)
    except AmlWidgetsError as error:
        notes.detail(f"The run could not be set to Finalizing: {message_of(error)}")


def _with_unsaved(outcome: Outcome, unsaved: dict[str, str], folder: RunFolder) -> Outcome:
    names = ", ".join(repr(path) for path in list(unsaved)[:_SHOWN_FILES])
    more = f" and {len(unsaved) - _SHOWN_FILES} more" if len(unsaved) > _SHOWN_FILES else ""
    text = (
        f"{len(unsaved)} {'file' if len(unsaved) == 1 else 'files'} could not be saved in the workspace: {names}{more}. {next(iter(unsaved.values()))} "
        f"What is missing is still in {str(folder.working_folder)!r} on {name_node()}, and is saved when somebody looks at the run there."
    )
    return _with_text(outcome, text)


def _with_text(outcome: Outcome, text: str) -> Outcome:
    """Give the outcome of a run whose files are not all saved; the text says which and why."""
    if outcome.error is not None:
        return replace(outcome, error=replace(outcome.error, message=f"{outcome.error.message} {text}"))
    if outcome.status is RunStatus.COMPLETED:
        error = RunError(code=FILES_NOT_SAVED, message=f"The script ended well, but {text[0].lower()}{text[1:]}")
        return replace(outcome, status=RunStatus.FAILED, error=error)
    return replace(outcome, error=RunError(code=FILES_NOT_SAVED, message=text))


def _end(
    store: RunStore, run_id: str, folder: RunFolder, outcome: Outcome, notes: Notes, patience_seconds: float
) -> bool:
    """Write the last status; say whether the run has one now."""
    deadline = time.monotonic() + patience_seconds
    pause_seconds = 0.1
    while True:
        try:
            store.set_status(run_id, outcome.status, error=outcome.error, ended_at=outcome.ended_at)
        except RunIsTerminal as error:
            notes.detail(f"The run has ended otherwise before: {message_of(error)}")
        except StoreError as error:
            release_room(folder)
            notes.detail(f"The run could not be ended as {outcome.status} yet: {message_of(error)}")
            if time.monotonic() >= deadline or is_gone(store):
                return False
            time.sleep(pause_seconds)
            pause_seconds = min(_LONGEST_PAUSE_SECONDS, 2 * pause_seconds)
            continue
        return True
