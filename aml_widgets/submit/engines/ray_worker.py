"""What the Ray job of a run does on the cluster: it starts the script, ends it when it is asked to, and leaves word of its end.

The script works in the run's folder and prints into the run's log, as on the machine that submitted it. So both have to be reachable
here; where they are not, the script is not started. Ray's working directory is not where it works: Ray shares one among all
jobs that have the same files. It is where the other processes of the job, Ray's tasks and actors, find the script's modules.
"""

from __future__ import annotations

import importlib.util
import platform
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, RunEnvironmentError, StoreUnavailable, message_of
from aml_widgets.submit.engines.ray_files import RayFiles
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.run_state import write_json

PROGRAM = f"""\
import os, sys
path = os.environ.get("PYTHONPATH", "")
for folder in path.split(os.pathsep):
    is_brought = os.path.isabs(folder) and os.path.realpath(folder) != os.getcwd()
    if is_brought and os.path.isfile(os.path.join(folder, *{__name__.split(".")!r}) + ".py"):
        sys.path.insert(0, folder)
        break
else:
    sys.exit(
        f"The script was not started by the Ray job: PYTHONPATH, {{path!r}}, has no folder with the package aml_widgets, "
        "which Ray puts there for the job. See to it that 'python' on that machine leaves PYTHONPATH as it is."
    )
from {__name__} import main
main(sys.argv[1:])
"""
"""For ``python -I -c``: of all that Ray puts on the path, this takes the package that was submitted with the job, and no other. One
that the cluster has, or that is among the user's sources in the working directory, may be of another version; and a module of the
user's that has the name of one of Python's must not stop it."""

_LOOK_SECONDS = 0.2
_LEFTOVERS_GRACE_SECONDS = 5.0
_SHORT_GRACE_SECONDS = 2.0  # Ray kills three seconds after it has asked


def main(arguments: Sequence[str]) -> None:
    """Run the script of the run whose folder is the only argument."""
    files = RayFiles(RunFolder(Path(arguments[0])))
    signals: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        signals.append(number)

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    try:
        _find_psutil()
        exit_code = _run(files, signals)
    except (AmlWidgetsError, OSError, ValueError, ImportError) as error:
        reason = f"The script was not started by the Ray job on {platform.node()}: {message_of(error)}"
        _leave_word(files, {"refused": reason})
        sys.exit(reason)
    _leave_word(files, {"exit_code": exit_code})
    sys.exit(exit_code if exit_code >= 0 else 128 - exit_code)


def is_user_managed(environment: Mapping[str, object]) -> bool:
    """Say whether a script is to run with the packages that are there."""
    return not environment or bool(_python(environment).get("userManagedDependencies"))


def _run(files: RayFiles, signals: Sequence[int]) -> int:
    from aml_widgets.submit.supervision.adoption import begin_to_adopt
    from aml_widgets.submit.supervision.script_process import ScriptProcess
    from aml_widgets.submit.supervision.script_start import find_grace, make_command, make_environment
    from aml_widgets.submit.supervision.v1_names_path import put_v1_names

    folder = files.folder
    submission = _read(folder)
    log = _find_log(submission)
    interpreter = find_interpreter(submission)
    try:
        files.claim_file.touch(exist_ok=False)
    except FileExistsError as error:
        raise StoreUnavailable("Another Ray job has started it before.", value=submission.run_id) from error
    # Ray has set the variables of the submission already, and has put its own paths into some of them.
    environment = make_environment(replace(submission, environment_variables={}), Path(sys.executable))
    names = put_v1_names(environment, interpreter, folder.working_folder) if submission.has_v1_names else None
    begin_to_adopt()
    script = ScriptProcess.start(
        submission.run_id,
        make_command(submission, folder, interpreter),
        folder=folder.working_folder,
        environment=environment,
        log=log,
    )
    started = {"pid": script.pid, "node": platform.node(), "python": str(interpreter), "started_at": clock.now()}
    started |= {"note": names} if names is not None else {}
    write_json(files.started_file, started)
    grace_seconds = find_grace(submission)
    while (exit_code := script.poll()) is None:
        given_seconds = _find_stop(files, signals)
        if given_seconds is not None:
            grace_seconds = given_seconds
            exit_code = script.end(grace_seconds)
            break
        time.sleep(_LOOK_SECONDS)
    script.end_leftovers(min(_LEFTOVERS_GRACE_SECONDS, grace_seconds))
    return exit_code


def _find_stop(files: RayFiles, signals: Sequence[int]) -> float | None:
    """Give the seconds that the script has to end; None for one that goes on."""
    if signals:
        return _SHORT_GRACE_SECONDS
    try:
        return float(files.stop_file.read_text(encoding="ascii"))
    except FileNotFoundError:
        # Without its submission the run has ended: nobody waits for this script any more.
        return None if files.folder.submission_file.exists() else _SHORT_GRACE_SECONDS
    except (OSError, ValueError):  # it is being written, or the file system does not answer
        return None


def _read(folder: RunFolder) -> Submission:
    way_out = "On a cluster of several machines, set AML_WIDGETS_HOME to a folder on a file system that all of them and the submitting one share."
    try:
        submission = folder.read()
    except FileNotFoundError as error:
        raise StoreUnavailable(
            f"The run's folder {str(folder.path)!r} is not to be found there. {way_out}", value=folder.path
        ) from error
    if not folder.working_folder.is_dir():
        raise StoreUnavailable(
            f"The run's sources in {str(folder.working_folder)!r} are not to be found there. {way_out}",
            value=folder.path,
        )
    return submission


def _find_log(submission: Submission) -> Path:
    from aml_widgets.store.uri import open_store
    from aml_widgets.submit.supervision.outcomes import DRIVER_LOG

    location = submission.store_location
    way_out = "Put the workspace on a file system that the cluster's machines and the submitting one share, under the same path."
    try:
        store = open_store(location, create=False)
        try:
            store.get_run(submission.run_id)
            if store.artifacts.size(submission.run_id, DRIVER_LOG) is None:
                raise StoreUnavailable("its files are not there.", value=location)
            return store.artifacts.append_path(submission.run_id, DRIVER_LOG)
        finally:
            store.close()
    except (AmlWidgetsError, OSError) as error:
        raise StoreUnavailable(
            f"The run is not to be found in the workspace at {location!r} there: {message_of(error)} {way_out}",
            value=location,
        ) from error


def find_interpreter(submission: Submission) -> Path:
    """Give the Python of the script: this one, unless the submission names another.

    Raises
    ------
    RunEnvironmentError
        If it is not there, or of a version that the environment does not allow.
    """
    from aml_widgets.submit.environments import interpreters
    from aml_widgets.submit.environments.environment_spec import EnvironmentSpec

    environment = submission.environment
    own = Path(sys.executable)
    if is_user_managed(environment):
        named = _python(environment).get("interpreterPath")
        return own if named in (None, "python", str(own)) else interpreters.find_interpreter(environment) or own
    wanted = EnvironmentSpec.read(environment).python
    if not wanted.allows(platform.python_version()):
        raise RunEnvironmentError(
            f"The environment asks for python{wanted.text}, and the Ray cluster has {platform.python_version()}. "
            "Ask for the cluster's version, or start the cluster with the other one.",
            value=wanted.text,
        )
    return own


def _python(environment: Mapping[str, object]) -> Mapping[str, object]:
    section = environment.get("python")
    return section if isinstance(section, dict) else {}


def _find_psutil() -> None:
    """Make psutil importable, of which Ray has a copy of its own."""
    if importlib.util.find_spec("psutil") is not None:
        return
    ray = importlib.util.find_spec("ray")
    if ray is None or ray.origin is None:
        raise RunEnvironmentError(
            f"{sys.executable} has neither Ray nor the package psutil: 'python' on that machine is not the Python of the Ray cluster. "
            "Start Ray in an environment whose 'python' comes first on the PATH.",
            value=sys.executable,
        )
    sys.path.append(str(Path(ray.origin).with_name("thirdparty_files")))


def _leave_word(files: RayFiles, word: Mapping[str, object]) -> None:
    """Tell the supervisor; where the folder is gone, or never was there, nobody is to be told."""
    try:
        if files.folder.path.is_dir() and not files.ended_file.exists():
            write_json(files.ended_file, word)
    except OSError as error:
        print(f"{files.ended_file} cannot be written: {error}", file=sys.stderr, flush=True)  # noqa: T201 - goes into Ray's log
