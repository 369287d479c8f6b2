"""The points of one run, asked from a server that has no cursor: only what is new, with an overlap that shows what came late.

Lines of exact values are counted, so what is new is known from the run's tags. Of metrics that other programs logged, the run says
which is the latest point of each; where that moved, the tail of the history is asked for, from the last point that is known (`Mark`).
If that point is no longer where it was, points came in late, and the history is read again from the last mark that still fits.

Where both wrote, the history has copies of our own points among those of other programs. Their lines are on the server before the
copies are (`sending`), so a point that is in no line is another program's, if the lines were read after it.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import NamedTuple

from aml_widgets.core.errors import StoreUnavailable
from aml_widgets.store.mlflow import history_pages
from aml_widgets.store.mlflow.care import Care, Reading, is_to_be_compared
from aml_widgets.store.mlflow.connection import Connection
from aml_widgets.store.mlflow.entities import LatestPoint, ServerRun, read_run
from aml_widgets.store.mlflow.heads_tag import Place
from aml_widgets.store.mlflow.history_pages import BEGIN, Mark, Page
from aml_widgets.store.mlflow.line_reader import read_new_lines
from aml_widgets.store.mlflow.plain_points import PlainPoint
from aml_widgets.store.mlflow.point_order import to_ordered
from aml_widgets.store.mlflow.server_metrics import ServerMetrics

ATTEMPTS = 3
"""How often a history is read again without getting any further, where points come late while it is read."""

_ON_THEIR_WAY = (256, 4_096, 65_536)
"""So many points before the newest of ours it is looked where the history goes on, if the newest are not there yet."""

_generations = itertools.count(1)


class _Asked(NamedTuple):
    """A page of a history that was asked for, and the marks before it."""

    key: str
    marks: list[Mark]
    page: Page | None


class RunValues:
    """What was read of one run so far.

    Of a long history of another program it may be a beginning: the server's order is time, step and value, so what was read goes on
    at the last point of it, and metrics take turns, a page each.

    Attributes
    ----------
    metrics : ServerMetrics
        All points.
    generation : int
        Another one when points were taken back, so that what a viewer has is no beginning of it.
    moved_counts : Counter of str
        How often a history was not what it had been, because points came late.
    settled_counts : dict
        How often that was when it was last read further than ever before, or to its end.
    is_sound : bool
        False while something is taken in: left there, by an error or an interruption, it is of no use.
    """

    def __init__(self) -> None:
        self.metrics = ServerMetrics()
        self.generation = next(_generations)
        self.moved_counts: Counter[str] = Counter()
        self.settled_counts: dict[str, int] = {}
        self.is_sound = True
        self._places: dict[str, Place] = {}
        self._read: dict[str, Reading] = {}
        self._marks: dict[str, list[Mark]] = {}  # about a page apart
        self._furthest: dict[str, int] = {}  # so many points of a history were read
        self._sorted: set[str] = set()  # those that were read to their ends once
        self._waiting: dict[str, None] = {}  # keys with more to read, in the order of their turns
        self._unfinished: set[str] = set()  # those of them whose end was not reached
        self._end_counts: Counter[str] = Counter()  # how often a history was read to its end
        self._cut_keys: set[str] = set()  # those that lack points that were known before, because others came late
        self._seen: ServerRun | None = None
        self._viewed: ServerRun | None = None  # what a view heard last

    @property
    def has_more(self) -> bool:
        """Whether there are histories that were not read to their ends yet.

        Of a run that goes on, those that have only moved since are read with the next looks, and so are those to be compared: else whoever
        looks would never have it all, and never stop to ask.
        """
        if self._seen is None:
            return True
        if self._seen.end_ms is not None:  # what moves no more is read to its end, and compared
            return bool(self._waiting)
        return any(key in self._unfinished or not self._is_known(key) for key in self._waiting)

    def is_partly_read(self, key: str) -> bool:
        """Whether that is so for a metric that was asked for."""
        return key in self._waiting

    def waits_for(self, names: Collection[str] | None) -> bool:
        """Say whether there is something to read of some metrics."""
        return any(names is None or key in names for key in self._waiting)

    def update(
        self,
        connection: Connection,
        server: ServerRun,
        names: Collection[str] | None = None,
        *,
        seconds: float | None = None,
        is_round: bool = False,
        care: Care = Care.VIEW,
    ) -> None:
        """Read what is new, as a run that was just asked for tells it.

        Parameters
        ----------
        connection : Connection
            The server.
        server : ServerRun
            What it says of the run.
        names : collection of str, optional
            Of other programs' metrics only these.
        seconds : float, optional
            Read their histories for about so long, at least one page, and leave the rest to the next call. Without it they are read
            to their ends.
        is_round : bool, optional
            Read a page of each, and leave the rest.
        care : Care, optional
            What is done to find points that nothing tells of: it is a request for each metric.

        Raises
        ------
        StoreUnavailable
            Also where histories that are to be read to their ends were rewritten meanwhile, again and again.
        """
        until = None if seconds is None else monotonic() + seconds
        self._read_lines(connection, server)
        self._let_wait(server, names, care)
        if care is Care.VIEW:
            self._viewed = server
        self._seen = server
        self._read_histories(connection, server, names, until=until, is_round=is_round)

    def read_on(self, connection: Connection, names: Collection[str] | None, seconds: float) -> None:
        """Read on for about so long, as far as the last call of `update` heard that there is more. Raises StoreUnavailable."""
        if self._seen is not None:
            self._read_histories(connection, self._seen, names, until=monotonic() + seconds, is_round=False)

    def is_changing(self, names: Collection[str] | None, since: Mapping[str, int]) -> bool:
        """Say whether a history was begun again and again while it was read, by how often it was before."""
        return self._find_changing(names, since) is not None

    def find_lacking(self, names: Collection[str] | None) -> dict[str, int]:
        """Give those of some histories that wait to be read, with how often each was read to its end before."""
        return {key: self._end_counts[key] for key in self._waiting if names is None or key in names}

    def find_still_lacking(self, names: Collection[str] | None, lacking: Mapping[str, int]) -> list[str]:
        """Give those of them that were not read to their ends since, and any that were cut. What else others want is not waited for."""
        left = [key for key, count in lacking.items() if key in self._waiting and self._end_counts[key] == count]
        return [*left, *(key for key in self._cut_keys if (names is None or key in names) and key not in left)]

    def raise_if_changing(self, names: Collection[str] | None, since: Mapping[str, int]) -> None:
        """Raise StoreUnavailable where that is so."""
        key = self._find_changing(names, since)
        if key is not None and self._seen is not None:
            raise StoreUnavailable(
                f"The history of {key!r} of run {self._seen.run_id} was changed each of the {ATTEMPTS} times that it was read: other "
                "programs log points of an earlier time to it. Try again, or when the run has ended.",
                value=key,
            )

    def _find_changing(self, names: Collection[str] | None, since: Mapping[str, int]) -> str | None:
        keys = self.moved_counts if names is None else [key for key in names if key in self.moved_counts]
        for key in keys:
            before = max(since.get(key, 0), self.settled_counts.get(key, 0))
            if self.moved_counts[key] - before >= ATTEMPTS:
                return key
        return None

    def _is_known(self, key: str) -> bool:
        """Say whether a history was read to its end once; our own points are known from their lines."""
        return key in self._read or self.metrics.is_own(key)

    def _let_wait(self, server: ServerRun, names: Collection[str] | None, care: Care) -> None:
        """Note which histories have something new, or are to be compared with what is known."""
        # Where another program logs at all, it may have logged under our names as well, without a point of it being the latest.
        is_shared = not server.was_made_here or any(not self.metrics.is_own(key) for key in server.latest)
        keys = [key for key in server.latest if names is None or key in names]
        moved = [
            key for key in keys if self._has_moved(key, server.latest[key]) or (is_shared and key not in self._read)
        ]
        compared = [
            key for key in keys if not self._is_alone(key) and is_to_be_compared(self._read.get(key), server, care)
        ]
        searched = self._find_searches([key for key in keys if self._is_alone(key)], server, care)
        for key in itertools.chain(moved, compared, searched):
            self._waiting.setdefault(key)

    def _find_searches(self, alone: Sequence[str], server: ServerRun, care: Care) -> list[str]:
        """Give the names, of those whose points are all ours as far as is known, that are to be searched for another program's."""
        if care is Care.LIST:
            return []
        if care is Care.ASKED:
            return [key for key in alone if key not in self._read or is_to_be_compared(self._read[key], server, care)]
        if server.end_ms is not None:
            return [key for key in alone if key not in self._read or self._read[key].is_of_another_end(server)]
        before = self._viewed
        is_quiet = before is not None and (server.latest, server.heads) == (before.latest, before.heads)
        if is_quiet or not alone:
            return []
        return [min(alone, key=lambda key: self._read[key].at if key in self._read else 0.0)]

    def _is_alone(self, key: str) -> bool:
        """Say whether all points under a key are ours, as far as is known."""
        return self.metrics.is_own(key) and not self.metrics.count_plain(key)

    def _has_moved(self, key: str, latest: LatestPoint) -> bool:
        if self._is_alone(key):
            return not self.metrics.is_own_latest(key, latest)
        return self._is_behind(key, latest)

    def _is_behind(self, key: str, latest: LatestPoint) -> bool:
        return key not in self._read or self._read[key].latest != latest

    def _read_histories(
        self,
        connection: Connection,
        server: ServerRun,
        names: Collection[str] | None,
        *,
        until: float | None,
        is_round: bool,
    ) -> None:
        """Read on in the histories that wait, in turn."""
        for key in [key for key in self._waiting if key not in server.latest]:  # the server does not have it any more
            self._end_waiting(key)
            self._cut_keys.discard(key)
        turns = self._find_turns(server, names)
        moved_before = self.moved_counts.copy()
        while turns:
            self._read_round(connection, server, turns, until)
            if until is not None and monotonic() >= until:
                return
            if is_round:
                continue
            if until is None:
                self.raise_if_changing(names, moved_before)
            if not turns:
                turns = self._find_turns(server, names)

    def _read_round(self, connection: Connection, server: ServerRun, turns: deque[str], until: float | None) -> None:
        """Read a page of each of some histories, those in front."""
        asked: list[_Asked] = []
        n_points = 0
        try:
            while turns and n_points < history_pages.HISTORY_PAGE:
                one = self._ask(connection, server, turns.popleft())
                asked.append(one)
                n_points += 0 if one.page is None else len(one.page.points)
                if until is not None and monotonic() >= until:
                    break
        finally:  # the server not answering any more, what was read till then counts
            self._take_pages(connection, server, asked)

    def _find_turns(self, server: ServerRun, names: Collection[str] | None) -> deque[str]:
        """Give the histories to read, in turn: those that moved before those that are only compared, but for one of these."""
        wanted = [key for key in self._waiting if names is None or key in names]
        moved: list[str] = []
        quiet: list[str] = []
        for key in wanted:
            is_behind = key in self._unfinished or self._is_behind(key, server.latest[key])
            (moved if is_behind else quiet).append(key)
        return deque([*moved[:1], *quiet[:1], *moved[1:], *quiet[1:]])

    def _end_waiting(self, key: str) -> None:
        del self._waiting[key]
        self._unfinished.discard(key)

    def _let_read_on(self, key: str, marks: list[Mark]) -> None:
        self._marks[key] = marks
        self._waiting.setdefault(key)
        self._unfinished.add(key)

    # -- lines of exact values

    def _read_lines(self, connection: Connection, server: ServerRun) -> None:
        """Take in what is new of them."""
        new = read_new_lines(connection, server, self._places)
        claims = []
        self.is_sound = False
        for record in new.records():
            claims += self.metrics.take(record)
        self._places.update(new.places)
        for key, place in claims:  # it was taken for another program's
            if place < self.metrics.count_plain(key):
                self._cut(key, place)
            self._let_read_on(key, [mark for mark in self._marks[key] if mark.plain_count <= place])
        self.is_sound = True

    # -- points of other programs

    def _ask(self, connection: Connection, server: ServerRun, key: str) -> _Asked:
        """Ask for what follows what is known of a history."""
        if key not in self._marks or (self._is_alone(key) and key not in self._unfinished):
            self._marks[key] = self._first_marks(key)
        marks = self._marks[key]
        page = history_pages.read_page(connection, server.run_id, key, marks[-1])
        if page is None:
            self.moved_counts[key] += 1
            if len(marks) == 2 and marks[-1].plain_count == 0 and self.metrics.is_own(key):
                marks = [*marks[:-1], *self._marks_before(key, marks[-1]), marks[-1]]
            self._let_read_on(key, history_pages.find_fitting(connection, server.run_id, key, marks))
        return _Asked(key, marks, page)

    def _first_marks(self, key: str) -> list[Mark]:
        """Give where to begin: before all points, or behind those of ours."""
        return [BEGIN, Mark(*self.metrics.own_end(key), 0)] if self.metrics.is_own(key) else [BEGIN]

    def _marks_before(self, key: str, mark: Mark) -> list[Mark]:
        """Give marks behind fewer of our points, for when the copies of the newest are on their way."""
        own = self.metrics.own_order(key)
        places = [mark.place - count for count in reversed(_ON_THEIR_WAY) if count < mark.place <= len(own)]
        return [Mark(place, own[place - 1], 0) for place in places]

    def _take_pages(self, connection: Connection, server: ServerRun, asked: Sequence[_Asked]) -> None:
        """Take in pages, without the copies of our own points."""
        if server.is_ours and any(one.page is not None and self._not_own(one.key, one.page.points) for one in asked):
            with connection.errors(f"Run {server.run_id} is asked for"):
                newer = read_run(connection.client.get_run(server.run_id))
            self._read_lines(connection, newer)
        self.is_sound = False
        for key, marks, page in asked:
            if page is None or self._marks[key] is not marks:  # it is to be read again
                continue
            self._take_page(key, marks, page)
            if page.is_end and key not in self._sorted:
                self._sorted.add(key)
                if self.metrics.is_own(key) and self.metrics.count_plain(key) and self.metrics.sort_by_time(key):
                    self.generation = next(_generations)
            self._read[key] = Reading.now(key, server)
            if page.is_end:
                self._end_counts[key] += 1
                self._cut_keys.discard(key)
            if page.is_end or marks[-1].place > self._furthest.get(key, 0):
                self.settled_counts[key] = self.moved_counts[key]
                self._furthest[key] = marks[-1].place
            self._end_waiting(key)
            if not page.is_end:
                self._let_read_on(key, marks)  # behind the others
        self.is_sound = True

    def _take_page(self, key: str, marks: list[Mark], page: Page) -> None:
        plain = self._not_own(key, page.points)
        begin, known_count = marks[-1].plain_count, self.metrics.count_plain(key)
        same = self._count_same(key, begin, plain)
        if begin + same < known_count and (same < len(plain) or page.is_end):
            self._cut(key, begin + same)
        self.metrics.take_plain(key, plain[same:])
        if page.points:
            last = to_ordered(page.points[-1])
            history_pages.put_mark(marks, Mark(marks[-1].place + len(page.points), last, begin + len(plain)))

    def _not_own(self, key: str, points: list[PlainPoint]) -> list[PlainPoint]:
        if not points or not self.metrics.is_own(key):
            return points
        own = self.metrics.own_order(key)
        return [point for point in points if own.find(to_ordered(point)) is None]

    def _count_same(self, key: str, begin: int, plain: Sequence[PlainPoint]) -> int:
        """Count how many points of other programs are known already, in their order, from a place on."""
        same = 0
        for place, point in zip(range(begin, self.metrics.count_plain(key)), plain, strict=False):
            if self.metrics.plain_point(key, place) != to_ordered(point):
                break
            same += 1
        return same

    def _cut(self, key: str, plain_count: int) -> None:
        self.metrics.cut_plain(key, plain_count)
        self._cut_keys.add(key)
        self.generation = next(_generations)
        self._sorted.discard(key)
