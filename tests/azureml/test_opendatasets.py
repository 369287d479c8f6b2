"""The open data set that needs no cloud. What is expected is from its public description."""

from __future__ import annotations

import sys

import pytest

from aml_widgets.azureml.opendatasets import Diabetes
from aml_widgets.core.errors import CloudOnly, UserError

# Columns in order: the kind of number, and how many different ones there are
DESCRIPTION = {
    "AGE": ("int64", 58),
    "SEX": ("int64", 2),
    "BMI": ("float64", 163),
    "BP": ("float64", 100),
    "S1": ("int64", 141),
    "S2": ("float64", 302),
    "S3": ("float64", 63),
    "S4": ("float64", 66),
    "S5": ("float64", 184),
    "S6": ("int64", 56),
    "Y": ("int64", 214),
}


def test_the_table_is_the_one_that_was_published() -> None:
    frame = Diabetes.get_tabular_dataset().to_pandas_dataframe().dropna()

    assert frame.shape == (442, 11)
    assert {name: (str(frame[name].dtype), frame[name].nunique()) for name in frame.columns} == DESCRIPTION
    assert list(frame.columns) == list(DESCRIPTION)
    assert frame.iloc[0].tolist() == [59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87, 151]
    assert frame.iloc[1].tolist() == [48, 1, 21.6, 87, 183, 103.2, 70, 3, 3.8918, 69, 75]


def test_tutorials_split_it_into_x_and_y() -> None:
    diabetes = Diabetes.get_tabular_dataset()

    x = diabetes.drop_columns("Y").to_pandas_dataframe()
    y = diabetes.keep_columns(["Y"]).to_pandas_dataframe()

    assert list(x.columns) == [name for name in DESCRIPTION if name != "Y"]
    assert list(y.columns) == ["Y"]
    with pytest.raises(UserError, match="no column 'Z'; there are: AGE, "):
        diabetes.keep_columns("Z")
    with pytest.raises(CloudOnly, match="TabularDataset.register asked"):
        diabetes.register(None, "mine")


@pytest.mark.parametrize("name", ["sklearn.datasets", "pandas"])
def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ImportError, match="pip install scikit-learn pandas"):
        Diabetes.get_tabular_dataset().to_pandas_dataframe()
