from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    ArtifactExists,
    ArtifactNotFound,
    InvalidArtifact,
    SnapshotError,
    SnapshotNotFound,
    StoreFull,
    UserError,
)
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace


def write(path: str, content: str = "content") -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def read(run: Run, name: str, folder: Path) -> str:
    return Path(run.download_file(name, folder / "read")).read_text()


@pytest.mark.parametrize(
    "name", ["outputs/model.pkl", "./outputs/model.pkl", "outputs/./model.pkl", "outputs//model.pkl"]
)
def test_a_file_is_copied_under_its_name(run: Run, name: str, tmp_path: Path) -> None:
    source = write("model.pkl", "v1")

    artifact = run.upload_file(name, source)
    source.write_text("changed later")

    assert (artifact.path, artifact.size_bytes) == ("outputs/model.pkl", 2)
    assert run.get_file_names() == ["outputs/model.pkl"]
    assert read(run, "outputs/model.pkl", tmp_path) == "v1"


def test_a_file_that_is_still_open_is_copied(run: Run, tmp_path: Path) -> None:
    with open("model.pkl", "wb") as file:
        file.write(b"v1")
        file.flush()
        run.upload_file(name="model.pkl", path_or_stream="./model.pkl")

    assert read(run, "model.pkl", tmp_path) == "v1"


def test_a_stream_is_copied(run: Run, tmp_path: Path) -> None:
    run.upload_file("a.bin", io.BytesIO(b"bytes"))

    assert read(run, "a.bin", tmp_path) == "bytes"


@pytest.mark.parametrize("content", ["text stream", b"bytes", 3, None, "absent.txt"])
def test_other_contents_are_refused(run: Run, content: object) -> None:
    if content == "text stream":
        content = io.StringIO("text")

    with pytest.raises(InvalidArtifact):
        run.upload_file("a", content)  # type: ignore[arg-type]

    assert run.get_file_names() == []


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "", 3])
def test_no_name_leaves_the_folder_of_the_run(run: Run, name: str) -> None:
    with pytest.raises(InvalidArtifact):
        run.upload_file(name, io.BytesIO(b"x"))


def test_a_file_is_written_once(run: Run) -> None:
    run.upload_file("a", io.BytesIO(b"one"))
    run.upload_file("a", io.BytesIO(b"one"))

    with pytest.raises(ArtifactExists):
        run.upload_file("a", io.BytesIO(b"two"))


def test_files_are_uploaded_by_names_and_paths(run: Run) -> None:
    write("a.txt", "a")
    write("b.txt", "b")

    artifacts = run.upload_files(["x/a", "x/b"], ["a.txt", "b.txt"], return_artifacts=True)

    assert [artifact.path for artifact in artifacts or ()] == run.get_file_names() == ["x/a", "x/b"]
    assert run.upload_files([], []) is None
    with pytest.raises(UserError, match="as many names as paths"):
        run.upload_files(["a"], [])
    with pytest.raises(UserError, match="datastore"):
        run.upload_files(["a"], ["a.txt"], datastore_name="blob")


def test_a_folder_is_uploaded_without_its_empty_folders(run: Run) -> None:
    write("model/a.txt")
    write("model/deep/b.txt")
    Path("model/empty").mkdir()

    run.upload_folder("outputs/model", "model")

    assert run.get_file_names() == ["outputs/model/a.txt", "outputs/model/deep/b.txt"]
    with pytest.raises(InvalidArtifact, match="is no folder"):
        run.upload_folder("x", "model/a.txt")


def test_a_file_is_downloaded_to_where_it_is_asked_for(run: Run) -> None:
    run.upload_file("outputs/a.txt", io.BytesIO(b"a"))
    Path("folder").mkdir()
    write("a.txt", "old")

    assert run.download_file("outputs/a.txt") == "a.txt"
    assert run.download_file("outputs/a.txt", "folder") == str(Path("folder/a.txt"))
    assert run.download_file("outputs/a.txt", "new/deep/b.txt") == str(Path("new/deep/b.txt"))
    assert run.download_file("outputs/a.txt", "other/") == str(Path("other/a.txt"))
    assert Path("a.txt").read_text() == "a"


def test_a_missing_file_is_told_with_those_there_are(run: Run) -> None:
    run.upload_file("outputs/a.txt", io.BytesIO(b"a"))

    with pytest.raises(ArtifactNotFound, match=r"It has: 'outputs/a\.txt'"):
        run.download_file("b.txt")


def test_files_are_downloaded_by_prefix(run: Run) -> None:
    for name in ("outputs/a", "outputs/deep/b", "other"):
        run.upload_file(name, io.BytesIO(name.encode()))

    run.download_files(prefix="outputs", output_directory="all")
    run.download_files(prefix="outputs/", output_directory="short", append_prefix=False)
    run.download_files(output_paths=["1", "2", "3"])

    assert Path("all/outputs/deep/b").read_text() == "outputs/deep/b"
    assert Path("short/deep/b").read_text() == "outputs/deep/b"
    assert not Path("all/other").exists()
    assert Path("1").read_text() == "other"
    with pytest.raises(UserError, match="output_directory"):
        run.download_files(append_prefix=False)
    with pytest.raises(UserError):
        run.download_files(output_directory="a", output_paths=["b"])
    with pytest.raises(UserError, match="3 files"):
        run.download_files(output_paths=["b"])


# -- the tracked folder


def test_the_outputs_folder_is_made_at_once_and_uploaded_at_the_end(run: Run) -> None:
    Path("outputs/model.pkl").write_text("v1")
    write("outputs/deep/a.txt")

    before = run.get_file_names()
    run.complete()

    assert before == []
    assert run.get_file_names() == ["outputs/deep/a.txt", "outputs/model.pkl"]


@pytest.mark.parametrize("end", ["complete", "fail", "cancel"])
def test_outputs_are_uploaded_however_the_run_ends(run: Run, end: str) -> None:
    Path("outputs/a").write_text("a")

    getattr(run, end)()

    assert run.get_file_names() == ["outputs/a"]


def test_outputs_of_a_block_are_uploaded(run: Run) -> None:
    with run:
        Path("outputs/a").write_text("a")

    assert "outputs/a" in run.get_file_names()


def test_files_of_earlier_runs_are_uploaded_again(experiment: Experiment) -> None:
    run = None
    for name in ("a", "b"):
        run = experiment.start_logging(snapshot_directory=None)
        Path("outputs", name).write_text(name)
        run.complete()

    assert run is not None
    assert run.get_file_names() == ["outputs/a", "outputs/b"]


def test_a_file_that_was_uploaded_before_is_accepted(run: Run) -> None:
    Path("outputs/model.pkl").write_text("v1")
    run.upload_file("outputs/model.pkl", "outputs/model.pkl")

    run.complete()

    assert run.get_file_names() == ["outputs/model.pkl"]


def test_a_file_that_changed_since_it_was_uploaded_stays_and_is_told(run: Run, tmp_path: Path) -> None:
    Path("outputs/model.pkl").write_text("v1")
    run.upload_file("outputs/model.pkl", "outputs/model.pkl")
    Path("outputs/model.pkl").write_text("v2")

    with pytest.warns(UserWarning, match="it stays"):
        run.complete()

    assert run.status == "Completed"
    assert read(run, "outputs/model.pkl", tmp_path) == "v1"


def test_a_file_that_cannot_be_read_is_told_and_the_run_completes(run: Run) -> None:
    Path("outputs/link").symlink_to("absent")

    with pytest.warns(UserWarning, match="ends without the file 'outputs/link'"):
        run.complete()

    assert run.status == "Completed"


def test_a_full_disk_is_told_after_the_status_is_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise StoreFull("The disk is full.")

    Path("outputs/a").write_text("a")
    monkeypatch.setattr(type(run._store.artifacts), "put", fail)

    with pytest.raises(StoreFull):
        run.complete()

    assert run.get_status() == "Completed"


def test_outputs_may_be_another_folder_or_none(experiment: Experiment, tmp_path: Path) -> None:
    elsewhere = experiment.start_logging(outputs="deep/../results", snapshot_directory=None)
    none = experiment.start_logging(outputs=False, snapshot_directory=None)
    write("results/a")

    elsewhere.complete()
    none.complete()

    assert elsewhere.get_file_names() == ["outputs/a"]
    assert none.get_file_names() == []
    assert not Path("outputs").exists()


def test_the_tracked_folder_stays_the_same_when_the_current_folder_changes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("outputs/a").write_text("a")
    monkeypatch.chdir(tmp_path)

    run.complete()

    assert run.get_file_names() == ["outputs/a"]


def test_a_wrong_outputs_folder_is_refused_and_there_is_no_run(experiment: Experiment) -> None:
    write("file")

    with pytest.raises(UserError, match="'file/x' cannot be made"):
        experiment.start_logging(outputs="file/x", snapshot_directory=None)
    with pytest.raises(UserError):
        experiment.start_logging(outputs=3, snapshot_directory=None)  # type: ignore[arg-type]

    assert list(experiment.get_runs()) == []


@pytest.mark.parametrize("outputs", ["..", "../..", "nope/../.."])
def test_an_outputs_folder_above_the_current_one_is_refused(run: Run, experiment: Experiment, outputs: str) -> None:
    with pytest.raises(UserError, match="above the current folder"):
        experiment.start_logging(outputs=outputs, snapshot_directory=None)
    with pytest.raises(UserError, match="above the current folder"):
        run.child_run(outputs=outputs)

    assert not Path("nope").exists()
    assert list(experiment.get_runs(include_children=True)) == [run]


def test_an_outputs_folder_beside_the_current_one_or_named_in_full_is_tracked(
    experiment: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()

    beside = experiment.start_logging(outputs="../beside", snapshot_directory=None)
    full = experiment.start_logging(outputs=tmp_path / "full", snapshot_directory=None)
    write("../beside/a")
    write("../full/b")
    beside.complete()
    full.complete()

    assert beside.get_file_names() == ["outputs/a"]
    assert full.get_file_names() == ["outputs/b"]


def test_where_no_outputs_folder_can_be_made_the_run_starts_without(experiment: Experiment) -> None:
    write("outputs", "a file is in the way")

    with pytest.warns(UserWarning, match="No outputs folder is tracked"):
        run = experiment.start_logging(snapshot_directory=None)

    run.complete()


def test_a_childs_outputs_are_tracked_only_when_asked_for(run: Run) -> None:
    plain, tracked = run.child_run(), run.child_run(outputs="mine")
    write("outputs/a")
    write("mine/b")

    plain.complete()
    tracked.complete()

    assert plain.get_file_names() == []
    assert tracked.get_file_names() == ["outputs/b"]


# -- snapshots


def test_a_snapshot_is_taken_once_and_restored_as_a_zip(run: Run) -> None:
    write("source/train.py", "print(1)")

    snapshot_id = run.take_snapshot("source")
    restored = run.restore_snapshot(path="restored/deep")

    assert run.get_snapshot_id() == run.properties["ContentSnapshotId"] == snapshot_id
    assert restored == str(Path.cwd() / f"restored/deep/{snapshot_id}.zip")
    assert zipfile.ZipFile(restored).read("train.py") == b"print(1)"
    assert Path(run.restore_snapshot(snapshot_id)).name == f"{snapshot_id}.zip"
    with pytest.raises(SnapshotError, match="has the snapshot"):
        run.take_snapshot("source")


def test_a_run_without_a_snapshot_says_so(run: Run) -> None:
    with pytest.raises(SnapshotNotFound, match="none was taken"):
        run.get_snapshot_id()
    with pytest.raises(SnapshotNotFound, match=r"'\.\./x'"):
        run.restore_snapshot("../x")
    with pytest.raises(SnapshotNotFound, match="no snapshot 5"):
        run.restore_snapshot(5)  # type: ignore[arg-type]  # the fault


@pytest.mark.parametrize("location", [".", "runs", "deep/er/runs"])
def test_the_workspace_is_not_copied_into_itself(location: str) -> None:
    workspace = Workspace.open(location)
    run = Experiment(workspace, "ridge").start_logging(outputs=False)
    write("train.py")
    write("zoo/animals.csv")

    run.upload_folder("code", ".")

    assert run.get_file_names() == ["code/train.py", "code/zoo/animals.csv"]


def test_a_workspace_in_the_tracked_folder_is_not_copied_into_itself() -> None:
    workspace = Workspace.open("outputs/runs")
    run = Experiment(workspace, "ridge").start_logging(snapshot_directory=None)
    write("outputs/model.pkl")

    run.complete()

    assert run.get_file_names() == ["outputs/model.pkl"]


def test_a_workspace_in_the_current_folder_is_no_part_of_the_snapshot(tmp_path: Path) -> None:
    write("train.py")
    experiment = Experiment(Workspace.open("."), "ridge")

    first = experiment.start_logging(outputs=False)
    first.upload_file("notes.txt", write("train.py"))
    second = experiment.start_logging(outputs=False)

    assert zipfile.ZipFile(second.restore_snapshot(path=tmp_path)).namelist() == ["train.py"]
    assert second.get_snapshot_id() == first.get_snapshot_id()
