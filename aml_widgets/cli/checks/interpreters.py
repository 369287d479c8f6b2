"""Interpreters, each asked once for what is installed in it, and the commands that install something there."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from aml_widgets.cli.checks import asking

PACKAGE = "aml-widgets"
_SHOWN_LANES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python, and what it told of itself.

    Attributes
    ----------
    path : str
        How it is started.
    version : str
        Python's.
    prefix : str
        The folder of its environment.
    packages : mapping of str to str
        Versions of what is installed, of the packages that matter here.
    import_error : str or None
        Why `import aml_widgets` fails there.
    v1_error : str or None
        Why `import aml_widgets.azureml` does not lead to v1's import names there.
    other_v1 : str or None
        The file of an `azureml.core` that stands in their way there and belongs to no installed package.
    jupyter : mapping or None
        Where its Jupyter looks for things; None without Jupyter.
    kernels : mapping or None
        The kernels that its Jupyter offers, by name; with ``error`` those that it cannot read, and leaves out.
    """

    path: str
    version: str
    prefix: str
    packages: Mapping[str, str]
    import_error: str | None
    v1_error: str | None
    jupyter: Mapping[str, Any] | None
    kernels: Mapping[str, Mapping[str, Any]] | None
    other_v1: str | None = None

    @property
    def has_package(self) -> bool:
        """Whether `import aml_widgets` works there."""
        return self.import_error is None

    @property
    def package_version(self) -> str:
        """The version of aml_widgets there, as far as it is known."""
        return self.packages.get(PACKAGE, "an unknown version")

    def command(self, *arguments: str) -> str:
        """Give a command line that runs something with this Python."""
        return shlex.join([self.path, *arguments])

    def install(self, *requirements: str) -> str:
        """Give the command line that installs something there."""
        if "pip" in self.packages:
            return self.command("-m", "pip", "install", *requirements)
        if shutil.which("uv") is not None:
            return shlex.join(["uv", "pip", "install", "--python", self.path, *requirements])
        return f"{self.command('-m', 'ensurepip')} && {self.command('-m', 'pip', 'install', *requirements)}"


def probe(
    path: str, *, seconds: float, environment: Mapping[str, str] | None = None, options: Iterable[str] = ()
) -> Interpreter:
    """Ask an interpreter. Raises `asking.NoAnswer`."""
    source = Path(__file__).with_name("probe.py").read_text(encoding="utf-8")
    command = [path, "-B", *options, "-c", source, asking.MARK]
    facts = asking.ask(command, seconds=seconds, environment=environment)
    return Interpreter(
        path=path,
        version=facts["version"],
        prefix=facts["prefix"],
        packages=facts["packages"],
        import_error=facts["import_error"],
        v1_error=facts["v1_error"],
        jupyter=facts["jupyter"],
        kernels=facts["kernels"],
        other_v1=facts["other_v1"],
    )


Question = tuple[str, "tuple[tuple[str, str], ...] | None"]
"""An interpreter, and the variables it is asked with; None: those of this process."""


def probe_all(questions: Iterable[Question], *, seconds: float) -> dict[Question, Interpreter | str]:
    """Ask several interpreters, each once; what stands in the place of one that gave no answer is the reason."""

    def ask(question: Question) -> Interpreter | str:
        path, variables = question
        try:
            return probe(path, seconds=seconds, environment=None if variables is None else dict(variables))
        except asking.NoAnswer as error:
            return str(error)

    unique = list(dict.fromkeys(questions))
    with ThreadPoolExecutor(_SHOWN_LANES) as pool:
        return dict(zip(unique, pool.map(ask, unique), strict=True))


def find_script_python(script: str) -> str:
    """Give the interpreter of a program that a package has installed, as its first lines name it."""
    try:
        with open(script, "rb") as file:
            head = file.read(1_000).decode("utf-8", "replace")
    except OSError:
        head = ""
    lines = head.splitlines()
    if lines and lines[0].startswith("#!"):
        words = shlex.split(lines[0][2:])
        if words[:1] == ["/bin/sh"] and len(lines) > 1 and lines[1].startswith("'''exec'"):
            words = shlex.split(lines[1])[1:]  # how pip writes paths that are too long for a first line, or have blanks
        if words and Path(words[0]).name == "env":
            words = [found for word in words[1:2] if (found := shutil.which(word)) is not None]
        if words and "python" in Path(words[0]).name.lower():
            return words[0]
    names = ("python.exe", "../python.exe") if os.name == "nt" else ("python", "python3")
    beside = (Path(os.path.realpath(script)).parent / name for name in names)
    return next((str(place) for place in beside if place.exists()), "")


def find_requirement(version: str | None) -> str:
    """Give what pip takes to install this very package: the folder that it was installed from, or its name and version."""
    try:
        text = distribution(PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        text = None
    url = json.loads(text).get("url", "") if text else ""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and Path(unquote(parts.path)).exists():
        return unquote(parts.path)
    return PACKAGE if version is None else f"{PACKAGE}=={version}"
