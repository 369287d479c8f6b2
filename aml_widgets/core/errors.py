"""The tree of errors.

Beside each kind that Azure ML v1 had stands its name there: `azureml.exceptions` has it under that name, so that `except` clauses
written for v1 catch what is raised here. A class that stands below two kinds is caught by the names of both.

::

    AmlWidgetsError                     AzureMLException
    ├── UsageError                      UserErrorException: asked for wrongly, or for what is not there
    │   ├── UserError (ValueError)      a wrong argument; nothing was written
    │   │   ├── InvalidName             experiment, workspace, run id, metric, model, tag or column name
    │   │   ├── InvalidMetric           value, step or shape of what was logged
    │   │   ├── InvalidArtifact         path or content of a file of a run
    │   │   ├── InvalidConfig           a workspace configuration file
    │   │   ├── ConfigError             RunConfigurationException: a script's configuration or environment that cannot be run here
    │   │   ├── CloudOnly               a call of Azure ML v1 that asked its cloud for something
    │   │   └── ScriptNotFound, InvalidModel, InvalidModelName, InvalidTarget, InvalidTargetName (see below)
    │   └── ArtifactNotFound, ConfigNotFound (see below)
    ├── NotFound (LookupError)
    │   ├── RunNotFound, ExperimentNotFound             also ServiceError
    │   │   └── ContextNotFound         RunEnvironmentException: this process belongs to no run
    │   ├── ArtifactNotFound                            also UsageError
    │   ├── SnapshotNotFound, EnvironmentNotFound
    │   ├── WorkspaceNotFound                           also ProjectError and WorkspaceError
    │   │   └── ConfigNotFound          no workspace configuration file; also UsageError
    │   ├── TargetNotFound                              also TargetError
    │   ├── ModelNotFound               ModelNotFoundException; also ModelError
    │   └── ModelPathNotFound           ModelPathNotFoundException; also ModelError
    ├── ServiceError                    ServiceException: what v1's service refused, or could not do
    │   ├── Conflict                    it is there already, or has ended
    │   │   ├── RunExists, PropertyExists, ParamExists, EnvironmentExists, ExperimentInUse
    │   │   ├── ArtifactExists                          also AggregatedError
    │   │   ├── WorkspaceExists                         also WorkspaceError
    │   │   ├── TargetInUse                             also TargetError
    │   │   ├── ModelFileExists                         also ModelError
    │   │   ├── RunIsTerminal
    │   │   └── RunGoesOn, RunNotInTrash    it must have ended, or been put into the trash, first
    │   └── StoreError (OSError)        where runs are kept
    │       ├── StoreUnavailable        cannot be reached or opened now
    │       ├── StoreReadOnly, StoreFull, StoreCorrupt
    │       ├── NotAStore               a file or folder of something else
    │       ├── StoreIsNewer            written by a newer aml_widgets
    │       └── PointsLost              points that a failing store never took
    ├── AggregatedError                 AzureMLAggregatedException: several errors as one
    │   └── ArtifactExists
    ├── WorkspaceError                  WorkspaceException
    │   └── WorkspaceNotFound, WorkspaceExists
    ├── ProjectError                    ProjectSystemException
    │   └── WorkspaceNotFound
    ├── ExecutionError                  ExperimentExecutionException: a script that is not run, or not watched any more
    │   ├── ScriptNotFound              the script is not in the source folder; also UserError
    │   ├── RunEnvironmentError         an interpreter or environment that a script cannot have here
    │   │   ├── EnvironmentBuildError   building it failed
    │   │   └── EnvironmentBuildStopped building it was stopped on request
    │   └── RunInterrupted              waiting was interrupted; the run goes on
    ├── TargetError                     ComputeTargetException
    │   ├── TargetNotFound, TargetInUse
    │   ├── InvalidTarget, InvalidTargetName            also UserError and InvalidName
    │   └── TargetUnavailable           a compute target that does not answer, or lacks a package here
    ├── ModelError                      WebserviceException
    │   ├── ModelNotFound, ModelPathNotFound, ModelFileExists
    │   └── InvalidModel, InvalidModelName              also UserError and InvalidName
    ├── SnapshotError                   SnapshotException: a source folder that cannot be copied
    └── RunFailed                       ActivityFailedException: `wait_for_completion` met a run that failed

Every message gives the value, the rule and the way out. `message` has it plainly; `str()` gives v1's block around it where v1's import
names are on. `value` keeps what was refused, for programs. The kinds that have v1's constructors are in `error_kinds`.
"""

# ruff: noqa: PLC0414 - all names of the tree are this module's
from __future__ import annotations

from typing import Any

from aml_widgets.core import v1_names
from aml_widgets.core.error_kinds import AggregatedError as AggregatedError
from aml_widgets.core.error_kinds import AmlWidgetsError as AmlWidgetsError
from aml_widgets.core.error_kinds import ExecutionError as ExecutionError
from aml_widgets.core.error_kinds import ModelError as ModelError
from aml_widgets.core.error_kinds import ProjectError as ProjectError
from aml_widgets.core.error_kinds import ServiceError as ServiceError
from aml_widgets.core.error_kinds import SnapshotError as SnapshotError
from aml_widgets.core.error_kinds import TargetError as TargetError
from aml_widgets.core.error_kinds import UsageError as UsageError
from aml_widgets.core.error_kinds import WorkspaceError as WorkspaceError
from aml_widgets.core.error_kinds import message_of as message_of

_NO_CONTEXT = (
    "This process belongs to no submitted run, and allow_offline is False. Start a run with Experiment(workspace, "
    "name).start_logging(), submit the script with Experiment.submit(ScriptRunConfig(...)), or allow an offline one."
)


class UserError(UsageError, ValueError):
    """A wrong argument. Nothing was written."""


class InvalidName(UserError):
    """A name or id that the rules for its kind refuse."""


class InvalidMetric(UserError):
    """A value, step or shape that cannot be logged."""


class InvalidArtifact(UserError):
    """A path or content that cannot become a file of a run."""


class InvalidConfig(UserError):
    """A workspace configuration file that cannot be understood."""


class ConfigError(UserError):
    """A configuration of a script, or an environment, that is wrong or cannot be run here."""

    _v1_name = "RunConfigurationException"


class ScriptNotFound(ExecutionError, UserError):
    """The script to run is not in the source folder, or not in the copy of it that it would run in."""


class CloudOnly(UserError):
    """A call of Azure ML v1 that asked its cloud for something that has no local meaning."""


class InvalidModel(ModelError, UserError):
    """A version, id or description that no model can have."""


class InvalidModelName(ModelError, InvalidName):
    """A name that no model can have."""


class InvalidTarget(TargetError, UserError):
    """What no compute target of that kind can be."""


class InvalidTargetName(TargetError, InvalidName):
    """A name that no compute target can have."""


class NotFound(AmlWidgetsError, LookupError):
    """Something asked for by name or id is not there."""


class WorkspaceNotFound(ProjectError, WorkspaceError, NotFound):
    """No workspace at that location or of that name."""


class ConfigNotFound(UsageError, WorkspaceNotFound):
    """No workspace configuration file where one was named or looked for."""


class ExperimentNotFound(ServiceError, NotFound):
    """No experiment of that name or id."""

    status_code: int | None = 404


class RunNotFound(ServiceError, NotFound):
    """No run of that id."""

    status_code: int | None = 404


class ContextNotFound(RunNotFound):
    """The process belongs to no submitted run.

    Parameters
    ----------
    exception_message : str, optional
        The message; without it, one that says how to have a run.
    **keywords : object
        What `AmlWidgetsError` takes.
    """

    _v1_name = "RunEnvironmentException"

    def __init__(self, exception_message: str | None = None, **keywords: Any) -> None:
        super().__init__(exception_message or _NO_CONTEXT, **keywords)


class EnvironmentNotFound(NotFound):
    """No environment of that name, version or label."""


class ArtifactNotFound(UsageError, NotFound):
    """The run has no file of that path."""


class SnapshotNotFound(NotFound):
    """The run has no snapshot, or none of that id."""


class TargetNotFound(TargetError, NotFound):
    """No compute target of that name."""


class ModelNotFound(ModelError, NotFound):
    """No model of that name, version or id."""

    _v1_name = "ModelNotFoundException"


class ModelPathNotFound(ModelError, NotFound):
    """No file or folder of that path to make a model of."""

    _v1_name = "ModelPathNotFoundException"


class Conflict(ServiceError):
    """The request does not fit what is there already."""

    status_code: int | None = 409


class WorkspaceExists(WorkspaceError, Conflict):
    """A workspace is there already."""


class RunExists(Conflict):
    """A run of that id is there already."""


class ArtifactExists(AggregatedError, Conflict):
    """The run has another file of that path; artifacts are written once."""


class PropertyExists(Conflict):
    """Properties are facts: one that is set cannot change."""


class ParamExists(Conflict):
    """Parameters are written once: one that is set cannot change."""


class EnvironmentExists(Conflict):
    """Another environment has that name and version; versions do not change."""


class ExperimentInUse(Conflict):
    """An experiment that has runs cannot be deleted."""


class TargetInUse(TargetError, Conflict):
    """A compute target that runs wait for or work on cannot be deleted."""


class ModelFileExists(ModelError, Conflict):
    """There is a file already where one of a model is to be copied to."""


class RunIsTerminal(Conflict):
    """The run has ended and takes no more points or status changes."""


class RunGoesOn(Conflict):
    """A run that goes on, or has runs below it that do, cannot be put into the trash."""


class RunNotInTrash(Conflict):
    """Only what is in the trash, with all the runs below it, can be deleted for good."""


class RunEnvironmentError(ExecutionError):
    """The interpreter or environment that a script asks for is not there and cannot be made on this machine."""


class EnvironmentBuildError(RunEnvironmentError):
    """Building an environment failed. The message ends with the last lines that the tool printed."""


class EnvironmentBuildStopped(RunEnvironmentError):
    """Building an environment was stopped on request; nothing of it is left."""


class TargetUnavailable(TargetError):
    """A compute target does not answer, or what speaks with it is not installed here."""


class RunFailed(AmlWidgetsError):
    """A run that was waited for ended as `Failed`.

    Parameters
    ----------
    error_details : str
        The run's error, as a JSON document. It is the message, in v1's words, where v1's import names are on.
    sentence : str, optional
        The message where they are not.
    **keywords : object
        What `AmlWidgetsError` takes.
    """

    _v1_name = "ActivityFailedException"

    def __init__(self, error_details: str, *, sentence: str | None = None, **keywords: Any) -> None:
        in_v1_words = f"Activity Failed:\n{error_details}"
        super().__init__(in_v1_words if sentence is None or v1_names.is_on() else sentence, **keywords)


class RunInterrupted(ExecutionError):
    """Waiting was interrupted; the run itself goes on."""


class StoreError(ServiceError, OSError):
    """Where runs are kept does not do its work."""


class StoreUnavailable(StoreError):
    """The store cannot be opened or reached now."""

    status_code: int | None = 503


class StoreReadOnly(StoreError):
    """The store can be read but not written."""


class StoreFull(StoreError):
    """The disk, or the database, has no room left."""


class StoreCorrupt(StoreError):
    """The database is damaged."""


class NotAStore(StoreError):
    """The file or folder is something else than a workspace."""


class StoreIsNewer(StoreError):
    """The store was written by a newer version of aml_widgets."""


class PointsLost(StoreError):
    """Some points were never stored, because the store failed while the run was logging."""
