"""What stands for v1's classes and functions that only a cloud could carry out: it can be imported, and says so when it is used."""

from __future__ import annotations

from typing import Any, NoReturn

from aml_widgets.core.cloud_only import absent_attribute, cloud_only

DATASETS = (
    "Data are files here: read one in the script with pandas.read_csv('data.csv') or its like, keep a folder of them in "
    "ws.get_default_datastore(), give the script its path as an argument, and keep what a run makes with run.upload_file."
)
"""What to do instead of a dataset."""

DATASTORES = (
    "The datastores of a workspace are folders here: Datastore.get_default(ws) gives one, with upload, download and path. What "
    "lies in a storage account or a database is read in the script, with the library for it."
)
"""What to do instead of a datastore that is a storage account or a database."""

COMPUTE = (
    "Scripts run on this machine: leave compute_target out, or make a target with a queue by "
    "LocalTarget.create('name', max_concurrent_runs=2); RayTarget.create('name', address) is a cluster of your own."
)
"""What to do instead of a remote computer."""

SERVING = (
    "Nothing is deployed from here: model.download() gives the files of a registered model, to be served with a tool of your "
    "choice, such as FastAPI, or `mlflow models serve` for a model that MLflow made."
)
"""What to do instead of a web service."""

PIPELINES = (
    "Steps are runs here: submit one script after the other with experiment.submit(src).wait_for_completion(), or from one "
    "script with run.submit_child, and hand on the files of a run with run.download_file."
)
"""What to do instead of a pipeline."""

AUTOML = (
    "Nothing searches for models here: train those that you want to compare in a loop, with run.child_run() for each, and look "
    "at them in RunDetails(run); scikit-learn's GridSearchCV, or a library such as FLAML, does the searching."
)
"""What to do instead of automated machine learning."""

SWEEPS = (
    "A sweep is a loop here: experiment.submit(ScriptRunConfig(…)) or run.submit_child once for each choice of parameters, on "
    "LocalTarget.create('sweep', max_concurrent_runs=4), which has so many at a time; a library such as Optuna makes the choices."
)
"""What to do instead of HyperDrive."""

NETWORK = "A workspace is a folder here: who may read and write it is a matter of the file system, and there is nothing to connect to."
"""What to do instead of private endpoints, links and connections."""

IMAGES = (
    "Scripts run in no container here: Environment.from_pip_requirements or Environment.from_conda_specification describes an "
    "environment, and environment.build_local(ws) builds it."
)
"""What to do instead of container images and registries."""


class _Absent(type):
    """The type of what `absent` makes."""

    _call: str
    _answer: str

    def __call__(cls, *arguments: Any, **named: Any) -> NoReturn:
        """Refuse to make an object, of it or of a class derived from it."""
        del arguments, named
        raise cloud_only(cls._call, cls._answer)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}", name=name, obj=cls)
        call = f"{cls._call}.{name}"
        if name[0].isupper() and not name.isupper():
            # A class in it, such as `Dataset.Tabular`: what is called of that is the whole name.
            return absent(call, cls._answer)
        raise absent_attribute(call, cls._answer)


def absent(name: str, answer: str) -> type:
    """Make what stands for a class or a function of v1 that asked the cloud.

    It can be imported, compared, named in annotations, derived from and used in `isinstance`, which is never true. Calling it
    raises an error, and so does any attribute of it; that of an attribute is an AttributeError, too, so that `hasattr` says no.

    Parameters
    ----------
    name : str
        What it is called, as it is written in a script, such as ``"Dataset"``.
    answer : str
        The nearest local answer, as a whole sentence: one of this module's, or another.

    Returns
    -------
    type
        A class of its own.
    """
    return _Absent(
        name.rpartition(".")[2],
        (),
        {
            "__doc__": f"In Azure ML v1 a service of the cloud. {answer}",
            "__module__": __name__,
            "_call": name,
            "_answer": answer,
        },
    )
