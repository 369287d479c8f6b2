"""What v1's runs, models and run configurations offer beside what most notebooks use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import keyring
import pytest
from keyring.backend import KeyringBackend

from aml_widgets.core.errors import CloudOnly, ConfigError, ModelNotFound, NotFound, RunGoesOn, RunNotFound, UserError
from aml_widgets.core.records import NewRun
from aml_widgets.core.status import RunStatus
from aml_widgets.submit.configuration.conda_dependencies import CondaDependencies
from aml_widgets.submit.configuration.run_configuration import RunConfiguration
from aml_widgets.submit.configuration.script_run_config import ScriptRunConfig
from aml_widgets.submit.submission import RUN_TYPE, RunFolder
from aml_widgets.tracking.experiment import Experiment
from aml_widgets.tracking.model import Model
from aml_widgets.tracking.run import Run
from aml_widgets.tracking.workspace import Workspace

DIFFERENCES = Path(__file__).parents[2] / "docs" / "differences-from-v1.md"


class DictionaryRing(KeyringBackend):
    """A key ring that lasts as long as the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._values: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._values.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._values[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._values[service, username]


@pytest.fixture
def key_ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(DictionaryRing())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("AML_WIDGETS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    opened = Workspace.open(tmp_path / "workspace")

    yield opened

    opened.store.close()


@pytest.fixture
def run(workspace: Workspace) -> Run:
    return Experiment(workspace, "ridge").start_logging(snapshot_directory=None, outputs=False)


@pytest.fixture
def model(workspace: Workspace, tmp_path: Path) -> Model:
    (tmp_path / "weights" / "deep").mkdir(parents=True)
    (tmp_path / "weights" / "a.txt").write_text("a")
    (tmp_path / "weights" / "deep" / "b c.txt").write_text("b")
    return Model.register(workspace, tmp_path / "weights", "ridge")


# -- runs


@pytest.mark.usefixtures("key_ring")
def test_a_run_reads_the_workspaces_secrets(run: Run) -> None:
    run.experiment.workspace.get_default_keyvault().set_secret("feed", "s3cret")

    assert run.get_secret("feed") == "s3cret"
    assert run.get_secrets(["feed", "other"]) == {"feed": "s3cret", "other": None}
    with pytest.raises(NotFound, match="'other'"):
        run.get_secret("other")


@pytest.mark.usefixtures("key_ring")
def test_a_workspace_with_secrets_is_not_deleted(workspace: Workspace) -> None:
    vault = workspace.get_default_keyvault()
    vault.set_secret("feed", "s3cret")

    with pytest.raises(Exception, match="holds 1 secret,"):
        workspace.delete()

    vault.delete_secret("feed")
    workspace.delete()
    assert not Path(workspace.location).exists()


def test_there_is_no_submitted_run_outside_of_a_script() -> None:
    with pytest.raises(RunNotFound):
        Run.get_submitted_run()


def test_a_run_that_was_not_submitted_has_no_environment(run: Run) -> None:
    with pytest.raises(NotFound, match=r"experiment\.submit"):
        run.get_environment()


def test_clean_of_a_run_without_a_folder_removes_nothing(run: Run) -> None:
    assert run.clean() == []


def make_left_over(workspace: Workspace) -> tuple[Run, RunFolder]:
    experiment = Experiment(workspace, "ridge")
    record = workspace.store.create_run(
        NewRun(experiment_id=experiment.id, run_type=RUN_TYPE, status=RunStatus.RUNNING)
    )
    folder = RunFolder.of(record.run_id)
    folder.working_folder.mkdir(parents=True)
    (folder.working_folder / "left.txt").write_text("left")
    return Run(experiment, record.run_id), folder


def test_clean_removes_what_an_ended_run_has_left(workspace: Workspace) -> None:
    run, folder = make_left_over(workspace)
    workspace.store.set_status(run.id, RunStatus.FAILED)

    removed = run.clean()

    assert removed == [str(folder.working_folder / "left.txt")]
    assert not folder.path.exists()
    assert run.clean() == []


def test_clean_leaves_a_run_alone_that_goes_on(workspace: Workspace) -> None:
    run, folder = make_left_over(workspace)

    with pytest.raises(RunGoesOn, match=r"run\.cancel\(\)"):
        run.clean()

    assert (folder.working_folder / "left.txt").exists()


# -- models


def test_a_model_is_made_of_what_it_was_serialized_as(workspace: Workspace, model: Model) -> None:
    payload = model.serialize()
    model.add_tags({"stage": "old"})

    again = Model.deserialize(workspace, payload)

    assert again == model
    assert again.tags == {"stage": "old"}
    model.delete()
    with pytest.raises(ModelNotFound):
        Model.deserialize(workspace, payload)


@pytest.mark.parametrize("payload", [{}, {"id": 3}, "ridge:1", None])
def test_what_names_no_model_is_refused(workspace: Workspace, payload: object) -> None:
    with pytest.raises(UserError, match="serialize"):
        Model.deserialize(workspace, payload)  # type: ignore[arg-type]


def test_links_to_the_files_of_a_model_open(workspace: Workspace, model: Model, tmp_path: Path) -> None:
    links = model.get_sas_urls()

    assert set(links) == {"weights/a.txt", "weights/deep/b c.txt"}
    with urlopen(links["weights/deep/b c.txt"]) as opened:
        assert opened.read() == b"b"
    (tmp_path / "one.txt").write_text("one")
    alone = Model.register(workspace, tmp_path / "one.txt", "alone").get_sas_urls()
    with urlopen(alone["one.txt"]) as opened:
        assert opened.read() == b"one"


def test_the_older_name_of_exist_ok_is_taken(model: Model, tmp_path: Path) -> None:
    first = model.download(tmp_path / "copy")

    assert model.download(tmp_path / "copy", exists_ok=True) == first


def test_what_only_a_deployment_has_is_empty(model: Model) -> None:
    assert model.datasets == {}
    assert [model.sample_input_dataset, model.sample_output_dataset, model.resource_configuration] == [None, None, None]
    assert (model.mime_type, model.unpack) == (model.serialize()["mimeType"], model.serialize()["unpack"])


CLOUD_CALLS: dict[str, Callable[[Model], object]] = {
    "Model.deploy": lambda model: Model.deploy(model.workspace, "service", [model], overwrite=True),
    "Model.package": lambda model: Model.package(model.workspace, [model], generate_dockerfile=True),
    "Model.profile": lambda model: Model.profile(model.workspace, "p", [model], object(), object(), cpu=1.0),
    "Model.print_configuration": lambda model: Model.print_configuration([model], None, None, None),
    "Model.add_dataset_references": lambda model: model.add_dataset_references([("training", object())]),
    "Run.get_docs_url": lambda _: Run.get_docs_url(),
    "CondaDependencies.sdk_origin_url": lambda _: CondaDependencies.sdk_origin_url(),
}


@pytest.mark.parametrize("call", CLOUD_CALLS)
def test_what_asks_the_cloud_is_in_the_list_of_differences(call: str) -> None:
    _, _, listed = DIFFERENCES.read_text(encoding="utf-8").partition("## What is not here")
    rows = [row for row in listed.splitlines() if "| `CloudOnly`" in row]

    assert any(f"`{call}`" in row or f"`{call.partition('.')[2]}`" in row for row in rows)


@pytest.mark.parametrize("call", CLOUD_CALLS)
def test_what_asked_the_cloud_says_so_and_what_to_do(model: Model, call: str) -> None:
    with pytest.raises(CloudOnly) as caught:
        CLOUD_CALLS[call](model)

    assert re.fullmatch(rf"{call} .*cloud here\. \w.*\.", caught.value.message)


# -- run configurations and packages


def test_an_environment_is_always_prepared() -> None:
    configuration = RunConfiguration()

    configuration.auto_prepare_environment = True
    with pytest.warns(UserWarning, match="user_managed_dependencies"):
        configuration.auto_prepare_environment = False

    assert configuration.auto_prepare_environment is True
    assert "autoPrepareEnvironment" not in configuration.to_dict()


def test_how_long_a_script_may_run_has_v1s_name() -> None:
    config = ScriptRunConfig(".", "train.py")

    assert config.max_run_duration_seconds == ScriptRunConfig.MAX_DURATION_SECONDS_DEFAULT == 30 * 24 * 3600


@pytest.mark.parametrize(
    ("requirements", "merged"),
    [
        (["a>1", "b", "a<3"], ["a>1,<3", "b"]),
        (["A_b >= 1", "a-b"], ["A_b>= 1"]),
        (["a[x]>1", "a[y]", "a[ x ]<2"], ["a[x]>1,<2", "a[y]"]),
        (["a==1; python_version < '3'", "a==2"], ["a==1; python_version < '3'", "a==2"]),
        (["a @ https://host/a.whl", "--pre", "./b.whl"], ["a @ https://host/a.whl", "--pre", "./b.whl"]),
        (["a==1", "a==1"], ["a==1"]),
        ([], []),
    ],
)
def test_requirements_of_one_package_are_put_together(requirements: list[str], merged: list[str]) -> None:
    assert CondaDependencies.merge_requirements(requirements) == merged


def test_the_list_for_pip_is_replaced_as_a_whole() -> None:
    dependencies = CondaDependencies.create(pip_packages=["numpy"], conda_packages=["pandas"])

    dependencies.set_pip_requirements(["--pre", "scipy>=1"])

    assert (dependencies.pip_options, dependencies.pip_packages) == (["--pre"], ["scipy>=1"])
    assert "pandas" in dependencies.conda_packages
    dependencies.set_pip_requirements([])
    assert dependencies.as_dict() == CondaDependencies.create(conda_packages=["pandas"]).as_dict()
    with pytest.raises(ConfigError, match="list of texts"):
        dependencies.set_pip_requirements("scipy")


def test_how_many_packages_there_are_by_default() -> None:
    dependencies = CondaDependencies.create(pip_packages=["numpy"])

    assert dependencies.get_default_number_of_packages() == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "package"),
    [
        ((), "tensorflow"),
        (("cpu", "2.15"), "tensorflow==2.15"),
        (("GPU",), "tensorflow[and-cuda]"),
        (("gpu", "2.2.0"), "tensorflow-gpu==2.2.0"),
    ],
)
def test_tensorflow_for_pip_takes_the_place_of_another(arguments: tuple[str, ...], package: str) -> None:
    dependencies = CondaDependencies.create(pip_packages=["tensorflow-gpu==1.0", "numpy"])

    dependencies.add_tensorflow_pip_package(*arguments)

    assert dependencies.pip_packages == ["numpy", package]
    dependencies.add_tensorflow_pip_package(*arguments)
    assert dependencies.pip_packages == ["numpy", package]


def test_tensorflow_for_conda_and_the_cognitive_toolkit() -> None:
    dependencies = CondaDependencies()
    python = dependencies.conda_packages

    dependencies.add_tensorflow_conda_package("gpu", "2.15")
    dependencies.add_tensorflow_conda_package()
    dependencies.add_cntk_package("gpu")
    dependencies.add_cntk_package()

    assert dependencies.conda_packages == [*python, "tensorflow"]
    assert dependencies.pip_packages == ["cntk==2.7"]


def test_only_two_kinds_of_processors_are_known() -> None:
    dependencies = CondaDependencies()

    for add in (dependencies.add_cntk_package, dependencies.add_tensorflow_pip_package):
        with pytest.raises(ConfigError, match="'cpu' or 'gpu', got 'tpu'"):
            add("tpu")
    with pytest.raises(ConfigError, match="version of TensorFlow"):
        dependencies.add_tensorflow_conda_package("cpu", 2.15)  # type: ignore[arg-type]
    assert dependencies == CondaDependencies()
