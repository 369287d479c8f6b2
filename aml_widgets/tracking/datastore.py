"""A workspace's datastores: folders beside its runs, by the names that every workspace of v1 has."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from aml_widgets.core.errors import NotFound, UserError
from aml_widgets.store import uri
from aml_widgets.tracking import datastore_files
from aml_widgets.tracking.arguments import check_workspace
from aml_widgets.tracking.data_reference import DataReference
from aml_widgets.tracking.datastore_cloud import WAY_OUT, CloudDatastores
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

DEFAULT_NAME = "workspaceblobstore"
NAMES = (DEFAULT_NAME, "workspacefilestore", "workspaceworkingdirectory", "workspaceartifactstore")
"""What every workspace has."""

_DEFAULT_FACT = "default_datastore"
_DRIVE = re.compile(r"[A-Za-z]:")


class Datastore(CloudDatastores):
    """One of a workspace's datastores, which is a folder here.

    It is ``datastore/<name>`` in the workspace's folder; for a workspace on a tracking server it is in ``AML_WIDGETS_HOME``, on this machine.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    name : str, optional
        The datastore. The workspace's default one without it.

    Raises
    ------
    NotFound
        If there is none of that name.
    """

    def __init__(self, workspace: Workspace, name: str | None = None) -> None:
        self._workspace = check_workspace(workspace, "A datastore is a workspace's")
        self._name = _check_name(workspace, _get_default_name(workspace) if name is None else name)

    # -- found

    @staticmethod
    def get(workspace: Workspace, datastore_name: str) -> Datastore:
        """Open a datastore.

        Parameters
        ----------
        workspace : Workspace
            The workspace.
        datastore_name : str
            The datastore.

        Returns
        -------
        Datastore
            The datastore.

        Raises
        ------
        NotFound
            If there is none of that name.
        """
        return Datastore(workspace, datastore_name)

    @staticmethod
    def get_default(workspace: Workspace) -> Datastore:
        """Open a workspace's default datastore.

        Parameters
        ----------
        workspace : Workspace
            The workspace.

        Returns
        -------
        Datastore
            The datastore.
        """
        return Datastore(workspace)

    def set_as_default(self) -> None:
        """Make it the workspace's default datastore."""
        set_default(self._workspace, self._name)

    def unregister(self) -> NoReturn:
        """Refuse: these folders belong to their workspace.

        Raises
        ------
        UserError
            Always.
        """
        raise UserError(
            f"Datastore {self._name!r} belongs to its workspace and cannot be unregistered. To be rid of its files, delete them in "
            f"{str(self.folder)!r}.",
            value=self._name,
        )

    # -- what it is

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def workspace(self) -> Workspace:
        """Its workspace."""
        return self._workspace

    @property
    def datastore_type(self) -> str:
        """Always ``Local``."""
        return "Local"

    @property
    def account_name(self) -> str:
        """Always ``local``: there is no storage account."""
        return "local"

    @property
    def container_name(self) -> str:
        """Its folder."""
        return str(self.folder)

    @property
    def folder(self) -> Path:
        """Its folder, which is made when a place in it is named or the first file is put there."""
        place = self._workspace.location
        if uri.is_tracking_uri(place):
            return uri.get_home() / ".datastores" / self._workspace.workspace_id / self._name
        return Path(place) / "datastore" / self._name

    def locate(self, path: str | None) -> Path:
        """Give the place in the folder that a path names.

        Parameters
        ----------
        path : str or None
            With ``/`` between its parts; one in front means nothing. None, ``/`` and ``.`` are the folder itself.

        Returns
        -------
        Path
            In the folder. It may be missing.

        Raises
        ------
        UserError
            For a path that leads out of the folder, also by a link.
        """
        if path is None:
            return self.folder
        if not isinstance(path, str) or "\0" in path:
            raise UserError(
                f"A path in a datastore must be a text such as 'data/train.csv', got {show(path)}.", value=path
            )
        parts = PurePosixPath(path.replace("\\", "/").lstrip("/")).parts
        found = self.folder.joinpath(*parts)
        has_drive = os.name == "nt" and any(_DRIVE.match(part) for part in parts)
        leaves = ".." in parts or has_drive
        if leaves or not found.resolve().is_relative_to(self.folder.resolve()):
            raise UserError(
                f"Path {path!r} leads out of datastore {self._name!r}. Give one that stays in it, such as 'data/train.csv'.",
                value=path,
            )
        return found

    # -- files

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> DataReference:
        """Name a place in it, to be given to a script.

        Parameters
        ----------
        path : str, optional
            Where in it. The whole of it without it.
        data_reference_name : str, optional
            What it is called.

        Returns
        -------
        DataReference
            The place; its `local_path`, and its `str`, are the path on this machine.

        Raises
        ------
        UserError
            For a path that leads out of it.
        """
        return DataReference(self, data_reference_name, path)

    def as_mount(self) -> DataReference:
        """Give the whole of it to a script: it reads and writes there itself.

        Returns
        -------
        DataReference
            The folder.
        """
        return self.path().as_mount()

    def as_download(self, path_on_compute: str | None = None) -> DataReference:
        """Give the whole of it to a script, to be read. It is no copy.

        Parameters
        ----------
        path_on_compute : str, optional
            Refused.

        Returns
        -------
        DataReference
            The folder.

        Raises
        ------
        CloudOnly
            If there is a `path_on_compute`.
        """
        return self.path().as_download(path_on_compute)

    def as_upload(self, path_on_compute: str | None = None) -> DataReference:
        """Give it to a script to write into.

        Parameters
        ----------
        path_on_compute : str, optional
            Refused.

        Returns
        -------
        DataReference
            The folder.

        Raises
        ------
        CloudOnly
            If there is a `path_on_compute`.
        """
        return self.path().as_upload(path_on_compute)

    def upload(
        self,
        src_dir: str | os.PathLike[str],
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Copy all files of a folder into it. Empty folders, links to folders, and what the workspace itself writes are left out.

        Parameters
        ----------
        src_dir : str or path
            The folder.
        target_path : str, optional
            The folder in the datastore to copy to. The datastore's own without it.
        overwrite : bool, optional
            Replace files that are there; they are left as they are otherwise.
        show_progress : bool, optional
            Print a line for each file.

        Returns
        -------
        DataReference
            The folder that was copied to.

        Raises
        ------
        UserError
            If `src_dir` is no folder, or `target_path` leads out of the datastore.
        """
        source = datastore_files.check_folder(src_dir)
        target = self.locate(target_path)
        found = datastore_files.list_files(source, leave_out=[self.folder.parent, *self._workspace.store.own_paths])
        copies = [(file, target / file.relative_to(source)) for file in found]
        self._copy_in(copies, overwrite=overwrite, show_progress=show_progress)
        return DataReference(self, path_on_datastore=target_path)

    def upload_files(
        self,
        files: Sequence[str | os.PathLike[str]],
        relative_root: str | os.PathLike[str] | None = None,
        target_path: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> DataReference:
        """Copy files into it.

        Parameters
        ----------
        files : list of str or path
            The files.
        relative_root : str or path, optional
            A folder above all of them: what is below it is kept of their paths. The lowest such folder without it.
        target_path : str, optional
            The folder in the datastore to copy to. The datastore's own without it.
        overwrite : bool, optional
            Replace files that are there; they are left as they are otherwise.
        show_progress : bool, optional
            Print a line for each file.

        Returns
        -------
        DataReference
            The folder that was copied to.

        Raises
        ------
        UserError
            If one is no file or not below `relative_root`, or `target_path` leads out of the datastore.
        """
        sources = datastore_files.check_files(files)
        root = datastore_files.find_root(sources, relative_root)
        target = self.locate(target_path)
        copies = [(file, target / file.relative_to(root)) for file in sources]
        self._copy_in(copies, overwrite=overwrite, show_progress=show_progress)
        return DataReference(self, path_on_datastore=target_path)

    def download(
        self,
        target_path: str | os.PathLike[str],
        prefix: str | None = None,
        overwrite: bool = False,
        show_progress: bool = True,
    ) -> int:
        """Copy files from it, with their whole paths.

        Parameters
        ----------
        target_path : str or path
            The folder to copy to, which is made.
        prefix : str, optional
            How the paths of the files begin. All files without it.
        overwrite : bool, optional
            Replace files that are there; they are left as they are otherwise.
        show_progress : bool, optional
            Print a line for each file.

        Returns
        -------
        int
            How many were copied.
        """
        target = Path(target_path).absolute()
        target.mkdir(parents=True, exist_ok=True)
        datastore_files.remove_leftovers(self.folder)
        begins = (prefix or "").lstrip("/")
        names = {
            file: file.relative_to(self.folder).as_posix()
            for file in datastore_files.list_files(self.folder, leave_out=[])
        }
        copies = [(file, target / name) for file, name in names.items() if name.startswith(begins)]
        for file, _ in copies:
            self.locate(names[file])
        return datastore_files.copy_files(copies, "Download", overwrite=overwrite, show_progress=show_progress)

    def _copy_in(self, copies: list[tuple[Path, Path]], *, overwrite: bool, show_progress: bool) -> None:
        for _, target in copies:
            self.locate(target.relative_to(self.folder).as_posix())  # a link in it may lead elsewhere
        datastore_files.copy_files(copies, "Upload", overwrite=overwrite, show_progress=show_progress)

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Datastore):
            return NotImplemented
        return (self._workspace, self._name) == (other._workspace, other._name)

    def __hash__(self) -> int:
        return hash((self._workspace, self._name))

    def __repr__(self) -> str:
        return f"Datastore(workspace={self._workspace!r}, name={self._name!r})"


def get_default(workspace: Workspace) -> Datastore:
    """Open a workspace's default datastore, `DEFAULT_NAME` until another is set."""
    return Datastore(workspace)


def set_default(workspace: Workspace, name: str) -> None:
    """Make a datastore the workspace's default one.

    Raises
    ------
    NotFound
        If there is none of that name.
    """
    check_workspace(workspace, "A default datastore is a workspace's")
    workspace.store.set_info({_DEFAULT_FACT: _check_name(workspace, name)})


def all_of(workspace: Workspace) -> dict[str, Datastore]:
    """Open all datastores of a workspace, by name."""
    return {name: Datastore(workspace, name) for name in NAMES}


def _get_default_name(workspace: Workspace) -> str:
    return workspace.store.get_info().get(_DEFAULT_FACT, DEFAULT_NAME)


def _check_name(workspace: Workspace, name: object) -> str:
    if not isinstance(name, str) or name not in NAMES:
        raise NotFound(
            f"There is no datastore {show(name)} in workspace {workspace.name!r}; there are: {', '.join(map(repr, NAMES))}. {WAY_OUT}",
            value=name,
        )
    return name
