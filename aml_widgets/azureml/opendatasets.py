"""The one of v1's open data sets that needs no cloud: scikit-learn brings the same table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from aml_widgets.azureml.cloud import DATASETS
from aml_widgets.core.cloud_only import cloud_only
from aml_widgets.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_WHOLE = ("AGE", "SEX", "S1", "S6", "Y")
"""Columns of integers; all of the others are floats."""
_COLUMNS = ("AGE", "SEX", "BMI", "BP", "S1", "S2", "S3", "S4", "S5", "S6", "Y")


class DiabetesTable:
    """The table of `Diabetes`, or some of its columns.

    Parameters
    ----------
    columns : sequence of str
        Their names, in order.
    """

    def __init__(self, columns: Iterable[str] = _COLUMNS) -> None:
        self._columns = tuple(columns)

    def to_pandas_dataframe(self, on_error: object = None, out_of_range_datetime: object = None) -> pd.DataFrame:
        """Give the table.

        Parameters
        ----------
        on_error, out_of_range_datetime : object, optional
            Accepted for v1's sake.

        Returns
        -------
        pandas.DataFrame
            442 rows, with the columns AGE, SEX, BMI, BP, S1 to S6 and Y in the units they were measured in.

        Raises
        ------
        ImportError
            Where scikit-learn or pandas is missing.
        """
        del on_error, out_of_range_datetime
        try:
            import pandas as pd  # noqa: F401 - scikit-learn says less well what is missing
            from sklearn.datasets import load_diabetes
        except ImportError as error:
            raise ImportError(
                "The diabetes data come with scikit-learn here, as a table of pandas; install both: pip install scikit-learn pandas.",
                name=error.name,
            ) from error
        frame: pd.DataFrame = load_diabetes(as_frame=True, scaled=False).frame
        frame.columns = list(_COLUMNS)
        whole: pd.DataFrame = frame.astype(dict.fromkeys(_WHOLE, "int64"))
        kept: pd.DataFrame = whole.loc[:, list(self._columns)]
        return kept

    def keep_columns(self, columns: str | Iterable[str], validate: bool = False) -> DiabetesTable:
        """Give a table with some of the columns.

        Parameters
        ----------
        columns : str or list of str
            Their names.
        validate : bool, optional
            Accepted for v1's sake.

        Returns
        -------
        DiabetesTable
            With these columns, in the order that they have.

        Raises
        ------
        UserError
            If there is no such column.
        """
        del validate
        asked = self._check(columns)
        return DiabetesTable(name for name in self._columns if name in asked)

    def drop_columns(self, columns: str | Iterable[str]) -> DiabetesTable:
        """Give a table without some of the columns.

        Parameters
        ----------
        columns : str or list of str
            Their names.

        Returns
        -------
        DiabetesTable
            With the others.

        Raises
        ------
        UserError
            If there is no such column.
        """
        asked = self._check(columns)
        return DiabetesTable(name for name in self._columns if name not in asked)

    def register(self, *arguments: object, **named: object) -> NoReturn:
        """Refuse: data sets are not registered.

        Raises
        ------
        CloudOnly
            Always.
        """
        del arguments, named
        raise cloud_only("TabularDataset.register", DATASETS)

    def _check(self, columns: str | Iterable[str]) -> set[str]:
        asked = {columns} if isinstance(columns, str) else set(columns)
        unknown = sorted(asked - set(self._columns))
        if unknown:
            raise UserError(
                f"There is no column {unknown[0]!r}; there are: {', '.join(self._columns)}.", value=unknown[0]
            )
        return asked


class Diabetes:
    """The sample of 442 patients with diabetes, which scikit-learn has, too."""

    @staticmethod
    def get_tabular_dataset() -> DiabetesTable:
        """Give the data as something that has `to_pandas_dataframe`.

        Returns
        -------
        DiabetesTable
            The table.
        """
        return DiabetesTable()
