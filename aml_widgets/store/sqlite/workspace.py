"""What a workspace is, and its experiments: the part of the store's face that knows no runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ExperimentRecord, Tags, ViewType
from aml_widgets.store.sqlite import experiments
from aml_widgets.store.sqlite.connection import Database


class SqliteWorkspace:
    """Keeps facts and experiments of one workspace.

    Parameters
    ----------
    database : Database
        The workspace's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- the workspace itself

    def get_info(self) -> Mapping[str, str]:
        """Give the facts of the workspace."""
        facts: dict[str, str] = self._database.read(
            lambda connection: dict(connection.execute("select key, value from info"))
        )
        created_at = datetime.fromtimestamp(float(facts["created_at"]), tz=timezone.utc)
        return {**facts, "created_at": created_at.isoformat().replace("+00:00", "Z")}

    def set_info(self, facts: Mapping[str, str]) -> None:
        """Set facts of the workspace, keeping the others."""
        if "created_at" in facts:
            raise UserError("When a workspace was created cannot be changed.", value=facts["created_at"])
        self._database.write(
            lambda connection: connection.executemany("insert or replace into info values (?, ?)", facts.items())
        )

    # -- experiments

    def open_experiment(self, name: str) -> ExperimentRecord:
        """Get the active experiment of that name, or create it."""
        known = self._database.read(lambda connection: experiments.find_experiment(connection, name))
        if known is not None:
            return known
        return self._database.write(
            lambda connection: (
                experiments.find_experiment(connection, name) or experiments.create_experiment(connection, name)
            )
        )

    def get_experiment(self, experiment_id: str) -> ExperimentRecord:
        """Read an experiment."""
        return self._database.read(lambda connection: experiments.get_experiment(connection, experiment_id))

    def list_experiments(self, view_type: ViewType = ViewType.ACTIVE_ONLY) -> list[ExperimentRecord]:
        """List experiments by name."""
        return self._database.read(lambda connection: experiments.list_experiments(connection, view_type))

    def set_archived(self, experiment_id: str, is_archived: bool) -> ExperimentRecord:
        """Archive an experiment, or make it active again."""
        return self._database.write(lambda connection: experiments.set_archived(connection, experiment_id, is_archived))

    def rename_experiment(self, experiment_id: str, name: str) -> ExperimentRecord:
        """Give an experiment another name."""
        return self._database.write(lambda connection: experiments.rename_experiment(connection, experiment_id, name))

    def tag_experiment(self, experiment_id: str, tags: Tags, *, remove: Iterable[str] = ()) -> ExperimentRecord:
        """Add, change and remove tags."""
        return self._database.write(
            lambda connection: experiments.tag_experiment(connection, experiment_id, tags, remove)
        )

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment without runs."""
        self._database.write(lambda connection: experiments.delete_experiment(connection, experiment_id))
