"""Files that MLflow writes are files of our runs, and the other way round."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from PIL import Image

from aml_widgets import Experiment, Workspace


def test_what_mlflow_writes_is_listed_and_read_here(workspace: Workspace, uri: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a b%c.txt").write_text("one")
    (folder / "sub" / "ü.bin").write_bytes(b"\0\1")

    with mlflow.start_run() as started:
        mlflow.log_text("text", "notes/größe.txt")
        mlflow.log_dict({"a": 1}, "config.json")
        mlflow.log_artifact(str(folder / "a b%c.txt"))
        mlflow.log_artifacts(str(folder), "deep/er")

    run = workspace.get_run(started.info.run_id)
    assert run.get_file_names() == [
        "a b%c.txt",
        "config.json",
        "deep/er/a b%c.txt",
        "deep/er/sub/ü.bin",
        "notes/größe.txt",
    ]
    run.download_file("notes/größe.txt", str(tmp_path / "there.txt"))
    assert (tmp_path / "there.txt").read_text(encoding="utf-8") == "text"
    assert mlflow.artifacts.load_dict(f"runs:/{run.id}/config.json") == {"a": 1}
    got = Path(mlflow.artifacts.download_artifacts(run_id=run.id, artifact_path="deep", dst_path=str(tmp_path / "got")))
    assert (got / "er" / "sub" / "ü.bin").read_bytes() == b"\0\1"


def test_what_we_write_is_listed_and_read_by_mlflow(workspace: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("text")
    run = Experiment(workspace, "ridge").start_logging(outputs=False)
    run.upload_file("outputs/deep/a.txt", str(source))
    run.complete()

    assert [(one.path, one.is_dir) for one in client.list_artifacts(run.id)] == [("outputs", True)]
    assert [(one.path, one.is_dir) for one in client.list_artifacts(run.id, "outputs")] == [("outputs/deep", True)]
    (file,) = client.list_artifacts(run.id, "outputs/deep")
    assert (file.path, file.is_dir, file.file_size) == ("outputs/deep/a.txt", False, 4)
    assert client.list_artifacts(run.id, "outputs/deep/a.txt") == []
    assert client.list_artifacts(run.id, "nothing") == []
    assert Path(client.download_artifacts(run.id, "outputs/deep/a.txt", str(tmp_path / "."))).read_text() == "text"
    with pytest.raises(MlflowException, match="nothing"):
        client.download_artifacts(run.id, "nothing", str(tmp_path))


def test_a_file_can_be_written_again_and_a_table_grows(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    client.log_text(run_id, "first", "a.txt")
    client.log_text(run_id, "second", "a.txt")
    client.log_table(run_id, {"x": [1], "label": ["ü"]}, "table.json")
    client.log_table(run_id, pd.DataFrame({"x": [2], "label": ["ö"]}), "table.json")

    assert workspace.store.artifacts.read(run_id, "a.txt") == b"second"
    table = json.loads(workspace.store.artifacts.read(run_id, "table.json"))
    assert table == {"columns": ["x", "label"], "data": [[1, "ü"], [2, "ö"]]}
    assert list(client.load_table(workspace.get_run(run_id).experiment.id, "table.json", [run_id])["x"]) == [1, 2]


def test_pictures_are_pictures(workspace: Workspace, client: MlflowClient, run_id: str) -> None:
    from matplotlib.figure import Figure

    client.log_image(run_id, Image.new("RGB", (4, 3), "red"), "plain.png")
    client.log_image(run_id, np.zeros((3, 4, 3), dtype=np.uint8), key="step/picture", step=7, synchronous=True)
    client.log_figure(run_id, Figure(), "figure.png")

    names = workspace.get_run(run_id).get_file_names()
    assert {"plain.png", "figure.png"} <= set(names)
    of_step = [name for name in names if name.startswith("images/step") and name.endswith(".png")]
    assert len(of_step) == 1
    for name in ("plain.png", "figure.png", *of_step):
        assert workspace.store.artifacts.read(run_id, name).startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["../a.txt", "/a.txt", "a/../../b.txt"])
def test_no_path_leaves_the_run(workspace: Workspace, client: MlflowClient, run_id: str, path: str) -> None:
    with pytest.raises(MlflowException):
        client.log_text(run_id, "text", path)
    with pytest.raises(MlflowException):
        client.download_artifacts(run_id, path)

    assert workspace.get_run(run_id).get_file_names() == []


def test_what_is_final_of_ours_stays(workspace: Workspace, client: MlflowClient, tmp_path: Path) -> None:
    source = tmp_path / "a.txt"
    source.write_text("ours")
    run = Experiment(workspace, "ridge").start_logging(outputs=False)
    run.upload_file("a.txt", str(source))

    with pytest.raises(MlflowException, match="a.txt") as caught:
        client.log_text(run.id, "theirs", "a.txt")

    assert caught.value.error_code == "INVALID_STATE"
    assert workspace.store.artifacts.read(run.id, "a.txt") == b"ours"
    run.complete()


def test_files_of_a_run_that_is_not_there_are_refused(client: MlflowClient, run_id: str) -> None:
    repository = get_artifact_repository(client.get_run(run_id).info.artifact_uri.replace(run_id, "nobody"))

    with pytest.raises(MlflowException, match="nobody"):
        repository.log_artifact(__file__)
    with pytest.raises(MlflowException, match="delete_artifacts is not implemented") as caught:
        repository.delete_artifacts("a.txt")
    assert caught.value.error_code == "NOT_IMPLEMENTED"
