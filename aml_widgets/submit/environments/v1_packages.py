"""Packages of Azure ML v1 in an environment: where v1's import names are this package's, they would put v1 itself in their place."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from aml_widgets.submit.environments.pip_requirements import is_option, to_name

_FAMILY = "azureml-"
_WITHOUT_CORE = frozenset(
    {
        *("azureml-ai-monitoring", "azureml-assets", "azureml-dataprep", "azureml-dataprep-native"),
        *("azureml-dataprep-rslex", "azureml-dataset-runtime", "azureml-featurestore", "azureml-fsspec"),
        *("azureml-inference-server-http", "azureml-mlflow"),
    }
)
"""Those whose metadata name neither ``azureml-core`` nor what brings it. All others are taken to bring it, new ones too."""


def leave_out_v1(environment: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Take the packages that bring ``azureml-core`` out of what pip installs.

    Parameters
    ----------
    environment : mapping
        As `Environment.to_dict` gives it.

    Returns
    -------
    environment, left_out : dict, list of str
        A copy without them, and the lines that named them.
    """
    content = copy.deepcopy(dict(environment))
    left_out: list[str] = []
    conda = (content.get("python") or {}).get("condaDependencies") or {}
    for entry in conda.get("dependencies") or ():
        if isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            left_out += [line for line in entry["pip"] if _brings_core(line)]
            entry["pip"] = [line for line in entry["pip"] if not _brings_core(line)]
    return content, left_out


def _brings_core(line: object) -> bool:
    if not isinstance(line, str) or is_option(line):
        return False
    name = to_name(line)
    return name.startswith(_FAMILY) and name not in _WITHOUT_CORE
