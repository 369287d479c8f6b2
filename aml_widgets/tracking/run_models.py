"""Registering files of a run as a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from aml_widgets.tracking.run_base import RunBase

if TYPE_CHECKING:
    from aml_widgets.tracking.model import Model


class RunModels(RunBase):
    """What models are made of a run."""

    def register_model(
        self,
        model_name: str,
        model_path: str | os.PathLike[str] | None = None,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        description: str | None = None,
        datasets: object = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: object = None,
    ) -> Model:
        """Keep some of the run's files as the next version of a model, whether or not the run has ended.

        They are copied: what becomes of the run later does not change the model.

        Parameters
        ----------
        model_name : str
            1 to 255 letters, digits, ``-``, ``.`` and ``_``.
        model_path : str, optional
            A file of the run, or a folder that some of its files are in, such as ``outputs/model.pkl``. The model's name without it.
        tags, properties : dict, optional
            Notes that may change, and facts that may not.
        model_framework, model_framework_version : str, optional
            What made it; `Model.Framework` has the usual names.
        description : str, optional
            A note for people.
        datasets, sample_input_dataset, sample_output_dataset, resource_configuration : object, optional
            Not supported.

        Returns
        -------
        Model
            The new version.

        Raises
        ------
        InvalidName
            For a bad name.
        ModelPathNotFound
            If the run has no such file or folder; the message lists its files.
        """
        from aml_widgets.store.models import check_model_name
        from aml_widgets.tracking.model import Model
        from aml_widgets.tracking.model_registration import refuse_cloud_arguments, register_files
        from aml_widgets.tracking.model_sources import find_in_run

        refuse_cloud_arguments(
            datasets=datasets,
            sample_input_dataset=sample_input_dataset,
            sample_output_dataset=sample_output_dataset,
            resource_configuration=resource_configuration,
        )
        name = check_model_name(model_name)
        wanted = name if model_path is None else model_path
        self._bring_outputs(wanted)
        names = [artifact.path for artifact in self._store.list_artifacts(self._run_id)]
        has_ended = self._refresh().status.is_terminal
        path, files = find_in_run(self._run_id, names, wanted, has_ended=has_ended)
        record = register_files(
            self._store.models,
            name,
            path,
            files,
            tags=tags,
            properties=properties,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            description=description,
            run=self._record,
        )
        return Model.from_record(self._experiment.workspace, record)

    def _bring_outputs(self, model_path: object) -> None:
        """See to it that files are in the run that a model is to be made of. Only the run of a script knows of such."""
