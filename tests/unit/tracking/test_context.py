from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from aml_widgets.core.errors import ConfigError, InvalidMetric, RunNotFound
from aml_widgets.tracking import context
from aml_widgets.tracking.run import Run


def test_every_offline_run_is_a_new_one() -> None:
    first, second = Run.get_context(), Run.get_context()

    assert first.id != second.id
    assert first.id.startswith("OfflineRun_")
    assert first.child_run("a").id == f"{first.id}.a"


def test_without_offline_there_is_no_run() -> None:
    with pytest.raises(RunNotFound, match="start_logging"):
        Run.get_context(allow_offline=False)


def test_an_offline_run_prints_what_would_be_logged(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.get_context()

    run.log("a", 1)
    run.log_list("b", [1, 2])
    run.log_table("c", {"x": [1]})
    run.log_row("d", x=1)
    run.log_image("e", path="e.png")
    run.log_residuals("f", {"x": 1})
    run.log_predictions("g", {"x": 1})
    run.log_accuracy_table("h", {"x": 1})
    run.log_confusion_matrix("i", {"x": 1})

    assert capsys.readouterr().out == (
        "Attempted to log scalar metric a:\n1\n"
        "Attempted to log list metric b:\n[1, 2]\n"
        "Attempted to log table metric c:\n{'x': [1]}\n"
        "Attempted to log row metric d:\n{'x': 1}\n"
        "Attempted to log image metric e:\ne.png\n"
        "Attempted to log residual metric f:\n{'x': 1}\n"
        "Attempted to log predictions metric g:\n{'x': 1}\n"
        "Attempted to log accuracy_table metric h:\n{'x': 1}\n"
        "Attempted to log confusion_matrix metric i:\n{'x': 1}\n"
    )


def test_an_offline_run_prints_everything_else(capsys: pytest.CaptureFixture[str]) -> None:
    run = context.OfflineRun("r")

    run.tag("k", "v")
    run.set_tags({"k": "v"})
    run.add_properties({"k": "v"})
    run.upload_file("n", "p")
    run.upload_folder("n", "p")
    run.upload_files(["n"], ["p"])
    run.flush()
    run.fail(error_code="C", error_details="why")
    run.complete()
    run.cancel()
    with run as entered:
        pass

    assert entered is run
    assert capsys.readouterr().out == (
        "Attempted to add tag k with value v\n"
        "Attempted to set tags {'k': 'v'}\n"
        "Attempted to add properties {'k': 'v'}\n"
        "Attempted to track file n at p\n"
        "Attempted to track folder n at p\n"
        "Attempted to track files ['n'] at ['p'] with timeout Nones\n"
        "Attempted to flush run with id r\n"
        "Run failed with error code C:\nwhy\n"
        "[START] Run r context\n"
        "[STOP] Run r context\n"
    )


def test_an_offline_run_gives_back_what_was_logged() -> None:
    run = Run.get_context()

    run.log("a", 1, step=3)
    run.log("a", np.int64(2))
    run.log_list("b", [1.5])
    run.log_row("c", x=1, y=2)
    run.log_table("d", {"x": [1, 2]})
    run.log_metrics({"e": 1})

    assert run.get_metrics() == {"a": [1, 2], "b": 1.5, "c": {"x": 1, "y": 2}, "d": {"x": [1, 2]}, "e": 1}
    assert run.get_metrics("e") == {"e": 1}
    assert run.get_metrics("e", recursive=True, run_type=None, populate=True) == {"e": 1}
    with pytest.raises(InvalidMetric):
        run.log("a", [1, 2])


def test_an_offline_run_has_an_experiment_in_name_only() -> None:
    experiment = Run.get_context().experiment

    assert experiment.name
    assert not hasattr(experiment, "_private")
    with pytest.raises(AttributeError, match=r"offline.*'workspace'.*from_config"):
        experiment.workspace  # noqa: B018 - the fault


@pytest.mark.parametrize("name", ["parent", "get_status", "tags", "input_datasets", "display_name"])
def test_what_an_offline_run_does_not_have_is_explained(name: str) -> None:
    run = Run.get_context()

    with pytest.raises(AttributeError, match=rf"offline.*{name}.*start_logging"):
        getattr(run, name)

    assert not hasattr(run, "_private")


def test_the_notebook_and_its_cell_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = {"metadata": {"cellId": "cell-1"}}
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: parent))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setenv("JPY_SESSION_NAME", "work/a.ipynb")

    assert (context.get_notebook_path(), context.find_cell_id()) == ("work/a.ipynb", "cell-1")


@pytest.mark.parametrize(
    "shell", [None, SimpleNamespace(), SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: None))]
)
def test_without_a_notebook_nothing_is_found(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)

    assert (context.get_notebook_path(), context.find_cell_id()) == (None, None)


@pytest.mark.parametrize(("text", "limit"), [("", 2_000), ("False", 2_000), ("True", None), ("1", None)])
def test_the_limit_of_files_can_be_lifted(monkeypatch: pytest.MonkeyPatch, text: str, limit: int | None) -> None:
    monkeypatch.setenv("AML_SNAPSHOT_NO_FILE_LIMIT", text)

    assert context.get_snapshot_max_files() == limit


def test_the_limits_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_FILES", "12")
    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_MB", "0.5")

    assert context.get_snapshot_max_files() == 12
    assert context.get_snapshot_max_bytes() == 524_288


@pytest.mark.parametrize("text", ["many", "-1", "nan", "inf"])
def test_a_limit_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AML_WIDGETS_SNAPSHOT_MAX_MB", text)

    with pytest.raises(ConfigError, match=f"AML_WIDGETS_SNAPSHOT_MAX_MB must be a number from 0, got '{text}'"):
        context.get_snapshot_max_bytes()
