"""What the page asks of a list of runs, as a query to the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import MetricAspect, MetricOrder, RunOrder, RunOrderKey, RunQuery, RunView
from aml_widgets.core.status import RunStatus
from aml_widgets.store.run_search import parse_search
from aml_widgets.tracking import provenance

DEFAULT_LIMIT = 100


def to_run_query(
    given: Mapping[str, Any], *, root_folder: str, limit: int = DEFAULT_LIMIT, page_token: str | None = None
) -> RunQuery:
    """Make a query of a document that is as the schema has it.

    Parameters
    ----------
    given : mapping
        A ``Query``.
    root_folder : str
        The folder that the paths of notebooks are below.
    limit : int, optional
        How many runs a page has.
    page_token : str, optional
        Where the page starts.

    Raises
    ------
    UserError
        For a search that cannot be understood, or an order by a metric that is not named.
    """
    notebook = given.get("notebook")
    query = RunQuery(
        experiment_id=given.get("experiment_id"),
        statuses=frozenset(map(RunStatus, given["statuses"])) if "statuses" in given else None,
        properties={} if notebook is None else {provenance.NOTEBOOK_PATH: notebook_paths(notebook, root_folder)},
        parent_run_id=given.get("parent_run_id"),
        include_children=given.get("include_children", False),
        view=RunView(given.get("view", RunView.ACTIVE)),
        order_by=_to_order(given["order"]) if "order" in given else None,
        running_first=given.get("running_first", False),
        limit=int(limit),
        page_token=page_token,
    )
    search = given.get("search", "").strip()
    return parse_search(search).narrow(query) if search else query


def notebook_paths(notebook: str, root_folder: str) -> frozenset[str]:
    """Give the paths under which a kernel may have noted a notebook of the file browser.

    Kernels are told an absolute path; other servers than Jupyter's own tell them what they know it by.
    """
    relative = notebook.strip("/")
    return frozenset({notebook, relative, str(Path(root_folder, *relative.split("/")))})


def _to_order(given: Mapping[str, Any]) -> MetricOrder | RunOrder:
    is_descending = given.get("is_descending", False)
    if given["by"] != "metric":
        return RunOrder(by=RunOrderKey(given["by"]), is_descending=is_descending)
    metric = given.get("metric")
    if not metric:
        raise UserError("An order by a metric must name it. Add 'metric' to the order.", value=given)
    return MetricOrder(name=metric, of=MetricAspect(given.get("of", MetricAspect.LAST)), ascending=not is_descending)
