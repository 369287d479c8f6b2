"""With ``import aml_widgets.azureml``, v1's import names are there; and nothing else has changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aml_widgets.core import v1_installed, v1_names
from tests.azureml.programs import NAMES, call, install_v1, tell, write
from tests.packaging.test_import_is_light import HEAVY

STATEMENTS = """
import azureml.core
from azureml.core import Workspace, Experiment, Run, get_run, ScriptRun, ScriptRunConfig, RunConfiguration, Environment, Model
from azureml.core import Keyvault, Datastore, Dataset, ComputeTarget, Image, Webservice, ContainerRegistry, diagnostic_log
from azureml.core import PrivateEndPoint, PrivateEndPointConfig, LinkedService, SynapseWorkspaceLinkedServiceConfiguration
from azureml.core import attach_legacy_compute_target, is_compute_target_prepared
from azureml.core import prepare_compute_target, remove_legacy_compute_target
from azureml.core.run import Run
from azureml.core.workspace import Workspace
from azureml.core.experiment import Experiment
from azureml.core.environment import Environment, CondaDependencies
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import RunConfiguration, DockerConfiguration, MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
from azureml.core.runconfig import DEFAULT_CPU_IMAGE, DataReferenceConfiguration
from azureml.core.script_run_config import ScriptRunConfig
from azureml.core.model import Model, InferenceConfig
from azureml.core.authentication import InteractiveLoginAuthentication, ServicePrincipalAuthentication, MsiAuthentication
from azureml.core.compute import ComputeTarget, AmlCompute, ComputeInstance, AksCompute, RemoteCompute
from azureml.core.compute_target import ComputeTargetException
from azureml.core.keyvault import Keyvault
from azureml.core.webservice import AciWebservice, AksWebservice, Webservice
from azureml.core.image import ContainerImage
from azureml.data.data_reference import DataReference
from azureml.data import OutputFileDatasetConfig
from azureml.exceptions import AzureMLException, UserErrorException, WebserviceException
from azureml.widgets import RunDetails, ParallelRunStepDetails
from azureml.telemetry import set_diagnostics_collection
from azureml.mlflow import get_portal_url, register_model
from azureml.opendatasets import Diabetes, MNIST
from azureml.train.hyperdrive import BanditPolicy, HyperDriveConfig, PrimaryMetricGoal, choice, uniform
from azureml.train.dnn import PyTorch, TensorFlow
from azureml.train.estimator import Estimator
from azureml.train.sklearn import SKLearn
from azureml.train.automl import AutoMLConfig
from azureml.train.automl.run import AutoMLRun
from azureml.pipeline.core import Pipeline, PipelineData
from azureml.pipeline.core.graph import PipelineParameter
from azureml.pipeline.steps import PythonScriptStep
"""


def test_all_that_scripts_import_is_there(tmp_path: Path) -> None:
    program = f"import aml_widgets.azureml\n{STATEMENTS}\nprint(azureml.core.VERSION, azureml.core.__version__)"

    assert tell(program, tmp_path) == ["1.61.0 1.61.0"]


def test_without_it_there_is_no_such_package(tmp_path: Path) -> None:
    done = call("-c", "import aml_widgets\nimport azureml.core", folder=tmp_path)

    assert "ModuleNotFoundError: No module named 'azureml'" in done.stderr


def test_every_module_has_every_name_that_it_lists(tmp_path: Path) -> None:
    files = sorted(NAMES.rglob("*.py"))
    modules = [".".join(("azureml", *file.relative_to(NAMES).with_suffix("").parts)) for file in files]
    program = f"""
        import importlib
        import aml_widgets.azureml

        for name in {[name.removesuffix(".__init__") for name in modules]}:
            module = importlib.import_module(name)
            for one in module.__all__:
                assert getattr(module, one) is getattr(module, one), (name, one)
                assert one in dir(module), (name, one)
            names = {{}}
            exec(f"from {{name}} import *", names)
            assert names.keys() >= set(module.__all__), name
            print(len(module.__all__))
    """

    counts = tell(program, tmp_path)

    assert len(counts) == len(modules) > 100
    assert sum(map(int, counts)) > 300


def test_the_names_are_this_packages_own_objects(tmp_path: Path) -> None:
    program = """
        import aml_widgets.azureml
        import aml_widgets, azureml.core, azureml.core.run, azureml.core.dataset, azureml.core.runconfig, azureml.widgets

        for name in set(aml_widgets.__all__) & set(azureml.core.__all__):
            assert getattr(azureml.core, name) is getattr(aml_widgets, name), name
        assert azureml.core.run.Run is azureml.core.Run
        assert azureml.core.Dataset is azureml.core.dataset.Dataset
        assert azureml.core.runconfig.EnvironmentDefinition is azureml.core.Environment
        assert azureml.widgets.RunDetails is aml_widgets.RunDetails
    """

    assert tell(program, tmp_path) == []


@pytest.mark.parametrize(
    ("use", "call", "answer"),
    [
        ("from azureml.core import Webservice; Webservice('ws', 'name')", "Webservice", "model.download()"),
        (
            "from azureml.core import Dataset; Dataset.get_by_name('ws', 'name')",
            "Dataset.get_by_name",
            "Data are files",
        ),
        ("from azureml.train.hyperdrive import choice; choice(1, 2)", "choice", "loop"),
        (
            "from azureml.pipeline.steps import PythonScriptStep; PythonScriptStep()",
            "PythonScriptStep",
            "run.submit_child",
        ),
        ("from azureml.train.automl import AutoMLConfig; AutoMLConfig()", "AutoMLConfig", "loop"),
    ],
)
def test_what_needs_a_cloud_says_so_when_it_is_used(tmp_path: Path, use: str, call: str, answer: str) -> None:
    program = f"""
        import aml_widgets.azureml
        from aml_widgets.core.errors import CloudOnly
        {use.partition("; ")[0]}
        try:
            {use.partition("; ")[2]}
        except CloudOnly as error:
            print(error.value, "|", error.message)
    """

    (said,) = tell(program, tmp_path)

    assert said.startswith(f"{call} | {call} asked Azure ML's cloud")
    assert answer in said


def test_a_name_that_v1_does_not_have_is_an_import_error(tmp_path: Path) -> None:
    done = call("-c", "import aml_widgets.azureml\nfrom azureml.core import Rum", folder=tmp_path)

    assert "ImportError: cannot import name 'Rum' from 'azureml.core'" in done.stderr


def test_the_package_has_its_modules_without_importing_each(tmp_path: Path) -> None:
    program = """
        import aml_widgets.azureml
        import azureml.core

        print(azureml.core.runconfig.RunConfiguration is azureml.core.RunConfiguration)
        print(azureml.core.compute.amlcompute.AmlCompute.__name__, hasattr(azureml.core, "nothing"))
        from azureml.core.runconfig import CondaDependencies
        from azureml.core.webservice.webservice import WebserviceException
        """

    assert tell(program, tmp_path) == ["True", "AmlCompute False"]


def test_it_is_light(tmp_path: Path) -> None:
    program = """
        import sys
        import aml_widgets.azureml
        from azureml.core import VERSION, Dataset, Experiment, Run, Workspace, get_run
        print(*{name.partition(".")[0] for name in sys.modules})
    """

    (loaded,) = tell(program, tmp_path)

    assert HEAVY.intersection(loaded.split()) == set()


def test_turning_on_twice_is_turning_on_once_and_off_is_off(tmp_path: Path) -> None:
    program = """
        import importlib, sys
        before = list(sys.path)
        import aml_widgets.azureml
        from aml_widgets.core import v1_names
        from azureml.core import Run
        import azureml.train.hyperdrive

        once = list(sys.path)
        assert once[:-1] == before and v1_names.is_on()
        assert aml_widgets.azureml.turn_on() and importlib.reload(aml_widgets.azureml).turn_on()
        assert sys.path == once

        aml_widgets.azureml.turn_off()
        assert sys.path == before and not v1_names.is_on()
        assert not [name for name in sys.modules if name.partition(".")[0] == "azureml"]
        try:
            import azureml.core
        except ModuleNotFoundError as error:
            print(error)
        assert aml_widgets.azureml.turn_on()
        from azureml.core import Run as again
        assert again is Run
    """

    assert tell(program, tmp_path) == ["No module named 'azureml'"]


@pytest.mark.parametrize("has_metadata", [True, False])
@pytest.mark.parametrize("is_imported", [True, False])
def test_where_v1_itself_is_installed_it_changes_nothing_and_says_so(
    tmp_path: Path, has_metadata: bool, is_imported: bool
) -> None:
    installed = install_v1(tmp_path / "packages")
    if not has_metadata:
        (metadata,) = installed.glob("*.dist-info")
        (metadata / "METADATA").unlink()
        metadata.rmdir()
    program = write(
        tmp_path,
        {
            "program.py": f"""\
            import sys
            {"import azureml.core" if is_imported else ""}
            before = list(sys.path)
            import aml_widgets.azureml
            assert sys.path == before
            assert not aml_widgets.azureml.turn_on.__globals__["v1_names"].is_on()
            import azureml.core
            print(azureml.core.VERSION)
            """
        },
    )

    done = call("program.py", folder=program, path=(installed,))

    assert (done.returncode, done.stdout) == (0, "the real one\n")
    name = "azureml-core 1.42.0" if has_metadata else f"azureml.core in {installed / 'azureml'}"
    assert f"program.py:4: UserWarning: {name} is installed" in done.stderr
    assert "pip uninstall azureml-core" in done.stderr
    assert "from aml_widgets import Run" in done.stderr


@pytest.mark.parametrize("is_imported", [True, False])
def test_where_v1_itself_is_installed_names_that_were_handed_on_are_taken_away(
    tmp_path: Path, is_imported: bool
) -> None:
    """As in a kernel that has azureml-core, of a server that was started by ``python -m aml_widgets.azureml -m jupyterlab``."""
    installed = install_v1(tmp_path / "packages")
    write(
        tmp_path,
        {
            "program.py": f"""\
            {"from azureml.core import VERSION" if is_imported else ""}
            import aml_widgets.azureml
            assert not aml_widgets.azureml.turn_on.__globals__["v1_names"].is_on()
            import azureml.core
            print(azureml.core.VERSION)
            try:
                import azureml.widgets
            except ModuleNotFoundError as error:
                print(error)
            """
        },
    )

    done = call("program.py", folder=tmp_path, path=(NAMES.parent, installed))

    assert (done.returncode, done.stdout) == (0, "the real one\nNo module named 'azureml.widgets'\n"), done.stderr
    assert "program.py:2: UserWarning: azureml-core 1.42.0 is installed" in done.stderr


def test_modules_that_were_imported_go_on_to_work_when_the_names_are_taken_back(tmp_path: Path) -> None:
    program = """
        import inspect
        import aml_widgets, aml_widgets.azureml
        import azureml.core as core, azureml.core.dataset as dataset, azureml.data as data
        import azureml.pipeline.steps as steps, azureml.train.hyperdrive as hyperdrive

        first = dataset.Dataset
        aml_widgets.azureml.turn_off()
        assert core.Run is aml_widgets.Run and core.Run is core.Run
        assert core.Dataset is first
        assert steps.PythonScriptStep.__name__ == "PythonScriptStep"
        for module in (core, data, steps, hyperdrive):
            assert {name for name, _ in inspect.getmembers(module)} >= set(module.__all__)
            assert hasattr(module, "Rum") is False

        assert aml_widgets.azureml.turn_on()
        import azureml.core
        assert azureml.core is not core and azureml.core.Run is core.Run
        aml_widgets.azureml.turn_off()
        assert core.VERSION == azureml.core.VERSION == azureml.core.__version__
        import sys
        print([name for name in sys.modules if name.partition(".")[0] == "azureml"])
    """

    assert tell(program, tmp_path) == ["[]"]


def test_both_files_that_say_where_the_names_are_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """`v1_installed` stands alone, and so cannot ask `v1_names`."""
    assert Path(v1_installed._NAMES) == Path(*v1_names.PLACE)
    assert NAMES.parent == v1_names.NAMES_FOLDER

    monkeypatch.setattr(sys, "path", [str(v1_names.NAMES_FOLDER)])
    assert v1_installed.find_installed() is None


def test_v1_that_came_by_other_means_counts_as_well(tmp_path: Path) -> None:
    program = """
        import sys, types, warnings
        sys.modules["azureml"], sys.modules["azureml.core"] = types.ModuleType("azureml"), types.ModuleType("azureml.core")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            import aml_widgets.azureml
        print(said[0].message)
    """

    (said,) = tell(program, tmp_path)

    assert said.startswith("azureml.core from elsewhere is installed")


@pytest.mark.parametrize("is_imported", [True, False])
@pytest.mark.parametrize("is_regular", [True, False])
def test_other_packages_of_v1_are_found_as_well(tmp_path: Path, is_regular: bool, is_imported: bool) -> None:
    """Those that need no azureml-core, such as azureml-mlflow. They win where both have a module."""
    install_v1(tmp_path / "packages")
    packages = write(
        tmp_path / "other",
        {
            "azureml/mlflow/__init__.py": "NAME = 'the real mlflow'\n",
            **({"azureml/__init__.py": (tmp_path / "packages/azureml/__init__.py").read_text()} if is_regular else {}),
        },
    )
    program = f"""
        {"import azureml" if is_imported else ""}
        import aml_widgets.azureml
        from azureml.core import Run
        from azureml.mlflow import NAME
        print(Run.__module__, NAME)
        aml_widgets.azureml.turn_off()
        import azureml.mlflow
        try:
            import azureml.core
        except ModuleNotFoundError as error:
            print(error)
    """

    assert tell(program, tmp_path, packages) == [
        "aml_widgets.tracking.run the real mlflow",
        "No module named 'azureml.core'",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="one way of starting processes is enough to see")
@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_processes_of_multiprocessing_have_it(tmp_path: Path, method: str) -> None:
    write(
        tmp_path,
        {
            "program.py": f"""
            import multiprocessing

            def tell(queue):
                from azureml.core import Run
                queue.put(Run.__module__)

            if __name__ == "__main__":
                import aml_widgets.azureml
                context = multiprocessing.get_context({method!r})
                queue = context.Queue()
                process = context.Process(target=tell, args=(queue,))
                process.start()
                print(queue.get(timeout=60))
                process.join()
            """
        },
    )

    done = call("program.py", folder=tmp_path)

    assert (done.stdout, done.returncode) == ("aml_widgets.tracking.run\n", 0), done.stderr


def test_telemetry_is_harmless_and_quiet(tmp_path: Path) -> None:
    program = """
        import logging
        import aml_widgets.azureml
        from azureml import telemetry

        telemetry.set_diagnostics_collection(send_diagnostics=True)
        telemetry.set_diagnostics_properties({"a": "b"})
        logging.getLogger("mine").addHandler(telemetry.get_telemetry_log_handler(component_name="mine"))
        logging.getLogger("mine").error("not printed")
        print(telemetry.get_diagnostics_collection_info(), telemetry.is_diagnostics_collection_info_available())
    """

    assert tell(program, tmp_path) == ["(False, 'NOTSET') False"]
    assert list(tmp_path.iterdir()) == []


def test_a_diagnostic_log_has_what_loggers_say_meanwhile(tmp_path: Path) -> None:
    program = """
        import logging
        import aml_widgets.azureml
        from azureml.core import diagnostic_log
        from azureml.core.util import NewLoggingLevel

        logger = logging.getLogger("aml_widgets.some")
        with diagnostic_log("run.log", context_name="training"):
            logger.debug("seen")
        logger.error("not in it")
        with NewLoggingLevel("aml_widgets", logging.ERROR) as named:
            assert named.level == logging.ERROR
        assert named.level == logging.NOTSET and named.handlers == []
    """
    write(tmp_path, {"program.py": program})

    done = call("program.py", folder=tmp_path)

    lines = (tmp_path / "run.log").read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0, done.stderr
    assert [line.partition("|")[2] for line in lines] == [
        "aml_widgets.azureml.diagnostics|INFO|training begins",
        "aml_widgets.some|DEBUG|seen",
        "aml_widgets.azureml.diagnostics|INFO|training ends",
    ]


def test_what_v1_added_to_mlflow_takes_runs_of_both(tmp_path: Path) -> None:
    program = """
        import mlflow
        import aml_widgets.azureml
        from azureml.core import Workspace
        from azureml.mlflow import get_portal_url, register_model
        from aml_widgets.core.errors import UserError

        ws = Workspace.open("runs")
        mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())
        mlflow.set_experiment("both")
        with mlflow.start_run() as started:
            mlflow.log_text("weights", "model.txt")
        run = ws.get_run(started.info.run_id)
        assert get_portal_url(started) == get_portal_url(run) == run.get_portal_url()
        print(register_model(started, "ridge", "model.txt", tags={"by": "both"}).tags, register_model(run, "ridge", "model.txt").version)
        try:
            get_portal_url("a run")
        except UserError as error:
            print(error.message)
    """
    write(tmp_path, {"program.py": program})

    done = call("program.py", folder=tmp_path)

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0] == "{'by': 'both'} 2"
    assert lines[1].startswith("A run must be a Run of aml_widgets or of MLflow, got 'a run'")
