"""Which experiment of the target takes the runs of one of the source, for `transfer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ExperimentRecord, RunRecord, ViewType
from aml_widgets.store.protocol import RunStore
from aml_widgets.store.transfer_copies import COPIED_FROM, Copies, list_runs_of


class Experiments:
    """Experiments of the source and their counterparts.

    The runs of an experiment go where earlier copies of them are, however that is called by now, and whether or not it is archived; else
    into the one of the same name.

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
    refused : dict of str to str
        Why the target does not take some of them, by their ids in the source.
    """

    def __init__(self, target: RunStore, chosen: Sequence[ExperimentRecord], workspace_id: str) -> None:
        self._target = target
        self._chosen = chosen
        self._workspace_id = workspace_id
        self._ids: dict[str, str] = {}
        self._archived = {
            one.experiment_id: one.archived_at is not None for one in target.list_experiments(ViewType.ALL)
        }
        self.refused: dict[str, str] = {}

    def open(self, records: Sequence[RunRecord], copies: Copies) -> None:
        """Find or make the counterparts, and give them their tags.

        Parameters
        ----------
        records : sequence of RunRecord
            The runs of the source.
        copies : Copies
            Those of them that are in the target.
        """
        for record in records:
            copy = copies.find(record)
            if copy is not None and copy.experiment_id in self._archived:
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


def _archived_in_source(chosen: Sequence[ExperimentRecord], ids: Mapping[str, str]) -> dict[str, bool]:
    """Say of each counterpart whether all whose runs it takes are archived."""
    archived: dict[str, bool] = {}
    for one in chosen:
        if one.experiment_id in ids:
            found = ids[one.experiment_id]
            archived[found] = archived.get(found, True) and one.archived_at is not None
    return archived
