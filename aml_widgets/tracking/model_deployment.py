"""What v1 does with a model in the cloud, and nothing here can: each call says what to do instead."""

from __future__ import annotations

from typing import NoReturn

from aml_widgets.core.cloud_only import cloud_only

_SERVE = (
    "model.download(folder) gives the files, and Model.get_model_path(name) where they lie: load them in a program of your own that "
    "answers requests, and run that where you like."
)
_NOTE = "What the model was made of can be noted: model.add_properties({'data': 'path or version'}), or as tags."


class ModelDeployment:
    """Refuses what only a cloud can do."""

    @staticmethod
    def deploy(
        workspace: object,
        name: str,
        models: object,
        inference_config: object = None,
        deployment_config: object = None,
        deployment_target: object = None,
        overwrite: bool = False,
        show_output: bool = False,
    ) -> NoReturn:
        """Raise CloudOnly: models are kept here, not served."""
        del workspace, name, models, inference_config, deployment_config, deployment_target, overwrite, show_output
        raise cloud_only("Model.deploy", _SERVE)

    @staticmethod
    def package(
        workspace: object,
        models: object,
        inference_config: object = None,
        generate_dockerfile: bool = False,
        image_name: str | None = None,
        image_label: str | None = None,
    ) -> NoReturn:
        """Raise CloudOnly: no container images are built here."""
        del workspace, models, inference_config, generate_dockerfile, image_name, image_label
        raise cloud_only("Model.package", _SERVE)

    @staticmethod
    def profile(
        workspace: object,
        profile_name: str,
        models: object,
        inference_config: object,
        input_dataset: object,
        cpu: float | None = None,
        memory_in_gb: float | None = None,
        description: str | None = None,
    ) -> NoReturn:
        """Raise CloudOnly: nothing is served here that could be measured."""
        del workspace, profile_name, models, inference_config, input_dataset, cpu, memory_in_gb, description
        raise cloud_only(
            "Model.profile", "A script that loads the model and logs what it takes, run.log('seconds', …), measures it."
        )

    @staticmethod
    def print_configuration(
        models: object, inference_config: object, deployment_config: object, deployment_target: object
    ) -> NoReturn:
        """Raise CloudOnly: there are no configurations of deployments."""
        del models, inference_config, deployment_config, deployment_target
        raise cloud_only("Model.print_configuration", "print(model) shows what is known of a model.")

    def add_dataset_references(self, datasets: object) -> NoReturn:
        """Raise CloudOnly: there are no registered datasets."""
        del datasets
        raise cloud_only("Model.add_dataset_references", _NOTE)

    # -- what a deployment would be told by; `register` refuses each of them

    @property
    def datasets(self) -> dict[str, object]:
        """Registered datasets that it was made of: always empty, as there are none here."""
        return {}

    @property
    def sample_input_dataset(self) -> None:
        """Always None: there are no registered datasets here."""

    @property
    def sample_output_dataset(self) -> None:
        """Always None: there are no registered datasets here."""

    @property
    def resource_configuration(self) -> None:
        """Always None: nothing is deployed here."""

    @property
    def mime_type(self) -> None:
        """Always None: nothing asks for it here."""

    @property
    def unpack(self) -> bool:
        """Always False: files are kept as they are."""
        return False
