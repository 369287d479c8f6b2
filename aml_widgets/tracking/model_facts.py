"""What is known of a registered model, and what is noted on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from aml_widgets.core.errors import RunNotFound
from aml_widgets.core.records import ModelRecord
from aml_widgets.tracking import facts
from aml_widgets.tracking.model_registration import refuse_cloud_arguments, to_text_or_none

if TYPE_CHECKING:
    from aml_widgets.tracking.run import Run
    from aml_widgets.tracking.workspace import Workspace


class ModelFacts:
    """The facts and notes of a model."""

    _workspace: Workspace
    _record: ModelRecord

    @property
    def workspace(self) -> Workspace:
        """Where it is registered."""
        return self._workspace

    @property
    def name(self) -> str:
        """Its name, which all its versions share."""
        return self._record.name

    @property
    def version(self) -> int:
        """Counted for its name, from 1; never given twice."""
        return self._record.version

    @property
    def id(self) -> str:
        """Name and version as one text, ``name:version``."""
        return self._record.model_id

    @property
    def description(self) -> str | None:
        """A note for people."""
        return self._record.description

    @property
    def tags(self) -> dict[str, str | None]:
        """The tags as last seen by this object."""
        return dict(self._record.tags)

    @property
    def properties(self) -> dict[str, str]:
        """The properties as last seen by this object."""
        return dict(self._record.properties)

    @property
    def created_time(self) -> datetime:
        """When it was registered, in UTC."""
        return datetime.fromtimestamp(self._record.created_at, tz=timezone.utc)

    @property
    def created_by(self) -> dict[str, str] | None:
        """Who registered it, by the key ``userName``; None where that is not known."""
        return None if self._record.created_by is None else {"userName": self._record.created_by}

    @property
    def run_id(self) -> str | None:
        """The run that it was registered from; None for local files."""
        return self._record.run_id

    @property
    def run(self) -> Run | None:
        """The run that it was registered from; None for local files, and where the run is gone."""
        from aml_widgets.tracking.run import Run

        if self._record.run_id is None:
            return None
        try:
            return Run.get(self._workspace, self._record.run_id)
        except RunNotFound:
            return None

    @property
    def experiment_name(self) -> str | None:
        """The experiment of that run."""
        return self._record.experiment_name

    @property
    def model_framework(self) -> str | None:
        """What made it."""
        return self._record.framework

    @property
    def model_framework_version(self) -> str | None:
        """The version of what made it."""
        return self._record.framework_version

    @property
    def url(self) -> str:
        """A ``file:`` link to its file or folder."""
        return self._workspace.store.models.local_path(self.name, self.version).as_uri()

    def serialize(self) -> dict[str, Any]:
        """Give what is known of the model as what JSON can hold.

        Returns
        -------
        dict
            v1's keys; those that only a cloud can fill are None or empty.
        """
        return {
            "createdTime": self.created_time.isoformat(),
            "createdBy": self.created_by,
            "description": self.description,
            "id": self.id,
            "mimeType": None,
            "name": self.name,
            "framework": self.model_framework,
            "frameworkVersion": self.model_framework_version,
            "tags": self.tags,
            "properties": self.properties,
            "unpack": False,
            "url": self.url,
            "version": self.version,
            "experimentName": self.experiment_name,
            "runId": self.run_id,
            "runDetails": None if self.run is None else str(self.run),
            "datasets": [],
            "resourceConfiguration": None,
            "sampleInputDatasetId": None,
            "sampleOutputDatasetId": None,
        }

    # -- noted

    def update(
        self,
        tags: Mapping[str, object] | None = None,
        description: str | None = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: object = None,
    ) -> None:
        """Replace the tags, the description, or both.

        Parameters
        ----------
        tags : dict, optional
            All tags that it has from now on; an empty dict removes all.
        description : str, optional
            The new note for people.
        sample_input_dataset, sample_output_dataset, resource_configuration : object, optional
            Not supported.
        """
        refuse_cloud_arguments(
            sample_input_dataset=sample_input_dataset,
            sample_output_dataset=sample_output_dataset,
            resource_configuration=resource_configuration,
        )
        self._change(
            description=to_text_or_none("description", description),
            tags=None if tags is None else facts.to_tags(tags),
            replaces_tags=tags is not None,
        )

    def update_tags_properties(
        self,
        add_tags: Mapping[str, object] | None = None,
        remove_tags: object = None,
        add_properties: Mapping[str, object] | None = None,
    ) -> None:
        """Change several tags, and add properties, at once.

        Parameters
        ----------
        add_tags : dict, optional
            Values by key.
        remove_tags : list of str, optional
            Keys; one that is not there is passed over.
        add_properties : dict, optional
            Values by key.

        Raises
        ------
        PropertyExists
            If a property is set to another value already; then nothing was changed.
        """
        self._change(
            tags=None if add_tags is None else facts.to_tags(add_tags),
            remove_tags=() if remove_tags is None else facts.to_tag_keys(remove_tags),
            properties=None if add_properties is None else facts.to_properties(add_properties),
        )

    def add_tags(self, tags: Mapping[str, object]) -> None:
        """Set tags, or change them; others stay.

        Parameters
        ----------
        tags : dict
            Values by key.
        """
        self._change(tags=facts.to_tags(tags))

    def remove_tags(self, tags: object) -> None:
        """Remove tags.

        Parameters
        ----------
        tags : list of str
            Their keys; one that is not there is passed over.
        """
        self._change(remove_tags=facts.to_tag_keys(tags))

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
        self._change(properties=facts.to_properties(properties))

    def _change(self, **changes: Any) -> None:
        self._record = self._workspace.store.models.update_model(self.name, self.version, **changes)

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ModelFacts):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[str, str]:
        return (self._workspace.workspace_id, self.id)
