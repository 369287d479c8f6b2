"""Which Python versions a conda-style specification such as ``python=3.11`` means, and an interpreter on this machine that fits."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from pathlib import Path

from aml_widgets.core.errors import RunEnvironmentError

_PROBE = (
    "import json, platform, sys, sysconfig; "
    "print(json.dumps([platform.python_version(), sys.implementation.name, sysconfig.get_platform()]))"
)
_PROBE_TIMEOUT_SECONDS = 20.0
_AFTER_ALL = 10**6
_NAME = re.compile(r"python(3(\.\d+)?)?(\.exe)?")
_CLAUSE = re.compile(r"(?P<operator>==|>=|<=|!=|~=|=|>|<)?\s*(?P<version>\d+(\.\d+)*)(?P<rest>\.?\*)?")
_COMPARISONS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


@dataclass(frozen=True, slots=True)
class VersionRange:
    """The versions that a specification allows.

    Parameters
    ----------
    text : str
        The specification without the name, such as ``=3.11`` or ``>=3.10,<3.13``; empty where every version will do.
    """

    text: str

    def __post_init__(self) -> None:
        for _ in self._clauses():  # a clause that nobody understands is refused at once
            pass

    def allows(self, version: str) -> bool:
        """Say whether a version such as ``3.11.7`` is in the range."""
        found = to_numbers(version)
        return all(_fits(found, operator, wanted) for operator, wanted in self._clauses())

    def may_allow(self, major: int, minor: int) -> bool:
        """Say whether some version ``major.minor`` may be in the range: a quick look before an interpreter is asked."""
        for operator, wanted in self._clauses():
            if operator in {"=", "=="}:
                fits = wanted[:2] == (major, minor)[: len(wanted)]
            elif operator == "!=":
                fits = True
            else:
                last = 0 if operator.startswith("<") else _AFTER_ALL
                fits = _fits((major, minor, last), operator, wanted)
            if not fits:
                return False
        return True

    def _clauses(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        for clause in filter(None, (part.strip() for part in self.text.split(","))):
            if clause.lstrip("=") == "*":
                continue
            # conda writes a build behind the version: "=3.11.7=h955ad1f_0"
            match = _CLAUSE.fullmatch(re.sub(r"^(=?[\d.]+)=[^=]+$", r"\1", clause))
            if match is None:
                raise RunEnvironmentError(
                    f"'python{self.text}' is no Python version that is understood here. "
                    "Write 'python=3.11', or bounds such as 'python>=3.10,<3.13'.",
                    value=self.text,
                )
            operator = match["operator"] or "="
            if operator == "==" and match["rest"]:
                operator = "="
            yield operator, to_numbers(match["version"])


@dataclass(frozen=True, slots=True)
class FoundPython:
    """An interpreter that an environment can be built from.

    Attributes
    ----------
    path : Path
        The executable, absolute.
    version : str
        Such as ``3.11.7``.
    implementation : str
        Such as ``cpython``.
    platform : str
        Such as ``linux-x86_64``.
    """

    path: Path
    version: str
    implementation: str
    platform: str


def find_python(
    wanted: VersionRange, *, find_more: Callable[[], Sequence[Path]] = tuple
) -> tuple[FoundPython | None, list[FoundPython]]:
    """Find an interpreter: the one of this process if it fits, else the newest fitting one on ``PATH``.

    Parameters
    ----------
    wanted : VersionRange
        The versions that will do.
    find_more : callable, optional
        Gives executables that are looked at beside those on ``PATH``; asked only if the own one does not fit.

    Returns
    -------
    found : FoundPython or None
        None where nothing fits.
    others : list of FoundPython
        What was asked for its version and does not fit; what has another version in its name is not asked.
    """
    own = describe_this_python()
    if wanted.allows(own.version):
        return own, []
    looked_at = [own]
    for candidate in _candidates(find_more()):
        minor = _minor(candidate.name)
        python = _probe(candidate) if minor < 0 or wanted.may_allow(3, minor) else None
        if python is None:
            continue
        if wanted.allows(python.version):
            return python, looked_at
        looked_at.append(python)
    return None, looked_at


def describe_this_python() -> FoundPython:
    """Describe the interpreter of this process."""
    import platform
    import sysconfig

    return FoundPython(
        Path(sys.executable), platform.python_version(), sys.implementation.name, sysconfig.get_platform()
    )


def _candidates(others: Sequence[Path]) -> Iterator[Path]:
    """Give interpreters on ``PATH`` and those named: newest first as far as their names tell, each file once."""
    folders = [Path(folder) for folder in os.get_exec_path() if os.path.isabs(folder)]  # noqa: PTH117
    seen: set[str] = {os.path.realpath(sys.executable)}
    found: list[tuple[int, Path]] = []
    for folder in folders:
        try:
            names = [name for name in os.listdir(folder) if _NAME.fullmatch(name)]  # noqa: PTH208 - names are wanted
        except OSError:
            continue
        found.extend((_minor(name), folder / name) for name in names)
    found.extend((_minor(path.name), path) for path in others)
    for _, path in sorted(found, key=lambda one: -one[0]):  # stable: the order of PATH is kept
        real = os.path.realpath(path)
        if real not in seen and os.access(path, os.X_OK):
            if path.name == os.path.basename(real):  # noqa: PTH119 - shims of all versions are links to one file
                seen.add(real)
            yield path


def _minor(name: str) -> int:
    """Give 12 for ``python3.12``; names without a minor version come last, for they may be anything."""
    match = re.search(r"3\.(\d+)", name)
    return int(match[1]) if match else -1


def _probe(path: Path) -> FoundPython | None:
    """Ask an interpreter what it is; None where it does not answer, as the shims of a version manager may not."""
    try:
        answer = subprocess.run(  # noqa: S603 - an interpreter on the user's own PATH, and fixed arguments
            [path, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_TIMEOUT_SECONDS,
            check=True,
        )
        version, implementation, platform = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return FoundPython(path, version, implementation, platform)


def to_numbers(version: str) -> tuple[int, ...]:
    """Give ``(3, 11, 7)`` for ``3.11.7``; what stands behind the third number is left out."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _fits(found: tuple[int, ...], operator: str, wanted: tuple[int, ...]) -> bool:
    if operator == "=":  # "=3.11" means any 3.11
        return found[: len(wanted)] == wanted
    if operator == "~=":
        return found[: len(wanted) - 1] == wanted[:-1] and found >= wanted
    padded = wanted + (0,) * (len(found) - len(wanted))
    if operator == "==":
        return found == padded
    if operator == "!=":
        return found[: len(wanted)] != wanted
    return _COMPARISONS[operator](found, padded)
