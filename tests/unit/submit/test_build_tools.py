from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from aml_widgets.core.errors import EnvironmentBuildError, EnvironmentBuildStopped
from aml_widgets.submit.environments import build_tools
from aml_widgets.submit.environments.build_tools import Console
from aml_widgets.testing.support import wait_until
from tests.unit.local_wheels import make_program

shell_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are programs of a shell")


class Log:
    """Keeps the lines of a build, and may ask for its end when it has read one."""

    def __init__(self, *, stop_at: str | None = None) -> None:
        self.lines: list[str] = []
        self._stop_at = stop_at

    def __call__(self, line: str) -> None:
        self.lines.append(line)

    def stop(self) -> bool:
        return self._stop_at is not None and any(line.startswith(self._stop_at) for line in self.lines)

    @property
    def console(self) -> Console:
        return Console(self, self.stop)


def run_python(log: Log, folder: Path, program: str) -> None:
    log.console.run([sys.executable, "-c", program], folder=folder)


def test_every_line_is_told_of_both_streams(tmp_path: Path) -> None:
    log = Log()

    run_python(
        log, tmp_path, "import sys, os; print(os.getcwd()); print('fault', file=sys.stderr); print('no end', end='')"
    )

    assert log.lines[1:] == [os.path.realpath(tmp_path), "fault", "no end"]
    assert log.lines[0].startswith(f"$ {sys.executable} -c")


def test_lines_come_while_the_tool_runs_on(tmp_path: Path) -> None:
    """The tool ends only when a line of it was told."""
    told = tmp_path / "told"
    lines: list[str] = []

    def write_log(line: str) -> None:
        lines.append(line)
        if line == "first":
            told.touch()

    program = f"import pathlib, time\nprint('first')\nwhile not pathlib.Path({str(told)!r}).exists(): time.sleep(0.01)\nprint('last')"
    Console(write_log, lambda: False).run([sys.executable, "-c", program], folder=tmp_path)

    assert lines[-2:] == ["first", "last"]


def test_much_output_is_told_whole(tmp_path: Path) -> None:
    log = Log()

    run_python(log, tmp_path, "for i in range(20_000): print('line', i)")

    assert log.lines[1:] == [f"line {i}" for i in range(20_000)]


def test_a_tool_that_fails_is_an_error_with_its_last_lines(tmp_path: Path) -> None:
    log = Log()

    with pytest.raises(EnvironmentBuildError, match="exit code 3") as caught:
        run_python(log, tmp_path, "for i in range(100): print('line', i)\nraise SystemExit(3)")

    assert caught.value.message.endswith("line 98\nline 99")
    assert "line 10\n" not in caught.value.message
    assert caught.value.value == 3


def test_a_tool_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentBuildError, match="cannot be started"):
        Log().console.run([tmp_path / "none"], folder=tmp_path)


def test_passwords_are_never_told(tmp_path: Path) -> None:
    log = Log()

    with pytest.raises(EnvironmentBuildError) as caught:
        run_python(log, tmp_path, "print('Looking in https://ada:secret@host.example/simple'); raise SystemExit(1)")

    assert "secret" not in "\n".join([*log.lines, caught.value.message])
    assert "Looking in https://***@host.example/simple" in log.lines


def test_variables_that_would_lead_the_tool_astray_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PYTHONPATH", "PIP_TARGET", "PIP_USER", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://host.example/simple")
    log = Log()

    run_python(
        log, tmp_path, "import os; print(*sorted(f'{n}={v}' for n, v in os.environ.items() if n[:3] in 'PIP PYT VIR'))"
    )

    told = log.lines[-1].split()
    assert "PIP_INDEX_URL=https://host.example/simple" in told
    assert "PIP_USER=0" in told
    assert not [one for one in told if one.startswith(("PYTHONPATH", "PIP_TARGET", "VIRTUAL_ENV"))]


TREE = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; {stubborn}; print('ready', flush=True); time.sleep(600)"])
{stubborn}
print("ids", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


@shell_only
@pytest.mark.parametrize("stubborn", ["pass", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_a_stopped_tool_ends_with_all_that_it_started(
    stubborn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_tools, "_GRACE_SECONDS", 0.3)
    log = Log()
    console = Console(log, lambda: {"ready", "ids"} <= {line.split()[0] for line in log.lines})

    with pytest.raises(EnvironmentBuildStopped):
        console.run([sys.executable, "-c", TREE.format(stubborn=stubborn)], folder=tmp_path)

    ids = [int(one) for line in log.lines if line.startswith("ids") for one in line.split()[1:]]
    assert len(ids) == 2
    wait_until(lambda: not any(is_running(pid) for pid in ids))


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@shell_only
def test_a_log_that_fails_ends_the_tool(tmp_path: Path) -> None:
    ids: list[int] = []

    def write_log(line: str) -> None:
        if line.isdigit():
            ids.append(int(line))
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        Console(write_log, lambda: False).run(
            [sys.executable, "-c", "import os, time; print(os.getpid()); time.sleep(600)"], folder=tmp_path
        )

    assert [is_running(pid) for pid in ids] == [False]


@shell_only
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a process that its parent has ended")
def test_a_tool_ends_when_who_runs_it_is_killed(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from aml_widgets.submit.environments.build_tools import Console
tool = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
Console(lambda line: print(line, flush=True), lambda: False).run([sys.executable, "-c", tool], folder=Path({str(tmp_path)!r}))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        runner.stdout.readline()
        tool = psutil.Process(int(runner.stdout.readline()))
        runner.kill()
    _, alive = psutil.wait_procs([tool], timeout=30)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_a_process_that_holds_the_output_open_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_tools, "_LAST_LINES_SECONDS", 0.2)
    log = Log()
    program = "import subprocess, sys; held = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(held.pid)"

    run_python(log, tmp_path, program)

    held = psutil.Process(int(log.lines[-1]))
    assert held.is_running()
    held.kill()


@shell_only
def test_uv_and_conda_are_looked_for_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CONDA_EXE", raising=False)
    assert build_tools.find_conda() is None
    uv, conda = make_program(tmp_path / "uv", "echo uv 1.0"), make_program(tmp_path / "conda", "true")
    assert (build_tools.find_uv(), build_tools.find_conda()) == (uv, conda)

    micromamba = make_program(tmp_path / "micromamba", "true")

    assert build_tools.find_conda() == micromamba

    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CONDA_EXE", str(conda))
    assert build_tools.find_conda() == conda


@shell_only
def test_an_uv_that_does_not_answer_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the shims of a version manager do."""
    packaged = make_program(tmp_path / "package" / "uv", "echo uv 1.0")
    make_program(tmp_path / "uv", "echo 'uv: command not found' >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "uv.py").write_text(f"def find_uv_bin():\n    return {str(packaged)!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "uv", raising=False)

    assert build_tools.find_uv() == packaged
    packaged.unlink()

    assert build_tools.find_uv() is None
    monkeypatch.delitem(sys.modules, "uv")


@pytest.fixture
def pip_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file that alone holds settings of pip, and see to it that uv has none."""
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "pip.conf"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    return file


def test_uv_hears_where_pip_gets_packages_from(
    pip_settings: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip_settings.write_text(
        "[global]\nindex-url = https://ada:x@house.example/simple\nextra-index-url =\n  https://a.example\n  https://b.example\n"
        "find-links = /global\nno-index = false\n[install]\nfind-links = /install\n"
    )
    global_lines = [
        "--index-url https://ada:x@house.example/simple",
        "--extra-index-url https://a.example",
        "--extra-index-url https://b.example",
    ]

    assert build_tools._read_pip_settings(["numpy"]) == [*global_lines, "--find-links /install"]
    monkeypatch.setenv("PIP_FIND_LINKS", "/variable")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert build_tools._read_pip_settings(["numpy"]) == [*global_lines, "--find-links /variable", "--no-index"]

    # whoever says it in the environment, or to uv itself, is asked nothing
    assert build_tools._read_pip_settings(["--index-url https://own.example", "numpy"]) == []
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert build_tools._read_pip_settings(["numpy"]) == []
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").touch()
    assert build_tools._read_pip_settings(["numpy"]) == []


def test_without_settings_of_pip_uv_hears_nothing(pip_settings: Path) -> None:
    pip_settings.write_text("")

    assert build_tools._read_pip_settings(["numpy"]) == []
