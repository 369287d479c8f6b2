"""How much a process can be given: one argument, or all of them with its environment variables, may be more than the system passes on."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence

from aml_widgets.core.errors import ConfigError

_OPTION = re.compile(r"--?[\w.\-]{1,40}")
_OWN_BYTES = 8 * 1024  # of what scripts are given beside: the interpreter, and the variables that tell them their run
_POINTER_BYTES = 8  # each text costs one beside itself
_MOST_ON_LINUX = 6 * 1024**2  # however large the stack may be
_WAY_OUT = "Write it to a file in the source folder, and give the script the file's name."


def refuse_what_no_process_takes(
    arguments: Sequence[str], command: str | None, variables: Mapping[str, str], *, own_bytes: int = _OWN_BYTES
) -> None:
    """Raise ConfigError where a script could not be started, because what it is given is too long.

    Parameters
    ----------
    arguments : sequence of str
        What the script is given.
    command : str or None
        A line for the shell, which is one argument of it.
    variables : mapping
        All environment variables of the script, those of this process among them.
    own_bytes : int, optional
        How much is left for what is not known yet.
    """
    limit = find_longest()
    if limit is not None:
        for index, argument in enumerate(arguments):
            if (size := _measure(argument)) > limit:
                option = arguments[index - 1] if index and _OPTION.fullmatch(arguments[index - 1]) else None
                _refuse_one(f"arguments[{index}]{f', behind {option!r},' if option else ''}", size, limit)
        if command is not None and (size := _measure(command)) > limit:
            _refuse_one("The command", size, limit)
        for name, value in variables.items():
            if (size := _measure(f"{name}={value}")) > limit:
                _refuse_one(f"The environment variable {name!r}", size, limit)
    most = find_most()
    if most is None:
        return
    given = sum(_measure(one) + 1 + _POINTER_BYTES for one in (*arguments, command or ""))
    around = sum(_measure(f"{name}={value}") + 1 + _POINTER_BYTES for name, value in variables.items())
    if given + around + own_bytes > most:
        what = f"{len(arguments):,} arguments" if command is None else "command"
        raise ConfigError(
            f"The script's {what} with {given:,} bytes and its environment variables with {around:,} are too much together: a "
            f"process on this system takes about {most - own_bytes:,} bytes of both. {_WAY_OUT}",
            value=given + around,
        )


def find_longest() -> int | None:
    """Give how many bytes one argument or variable may have, None where the system has no such limit."""
    return 32 * os.sysconf("SC_PAGE_SIZE") - 1 if sys.platform.startswith("linux") else None


def find_most() -> int | None:
    """Give how many bytes all arguments and variables may have together, None where that is not known."""
    if os.name == "nt":
        return None  # what counts there is the command line, quoted
    try:
        most = os.sysconf("SC_ARG_MAX")
    except (OSError, ValueError):
        return None
    if most <= 0:
        return None
    return min(most, _MOST_ON_LINUX) if sys.platform.startswith("linux") else most


def _refuse_one(what: str, size: int, limit: int) -> None:
    raise ConfigError(
        f"{what} has {size:,} bytes, and a process on this system takes at most {limit:,} in one. {_WAY_OUT}",
        value=size,
    )


def _measure(text: str) -> int:
    return len(text) if text.isascii() else len(os.fsencode(text))
