"""What a transfer finds of its source in the target: copies of its runs, and runs that it has copied from there.

A copy is known by what its properties say, whatever it and its experiment are called by now, and whoever renamed them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aml_widgets.core.records import RunQuery, RunRecord, RunView
from aml_widgets.store.protocol import RunStore

COPIED_FROM = "aml_widgets.copied_from"
"""The property that says whose copy a run is: the source's workspace id and the run's id, with a slash between them."""

COPIED_AT = "aml_widgets.copied_at"
"""The property that says since when a copy is whole."""

COPIED_BY_WAY_OF = "aml_widgets.copied_by_way_of"
"""The property that says where what was logged to a copy waited for its server (`Outgoing.place_id`)."""

MARKS = frozenset({COPIED_FROM, COPIED_AT, COPIED_BY_WAY_OF})
"""What belongs to a copy and not to the run that was copied."""

_PAGE = 500

_SERVER_ID = re.compile(r"[0-9a-f]{32}")
"""An id that an MLflow server gave, which no run of another server has: a server has many addresses, and its workspace id is made of one."""


class Copies:
    """The counterparts of runs in the target.

    Parameters
    ----------
    source, target : RunStore
        From where to where is copied.
    """

    def __init__(self, source: RunStore, target: RunStore) -> None:
        self._source_id = source.get_info()["workspace_id"]
        self._target_id = target.get_info()["workspace_id"]
        self._is_server = source.is_server
        self._are_servers = source.is_server and target.is_server
        self._by_key: dict[str, RunRecord] = {}
        self._by_server_id: dict[str, RunRecord] = {}
        self._by_id: dict[str, RunRecord] = {}
        kept = sorted(list_runs_of(target), key=lambda one: COPIED_AT in one.properties)
        for record in [
            *list_runs_of(target, view=RunView.TRASH),
            *kept,
        ]:  # of several copies of one run the last counts
            self._by_id[record.run_id] = record
            key = record.properties.get(COPIED_FROM)
            # What was not copied to its end and thrown away is nobody's copy any more.
            if key is not None and (record.trashed_at is None or COPIED_AT in record.properties):
                self._note(key, record)

    def key_of(self, record: RunRecord) -> str:
        """Give what the copy of a run of the source says in `COPIED_FROM`."""
        return f"{self._source_id}/{record.run_id}"

    def find(self, record: RunRecord) -> RunRecord | None:
        """Give the counterpart of a run of the source: its copy, whole or not, or the run of the target that it is itself a copy of."""
        found = self._by_key.get(self.key_of(record))
        if found is None and self._is_server and _SERVER_ID.fullmatch(record.run_id):
            found = self._by_server_id.get(record.run_id)
        return self._find_original(record) if found is None else found

    def find_by_id(self, run_id: str) -> RunRecord | None:
        """Give the counterpart of a run of the source that was taken note of, by its id there."""
        return self._by_key.get(f"{self._source_id}/{run_id}")

    def is_whole(self, record: RunRecord) -> bool:
        """Say whether there is nothing to copy of a run of the source."""
        found = self.find(record)
        return found is not None and (COPIED_AT in found.properties or found is self._find_original(record))

    def take(self, record: RunRecord, found: RunRecord) -> None:
        """Take note of the counterpart of a run of the source."""
        self._note(self.key_of(record), found)

    def _note(self, key: str, copy: RunRecord) -> None:
        self._by_key[key] = copy
        self._by_server_id[key.rpartition("/")[2]] = copy

    def _find_original(self, record: RunRecord) -> RunRecord | None:
        if self._are_servers and _SERVER_ID.fullmatch(record.run_id) and record.run_id in self._by_id:
            return self._by_id[record.run_id]  # one server, under another address
        workspace_id, _, run_id = record.properties.get(COPIED_FROM, "").partition("/")
        return self._by_id.get(run_id) if workspace_id == self._target_id else None


def list_runs_of(store: RunStore, experiment_id: str | None = None, view: RunView = RunView.ALL) -> Iterator[RunRecord]:
    """List the runs of an experiment, or of all, and those below them."""
    token: str | None = None
    while True:
        query = RunQuery(experiment_id=experiment_id, include_children=True, view=view, limit=_PAGE, page_token=token)
        page = store.list_runs(query)
        yield from page.runs
        token = page.next_page_token
        if token is None:
            return
