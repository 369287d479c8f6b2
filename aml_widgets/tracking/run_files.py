"""Files of a run: uploaded, downloaded, tracked in a folder; and its snapshot."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO, cast

from aml_widgets.core.errors import (
    ArtifactExists,
    ArtifactNotFound,
    InvalidArtifact,
    SnapshotError,
    SnapshotNotFound,
    UserError,
    message_of,
)
from aml_widgets.core.records import ArtifactRecord
from aml_widgets.store.artifacts import normalize_artifact_path
from aml_widgets.tracking.arguments import check_path
from aml_widgets.tracking.provenance import SNAPSHOT_ID, SNAPSHOT_SKIPPED
from aml_widgets.tracking.run_base import RunBase
from aml_widgets.tracking.values import show, show_type
from aml_widgets.tracking.warn import warn_softly, warn_user

OUTPUTS = "outputs"
"""Under this name the files of the tracked folder are uploaded, whatever the folder is called."""

_SHOWN_FILES = 20


class RunFiles(RunBase):
    """The files of a run."""

    def upload_file(
        self, name: str, path_or_stream: str | os.PathLike[str] | IO[bytes], datastore_name: str | None = None
    ) -> ArtifactRecord:
        """Copy a file into the run. A path is written once; the same content again is accepted.

        Parameters
        ----------
        name : str
            Path among the run's files, such as ``outputs/model.pkl``.
        path_or_stream : str, path or binary stream
            What to copy.
        datastore_name : str, optional
            Not supported: files of a run are kept beside its workspace.

        Returns
        -------
        ArtifactRecord
            Path and size of what was written.

        Raises
        ------
        ArtifactExists
            If the run has another file of that path.
        InvalidArtifact
            For a bad path, or a file that cannot be read.
        """
        _refuse_datastore(datastore_name)
        return self._put(to_artifact_path(name), _to_content(name, path_or_stream))

    def upload_files(
        self,
        names: Sequence[str],
        paths: Sequence[str | os.PathLike[str]],
        return_artifacts: bool = False,
        timeout_seconds: float | None = None,
        datastore_name: str | None = None,
    ) -> list[ArtifactRecord] | None:
        """Copy several files into the run.

        Parameters
        ----------
        names : sequence of str
            Paths among the run's files.
        paths : sequence of str or path
            The files, as many as names.
        return_artifacts : bool, optional
            Give what was written.
        timeout_seconds : float, optional
            Accepted for v1's sake; copying is not waited for.
        datastore_name : str, optional
            Not supported.

        Returns
        -------
        list of ArtifactRecord or None
            One for each file, if they are asked for.

        Raises
        ------
        UserError
            If there are not as many names as paths.
        """
        del timeout_seconds
        _refuse_datastore(datastore_name)
        if isinstance(names, str) or isinstance(paths, (str, os.PathLike)) or len(names) != len(paths):
            raise UserError(
                f"There must be as many names as paths, in two lists; got {show(names)} and {show(paths)}. "
                "Use upload_file for one file.",
                value=names,
            )
        if len(set(names)) != len(names):
            warn_user(
                f"Some names are given twice: {show(names)}. Of files with one name, only equal ones are accepted."
            )
        artifacts = [self.upload_file(name, path) for name, path in zip(names, paths, strict=True)]
        return artifacts if return_artifacts else None

    def upload_folder(
        self, name: str, path: str | os.PathLike[str], datastore_name: str | None = None
    ) -> list[ArtifactRecord]:
        """Copy every file under a folder into the run; empty folders and the workspace itself are not kept.

        Parameters
        ----------
        name : str
            Path of the folder among the run's files.
        path : str or path
            The folder.
        datastore_name : str, optional
            Not supported.

        Returns
        -------
        list of ArtifactRecord
            One for each file.

        Raises
        ------
        InvalidArtifact
            If it is no folder.
        """
        _refuse_datastore(datastore_name)
        folder = Path(path)
        if not folder.is_dir():
            raise InvalidArtifact(
                f"{str(folder)!r} is no folder. Give a folder that exists, or use upload_file for a file.", value=path
            )
        prefix = name.rstrip("/")
        return [
            self._put(to_artifact_path(f"{prefix}/{below}" if prefix else below), file)
            for below, file in self._walk(folder)
        ]

    def get_file_names(self) -> list[str]:
        """List the paths of the run's files, among them logs and pictures.

        Returns
        -------
        list of str
            Sorted; empty when there is none.
        """
        return [artifact.path for artifact in self._store.list_artifacts(self._run_id)]

    def download_file(
        self, name: str, output_file_path: str | os.PathLike[str] | None = None, _validate_checksum: bool = False
    ) -> str:
        """Copy one of the run's files to a local path, overwriting what is there.

        Parameters
        ----------
        name : str
            Path among the run's files.
        output_file_path : str or path, optional
            A file, or a folder that exists. Without it, the file's own name in the current folder.

        Returns
        -------
        str
            Where it was written.

        Raises
        ------
        ArtifactNotFound
            If the run has no such file; the message lists those it has.
        """
        path = self._find_artifact(name)
        base_name = path.rpartition("/")[2]
        target = Path(base_name) if output_file_path is None else Path(output_file_path)
        is_folder = target.is_dir() or (
            output_file_path is not None and os.fspath(output_file_path).endswith(("/", os.sep))
        )
        if is_folder:
            target /= base_name
        self._store.artifacts.copy_to(self._run_id, path, target)
        return str(target)

    def download_files(
        self,
        prefix: str | None = None,
        output_directory: str | os.PathLike[str] | None = None,
        output_paths: Sequence[str | os.PathLike[str]] | None = None,
        batch_size: int = 100,
        append_prefix: bool = True,
        timeout_seconds: float | None = None,
    ) -> list[str]:
        """Copy several of the run's files to a local folder, overwriting what is there.

        Parameters
        ----------
        prefix : str, optional
            Only files whose path starts so.
        output_directory : str or path, optional
            Where to; the current folder without it.
        output_paths : sequence of str or path, optional
            One local path for each file instead, in the order of `get_file_names`.
        batch_size : int, optional
            Accepted for v1's sake.
        append_prefix : bool, optional
            Keep the prefix in local paths. Leaving it out needs `output_directory`.
        timeout_seconds : float, optional
            Accepted for v1's sake.

        Returns
        -------
        list of str
            Where they were written.

        Raises
        ------
        UserError
            For arguments that contradict each other.
        """
        del batch_size, timeout_seconds
        paths = [path for path in self.get_file_names() if prefix is None or path.startswith(prefix)]
        if output_paths is not None and output_directory is not None:
            raise UserError("Give output_directory or output_paths, not both.", value=output_paths)
        if output_paths is not None and len(output_paths) != len(paths):
            raise UserError(
                f"{len(paths)} files start with {prefix!r}, and output_paths gives {len(output_paths)} paths. Give as many.",
                value=output_paths,
            )
        if not append_prefix and output_directory is None:
            raise UserError(
                "append_prefix=False needs output_directory, so that it is clear where files go.", value=prefix
            )
        if output_paths is not None:
            targets = [Path(path) for path in output_paths]
        else:
            folder = Path() if output_directory is None else Path(output_directory)
            targets = [folder / (path if append_prefix else _without_prefix(path, prefix)) for path in paths]
        for path, target in zip(paths, targets, strict=True):
            self._store.artifacts.copy_to(self._run_id, path, target)
        return [str(target) for target in targets]

    # -- snapshot

    def take_snapshot(self, file_or_folder_path: str | os.PathLike[str]) -> str:
        """Copy a source file or folder, and remember it as what made this run.

        ``.amlignore`` in the folder, else ``.gitignore``, says what is left out.

        Parameters
        ----------
        file_or_folder_path : str or path
            At most 300 MB and 2,000 files; ``AML_SNAPSHOT_NO_FILE_LIMIT`` lifts the latter.

        Returns
        -------
        str
            The snapshot's id.

        Raises
        ------
        SnapshotError
            If the run has a snapshot already, or the source cannot be copied.
        """
        from aml_widgets.tracking.snapshots import snapshot_for_workspace

        known = self._refresh().properties.get(SNAPSHOT_ID)
        if known is not None:
            raise SnapshotError(
                f"Run {self._run_id} has the snapshot {known} already, and a run has one at most. Make a child run for another.",
                value=known,
            )
        snapshot_id = snapshot_for_workspace(self._experiment.workspace, Path(file_or_folder_path))
        self._record = self._store.update_run(self._run_id, properties={SNAPSHOT_ID: snapshot_id})
        return snapshot_id

    def get_snapshot_id(self) -> str:
        """Give the id of the run's snapshot.

        Returns
        -------
        str
            Opaque; equal for equal sources.

        Raises
        ------
        SnapshotNotFound
            If the run has none; the message says why, where that is known.
        """
        properties = self._record.properties
        if SNAPSHOT_ID not in properties:
            properties = self._refresh().properties
        if SNAPSHOT_ID not in properties:
            reason = properties.get(SNAPSHOT_SKIPPED, "none was taken.")
            raise SnapshotNotFound(
                f"Run {self._run_id} has no snapshot: {reason} take_snapshot(folder) takes one.", value=self._run_id
            )
        return properties[SNAPSHOT_ID]

    def restore_snapshot(self, snapshot_id: str | None = None, path: str | os.PathLike[str] | None = None) -> str:
        """Copy a snapshot as a zip file; it is not unpacked.

        Parameters
        ----------
        snapshot_id : str, optional
            The run's own without it.
        path : str or path, optional
            The folder to copy it to, made if it is missing. A temporary one without it.

        Returns
        -------
        str
            Absolute path of the zip.

        Raises
        ------
        SnapshotNotFound
            If there is none.
        """
        import shutil
        import tempfile

        from aml_widgets.submit.snapshot import find_snapshot

        source = find_snapshot(self._store.snapshots, self.get_snapshot_id() if snapshot_id is None else snapshot_id)
        folder = Path(tempfile.mkdtemp(prefix="aml_widgets-")) if path is None else Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / source.name
        shutil.copyfile(source, target)
        return os.path.abspath(target)  # noqa: PTH100 - resolve() would follow links away

    # -- inside

    def _walk(self, folder: Path) -> Iterator[tuple[str, Path]]:
        """Give the files under a folder, without those of the store, which grows by every file that is copied into it."""
        return walk_files(folder, left_out=self._store.own_paths)

    def _find_artifact(self, name: str) -> str:
        path = to_artifact_path(name)
        names = self.get_file_names()
        if path not in names:
            shown = ", ".join(map(repr, names[:_SHOWN_FILES])) or "none"
            more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
            raise ArtifactNotFound(f"Run {self._run_id} has no file {name!r}. It has: {shown}{more}.", value=name)
        return path

    def _upload_outputs(self) -> None:
        """Copy what is in the tracked folder; a file that cannot be copied is told and does not keep the run from ending."""
        if self._outputs is None:
            return
        for below, file in self._walk(self._outputs):
            path = f"{OUTPUTS}/{below}"
            try:
                self._put(to_artifact_path(path), file)
            except ArtifactExists:
                warn_softly(
                    f"Run {self._run_id} has another {path!r} already, which was uploaded before; it stays, and the file in the "
                    "folder now is not copied."
                )
            except InvalidArtifact as error:
                warn_softly(f"Run {self._run_id} ends without the file {path!r}: {message_of(error)}")


def to_artifact_path(name: object) -> str:
    """Give a path as it is kept: relative, with ``/``; a leading ``./`` goes, and Windows' own separator is understood.

    Raises
    ------
    InvalidArtifact
        If it is no text, or could leave the run's folder.
    """
    if isinstance(name, os.PathLike):
        name = os.fspath(name)
    if not isinstance(name, str):
        raise InvalidArtifact(
            f"The name of a file must be text such as 'outputs/model.pkl', got {show(name)}, {show_type(name)}.",
            value=name,
        )
    return normalize_artifact_path(name.replace(os.sep, "/"))


def walk_files(folder: Path, *, left_out: Iterable[Path] = ()) -> Iterator[tuple[str, Path]]:
    """Give every file under a folder, in order, with its path below it. Links to folders are not followed."""
    real_left_out = set(map(os.path.realpath, left_out))
    for parent, folders, files in os.walk(folder):
        place = os.path.realpath(parent)
        folders[:] = sorted(one for one in folders if os.path.join(place, one) not in real_left_out)  # noqa: PTH118
        for file in sorted(files):
            if os.path.join(place, file) in real_left_out:  # noqa: PTH118 - a Path for each would cost more than the walk
                continue
            full = Path(parent, file)
            yield full.relative_to(folder).as_posix(), full


def make_outputs_folder(outputs: object) -> Path | None:
    """Make the folder that is tracked for a run, as the argument `outputs` of ``start_logging`` says.

    Parameters
    ----------
    outputs : str, path, bool or None
        A folder; False for none; None, True or ``""`` for ``outputs``.

    Returns
    -------
    Path or None
        Absolute, because the current folder may change. None: nothing is tracked.

    Raises
    ------
    UserError
        If a folder that was named cannot be made, or leads above the current one.
    """
    if outputs is False:
        return None
    if outputs is None or outputs is True or outputs == "":
        named: str | os.PathLike[str] | None = None
    elif isinstance(outputs, (str, os.PathLike)):
        named = check_path(outputs, "outputs")
    else:
        raise UserError(
            f"outputs must be a folder, True or False, got {show(outputs)}. Give a path such as 'outputs'.",
            value=outputs,
        )
    try:
        folder = Path(os.path.abspath(OUTPUTS if named is None else named))  # noqa: PTH100
        if folder in Path.cwd().parents and not Path(named or OUTPUTS).is_absolute():
            raise UserError(
                f"The outputs folder {os.fspath(named or OUTPUTS)!r} is {str(folder)!r}, above the current folder: everything in "
                "it would be uploaded. Name a folder of its own, such as 'outputs', or the full path if it is meant.",
                value=outputs,
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if named is not None:
            raise UserError(
                f"The outputs folder {os.fspath(named)!r} cannot be made: {error.strerror or error}. "
                "Choose another, or outputs=False for none.",
                value=outputs,
            ) from error
        warn_softly(f"No outputs folder is tracked, because it cannot be made here: {error.strerror or error}.")
        return None
    return folder


def _without_prefix(path: str, prefix: str | None) -> str:
    return path.removeprefix(prefix or "").lstrip("/") or path.rpartition("/")[2]


def _to_content(name: str, path_or_stream: object) -> Path | BinaryIO:
    if isinstance(path_or_stream, (str, os.PathLike)):
        return Path(path_or_stream)
    if not hasattr(path_or_stream, "read"):
        raise InvalidArtifact(
            f"The content of {name!r} must be a path or a binary stream, got {show(path_or_stream)}, "
            f"{show_type(path_or_stream)}. Use io.BytesIO(...) for bytes.",
            value=path_or_stream,
        )
    return cast("BinaryIO", path_or_stream)  # the store refuses streams of text


def _refuse_datastore(datastore_name: object) -> None:
    if datastore_name is not None:
        raise UserError(
            f"There are no datastores here, got datastore_name={show(datastore_name)}. Leave it out: the files of a run are kept "
            "beside its workspace.",
            value=datastore_name,
        )
