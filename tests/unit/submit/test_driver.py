"""A script under the driver finds all as if Python had been called with it, and ends as it would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aml_widgets.submit.supervision import driver

DRIVER = Path(driver.__file__)


class Ended:
    def __init__(self, process: subprocess.CompletedProcess[str], error_file: Path) -> None:
        self.exit_code = process.returncode
        self.stdout = process.stdout
        self.stderr = process.stderr
        self.error = json.loads(error_file.read_text()) if error_file.exists() else None


def run(
    folder: Path, source: str, *arguments: str, variables: dict[str, str] | None = None, by_hand: bool = False
) -> Ended:
    (folder / "work").mkdir(exist_ok=True)
    (folder / "work" / "train.py").write_text(source, encoding="utf-8")
    error_file = folder / "error.json"
    error_file.unlink(missing_ok=True)
    own = [] if by_hand else [str(DRIVER), str(os.getpid()), str(error_file), "script"]
    process = subprocess.run(
        [sys.executable, *own, "train.py", *arguments],
        cwd=folder / "work",
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(process, error_file)


LOOK_ROUND = """
'''A document.'''
import sys, inspect
print(sorted(vars()), __name__, __file__, __doc__, __spec__, __package__, type(__loader__).__name__, __builtins__)
print(sys.argv, sys.path[0], sys.modules["__main__"].__file__, sys.modules["__main__"] is inspect.getmodule(lambda: 0))
def f(x: int) -> int: ...
print(f.__annotations__, f.__module__)
"""


def test_a_script_sees_what_it_sees_when_it_is_run_by_hand(tmp_path: Path) -> None:
    under_driver = run(tmp_path, LOOK_ROUND, "--alpha", "0.5", "-h")

    assert under_driver.stdout == run(tmp_path, LOOK_ROUND, "--alpha", "0.5", "-h", by_hand=True).stdout
    assert (under_driver.exit_code, under_driver.error, under_driver.stderr) == (0, None, "")


ENDINGS = {
    "normal": "print('done')",
    "exit without a code": "import sys; sys.exit()",
    "exit 0": "import sys; sys.exit(0)",
    "exit 3": "import sys; sys.exit(3)",
    "exit 256": "import sys; sys.exit(256)",
    "exit with a text": "import sys; sys.exit('no data')",
    "exception": "def f():\n    raise ValueError('bad\\nlines')\nf()",
    "chained": "try:\n    1/0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "no text": "class Odd(Exception):\n    def __str__(self):\n        raise TypeError('no')\nraise Odd",
    "syntax": "x = = 1",
    "encoding": "# -*- coding: latin-1 -*-\nprint('ok')",
    "interrupt": "raise KeyboardInterrupt",
    "own hook": "import sys\nsys.excepthook = lambda t, v, b: print('hook', t.__name__, b.tb_frame.f_code.co_name)\nraise OSError(5, 'x')",
    "hook that fails": "import sys\ndef hook(*a):\n    raise RuntimeError('h')\nsys.excepthook = hook\nraise OSError('x')",
    "os._exit": "import os; os._exit(7)",
    "atexit": "import atexit; atexit.register(print, 'bye'); raise SystemExit(2)",
    "thread": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()\nraise ValueError",
    "recursion": "def f(): f()\nf()",
    "null byte": "x = '\0'",
    "future": "def f(x: undefined): ...",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_script_ends_as_by_hand(tmp_path: Path, ending: str) -> None:
    under_driver, by_hand = run(tmp_path, ENDINGS[ending]), run(tmp_path, ENDINGS[ending], by_hand=True)

    assert under_driver.exit_code == by_hand.exit_code
    assert under_driver.stdout == by_hand.stdout
    assert str(DRIVER) not in under_driver.stderr
    if ending not in ("hook that fails", "null byte", "recursion"):  # there Python's own C code words it otherwise
        assert under_driver.stderr == by_hand.stderr
    if ending == "exit 256":  # no failure to the system, which keeps one byte; what is left of it is not asked for then
        return
    has_failed_in_python = by_hand.exit_code != 0 and ending != "os._exit"
    assert (under_driver.error is not None) == has_failed_in_python


def test_the_error_has_type_message_and_the_frames_of_the_script_alone(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mylib.py").write_text("def deep():\n    raise ValueError('alpha must not be 0')\n")

    ended = run(tmp_path, "import mylib\nmylib.deep()")

    assert ended.error is not None
    assert (ended.error["type"], ended.error["message"]) == ("ValueError", "alpha must not be 0")
    traceback = ended.error["traceback"]
    assert traceback.startswith(
        f'Traceback (most recent call last):\n  File "{tmp_path}/work/train.py", line 2, in <module>'
    )
    assert traceback.count("File ") == 2
    assert traceback == ended.stderr


def test_an_exit_code_and_a_text_are_left_as_the_error(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys; sys.exit(3)").error == {"type": "SystemExit", "message": "3", "traceback": None}
    assert run(tmp_path, "import sys; sys.exit('no data')").error == {
        "type": "SystemExit",
        "message": "no data",
        "traceback": None,
    }


def test_modules_of_ours_are_not_taken_for_those_that_the_script_imports(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "import queue, multiprocessing.queues\nprint(hasattr(queue, 'Queue'), 'submit' in queue.__file__)"
    )

    assert ended.stdout == "True False\n"


def test_a_json_module_beside_the_script_does_not_hide_its_error(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "json.py").write_text("raise RuntimeError('not for import')\n")

    ended = run(tmp_path, "raise ValueError('bad')")

    assert ended.error is not None
    assert ended.error["type"] == "ValueError"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="safe path came with Python 3.11")
def test_a_safe_path_stays_safe(tmp_path: Path) -> None:
    source = "import sys; print(sys.path)"

    ended = run(tmp_path, source, variables={"PYTHONSAFEPATH": "1"})

    assert ended.stdout == run(tmp_path, source, variables={"PYTHONSAFEPATH": "1"}, by_hand=True).stdout


POOL = """
import multiprocessing, os, pickle, sys

class Model:
    def __init__(self, alpha): self.alpha = alpha

def double(model): return Model(2 * model.alpha)

if __name__ == "__main__":
    os.chdir("/")
    assert pickle.loads(pickle.dumps(Model(1))).alpha == 1
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print([model.alpha for model in pool.map(double, [Model(1), Model(2)])])
"""


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_processes_are_started_from_main(tmp_path: Path, method: str) -> None:
    if method not in __import__("multiprocessing").get_all_start_methods():
        pytest.skip(f"no {method} on this system")

    ended = run(tmp_path, POOL, method)

    assert (ended.stdout, ended.exit_code) == ("[2, 4]\n", 0), ended.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_process_that_fails_leaves_no_word_for_its_parent(tmp_path: Path) -> None:
    ended = run(tmp_path, "import os\nif os.fork() == 0:\n    raise ValueError('child')\nprint(os.wait()[1])")

    assert (ended.exit_code, ended.stdout, ended.error) == (0, "256\n", None)
    assert "ValueError: child" in ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux's kernel")
@pytest.mark.parametrize("repetition", range(3))
@pytest.mark.parametrize("kind", ["script", "command"])
def test_a_script_ends_when_its_parent_is_killed(tmp_path: Path, kind: str, repetition: int) -> None:
    (tmp_path / "train.py").write_text(
        "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(600)"
    )
    target = "train.py" if kind == "script" else "echo ready; sleep 600"
    parent = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, {str(DRIVER)!r}, str(os.getpid()), "error.json", {kind!r}, {target!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""
    with subprocess.Popen([sys.executable, "-c", parent], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)

    import psutil

    from tests.unit.submit.scripts import is_gone, until

    until(lambda: not psutil.pid_exists(pid) or is_gone(psutil.Process(pid)))
