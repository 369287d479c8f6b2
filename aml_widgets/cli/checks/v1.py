"""Azure ML SDK v1: whether it is installed itself, and whether its import names lead here."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from aml_widgets.cli.checks.findings import Finding, Level
from aml_widgets.cli.checks.interpreters import Interpreter, find_requirement
from aml_widgets.core import v1_names

AREA = "azure ml v1"


def check(here: Interpreter) -> Iterator[Finding]:
    """Say what `import azureml.core` gives in this environment."""
    version = here.packages.get("azureml-core")
    if version is not None:
        yield Finding(
            area=AREA,
            check="import names",
            level=Level.WARNING,
            text=f"azureml-core {version} is installed in {here.prefix}: `import azureml.core` gives Microsoft's package, which needs its "
            "cloud, and `import aml_widgets.azureml` does not take its place. To run v1 notebooks here, remove it",
            command=here.command("-m", "pip", "uninstall", "azureml-core"),
        )
    elif here.other_v1 is not None:
        yield _tell_other(here.other_v1, here)
    elif here.v1_error is not None:
        text = f"`import aml_widgets.azureml` does not give v1's import names: {here.v1_error}"
        yield Finding(
            area=AREA,
            check="import names",
            level=Level.WARNING,
            text=text,
            command=here.install("--force-reinstall", "--no-deps", find_requirement(here.packages.get("aml-widgets"))),
        )
    elif v1_names.is_on():
        yield Finding(area=AREA, check="import names", level=Level.OK, text="`import azureml.core` gives aml_widgets")
    else:
        yield Finding(
            area=AREA,
            check="import names",
            level=Level.OK,
            text="`import aml_widgets.azureml` works; from then on `import azureml.core` gives aml_widgets",
        )


def _tell_other(file: str, here: Interpreter) -> Finding:
    """Tell of an `azureml.core` that no package has installed, and how its folder is taken off the path."""
    folder = Path(file).parents[2]
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    others = [entry for entry in entries if os.path.realpath(entry) != os.path.realpath(folder)]
    text = f"`import azureml.core` gives {file}, which belongs to no installed package, and not aml_widgets"
    if len(others) == len(entries):
        text = f"{text}. Take {folder} off the path of {here.path}"
        return Finding(area=AREA, check="import names", level=Level.WARNING, text=text)
    return Finding(
        area=AREA,
        check="import names",
        level=Level.WARNING,
        text=f"{text}. PYTHONPATH names its folder {folder}",
        command=f"export PYTHONPATH={shlex.quote(os.pathsep.join(others))}" if others else "unset PYTHONPATH",
    )
