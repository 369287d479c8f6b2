"""How the script of a run is started: by which interpreter, with which command line and environment, and what is written of it."""

from __future__ import annotations

import errno
import io
import json
import os
import site
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from aml_widgets.core import clock
from aml_widgets.core.errors import AmlWidgetsError, ConfigError, message_of
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.submit.store_place import refuse_if_gone
from aml_widgets.submit.submission import RunFolder, Submission
from aml_widgets.submit.supervision.detached import OWNER_VARIABLE
from aml_widgets.submit.supervision.notes import Notes, append_to_log, name_node
from aml_widgets.submit.supervision.outcomes import DRIVER_LOG
from aml_widgets.submit.supervision.script_process import Script, ScriptProcess
from aml_widgets.submit.supervision.v1_names_path import put_v1_names

BUILD_LOG = "azureml-logs/20_image_build_log.txt"
PROCESS_INFO = "azureml-logs/process_info.json"
PROCESS_STATUS = "azureml-logs/process_status.json"

GRACE_SECONDS = 10.0
_GRACE_VARIABLE = "AZUREML_RUN_KILL_SIGNAL_TIMEOUT_SEC"

_BACKENDS_OF_KERNELS = ("module://matplotlib_inline", "module://ipykernel")

_DRIVER = Path(__file__).with_name("driver.py")
_PACKAGE = Path(__file__).resolve().parents[2]


def find_grace(submission: Submission) -> float:
    """Give how long a script has to end when it is asked to."""
    given = submission.environment_variables.get(_GRACE_VARIABLE, os.environ.get(_GRACE_VARIABLE, ""))
    try:
        return max(0.0, float(given))
    except ValueError:
        return GRACE_SECONDS


def get_interpreter(store: RunStore, submission: Submission, notes: Notes, *, stop: Callable[[], bool]) -> Path:
    """Give the Python that runs the script, built where it has to be.

    A submission that names no environment runs with the Python of whoever submitted it.

    Raises
    ------
    RunEnvironmentError
        If it is missing and cannot be built.
    """
    if not submission.environment:
        return Path(sys.executable)
    from aml_widgets.submit.environments.interpreters import build_interpreter, find_interpreter

    found = find_interpreter(submission.environment)
    if found is not None:
        return found
    run_id = submission.run_id
    if not stop():
        store.set_status(run_id, RunStatus.PREPARING)
    notes.tell(f"The environment is built; {BUILD_LOG} has what happens.")
    append_to_log(store, run_id, BUILD_LOG, "", is_known=False)
    return build_interpreter(
        submission.environment,
        lambda line: append_to_log(store, run_id, BUILD_LOG, f"{line}\n", is_known=True),
        stop=stop,
    )


def start_script(
    store: RunStore, submission: Submission, folder: RunFolder, interpreter: Path, notes: Notes
) -> ScriptProcess:
    """Start the script. What it prints is in the run from its first byte.

    Raises
    ------
    ConfigError
        If it is given more than this system passes on.
    StoreUnavailable
        If the workspace is gone.
    OSError
        If it cannot be started.
    """
    refuse_if_gone(store)
    run_id = submission.run_id
    log = store.artifacts.append_path(run_id, DRIVER_LOG)
    log.touch()
    store.record_artifact(run_id, ArtifactRecord(path=DRIVER_LOG, size_bytes=0, written_at=clock.now(), is_log=True))
    command = make_command(submission, folder, interpreter)
    environment = make_environment(submission, interpreter)
    if submission.has_v1_names:
        notes.tell(put_v1_names(environment, interpreter, folder.working_folder))
    try:
        return ScriptProcess.start(run_id, command, folder=folder.working_folder, environment=environment, log=log)
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
        raise _explain_too_much(submission, environment) from error


def _explain_too_much(submission: Submission, environment: Mapping[str, str]) -> ConfigError:
    """Say what of a script's arguments and variables is too long; its submitter may have had other variables, or other limits."""
    from aml_widgets.submit.configuration.argument_sizes import refuse_what_no_process_takes

    try:
        refuse_what_no_process_takes(submission.arguments, submission.command, environment)
    except ConfigError as error:
        return error
    return ConfigError(
        f"The arguments and environment variables of the script are more than a process on {name_node()} takes. Write what is long "
        "to a file in the source folder, and give the script the file's name."
    )


def write_process_info(store: RunStore, submission: Submission, notes: Notes, script: Script) -> None:
    """Write which process runs what beside its logs, and that it runs."""
    from aml_widgets.submit.configuration.hiding import (
        hide_in_arguments,
        hide_in_command,
    )  # the script runs by now, and need not wait

    if submission.script is not None:
        shown = [submission.script, *hide_in_arguments(submission.arguments)]
    else:
        shown = [hide_in_command(submission.command or "")]
    info = {"pid": script.pid, "rank": 0, "command": shown, "log": DRIVER_LOG}
    try:
        _write_json(store, submission.run_id, PROCESS_INFO, info, is_final=True)
        _write_json(store, submission.run_id, PROCESS_STATUS, {"state": "Running"}, is_final=False)
    except (AmlWidgetsError, OSError) as error:
        notes.detail(f"{PROCESS_INFO} could not be written: {message_of(error)}")


def write_process_status(store: RunStore, run_id: str, notes: Notes, *, exit_code: int | None) -> None:
    """Write how the process ended beside its logs."""
    try:
        _write_json(store, run_id, PROCESS_STATUS, {"state": "Ended", "exit_code": exit_code}, is_final=True)
    except (AmlWidgetsError, OSError) as error:
        notes.detail(f"{PROCESS_STATUS} could not be written: {message_of(error)}")


def make_command(submission: Submission, folder: RunFolder, interpreter: Path) -> list[str]:
    """Give the command line: the driver, which ends with this process, and behind it what the user submitted."""
    own = [str(os.getpid()), str(folder.error_file)]
    if submission.script is not None:
        return [str(interpreter), str(_DRIVER), *own, "script", submission.script, *submission.arguments]
    if os.name == "nt":
        return ["cmd", "/c", str(submission.command)]
    return [sys.executable, "-I", "-S", str(_DRIVER), *own, "command", str(submission.command)]


def make_environment(submission: Submission, interpreter: Path) -> dict[str, str]:
    """Give the environment variables of the script: this process's own, those of the submission, and ours."""
    environment = {name: value for name, value in os.environ.items() if name != OWNER_VARIABLE}
    if environment.get("MPLBACKEND", "").startswith(_BACKENDS_OF_KERNELS):
        del environment["MPLBACKEND"]  # a kernel has set it for itself: a script could draw to no cell
    environment |= {
        "PYTHONUNBUFFERED": "1",
        "AZUREML_OUTPUT_DIRECTORY": "./outputs",
        "AZUREML_LOGDIRECTORY_PATH": "azureml-logs",
        **submission.environment_variables,
    }
    is_foreign = not _is_this_python(interpreter)
    if is_foreign or not _finds_this_package(environment):
        from aml_widgets.submit.environments.importable import INTERPRETER_VARIABLE, importable_folder

        _put_first(environment, "PYTHONPATH", str(importable_folder()))
        environment[INTERPRETER_VARIABLE] = sys.executable
    if is_foreign or submission.script is None:  # "python" on a command line is the environment's
        _put_first(environment, "PATH", str(interpreter.parent))
    return environment


def _is_this_python(interpreter: Path) -> bool:
    """Whether it is the Python of this process: of two environments with one Python, their folders tell."""
    own = Path(sys.executable)
    return interpreter.parent.resolve() == own.parent.resolve() and interpreter.resolve() == own.resolve()


def _finds_this_package(environment: Mapping[str, str]) -> bool:
    """Whether this Python, started anew, finds this very package, and no other before it. Where that is not sure, it is not so."""
    given = [Path(one) for one in environment.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(one)]  # noqa: PTH117 - "" is none
    installed = [Path(one) for one in site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        installed.insert(0, Path(site.getusersitepackages()))
    for folder in (*given, *(one for place in installed for one in (place, *_read_links(place)))):
        package = folder / _PACKAGE.name
        if (package / "__init__.py").is_file():
            return package.resolve() == _PACKAGE
    return any(_is_editable(folder) for folder in installed)


def _read_links(folder: Path) -> Iterator[Path]:
    """Give the folders that the ``.pth`` files in a folder of packages add to it."""
    for file in sorted(folder.glob("*.pth")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.strip() and not line.startswith(("#", "import ", "import\t")):
                yield folder / line.strip()


def _is_editable(folder: Path) -> bool:
    """Whether this package is what an editable install in a folder of packages leads to, by whatever means."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname  # not light

    for file in folder.glob(f"{_PACKAGE.name}-*.dist-info/direct_url.json"):
        try:
            origin = json.loads(file.read_text(encoding="utf-8"))
            project = Path(url2pathname(urlsplit(origin["url"]).path)).resolve()
            return bool(origin["dir_info"]["editable"]) and _PACKAGE.is_relative_to(project)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return False


def _put_first(environment: dict[str, str], name: str, folder: str) -> None:
    others = environment.get(name)
    environment[name] = folder if not others else f"{folder}{os.pathsep}{others}"


def _write_json(store: RunStore, run_id: str, path: str, content: Mapping[str, object], *, is_final: bool) -> None:
    refuse_if_gone(store)
    data = (json.dumps({name_node(): {"0": content}}, indent=2) + "\n").encode()
    store.artifacts.put(run_id, path, io.BytesIO(data), is_final=is_final)
    store.record_artifact(run_id, ArtifactRecord(path=path, size_bytes=len(data), written_at=clock.now()))
