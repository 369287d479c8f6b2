"""How a script becomes a run: all that can go wrong is found out first, then the run appears and its engine takes it over."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aml_widgets.core import clock, v1_names
from aml_widgets.core.errors import AmlWidgetsError, RunExists, ScriptNotFound, StoreUnavailable, UserError, message_of
from aml_widgets.core.records import NewRun, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.artifacts import check_run_id
from aml_widgets.submit.engines.unstarted import end_as_failed
from aml_widgets.submit.submission import (
    RUN_DEFINITION,
    RUN_HOME,
    RUN_TYPE,
    RunFolder,
    Submission,
    describe_home,
)
from aml_widgets.tracking import context, facts, provenance
from aml_widgets.tracking.signals import status_changed
from aml_widgets.tracking.values import show, show_type
from aml_widgets.tracking.warn import logger, warn_softly

if TYPE_CHECKING:
    from aml_widgets.submit.configuration.script_run_config import ResolvedConfig
    from aml_widgets.tracking.experiment import Experiment
    from aml_widgets.tracking.run import Run

NOT_STARTED = "SubmissionFailed"

_MAX_NAME_CHARACTERS = 200  # of an experiment in a run id: with what follows it must be a folder's name
_NO_RUN_ID = re.compile(r"[^A-Za-z0-9_\-]")


def submit(
    experiment: Experiment,
    config: object,
    *,
    tags: Mapping[str, object] | None = None,
    run_id: str | None = None,
    parent_run_id: str | None = None,
) -> Run:
    """Make a run of a configuration and hand it to the engine of its compute target.

    Parameters
    ----------
    experiment : Experiment
        Where the run belongs.
    config : ScriptRunConfig
        What to run.
    tags : dict, optional
        Tags to start with.
    run_id : str, optional
        A new id, ``<experiment>_<seconds>_<8 hex digits>``, without it.
    parent_run_id : str, optional
        The run above it.

    Returns
    -------
    Run
        Its status is ``Preparing``, or whatever has become of it meanwhile.

    Raises
    ------
    UserError
        For a wrong argument; then there is no run.
    SnapshotError
        If the sources cannot be copied; then there is no run.
    RunEnvironmentError
        If the interpreter is missing, or too old for v1's import names; then there is no run.
    """
    from aml_widgets.submit.engines.finding import find_engine
    from aml_widgets.submit.environments.interpreters import find_interpreter
    from aml_widgets.tracking.full_targets import warn_if_full_of_own
    from aml_widgets.tracking.run import rebuild

    resolved = _resolve(config)
    checked_tags = {} if tags is None else facts.to_tags(tags)
    run_id = make_run_id(experiment.name) if run_id is None else check_run_id(run_id)
    engine = find_engine(resolved.target)
    has_v1_names = v1_names.is_on()
    environment = _describe_environment(resolved, has_v1_names=has_v1_names)
    # so that one that is missing or too old is said before there is a run
    find_interpreter(environment, has_v1_names=has_v1_names)
    warn_if_full_of_own(resolved.target)
    workspace = experiment.workspace
    snapshot_id = _take_snapshot(experiment, resolved)
    folder = _make_folder(run_id)
    try:
        record = workspace.store.create_run(
            NewRun(
                experiment_id=experiment.id,
                run_id=run_id,
                run_type=RUN_TYPE,
                status=RunStatus.PREPARING,
                parent_run_id=parent_run_id,
                target=resolved.target,
                tags=checked_tags,
                properties=_describe(resolved, snapshot_id),
            )
        )
    except BaseException:
        folder.rmdir()
        raise
    told = resolved.environment_variables
    try:
        submission = Submission(
            run_id=run_id,
            store_location=workspace.location,
            snapshot_id=snapshot_id,
            script=resolved.script,
            arguments=resolved.arguments,
            command=resolved.command,
            environment=environment,
            environment_variables={
                # a script that is told to log elsewhere is not told of a run that is not there
                **({} if "MLFLOW_TRACKING_URI" in told else context.describe_run_to_mlflow(experiment, record)),
                **told,
                **context.describe_run(experiment, record),  # these win: without them the script would not find its run
            },
            target=resolved.target,
            collects_outputs=resolved.collects_outputs,
            watched_folders=resolved.watched_folders,
            max_run_seconds=resolved.max_run_seconds,
            has_v1_names=has_v1_names,
        )
        _write(submission)
        engine.start(workspace.store, submission)
    except BaseException as error:
        _give_up(experiment, record, error)
        raise
    status_changed.emit(run_id, workspace.store)
    return rebuild(workspace, workspace.store.get_run(run_id), experiment)


def make_run_id(experiment_name: str) -> str:
    """Make a new id as v1 has it: the experiment, the seconds since 1970, and eight hexadecimal digits."""
    name = _NO_RUN_ID.sub("-", experiment_name)[:_MAX_NAME_CHARACTERS]
    return f"{name}_{int(clock.now())}_{secrets.token_hex(4)}"


def _resolve(config: object) -> ResolvedConfig:
    from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig

    if not isinstance(config, ScriptRunConfig):
        raise UserError(
            f"What is submitted must be a ScriptRunConfig, got {show(config)}, {show_type(config)}. "
            "Give ScriptRunConfig(source_directory='.', script='train.py').",
            value=config,
        )
    return config.resolve()


def _describe_environment(resolved: ResolvedConfig, *, has_v1_names: bool) -> dict[str, Any]:
    """Give what the script's environment is built from."""
    from aml_widgets.submit.environments.script_environment import describe_script_environment

    environment, told = describe_script_environment(resolved.environment.to_dict(), has_v1_names=has_v1_names)
    if told is not None:
        warn_softly(told)
    return environment


def _take_snapshot(experiment: Experiment, resolved: ResolvedConfig) -> str:
    """Copy the sources, and see that the script is among them."""
    from aml_widgets.submit.snapshot import find_snapshot, list_files
    from aml_widgets.tracking.snapshots import snapshot_for_workspace

    snapshots = experiment.workspace.store.snapshots
    snapshot_id = snapshot_for_workspace(
        experiment.workspace, resolved.source_directory, ways_out=("choose a smaller source_directory",)
    )
    script = resolved.script
    if script is not None and script not in list_files(find_snapshot(snapshots, snapshot_id)):
        raise ScriptNotFound(
            f"The script {script!r} would be missing in the copy of {str(resolved.source_directory)!r} that it runs in: it is a link, "
            "or .amlignore or .gitignore names it. An .amlignore in the folder is read instead of .gitignore.",
            value=script,
        )
    return snapshot_id


def _describe(resolved: ResolvedConfig, snapshot_id: str) -> dict[str, str]:
    properties = provenance.describe_submitter(context.get_notebook_path(), context.find_cell_id())
    properties |= provenance.describe_git(resolved.source_directory, context.get_git_overrides())
    properties[RUN_HOME] = describe_home()
    properties[RUN_DEFINITION] = json.dumps(resolved.definition)
    if resolved.takes_snapshot:
        properties[provenance.SNAPSHOT_ID] = snapshot_id
    else:
        properties[provenance.SNAPSHOT_SKIPPED] = "the run configuration has history.snapshot_project=False."
    return properties


def _make_folder(run_id: str) -> Path:
    """Make the folder where a new run works, so that it is known before there is a run whether that is possible."""
    folder = RunFolder.of(run_id).path
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        if folder.is_dir():
            raise RunExists(
                f"A run {run_id!r} of this or another workspace has its folder {str(folder)!r} on this machine already. "
                "Choose another run_id.",
                value=run_id,
            ) from error
        raise _no_folder(folder, error) from error
    except OSError as error:
        raise _no_folder(folder, error) from error
    return folder


def _write(submission: Submission) -> None:
    folder = RunFolder.of(submission.run_id)
    try:
        folder.write(submission)
    except OSError as error:
        raise _no_folder(folder.path, error) from error


def _no_folder(folder: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"Run {folder.name} cannot work in {str(folder)!r}: {error.strerror or error}. See to that disk, or name another folder "
        "with the environment variable AML_WIDGETS_HOME.",
        value=folder,
    )


def _give_up(experiment: Experiment, record: RunRecord, error: BaseException) -> None:
    """End a run that nothing carries out; nothing may take the place of the error that is on its way."""
    message = error.message if isinstance(error, AmlWidgetsError) else f"{type(error).__name__}: {error}"
    store = experiment.workspace.store
    try:
        end_as_failed(store, record.run_id, NOT_STARTED, f"The run was never started: {message}")
    except AmlWidgetsError as trouble:
        logger.warning("Run %s was not started, and that could not be stored: %s", record.run_id, message_of(trouble))
    status_changed.emit(record.run_id, store)
