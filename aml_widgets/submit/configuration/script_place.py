"""Where the folder of a script is on this machine, and the script in it."""

from __future__ import annotations

import os
from pathlib import Path

from aml_widgets.core.errors import ConfigError, ScriptNotFound
from aml_widgets.submit.configuration.sections import find_alike

_RUN_WITH = {
    ".ipynb": "Make a script of it with 'jupyter nbconvert --to script', or give command='jupyter execute …' instead.",
    ".sh": "Give command='sh …' instead.",
    ".r": "Give command='Rscript …' instead.",
}


def find_source(source_directory: str | None) -> Path:
    """Give the source folder, absolute. Raises ConfigError where it is not there."""
    try:
        source = Path(os.path.abspath(Path(source_directory or ".").expanduser()))  # noqa: PTH100 - a link keeps its name
    except OSError as error:
        raise ConfigError(
            f"The source folder {source_directory or '.'!r} is relative to the current folder, and that was deleted. Go to one that "
            "is there with os.chdir, or give an absolute path as source_directory.",
            value=source_directory,
        ) from error
    if not source.is_dir():
        what = "is a file" if source.exists() else "is not there"
        raise ConfigError(
            f"The source folder {str(source)!r} {what}. Give the folder that the script is in as source_directory.",
            value=source_directory,
        )
    return source


def find_script(source: Path, script: str) -> str:
    """Give the path of a script below its source folder. Raises ScriptNotFound, and ConfigError for what is no Python script."""
    file = Path(os.path.abspath(source / Path(script).expanduser()))  # noqa: PTH100
    if not file.is_relative_to(source):
        raise ScriptNotFound(
            f"The script {script!r} is not below the source folder {str(source)!r}, and only that is copied. Give a "
            "source_directory that holds it.",
            value=script,
        )
    path = file.relative_to(source).as_posix()
    if file.is_dir():
        names = sorted(one.relative_to(source).as_posix() for one in file.glob("*.py"))
        raise ScriptNotFound(
            f"The script {script!r} is a folder. Give the file in it that is to run. "
            + (f"It has {', '.join(names[:10])}." if names else "It has no Python script at all."),
            value=script,
        )
    if not file.is_file():
        raise ScriptNotFound(
            f"The script {script!r} is not in the source folder {str(source)!r}. {_guess_script(source, script)}",
            value=script,
        )
    if way_out := _RUN_WITH.get(file.suffix.lower()):
        raise ConfigError(f"{script!r} is no Python script. {way_out}", value=script)
    return path


def _guess_script(source: Path, script: str) -> str:
    try:
        from_here = Path(os.path.abspath(script))  # noqa: PTH100
    except OSError:  # the current folder was deleted: nothing is relative to it
        from_here = source / script
    if from_here.is_file() and from_here.is_relative_to(source):
        return f"Its path is relative to that folder: did you mean {from_here.relative_to(source).as_posix()!r}?"
    names = sorted(one.name for one in source.glob("*.py"))
    if alike := find_alike(Path(script).name, names):
        return f"Did you mean {alike!r}?"
    return f"It has {', '.join(names[:10])}." if names else "It has no Python script at all."
