"""The notebooks run in a real kernel, and leave in the store what they say they do."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from aml_widgets import Experiment, Model, Run, Workspace

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of workspaces, kernels and settings for one notebook."""
    home = tmp_path / "home"
    monkeypatch.setenv("AML_WIDGETS_HOME", str(home))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter_config"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter_data"))  # no kernel of the user's is taken for ours
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter_runtime"))
    return home


def execute(name: str, folder: Path, *, sources: str | None = None) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom in a folder with nothing but its sources; an exception in a cell is one here."""
    notebook: nbformat.NotebookNode = nbformat.read(NOTEBOOKS / name, as_version=4)
    folder.mkdir()
    if sources is not None:
        shutil.copytree(NOTEBOOKS / sources, folder / sources)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=True,
    )
    client.execute()
    return notebook


def only_run(experiment_name: str) -> Run:
    """Give the one top-level run that the notebook made, read back from the default workspace."""
    (run,) = Experiment(Workspace.from_config(), experiment_name).get_runs()
    return run


def output_text(notebook: nbformat.NotebookNode, cell_id: str) -> str:
    """Give what a cell printed or returned, as text."""
    (cell,) = (cell for cell in notebook.cells if cell["id"] == cell_id)
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell["outputs"]]
    return "\n".join(texts)


def test_the_quickstart_logs_a_sweep_and_its_models(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("01-quickstart.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    run = only_run("diabetes-ridge")
    metrics = run.get_metrics()
    assert run.get_status() == "Completed"
    assert run.display_name == "alpha sweep"
    assert metrics["alpha"] == pytest.approx([0.05 * number for number in range(1, 20)])
    assert len(metrics["mse"]) == 19
    assert metrics["best_mse"] == min(metrics["mse"])
    assert metrics["best_alpha"] == metrics["alpha"][metrics["mse"].index(min(metrics["mse"]))]
    assert {f"outputs/ridge_{number * 5 / 100:.2f}.pkl" for number in range(1, 20)} <= set(run.get_file_names())
    assert run.get_tags()["best_model"] in run.get_file_names()
    assert "best alpha" in output_text(notebook, "read-metrics")
    assert any(home.iterdir())


def test_the_tour_of_the_logging_api_keeps_every_kind_of_value(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("02-logging-api.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    run = only_run("logging-api")
    metrics = run.get_metrics()
    assert run.get_status() == "Completed"
    assert (metrics["optimizer"], metrics["parameters"], metrics["mixed_precision"]) == ("adam", 2**70, True)
    assert metrics["best_so_far"] is None
    assert len(metrics["loss"]) == 30
    assert list(run.get_metric_history("train_accuracy").steps) == list(range(0, 300, 10))
    assert list(run.get_metric_history("learning_rate").values) == [0.1, 0.01]
    assert len(metrics["gradient_norms"]) == 50
    assert metrics["class_names"] == ["setosa", "versicolor", "virginica"]
    assert metrics["nothing_yet"] == []
    assert len(metrics["circle"]["x"]) == len(metrics["circle"]["y"]) == 60
    assert metrics["roc"]["true_positives"] == [0.0, 0.7, 0.9, 1.0]
    assert metrics["best_trials"] == {"trial": [1, 4], "score": [0.81, 0.86], "note": [None, "larger batch"]}
    for name in ("schedule", "noise", "confusion", "accuracy_table", "residuals", "predictions"):
        assert metrics[name].startswith("aml://artifactId/"), name
    assert run.get_tags() == {"quality": "very good", "team": "vision"}
    assert run.get_properties()["dataset_version"] == "3"
    assert {"reports/report.txt", "weights.bin"} <= set(run.get_file_names())
    assert "All is well." in output_text(notebook, "files")


def test_the_tour_leaves_child_runs_with_their_prints_and_their_ends(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute("02-logging-api.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    children = {child.display_name: child for child in only_run("logging-api").get_children()}
    assert {name: child.get_status() for name, child in children.items()} == {
        "fold 0": "Completed",
        "fold 1": "Completed",
        "fold 2": "Completed",
        "fold that fails": "Failed",
    }
    assert math.isclose(children["fold 1"].get_metrics()["mse"], 0.6)
    children["fold 2"].download_file("logs/user_log.txt", "log.txt")
    log = Path("log.txt").read_text(encoding="utf-8")
    assert "training fold 2" in log
    assert "fold 2 is small" in log


def test_training_on_this_machine_finds_the_best_of_twenty_models(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("03-train-on-local.ipynb", tmp_path / "work", sources="train-on-local")

    monkeypatch.chdir(tmp_path / "work")
    run = only_run("train-on-local")
    metrics = run.get_metrics()
    assert (run.get_status(), run.type) == ("Completed", "azureml.scriptrun")
    assert metrics["alpha"] == pytest.approx([0.05 * number for number in range(1, 21)])
    assert len(metrics["mse"]) == 20
    models = {name for name in run.get_file_names() if name.startswith("outputs/")}
    assert models == {f"outputs/ridge_{number * 5 / 100:.2f}.pkl" for number in range(1, 21)}
    best = f"{metrics['alpha'][metrics['mse'].index(min(metrics['mse']))]:.2f}"
    assert output_text(notebook, "best").startswith(f"best alpha {best} of 20")
    assert "alpha 1.00: mean squared error" in output_text(notebook, "wait")
    assert f"Ridge(alpha={float(best)})" in output_text(notebook, "download")
    model = Model(Workspace.from_config(), "diabetes-ridge")
    assert (model.version, model.run_id, model.tags) == (1, run.id, {"alpha": best})
    assert not (tmp_path / "work" / "train-on-local" / "outputs").exists()  # it ran in a copy


def test_watching_a_run_leaves_its_picture_and_its_data(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("05-watching-a-run.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    run = only_run("watching")
    metrics = run.get_metrics()
    assert run.get_status() == "Completed"
    assert len(metrics["train/loss"]) == 600
    assert math.isnan(metrics["val/loss"][-1])
    assert len(list(run.get_children())) == 5
    assert "Completed with 5 children and 9 metrics" in output_text(notebook, "figure")
    static = "".join(
        output.get("data", {}).get("text/html", "") for cell in notebook.cells[:2] for output in cell.get("outputs", [])
    )
    assert "Completed" in static
    assert "train/accuracy" in static


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_notebooks_are_committed_without_outputs(path: Path) -> None:
    committed = subprocess.run(
        ["git", "show", f":{path.relative_to(ROOT).as_posix()}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    text = committed.stdout if committed.returncode == 0 else path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)

    with_outputs = [
        cell["id"]
        for cell in notebook.cells
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None)
    ]

    assert with_outputs == []


def test_mlflow_and_the_workspace_read_each_others_runs(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("04-mlflow.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    runs = {run.display_name: run for run in Experiment(Workspace.from_config(), "with-mlflow").get_runs()}
    assert set(runs) == {"boosted trees", "ridge", "by aml_widgets"}
    assert {run.get_status() for run in runs.values()} == {"Completed"}
    trees = runs["boosted trees"]
    assert list(trees.get_metric_history("mse").steps) == list(range(60))
    assert "data.json" in trees.get_file_names()
    assert "found by MLflow: True" in output_text(notebook, "read")
    assert "training_mean_squared_error" in runs["ridge"].get_metrics()
    assert "by aml_widgets FINISHED 400.0 aml_widgets" in output_text(notebook, "other")


def test_a_v1_notebook_logs_reads_and_trains_as_it_was_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("06-azureml-v1-notebooks.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    workspace = Workspace.from_config()
    assert (workspace.name, workspace.subscription_id) == ("v1-notebooks", "my-subscription")
    assert output_text(notebook, "workspace").splitlines()[1:3] == ["v1-notebooks", "my-group"]
    parent, run = Experiment(workspace, "logging-api").get_runs()
    metrics = run.get_metrics()
    assert run.get_status() == parent.get_status() == "Completed"
    assert metrics["layer widths"] == [16, 32, 64, 128, 256, 512]
    assert len(metrics["loss"]) == len(metrics["schedule"]["rate"]) == 25
    assert metrics["recall"]["recall"][0] == 1.0
    assert metrics["residuals"].startswith("aml://artifactId/")
    assert run.get_tags() == {"baseline": None, "rank": "1"}
    assert Path("notes-again.txt").read_text(encoding="utf-8") == "A file that is uploaded.\n"
    assert len(list(parent.get_children())) == 3
    assert "is 'diabetes' and cannot become 'wine'" in output_text(notebook, "children")
    assert output_text(notebook, "children").endswith("True Completed 3\n")
    errors = [trial.get_metrics()["rmse"] for trial in Experiment(workspace, "diabetes").get_runs()]
    assert len(errors) == 10
    model = Model(workspace, "diabetes-ridge")
    assert model.run is not None
    assert model.run.get_metrics()["rmse"] == min(errors)
    assert output_text(notebook, "cloud").startswith("Dataset.get_by_name ")


def test_v1_scripts_run_on_a_cluster_of_this_machine(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook = execute("07-azureml-v1-scripts.ipynb", tmp_path / "work")

    monkeypatch.chdir(tmp_path / "work")
    slow, run = Experiment(Workspace.from_config(), "v1-scripts").get_runs()
    assert (run.get_status(), run.get_details()["target"]) == ("Completed", "v1-cluster")
    assert slow.get_status() == "Canceled"
    metrics = run.get_metrics()
    assert metrics["neighbours"] == list(range(1, 21))
    best = max(zip(metrics["accuracy"], metrics["neighbours"], strict=True))[1]
    assert output_text(notebook, "best").startswith(f"best with {best} neighbours: 0.9")
    assert "20 neighbours: 0.9" in output_text(notebook, "wait")
    assert Model(Workspace.from_config(), "wine-neighbours").run_id == run.id
    assert f"outputs/neighbours_{best:02}.pkl" in run.get_file_names()
    assert "Succeeded" in output_text(notebook, "compute")
