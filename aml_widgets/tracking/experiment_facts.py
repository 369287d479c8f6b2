"""What an experiment is, and what is noted of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from aml_widgets.core.errors import UserError
from aml_widgets.core.records import ExperimentRecord
from aml_widgets.tracking import facts
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace


class ExperimentFacts:
    """Holds one experiment for `Experiment`."""

    _workspace: Workspace
    _record: ExperimentRecord

    @property
    def workspace(self) -> Workspace:
        """The workspace that the experiment is in."""
        return self._workspace

    @property
    def workspace_object(self) -> Workspace:
        """The same as `workspace`, by the name that v1 gave it first."""
        return self._workspace

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self._record.name

    @property
    def id(self) -> str:
        """The experiment's id, which another experiment of the same name does not have."""
        return self._record.experiment_id

    @property
    def archived_time(self) -> datetime | None:
        """When it was archived, in UTC; None for an active one."""
        moment = self._record.archived_at
        return None if moment is None else datetime.fromtimestamp(moment, tz=timezone.utc)

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as last seen by this object."""
        return dict(self._record.tags)

    # -- changed

    def archive(self) -> None:
        """Hide the experiment from lists. Its name is free for a new one."""
        self._record = self._workspace.store.set_archived(self.id, is_archived=True)

    def reactivate(self, new_name: str | None = None) -> None:
        """Show an archived experiment again.

        Parameters
        ----------
        new_name : str, optional
            Not supported, as in v1.

        Raises
        ------
        Conflict
            If another active experiment has its name.
        """
        if new_name is not None:
            raise UserError(
                f"An experiment cannot be renamed, got new_name={show(new_name)}. Archive the one that has its name instead.",
                value=new_name,
            )
        self._record = self._workspace.store.set_archived(self.id, is_archived=False)

    def refresh(self) -> None:
        """Ask the store for the experiment again."""
        self._record = self._workspace.store.get_experiment(self.id)

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag, or change it.

        Parameters
        ----------
        key : str
            Its name.
        value : str, optional
            Without it, the tag has no value.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags, or change them; others stay.

        Parameters
        ----------
        tags : dict
            Values by key.
        """
        self._record = self._workspace.store.tag_experiment(self.id, facts.to_tags(tags))

    def remove_tags(self, tags: Any) -> None:
        """Remove tags.

        Parameters
        ----------
        tags : list of str
            Their keys.
        """
        self._record = self._workspace.store.tag_experiment(self.id, {}, remove=facts.to_tag_keys(tags))

    def get_portal_url(self) -> str:
        """Give a link to something that exists here: the workspace's folder.

        Returns
        -------
        str
            A ``file:`` URI.
        """
        return self._workspace.get_portal_url()
