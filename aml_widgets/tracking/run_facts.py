"""What is noted on a run: names, status, tags and properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aml_widgets.core.errors import UserError
from aml_widgets.tracking import facts
from aml_widgets.tracking.run_children import RunChildren


class RunFacts(RunChildren):
    """The facts and notes of a run."""

    @property
    def name(self) -> str:
        """What the run is called: its display name or ``run_<id>``, below its parent's. Use `display_name`."""
        own = self._record.display_name or f"run_{self._run_id}"
        parent = self.parent
        return own if parent is None else f"{parent.name}>{own}"

    @property
    def display_name(self) -> str | None:
        """A name for people; it can be set."""
        return self._record.display_name

    @display_name.setter
    def display_name(self, display_name: str) -> None:
        self._record = self._store.update_run(self._run_id, display_name=_to_text("display_name", display_name))

    @property
    def description(self) -> str | None:
        """A note on the run; it can be set."""
        return self._record.description

    @description.setter
    def description(self, description: str) -> None:
        self._record = self._store.update_run(self._run_id, description=_to_text("description", description))

    @property
    def type(self) -> str | None:
        """The kind of run; None for an interactive one."""
        return self._record.run_type

    @property
    def number(self) -> int:
        """Place in the experiment, from 1, in the order of creation."""
        return self._record.number

    @property
    def status(self) -> str:
        """The status as last seen by this object; `get_status` asks the store."""
        return self._record.status.value

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as last seen by this object; `get_tags` asks the store."""
        return dict(self._record.tags)

    @property
    def properties(self) -> dict[str, str]:
        """The properties as last seen by this object; `get_properties` asks the store."""
        return dict(self._record.properties)

    def tag(self, key: str, value: object = None) -> None:
        """Set a tag, or change it.

        Parameters
        ----------
        key : str
            Its name.
        value : str, optional
            What is no text becomes text, with a warning. Without it, the tag has no value.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set several tags, or change them; others stay.

        Parameters
        ----------
        tags : dict
            Values by key.
        """
        self._record = self._store.update_run(self._run_id, tags=facts.to_tags(tags))

    def get_tags(self) -> dict[str, str | None]:
        """Ask the store for the tags.

        Returns
        -------
        dict
            Values by key; None for a tag without a value.
        """
        return dict(self._refresh().tags)

    def remove_tags(self, tags: Any) -> None:
        """Remove tags.

        Parameters
        ----------
        tags : list of str
            Their keys; one that is not there is passed over.
        """
        self._record = self._store.update_run(self._run_id, remove_tags=facts.to_tag_keys(tags))

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Set properties: facts that cannot be changed later.

        Parameters
        ----------
        properties : dict
            Values by key.

        Raises
        ------
        PropertyExists
            If one is set to another value already.
        """
        if properties == {}:
            return
        self._record = self._store.update_run(self._run_id, properties=facts.to_properties(properties))

    def get_properties(self) -> dict[str, str]:
        """Ask the store for the properties.

        Returns
        -------
        dict
            Values by key.
        """
        return dict(self._refresh().properties)


def _to_text(what: str, value: object) -> str:
    text = facts.to_text_or_none(what, value)
    if text is None:
        raise UserError(f"{what} must be text, got None. Use '' to empty it.", value=value)
    return text
