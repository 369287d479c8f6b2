"""Whether the import names of Azure ML v1 (`azureml.core` and others) are there, and where they are.

They are an entry at the end of `sys.path`, so that processes which take over `sys.path` from this one have them too, and so that an
installed package of the same name comes first.
"""

from __future__ import annotations

import sys
from pathlib import Path

PLACE = ("azureml", "names")
"""Where they are in this package, whichever copy of it; `v1_installed`, which stands alone, says it again."""

NAMES_FOLDER = Path(__file__).resolve().parents[1].joinpath(*PLACE)
"""The folder whose `azureml` stands for v1's packages."""


def is_on() -> bool:
    """Say whether `import azureml.core` gives this package's names in this process."""
    return any(is_names_folder(entry) for entry in sys.path or ())  # None while the interpreter ends


def is_names_folder(entry: object) -> bool:
    """Say whether an entry of `sys.path` is that of the names."""
    if not isinstance(entry, str):  # some programs put a Path there
        return False
    is_likely = entry.endswith(PLACE[-1]) and Path(entry).is_absolute()
    return is_likely and Path(entry).resolve() == NAMES_FOLDER
