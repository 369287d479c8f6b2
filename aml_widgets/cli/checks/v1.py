"""Azure ML SDK v1: whether it is installed itself, and whether its import names lead here."""

from __future__ import annotations

from collections.abc import Iterator

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
