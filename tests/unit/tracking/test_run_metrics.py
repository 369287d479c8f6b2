"""Every row of the reference's tables of what `log_*` accept and what `get_metrics` gives back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aml_widgets.core import clock
from aml_widgets.core.errors import InvalidMetric, NotFound, RunIsTerminal
from aml_widgets.tracking.context import OfflineRun
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.metric_files import ImageArtifact, MetricArtifact
from aml_widgets.tracking.run import Run


def log_all(run: Run, *values: object) -> None:
    for value in values:
        run.log("m", value)


def log_rows(run: Run, *rows: dict[str, object]) -> None:
    for row in rows:
        run.log_row("m", None, **row)


def log_tables(run: Run, *tables: dict[str, Any]) -> None:
    for table in tables:
        run.log_table("m", table)


def log_lists(run: Run, *lists: object) -> None:
    for each in lists:
        run.log_list("m", each)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (lambda run: log_all(run, 0.5), 0.5),
        (lambda run: log_all(run, 1, 2.5), [1, 2.5]),
        (lambda run: log_all(run, 1.5, 2), [1.5, 2.0]),
        (lambda run: log_all(run, 1, "x"), [1, "x"]),
        (lambda run: log_all(run, 1.5, "x"), [1.5, "x"]),
        (lambda run: log_all(run, None), None),
        (lambda run: log_all(run, True, False), [True, False]),
        (lambda run: log_all(run, 10**40), 10**40),
        (lambda run: log_all(run, np.int64(3), np.int64(4)), [3, 4]),
        (lambda run: log_lists(run, [1, 2, 3]), [1, 2, 3]),
        (lambda run: log_lists(run, [7]), 7),
        (lambda run: log_lists(run, [1, 2], [3]), [1, 2, 3]),
        (lambda run: log_lists(run, []), []),
        (lambda run: log_lists(run, [], [1]), 1),
        (lambda run: log_lists(run, (1, 2)), [1, 2]),
        (lambda run: log_lists(run, (i * i for i in range(3))), [0, 1, 4]),
        (lambda run: log_lists(run, range(3)), [0, 1, 2]),
        (lambda run: log_lists(run, np.array([0.5, 1.5])), [0.5, 1.5]),
        (lambda run: log_lists(run, [np.int64(1), np.int64(2)]), [1, 2]),
        (lambda run: log_lists(run, [1, 2.5]), [1.0, 2.5]),
        (lambda run: log_lists(run, [1.5, "x"]), [1.5, "x"]),
        (lambda run: log_lists(run, [None, True, 0.5]), [None, True, 0.5]),
        (lambda run: (run.log("m", 1.5), run.log_list("m", [2, 3])), [1.5, 2.0, 3.0]),
        (lambda run: log_rows(run, {"x": 1, "y": 2}), {"x": 1, "y": 2}),
        (lambda run: log_rows(run, {"x": 1, "y": 2}, {"x": 3, "y": 4}), {"x": [1, 3], "y": [2, 4]}),
        (lambda run: log_rows(run, {"x": 1}, {"x": 3}), {"x": [1, 3]}),
        (lambda run: log_rows(run, {"x": np.int64(1)}), {"x": 1}),
        (lambda run: log_rows(run, {"x": 1, "y": 2}, {"x": 3, "z": 4}), {"x": [1, 3], "y": [2, None], "z": [None, 4]}),
        (lambda run: log_rows(run, {"x": 1}, {"y": 2}), {"x": [1, None], "y": [None, 2]}),
        (lambda run: log_rows(run, {"x": 1, "y": "a"}, {"x": None, "y": True}), {"x": [1, None], "y": ["a", True]}),
        (lambda run: log_tables(run, {"x": [1, 2], "y": [3, 4]}), {"x": [1, 2], "y": [3, 4]}),
        (lambda run: log_tables(run, {"x": [1], "y": [0.1]}), {"x": 1, "y": 0.1}),
        (lambda run: log_tables(run, {"x": 1, "y": 0.1}), {"x": 1, "y": 0.1}),
        (lambda run: log_tables(run, {"x": [1], "y": 0.1}), {"x": 1, "y": 0.1}),
        (lambda run: log_tables(run, {"x": [1, 2]}, {"x": [3]}), {"x": [1, 2, 3]}),
        (lambda run: log_tables(run, {"x": np.array([1, 2]), "y": ("a", "b")}), {"x": [1, 2], "y": ["a", "b"]}),
        (lambda run: log_tables(run, pd.DataFrame({"x": [1, 2]}).to_dict("list")), {"x": [1, 2]}),
        (lambda run: [log(run, {"x": cell}) for log, cell in ((log_tables, [1, 2]), (log_rows, 3))], {"x": [1, 2, 3]}),
    ],
)
def test_the_shape_of_a_metric_depends_on_how_much_was_logged(
    run: Run, log: Callable[[Run], object], expected: object
) -> None:
    log(run)

    metrics = run.get_metrics()

    assert metrics == {"m": expected}
    assert repr(metrics["m"]) == repr(expected)  # 1 is not 1.0 is not True


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_comes_back(run: Run, value: float) -> None:
    run.log("m", value)

    assert repr(run.get_metrics()["m"]) == repr(value)


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (lambda run: run.log("m", [1, 2]), "log_list"),
        (lambda run: run.log("m", 1, step=-1), "Step must be from 0"),
        (lambda run: run.log("m", 1, step=1.5), "Step must be an integer"),
        (lambda run: run.log("", 1), "at least one character"),
        (lambda run: run.log_metrics({"m": [1]}), "log_list"),
        (lambda run: run.log_metrics([("m", 1)]), "dict of metric names"),
        (lambda run: run.log_list("m", "text"), "Use log for one text"),
        (lambda run: run.log_list("m", 5), "Use log for one value"),
        (lambda run: run.log_list("m", [[1, 2]]), "inner list"),
        (lambda run: run.log_row("m", x=[1, 2]), "log_table"),
        (lambda run: run.log_row("m", x=(1, 2)), "log_table"),
        (lambda run: run.log_row("m"), "has no column"),
        (lambda run: run.log_table("m", {"x": [1, 2], "y": [1]}), "'x' has 2 values and 'y' has 1"),
        (lambda run: run.log_table("m", {"x": [1, 2], "y": 1}), "'x' has 2 values and 'y' has 1"),
        (lambda run: run.log_table("m", {}), "has no column"),
        (lambda run: run.log_table("m", {"x": [], "y": []}), "has no row"),
        (lambda run: run.log_table("m", [1, 2]), "must be a dict"),
        (lambda run: run.log_table("m", pd.DataFrame({"x": [1]})), r"to_dict\('list'\)"),
        (lambda run: run.log_table("m", {3: [1]}), "Column name must be text"),
        (lambda run: run.log_table("m", {"x": [[1], [2]]}), "Column 'x'"),
    ],
)
def test_a_wrong_argument_is_refused_with_a_way_out_and_logs_nothing(
    run: Run, log: Callable[[Run], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        log(run)

    assert run.get_metrics() == {}


def test_a_metric_keeps_its_kind(run: Run) -> None:
    run.log("m", 1)

    with pytest.raises(InvalidMetric, match="'m'"):
        run.log_row("m", x=1)

    assert run.get_metrics() == {"m": 1}


def test_any_name_comes_back(run: Run) -> None:
    names = ["Hello from child run ", "a/b", "🚀" * 300, "<script>", "x" * 5_000]

    for number, name in enumerate(names):
        run.log(name, number)

    assert run.get_metrics() == {name: number for number, name in enumerate(names)}


def test_what_log_acknowledged_can_be_read_at_once_by_another_object(run: Run, experiment: Experiment) -> None:
    run.log("m", 1.5)

    assert Run(experiment, run.id).get_metrics() == {"m": 1.5}


def test_one_metric_is_read_by_name(run: Run) -> None:
    run.log("m", 1)
    run.log("other", 2)

    assert run.get_metrics("m") == {"m": 1}
    assert run.get_metrics(name="absent") == {}


def test_several_metrics_are_logged_at_one_time(run: Run) -> None:
    run.log_metrics({"a": 1.5, "b": 2}, step=3)
    run.log_metrics({"a": np.float32(0.5), "c": "text", "d": None})
    run.log_metrics({})

    assert run.get_metrics() == {"a": [1.5, 0.5], "b": 2, "c": "text", "d": None}
    assert run.get_metric_history("a").times[0] == run.get_metric_history("b").times[0]
    assert list(run.get_metric_history("a").steps) == [3, 4]


def test_one_wrong_value_among_several_logs_none(run: Run) -> None:
    with pytest.raises(InvalidMetric):
        run.log_metrics({"a": 1, "b": [1]})

    assert run.get_metrics() == {}


def test_a_history_has_step_value_and_time_of_every_point(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000.5)
    for step in (5, 5, 2):
        run.log("m", step * 0.5, step=step)

    history = run.get_metric_history("m")

    assert list(history.steps) == [5, 5, 2]
    assert list(history.values) == [2.5, 2.5, 1.0]
    assert list(history.times) == [1_000.5] * 3
    assert history[0].step == 5
    assert [point.value for point in history] == [2.5, 2.5, 1.0]
    assert "3 point(s)" in repr(history)


def test_a_history_of_rows_gives_cells(run: Run) -> None:
    log_rows(run, {"x": 1, "y": 2}, {"x": 3})

    assert list(run.get_metric_history("m").values) == [{"x": 1, "y": 2}, {"x": 3, "y": None}]
    assert list(run.get_metric_history("m", "y").values) == [2]


def test_an_absent_history_says_what_there_is(run: Run) -> None:
    run.log("loss", 1)
    run.log_row("rows", x=1)

    with pytest.raises(NotFound, match="It has: 'loss', 'rows'"):
        run.get_metric_history("los")
    with pytest.raises(NotFound, match="no column 'y'"):
        run.get_metric_history("rows", "y")


@pytest.mark.parametrize(
    ("log", "way_out"),
    [
        (lambda run: run.log("m", 0.5, 10), "got 10, an int. For a step write step=10."),
        (lambda run: run.log("m", 0.5, 0), "got 0, an int. For a step write step=0."),
        (lambda run: run.log("m", 0.5, np.int64(3)), "an int64. For a step write step=3."),
        (lambda run: run.log("m", 0.5, -1), "got -1, an int. Use str(...), or leave it out."),
        (lambda run: run.log("m", 0.5, False), "got False, a bool. Use str(...), or leave it out."),
        (lambda run: run.log("m", 0.5, np.zeros(2)), "an ndarray. Use str(...), or leave it out."),
        (lambda run: run.log_row("m", 5, x=1), "got 5, an int. Use str(...), or leave it out."),
        (lambda run: run.log_list("m", [1], 5), "got 5, an int. Use str(...), or leave it out."),
        (lambda run: run.log_table("m", {"x": [1]}, 5), "got 5, an int. Use str(...), or leave it out."),
        (lambda run: run.log_image("m", plot=np.zeros((2, 2)), description=5), "got 5, an int."),
        (lambda run: run.log_residuals("m", {"bin_edges": [0, 1], "bin_counts": [3]}, 5), "got 5, an int."),
    ],
)
@pytest.mark.parametrize("is_offline", [False, True])
def test_a_description_that_is_no_text_is_refused_and_nothing_is_logged(
    run: Run, log: Callable[[Run | OfflineRun], None], way_out: str, is_offline: bool
) -> None:
    target = OfflineRun() if is_offline else run

    with pytest.raises(InvalidMetric) as raised:
        log(target)

    assert raised.value.message.startswith("The description of metric 'm' must be text, got ")
    assert way_out in raised.value.message
    assert target.get_metrics() == {}
    assert run.get_file_names() == []


class OtherText(str):
    __slots__ = ()


@pytest.mark.parametrize("description", ["", None, OtherText()])
def test_no_description_is_none(run: Run, description: Any) -> None:
    run.log("m", 0.5, description, 3)
    run.log_row("r", description, x=1)

    assert run.get_metric_history("m").steps[0] == 3
    assert run.get_metrics() == {"m": 0.5, "r": {"x": 1}}


def test_a_description_that_cannot_be_kept_is_refused(run: Run) -> None:
    with pytest.raises(InvalidMetric, match="half of a surrogate pair"):
        run.log("m", 0.5, "\ud800")


def test_a_description_is_kept(run: Run) -> None:
    run.log("m", 1.5, description="metres", step=2)
    run.log("m", 2.5, description="metres")
    run.log_list("l", [1], description="list")
    run.log_row("r", description="row", x=1)

    descriptions = {one.key.name: one.description for one in run._store.summarize_metrics(run.id)}
    assert descriptions == {"m": "metres", "l": "list", "r": "row"}
    assert run.get_metrics("m") == {"m": [1.5, 2.5]}
    assert list(run.get_metric_history("m").steps) == [2, 3]


def test_metrics_of_a_family_come_by_run(run: Run) -> None:
    child = run.child_run("child")
    grandchild = child.child_run("grandchild")
    run.child_run("without metrics")
    run.log("m", 1)
    child.log_list("m", [1, 2])
    child.log_row("r", x=1)
    grandchild.log("m", 3)

    assert run.get_metrics(recursive=True) == {
        run.id: {"m": 1},
        child.id: {"m": [1, 2], "r": {"x": 1}},
        grandchild.id: {"m": 3},
    }
    assert run.get_metrics("m", recursive=True, run_type="other") == {run.id: {"m": 1}}


def test_a_run_that_has_ended_takes_no_more(run: Run) -> None:
    run.complete()

    logs: list[Callable[[], None]] = [
        lambda: run.log("m", 1),
        lambda: run.log("m", "text"),
        lambda: run.log_metrics({"m": 1}),
        lambda: run.log_list("m", [1]),
        lambda: run.log_row("m", x=1),
        lambda: run.log_table("m", {"x": [1]}),
        lambda: run.log_image("m", plot=np.zeros((2, 2))),
        lambda: run.log_confusion_matrix("m", {"class_labels": ["a"], "matrix": [[1]]}),
    ]
    for log in logs:
        with pytest.raises(RunIsTerminal):
            log()
    assert run.get_file_names() == []


DOCUMENTS = {
    "confusion_matrix": {"class_labels": ["a", "b"], "matrix": [[1, 2], [3, 4]]},
    "accuracy_table": {
        "probability_tables": [[[1, 2, 3, 4]]],
        "percentile_tables": [[[1, 2, 3, 4]]],
        "probability_thresholds": [0.0],
        "percentile_thresholds": [0.0],
        "class_labels": ["a"],
    },
    "residuals": {"bin_edges": [0, 1, 2], "bin_counts": [3, 4]},
    "predictions": {"bin_averages": [1], "bin_errors": [0.1], "bin_counts": [2], "bin_edges": [0, 1]},
}
VERSIONS = {"confusion_matrix": "1.0.0", "accuracy_table": "1.0.1", "residuals": "1.0.0", "predictions": "1.0.0"}


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("form", ["document", "json", "data"])
def test_a_document_becomes_a_file_named_as_the_metric(run: Run, kind: str, form: str) -> None:
    document = {"schema_type": kind, "schema_version": VERSIONS[kind], "data": DOCUMENTS[kind]}
    value = {"document": document, "json": json.dumps(document), "data": DOCUMENTS[kind]}[form]

    getattr(run, f"log_{kind}")("doc", value)

    assert run.get_metrics() == {"doc": f"aml://artifactId/ExperimentRun/dcid.{run.id}/doc"}
    assert run.get_file_names() == ["doc"]
    populated = run.get_metrics(populate=True)["doc"]
    assert isinstance(populated, MetricArtifact)
    assert json.loads(populated.data) == document


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "Invalid JSON provided"),
        ("[1]", "must be a dict"),
        (3, "must be a dict"),
        ({"schema_type": "residuals", "data": {}}, "schema type 'residuals'"),
        ({"data": {"matrix": [[1]]}}, "lacks 'class_labels'"),
        ({"data": 3}, "under 'data'"),
        ({"class_labels": ["a"], "matrix": [[1, 2]]}, "square"),
        ({"class_labels": ["a"], "matrix": [[object()]]}, "cannot be written as JSON"),
    ],
)
def test_a_wrong_document_is_refused(run: Run, value: Any, message: str) -> None:
    with pytest.raises(InvalidMetric, match=message):
        run.log_confusion_matrix("doc", value)

    assert run.get_metrics() == {}


def test_documents_take_arrays(run: Run) -> None:
    run.log_confusion_matrix("doc", {"class_labels": np.array(["a", "b"]), "matrix": np.array([[1, 2], [3, 4]])})
    run.log_residuals("res", {"bin_edges": np.array([0.0, 1.0]), "bin_counts": np.array([2])})

    assert json.loads(run.get_metrics("doc", populate=True)["doc"].data)["data"] == DOCUMENTS["confusion_matrix"]


def test_of_several_documents_of_a_name_the_first_is_given_and_all_are_kept(run: Run) -> None:
    for count in (1, 2):
        run.log_confusion_matrix("doc", {"class_labels": ["a"], "matrix": [[count]]})

    assert run.get_metrics()["doc"].endswith("/doc")
    assert run.get_file_names() == ["doc", "doc_1"]
    assert [str(uri).rpartition("/")[2] for uri in run.get_metric_history("doc").values] == ["doc", "doc_1"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "\\", ".", "..", "<b>", "x" * 1_000, "🚀" * 100, "con"])
def test_a_metric_of_any_name_has_a_file_in_the_runs_folder(run: Run, name: str, tmp_path: Path) -> None:
    run.log_confusion_matrix(name, {"class_labels": ["a"], "matrix": [[1]]})
    run.log_image(name + "!", plot=np.zeros((2, 2)))

    assert set(run.get_metrics(populate=True)) == {name, name + "!"}
    assert not (tmp_path / "etc").exists()


def test_a_picture_that_is_populated_has_its_content(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000.5)
    run.log_image("ROC", plot=np.zeros((2, 2)))

    assert run.get_metrics() == {"ROC": f"aml://artifactId/ExperimentRun/dcid.{run.id}/ROC_1000.png"}
    picture = run.get_metrics(populate=True)["ROC"]
    assert isinstance(picture, ImageArtifact)
    assert picture.data.startswith(b"\x89PNG")
    assert (picture.filename, picture.path) == ("ROC_1000.png", "ROC_1000.png")


def test_two_different_pictures_in_one_second_are_both_kept(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000.5)
    run.log_image("ROC", plot=np.zeros((2, 2)))
    run.log_image("ROC", plot=np.ones((2, 2)))

    assert run.get_file_names() == ["ROC_1000.png", "ROC_1000_1.png"]
