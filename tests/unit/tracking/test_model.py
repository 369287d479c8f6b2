from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from aml_widgets.core.errors import (
    Conflict,
    InvalidArtifact,
    InvalidName,
    ModelNotFound,
    ModelPathNotFound,
    PropertyExists,
    UserError,
)
from aml_widgets.core.status import RunStatus
from aml_widgets.store.sqlite.store import SqliteRunStore
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace


def write(path: str, content: str = "content") -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def read_all(folder: str | Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.fixture
def files_of_run(run: Run) -> Run:
    for path in ("model.pkl", "net/a/w.bin", "net/config.json", "network.txt"):
        run.upload_file(f"outputs/{path}", write(path, path))
    return run


# -- of a run


@pytest.mark.parametrize("path", ["outputs/model.pkl", "./outputs/model.pkl", "outputs//model.pkl"])
@pytest.mark.parametrize("is_running", [True, False])
def test_a_file_of_a_run_becomes_a_model(files_of_run: Run, path: str, is_running: bool) -> None:
    if not is_running:
        files_of_run.complete()

    model = files_of_run.register_model("ridge", path, tags={"alpha": "0.5"}, model_framework="ScikitLearn")

    assert (model.name, model.version, model.id) == ("ridge", 1, "ridge:1")
    assert (model.run_id, model.run, model.experiment_name) == (files_of_run.id, files_of_run, "ridge")
    assert (model.tags, model.properties, model.model_framework) == ({"alpha": "0.5"}, {}, "ScikitLearn")
    assert model.download("got") == os.path.join("got", "model.pkl")  # noqa: PTH118
    assert read_all("got") == {"model.pkl": "model.pkl"}
    assert files_of_run.get_status() == ("Running" if is_running else "Completed")


@pytest.mark.parametrize("path", ["outputs/net", "outputs/net/", Path("outputs/net")])
def test_a_folder_of_a_run_becomes_a_model_with_its_tree(files_of_run: Run, path: str) -> None:
    model = files_of_run.register_model("net", path)

    assert Path(model.download("got")) == Path("got/net")
    assert read_all("got") == {"net/a/w.bin": "net/a/w.bin", "net/config.json": "net/config.json"}


def test_without_a_path_the_name_is_it(run: Run) -> None:
    run.upload_file("model.pkl", write("model.pkl"))

    model = run.register_model("model.pkl")

    assert Path(Model.get_model_path("model.pkl", _workspace=model.workspace)).read_text() == "content"


@pytest.mark.parametrize("path", ["outputs/net/w.bin", "output", "outputs/ne", "model.pkl", None, "outputs/model.pkl/"])
def test_a_path_that_the_run_does_not_have_is_told(files_of_run: Run, path: str | None) -> None:
    with pytest.raises(ModelPathNotFound, match="outputs/model.pkl.*upload_file"):
        files_of_run.register_model("ridge", path)
    files_of_run.complete()
    with pytest.raises(ModelPathNotFound, match="path of one of them"):
        files_of_run.register_model("ridge", path)

    assert Model.list(files_of_run.experiment.workspace) == []


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "outputs/../../x", "", ".", "/", 3])
def test_no_path_leaves_the_folder_of_the_run(files_of_run: Run, path: str) -> None:
    with pytest.raises(InvalidArtifact):
        files_of_run.register_model("ridge", path)


@pytest.mark.parametrize("name", ["", "a/b", "../a", "a b", "-a", None, 3])
def test_a_bad_name_is_refused_before_anything_is_copied(files_of_run: Run, workspace: Workspace, name: str) -> None:
    with pytest.raises(InvalidName, match="Model name"):
        files_of_run.register_model(name, "outputs/model.pkl")
    with pytest.raises(InvalidName, match="Model name"):
        Model.register(workspace, "model.pkl", name)

    assert Model.list(workspace) == []


def test_a_model_outlives_the_files_of_its_run(files_of_run: Run, workspace: Workspace) -> None:
    model = files_of_run.register_model("ridge", "outputs/model.pkl")

    workspace.store.artifacts.append_path(files_of_run.id, "outputs/model.pkl").unlink()

    assert Path(model.download("got")).read_text() == "model.pkl"


def test_versions_of_a_name_come_from_many_runs(experiment: Experiment) -> None:
    models = []
    for alpha in ("0.1", "0.2"):
        run = experiment.start_logging(snapshot_directory=None)
        run.upload_file("m.pkl", write("m.pkl", alpha))
        run.complete()
        models.append(run.register_model("ridge", "m.pkl"))

    assert [model.version for model in models] == [1, 2]
    assert Model(experiment.workspace, "ridge") == models[1]
    assert [Path(model.download(f"got{model.version}")).read_text() for model in models] == ["0.1", "0.2"]
    assert Model.list(experiment.workspace, run_id=models[0].run_id) == [models[0]]


def test_what_only_a_cloud_has_is_refused(files_of_run: Run, workspace: Workspace) -> None:
    for argument in ("datasets", "sample_input_dataset", "sample_output_dataset", "resource_configuration"):
        with pytest.raises(UserError, match=argument):
            files_of_run.register_model("ridge", "outputs/model.pkl", **{argument: object()})  # type: ignore[arg-type]
        with pytest.raises(UserError, match=argument):
            Model.register(workspace, "model.pkl", "ridge", **{argument: object()})  # type: ignore[arg-type]
    with pytest.raises(UserError, match="dataset_id"):
        Model.list(workspace, dataset_id="x")

    assert Model.list(workspace) == []


# -- of local files


def test_a_local_file_becomes_a_model(workspace: Workspace) -> None:
    write("out/model.pkl")

    model = Model.register(workspace=workspace, model_path="./out/model.pkl", model_name="ridge", description="ours")
    Path("out/model.pkl").write_text("changed later")

    assert (model.id, model.description, model.run_id, model.run, model.experiment_name) == (
        *("ridge:1", "ours", None, None, None),
    )
    assert Path(model.download()) == Path("model.pkl")
    assert Path("model.pkl").read_text() == "content"


def test_a_local_folder_becomes_a_model_with_its_tree(workspace: Workspace, tmp_path: Path) -> None:
    for path in ("net/w.bin", "net/a/b/c.json", "net/.hidden"):
        write(path, path)
    Path("net/linked.bin").symlink_to(Path("net/w.bin").absolute())

    model = Model.register(workspace, Path("net").absolute(), "net")

    assert read_all(model.download(tmp_path / "got")) == {
        "w.bin": "net/w.bin",
        "a/b/c.json": "net/a/b/c.json",
        ".hidden": "net/.hidden",
        "linked.bin": "net/w.bin",
    }


def test_the_current_folder_becomes_a_model_without_the_workspace(tmp_path: Path) -> None:
    write("w.bin")
    workspace = Workspace.open("ws")

    Model.register(workspace, ".", "net")
    model = Model.register(workspace, ".", "net")

    assert Path(model.download(tmp_path / "got")).name == "project"
    assert read_all(tmp_path / "got") == {"project/w.bin": "content"}


def test_only_child_paths_are_copied(workspace: Workspace, tmp_path: Path) -> None:
    for path in ("net/w.bin", "net/a/b.json", "net/a/c.json", "net/other"):
        write(path, path)

    model = Model.register(workspace, "net", "net", child_paths=["w.bin", "./a"])

    assert set(read_all(model.download(tmp_path / "got"))) == {"w.bin", "a/b.json", "a/c.json"}


@pytest.mark.parametrize("children", [["../secret"], ["/etc/passwd"], ["a/../../secret"], "w.bin", [3]])
def test_child_paths_stay_in_the_folder(workspace: Workspace, children: object) -> None:
    write("net/w.bin")
    write("secret")

    with pytest.raises(UserError):
        Model.register(workspace, "net", "net", child_paths=children)  # type: ignore[arg-type]

    assert Model.list(workspace) == []


def test_what_is_not_there_is_told(workspace: Workspace) -> None:
    write("net/w.bin")
    Path("empty").mkdir()

    for path, children in (("absent", None), ("empty", None), ("net", ["absent"]), ("net", [])):
        with pytest.raises(ModelPathNotFound):
            Model.register(workspace, path, "net", child_paths=children)
    with pytest.raises(InvalidArtifact):
        Model.register(workspace, "/", "net")
    with pytest.raises(UserError):
        Model.register(workspace, "net/w.bin", "net", child_paths=["w.bin"])
    with pytest.raises(UserError):
        Model.register(workspace, 3, "net")  # type: ignore[arg-type]


def test_a_link_to_a_folder_is_left_out_with_a_warning(workspace: Workspace, tmp_path: Path) -> None:
    write("net/step-1/w.bin")
    Path("net/latest").symlink_to("step-1")
    Path("net/loop").symlink_to(".")

    with pytest.warns(UserWarning, match="link to a folder"):
        model = Model.register(workspace, "net", "net")

    assert set(read_all(model.download(tmp_path / "got"))) == {"step-1/w.bin"}


def test_a_file_whose_name_cannot_be_kept_is_told(workspace: Workspace) -> None:
    write("net/a\\b")

    with pytest.raises(InvalidArtifact, match="backslash"):
        Model.register(workspace, "net", "net")

    assert Model.list(workspace) == []


# -- found


@pytest.fixture
def models(workspace: Workspace) -> list[Model]:
    write("m.pkl")
    return [
        Model.register(workspace, "m.pkl", "a", tags={"stage": "test"}, properties={"p": "1"}, model_framework="Onnx"),
        Model.register(workspace, "m.pkl", "a", tags={"stage": "live", "k": None}),
        Model.register(workspace, "m.pkl", "b", tags={"stage": "live"}),
    ]


def test_models_are_listed(workspace: Workspace, models: list[Model]) -> None:
    one, two, three = models

    assert Model.list(workspace) == [three, two, one]
    assert Model.list(workspace, "a") == [two, one]
    assert Model.list(workspace, latest=True) == [three, two]
    assert Model.list(workspace, tags=["k"]) == [two]
    assert Model.list(workspace, tags=["k", ["stage", "live"]]) == [two]
    assert Model.list(workspace, tags=[("stage", "test")]) == [one]
    assert Model.list(workspace, tags={"stage": "live"}, name="b") == [three]
    assert Model.list(workspace, tags="stage") == [three, two, one]
    assert Model.list(workspace, properties=[["p", 1]]) == [one]
    assert Model.list(workspace, model_framework=Model.Framework.ONNX, page_count=20, expand=False) == [one]
    assert workspace.models == {"a": two, "b": three}


@pytest.mark.parametrize("tags", [3, [3], [["a", "b", "c"]], [[1, 2]]])
def test_a_filter_that_is_none_is_told(workspace: Workspace, tags: object) -> None:
    with pytest.raises(UserError, match="cannot be chosen"):
        Model.list(workspace, tags=tags)


def test_a_model_is_opened(workspace: Workspace, models: list[Model]) -> None:
    one, two, _ = models

    assert Model(workspace, "a") == two
    assert Model(workspace, name="a", version=1) == one
    assert Model(workspace, id="a:1") == one
    assert Model(workspace, "a", tags=["k"]) == two
    assert Model(workspace, "a", tags=[["stage", "test"]]) == one
    assert Model(workspace, "a", model_framework="Onnx") == one


def test_a_model_that_is_not_there_is_told(workspace: Workspace, models: list[Model]) -> None:
    with pytest.raises(ModelNotFound, match=r"Model\.list"):
        Model(workspace, "c")
    with pytest.raises(ModelNotFound, match="2, 1"):
        Model(workspace, "a", version=7)
    with pytest.raises(ModelNotFound, match="2, 1"):
        Model(workspace, id="a:7")
    with pytest.raises(ModelNotFound, match="no version of it fits"):
        Model(workspace, "a", tags={"stage": "test"}, version=2)
    with pytest.raises(ModelNotFound):
        Model.get_model_path("c", _workspace=workspace)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"id": "a"},
        {"id": "a:x"},
        {"id": ":1"},
        {"id": 3},
        {"id": "a:" + "9" * 5_000},
        {"name": "a", "version": "1"},
        {"name": "a", "version": True},
        {"name": "b", "id": "a:1"},
        {"id": "a:1", "version": 2},
    ],
)
def test_arguments_that_name_no_model_are_told(
    workspace: Workspace, models: list[Model], arguments: dict[str, object]
) -> None:
    with pytest.raises(UserError):
        Model(workspace, **arguments)  # type: ignore[arg-type]


def test_what_is_no_workspace_is_told() -> None:
    with pytest.raises(UserError, match="A model is in a workspace"):
        Model("a")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="A model is in a workspace"):
        Model.list("a")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="A model is in a workspace"):
        Model.register("a", "m.pkl", "a")  # type: ignore[arg-type]


def test_the_path_of_a_model_is_given(workspace: Workspace, models: list[Model]) -> None:
    write("other.pkl", "other")
    Model.register(workspace, "other.pkl", "a")

    assert Path(Model.get_model_path("a", _workspace=workspace)).read_text() == "other"
    assert Path(Model.get_model_path("a", 1, workspace)).read_text() == "content"
    assert Model.get_model_path("a", version=1, _workspace=workspace).endswith("m.pkl")


def test_without_a_workspace_it_is_the_configured_one() -> None:
    configured = Workspace.open("ws")
    configured.write_config()
    write("m.pkl")
    Model.register(configured, "m.pkl", "a")

    assert Path(Model.get_model_path("a")).read_text() == "content"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_in_a_submitted_script_it_is_that_of_the_run(run: Run, workspace: Workspace) -> None:
    program = """
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.run import Run
run = Run.get_context(allow_offline=False)
run.upload_file("outputs/m.pkl", "m.pkl")
print(run.register_model("ridge", "outputs/m.pkl").id)
print(Model.get_model_path("ridge"))
"""
    write("m.pkl")
    variables = {**os.environ, "AZUREML_RUN_ID": run.id, "AML_WIDGETS_WORKSPACE": workspace.location}

    script = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=True)

    (model,) = Model.list(workspace, run_id=run.id)
    assert script.stdout.split() == [model.id, Model.get_model_path("ridge", _workspace=workspace)]
    assert Path(model.download("got")).read_text() == "content"


# -- what it is


def test_what_is_known_fits_into_json(files_of_run: Run) -> None:
    model = files_of_run.register_model(
        "ridge", "outputs/model.pkl", properties={"p": "x"}, description="<b>", model_framework_version="1.4"
    )

    known = json.loads(json.dumps(model.serialize()))

    assert {key: known[key] for key in ("id", "name", "version", "description", "properties", "frameworkVersion")} == {
        "id": "ridge:1",
        "name": "ridge",
        "version": 1,
        "description": "<b>",
        "properties": {"p": "x"},
        "frameworkVersion": "1.4",
    }
    assert known["runId"] == files_of_run.id
    assert known["createdTime"] == model.created_time.isoformat()
    assert abs((datetime.now(timezone.utc) - model.created_time).total_seconds()) < 3_600
    assert Path(known["url"].removeprefix("file://")).read_text() == "model.pkl"
    assert set(known["createdBy"]) == {"userName"}


def test_a_model_is_a_value(workspace: Workspace, models: list[Model], store: object) -> None:
    again = Model(workspace, "a", version=1)

    assert again == models[0] != models[1]
    assert len({again, *models}) == 3
    assert "id=a:1" in repr(again)
    assert again != "a:1"
    if isinstance(store, SqliteRunStore):
        assert pickle.loads(pickle.dumps(again)) == again
        assert copy.deepcopy(again) == again


# -- downloaded, changed, deleted


def test_a_download_overwrites_nothing_unless_told(files_of_run: Run) -> None:
    model = files_of_run.register_model("net", "outputs/net")
    write("got/net/config.json", "mine")
    write("got/net/other", "mine")

    with pytest.raises(Conflict, match="exist_ok"):
        model.download("got")
    before = read_all("got")
    path = model.download("got", exist_ok=True)

    assert before == {"net/config.json": "mine", "net/other": "mine"}
    assert read_all(path) == {"a/w.bin": "net/a/w.bin", "config.json": "net/config.json", "other": "mine"}


def test_tags_and_properties_change(workspace: Workspace, models: list[Model]) -> None:
    model = models[0]

    model.add_tags({"new": "1"})
    model.remove_tags(["stage", "never there"])
    model.add_properties({"q": "2"})
    model.update_tags_properties(add_tags={"x": "y"}, remove_tags=["new"], add_properties={"r": "3"})
    changed = (model.tags, model.properties)
    model.update(tags={"only": "this"}, description="a note")
    model.update(description="another note")

    assert changed == ({"x": "y"}, {"p": "1", "q": "2", "r": "3"})
    assert (model.tags, model.description) == ({"only": "this"}, "another note")
    read = Model(workspace, id=model.id)
    assert (read.tags, read.properties, read.description) == (model.tags, model.properties, model.description)
    with pytest.raises(PropertyExists, match="'p'"):
        model.add_properties({"p": "other"})
    with pytest.raises(UserError, match="text"):
        model.update(description=3)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="dict"):
        model.add_tags("x")  # type: ignore[arg-type]


def test_a_deleted_model_is_gone(workspace: Workspace, models: list[Model]) -> None:
    models[1].delete()

    assert Model.list(workspace) == [models[2], models[0]]
    assert Model(workspace, "a") == models[0]
    for use in (models[1].delete, models[1].download, lambda: models[1].add_tags({"a": "b"})):
        with pytest.raises(ModelNotFound):
            use()
    assert Model.register(workspace, "m.pkl", "a").version == 3


def test_a_failed_run_has_models_too(files_of_run: Run) -> None:
    files_of_run.fail("out of memory")

    model = files_of_run.register_model("last-checkpoint", "outputs/model.pkl")

    assert model.run is not None
    assert model.run.status == RunStatus.FAILED
