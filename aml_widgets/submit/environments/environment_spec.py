"""What an environment asks for, brought into one form: Python versions, lines for pip, packages and channels for conda."""

from __future__ import annotations

import hashlib
import os
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments.pip_requirements import anchor_requirements, is_option, split_option
from aml_widgets.submit.environments.python_versions import VersionRange

_PYPI_HAS_IT_TOO = frozenset({"pip", "setuptools", "wheel"})
"""conda packages that mean the same on the package index, so that no conda is needed for them."""

_LEFT_OUT_OF_SOURCES = frozenset({".git", ".hg", ".svn", "__pycache__", "build", "dist", ".venv", ".tox", ".nox"})
_LARGE_BYTES = 16 * 1024**2
_EDITABLE = ("-e", "--editable")
_FILE_OPTIONS = frozenset({"-r", "--requirement", "-c", "--constraint", *_EDITABLE})
_NAMED_TARGET = re.compile(r"[\w.\-]+\s*(?:\[[^\]]*\])?\s*@\s*(?P<target>.+)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://|git\+")
_CONDA_NAME = re.compile(r"(?:(?P<channel>[^\s:]+)::)?(?P<name>[A-Za-z0-9._\-]+)\s*(?P<version>.*)", re.DOTALL)
_PLAIN_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._\-]*)(?P<rest>(\s*\[[\w\s.,\-]*\])?\s*([<>=!~][^;@#]*)?)"
)
# Found from its middle, since a pattern that begins with the scheme tries every letter of a long text as its beginning.
_CREDENTIALS = re.compile(r"://[^/@\s'\"]+@")
_SCHEME_CHARACTERS = frozenset(string.ascii_letters + string.digits + "+.-")
# Shared access signatures of Azure ("sig"), signed addresses of S3 and Google, keys of functions ("code") and of storage accounts.
_IN_QUERY = re.compile(
    r"(?<=[?&;])(?P<name>sig|sas|auth|code|key|[\w.\-]*(?:signature|credential|token|secret|password|passwd|pwd"
    r"|(?:api|account|access|subscription)[_\-]?key))=(?!\*)[^&;\s'\"#]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpec:
    """What an environment asks for, whatever builds it.

    Attributes
    ----------
    name : str
        How the user calls it.
    python : VersionRange
        Which Python versions will do.
    pip_lines : tuple of str
        Lines as in a requirements file: options first as they were given, then requirements by name.
    conda_packages : tuple of str
        What conda alone can install, without Python.
    channels : tuple of str
        Where conda looks for it.
    """

    name: str
    python: VersionRange
    pip_lines: tuple[str, ...]
    conda_packages: tuple[str, ...]
    channels: tuple[str, ...]

    @classmethod
    def read(cls, environment: Mapping[str, object]) -> EnvironmentSpec:
        """Read the mapping that `Environment.to_dict` gives.

        Raises
        ------
        RunEnvironmentError
            For what cannot be understood, or cannot be built in this version.
        """
        name = str(environment.get("name") or "environment")
        python = _mapping(environment.get("python"), "python", name)
        conda = _mapping(python.get("condaDependencies"), "condaDependencies", name)
        if not conda and python.get("condaDependenciesFile"):  # only who submits can say where it is
            raise RunEnvironmentError(
                f"Environment {name!r} names the file {python['condaDependenciesFile']!r} but not what is in it. "
                "Use Environment.from_conda_specification(name, file_path).",
                value=python["condaDependenciesFile"],
            )
        return _read_conda(name, conda)

    @property
    def needs_conda(self) -> bool:
        """Whether there is something in it that only conda can install."""
        return bool(self.conda_packages)

    def describe_contents(self) -> list[object]:
        """Give what makes two environments the same, files on this machine by their content."""
        return [self.python.text, self.pip_lines, self.conda_packages, self.channels, hash_local_files(self.pip_lines)]


def hide_credentials(text: str) -> str:
    """Leave user names, passwords, and what stands for them in a query, out of the addresses in a text: a log is shown to everybody."""
    return _IN_QUERY.sub(r"\g<name>=***", _CREDENTIALS.sub(_hide_user, text))


def _hide_user(found: re.Match[str]) -> str:
    """Mask what stands between a scheme and ``@``. A scheme has a letter; without one it is no address."""
    text = found.string
    for index in range(found.start() - 1, -1, -1):
        if text[index] not in _SCHEME_CHARACTERS:
            break
        if text[index].isalpha():
            return "://***@"
    return found[0]


def hash_local_files(pip_lines: Iterable[str]) -> dict[str, str]:
    """Give a hash for each file and folder on this machine that lines for pip name, so that a changed one is noticed.

    Raises
    ------
    RunEnvironmentError
        For one that is not there, or whose path is not absolute.
    """
    found: dict[str, str] = {}
    for line in pip_lines:
        path = _find_local_path(line)
        if path is None:
            continue
        if not path.exists():
            raise RunEnvironmentError(
                f"The environment asks for {str(path)!r}, which is not there. Check the path.", value=str(path)
            )
        is_editable = is_option(line) and split_option(line)[0] in _EDITABLE  # it is read from its folder at each run
        found[str(path)] = "editable" if is_editable else _hash(path)
    return found


def names_local_folder(pip_lines: Iterable[str]) -> bool:
    """Say whether lines for pip name a folder on this machine that a package is to be built from."""
    return any(path is not None and path.is_dir() for path in map(_find_local_path, pip_lines))


def _read_conda(name: str, conda: Mapping[str, object]) -> EnvironmentSpec:
    python = VersionRange("")
    pip_lines: list[str] = []
    packages: list[str] = []
    for dependency in _list(conda.get("dependencies"), "dependencies", name):
        if isinstance(dependency, Mapping):
            pip_lines.extend(_read_pip_lines(_list(dependency.get("pip"), "pip", name)))
            continue
        match = _CONDA_NAME.fullmatch(str(dependency).strip())
        if match is None:
            raise RunEnvironmentError(
                f"{dependency!r} in environment {name!r} is no conda package. Write 'name' or 'name=1.2'.",
                value=dependency,
            )
        package, version = match["name"].lower(), re.sub(r"\s+", "", match["version"])
        if package == "python":
            python = VersionRange(version if not version[:1].isdigit() else f"={version}")
        elif package in _PYPI_HAS_IT_TOO and not match["channel"]:
            pip_lines.append(_to_requirement(package, version))
        else:
            packages.append(f"{match['channel']}::{package}{version}" if match["channel"] else f"{package}{version}")
    channels = [str(channel) for channel in _list(conda.get("channels"), "channels", name)]
    return EnvironmentSpec(
        name=name,
        python=python,
        pip_lines=tuple(_normalize(pip_lines)),
        conda_packages=tuple(sorted(set(packages))),
        channels=tuple(channels) if packages else (),
    )


def _mapping(value: object, what: str, name: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RunEnvironmentError(f"{what!r} of environment {name!r} must be a mapping, got {value!r}.", value=value)
    return value


def _list(value: object, what: str, name: str) -> Sequence[object]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise RunEnvironmentError(f"{what!r} of environment {name!r} must be a list, got {value!r}.", value=value)
    return value


def _read_pip_lines(texts: Iterable[object]) -> Iterator[str]:
    """Give lines without comments and empty ones; requirements files that they name are read in."""
    lines = [line.strip() for text in texts for line in str(text).splitlines()]
    for line in lines:
        _find_local_path(line)  # a relative one is refused
    return anchor_requirements(lines, Path(os.sep))


def _normalize(lines: Iterable[str]) -> Iterator[str]:
    """Give options in their order, then requirements sorted; the same requirement written otherwise becomes the same text."""
    options: list[str] = []
    requirements: set[str] = set()
    for line in lines:
        if line.startswith("-"):
            if line not in options:
                options.append(line)
            continue
        match = _PLAIN_REQUIREMENT.fullmatch(line)
        if match is None:
            requirements.add(line)
        else:
            name = re.sub(r"[-_.]+", "-", match["name"]).lower()
            requirements.add(name + re.sub(r"\s+", "", match["rest"]))
    yield from options
    yield from sorted(requirements)


def _to_requirement(package: str, version: str) -> str:
    """Write a conda version as pip's: one ``=`` means any version that begins so."""
    bare = re.sub(r"^(=?[\d.]+)=[^=]+$", r"\1", version)  # without conda's build
    if re.fullmatch(r"=?\d+(\.\d+)*(\.?\*)?", bare):
        return f"{package}=={bare.lstrip('=').rstrip('.*')}.*"
    return package + bare


def _find_local_path(line: str) -> Path | None:
    """Give the file or folder on this machine that a line for pip names, None where it names none."""
    option, target = split_option(line) if is_option(line) else ("", line)
    if option and option not in _FILE_OPTIONS:
        return None
    target = re.split(r"\s;|\s--|\s#", target)[0].strip("'\" ")
    named = _NAMED_TARGET.fullmatch(target)
    target = named["target"] if named is not None else target
    if target.lower().startswith("file:"):
        return Path(unquote(urlsplit(target).path))
    if not target or _ADDRESS.match(target):
        return None
    target = re.sub(r"\[[\w\s.,\-]*\]$", "", target)  # extras behind a path
    is_archive = target.lower().endswith((".whl", ".zip", ".tar.gz"))
    if not (option or named or is_archive or "/" in target or os.sep in target or target in {".", ".."}):
        return None
    path = Path(target).expanduser()
    if not path.is_absolute():
        raise RunEnvironmentError(
            f"The environment asks for {target!r}, and paths must be absolute: it is built in a folder of its own.",
            value=line,
        )
    return path


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        for file in [path] if path.is_file() else sorted(_walk(path)):
            status = file.stat()
            digest.update(os.fsencode(file.relative_to(path)) + b"\0%d\0" % status.st_size)
            if file != path and status.st_size > _LARGE_BYTES:
                digest.update(b"%d\0" % status.st_mtime_ns)  # data beside the sources is not read whole for each script
                continue
            with file.open("rb") as reader:
                while chunk := reader.read(1 << 20):
                    digest.update(chunk)
    except OSError as error:
        raise RunEnvironmentError(
            f"The environment asks for {str(path)!r}, which cannot be read: {error.strerror or error}.", value=str(path)
        ) from error
    return digest.hexdigest()


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT_OF_SOURCES and not name.endswith(".egg-info")]
        files = (Path(place) / name for name in names if not name.endswith(".pyc"))
        yield from (file for file in files if file.is_file())  # no pipe that nobody writes, no link that leads nowhere
