"""What a model is made of: a local file or folder, or some of the files of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from aml_widgets.core.errors import InvalidArtifact, ModelPathNotFound, UserError
from aml_widgets.core.records import ModelFile
from aml_widgets.tracking.arguments import check_path
from aml_widgets.tracking.run_files import to_artifact_path, walk_files
from aml_widgets.tracking.values import show
from aml_widgets.tracking.warn import warn_user

_SHOWN_FILES = 20


def find_in_run(
    run_id: str, names: Sequence[str], model_path: object, *, has_ended: bool
) -> tuple[str, list[ModelFile]]:
    """Give the name of a file or folder among a run's files, and what is to be copied of it.

    Raises
    ------
    InvalidArtifact
        If the path could not be one of a run's files.
    ModelPathNotFound
        If it is neither a file nor a folder of the run; the message lists the files there are.
    """
    path, is_folder_only = to_model_path(model_path)
    top = path.rpartition("/")[2]
    if path in names and not is_folder_only:
        return top, [ModelFile(path=top, source=path)]
    below = [name for name in names if name.startswith(f"{path}/")]
    if below:
        return top, [ModelFile(path=f"{top}/{name[len(path) + 1 :]}", source=name) for name in below]
    shown = ", ".join(map(repr, names[:_SHOWN_FILES])) or "none"
    more = f" and {len(names) - _SHOWN_FILES} more" if len(names) > _SHOWN_FILES else ""
    way_out = (
        "Give the path of one of them, or of their folder."
        if has_ended
        else f"Copy it into the run first, with run.upload_file({path!r}, …) or upload_folder; a tracked folder is uploaded when "
        "the run ends."
    )
    raise ModelPathNotFound(
        f"Run {run_id} has no file or folder {show(model_path)}. It has: {shown}{more}. {way_out}", value=model_path
    )


def to_model_path(model_path: object) -> tuple[str, bool]:
    """Give a path among a run's files as it is kept, and whether only a folder is meant by it.

    Raises
    ------
    InvalidArtifact
        If the path could not be one of a run's files.
    """
    if isinstance(model_path, os.PathLike):
        model_path = os.fspath(model_path)
    is_folder_only = isinstance(model_path, str) and model_path.endswith("/")
    return to_artifact_path(model_path.rstrip("/") if isinstance(model_path, str) else model_path), is_folder_only


def find_local(
    model_path: object, child_paths: object = None, *, left_out: Iterable[Path] = ()
) -> tuple[str, list[ModelFile]]:
    """Give the name of a local file or folder, and what is to be copied of it.

    Links to files are copied as the files that they lead to; links to folders are left out with a warning, and so is the workspace.

    Raises
    ------
    UserError
        If `model_path` is no path, or child paths do not fit it.
    InvalidArtifact
        If it is neither a file nor a folder, or has a name that cannot be kept.
    ModelPathNotFound
        If there is nothing at a path, or no file below it.
    """
    given = check_path(model_path, "The model_path")
    place = Path(os.path.abspath(Path(given)))  # noqa: PTH100 - resolve() would follow links away
    if not place.exists():
        raise _nothing(f"There is no file or folder {show(given)}", given)
    top = to_artifact_path(place.name) if place.name else ""
    if not top:
        raise InvalidArtifact(
            f"{show(given)} cannot be a model. Give a file, or a folder that has a name.", value=given
        )
    if not place.is_dir():
        if child_paths:
            raise UserError(
                f"child_paths choose files of a folder, and {show(given)} is a file. Leave them out.", value=child_paths
            )
        return top, [ModelFile(path=top, source=place)]
    left_out = list(left_out)
    starts = [place] if child_paths is None else [_child(place, child) for child in _to_list(child_paths)]
    files = {path: file for start in starts for path, file in _walk(place, start, left_out)}
    if not files:
        raise _nothing(f"The folder {show(given)} has no files that a model could be made of", given)
    return top, [ModelFile(path=to_artifact_path(f"{top}/{path}"), source=files[path]) for path in sorted(files)]


def _walk(folder: Path, start: Path, left_out: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    """Give the files under `start`, or that file alone, with their paths below `folder`."""
    if not start.is_dir():
        yield start.relative_to(folder).as_posix(), start
        return
    for parent, folders, _ in os.walk(start):
        for name in folders:
            if Path(parent, name).is_symlink():
                warn_user(
                    f"{os.path.join(parent, name)!r} is a link to a folder and is left out of the model. "  # noqa: PTH118
                    "Copy the folder itself to have it in."
                )
    for _, file in walk_files(start, left_out=left_out):
        yield file.relative_to(folder).as_posix(), file


def _to_list(child_paths: object) -> list[object]:
    if isinstance(child_paths, (str, os.PathLike)) or not isinstance(child_paths, Iterable):
        raise UserError(
            f"child_paths must be a list of paths below the folder, got {show(child_paths)}. Use ['model.pkl'].",
            value=child_paths,
        )
    return list(child_paths)


def _child(folder: Path, child: object) -> Path:
    given = check_path(child, "A child path")
    place = Path(os.path.normpath(folder / given))
    if not place.is_relative_to(folder):
        raise UserError(
            f"The child path {show(given)} leads out of {str(folder)!r}. Give paths below that folder.", value=child
        )
    if not place.exists():
        raise _nothing(f"There is no file or folder {show(given)} in {str(folder)!r}", given)
    return place


def _nothing(what: str, given: str) -> ModelPathNotFound:
    return ModelPathNotFound(f"{what}. Give the path of a file, or of a folder with files.", value=given)
