"""Which experiment of the target takes the runs of one of the source, for `transfer`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ExperimentRecord, RunQuery, RunRecord, ViewType
from aml_widgets.store.protocol import RunStore

COPIED_FROM = "aml_widgets.copied_from"
"""The property that says whose copy a run is: the source's workspace id and the run's id, with a slash between them."""

_PAGE = 500


class Experiments:
    """Experiments of the source and their counterparts, which have the same names.

    The runs of an experiment go where earlier copies of them are. That one may be archived by now, while another one bears its name.

    Parameters
    ----------
    target : RunStore
        Where runs are copied to.
    chosen : sequence of ExperimentRecord
        Those of the source.
    workspace_id : str
        The source's.

    Attributes
    ----------
    copies : dict of str to RunRecord
        The runs of the target that are copies, by whose they are.
    refused : dict of str to str
        Why the target does not take some of them, by their ids in the source.
    """

    def __init__(self, target: RunStore, chosen: Sequence[ExperimentRecord], workspace_id: str) -> None:
        self._target = target
        self._chosen = chosen
        self._workspace_id = workspace_id
        self._ids: dict[str, str] = {}
        self._archived: dict[str, bool] = {}
        self.copies: dict[str, RunRecord] = {}
        self.refused: dict[str, str] = {}
        names = {one.name for one in chosen}
        for one in target.list_experiments(ViewType.ALL):
            if one.name in names:
                self._archived[one.experiment_id] = one.archived_at is not None
                for record in list_runs_of(target, one.experiment_id):
                    if COPIED_FROM in record.properties:
                        self.copies[record.properties[COPIED_FROM]] = record

    def open(self, records: Sequence[RunRecord]) -> None:
        """Find or make the counterparts, and give them their tags.

        Parameters
        ----------
        records : sequence of RunRecord
            The runs of the source.
        """
        for record in records:
            copy = self.copies.get(f"{self._workspace_id}/{record.run_id}")
            if copy is not None:
                self._ids.setdefault(record.experiment_id, copy.experiment_id)
        for one in self._chosen:
            if one.experiment_id not in self._ids:
                try:
                    made = self._target.open_experiment(one.name)
                except UserError as error:
                    self.refused[one.experiment_id] = error.message
                    continue
                self._ids[one.experiment_id] = made.experiment_id
                self._archived[made.experiment_id] = False
            if one.tags:
                self._target.tag_experiment(self._ids[one.experiment_id], one.tags)

    def take(self, experiment_id: str) -> str:
        """Give the counterpart of an experiment, which takes runs from now on."""
        found = self._ids[experiment_id]
        if self._archived[found]:
            self._target.set_archived(found, False)
            self._archived[found] = False
        return found

    def archive(self) -> None:
        """Archive what is archived in the source, where the target has nothing else in it."""
        archived = _archived_in_source(self._chosen, self._ids)
        for found, is_archived in archived.items():
            if is_archived and not self._archived[found]:
                records = list_runs_of(self._target, found)
                if all(
                    record.properties.get(COPIED_FROM, "").startswith(f"{self._workspace_id}/") for record in records
                ):
                    self._target.set_archived(found, True)
                    self._archived[found] = True


def list_runs_of(store: RunStore, experiment_id: str) -> Iterator[RunRecord]:
    """List the runs of an experiment, and those below them."""
    token: str | None = None
    while True:
        query = RunQuery(experiment_id=experiment_id, include_children=True, limit=_PAGE, page_token=token)
        page = store.list_runs(query)
        yield from page.runs
        token = page.next_page_token
        if token is None:
            return


def _archived_in_source(chosen: Sequence[ExperimentRecord], ids: Mapping[str, str]) -> dict[str, bool]:
    """Say of each counterpart whether all whose runs it takes are archived."""
    archived: dict[str, bool] = {}
    for one in chosen:
        if one.experiment_id in ids:
            found = ids[one.experiment_id]
            archived[found] = archived.get(found, True) and one.archived_at is not None
    return archived
