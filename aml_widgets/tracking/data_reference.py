"""A place in a datastore. Datastores are folders here, so it is a path, and scripts are given it as one."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import UserError
from aml_widgets.tracking import datastore_files
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.tracking.datastore import Datastore

_MODES = ("mount", "download", "upload")


class DataReference:
    """A place in a datastore: among the arguments of a script, with `open` and with `str` it is the path of a folder or file.

    Parameters
    ----------
    datastore : Datastore
        The datastore.
    data_reference_name : str, optional
        What it is called.
    path_on_datastore : str, optional
        Where in it. The whole of it without it.
    mode : {"mount", "download", "upload"}, optional
        How a script would have it in a cloud; here it has the place itself.
    path_on_compute : str, optional
        Refused: nothing is copied, so nothing would be there.
    overwrite : bool, optional
        Accepted, not looked at.

    Raises
    ------
    UserError
        For another mode, and for a path that leads out of the datastore.
    CloudOnly
        If there is a `path_on_compute`.
    StoreError
        If the folder of the datastore cannot be made.
    """

    def __init__(
        self,
        datastore: Datastore,
        data_reference_name: str | None = None,
        path_on_datastore: str | None = None,
        mode: str = "mount",
        path_on_compute: str | None = None,
        overwrite: bool = False,
    ) -> None:
        if mode not in _MODES:
            raise UserError(
                f"The mode of a data reference must be one of {', '.join(_MODES)}, got {show(mode)}.", value=mode
            )
        if path_on_compute is not None:
            raise cloud_only(
                f"A data reference with path_on_compute={show(path_on_compute)}",
                "Nothing is copied to the script: leave path_on_compute out, and give the reference to the script as an argument, "
                "which will be the path.",
            )
        self._local_path = datastore.locate(path_on_datastore)
        datastore_files.make_folder(
            datastore.folder
        )  # a datastore is there, also with nothing in it: a script may write there at once
        self.datastore = datastore
        self.path_on_datastore = path_on_datastore
        self.data_reference_name = data_reference_name or (
            datastore.name if self._local_path == datastore.folder else uuid.uuid4().hex
        )
        self.mode = mode
        self.path_on_compute = path_on_compute
        self.overwrite = overwrite

    @property
    def local_path(self) -> Path:
        """The folder or file that it names. It may be missing."""
        return self._local_path

    def path(self, path: str | None = None, data_reference_name: str | None = None) -> DataReference:
        """Name a place below this one.

        Parameters
        ----------
        path : str, optional
            Where, from here. This place itself without it.
        data_reference_name : str, optional
            What it is called.

        Returns
        -------
        DataReference
            The place.

        Raises
        ------
        UserError
            For a path that leads out of the datastore.
        """
        self.datastore.locate(path)  # said of what was given, not of the whole
        here = self.path_on_datastore
        whole = here if not path else path if not here else f"{here.rstrip('/')}/{path.lstrip('/')}"
        return DataReference(self.datastore, data_reference_name, whole)

    def as_mount(self) -> DataReference:
        """Give the place to a script: it reads and writes there itself.

        Returns
        -------
        DataReference
            The same place.
        """
        return self._with_mode("mount", None)

    def as_download(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """Give the place to a script, to be read. It is no copy.

        Parameters
        ----------
        path_on_compute : str, optional
            Refused.
        overwrite : bool, optional
            Accepted, not looked at.

        Returns
        -------
        DataReference
            The same place.

        Raises
        ------
        CloudOnly
            If there is a `path_on_compute`.
        """
        del overwrite
        return self._with_mode("download", path_on_compute)

    def as_upload(self, path_on_compute: str | None = None, overwrite: bool = False) -> DataReference:
        """Give a script a folder to write into, which is made if it is missing. What the script writes is there at once.

        Parameters
        ----------
        path_on_compute : str, optional
            Refused.
        overwrite : bool, optional
            Accepted, not looked at.

        Returns
        -------
        DataReference
            The same place.

        Raises
        ------
        CloudOnly
            If there is a `path_on_compute`.
        """
        del overwrite
        reference = self._with_mode("upload", path_on_compute)
        datastore_files.make_folder(self._local_path)
        return reference

    def _with_mode(self, mode: str, path_on_compute: str | None) -> DataReference:
        return DataReference(
            self.datastore, self.data_reference_name, self.path_on_datastore, mode=mode, path_on_compute=path_on_compute
        )

    def __fspath__(self) -> str:
        return str(self._local_path)

    def __str__(self) -> str:
        return str(self._local_path)

    def __repr__(self) -> str:
        return f"DataReference(datastore={self.datastore.name!r}, path_on_datastore={self.path_on_datastore!r}, mode={self.mode!r})"
