"""Says whether an interpreter has Azure ML v1's own package `azureml.core`, and where it finds this one.

The interpreter of a script executes this file to tell its own: it stands alone, and needs nothing but Python's standard library.
"""

# os.path and not pathlib: an interpreter that is asked shall load no more than this needs.
# ruff: noqa: PTH118, PTH120
from __future__ import annotations

import sys

# The folder of this file has modules of ours, which must not be taken for others of the same name.
if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False) and not sys.flags.isolated:
    del sys.path[0]

import os
from importlib.machinery import PathFinder
from importlib.util import find_spec

_NAMES = os.path.join("azureml", "names")


def find_installed() -> str | None:
    """Say what of v1's own is there: ``azureml-core`` with its version, or with where it lies; None for nothing."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"azureml-core {version('azureml-core')}"
    except PackageNotFoundError:
        pass
    for entry in [one for one in sys.path if isinstance(one, str)]:  # Python passes over others, such as a Path
        folder = os.path.join(entry, "azureml")
        spec = PathFinder.find_spec("azureml.core", [folder]) if not entry.endswith(_NAMES) else None
        if spec is not None and spec.origin is not None:
            return f"azureml.core in {folder}"
    return None


def find_package() -> str | None:
    """Give the folder of the package ``aml_widgets`` that an import would load, None where there is none."""
    spec = find_spec("aml_widgets")
    return os.path.dirname(spec.origin) if spec is not None and spec.origin is not None else None


if __name__ == "__main__":
    import json

    print(json.dumps([find_installed(), find_package()]))  # noqa: T201 - this is how it answers
