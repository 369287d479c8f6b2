"""Which versions there are, and whether they are new enough."""

from __future__ import annotations

import platform
import re
import sqlite3
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from typing import NamedTuple

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.checks.interpreters import PACKAGE, Interpreter, find_requirement
from aml_widgets.store.sqlite.connection import OLDEST_SQLITE

AREA = "versions"

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._\-]*[A-Za-z0-9])?")

_SHOWN = (
    "ipywidgets",
    "bqplot",
    "anywidget",
    "traitlets",
    "ipykernel",
    "jupyterlab",
    "jupyter-server",
    "notebook",
    "tornado",
    "mlflow",
    "ray",
    "keyring",
)


def collect(here: Interpreter) -> dict[str, str]:
    """Give all versions, for programs."""
    return {
        "python": here.version,
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
        **{name: version for name, version in here.packages.items() if name != "pip"},
    }


def check(here: Interpreter) -> Iterator[Finding]:
    """Look at this Python, SQLite, and the packages that this package builds on."""
    yield _check_package(here)
    yield Finding(area=AREA, check="Python", level=Level.OK, text=f"{here.version}, {here.path}")
    yield _check_sqlite()
    yield Finding(area=AREA, check="system", level=Level.OK, text=platform.platform())
    ill = list(check_floors(here))
    told = {finding.check for finding in ill}
    for name in _SHOWN:
        if name in here.packages and name not in told:
            yield Finding(area=AREA, check=name, level=Level.OK, text=here.packages[name])
    yield from ill


def check_floors(here: Interpreter, *, area: str = AREA, where: str = "") -> Iterator[Finding]:
    """Look for packages that are missing or older than this package's own metadata asks for.

    Parameters
    ----------
    here : Interpreter
        Where aml_widgets is installed, too.
    area : str, optional
        Of the findings.
    where : str, optional
        Which interpreter that is, where it is not this process's.
    """
    has_packaging = find_spec("packaging") is not None
    if not has_packaging and not where:
        yield Finding(
            area=area,
            check="floors",
            level=Level.INFO,
            text="whether these are new enough is not looked at, because the package packaging is not installed",
        )
    try:
        lines = requires(PACKAGE) or []
    except PackageNotFoundError:  # its sources lie on the path, and nothing was installed
        lines = []
    for one in filter(None, map(_read_requirement if has_packaging else _read_name, lines)):
        version = here.packages.get(one.name)
        if version is None and one.is_needed:
            yield Finding(
                area=area,
                check=f"{one.name}{where}",
                level=Level.PROBLEM,
                text=f"{one.name} is not installed in {here.prefix}, and aml_widgets needs {one.wanted}",
                command=here.install(one.wanted),
            )
        elif version is not None and not one.allows(version):
            yield Finding(
                area=area,
                check=f"{one.name}{where}",
                level=Level.PROBLEM if one.is_needed else Level.WARNING,
                text=f"{one.name} {version} in {here.prefix} is too old: aml_widgets needs {one.wanted}",
                command=here.install("-U", one.wanted),
            )


class _Requirement(NamedTuple):
    """What this package's metadata ask for."""

    name: str
    wanted: str
    is_needed: bool
    allows: Callable[[str], bool]


def _read_requirement(line: str) -> _Requirement | None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        read = Requirement(line)
    except InvalidRequirement:
        return None
    return _Requirement(
        name=_to_name(read.name),
        wanted=f"{read.name}{read.specifier}",
        is_needed=read.marker is None or read.marker.evaluate({"extra": ""}),
        allows=lambda version: read.specifier.contains(version, prereleases=True),
    )


def _read_name(line: str) -> _Requirement | None:
    """Read what can be read without the package packaging: names, and whether they are asked for whatever the circumstances."""
    wanted, _, marker = line.partition(";")
    match = _NAME.match(wanted)
    if match is None:
        return None
    return _Requirement(
        name=_to_name(match[0]), wanted=wanted.strip(), is_needed=not marker.strip(), allows=lambda _: True
    )


def _to_name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


def _check_package(here: Interpreter) -> Finding:
    level, text = Level.OK, f"{here.package_version}, in {here.prefix}"
    if not here.has_package:
        level = Level.PROBLEM
        text = f"`import aml_widgets` fails in {here.path}, outside of this folder: {here.import_error}"
    elif PACKAGE not in here.packages:
        level = Level.WARNING
        text = "its sources are on the path, and it is not installed: neither JupyterLab nor MLflow find it"
    command = None if level is Level.OK else here.install(find_requirement(None))
    return Finding(area=AREA, check="aml_widgets", level=level, text=text, command=command)


def _check_sqlite() -> Finding:
    is_old = sqlite3.sqlite_version_info < OLDEST_SQLITE
    oldest = ".".join(map(str, OLDEST_SQLITE))
    return Finding(
        area=AREA,
        check="SQLite",
        level=Level.PROBLEM if is_old else Level.OK,
        text=f"{sqlite3.sqlite_version} is too old for workspaces in folders, which need {oldest}. A newer Python brings a newer one"
        if is_old
        else sqlite3.sqlite_version,
        command="uv python install 3.12" if is_old else None,
    )
