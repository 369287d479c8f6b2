"""Files for the tests of the folder that keeps them."""

from __future__ import annotations

import io
from pathlib import Path

from aml_widgets.store.artifacts import FolderArtifactStore


def put(files: FolderArtifactStore, path: str, content: bytes = b"content") -> int:
    """Put a file into a run."""
    return files.put("run1", path, io.BytesIO(content))


def names_in(folder: Path) -> list[str]:
    """List all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
