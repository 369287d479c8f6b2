"""Deleting a workspace, which never takes anybody's work with it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import Conflict, StoreError
from aml_widgets.core.records import ModelQuery, RunQuery, RunView
from aml_widgets.tracking import datastore_files
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.store.protocol import RunStore
    from aml_widgets.tracking.workspace import Workspace

_VIEWS = (RunView.ALL, RunView.TRASH)


def delete_workspace(workspace: Workspace) -> None:
    """Delete the files of a workspace that holds no work, and its folder if nothing else is in it.

    What other processes write meanwhile comes before the deletion, which is then refused, or fails there.

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
    _check_has_no_work(workspace)  # without holding anybody up
    name = workspace.name
    folder = Path(workspace.location)
    datastores = [one.folder for one in workspace.datastores.values()]
    try:
        _delete_files(store, lambda: _check_has_no_work(workspace))
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(
            f"Workspace {name!r} could not be deleted: {error}. It holds no work: close the programs that have it open, and "
            f"delete the folder {str(folder)!r} yourself.",
            value=str(folder),
        ) from error
    for place in [*datastores, folder / "datastore", folder]:
        with contextlib.suppress(OSError):  # something lies in it, or it is not there
            place.rmdir()


def _delete_files(store: RunStore, check: Callable[[], None]) -> None:
    from aml_widgets.store.sqlite.store import SqliteRunStore

    if isinstance(store, SqliteRunStore):
        store.delete(check)
        return
    check()  # of one in memory, which no other process has
    store.close()
    for path in store.own_paths:
        shutil.rmtree(path)


def _check_has_no_work(workspace: Workspace) -> None:
    held = _count_work(workspace)
    if held:
        raise Conflict(
            f"Workspace {workspace.name!r} holds {held}, and delete() takes no work with it. To delete all of it for good, delete the "
            f"folder {workspace.location!r}; 'aml-widgets export' copies runs elsewhere first.",
            value=workspace.name,
        )


def _count_work(workspace: Workspace) -> str:
    """Say what work is in a workspace; an empty text if there is none."""
    from aml_widgets.tracking.keyvault import Keyvault

    store = workspace.store
    folders = [one.folder for one in workspace.datastores.values()]
    for folder in folders:
        datastore_files.remove_leftovers(folder)
    files = [file for folder in folders for file in folder.rglob("*") if file.is_symlink() or file.is_file()]
    counts = [
        (sum(store.count_runs(RunQuery(include_children=True, view=view)) for view in _VIEWS), "run", "runs"),
        (len(store.models.list_models(ModelQuery())), "version of a model", "versions of models"),
        (len(workspace.environments), "environment", "environments"),
        (len(files), "file in datastores", "files in datastores"),
        (len(Keyvault(workspace).list_secrets()), "secret", "secrets"),
    ]
    return ", ".join(f"{count:,} {one if count == 1 else several}" for count, one, several in counts if count)
