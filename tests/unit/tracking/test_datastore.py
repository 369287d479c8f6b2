"""Datastores: folders beside the runs of a workspace, which no path leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aml_widgets.core.errors import CloudOnly, NotFound, StoreError, UserError
from aml_widgets.store import uri
from aml_widgets.submit.configuration.run_configuration import to_text_argument
from aml_widgets.tracking import datastore
from aml_widgets.tracking.data_reference import DataReference
from aml_widgets.tracking.datastore import Datastore
from aml_widgets.tracking.workspace import Workspace

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")


@pytest.fixture
def store_of_data(workspace: Workspace) -> Datastore:
    return Datastore.get_default(workspace)


@pytest.fixture
def source(project: Path) -> Path:
    folder = project / "source"
    for name, text in {"a.csv": "1", "deep/b.csv": "2", "deep/deeper/c.csv": "3"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "empty").mkdir()
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


# -- found


def test_the_default_one_lies_beside_the_runs(workspace: Workspace, store_of_data: Datastore) -> None:
    assert store_of_data.name == "workspaceblobstore"
    assert store_of_data.folder == Path(workspace.location) / "datastore" / "workspaceblobstore"
    assert store_of_data.workspace is workspace
    assert (store_of_data.datastore_type, store_of_data.account_name) == ("Local", "local")
    assert store_of_data.container_name == str(store_of_data.folder)
    assert store_of_data == Datastore(workspace) == Datastore(workspace, "workspaceblobstore")
    assert not store_of_data.folder.exists()


def test_all_of_them_are_there_by_name(workspace: Workspace) -> None:
    found = datastore.all_of(workspace)

    assert list(found) == [
        "workspaceblobstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
        "workspaceartifactstore",
    ]
    assert found["workspacefilestore"] == Datastore.get(workspace, datastore_name="workspacefilestore")
    assert len({one.folder for one in found.values()}) == len(found)


def test_another_can_be_the_default_one(workspace: Workspace, store_of_data: Datastore) -> None:
    Datastore(workspace, "workspacefilestore").set_as_default()
    assert datastore.get_default(workspace).name == "workspacefilestore"

    datastore.set_default(workspace, "workspaceblobstore")
    assert Datastore.get_default(workspace) == store_of_data


def test_an_unknown_one_is_told_with_those_that_are_there(workspace: Workspace) -> None:
    for ask in (Datastore.get, datastore.set_default):
        with pytest.raises(NotFound, match="no datastore 'mydata' in workspace .*'workspaceblobstore'"):
            ask(workspace, "mydata")


def test_one_of_a_tracking_server_is_on_this_machine(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    monkeypatch.setattr(workspace, "_place", "http://tracking.example:5000")

    found = Datastore(workspace)

    assert found.folder == uri.get_home() / ".datastores" / workspace.workspace_id / "workspaceblobstore"
    found.upload(str(source), "data", show_progress=False)
    assert _names(found.folder) == ["data/a.csv", "data/deep/b.csv", "data/deep/deeper/c.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "register_azure_blob_container",
        "register_azure_file_share",
        "register_azure_data_lake",
        "register_azure_data_lake_gen2",
        "register_azure_sql_database",
        "register_azure_postgre_sql",
        "register_azure_my_sql",
        "register_dbfs",
        "register_hdfs",
    ],
)
def test_what_is_in_the_cloud_is_refused_without_its_key(workspace: Workspace, name: str) -> None:
    with pytest.raises(CloudOnly, match=f"Datastore.{name} asked .* cloud.*upload") as caught:
        getattr(Datastore, name)(workspace, datastore_name="mine", account_key="hunter2")

    assert "hunter2" not in f"{caught.value} {vars(caught.value)}"


def test_one_cannot_be_unregistered(store_of_data: Datastore) -> None:
    with pytest.raises(UserError, match="belongs to its workspace"):
        store_of_data.unregister()


# -- files


def test_a_folder_goes_in_and_comes_out(store_of_data: Datastore, source: Path, project: Path) -> None:
    reference = store_of_data.upload(src_dir=str(source), target_path="data", show_progress=False)

    assert isinstance(reference, DataReference)
    assert reference.path_on_datastore == "data"
    assert _names(reference.local_path) == ["a.csv", "deep/b.csv", "deep/deeper/c.csv"]
    assert not (reference.local_path / "empty").exists()

    assert store_of_data.download("back", prefix="data/deep", show_progress=False) == 2
    assert _names(project / "back") == ["data/deep/b.csv", "data/deep/deeper/c.csv"]
    assert (project / "back/data/deep/b.csv").read_text() == "2"


def test_without_a_target_path_it_is_the_datastore_itself(store_of_data: Datastore, source: Path) -> None:
    reference = store_of_data.upload(source)

    assert reference.local_path == store_of_data.folder
    assert reference.data_reference_name == "workspaceblobstore"
    assert _names(store_of_data.folder) == ["a.csv", "deep/b.csv", "deep/deeper/c.csv"]


def test_what_is_there_stays_unless_it_is_overwritten(
    store_of_data: Datastore, source: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_of_data.upload(source, "data", show_progress=False)
    (source / "a.csv").write_text("another")

    store_of_data.upload(source, "data")
    assert (store_of_data.folder / "data/a.csv").read_text() == "1"
    assert "overwrite is False" in capsys.readouterr().out

    store_of_data.upload(source, "data", overwrite=True, show_progress=False)
    assert (store_of_data.folder / "data/a.csv").read_text() == "another"

    assert store_of_data.download("back", show_progress=False) == 3
    (project / "back/data/a.csv").write_text("mine")
    assert store_of_data.download("back", show_progress=False) == 0
    assert (project / "back/data/a.csv").read_text() == "mine"
    assert store_of_data.download("back", overwrite=True, show_progress=False) == 3
    assert (project / "back/data/a.csv").read_text() == "another"


def test_each_file_is_told_unless_nothing_is_to_be_shown(
    store_of_data: Datastore, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store_of_data.upload(source)
    assert f"Uploaded {source / 'a.csv'}, 1 of 3" in capsys.readouterr().out

    store_of_data.download("back", show_progress=False)
    assert capsys.readouterr().out == ""


def test_files_keep_what_is_below_their_root(store_of_data: Datastore, source: Path) -> None:
    files = [str(source / "deep/b.csv"), "source/deep/deeper/c.csv"]

    store_of_data.upload_files(files, target_path="by files", show_progress=False)
    store_of_data.upload_files(files, relative_root="source", target_path="by root", show_progress=False)

    assert _names(store_of_data.folder / "by files") == ["b.csv", "deeper/c.csv"]
    assert _names(store_of_data.folder / "by root") == ["deep/b.csv", "deep/deeper/c.csv"]


def test_one_file_keeps_its_name(store_of_data: Datastore, source: Path) -> None:
    reference = store_of_data.upload_files(files=["source/a.csv"], target_path="one/", show_progress=False)

    assert _names(reference.local_path) == ["a.csv"]


def test_what_cannot_be_copied_is_named_before_anything_is(store_of_data: Datastore, source: Path) -> None:
    with pytest.raises(UserError, match="src_dir must be a folder .*'nowhere'"):
        store_of_data.upload("nowhere")
    with pytest.raises(UserError, match="'nowhere.csv' is no file"):
        store_of_data.upload_files([str(source / "a.csv"), "nowhere.csv"])
    with pytest.raises(UserError, match="is not below relative_root"):
        store_of_data.upload_files([str(source / "a.csv")], relative_root=str(source / "deep"))
    with pytest.raises(UserError, match="as a list of paths"):
        store_of_data.upload_files("source/a.csv")

    assert not store_of_data.folder.exists()


def test_a_folder_and_a_file_of_one_name_are_told(store_of_data: Datastore, source: Path) -> None:
    store_of_data.upload_files([str(source / "a.csv")], show_progress=False)

    with pytest.raises(UserError, match="a file is where its folder should be"):
        store_of_data.upload(source, "a.csv", show_progress=False)
    store_of_data.upload_files([str(source / "a.csv")], target_path="deep/b.csv", show_progress=False)
    with pytest.raises(UserError, match="a folder is there"):
        store_of_data.upload(source, show_progress=False)
    assert not [name for name in _names(store_of_data.folder) if name.endswith(".part")]


def test_a_folder_that_holds_the_workspace_goes_in_without_it(tmp_path: Path, project: Path) -> None:
    workspace = Workspace.open(project / "runs")
    (project / "data.csv").write_text("1")
    found = Datastore(workspace)

    for _ in range(2):
        found.upload(".", show_progress=False)

    assert _names(found.folder) == ["data.csv"]


@pytest.mark.parametrize(
    "path",
    [
        "../else",
        "data/../../../else",
        "..",
        pytest.param("C:/else", marks=pytest.mark.skipif(os.name != "nt", reason="a folder as any other elsewhere")),
        "a\0b",
        1,
        "data\\..\\..\\else",
    ],
)
def test_no_path_leaves_the_folder(store_of_data: Datastore, source: Path, path: str) -> None:
    with pytest.raises(UserError, match="datastore"):
        store_of_data.upload(source, target_path=path)
    with pytest.raises(UserError, match="datastore"):
        store_of_data.path(path)
    with pytest.raises(UserError, match="datastore"):
        store_of_data.path("data").path(path)

    assert _names(Path(store_of_data.workspace.location) / "datastore") == []


@pytest.mark.parametrize("path", ["/data", "data/", "./data", "/data/"])
def test_a_slash_in_front_means_nothing(store_of_data: Datastore, path: str) -> None:
    assert store_of_data.path(path).local_path == store_of_data.folder / "data"


@pytest.mark.skipif(os.name == "nt", reason="such names are of a drive or a stream of a file there")
def test_a_colon_is_a_letter_of_a_name(store_of_data: Datastore, source: Path) -> None:
    (source / "a:1.csv").write_text("4")

    store_of_data.upload(source, "C:/data", show_progress=False)

    assert _names(store_of_data.folder) == [
        "C:/data/a.csv",
        "C:/data/a:1.csv",
        *(f"C:/data/deep/{n}" for n in ("b.csv", "deeper/c.csv")),
    ]
    assert store_of_data.download("back", show_progress=False) == 4


@needs_links
def test_all_files_are_looked_at_before_the_first_is_copied(store_of_data: Datastore, source: Path) -> None:
    (source / "aa").symlink_to(source / "nowhere")

    with pytest.raises(UserError, match="is no file, or a link that leads nowhere"):
        store_of_data.upload(source, show_progress=False)
    assert _names(store_of_data.folder) == []

    (source / "aa").unlink()
    store_of_data.folder.mkdir(parents=True)
    (store_of_data.folder / "deep").write_text("a file")
    with pytest.raises(UserError, match="a file is where its folder should be"):
        store_of_data.upload(source, show_progress=False)
    assert _names(store_of_data.folder) == ["deep"]


def test_parts_of_files_are_no_files_and_go_when_they_are_old(
    store_of_data: Datastore, source: Path, project: Path
) -> None:
    store_of_data.upload(source, show_progress=False)
    left, written = (store_of_data.folder / "deep" / f".{letter * 32}.part" for letter in "ab")
    for part in (left, written):
        part.write_text("half")
    os.utime(left, (1.0, 1.0))

    assert store_of_data.download("back", show_progress=False) == 3

    assert _names(project / "back") == ["a.csv", "deep/b.csv", "deep/deeper/c.csv"]
    assert (left.exists(), written.exists()) == (False, True)  # another process may be writing the second

    os.utime(written, (1.0, 1.0))
    store_of_data.upload(source, overwrite=True, show_progress=False)
    assert _names(store_of_data.folder) == ["a.csv", "deep/b.csv", "deep/deeper/c.csv"]


@needs_links
def test_no_link_leads_out_of_it(store_of_data: Datastore, source: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("secret")
    store_of_data.folder.mkdir(parents=True)
    (store_of_data.folder / "link").symlink_to(outside)
    (store_of_data.folder / "link.csv").symlink_to(outside / "secret.csv")

    with pytest.raises(UserError, match="leads out of datastore"):
        store_of_data.upload(source, "link")
    with pytest.raises(UserError, match="leads out of datastore"):
        store_of_data.download("back")

    assert _names(outside) == ["secret.csv"]
    assert _names(Path("back")) == []


# -- given to scripts


def test_a_reference_is_a_path_for_a_script(store_of_data: Datastore) -> None:
    reference = store_of_data.path("data/train").as_mount()
    expected = str(store_of_data.folder / "data" / "train")

    assert str(reference) == os.fspath(reference) == to_text_argument(reference) == expected
    assert (reference.mode, reference.path_on_datastore) == ("mount", "data/train")
    assert store_of_data.path("data").path("train").local_path == reference.local_path
    assert store_of_data.path("data").as_download().mode == "download"
    assert store_of_data.as_mount().local_path == store_of_data.as_download().local_path == store_of_data.folder


@pytest.mark.parametrize("given", ["as_mount", "as_download", "path"])
def test_the_folder_of_a_datastore_is_there_when_a_script_is_given_it(store_of_data: Datastore, given: str) -> None:
    reference = getattr(store_of_data, given)()

    assert reference.local_path == store_of_data.folder
    (Path(reference) / "model.txt").write_text("1")
    assert _names(store_of_data.folder) == ["model.txt"]


def test_a_folder_that_cannot_be_made_is_told(store_of_data: Datastore) -> None:
    store_of_data.folder.parent.mkdir(parents=True, exist_ok=True)
    store_of_data.folder.write_text("a file")

    with pytest.raises(StoreError, match="'.*workspaceblobstore' of a datastore cannot be made"):
        store_of_data.as_mount()


def test_a_folder_to_write_into_is_made(store_of_data: Datastore) -> None:
    reference = store_of_data.path("results", data_reference_name="out").as_upload()

    assert reference.local_path.is_dir()
    assert reference.data_reference_name == "out"
    assert store_of_data.as_upload().local_path.is_dir()


def test_a_path_that_the_cloud_would_copy_to_is_refused(store_of_data: Datastore) -> None:
    for ask in (store_of_data.as_download, store_of_data.path("data").as_download, store_of_data.as_upload):
        with pytest.raises(CloudOnly, match="path_on_compute='/tmp/data' .*as an argument"):
            ask(path_on_compute="/tmp/data")


def test_a_mode_is_one_of_three(store_of_data: Datastore) -> None:
    with pytest.raises(UserError, match="mount, download, upload"):
        DataReference(store_of_data, mode="teleport")
