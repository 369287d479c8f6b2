"""The doctor sees into other environments: kernels' and servers', also such as hang, are gone, or lack the package."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from aml_widgets.cli.checks import environments, interpreters
from aml_widgets.cli.checks.asking import NoAnswer, TooLate, ask
from aml_widgets.cli.checks.findings import Level

from .conftest import Call, Examine
from .doctor_report import found, only

pytest.importorskip("jupyter_server")
pytestmark = pytest.mark.usefixtures("jupyter")

SECRET = "hunter2-of-nobody"
START_SECONDS = 120.0


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment in which nothing is installed."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def add_kernel(jupyter: Path, name: str, *argv: str, language: str = "python", **env: str) -> None:
    folder = jupyter / "data" / "kernels" / name
    folder.mkdir(parents=True)
    spec = {"argv": [*argv, "-m", "ipykernel_launcher"], "display_name": name, "language": language, "env": env}
    (folder / "kernel.json").write_text(json.dumps(spec))


def test_a_kernel_without_the_package_is_a_warning_with_the_command(
    examine: Examine, jupyter: Path, bare: Path
) -> None:
    add_kernel(jupyter, "bare", str(bare), PASSWORD=SECRET)

    document = examine()

    warning = only(document, "environments", "kernel bare")
    assert (warning["level"], document["code"]) == ("warning", 0)
    assert f"aml_widgets is not installed in {bare.parents[1]}" in warning["text"]
    assert str(bare) in warning["command"]
    assert "install" in warning["command"]
    assert only(document, "environments", "kernel python3")["level"] == "ok"
    assert SECRET not in json.dumps(document)


def test_it_is_a_problem_where_no_kernel_has_the_package(bare: Path) -> None:
    here = interpreters.probe(sys.executable, seconds=60)
    question = (str(bare), None)
    kernel = environments.Kernel(name="bare", folder="kernels/bare", question=question, command=str(bare))
    answers = interpreters.probe_all([question], seconds=60)

    (finding,) = environments.check_kernels([kernel], answers, here)

    assert finding.level is Level.PROBLEM


def test_a_kernel_with_the_package_and_without_widgets_is_a_problem(
    examine: Examine, jupyter: Path, bare: Path
) -> None:
    add_kernel(jupyter, "half", str(bare), PYTHONPATH=str(Path(environments.__file__).parents[3]))

    document = examine()

    first, second = found(document, "environments", "kernel half")
    assert first["level"] == "warning"  # of an unknown version
    assert (second["level"], document["code"]) == ("problem", 1)
    assert "lacks ipywidgets, bqplot, anywidget" in second["text"]
    assert "ipywidgets bqplot anywidget" in second["command"]


def test_a_kernel_with_another_version_is_a_warning(
    examine: Examine, jupyter: Path, bare: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "packages" / "aml_widgets-0.0.1.dist-info" / "METADATA"
    facts.parent.mkdir(parents=True)
    facts.write_text("Metadata-Version: 2.1\nName: aml-widgets\nVersion: 0.0.1\n")
    sources = str(Path(environments.__file__).parents[3])
    add_kernel(jupyter, "old", str(bare), PYTHONPATH=os.pathsep.join([str(tmp_path / "packages"), sources]))

    document = examine()

    first, _ = found(document, "environments", "kernel old")
    assert first["level"] == "warning"
    assert f"has aml_widgets 0.0.1, and this environment {document['versions']['aml-widgets']}" in first["text"]
    assert str(bare) in first["command"]


def test_kernels_that_are_gone_or_no_python_are_told_apart(examine: Examine, jupyter: Path) -> None:
    add_kernel(jupyter, "gone", "/nowhere/bin/python")
    add_kernel(jupyter, "wrapped", "/bin/sh")
    add_kernel(jupyter, "r", "/usr/bin/R", language="R")

    document = examine()

    gone = only(document, "environments", "kernel gone")
    assert gone["level"] == "warning"
    assert "cannot be started" in gone["text"]
    assert gone["command"].endswith("kernelspecapp remove gone")
    assert only(document, "environments", "kernel wrapped")["level"] == "info"
    assert found(document, "environments", "kernel r") == []


def test_a_kernel_whose_file_is_broken_is_a_warning(examine: Examine, jupyter: Path) -> None:
    add_kernel(jupyter, "broken", "/usr/bin/python")
    file = jupyter / "data" / "kernels" / "broken" / "kernel.json"
    file.write_text("{")

    document = examine()

    told = only(document, "environments", "kernel broken")
    assert (told["level"], document["code"]) == ("warning", 0)
    assert f"{file} cannot be read" in told["text"]
    assert "JSONDecodeError" in told["text"]
    subprocess.run(told["command"], shell=True, check=True, capture_output=True, input=b"y\n")
    assert found(examine(), "environments", "kernel broken") == []


@pytest.mark.skipif(os.name != "posix", reason="a program of a shell stands for a server's")
def test_one_environment_by_two_names_is_told_once(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("python", "python3", f"python3.{sys.version_info.minor}")
    beside = [str(Path(sys.executable).with_name(name)) for name in names]
    other = next((name for name in beside if name != sys.executable and os.access(name, os.X_OK)), None)
    if other is None:
        pytest.skip("this interpreter has one name")
    program = tmp_path / "bin" / "jupyter-lab"
    program.parent.mkdir()
    program.write_text(f"#!{other}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    document = examine()

    assert only(document, "environments", "kernel python3")["level"] == "ok"
    assert only(document, "jupyter", "server extension")["level"] == "ok"
    assert found(document, "environments", "jupyter-lab on PATH") == []


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands for an interpreter")
def test_a_kernel_that_hangs_is_given_up(
    examine: Examine, jupyter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    add_kernel(jupyter, "hanging", str(python))
    asked = interpreters.probe

    def probe(path: str, *, seconds: float, environment: object = None) -> interpreters.Interpreter:
        return asked(path, seconds=2.0 if path == str(python) else seconds)

    monkeypatch.setattr(interpreters, "probe", probe)

    document = examine()

    assert "did not answer within 2 s" in only(document, "environments", "kernel hanging")["text"]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_what_a_program_prints_around_its_answer_is_passed_over() -> None:
    with pytest.raises(TooLate):
        ask([sys.executable, "-c", "input()\nwhile True: pass"], seconds=0.2) if os.name == "nt" else ask(
            ["sleep", "1000"], seconds=0.2
        )
    with pytest.raises(NoAnswer, match="exit code 3: no luck"):
        ask([sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); sys.exit(3)"], seconds=60)
    assert ask([sys.executable, "-c", "print('hello'); print('aml-widgets-answer:[1]'); print('bye')"], seconds=60) == [
        1
    ]


# -- v1


def test_whether_v1s_import_names_can_be_had_is_told(examine: Examine) -> None:
    document = examine()

    told = only(document, "azure ml v1", "import names")
    assert told["level"] == "ok"
    assert "`import azureml.core` gives aml_widgets" in told["text"]


def test_an_installed_azureml_core_is_told(examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = tmp_path / "packages" / "azureml_core-1.61.0.dist-info" / "METADATA"
    facts.parent.mkdir(parents=True)
    facts.write_text("Metadata-Version: 2.1\nName: azureml-core\nVersion: 1.61.0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))

    told = only(examine(), "azure ml v1", "import names")

    assert told["level"] == "warning"
    assert "azureml-core 1.61.0 is installed" in told["text"]
    assert told["command"].endswith("-m pip uninstall azureml-core")


# -- packages


def test_packages_that_are_too_old_are_told_with_the_command() -> None:
    pytest.importorskip("packaging")
    from aml_widgets.cli.checks import versions

    here = interpreters.probe(sys.executable, seconds=60)
    packages = {**here.packages, "ipywidgets": "7.0", "mlflow": "1.0"}
    del packages["bqplot"]
    old = interpreters.Interpreter(
        path=here.path,
        version=here.version,
        prefix=here.prefix,
        packages=packages,
        import_error=None,
        v1_error=None,
        jupyter=None,
        kernels=None,
    )

    told = {one.check: one for one in versions.check_floors(old)}

    assert set(told) == {"ipywidgets", "bqplot", "mlflow"}
    assert told["ipywidgets"].level is told["bqplot"].level is Level.PROBLEM
    assert told["mlflow"].level is Level.WARNING
    command = told["ipywidgets"].command or ""
    assert command.startswith(f"{sys.executable} -m pip install -U 'ipywidgets>=")
    assert list(versions.check_floors(here)) == []


def test_a_missing_package_is_a_problem_also_without_the_package_packaging(monkeypatch: pytest.MonkeyPatch) -> None:
    from aml_widgets.cli.checks import versions

    here = interpreters.probe(sys.executable, seconds=60)
    without = {name: text for name, text in here.packages.items() if name not in ("bqplot", "pyyaml", "ray")}
    poor = dataclasses.replace(here, packages={**without, "ipywidgets": "7.0"})
    monkeypatch.setattr(versions, "find_spec", lambda _: None)

    told = {one.check: one for one in versions.check_floors(poor)}
    whole = [one.check for one in versions.check_floors(here)]

    assert set(told) == {"floors", "bqplot", "pyyaml"}
    assert told["bqplot"].level is told["pyyaml"].level is Level.PROBLEM
    assert told["floors"].level is Level.INFO
    assert (told["bqplot"].command or "").startswith(f"{sys.executable} -m pip install 'bqplot>=")
    assert whole == ["floors"]
    assert {one.check for one in versions.check_floors(poor, where=" of kernel k")} == {
        "bqplot of kernel k",
        "pyyaml of kernel k",
    }


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("#!/opt/bin/python3\n", "/opt/bin/python3"),
        ("#!/bin/sh\n'''exec' \"/opt/a b/bin/python3\" \"$0\" \"$@\"\n' '''\n", "/opt/a b/bin/python3"),
        ("#!/usr/bin/env python3\n", shutil.which("python3")),
    ],
)
def test_the_interpreter_of_a_program_is_found(tmp_path: Path, head: str, wanted: str) -> None:
    script = tmp_path / "jupyter-lab"
    script.write_text(head)

    assert interpreters.find_script_python(str(script)) == wanted


def call_bare(bare: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(environments.__file__).parents[3]), "PATH": str(bare.parent)}
    command = [str(bare), "-B", "-m", "aml_widgets", "doctor", *arguments]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def test_it_works_where_nothing_else_is_installed(bare: Path, tmp_path: Path) -> None:
    done = call_bare(bare, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "it is not installed: neither JupyterLab nor MLflow find it" in done.stdout
    assert "workspace: home" in done.stdout
    assert not (tmp_path / "home").exists()


def test_a_server_without_its_client_is_a_problem_with_the_command(bare: Path, tmp_path: Path) -> None:
    done = call_bare(bare, tmp_path, "--json", "--workspace", "http://mlflow.example:5000")

    problem = only(json.loads(done.stdout), "workspace", "tracking server")
    assert (problem["level"], done.returncode) == ("problem", 1)
    assert "the package mlflow is not installed here" in problem["text"]
    assert problem["command"] == f"{bare} -m pip install 'aml-widgets[mlflow]'"


# -- servers that run


@contextmanager
def running_server(folder: Path, runtime: Path) -> Iterator[str]:
    """Start a Jupyter server, wait until it answers; give its token."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    token = SECRET
    command = [
        sys.executable,
        "-m",
        "jupyter_server",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--no-browser",
        "--allow-root",
    ]
    command += [f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    try:
        end = time.monotonic() + START_SECONDS
        while not list(runtime.glob("jpserver-*.json")) or not _answers(port):
            assert process.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield token
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _answers(port: int) -> bool:
    with closing(socket.socket()) as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_a_running_server_is_asked_and_its_token_is_not_told(
    examine: Examine, jupyter: Path, project: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with running_server(project, jupyter / "runtime"):
        document = examine()

    answered = only(document, "jupyter", "run browser")
    assert answered["level"] == "ok"
    assert f"version {document['versions']['aml-widgets']}" in answered["text"]
    assert SECRET not in json.dumps(document)


def test_a_server_that_was_started_before_the_extension_came_is_to_be_started_again(
    examine: Examine, jupyter: Path, project: Path
) -> None:
    file = jupyter / "config" / "jupyter_server_config.d" / "aml_widgets.server.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"ServerApp": {"jpserver_extensions": {"aml_widgets.server": false}}}')
    with running_server(project, jupyter / "runtime"):
        file.unlink()
        document = examine()

    problem = only(document, "jupyter", "run browser")
    assert (problem["level"], document["code"]) == ("problem", 1)
    assert "start it again" in problem["text"]


def test_notes_of_servers_that_are_gone_stay(examine: Examine, jupyter: Path) -> None:
    note = jupyter / "runtime" / "jpserver-1.json"
    note.parent.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pid = process.pid
    note.write_text(json.dumps({"pid": pid, "port": 8888, "url": "http://localhost:8888/", "token": SECRET}))
    (jupyter / "runtime" / "jpserver-2.json").write_text("{")
    reused = jupyter / "runtime" / "jpserver-3.json"
    reused.write_text(json.dumps({"pid": os.getpid(), "port": 8889, "url": "http://localhost:8889/", "token": SECRET}))
    os.utime(reused, (1.0e9, 1.0e9))  # long before this process began

    document = examine()

    assert found(document, "jupyter", "run browser") == []
    assert found(document, "environments", "server on port") == []
    assert note.exists()


def test_a_wrong_option_is_wrong_usage(call: Call) -> None:
    with pytest.raises(SystemExit) as end:
        call("doctor", "--fast")

    assert end.value.code == 2
