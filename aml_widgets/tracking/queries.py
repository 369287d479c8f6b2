"""Which runs to list, in v1's terms, and their pages as one stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import RunQuery, RunRecord
from aml_widgets.core.status import RunStatus
from aml_widgets.store.protocol import RunStore
from aml_widgets.tracking.values import show

PAGE_SIZE = 500

_RUN_SOURCE = "azureml.runsource"  # where some kinds of runs keep their type


def iterate_runs(
    store: RunStore,
    query: RunQuery,
    *,
    run_type: str | None = None,
    tags: object = None,
    properties: object = None,
    status: object = None,
) -> Iterator[RunRecord]:
    """Give the runs of a query that fit v1's filters, newest first, asking for one page after the other.

    The filters are checked at once, so that a wrong one is told where it was given.
    """
    query = replace(
        query,
        tags=to_filter(tags, "tags"),
        properties=to_filter(properties, "properties"),
        statuses=to_statuses(status),
        limit=PAGE_SIZE,
    )
    return _iterate(store, query, run_type)


def _iterate(store: RunStore, query: RunQuery, run_type: str | None) -> Iterator[RunRecord]:
    while True:
        page = store.list_runs(query)
        for record in page.runs:
            if run_type is None or run_type in (record.run_type, record.properties.get(_RUN_SOURCE)):
                yield record
        if page.next_page_token is None:
            return
        query = replace(query, page_token=page.next_page_token)


def to_filter(given: object, what: str) -> Mapping[str, object]:
    """Read ``"key"`` (it exists), ``["key", …]`` (all exist) or ``{"key": "value", …}`` (all are so).

    Raises
    ------
    UserError
        For anything else.
    """
    if given is None:
        return {}
    if isinstance(given, str):
        return {given: ...}
    if isinstance(given, Mapping):
        return {str(key): value if value is None or value is ... else str(value) for key, value in given.items()}
    if isinstance(given, (list, tuple, set, frozenset)) and all(isinstance(key, str) for key in given):
        return dict.fromkeys(given, ...)
    raise UserError(
        f"Runs cannot be chosen by {what}={show(given)}. Give a key that must exist, or a dict of keys and values.",
        value=given,
    )


def to_statuses(given: object) -> frozenset[RunStatus] | None:
    """Read a status word, or several.

    Raises
    ------
    UserError
        For a word that is no status.
    """
    if given is None:
        return None
    words: Iterable[object] = [given] if isinstance(given, str) or not isinstance(given, Iterable) else given
    try:
        return frozenset(map(RunStatus, words))
    except ValueError as error:
        known = ", ".join(status.value for status in RunStatus)
        raise UserError(f"{show(given)} is no status of a run. The statuses are {known}.", value=given) from error
