"""The tree of errors.

::

    AmlWidgetsError
    ├── UserError (ValueError)          a wrong argument; nothing was written
    │   ├── InvalidName                 experiment, workspace, run id, metric, model, tag or column name
    │   ├── InvalidMetric               value, step or shape of what was logged
    │   ├── InvalidArtifact             path or content of a file of a run
    │   ├── InvalidConfig               a workspace configuration file
    │   ├── ConfigError                 a script's configuration or environment that cannot be run here
    │   ├── ScriptNotFound              the script is not in the source folder
    │   └── CloudOnly                   a call of Azure ML v1 that asked its cloud for something
    ├── NotFound (LookupError)
    │   ├── WorkspaceNotFound, ExperimentNotFound, RunNotFound,
    │   ├── ArtifactNotFound, SnapshotNotFound, EnvironmentNotFound, TargetNotFound,
    │   └── ModelNotFound, ModelPathNotFound
    ├── Conflict                        it is there already, or has ended
    │   ├── WorkspaceExists, RunExists, ArtifactExists, PropertyExists, ParamExists
    │   ├── ExperimentInUse, EnvironmentExists, TargetInUse
    │   ├── RunIsTerminal
    │   └── RunGoesOn, RunNotInTrash    it must have ended, or been put into the trash, first
    ├── SnapshotError                   a source folder that cannot be copied
    ├── RunEnvironmentError             an interpreter or environment that a script cannot have here
    │   ├── EnvironmentBuildError       building it failed
    │   └── EnvironmentBuildStopped     building it was stopped on request
    ├── TargetUnavailable               a compute target that does not answer, or lacks a package here
    ├── RunFailed                       `wait_for_completion` met a run that failed
    ├── RunInterrupted                  waiting was interrupted; the run goes on
    └── StoreError (OSError)            where runs are kept
        ├── StoreUnavailable            cannot be reached or opened now
        ├── StoreReadOnly, StoreFull, StoreCorrupt
        ├── NotAStore                   a file or folder of something else
        ├── StoreIsNewer                written by a newer aml_widgets
        └── PointsLost                  points that a failing store never took

Every message gives the value, the rule and the way out. `value` keeps what was refused, for programs.
"""

from __future__ import annotations


class AmlWidgetsError(Exception):
    """Any error that aml_widgets raises on purpose.

    Parameters
    ----------
    message : str
        The value, the rule and the way out, in one or two sentences.
    value : object, optional
        What was refused or not found.
    """

    def __init__(self, message: str, *, value: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.value = value


class UserError(AmlWidgetsError, ValueError):
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


class ScriptNotFound(UserError):
    """The script to run is not in the source folder, or not in the copy of it that it would run in."""


class CloudOnly(UserError):
    """A call of Azure ML v1 that asked its cloud for something that has no local meaning."""


class NotFound(AmlWidgetsError, LookupError):
    """Something asked for by name or id is not there."""


class WorkspaceNotFound(NotFound):
    """No workspace at that location or of that name."""


class ExperimentNotFound(NotFound):
    """No experiment of that name or id."""


class RunNotFound(NotFound):
    """No run of that id."""


class EnvironmentNotFound(NotFound):
    """No environment of that name, version or label."""


class ArtifactNotFound(NotFound):
    """The run has no file of that path."""


class SnapshotNotFound(NotFound):
    """The run has no snapshot, or none of that id."""


class TargetNotFound(NotFound):
    """No compute target of that name."""


class ModelNotFound(NotFound):
    """No model of that name, version or id."""


class ModelPathNotFound(NotFound):
    """No file or folder of that path to make a model of."""


class Conflict(AmlWidgetsError):
    """The request does not fit what is there already."""


class WorkspaceExists(Conflict):
    """A workspace is there already."""


class RunExists(Conflict):
    """A run of that id is there already."""


class ArtifactExists(Conflict):
    """The run has another file of that path; artifacts are written once."""


class PropertyExists(Conflict):
    """Properties are facts: one that is set cannot change."""


class ParamExists(Conflict):
    """Parameters are written once: one that is set cannot change."""


class EnvironmentExists(Conflict):
    """Another environment has that name and version; versions do not change."""


class ExperimentInUse(Conflict):
    """An experiment that has runs cannot be deleted."""


class TargetInUse(Conflict):
    """A compute target that runs wait for or work on cannot be deleted."""


class RunIsTerminal(Conflict):
    """The run has ended and takes no more points or status changes."""


class RunGoesOn(Conflict):
    """A run that goes on, or has runs below it that do, cannot be put into the trash."""


class RunNotInTrash(Conflict):
    """Only what is in the trash, with all the runs below it, can be deleted for good."""


class SnapshotError(AmlWidgetsError):
    """A source folder that cannot be copied."""


class RunEnvironmentError(AmlWidgetsError):
    """The interpreter or environment that a script asks for is not there and cannot be made on this machine."""


class EnvironmentBuildError(RunEnvironmentError):
    """Building an environment failed. The message ends with the last lines that the tool printed."""


class EnvironmentBuildStopped(RunEnvironmentError):
    """Building an environment was stopped on request; nothing of it is left."""


class TargetUnavailable(AmlWidgetsError):
    """A compute target does not answer, or what speaks with it is not installed here."""


class RunFailed(AmlWidgetsError):
    """A run that was waited for ended as `Failed`."""


class RunInterrupted(AmlWidgetsError):
    """Waiting was interrupted; the run itself goes on."""


class StoreError(AmlWidgetsError, OSError):
    """Where runs are kept does not do its work."""


class StoreUnavailable(StoreError):
    """The store cannot be opened or reached now."""


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
