"""The programs that environments of scripts are built with, and git, which says what was changed when a run was made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.checks.interpreters import Interpreter

AREA = "tools"


def check(here: Interpreter) -> Iterator[Finding]:
    """Look for uv, venv with pip, conda and git."""
    from aml_widgets.submit.environments.build_tools import find_conda, find_uv

    uv, conda = find_uv(), find_conda()
    # Debian takes ensurepip out of Python, and venv fails without it.
    has_venv = find_spec("venv") is not None and find_spec("ensurepip") is not None
    builders = [f"uv ({uv})"] if uv is not None else []
    builders += ["venv and pip"] if has_venv else []
    builders += [f"{conda.name} ({conda})"] if conda is not None else []
    if uv is not None or has_venv:
        yield Finding(area=AREA, check="environments", level=Level.OK, text=", ".join(builders))
    else:
        yield Finding(
            area=AREA,
            check="environments",
            level=Level.WARNING,
            text="there is neither uv nor a venv with pip: environments that scripts ask for cannot be built, unless conda does it",
            command=here.install("uv"),
        )
    git = shutil.which("git")
    install = "sudo apt-get install git" if os.path.exists("/etc/debian_version") else None  # noqa: PTH110
    yield Finding(
        area=AREA,
        check="git",
        level=Level.OK if git else Level.INFO,
        text=git or "not found: runs do not say which commit they were made from",
        command=None if git else install,
    )
