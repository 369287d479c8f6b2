"""Runs a submitted script as the program that it is, and leaves word of the error that it ends with.

The script's own interpreter executes this file: it stands alone, and needs nothing but Python's standard library. The script finds
all as if it had been started by hand: it is ``__main__``, its folder comes first on ``sys.path``, ``sys.argv`` is its own, tracebacks
begin with its own frames and the exit code is Python's.

Usage: ``driver.py PARENT_PID ERROR_FILE script PATH [argument...]`` or ``driver.py PARENT_PID ERROR_FILE command LINE``.
"""

# The folder of this file has modules of ours, which must never be taken for those of the same name that a script imports. So what
# stands first is to take it away from where modules are looked for.
# pathlib would be one more module that the script did not ask for; and whatever is raised here is answered:
# ruff: noqa: PTH100, PTH105, PTH120, BLE001
from __future__ import annotations

import sys

if not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
    del sys.path[0]

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_MAX_TEXT = 200_000
_OUR_ERRORS = "aml_widgets.core.error_kinds"  # whose `str()` may be more than what they say

_own_main = sys.modules["__main__"]  # kept: the script takes its place, and this code must live on


def run_script(script: str, arguments: list[str], error_file: str) -> None:
    """Run a Python file as the program of this process."""
    pid = os.getpid()
    path = os.path.abspath(script)
    loader_type: Any = type(_own_main.__loader__)  # importlib's SourceFileLoader
    main = type(sys)("__main__")
    main.__dict__.update(
        __file__=path,
        __loader__=loader_type("__main__", path),
        __builtins__=sys.modules["builtins"],
        __cached__=None,
        __package__=None,
    )
    if sys.version_info < (3, 14):
        main.__dict__.update(__annotations__={})
    sys.modules["__main__"] = main
    sys.argv = [script, *arguments]
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    try:
        with open(path, "rb") as file:
            source = file.read()
        exec(compile(source, path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102 - this is what a driver is for
    except SystemExit as error:
        if error.code not in (None, 0) and os.getpid() == pid:  # not in a process that the script has forked
            _leave_word(error, None, error_file)
        raise
    except BaseException as error:
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        if os.getpid() == pid:
            _leave_word(error, frames, error_file)
        try:
            sys.excepthook(type(error), error.with_traceback(frames), frames)
        except BaseException:
            sys.__excepthook__(type(error), error, frames)
        sys.excepthook = _say_nothing  # it is said; the interpreter shall only end as it does
        raise


def _say_nothing(*_: object) -> None:
    pass


def _leave_word(error: BaseException, frames: TracebackType | None, error_file: str) -> None:
    """Write the error down for the supervisor. Where that fails, the exit code has to tell all."""
    folder = sys.path[:1]
    try:
        del sys.path[:1]  # a script may have a json.py of its own beside it
        import json
        import traceback

        ours: Any = error if any(kind.__module__ == _OUR_ERRORS for kind in type(error).__mro__) else None
        try:
            message = str(error if ours is None else ours.message)
        except Exception:
            message = "<without a text>"
        text = "".join(traceback.format_exception(type(error), error, frames))
        if len(text) > _MAX_TEXT:
            text = text[: _MAX_TEXT // 2] + "\n...\n" + text[-_MAX_TEXT // 2 :]
        word = {
            "type": type(error).__name__ if ours is None else ours.class_name,
            "message": message[:_MAX_TEXT],
            "traceback": None if frames is None and isinstance(error, SystemExit) else text,
        }
        temporary = error_file + ".tmp"
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(word, file)
        os.replace(temporary, error_file)
    except Exception:
        return
    finally:
        sys.path[:0] = folder


def die_with(parent_pid: int) -> None:
    """See to it, where the system can, that this process is killed when its parent ends: nobody else would end it then."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    except Exception:
        return
    if os.getppid() != parent_pid:  # it ended before that was said
        os.kill(os.getpid(), _SIGKILL)


def main() -> None:
    """Do what the command line says."""
    parent_pid, error_file, kind, target = sys.argv[1:5]
    die_with(int(parent_pid))
    if kind == "command":
        os.execv("/bin/sh", ["sh", "-c", target])  # noqa: S606 - the line is the user's own
    run_script(target, sys.argv[5:], error_file)


if __name__ == "__main__":
    main()
