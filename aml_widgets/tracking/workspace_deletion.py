"""Deleting a workspace, which never takes anybody's work with it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import Conflict, StoreError
from aml_widgets.core.records import ModelQuery, RunQuery, RunView
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

_VIEWS = (RunView.ALL, RunView.TRASH)


def delete_workspace(workspace: Workspace) -> None:
    """Delete the files of a workspace that holds no work, and its folder if nothing else is in it.

    Raises
    ------
    Conflict
        If it holds runs, also in the trash, models, environments, files in datastores, or secrets.
    CloudOnly
        If it is a tracking server.
    StoreError
        If its files cannot be deleted.
    """
    store = workspace.store
    if store.is_server:
        raise cloud_only(
            "Workspace.delete of a tracking server",
            f"Whoever runs {show(workspace.location)} can remove its runs there.",
        )
    held = _count_work(workspace)
    if held:
        raise Conflict(
            f"Workspace {workspace.name!r} holds {held}, and delete() takes no work with it. To delete all of it for good, delete the "
            f"folder {workspace.location!r}; 'aml-widgets export' copies runs elsewhere first.",
            value=workspace.name,
        )
    folder = workspace.location
    store.close()
    try:
        for path in store.own_paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"Workspace {workspace.name!r} could not be deleted: {error}. Delete the folder {folder!r} yourself.",
            value=folder,
        ) from error
    with contextlib.suppress(OSError):  # something else lies in it
        Path(folder).rmdir()


def _count_work(workspace: Workspace) -> str:
    """Say what work is in a workspace; an empty text if there is none."""
    from aml_widgets.tracking.keyvault import Keyvault

    store = workspace.store
    files = [file for one in workspace.datastores.values() for file in one.folder.rglob("*") if file.is_file()]
    counts = [
        (sum(store.count_runs(RunQuery(include_children=True, view=view)) for view in _VIEWS), "run", "runs"),
        (len(store.models.list_models(ModelQuery())), "version of a model", "versions of models"),
        (len(workspace.environments), "environment", "environments"),
        (len(files), "file in datastores", "files in datastores"),
        (len(Keyvault(workspace).list_secrets()), "secret", "secrets"),
    ]
    return ", ".join(f"{count:,} {one if count == 1 else several}" for count, one, several in counts if count)
