"""The history of one metric on a server, a page at a time, from a place that was reached before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.plain_points import PlainPoint
from aml_widgets.store.mlflow.point_order import OrderedPoint, to_ordered

HISTORY_PAGE = 25_000
"""Points asked for at once, the most that servers give."""


class Mark(NamedTuple):
    """How far a history was read once.

    Attributes
    ----------
    place : int
        So many points of it.
    last : tuple
        The last of them.
    plain_count : int
        So many of them are other programs'.
    """

    place: int
    last: OrderedPoint
    plain_count: int


BEGIN = Mark(0, (0, 0, 0.0), 0)


class Page(NamedTuple):
    """What follows a mark.

    Attributes
    ----------
    points : list of PlainPoint
        In the server's order: time, step, value.
    is_end : bool
        Whether the history ended there.
    """

    points: list[PlainPoint]
    is_end: bool


def read_page(connection: Connection, run_id: str, key: str, mark: Mark) -> Page | None:
    """Read on from a mark; None where the history is not any more what it was up to there."""
    points, is_end = _read_from(connection, run_id, key, mark.place - 1, HISTORY_PAGE)
    if mark.place == 0:
        return Page(points, is_end)
    if not points or to_ordered(points[0]) != mark.last:
        return None
    return Page(points[1:], is_end)


def find_fitting(connection: Connection, run_id: str, key: str, marks: Sequence[Mark]) -> list[Mark]:
    """Give the marks that are still where they were, of which the first is one and the last is not.

    What comes late moves all that is behind it, so it is found by halving.
    """
    fitting, moved = 0, len(marks) - 1
    while moved - fitting > 1:
        middle = (fitting + moved) // 2
        points, _ = _read_from(connection, run_id, key, marks[middle].place - 1, 1)
        if points and to_ordered(points[0]) == marks[middle].last:
            fitting = middle
        else:
            moved = middle
    return list(marks[: fitting + 1])


def put_mark(marks: list[Mark], mark: Mark) -> None:
    """Put a mark behind others, of which those that are less than a page apart are not needed."""
    if len(marks) > 1 and mark.place - marks[-2].place <= HISTORY_PAGE:
        marks.pop()
    marks.append(mark)


def _read_from(
    connection: Connection, run_id: str, key: str, place: int, max_points: int
) -> tuple[list[PlainPoint], bool]:
    with connection.errors(f"The history of {key!r} of run {run_id} is read"):
        page = connection.tracking.get_metric_history(run_id, key, max_results=max_points, page_token=_token_of(place))
    return [PlainPoint(key, float(one.value), int(one.timestamp), int(one.step)) for one in page], not page.token


def _token_of(place: int) -> str | None:
    """Give what asks for a history from a place in it on."""
    from mlflow.utils.search_utils import SearchUtils

    if place <= 0:
        return None
    token: bytes = SearchUtils.create_page_token(place)
    return token.decode("ascii")
