"""Which built environments are in use, and the removal of those that are not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from aml_widgets.core.errors import RunEnvironmentError
from aml_widgets.submit.environments import environment_cache, interpreters
from aml_widgets.submit.submission import list_submissions


def find_used() -> frozenset[str]:
    """Give the keys of the environments that a run which has not ended needs, or that some process on this machine runs in."""
    return frozenset((*_list_needed(), *_list_running()))


def remove_environment(key: str) -> bool:
    """Remove a built environment, unless it is in use or about to be; say whether it is gone.

    A run that needs it later has it built again.

    Raises
    ------
    OSError
        If something of it cannot be removed. It is not used any more then.
    """
    return environment_cache.remove(key, is_used=lambda: key in find_used())


def _list_needed() -> Iterator[str]:
    for submission in list_submissions():
        try:
            key = interpreters.find_key(submission.environment)
        except RunEnvironmentError:  # it cannot be had here, so it is not one of these
            continue
        if key is not None:
            yield key


def _list_running() -> Iterator[str]:
    """Look where the programs of all processes lie, and where those look for programs that were started for an environment."""
    import psutil

    folder = environment_cache.get_folder()
    beginnings = {f"{place}{os.sep}" for place in (folder, Path(os.path.realpath(folder)))}
    for process in psutil.process_iter():
        try:
            places = list(process.cmdline())
            variables = process.environ()
            places += [*variables.get("PATH", "").split(os.pathsep), variables.get("VIRTUAL_ENV", "")]
        except (psutil.Error, OSError):  # another user's, or gone meanwhile
            continue
        for place in places:
            for beginning in beginnings:
                if place.startswith(beginning) and len(place) > len(beginning):
                    yield Path(place[len(beginning) :]).parts[0]
