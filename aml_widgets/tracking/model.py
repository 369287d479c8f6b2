"""Registered models: files that are kept under a name, in versions."""

from __future__ import annotations

import builtins
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from aml_widgets.core.errors import InvalidModel, ModelNotFound
from aml_widgets.core.records import ModelQuery, ModelRecord
from aml_widgets.store.models import check_model_name
from aml_widgets.tracking.arguments import check_path, check_workspace
from aml_widgets.tracking.model_choosing import parse_id, to_filter, to_version
from aml_widgets.tracking.model_deployment import ModelDeployment
from aml_widgets.tracking.model_facts import ModelFacts
from aml_widgets.tracking.model_registration import refuse_cloud_arguments, register_files
from aml_widgets.tracking.model_sources import find_local
from aml_widgets.tracking.values import show

if TYPE_CHECKING:
    from aml_widgets.tracking.workspace import Workspace

_WHY_WORKSPACE = "A model is in a workspace"


class Model(ModelFacts, ModelDeployment):
    """One version of a registered model.

    `Run.register_model` and `Model.register` make a new one; this opens one that is there. Two objects of one version are equal.

    Parameters
    ----------
    workspace : Workspace
        Where it is registered.
    name : str, optional
        Its name; of the versions that fit, the latest is opened.
    id : str, optional
        Name and version, as ``name:version``.
    tags, properties : str, list or dict, optional
        Only versions that have them: a key, a list of keys or of ``[key, value]``, or values by key.
    version : int, optional
        Only this version.
    run_id : str, optional
        Only versions that were registered from this run.
    model_framework : str, optional
        Only versions of this framework.
    expand : bool, optional
        Accepted for v1's sake.

    Raises
    ------
    ModelNotFound
        If there is none; the message says which there are.
    UserError
        If neither name nor id is given.
    """

    class Framework:
        """The usual names of what makes models; any other text will do as well."""

        CUSTOM: ClassVar[str] = "Custom"
        MULTI: ClassVar[str] = "Multi"
        ONNX: ClassVar[str] = "Onnx"
        PYTORCH: ClassVar[str] = "PyTorch"
        SCIKITLEARN: ClassVar[str] = "ScikitLearn"
        TENSORFLOW: ClassVar[str] = "TensorFlow"
        TFKERAS: ClassVar[str] = "TfKeras"

    def __init__(
        self,
        workspace: Workspace,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - v1's name
        tags: object = None,
        properties: object = None,
        version: int | None = None,
        run_id: str | None = None,
        model_framework: str | None = None,
        expand: bool = True,
    ) -> None:
        del expand
        workspace = check_workspace(workspace, _WHY_WORKSPACE)
        if id is not None:
            of_id, of_version = parse_id(id)
            if name not in (None, of_id) or version not in (None, of_version):
                raise InvalidModel(
                    f"The id {id!r} is not of name {name!r} and version {version!r}. Give the id alone.", value=id
                )
            name, version = of_id, of_version
        if name is None:
            raise InvalidModel(
                "A model is opened by its name or its id. Give one; Model.list(workspace) has those there are."
            )
        record = workspace.store.models.get_model(name, to_version(version))
        query = ModelQuery(
            name=name,
            version=version,
            run_id=run_id,
            framework=model_framework,
            tags=to_filter(tags, "tags"),
            properties=to_filter(properties, "properties"),
        )
        if query != ModelQuery(name=name, version=version):
            fitting = workspace.store.models.list_models(query)
            if not fitting:
                raise ModelNotFound(
                    f"There is a model {name!r}, but no version of it fits all that was asked for. "
                    f"Model.list(workspace, name={name!r}) gives those there are.",
                    value=name,
                )
            record = max(fitting, key=lambda one: one.version)
        self._workspace = workspace
        self._record = record

    @classmethod
    def from_record(cls, workspace: Workspace, record: ModelRecord) -> Model:
        """Make a model of a record that was just read."""
        model = cls.__new__(cls)
        model._workspace = workspace  # noqa: SLF001 - one of its own
        model._record = record  # noqa: SLF001
        return model

    # -- made and found

    @staticmethod
    def register(
        workspace: Workspace,
        model_path: str | os.PathLike[str],
        model_name: str,
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
        description: str | None = None,
        datasets: object = None,
        model_framework: str | None = None,
        model_framework_version: str | None = None,
        child_paths: Iterable[str] | None = None,
        sample_input_dataset: object = None,
        sample_output_dataset: object = None,
        resource_configuration: object = None,
    ) -> Model:
        """Copy a local file or folder into the workspace, as the next version of a model.

        Parameters
        ----------
        workspace : Workspace
            Where to keep it.
        model_path : str or path
            A file, or a folder whose files are all copied.
        model_name : str
            1 to 255 letters, digits, ``-``, ``.`` and ``_``.
        tags, properties : dict, optional
            Notes that may change, and facts that may not.
        description : str, optional
            A note for people.
        datasets : object, optional
            Not supported.
        model_framework, model_framework_version : str, optional
            What made it; `Model.Framework` has the usual names.
        child_paths : list of str, optional
            Only these files and folders below the folder.
        sample_input_dataset, sample_output_dataset, resource_configuration : object, optional
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
            If there is no such file or folder, or no file in it.
        """
        workspace = check_workspace(workspace, _WHY_WORKSPACE)
        refuse_cloud_arguments(
            datasets=datasets,
            sample_input_dataset=sample_input_dataset,
            sample_output_dataset=sample_output_dataset,
            resource_configuration=resource_configuration,
        )
        name = check_model_name(model_name)
        path, files = find_local(model_path, child_paths, left_out=workspace.store.own_paths)
        record = register_files(
            workspace.store.models,
            name,
            path,
            files,
            tags=tags,
            properties=properties,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            description=description,
        )
        return Model.from_record(workspace, record)

    @staticmethod
    def list(
        workspace: Workspace,
        name: str | None = None,
        tags: object = None,
        properties: object = None,
        run_id: str | None = None,
        latest: bool = False,
        dataset_id: object = None,
        expand: bool = True,
        page_count: int = 255,
        model_framework: str | None = None,
    ) -> builtins.list[Model]:
        """Give the models of a workspace, those registered last first.

        Parameters
        ----------
        workspace : Workspace
            The workspace.
        name : str, optional
            Only versions of this name.
        tags, properties : str, list or dict, optional
            Only those that have them: a key, a list of keys or of ``[key, value]``, or values by key.
        run_id : str, optional
            Only those registered from this run.
        latest : bool, optional
            Of all versions of a name that fit, the newest only.
        dataset_id : object, optional
            Not supported.
        expand, page_count : object, optional
            Accepted for v1's sake.
        model_framework : str, optional
            Only those of this framework.

        Returns
        -------
        list of Model
            Empty when there is none.
        """
        del expand, page_count
        workspace = check_workspace(workspace, _WHY_WORKSPACE)
        refuse_cloud_arguments(dataset_id=dataset_id)
        query = ModelQuery(
            name=name,
            run_id=run_id,
            framework=model_framework,
            tags=to_filter(tags, "tags"),
            properties=to_filter(properties, "properties"),
            is_latest_only=bool(latest),
        )
        return [Model.from_record(workspace, record) for record in workspace.store.models.list_models(query)]

    @staticmethod
    def get_model_path(model_name: str, version: int | None = None, _workspace: Workspace | None = None) -> str:
        """Give where a model lies on this machine, to be read; nothing is copied. `download` gives files to write into.

        Parameters
        ----------
        model_name : str
            The model.
        version : int, optional
            The latest without it.
        _workspace : Workspace, optional
            Where it is registered. Without it, the workspace of the submitted run that this process belongs to, or else the one
            that `Workspace.from_config` opens.

        Returns
        -------
        str
            The file or folder.

        Raises
        ------
        ModelNotFound
            If there is none.
        """
        workspace = _find_workspace() if _workspace is None else check_workspace(_workspace, _WHY_WORKSPACE)
        record = workspace.store.models.get_model(model_name, to_version(version))
        return str(workspace.store.models.local_path(record.name, record.version))

    @staticmethod
    def deserialize(workspace: Workspace, model_payload: Mapping[str, object]) -> Model:
        """Open the model that `serialize` gave as a dict; it is read again, from the workspace.

        Parameters
        ----------
        workspace : Workspace
            Where it is registered.
        model_payload : dict
            What `serialize` gave; its ``id`` says which model it is.

        Returns
        -------
        Model
            As it is now.

        Raises
        ------
        ModelNotFound
            If the workspace has no such model.
        InvalidModel
            For what names no model.
        """
        if not isinstance(model_payload, Mapping) or not isinstance(model_payload.get("id"), str):
            raise InvalidModel(
                f"A model is made of the dict that model.serialize() gives, with its 'id', got {show(model_payload)}.",
                value=model_payload,
            )
        return Model(workspace, id=str(model_payload["id"]))

    # -- used

    def download(
        self, target_dir: str | os.PathLike[str] = ".", exist_ok: bool = False, exists_ok: bool | None = None
    ) -> str:
        """Copy the model's file or folder to a local folder.

        Parameters
        ----------
        target_dir : str or path, optional
            The folder to put it into, made if it is missing.
        exist_ok : bool, optional
            Overwrite files that are there already; others in the same folder stay.
        exists_ok : bool, optional
            The same by v1's older name; it wins.

        Returns
        -------
        str
            The copied file or folder.

        Raises
        ------
        ModelFileExists
            If a file is there already, and `exist_ok` is False. Then nothing was copied.
        ModelNotFound
            If the model was deleted.
        """
        target = Path(check_path(target_dir, "The target_dir")) / self._record.path
        self._workspace.store.models.copy_to(
            self.name, self.version, target, overwrites=exist_ok if exists_ok is None else exists_ok
        )
        return str(target)

    def get_sas_urls(self) -> dict[str, str]:
        """Give links to the model's files.

        Returns
        -------
        dict
            ``file:`` links by the files' paths in the model. They lead to the files that are kept: read them only.

        Raises
        ------
        ModelNotFound
            If the model was deleted.
        """
        models = self._workspace.store.models
        place, files = models.local_path(self.name, self.version), models.list_files(self.name, self.version)
        return {file.path: (place / PurePosixPath(file.path).relative_to(self._record.path)).as_uri() for file in files}

    def delete(self) -> None:
        """Delete this version with its files; its number is not given again.

        Raises
        ------
        ModelNotFound
            If it was deleted before.
        """
        self._workspace.store.models.delete_model(self.name, self.version)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as where it is: a copy, in this process or in another, is the same model."""
        return (Model, (self._workspace, None, self.id))

    def __repr__(self) -> str:
        return (
            f"Model(workspace={self._workspace!r}, name={self.name}, id={self.id}, version={self.version}, tags={self.tags}, "
            f"properties={self.properties})"
        )


def _find_workspace() -> Workspace:
    from aml_widgets.tracking.run import Run
    from aml_widgets.tracking.workspace import Workspace

    run: object = Run.get_context()
    return run.experiment.workspace if isinstance(run, Run) else Workspace.from_config()
