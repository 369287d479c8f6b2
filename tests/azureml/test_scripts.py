"""Scripts with v1's import names: started by hand with ``python -m aml_widgets.azureml``, and submitted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest

from aml_widgets.submit.environments.importable import importable_folder
from aml_widgets.submit.environments.v1_packages import leave_out_v1
from aml_widgets.submit.supervision import v1_names_path
from aml_widgets.submit.supervision.v1_names_path import put_v1_names
from aml_widgets.tracking.workspace import Workspace
from tests.azureml.programs import NAMES, call, install_v1, make_python, packages_of, write

GIVEN = "'import azureml.core' works in the script as where it was submitted, and is aml_widgets."
posix = pytest.mark.skipif(os.name != "posix", reason="signals and sessions")

# -- python -m aml_widgets.azureml

TELL = """
import json, os, sys
from azureml.core import Run
print(json.dumps([sys.argv, sys.path[0], __name__, __file__, Run.__module__, sys.flags.optimize, sys.warnoptions, sys.stdin.read()]))
"""


@pytest.mark.parametrize("given", ["sub/script.py", "./sub/script.py", "absolute"])
def test_a_script_runs_as_python_runs_it(tmp_path: Path, given: str) -> None:
    write(tmp_path, {"sub/script.py": TELL, "sub/beside.py": ""})
    script = str(tmp_path / "sub/script.py") if given == "absolute" else given
    plain = write(tmp_path, {"sub/plain.py": TELL.replace("azureml.core", "aml_widgets")})
    as_plain = script.replace("script.py", "plain.py")

    done = call("-O", "-W", "ignore", "-m", "aml_widgets.azureml", script, "-m", "--x", folder=tmp_path, stdin="in")
    by_hand = call("-O", "-W", "ignore", as_plain, "-m", "--x", folder=plain, stdin="in")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(by_hand.stdout.replace("plain.py", "script.py"))
    assert json.loads(done.stdout)[0] == [script, "-m", "--x"]


def test_modules_and_lines_of_code_run_as_well(tmp_path: Path) -> None:
    write(tmp_path, {"package/__main__.py": TELL, "package/__init__.py": ""})

    module = call("-m", "aml_widgets.azureml", "-m", "package", "a", folder=tmp_path)
    code = call("-m", "aml_widgets.azureml", "-c", TELL.replace("__file__", "''"), "a", folder=tmp_path)

    assert json.loads(module.stdout)[:3] == [[str(tmp_path / "package/__main__.py"), "a"], str(tmp_path), "__main__"]
    assert json.loads(code.stdout)[:3] == [["-c", "a"], "", "__main__"]


def test_letters_before_the_m_stay(tmp_path: Path) -> None:
    write(tmp_path, {"script.py": TELL})

    done = call("-Om", "aml_widgets.azureml", "script.py", folder=tmp_path)
    close = call("-Omaml_widgets.azureml", "script.py", folder=tmp_path)

    assert [json.loads(one.stdout)[5] for one in (done, close)] == [1, 1]


@pytest.mark.parametrize("letters", ["-Om", "-Omaml_widgets.azureml.__main__"])
def test_the_module_may_be_named_in_full(tmp_path: Path, letters: str) -> None:
    write(tmp_path, {"script.py": TELL})
    words = (letters,) if letters.endswith("__") else (letters, "aml_widgets.azureml.__main__")

    done = call(*words, "script.py", folder=tmp_path, timeout_seconds=60)

    assert json.loads(done.stdout)[0::5] == [["script.py"], 1]


@pytest.mark.parametrize("started", ["file", "folder", "script"])
def test_who_starts_it_by_other_words_is_told_the_right_ones(tmp_path: Path, started: str) -> None:
    """It would start itself, again and again."""
    (tmp_path / "script.py").touch()
    own = "import runpy, sys\nsys.argv[1:] = ['script.py', '-x', '-y']\nrunpy.run_module('aml_widgets.azureml', run_name='__main__')\n"
    (tmp_path / "starts.py").write_text(own, encoding="utf-8")
    words = {"file": NAMES.parents[1] / "__main__.py", "folder": NAMES.parents[1], "script": tmp_path / "starts.py"}

    done = call(words[started], "script.py", folder=tmp_path, timeout_seconds=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("python -m aml_widgets.azureml: start it by these words, 'python -m ")


def test_a_traceback_has_the_scripts_frames_alone_and_the_exit_code_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"fails.py": "import azureml.core\n1 / 0\n", "ends.py": "raise SystemExit(7)\n"})

    fails = call("-m", "aml_widgets.azureml", "fails.py", folder=tmp_path)
    ends = call("-m", "aml_widgets.azureml", "ends.py", folder=tmp_path)

    lines = fails.stderr.splitlines()
    assert fails.returncode == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert [line for line in lines if line.startswith("  File")] == [
        f'  File "{tmp_path / "fails.py"}", line 2, in <module>'
    ]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert (ends.returncode, ends.stdout, ends.stderr) == (7, "", "")


@posix
def test_a_signal_reaches_the_script(tmp_path: Path) -> None:
    write(tmp_path, {"waits.py": "import azureml.core\nprint('ready', flush=True)\ninput()\n"})
    command = [sys.executable, "-m", "aml_widgets.azureml", "waits.py"]

    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)

        assert process.wait() == -signal.SIGTERM


def test_what_the_script_starts_finds_the_names(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "parent.py": "import subprocess, sys\nsubprocess.run([sys.executable, 'sub/child.py'], check=True)\n",
            "sub/child.py": "from azureml.core import Run\nprint(Run.__module__)\n",
        },
    )

    done = call("-m", "aml_widgets.azureml", "parent.py", folder=tmp_path)

    assert (done.stdout, done.stderr) == ("aml_widgets.tracking.run\n", "")


def test_a_package_that_lies_in_the_current_folder_is_the_scripts_too(tmp_path: Path) -> None:
    python = make_python(tmp_path / "bare")
    write(tmp_path, {"elsewhere/script.py": "from azureml.core import Run\nprint(Run.__module__)\n"})

    done = call(
        *("-m", "aml_widgets.azureml", tmp_path / "elsewhere/script.py"), folder=importable_folder(), python=python
    )

    assert (done.stdout, done.stderr) == ("aml_widgets.tracking.run\n", "")


def test_where_v1_is_installed_the_script_has_that_one(tmp_path: Path) -> None:
    installed = install_v1(tmp_path / "packages")
    write(tmp_path, {"script.py": "import azureml.core\nprint(azureml.core.VERSION)\n"})

    done = call("-m", "aml_widgets.azureml", "script.py", folder=tmp_path, path=(installed,))

    assert (done.returncode, done.stdout) == (0, "the real one\n")
    assert "azureml-core 1.42.0 is installed" in done.stderr


def test_an_interpreter_that_has_v1_has_that_one_also_behind_the_names(tmp_path: Path) -> None:
    """What the script starts may be another Python, which takes over the path."""
    installed = install_v1(tmp_path / "packages")
    program = "import azureml.core, azureml.widgets; print(azureml.core.VERSION, azureml.widgets.__name__, azureml.widgets.RunDetails)"

    alone = call(
        "-c", "import azureml.core; print(azureml.core.VERSION)", folder=tmp_path, path=(NAMES.parent, installed)
    )
    beside_ours = call("-c", program, folder=tmp_path, path=(NAMES.parent, installed))

    assert (alone.stdout, alone.stderr) == ("the real one\n", "")
    assert beside_ours.stdout.startswith("the real one azureml.widgets <class 'aml_widgets.")
    assert "UserWarning: azureml-core 1.42.0 is installed" in beside_ours.stderr


def test_a_notebook_runs_unchanged(tmp_path: Path) -> None:
    source = "from azureml.core import Experiment, Workspace; run = Experiment(Workspace.open('runs'), 'e').start_logging(); run.complete()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbformat.write(notebook, tmp_path / "plain.ipynb")

    done = call(
        *("-m", "aml_widgets.azureml", "-m", "nbconvert", "--to", "notebook", "--execute", "plain.ipynb"),
        folder=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    (run,) = Workspace.open(tmp_path / "runs").experiments["e"].get_runs()
    assert run.get_status() == "Completed"


def test_help_says_how_it_is_used(tmp_path: Path) -> None:
    done = call("-m", "aml_widgets.azureml", "--help", folder=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: python -m aml_widgets.azureml script.py [argument ...]\n")
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a script to run, such as 'python -m aml_widgets.azureml train.py'"),
        (("gone.py",), "there is no script 'gone.py' in '"),
        (("--fast",), "there is no option '--fast'"),
        (("-m",), "-m needs a module behind it"),
    ],
)
def test_what_cannot_be_run_is_said(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = call("-m", "aml_widgets.azureml", *arguments, folder=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"python -m aml_widgets.azureml: {said}")
    assert len(done.stderr.splitlines()) == 1


def test_a_python_that_is_shut_off_from_the_environment_is_told_so(tmp_path: Path) -> None:
    write(tmp_path, {"script.py": ""})

    done = call("-I", "-m", "aml_widgets.azureml", "script.py", folder=tmp_path)

    assert done.returncode == 2
    assert "the options -I and -E of Python" in done.stderr


# -- experiment.submit

SCRIPT = """
from azureml.core.run import Run
run = Run.get_context()
run.log("alpha", 0.5)
print("the run", run.id, type(run).__module__)
"""

PARENT = """
from azureml.core import Run, ScriptRunConfig
child = Run.get_context().submit_child(ScriptRunConfig(".", "child.py"))
child.wait_for_completion()
print(child.get_metrics())
"""

SUBMITTER = """
import sys
import aml_widgets.azureml
{off}
from aml_widgets import Environment, Experiment, ScriptRunConfig, Workspace

experiment = Experiment(Workspace.open("runs"), "ridge")
environment = {environment}
target = {target}
run = experiment.submit(ScriptRunConfig("source", {what}, environment=environment, compute_target=target))
run.wait_for_completion(raise_on_error=False)
logs = run.get_all_logs("logs")
print(run.id, run.get_status())
"""


def submit(
    folder: Path,
    files: Mapping[str, str],
    *,
    what: str = "'train.py'",
    is_on: bool = True,
    environment: str = "None",
    target: str = "None",
) -> tuple[str, str, str, str]:
    """Submit from an interpreter of its own; give id, status, what the script printed, and the job-prep log."""
    write(folder / "source", files)
    off = "" if is_on else "aml_widgets.azureml.turn_off()"
    done = call("-c", SUBMITTER.format(off=off, what=what, environment=environment, target=target), folder=folder)
    assert done.returncode == 0, done.stderr
    assert ("is built without azureml-defaults==1.61.0: " in done.stderr) == ("azureml-defaults" in environment)
    run_id, status = done.stdout.split()[-2:]
    (printed,) = (folder / "logs").rglob("70_driver_log.txt")
    (prepared,) = (folder / "logs").rglob("65_job_prep-*.txt")
    return run_id, status, printed.read_text(encoding="utf-8"), prepared.read_text(encoding="utf-8")


@posix
@pytest.mark.parametrize("what", ["'train.py'", "command='python train.py'"])
@pytest.mark.parametrize("target", ["None", "__import__('aml_widgets').LocalTarget.create('names')"])
def test_a_submitted_script_finds_its_run_by_v1s_names(tmp_path: Path, what: str, target: str) -> None:
    run_id, status, printed, prepared = submit(tmp_path, {"train.py": SCRIPT}, what=what, target=target)

    assert (status, printed) == ("Completed", f"the run {run_id} aml_widgets.tracking.submitted_run\n")
    assert GIVEN in prepared


@posix
def test_without_them_where_it_was_submitted_the_script_has_none(tmp_path: Path) -> None:
    _, status, printed, prepared = submit(tmp_path, {"train.py": SCRIPT}, is_on=False)

    assert status == "Failed"
    assert "ModuleNotFoundError: No module named 'azureml'" in printed
    assert "azureml.core" not in prepared


@posix
def test_what_the_script_submits_has_them_as_well(tmp_path: Path) -> None:
    _, status, printed, _ = submit(tmp_path, {"train.py": PARENT, "child.py": SCRIPT})

    assert (status, printed) == ("Completed", "{'alpha': 0.5}\n")


@posix
def test_an_environment_that_is_built_for_the_script_has_them(tmp_path: Path) -> None:
    run_id, status, printed, prepared = submit(tmp_path, {"train.py": SCRIPT}, environment="Environment('isolated')")

    assert (status, printed) == ("Completed", f"the run {run_id} aml_widgets.tracking.submitted_run\n")
    assert GIVEN in prepared


@posix
def test_packages_that_would_bring_v1_itself_are_left_out(tmp_path: Path) -> None:
    script = """
        from importlib.metadata import distributions
        from azureml.core import Run
        print(sorted(one.metadata["Name"] for one in distributions()), Run.__module__)
    """
    make = "[environment := Environment('named'), environment.python.conda_dependencies.add_pip_package('azureml-defaults==1.61.0')][0]"

    _, status, printed, _ = submit(tmp_path, {"train.py": script}, environment=make)

    assert (status, printed) == ("Completed", "['aml-widgets'] aml_widgets.tracking.run\n")


def test_what_brings_v1_itself_is_told_from_what_does_not() -> None:
    kept = [
        "numpy",
        "azureml-mlflow",
        "azureml-dataprep==1.0",
        "azureml_inference.server-http",
        "azureml",
        "--index-url https://example.org/azureml-core",
        "azuremlftk",
    ]
    left_out = [
        "azureml-defaults",
        "azureml_core>=1",
        "azureml-sdk[notebooks]==1.0.85",
        "AzureML-Train-AutoML",
        "azureml-pipeline-core",
        "azureml-tensorboard",
        "azureml-datadrift",
        "azureml-responsibleai",
        "azureml-opendatasets",
        "azureml-of-years-to-come>=2",
    ]
    dependencies = ["python=3.11", "scikit-learn", {"pip": [*kept, *left_out]}]
    environment = {"name": "mine", "python": {"condaDependencies": {"dependencies": dependencies}}}

    content, found = leave_out_v1(environment)

    assert content == {
        "name": "mine",
        "python": {"condaDependencies": {"dependencies": [*dependencies[:2], {"pip": kept}]}},
    }
    assert found == left_out
    assert dependencies[2] == {"pip": [*kept, *left_out]}
    assert leave_out_v1({}) == ({}, [])


@posix
@pytest.mark.parametrize("what", ["'train.py'", "command='python train.py'"])
def test_another_interpreter_has_them_unless_it_has_v1_itself(tmp_path: Path, what: str) -> None:
    python = make_python(tmp_path / "python")
    make = "[environment := Environment('mine'), setattr(environment.python, 'user_managed_dependencies', True), "
    make += f"setattr(environment.python, 'interpreter_path', {str(python)!r})][0]"
    run_id, status, printed, prepared = submit(tmp_path / "bare", {"train.py": SCRIPT}, what=what, environment=make)
    install_v1(packages_of(python))
    real = {"train.py": "import azureml.core\nprint(azureml.core.VERSION, azureml.core.__file__)\n"}

    _, _, told, explained = submit(tmp_path / "full", real, what=what, environment=make)

    assert (status, printed) == ("Completed", f"the run {run_id} aml_widgets.tracking.submitted_run\n")
    assert GIVEN in prepared
    assert told == f"the real one {packages_of(python) / 'azureml/core/__init__.py'}\n"
    assert f"'import azureml.core' in the script is azureml-core 1.42.0, which {python} has" in explained


def test_an_interpreter_that_does_not_answer_gets_none(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {"PATH": os.environ["PATH"]}

    told = put_v1_names(environment, program, tmp_path)

    assert told.startswith(f"Azure ML v1's import names are not given to the script: {program} did not say")
    assert environment == {"PATH": os.environ["PATH"]}


def test_an_interpreter_that_finds_another_package_of_ours_gets_none(tmp_path: Path) -> None:
    """A version without the names, on the submission's own path."""
    write(tmp_path, {"old/aml_widgets/__init__.py": ""})
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "old")}

    told = put_v1_names(environment, Path(sys.executable), tmp_path)

    assert told.endswith(f"they are not in {tmp_path / 'old/aml_widgets'}.")
    assert environment["PYTHONPATH"] == str(tmp_path / "old")


def test_the_names_come_behind_what_the_submission_names(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": "/own"}

    put_v1_names(environment, Path(sys.executable), tmp_path)

    first, last = environment["PYTHONPATH"].split(os.pathsep)
    assert first == "/own"
    assert Path(last, "azureml", "core", "__init__.py").is_file()
    before = dict(environment)

    put_v1_names(environment, Path(sys.executable), tmp_path)  # as where a script submits another one

    assert environment == before


@posix
def test_an_interpreter_that_never_answers_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {"PATH": os.environ["PATH"]}
    assert v1_names_path._TIMEOUT_SECONDS <= 20
    monkeypatch.setattr(v1_names_path, "_TIMEOUT_SECONDS", 0.1)

    told = put_v1_names(environment, program, tmp_path)

    assert f"{program} did not say what it has" in told
    assert environment == {"PATH": os.environ["PATH"]}
