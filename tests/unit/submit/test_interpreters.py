from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from aml_widgets.core.errors import EnvironmentBuildError, EnvironmentBuildStopped, RunEnvironmentError, StoreFull
from aml_widgets.submit.environments import build_tools
from aml_widgets.submit.environments.environment_cache import list_environments
from aml_widgets.submit.environments.interpreters import build_interpreter, find_interpreter
from aml_widgets.testing.support import wait_until
from tests.unit.local_wheels import environment_of, make_program, make_project, make_wheel, user_managed

UV = build_tools.find_uv()
needs_uv = pytest.mark.skipif(UV is None, reason="uv is not installed")
shell_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are programs of a shell")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def without_conda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_tools, "find_conda", lambda: None)


def build(environment: Mapping[str, object], *, stop: Callable[[], bool] = lambda: False) -> tuple[Path, list[str]]:
    lines: list[str] = []
    return build_interpreter(environment, lines.append, stop=stop), lines


def ask(interpreter: Path, program: str) -> str:
    answer = subprocess.run([interpreter, "-I", "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return answer.stdout.strip()


def left_behind(home: Path) -> list[str]:
    """Name what is kept of environments, locks aside."""
    root = home / ".environments"
    return sorted(path.name for path in root.iterdir() if path.name != ".locks") if root.exists() else []


# -- looked after by the user


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """A link is kept: what it leads to is another environment."""
    link = tmp_path / "python"
    link.symlink_to(sys.executable)

    assert find_interpreter(user_managed(str(link))) == link
    assert build(user_managed(str(link))) == (link, [])


@shell_only
def test_a_name_is_looked_up_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = make_program(tmp_path / "bin" / "python", "true")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    assert find_interpreter(user_managed("python")) == program
    assert find_interpreter({"python": {"userManagedDependencies": True}}) == program


def test_an_interpreter_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    told = {
        str(tmp_path / "none"): "does not exist",
        str(tmp_path): "is a folder",
        str(tmp_path / "file"): "cannot be executed",
        "venv/bin/python": "must be an absolute path",
        "./python": "must be an absolute path",
        "no-such-python": "on PATH",
    }

    for interpreter, what in told.items():
        with pytest.raises(RunEnvironmentError, match=what) as caught:
            find_interpreter(user_managed(interpreter))
        assert caught.value.value == interpreter
        assert sys.executable in caught.value.message

    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").chmod(0o755)
    assert find_interpreter(user_managed("~/file")) == tmp_path / "file"


# -- built


@pytest.mark.parametrize("tool", [pytest.param("uv", marks=needs_uv), "venv"])
def test_an_environment_is_built_once_and_isolated(
    tool: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tool == "venv":
        monkeypatch.setattr(build_tools, "find_uv", lambda: None)
    make_wheel(tmp_path, "tiny")
    environment = environment_of(f"--find-links {tmp_path}", "tiny == 1.0", dependencies=("python>=3.10",))
    assert find_interpreter(environment) is None

    built, lines = build(environment)

    assert ask(built, "import tiny; print(tiny.answer)") == "42"
    assert (
        ask(built, "import importlib.util as u; print(u.find_spec('pytest'), u.find_spec('aml_widgets'))")
        == "None None"
    )
    assert built.is_relative_to(home / ".environments")
    log = "\n".join(lines)
    assert lines[0].startswith("Building environment 'tiny' in ")
    assert "  tiny==1.0" in lines
    assert tool in log
    assert f"Environment 'tiny' was built in {lines[-1].split()[5]} s: {built}" == lines[-1]

    assert (
        find_interpreter(environment_of("tiny==1.0", f"--find-links {tmp_path}", dependencies=("python>=3.10",)))
        == built
    )
    assert build(environment) == (built, [f"Environment 'tiny' is there already: {built}"])
    assert [one.interpreter for one in list_environments()] == [built]
    # the lines may hold a password
    assert not list(home.rglob("requirements.txt"))


def test_an_environment_may_be_empty() -> None:
    built, _ = build(environment_of())

    assert ask(built, "import sys; print(sys.prefix != sys.base_prefix)") == "True"


def test_a_changed_wheel_makes_another_environment(tmp_path: Path) -> None:
    environment = environment_of(str(make_wheel(tmp_path, "tiny")))
    before, _ = build(environment)
    make_wheel(tmp_path, "tiny", content="answer = 43\n")

    after, _ = build(environment)

    assert (ask(before, "import tiny; print(tiny.answer)"), ask(after, "import tiny; print(tiny.answer)")) == (
        "42",
        "43",
    )


@pytest.mark.parametrize("tool", [pytest.param("uv", marks=needs_uv), "venv"])
def test_a_changed_folder_makes_another_environment(tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a module changes, not what says how the package is built."""
    if tool == "venv":
        monkeypatch.setattr(build_tools, "find_uv", lambda: None)
    folder = make_project(tmp_path, "tiny")
    before, _ = build(environment_of(str(folder)))
    (folder / "tiny.py").write_text("answer = 43\n")

    after, _ = build(environment_of(str(folder)))

    assert [ask(one, "import tiny; print(tiny.answer)") for one in (before, after)] == ["42", "43"]


def test_a_build_that_fails_tells_why_and_leaves_nothing(tmp_path: Path, home: Path) -> None:
    environment = environment_of(f"--find-links {tmp_path}", "no-such-package==1.0")
    lines: list[str] = []

    with pytest.raises(EnvironmentBuildError, match="no-such-package") as caught:
        build_interpreter(environment, lines.append, stop=lambda: False)

    assert caught.value.message.splitlines()[-1] == lines[-1]
    assert left_behind(home) == []
    assert find_interpreter(environment) is None


def test_a_build_can_be_stopped_and_leaves_nothing(home: Path) -> None:
    lines: list[str] = []

    with pytest.raises(EnvironmentBuildStopped):
        build_interpreter(environment_of(), lines.append, stop=lambda: bool(lines))

    assert left_behind(home) == []


def test_a_log_on_a_full_disk_ends_the_build(home: Path) -> None:
    def write_log(line: str) -> None:
        if line.startswith("$"):
            raise OSError(28, "No space left on device", "/full/log")

    with pytest.raises(EnvironmentBuildError, match="No space left on device") as caught:
        build_interpreter(environment_of(), write_log, stop=lambda: False)

    assert caught.value.value == "/full/log"
    assert left_behind(home) == []


def test_a_store_that_refuses_the_log_is_told_as_such(home: Path) -> None:
    def write_log(line: str) -> None:
        raise StoreFull(f"No room for {line}")

    with pytest.raises(StoreFull):
        build_interpreter(environment_of(), write_log, stop=lambda: False)

    assert left_behind(home) == []


def test_an_environment_whose_python_was_removed_is_built_again() -> None:
    environment = environment_of()
    broken, _ = build(environment)
    broken.unlink()
    assert find_interpreter(environment) is None

    built, _ = build(environment)

    assert built != broken
    assert ask(built, "print(1)") == "1"
    assert not broken.parent.exists()


def test_a_home_that_is_no_folder_is_told(home: Path) -> None:
    home.touch()

    with pytest.raises(EnvironmentBuildError, match="AML_WIDGETS_HOME"):
        build(environment_of())


# -- what this machine does not have


def test_a_python_that_is_not_here_is_told(without_conda: None) -> None:
    with pytest.raises(RunEnvironmentError, match="python=2.1, which is not on this machine") as caught:
        find_interpreter(environment_of(dependencies=("python=2.1",)))

    assert sys.executable in caught.value.message
    assert "uv python install" in caught.value.message


def test_packages_of_conda_without_conda_are_named(without_conda: None) -> None:
    environment = environment_of("tiny", dependencies=("python=3.11", "pip", "numpy=1.26", "cudatoolkit"))

    for function in (find_interpreter, lambda one: build(one)):
        with pytest.raises(
            RunEnvironmentError, match=r"cudatoolkit, numpy=1\.26.*micromamba, mamba nor conda.*Ask pip"
        ):
            function(environment)


CONDA = """
echo "$@" > {record}/arguments
while [ "$1" != --prefix ]; do shift; done
cp "$4" {record}/environment.yml
exec {python} -m venv --without-pip "$2"
"""


@shell_only
@pytest.mark.parametrize(
    ("program", "dependencies", "command"),
    [
        ("micromamba", ("python=3.11", "numpy=1.26"), "create --yes"),
        ("conda", ("numpy=1.26",), "env create"),
        ("conda", ("python=2.1",), "env create"),  # a Python that only conda can get
    ],
)
def test_conda_builds_what_it_alone_can(
    program: str, dependencies: tuple[str, ...], command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_program(tmp_path / "bin" / program, CONDA.format(record=tmp_path, python=sys.executable))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    environment = environment_of("tiny", dependencies=dependencies)
    assert find_interpreter(environment) is None

    built, _ = build(environment)

    assert find_interpreter(environment) == built
    assert ask(built, "print(1)") == "1"
    assert (tmp_path / "arguments").read_text().startswith(f"{command} --prefix ")
    packages = [one for one in dependencies if not one.startswith("python")]
    python = next((one for one in dependencies if one.startswith("python")), "python")
    assert json.loads((tmp_path / "environment.yml").read_text()) == {
        "channels": ["conda-forge"],
        "dependencies": [python, "pip", *packages, {"pip": ["--no-index", "tiny"]}],
    }


# -- several processes


BUILDER = """
import json, sys
from aml_widgets.submit.environments.interpreters import build_interpreter
print("=", build_interpreter(json.loads(sys.argv[1]), lambda line: print(line, flush=True), stop=lambda: False))
"""


@pytest.fixture
def slow_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an uv first on PATH that waits for the file whose path is given, and notes its process id beside it."""
    go_on = tmp_path / "go on"
    waits = f'[ "$1" = --version ] && exec echo uv 1.0; echo $$ >> "{tmp_path}/ids"; while [ ! -e "{go_on}" ]; do sleep 0.02; done; exec "{UV}" "$@"'
    make_program(tmp_path / "slow" / "uv", waits)
    monkeypatch.setenv("PATH", str(tmp_path / "slow"), prepend=os.pathsep)
    return go_on


@pytest.fixture
def start_builder(tmp_path: Path, slow_uv: Path) -> Iterator[Callable[[Mapping[str, object]], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(environment: Mapping[str, object]) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", BUILDER, json.dumps(environment)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start

    slow_uv.touch()  # whoever waits may end
    for process in started:
        process.kill()
        process.communicate()
    ids = (tmp_path / "ids").read_text().split() if (tmp_path / "ids").exists() else []
    wait_until(lambda: not any(psutil.pid_exists(int(pid)) for pid in ids))


def lines_until(process: subprocess.Popen[str], start: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith(start):
            return lines
    pytest.fail(f"no line began with {start!r}: {lines}")


@needs_uv
@shell_only
def test_of_two_that_want_the_same_one_builds_and_the_other_waits(
    start_builder: Callable[[Mapping[str, object]], subprocess.Popen[str]], slow_uv: Path, home: Path
) -> None:
    environment = environment_of()
    first = start_builder(environment)
    lines_until(first, "$")
    second = start_builder(environment)
    waiting = lines_until(second, "Another process builds")
    assert len(waiting) == 1

    slow_uv.touch()

    built = lines_until(first, "=")[-1]
    lines = lines_until(second, "=")
    assert lines == [f"Environment 'tiny' is ready: {built[2:]}", built]
    assert len(left_behind(home)) == 1


@needs_uv
@shell_only
def test_what_a_killed_builder_left_is_not_used(
    start_builder: Callable[[Mapping[str, object]], subprocess.Popen[str]], slow_uv: Path, tmp_path: Path, home: Path
) -> None:
    """Its tool goes on and may still write, into a folder that nobody uses."""
    environment = environment_of()
    killed = start_builder(environment)
    lines_until(killed, "$")
    wait_until(lambda: (tmp_path / "ids").exists() and (tmp_path / "ids").read_text().endswith("\n"))
    left = next((home / ".environments").glob("*/*"))
    killed.kill()
    killed.wait()
    assert find_interpreter(environment) is None
    next_one = start_builder(environment)
    lines_until(next_one, "$")

    slow_uv.touch()

    built = Path(lines_until(next_one, "=")[-1][2:])
    assert not built.is_relative_to(left)
    assert find_interpreter(environment) == built
    assert ask(built, "print(1)") == "1"


@needs_uv
@shell_only
def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path, home: Path) -> None:
    wheel = make_wheel(tmp_path, "tiny", content=f"answer = '{os.urandom(500_000).hex()}'\n")
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); {BUILDER.strip()}".replace(
            "; import json", "\nimport json"
        )
    )

    answer = subprocess.run(
        [sys.executable, "-c", program, json.dumps(environment_of(str(wheel)))],
        env={**os.environ, "UV_NO_CACHE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "EnvironmentBuildError" in answer.stderr
    assert left_behind(home) == []
