"""What stands for services of the cloud: imported without a word, and honest when it is used."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from aml_widgets.azureml import cloud
from aml_widgets.azureml.cloud import DATASETS, PIPELINES, absent
from aml_widgets.core.errors import CloudOnly

ANSWERS = [value for name, value in vars(cloud).items() if name.isupper() and not name.startswith("_")]


@pytest.fixture
def dataset() -> Any:
    return absent("Dataset", DATASETS)


def test_calling_it_names_the_call_the_cloud_and_the_answer(dataset: Any) -> None:
    with pytest.raises(CloudOnly, match="Dataset asked Azure ML's cloud.*pandas.read_csv") as caught:
        dataset("one", two=2)

    assert caught.value.value == "Dataset"


def test_an_attribute_names_the_call_as_it_is_written(dataset: Any) -> None:
    with pytest.raises(CloudOnly, match=r"Dataset\.get_by_name asked"):
        dataset.get_by_name(None, "mine")
    with pytest.raises(CloudOnly, match=r"Dataset\.Tabular\.from_delimited_files asked"):
        dataset.Tabular.from_delimited_files("data.csv")
    with pytest.raises(CloudOnly, match=r"Dataset\.Tabular asked"):
        dataset.Tabular()
    with pytest.raises(CloudOnly, match=r"Dataset\.SHUFFLED asked"):
        _ = dataset.SHUFFLED


def test_it_has_nothing_for_who_asks_first(dataset: Any) -> None:
    assert not hasattr(dataset, "get_by_name")
    assert getattr(dataset, "get_by_name", None) is None
    assert not hasattr(dataset, "_repr_html_")
    assert not hasattr(dataset, "__wrapped__")


def test_it_can_be_compared_and_named_in_annotations(dataset: Any) -> None:
    def train(data: dataset | None = None) -> dataset | None:
        return data

    assert train() is None
    assert dataset == dataset  # noqa: PLR0124 - a class is itself, and no error
    assert dataset != absent("Dataset", DATASETS)
    assert not isinstance("data", dataset)
    assert not issubclass(str, dataset)
    assert {dataset: 1}[dataset] == 1
    assert isinstance(dataset, type)
    assert (dataset.__name__, dataset.__module__) == ("Dataset", "aml_widgets.azureml.cloud")
    assert "pandas.read_csv" in (inspect.getdoc(dataset) or "")
    assert "Dataset" in repr(dataset)


def test_what_is_derived_from_it_is_refused_when_it_is_made() -> None:
    step: Any = absent("azureml.pipeline.steps.PythonScriptStep", PIPELINES)

    class MyStep(step):  # type: ignore[misc]
        def run(self) -> None: ...

    assert step.__name__ == "PythonScriptStep"
    with pytest.raises(CloudOnly, match=r"azureml\.pipeline\.steps\.PythonScriptStep asked"):
        MyStep()


def test_answers_are_whole_sentences() -> None:
    assert len(ANSWERS) >= 9
    for answer in ANSWERS:
        assert answer[0].isupper()
        assert answer.endswith(".")
        assert len(answer) > 60
